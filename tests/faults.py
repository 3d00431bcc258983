"""A workspace on the embedded emulator behind a line that fails as the test tells it to."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx

from deployer import pipeline
from deployer.cli.connect import EMULATOR_ENDPOINT, EMULATOR_KEY, Connection
from deployer.emulator import (
    Emulator,
    EmulatorTransport,
    Ids,
    Switches,
    VirtualClock,
    create_app,
)
from deployer.model import Outcome, Plan, Report, Target
from deployer.remote.workspace import Remote
from deployer.transport.client import Client
from deployer.transport.credentials import Credentials
from tests.strategies import IDENTIFIER, Document
from tests.workflow_kit import PROJECT, Workspace

START = 1_760_000_000.0
ANYWHERE = Target("local", PROJECT, IDENTIFIER, endpoint=EMULATOR_ENDPOINT)

Forward = Callable[[], Awaitable[httpx.Response]]
Fault = Callable[[Forward], Awaitable[httpx.Response]]


async def passed(forward: Forward) -> httpx.Response:
    """Nothing goes wrong."""
    return await forward()


async def answer_lost(forward: Forward) -> httpx.Response:
    """The service does what it is asked, and the connection breaks before it can say so."""
    await forward()
    raise httpx.ReadError("reset")


async def request_lost(_: Forward) -> httpx.Response:
    """The request leaves this machine and never arrives."""
    raise httpx.ReadError("reset")


async def truncated(forward: Forward) -> httpx.Response:
    """The answer ends in the middle."""
    whole = await forward()
    return httpx.Response(200, content=whole.content[: len(whole.content) // 2])


async def broken(forward: Forward) -> httpx.Response:
    """The service does what it is asked and answers 500."""
    await forward()
    return httpx.Response(500, json={"Code": "InternalError.System", "Message": "oops"})


def refused(status: int, code: str, message: str = "no") -> Fault:
    """A service that refuses before it does anything."""

    async def fault(_: Forward) -> httpx.Response:
        return httpx.Response(status, json={"Code": code, "Message": message, "RequestId": "R-1"})

    return fault


def edited(change: Callable[[Any], None]) -> Fault:
    """An answer in which something is changed on its way."""

    async def fault(forward: Forward) -> httpx.Response:
        answer = json.loads((await forward()).content)
        change(answer)
        return httpx.Response(200, json=answer)

    return fault


def answers(body: Any) -> Fault:
    """An answer that has nothing to do with the service's state."""

    async def fault(_: Forward) -> httpx.Response:
        return httpx.Response(200, json=body)

    return fault


def spec_edited(change: Callable[[str], str]) -> Fault:
    """GetWorkflowDefinition whose document, as text, is changed on its way."""

    def edit(answer: Any) -> None:
        held = answer["WorkflowDefinition"]
        held["Spec"] = change(held["Spec"])

    return edited(edit)


def job_is(status: str, error: str = "") -> Fault:
    """GetJobStatus tells this status."""
    job = {"JobId": "1", "Status": status, "Error": error, "Completed": "False"}
    return edited(lambda answer: answer.update(JobStatus=job))


class Line(httpx.AsyncBaseTransport):
    """Passes calls to the emulator; the faults laid down for an operation befall its next calls.

    A fault laid down with `always` befalls every call that finds no other one.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._faults: dict[str, list[tuple[str, Fault]]] = {}
        self._always: dict[str, Fault] = {}
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.struck = 0
        """How many calls a fault befell."""

    def calm(self) -> None:
        """No fault is laid down any more."""
        self._faults.clear()
        self._always.clear()

    def next(self, operation: str, *faults: Fault, about: str = "") -> None:
        """The faults of the next calls of an operation, in their order: those with a text in them."""
        self._faults.setdefault(operation, []).extend((about, fault) for fault in faults)

    def always(self, operation: str, fault: Fault) -> None:
        """The fault of all calls of an operation from now on."""
        self._always[operation] = fault

    def count(self, operation: str) -> int:
        """How often an operation was called."""
        return sum(name == operation for name, _ in self.calls)

    def _fault(self, operation: str, told: str) -> Fault:
        waiting = self._faults.get(operation, [])
        for entry in waiting:
            if entry[0] in told:
                waiting.remove(entry)
                return entry[1]
        return self._always.get(operation, passed)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        operation = request.headers["x-acs-action"]
        form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
        self.calls.append((operation, {**dict(request.url.params), **form}))
        fault = self._fault(operation, str(request.url.params) + str(form))
        self.struck += fault is not passed

        async def forward() -> httpx.Response:
            response = await self._inner.handle_async_request(request)
            await response.aread()
            return response

        return await fault(forward)


@dataclass
class Watch:
    """Progress that remembers what it was told, and may act on it."""

    steps: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    on_step: Callable[[str], None] = lambda _: None

    def step(self, address: str, text: str) -> None:
        self.steps.append(text)
        self.on_step(text)

    def ended(self, outcome: Outcome) -> None:
        self.steps.append(outcome.status)
        if outcome.error:
            self.errors.append(outcome.error)


class Bench(Workspace):
    """A workspace, the line to it, and the time there."""

    def __init__(
        self,
        connection: Connection,
        line: Line,
        clock: VirtualClock,
        app: Emulator | None = None,
        where: Target = ANYWHERE,
    ) -> None:
        super().__init__(connection, where)
        self.line = line
        self.clock = clock
        self.app = app
        self.watch = Watch()

    @property
    def imports(self) -> int:
        """How many imports were sent."""
        return self.line.count("ImportWorkflowDefinition")

    @property
    def creates(self) -> int:
        """How many workflows were asked to be created."""
        return self.line.count("CreateWorkflowDefinition")

    async def run(self, *documents: Document) -> Report:
        """Plan and apply."""
        return await self.carry_out(await self.plan(*documents))

    async def carry_out(self, plan: Plan) -> Report:
        """Apply, under watch."""
        return await pipeline.apply(plan, self.connection.writer(self.watch))

    async def outcome(self, document: Document) -> Outcome:
        """Plan and apply one workflow."""
        (only,) = (await self.run(document)).outcomes
        return only

    async def paths(self) -> list[str]:
        """The paths of the workflows that there are, each as often as there are any."""
        remote = self.connection.remote
        return sorted(each.path for each in await remote._every("CycleWorkflow"))


@asynccontextmanager
async def bench(job_seconds: float = 0.0, switches: Switches | None = None) -> AsyncIterator[Bench]:
    """An empty workspace in memory, in virtual time."""
    clock = VirtualClock(lambda: START)

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        await asyncio.sleep(0)

    app = create_app(
        ":memory:",
        project=PROJECT,
        project_identifier=IDENTIFIER,
        credentials=EMULATOR_KEY,
        clock=clock,
        ids=Ids("test"),
        job_seconds=job_seconds,
        switches=switches,
    )
    line = Line(EmulatorTransport(app))
    try:
        async with Client(
            EMULATOR_ENDPOINT,
            lambda: Credentials(*EMULATOR_KEY),
            transport=line,
            sleep=sleep,
            clock=clock,
            now=clock,
            chance=lambda: 0.5,
        ) as client:
            remote = Remote(client, PROJECT)
            yield Bench(Connection(remote, 30.0, sleep, clock, clock), line, clock, app)
    finally:
        app.close()


def story(
    tell: Callable[[Bench], Awaitable[None]],
    job_seconds: float = 0.0,
    switches: Switches | None = None,
) -> None:
    """Tell a story on a bench of its own."""

    async def told() -> None:
        async with bench(job_seconds, switches) as one:
            await tell(one)

    asyncio.run(told())


def workflow(name: str, *nodes: str, waits_for: str = "", **fields: Any) -> Document:
    """A workflow `team/<name>` with shell nodes; the first may wait for a node elsewhere."""
    written = [
        {
            "name": node,
            "script": {"runtime": {"command": "DIDE_SHELL"}, "content": f"echo {node}"},
            **({"dependsOn": [waits_for]} if waits_for and node == nodes[0] else {}),
        }
        for node in nodes
    ]
    body = {
        "name": name,
        "script": {"path": f"team/{name}"},
        "trigger": {"type": "Scheduler", "cron": "00 00 03 * * ?"},
        "nodes": written,
        **fields,
    }
    return {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [body]}}
