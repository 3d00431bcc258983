"""`--timeout`: the time of a whole command, from its begin to its end, whatever it waits for.

Where the clock is virtual, as with an `emulator:` target, the seconds that were only skipped count too.
"""

import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import click

from deployer.errors import TimeOver

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(s|m|h|)", re.ASCII)


def seconds(_: click.Context, parameter: click.Parameter, given: str | None) -> float | None:
    """The seconds of a duration: `90s`, `10m`, `2h`, or a plain number of seconds."""
    if given is None:
        return None
    found = _DURATION.fullmatch(given)
    if found is None:
        told = f"{given!r} is no duration: write `90s`, `10m` or `2h`"
        raise click.BadParameter(told, param=parameter)
    return float(found[1]) * _UNITS[found[2]]


def deadline(context: click.Context, parameter: click.Parameter, given: str | None) -> "Deadline":
    """A deadline so far from now; without an end where no duration is given."""
    return Deadline(seconds(context, parameter, given))


@dataclass(slots=True)
class _Due:
    """What is to happen once so many seconds of the command have passed."""

    at: float
    act: Callable[[], None]

    def fire(self) -> None:
        """Let it happen, the first time only."""
        act, self.act = self.act, _nothing
        act()


class Deadline:
    """The time of one command; without an end where none was given."""

    def __init__(
        self, seconds: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._began = clock()
        self._skipped = 0.0
        self._due: list[_Due] = []

    def __bool__(self) -> bool:
        """Whether there is an end."""
        return self._seconds is not None

    @property
    def told(self) -> str:
        """What is over once it is over, in words."""
        return f"the {self._seconds or 0:g} seconds of `--timeout` are over"

    def skip(self, seconds: float) -> None:
        """So many seconds have passed that no clock of this machine shows."""
        self._skipped += seconds
        for due in [each for each in self._due if each.at <= self._passed()]:
            due.fire()

    @contextmanager
    def watched(
        self, over: Callable[[], None], grace: float, cut: Callable[[], None]
    ) -> Iterator[None]:
        """Calls `over` at the end of the time, and `cut` that many seconds of grace after it."""
        if self._seconds is None:
            yield
            return
        import asyncio  # help does without it

        loop = asyncio.get_running_loop()
        self._due = [_Due(self._seconds, over), _Due(self._seconds + grace, cut)]
        handles = [
            loop.call_later(max(0.0, due.at - self._passed()), due.fire) for due in self._due
        ]
        try:
            self.skip(0.0)
            yield
        finally:
            self._due = []
            for handle in handles:
                handle.cancel()

    @asynccontextmanager
    async def bounded(self) -> AsyncIterator[None]:
        """Ends what only reads: raises TimeOver at the end of the time."""
        import asyncio

        scope = asyncio.timeout(None)
        now = asyncio.get_running_loop().time
        try:
            async with scope:
                with self.watched(lambda: scope.reschedule(now()), 0.0, _nothing):
                    yield
        except TimeoutError:
            if not scope.expired():
                raise
            hint = "give it more time with `--timeout`"
            raise TimeOver(self.told, hint=hint) from None

    def _passed(self) -> float:
        return self._clock() - self._began + self._skipped


def _nothing() -> None:
    """Happens instead of what has happened already."""
