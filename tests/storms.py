"""Fault storms: a workspace behind a line on which any call may fail in any way, in virtual time.

What became of it is asked of the emulator's database, never of the deployer.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

import httpx

from deployer import pipeline
from deployer.apply import exit_code
from deployer.cli.connect import EMULATOR_ENDPOINT, EMULATOR_KEY, Connection
from deployer.emulator import Emulator, EmulatorTransport, Ids, VirtualClock, create_app
from deployer.emulator.faults import Fault
from deployer.errors import DeployerError
from deployer.model import Report
from deployer.remote.workspace import Remote
from deployer.transport.client import Client
from deployer.transport.credentials import Credentials
from tests import flow_check
from tests.faults import START, Bench, Line, workflow
from tests.flow_documents import changed, shell
from tests.publish_kit import loaded, publisher
from tests.strategies import IDENTIFIER, Document
from tests.virtual import virtually
from tests.workflow_kit import PROJECT

DAILY = workflow("daily", "load", "report")
NEW_DAILY = changed(DAILY, nodes=[shell("load", "echo other"), shell("report"), shell("mail")])
OTHER = workflow("other", "fetch", "sum")

Forward = Callable[[], Awaitable[httpx.Response]]


# --- what may become of a call --------------------------------------------------------------------


def _error(status: int, code: str, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"Code": code, "Message": "in a storm", "RequestId": "R-storm"}
    return httpx.Response(status, json=body, headers=names)


Answer = Callable[[], httpx.Response]

ERRORS: list[Answer] = [
    lambda: _error(500, "InternalError.System"),
    lambda: httpx.Response(502, content=b"<html>bad gateway</html>"),
    lambda: _error(503, "ServiceUnavailable"),
    lambda: _error(503, "ServiceUnavailable", x_acs_retry_after="1500"),
    lambda: httpx.Response(504, content=b""),
]
THROTTLED: list[Answer] = [
    lambda: _error(429, "Throttling.User", x_acs_retry_after="1000"),
    lambda: _error(429, "Throttling.Api"),
    lambda: _error(429, "Throttling.System", x_acs_retry_after="nonsense"),
]
UNCONNECTED = ["Connection refused", "Name or service not known"]


class _Drip(httpx.AsyncByteStream):
    """A body of which a byte comes each second."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for byte in self._body:
            await asyncio.sleep(1)
            yield bytes([byte])


def _spoilt(whole: httpx.Response, before: bytes, chance: Random) -> httpx.Response:
    """An answer that is none, to a call that was carried out."""
    text = {key: str(value) for key, value in json.loads(whole.content).items()}
    bodies = [
        whole.content[: len(whole.content) // 2],
        b"<html>hello</html>",
        b"[]",
        json.dumps(text).encode(),
        b"",
        json.dumps({"Id": "é"}, ensure_ascii=False).encode("latin-1"),
        whole.content.replace(b"{", b'{"RequestId": "twice", ', 1),
        before,
    ]
    return httpx.Response(200, content=chance.choice(bodies))


class Storm(httpx.AsyncBaseTransport):
    """Passes calls on; while `level` is above 0, that share of them fails in one of many ways."""

    def __init__(self, inner: httpx.AsyncBaseTransport, chance: Random) -> None:
        self._inner = inner
        self._chance = chance
        self._before = b"{}"
        self.level = 0.0
        self.calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1

        async def forward() -> httpx.Response:
            response = await self._inner.handle_async_request(request)
            await response.aread()
            return response

        if self._chance.random() >= self.level:
            answer = await forward()
            self._before = answer.content
            return answer
        kinds = [self._refused, self._unconnected, self._broken, self._silent, self._garbled]
        return await self._chance.choice(kinds)(forward)

    async def _refused(self, _: Forward) -> httpx.Response:
        return self._chance.choice([*ERRORS, *THROTTLED])()

    async def _unconnected(self, _: Forward) -> httpx.Response:
        raise httpx.ConnectError(self._chance.choice(UNCONNECTED))

    async def _broken(self, forward: Forward) -> httpx.Response:
        """An error in the middle, before or after the call was carried out."""
        if self._chance.random() < 0.5:
            await forward()
        if self._chance.random() < 0.5:
            return self._chance.choice(ERRORS)()
        raise httpx.ReadError("Connection reset by peer")

    async def _silent(self, forward: Forward) -> httpx.Response:
        """No answer, or one that takes for ever, before or after the call was carried out."""
        if self._chance.random() < 0.3:
            return httpx.Response(200, stream=_Drip((await forward()).content))
        if self._chance.random() < 0.5:
            await forward()
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits for so long")

    async def _garbled(self, forward: Forward) -> httpx.Response:
        return _spoilt(await forward(), self._before, self._chance)


# --- a workspace in it ----------------------------------------------------------------------------


class LoopClock(VirtualClock):
    """The emulator's time is that of the event loop."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(lambda: START + loop.time())


@asynccontextmanager
async def stormy(seed: int, job_seconds: float = 2.0) -> AsyncIterator[tuple[Bench, Storm]]:
    """An empty workspace in memory, and the storm that it will meet."""
    clock, chance = LoopClock(), Random(seed)
    app = create_app(
        ":memory:",
        project=PROJECT,
        project_identifier=IDENTIFIER,
        credentials=EMULATOR_KEY,
        clock=clock,
        ids=Ids(str(seed)),
        job_seconds=job_seconds,
    )
    storm = Storm(EmulatorTransport(app), chance)
    line = Line(storm)
    loop = asyncio.get_running_loop()
    try:
        async with Client(
            EMULATOR_ENDPOINT,
            lambda: Credentials(*EMULATOR_KEY),
            transport=line,
            clock=loop.time,
            now=clock,
            chance=chance.random,
        ) as client:
            connection = Connection(Remote(client, PROJECT), 30.0, _sleep, loop.time, clock)
            yield Bench(connection, line, clock, app), storm
    finally:
        app.close()


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)


@dataclass(frozen=True)
class Weathered:
    """How a command went in a storm: its exit code, the virtual seconds, the calls sent."""

    code: int
    seconds: float
    calls: int
    why: str


def weathered(seed: int, level: float) -> Weathered:
    """One workflow changed and another one made in a storm, then once more in calm weather."""
    return virtually(_weathered(seed, level))


async def _weathered(seed: int, level: float) -> Weathered:
    async with stormy(seed) as (bench, storm):
        await bench.bring(DAILY)
        before = flow_check.held(_app(bench), int(PROJECT))
        loop = asyncio.get_running_loop()
        began, calls, storm.level = loop.time(), storm.calls, level
        if level:  # Some of the reads that come through are late by a change.
            _app(bench).control.add_fault(Fault("stale", chance=level / 10, seed=seed))
        code, why = await deployed(bench, NEW_DAILY, OTHER)
        ended = Weathered(code, loop.time() - began, storm.calls - calls, why)
        storm.level = 0.0
        _app(bench).control.clear_faults()
        check(bench, before, code)
        await asyncio.sleep(60)  # A job that nobody could follow has ended by now.
        assert await deployed(bench, NEW_DAILY, OTHER) == (0, "")
        check(bench, before, 0)
        return ended


async def deployed(bench: Bench, *documents: Document) -> tuple[int, str]:
    """What `plan` and `apply` end with, and why."""
    try:
        report = await bench.run(*documents)
    except DeployerError as failure:
        return failure.exit_code, f"plan: {failure.what}: {failure.why}"
    return exit_code(report), "; ".join(each.error for each in report.outcomes if each.error)


def published(seed: int, level: float) -> Weathered:
    """One workflow published in a storm, then once more in calm weather."""
    return virtually(_published(seed, level))


async def _published(seed: int, level: float) -> Weathered:
    async with stormy(seed) as (bench, storm):
        await bench.bring(DAILY)
        loop = asyncio.get_running_loop()
        began, calls, storm.level = loop.time(), storm.calls, level
        code, why = await _publish(bench)
        ended = Weathered(code, loop.time() - began, storm.calls - calls, why)
        storm.level = 0.0
        made = _pipelines(bench)
        assert made <= 1
        assert code or _is_published(bench)
        await asyncio.sleep(60)
        assert await _publish(bench) == (0, "")
        assert _is_published(bench)
        assert _pipelines(bench) == 1
        return ended


async def _publish(bench: Bench) -> tuple[int, str]:
    """What `publish` ends with, and why."""
    try:
        held = loaded(bench, DAILY)
        plan = await pipeline.plan(held, bench.target, bench.connection.remote, publish=True)
        done = await pipeline.publish(plan, held, bench.target, publisher(bench))
    except DeployerError as failure:
        return failure.exit_code, f"plan: {failure.what}: {failure.why}"
    report = Report((), 0, tuple(done))
    return exit_code(report), "; ".join(each.error for each in done if each.error)


def _pipelines(bench: Bench) -> int:
    with _app(bench).engine.store.reading() as db:
        return int(db.execute("SELECT count(*) FROM pipeline").fetchone()[0])


def _is_published(bench: Bench) -> bool:
    """Whether the effect log tells of everything going to production, once."""
    log = [each for each in _app(bench).control.effects() if each.kind == "publish"]
    told = [(each.object, each.id, each.container) for each in log]
    return bool(told) and len(told) == len(set(told))


def check(bench: Bench, before: list[flow_check.Held], code: int) -> None:
    """Nothing is there twice, nothing is lost, and a success is one."""
    after = flow_check.held(_app(bench), int(PROJECT))
    assert flow_check.duplicates(after) == []
    assert flow_check.lost(before, after, (NEW_DAILY, OTHER)) == []
    if code == 0:
        wanted = (NEW_DAILY, OTHER)
        assert [flow_check.missing(after, each, IDENTIFIER) for each in wanted] == [[], []]


def _app(bench: Bench) -> Emulator:
    assert bench.app is not None
    return bench.app
