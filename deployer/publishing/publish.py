"""Saved → running in production: one pipeline run for each workflow, driven stage by stage to its end.

A run is found before one is made: its description says which content of which object it publishes, so
that a rerun after a crash, a lost answer or an approval goes on with the same one. What comes next is
told by `deployer.publishing.stages`; here it is called and waited for.
"""

import asyncio
from collections.abc import Sequence

from deployer.attempt import ended
from deployer.errors import QuotaUsed, WaitsForPerson
from deployer.halt import Breaker, Halt
from deployer.model import Change, Published, PublishStatus
from deployer.publishing.driving import Drive
from deployer.publishing.publisher import Publisher, Wanted

__all__ = ["Publisher", "Wanted", "publish", "wanted"]

CONCURRENCY = 8
CALLS_OF_ONE = 12
"""Calls that one workflow may take in a workspace whose stages do not wait."""


def wanted(change: Change, waits_for: tuple[str, ...] = ()) -> Wanted:
    """A change that there is nothing left to save of, as something to publish."""
    return Wanted(change.address, change.object_id, change.fingerprint, waits_for)


async def publish(workflows: Sequence[Wanted], publisher: Publisher) -> tuple[Published, ...]:
    """Publishes each after those it waits for; failures are outcomes, not exceptions.

    Raises RefusedBySafety, before anything is written, inside the window in which nothing is published.
    """
    if workflows:
        publisher.hours.refuse(publisher.now())
    turn = _Turn(publisher)
    tasks: dict[str, asyncio.Task[Published]] = {}
    for each in workflows:
        upstreams = [tasks[address] for address in each.waits_for if address in tasks]
        tasks[each.address] = asyncio.create_task(turn.of(each, upstreams))
    return tuple(await asyncio.gather(*tasks.values()))


class _Turn:
    """Lets publications begin, a few at a time, until something stops it.

    Where the calls of a day are counted there is one at a time: what is left of them is known then.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._halt = publisher.stop
        self._quota = publisher.runs.client.quota
        self._gate = asyncio.Semaphore(1 if self._quota else CONCURRENCY)
        self._breaker = Breaker(publisher.stop)

    async def of(self, each: Wanted, upstreams: list[asyncio.Task[Published]]) -> Published:
        """One publication after its upstreams; not attempted if one of them is not done."""
        why = ""
        try:
            before = await asyncio.gather(*upstreams)
            broken = [outcome.address for outcome in before if outcome.status != "done"]
            why = f"it waits for `{broken[0]}`, which is not published" if broken else ""
            async with self._gate:
                if not why and self._may_begin():
                    drive = Drive(each, self._publisher)
                    outcome = await _published(drive, each, self._publisher)
                    self._breaker.ended(drive.failure)
                    return outcome
        except asyncio.CancelledError:
            pass  # Cut off while this one was still waiting: it ends as not attempted.
        return _not_attempted(each, why, self._halt)

    def _may_begin(self) -> bool:
        if self._quota and not self._quota.enough(CALLS_OF_ONE):
            self._halt.because(self._quota.told, QuotaUsed.exit_code)
        return not self._halt.is_set()


def _not_attempted(each: Wanted, why: str, halt: Halt) -> Published:
    code = 0 if why else halt.exit_code
    error = why or halt.why
    return Published(each.address, "not attempted", each.object_id, error=error, exit_code=code)


async def _published(drive: Drive, each: Wanted, publisher: Publisher) -> Published:
    started = publisher.clock()
    error, code = await ended(drive.to_end(), drive, "run the command again", publisher.stop)
    return Published(
        address=each.address,
        status=_status(code),
        object_id=each.object_id,
        run=drive.run_id,
        version=drive.version,
        written=drive.written,
        error=error,
        exit_code=code,
        seconds=round(publisher.clock() - started, 3),
    )


def _status(code: int) -> PublishStatus:
    if code == WaitsForPerson.exit_code:
        return "waiting"
    return "failed" if code else "done"
