"""Pieces of work begin after those they wait for, a few at a time, until something stops it all."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from deployer.errors import DeployerError, QuotaUsed, WaitsForPerson
from deployer.halt import Breaker, Halt
from deployer.model import Status
from deployer.transport.quota import Quota

CONCURRENCY = 8
CALLS_OF_ONE = 12
"""Calls that one workflow may take, be it written and proven or published without a wait."""


class Result(Protocol):
    """What became of a piece of work; all but `done` keeps those that wait for it from beginning."""

    @property
    def address(self) -> str:
        """Path of the workflow."""

    @property
    def status(self) -> str:
        """How it ended."""


Ended = TypeVar("Ended", bound=Result)


class Turns:
    """Lets pieces of work begin.

    Where the calls of a day are counted there is one at a time: what is left of them is known then.
    """

    def __init__(self, halt: Halt, quota: Quota | None) -> None:
        self._halt = halt
        self._quota = quota
        self._gate = asyncio.Semaphore(1 if quota else CONCURRENCY)
        self._breaker = Breaker(halt)

    async def of(
        self,
        upstreams: Sequence[asyncio.Task[Ended]],
        work: Callable[[], Awaitable[tuple[Ended, DeployerError | None]]],
        left: Callable[[str, int], Ended],
        done: str = "done",
    ) -> Ended:
        """What became of one piece of work after its upstreams; not attempted if one is not `done`.

        `work` gives that with what went wrong, `left` makes it of why nothing was attempted and an exit
        code.
        """
        why = ""
        try:
            before = await asyncio.gather(*upstreams)
            broken = [result.address for result in before if result.status != "done"]
            why = f"it waits for `{broken[0]}`, which is not {done}" if broken else ""
            async with self._gate:
                if not why and self._may_begin():
                    result, failure = await work()
                    self._breaker.ended(failure)
                    return result
        except asyncio.CancelledError:
            pass  # Cut off while it was still waiting: it ends as not attempted.
        return left(why, 0) if why else left(self._halt.why, self._halt.exit_code)

    def _may_begin(self) -> bool:
        if self._quota and not self._quota.enough(CALLS_OF_ONE):
            self._halt.because(self._quota.told, QuotaUsed.exit_code)
        return not self._halt.is_set()


def status(code: int) -> Status:
    """How a piece of work that was begun ended, by its exit code."""
    if code == WaitsForPerson.exit_code:
        return "waiting"
    return "failed" if code else "done"
