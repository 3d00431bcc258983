"""Commands measured as whole processes, in rounds: each round runs all of them, in another order.

A machine that is slow for a while is slow for all of a round, so ratios are taken round by round.
"""

import os
import random
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

Command = Sequence[str]


@dataclass(frozen=True, slots=True)
class Spent:
    """What one run took: seconds on the clock, seconds of processors, MiB at its largest."""

    wall: float
    cpu: float
    peak: float


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


def measured(
    commands: Mapping[str, Command], folder: Path, rounds: int, warmup: bool = True
) -> dict[str, list[Spent]]:
    """What every command took in every round, run in `folder`; a failing command is an error."""
    chance = random.Random(0)
    found: dict[str, list[Spent]] = {name: [] for name in commands}
    for turn in range(-1 if warmup else 0, rounds):
        for name in chance.sample(list(commands), len(commands)):
            spent = run(commands[name], folder)
            if turn >= 0:
                found[name].append(spent)
    return found


def run(command: Command, folder: Path) -> Spent:
    """What one run of a command took, by the system's own account of the ended process."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode} of {' '.join(command)[:200]}")
    wall = time.perf_counter() - begun
    return Spent(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def ratio(ones: Sequence[Spent], others: Sequence[Spent]) -> Spread:
    """How many times the processor time of the other, round by round."""
    return Spread.of([one.cpu / other.cpu for one, other in zip(ones, others, strict=True)])
