"""Whole processes measured in rounds: each round runs all of them, in another order.

A machine that is slow for a while is slow for all of a round, so ratios are taken round by round.
"""

import gc
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from statistics import median
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
Command = Sequence[str]
Figure = Literal["wall", "cpu", "peak", "worker"]
PERIOD = 0.05
"""Seconds between two looks at the memory of a run and of its workers."""

_DEPLOYER = "import sys; from deployer.__main__ import main; sys.exit(main())"


def python(code: str, *arguments: str) -> Command:
    """The command that runs `code` as an installed script would."""
    return (sys.executable, "-c", code, *arguments)


def script(name: str, *arguments: str) -> Command:
    """A script of this folder with arguments."""
    return (sys.executable, "-m", f"benchmarks.{name}", *arguments)


def ours(*arguments: str) -> Command:
    """`deployer` with arguments."""
    return python(_DEPLOYER, *arguments)


@dataclass(frozen=True, slots=True)
class Task:
    """A command to measure, and where; `check` gets what it printed and raises if that is wrong.

    `before` is done before each run, outside the measured time. `rounds` is how many there are at most.
    """

    command: Command
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None
    check: Callable[[bytes], object] = lambda _: None
    rounds: int | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What one run took: seconds on the clock, seconds of processors (those of its workers too), MiB.

    `peak` is the largest that the process itself was, `worker` the largest that one of its `workers` was.
    """

    wall: float
    cpu: float
    peak: float
    worker: float = 0.0
    workers: int = 0


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some figures, between the least and the largest."""

    middle: float
    least: float
    largest: float

    @staticmethod
    def of(figures: Sequence[float]) -> "Spread":
        """Return the spread of at least one figure."""
        return Spread(median(figures), min(figures), max(figures))

    @staticmethod
    def across(runs: Sequence[Spent], figure: Figure) -> "Spread":
        """Return the spread of one figure of all runs."""
        return Spread.of([attrgetter(figure)(run) for run in runs])


Found = Mapping[str, list[Spent]]
"""What each task took in every round, by its name."""


def measured(tasks: Mapping[str, Task], rounds: int, warmup: bool = True) -> Found:
    """What every task took in every round; a failing command is an error.

    A task with fewer rounds than the others takes part in the first ones, and is not warmed up.
    """
    chance = random.Random(0)
    found: dict[str, list[Spent]] = {name: [] for name in tasks}
    for turn in range(-1 if warmup else 0, rounds):
        for name in chance.sample(list(tasks), len(tasks)):
            most = tasks[name].rounds
            if most is not None and not 0 <= turn < most:
                continue
            spent = run(tasks[name])
            if turn >= 0:
                found[name].append(spent)
    return found


def timed(works: Mapping[str, Callable[[], object]], rounds: int) -> Found:
    """What pieces of work in this process took in every round, after one to warm up."""
    chance = random.Random(0)
    found: dict[str, list[Spent]] = {name: [] for name in works}
    for turn in range(-1, rounds):
        for name in chance.sample(list(works), len(works)):
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            works[name]()
            spent = Spent(time.perf_counter() - wall, time.process_time() - cpu, 0.0)
            if turn >= 0:
                found[name].append(spent)
    return found


def ratio(ones: Sequence[Spent], others: Sequence[Spent], figure: Figure = "cpu") -> Spread:
    """How many times the figure of the other, round by round, in those that both took part in."""
    value = attrgetter(figure)
    return Spread.of([value(one) / value(other) for one, other in zip(ones, others, strict=False)])


def run(task: Task) -> Spent:
    """What one run of a task took, by the system's own account of the ended process."""
    task.before()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **task.env}
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as told:
        begun = time.perf_counter()
        process = subprocess.Popen(
            task.command, cwd=task.folder, env=environment, stdout=printed, stderr=told
        )
        try:
            with _watched(process.pid) as seen:
                _, status, used = os.wait4(process.pid, 0)
                wall = time.perf_counter() - begun
        except BaseException:
            process.kill()  # nobody waits for it any more
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            words = told.read().decode(errors="replace")[-2000:]
            line = " ".join(task.command)[:200]
            raise RuntimeError(f"exit code {process.returncode} of {line}\n{words}")
        printed.seek(0)
        task.check(printed.read())
    own = seen.pop(process.pid, 0.0)
    largest = used.ru_maxrss / 1024
    return Spent(
        wall,
        used.ru_utime + used.ru_stime,
        # Where nothing could be watched (a short run, another system) there is the largest of all.
        own or largest,
        max(seen.values(), default=0.0),
        len(seen),
    )


@contextmanager
def _watched(process: int) -> Iterator[dict[int, float]]:
    """The peak in MiB of a process and of those below it, by process id, seen until the block ends.

    The system's account of an ended process is that of the largest one below it as well, and never
    less than the process that started it; each one's own is only told while it lives, by Linux.
    """
    seen: dict[int, float] = {}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(PERIOD):
            for each in _family(process):
                seen[each] = max(seen.get(each, 0.0), _peak(each))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _family(process: int) -> Iterator[int]:
    yield process
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from _family(int(child))


def _peak(process: int) -> float:
    """The largest that a process was so far, in MiB; 0 if it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0
