"""`deployer apply` of many changed workflows beside scripts on the SDK that write the same.

The service is the emulator, served, with jobs that end at once. It starts from the same file in each
run; afterwards a plan has to find nothing left to do. Calls are those that the service counted.
"""

import argparse
import shutil
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks import changes
from benchmarks.floor import PAGE
from benchmarks.generate import IDENTIFIER, PROJECT, aim, project
from benchmarks.report import Report, flags
from benchmarks.rounds import ROOT, Task, measured, ours, run, script
from benchmarks.serving import CREDENTIALS, served
from benchmarks.twin import documents
from benchmarks.wire import KEY
from deployer.emulator import create_app

OURS = "deployer apply"
CREATED = "deployer apply, all new"
THREADS = 16
IN_THREADS = f"SDK script, {THREADS} threads"
ONE_BY_ONE = "SDK script, one after the other"
KINDS = 2
"""Kinds of workflow, each of which has a list of its own."""


@dataclass
class Service:
    """An emulator that is started from `prepared` for each run, always on the same port."""

    prepared: Path
    delay: float
    port: int
    _running: ExitStack = field(default_factory=ExitStack)

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"127.0.0.1:{self.port}"

    def restart(self) -> None:
        """Answer from a fresh copy of the prepared file."""
        self.stop()
        db = self.prepared.with_name("served.db")
        for file in db.parent.glob(f"{db.name}*"):
            file.unlink()
        shutil.copy(self.prepared, db)
        command = ours("emulator", "serve", "--db", str(db), "--project", PROJECT)
        switches = ("job_seconds=0", f"latency_ms={self.delay:g}", "daily_quota=999999999")
        more = [text for switch in switches for text in ("--set", switch)]
        name = ("--project-identifier", IDENTIFIER, "--port", str(self.port))
        self._running.enter_context(served(*command, *name, *more, "--ready-file"))

    def count(self) -> int:
        """The calls since it was started, as it counted them itself."""
        with closing(sqlite3.connect(self.prepared.with_name("served.db"))) as db:
            query = "SELECT value FROM setting WHERE name = 'calls in the day'"
            row = db.execute(query).fetchone()
        return int(row[0].partition(":")[2]) if row else 0

    def stop(self) -> None:
        """End the process, if there is one."""
        self._running.close()


@contextmanager
def service(prepared: Path, delay: float) -> Iterator[Service]:
    """A service that is ended with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = Service(prepared, delay, port)
    try:
        yield found
    finally:
        found.stop()


def prepare(folder: Path, db: Path, numbers: range) -> None:
    """A workspace that holds these workflows of a project."""
    app = create_app(db, project=PROJECT, project_identifier=IDENTIFIER, credentials=KEY)
    for _, document in documents(folder, numbers):
        app.control.save("bench", int(PROJECT), document)
    app.close()


class Bench:
    """A project of changed workflows, and the calls that each way of writing them took."""

    def __init__(self, given: argparse.Namespace, folder: Path) -> None:
        """Make the project, and the workspace that is behind it."""
        self.given = given
        self.project = folder / "project"
        self.db = folder / "prepared.db"
        self.empty = folder / "empty.db"
        manifests = project(self.project, given.workflows, given.nodes)
        prepare(self.project, self.db, range(given.workflows))
        prepare(self.project, self.empty, range(0))
        changes.change(manifests, changes.CONTENTS)
        self.report = Report("apply")
        self.calls: dict[str, int] = {}

    def changed(self, delay: float) -> None:
        """All workflows are there and differ."""
        with service(self.db, delay) as emulator:
            aim(self.project, f"endpoint: http://{emulator.address}")
            slow = self.given.slow_rounds if delay else None
            tasks = {
                OURS: self._task(emulator, OURS),
                IN_THREADS: self._task(emulator, IN_THREADS),
                ONE_BY_ONE: self._task(emulator, ONE_BY_ONE, rounds=slow),
            }
            found = measured(tasks, self.given.rounds, warmup=False)
        title = f"{delay:g} ms"
        sizes = f"{self.given.workflows:,} changed workflows x {self.given.nodes}"
        self.report.runs(f"{sizes}, {title} before each answer", found, ("wall", "cpu", "peak"))
        self.report.compared(title, found, OURS, "wall")

    def created(self) -> None:
        """None of the workflows is there."""
        with service(self.empty, 0) as emulator:
            aim(self.project, f"endpoint: http://{emulator.address}")
            run(self._task(emulator, CREATED))

    def told(self) -> None:
        """The calls of each way, and those of one workflow; the plan before has its own ones."""
        lists = -(-self.given.workflows // PAGE) + KINDS - 1
        rows = [(name, str(number)) for name, number in self.calls.items()]
        self.report.table(f"calls for {self.given.workflows:,} workflows", ("calls",), rows)
        planned = lists + self.given.workflows
        changed = (self.calls[OURS] - planned) / self.given.workflows
        # Of an empty workspace a plan only reads one page of each kind.
        created = (self.calls[CREATED] - KINDS) / self.given.workflows
        self.report.number("calls of a changed workflow, beyond those of the plan", changed)
        self.report.number("calls of a created workflow, beyond those of the plan", created)

    def _task(self, emulator: Service, name: str, rounds: int | None = None) -> Task:
        threads = str(THREADS if name == IN_THREADS else 1)
        command = (
            script("sdk_apply", emulator.address, str(self.project), "--threads", threads)
            if name in (IN_THREADS, ONE_BY_ONE)
            else ours("apply", "--auto-approve", "--format", "json")
        )
        return Task(
            command,
            self.project if OURS in name else ROOT,
            env=CREDENTIALS,
            before=partial(self._anew, emulator),
            check=partial(self._check, emulator, name),
            rounds=rounds,
        )

    def _anew(self, emulator: Service) -> None:
        shutil.rmtree(self.project / ".deployer", ignore_errors=True)
        emulator.restart()

    def _check(self, emulator: Service, name: str, _: bytes) -> None:
        """Nothing is left to do; raises where there is."""
        self.calls[name] = emulator.count()
        run(Task(ours("plan", "--detailed-exitcode"), self.project, env=CREDENTIALS))


def main() -> int:
    """Measure, print and judge."""
    parser = flags(__doc__)
    parser.add_argument("--workflows", type=int, default=200)
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--slow-rounds", type=int, default=1, help="of what takes a minute each")
    parser.add_argument("--delays", type=float, nargs="*", default=[0, 50], metavar="MS")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(given, Path(name))
        for delay in given.delays:
            bench.changed(delay)
        bench.created()
    bench.told()
    return bench.report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
