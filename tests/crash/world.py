"""One workspace that outlives the processes that work on it, each of which may be killed on the way.

A process is a life: whatever it does next after its kill point raises Killed, so that nothing more of it
reaches the service or a disk. The clock and the database stay, as those of the service would.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl

import httpx

from deployer.cli.connect import EMULATOR_ENDPOINT, EMULATOR_KEY, Connection
from deployer.emulator import EmulatorTransport, Ids, Switches, VirtualClock, create_app
from deployer.emulator.effects import Effect
from deployer.model import Observed
from deployer.records import Kept
from deployer.remote.workspace import Remote
from deployer.transport.client import Client
from deployer.transport.credentials import Credentials
from tests import flow_check
from tests.faults import START, Bench, Line
from tests.flow_check import Held
from tests.strategies import IDENTIFIER, Document
from tests.workflow_kit import PROJECT

UNSENT, LOST, READ = "sent, not processed", "processed, answer lost", "answer read"
ON_THE_WIRE = (UNSENT, LOST, READ)
"""The kill points of every request."""

UNTOLD, INTENDED, WRITTEN = "before the intent", "intent on disk", "journal written"
ON_DISK = (UNTOLD, INTENDED, WRITTEN)
"""The kill points of every write that only a journal tells apart."""

READS = ("Get", "List")
SETTLED = 30.0
PATIENCE = 500
"""Requests after which a process is ended that comes to no end."""


class Killed(BaseException):
    """The process is gone: nothing is caught, nothing is told."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a process is killed: at which of its requests, counted from 1, and when about it."""

    request: int
    moment: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it was on the wire; `at` counts seconds, `status` is 0 without an answer."""

    action: str
    params: Mapping[str, str]
    nonce: str
    at: float = 0.0
    status: int = 0

    @property
    def may_have_worked(self) -> bool:
        """Whether the answer does not say that it was refused."""
        return not 400 <= self.status < 500

    @property
    def writes(self) -> bool:
        """Whether the operation changes anything."""
        return not self.action.startswith(READS)


@dataclass(frozen=True, slots=True)
class Lived:
    """What is known of a process from outside: its exit code, None if killed, and what it sent.

    `words` is what it said; it is never believed, only looked at for whether it says anything. `noted`
    are the requests, counted from 1, that were noted in the journal before they left, `backed_up` those
    before which a backup was made.
    """

    code: int | None
    sent: tuple[Sent, ...]
    words: str = ""
    noted: tuple[int, ...] = ()
    backed_up: tuple[int, ...] = ()

    @property
    def reads(self) -> int:
        """How many requests only asked."""
        return sum(not one.writes for one in self.sent)

    @property
    def writes(self) -> list[str]:
        """The operations that write, in their order."""
        return [one.action for one in self.sent if one.writes]


class Life(httpx.AsyncBaseTransport):
    """A process as the service sees it: its requests, up to its kill point.

    What it notes is on the disk of its `machine`.
    """

    machine = "one"

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        point: Point | None,
        clock: Callable[[], float],
    ) -> None:
        self._inner = inner
        self._point = point
        self._clock = clock
        self.dead = False
        self.sent: list[Sent] = []
        self.noted: list[int] = []
        self.backed_up: list[int] = []

    def step(self) -> None:
        """Before anything that leaves the process; raises Killed for a dead one."""
        if self.dead:
            raise Killed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.step()
        self.sent.append(replace(_on_the_wire(request), at=self._clock()))
        number = len(self.sent)
        # One that would ask for ever is ended from outside.
        self.dead = self.dead or number > PATIENCE
        self.at(number, UNSENT)
        response = await self._inner.handle_async_request(request)
        await response.aread()
        self.at(number, LOST)
        self.sent[number - 1] = replace(self.sent[number - 1], status=response.status_code)
        # An answer that was read is the last thing that this process gets to know.
        self.dead = self.dead or self._point == Point(number, READ)
        return response

    def at(self, number: int, moment: str) -> None:
        """A moment of a request has come; raises Killed if it is the kill point."""
        self.dead = self.dead or self._point == Point(number, moment)
        self.step()


def _on_the_wire(request: httpx.Request) -> Sent:
    form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
    params = {**dict(request.url.params), **form}
    return Sent(request.headers["x-acs-action"], params, request.headers["x-acs-signature-nonce"])


@dataclass(frozen=True, slots=True)
class Image:
    """A workspace at a moment: its database and its time."""

    data: bytes
    now: float


class Notes:
    """What a process notes on disk, up to its kill point; see `deployer.records.Records`."""

    def __init__(self, kept: Kept, life: Life) -> None:
        self.kept = kept
        self._life = life
        self._sent: dict[tuple[str, str], int] = {}

    def backup(self, address: str, kind: str, before: Observed | None, meant: str) -> None:
        self._life.step()
        self.kept.backup(address, kind, before, meant)
        self._life.backed_up.append(len(self._life.sent) + 1)

    def intend(self, address: str, what: str, **facts: str) -> None:
        # Until its answer is noted, others may have sent something.
        coming = self._sent[address, what] = len(self._life.sent) + 1
        self._life.at(coming, UNTOLD)
        self.kept.intend(address, what, **facts)
        if any(one.what == what for one in self.kept.journal.history().intents):
            self._life.noted.append(coming)
        self._life.at(coming, INTENDED)

    def ended(self, address: str, what: str, **facts: str) -> None:
        self._life.step()
        self.kept.ended(address, what, **facts)
        self._life.at(self._sent[address, what], WRITTEN)

    def settled(self, address: str) -> None:
        self._life.step()
        self.kept.settled(address)

    def left(self, address: str, fingerprint: str) -> None:
        self._life.step()
        self.kept.left(address, fingerprint)

    def begin(self) -> None:
        """A run begins to write."""
        self._life.step()
        self.kept.journal.begin()

    def end(self) -> None:
        """A run has ended in good order."""
        self._life.step()
        self.kept.journal.end()


class Desk(Bench):
    """A bench with a disk."""

    notes: Notes


class _Inline(ThreadPoolExecutor):
    """Does at once, in this thread, what it is given."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 (whoever waits for it gets it)
            done.set_exception(error)
        return done


Command = Callable[[Desk], Awaitable[tuple[int, str]]]
"""What a process does with its bench: its exit code and what it said."""


class World:
    """A workspace in memory, in virtual time, whoever lives and dies in it."""

    def __init__(self, switches: Mapping[str, str] | None = None, job_seconds: float = 0.0) -> None:
        self.clock = VirtualClock(lambda: START)
        self.app = create_app(
            ":memory:",
            project=PROJECT,
            project_identifier=IDENTIFIER,
            credentials=EMULATOR_KEY,
            clock=self.clock,
            ids=Ids("test"),
            job_seconds=job_seconds,
            switches=Switches(**(switches or {})),
        )
        self._disk = TemporaryDirectory()
        self._runs = 0
        self.control = self.app.control
        self.switches = self.control.switches()

    @classmethod
    def copied(cls, image: "Image") -> "World":
        """Another workspace that is as one was."""
        world = cls()
        world.clock.advance(image.now - world.clock())
        with world.app.engine.store.reading() as db:
            db.deserialize(image.data)
            db.execute("PRAGMA foreign_keys = ON")
        world.switches = world.control.switches()
        return world

    def image(self) -> "Image":
        """The workspace as it is, to begin from more than once."""
        with self.app.engine.store.reading() as db:
            return Image(db.serialize(), self.clock())

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        self.app.close()
        self._disk.cleanup()

    # --- processes --------------------------------------------------------------------------------

    def live(self, command: Command, point: Point | None = None) -> Lived:
        """Runs a command in a process of its own, up to its kill point if it has one."""
        with asyncio.Runner() as runner:
            # Without threads a run is the same each time, and takes half the time.
            runner.get_loop().set_default_executor(_Inline(max_workers=1))
            return runner.run(self._lived(command, point))

    async def _lived(self, command: Command, point: Point | None) -> Lived:
        life = self.life(point)
        code: int | None
        try:
            code, words = await self.lived(command, life)
            life.step()
        except Killed:
            code, words = None, ""
        return Lived(code, tuple(life.sent), words, tuple(life.noted), tuple(life.backed_up))

    def life(self, point: Point | None = None) -> Life:
        """A new process."""
        return Life(EmulatorTransport(self.app), point, self.clock)

    async def lived(self, command: Command, life: Life) -> tuple[int, str]:
        """A command on a life of the caller's making."""

        async def sleep(seconds: float) -> None:
            life.step()
            self.clock.advance(seconds)
            await asyncio.sleep(0)

        line = Line(life)
        async with Client(
            EMULATOR_ENDPOINT,
            lambda: Credentials(*EMULATOR_KEY),
            transport=line,
            sleep=sleep,
            clock=self.clock,
            now=self.clock,
            chance=lambda: 0.5,
        ) as client:
            remote = Remote(client, PROJECT)
            connection = Connection(remote, SETTLED, sleep, self.clock, self.clock)
            desk = Desk(connection, line, self.clock, self.app)
            self._runs += 1
            root = Path(self._disk.name) / life.machine
            root.mkdir(exist_ok=True)
            kept = Kept(root, "local", PROJECT, f"r{self._runs}", self.clock)
            desk.notes = Notes(kept, life)
            return await command(desk)

    # --- what people see and do -------------------------------------------------------------------

    def held(self) -> list[Held]:
        """Every workflow there is, as the database has it."""
        return flow_check.held(self.app, int(PROJECT))

    def at(self, path: str) -> Held:
        """The one workflow at a path."""
        (found,) = [one for one in self.held() if one.path == path]
        return found

    def effects(self, after: int = 0) -> list[Effect]:
        """The effect log behind the line with this number."""
        return self.control.effects(after)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query of the emulator's database finds."""
        with self.app.engine.store.reading() as db:
            return [tuple(row) for row in db.execute(query, values).fetchall()]

    def act(self, action: str, **params: Any) -> dict[str, Any]:
        """Something a person does in the console, seen by all reads before anything else."""
        done = self.control.act("person", action, {"ProjectId": PROJECT, **params})
        self.settle()
        return done

    def save(self, document: Document) -> str:
        """A person saves a whole workflow in the console."""
        identity = self.control.save("person", int(PROJECT), document)
        self.settle()
        return identity

    def settle(self, seconds: float = SETTLED) -> None:
        """Time passes and everybody has looked: what runs has ended, no read is late (U-27)."""
        self.clock.advance(seconds)
        self.control.settle()
        with self.app.engine.store.transaction() as db:
            db.execute("DELETE FROM past")
