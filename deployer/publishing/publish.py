"""Saved → running in production: one pipeline run for each workflow, driven stage by stage to its end.

A run is found before one is made: its description says which content of which object it publishes, so
that a rerun after a crash, a lost answer or an approval goes on with the same one. What comes next is
told by `deployer.publishing.stages`; here it is called and waited for.
"""

import asyncio
from collections.abc import Sequence

from deployer.attempt import ended
from deployer.errors import WaitsForPerson
from deployer.model import Change, Published, PublishStatus
from deployer.publishing.driving import Drive
from deployer.publishing.publisher import Publisher, Wanted

__all__ = ["Publisher", "Wanted", "publish", "wanted"]

CONCURRENCY = 8


def wanted(change: Change, waits_for: tuple[str, ...] = ()) -> Wanted:
    """A change that there is nothing left to save of, as something to publish."""
    return Wanted(change.address, change.object_id, change.fingerprint, waits_for)


async def publish(workflows: Sequence[Wanted], publisher: Publisher) -> tuple[Published, ...]:
    """Publishes each after those it waits for; failures are outcomes, not exceptions.

    Raises RefusedBySafety, before anything is written, inside the window in which nothing is published.
    """
    if workflows:
        publisher.hours.refuse(publisher.now())
    gate = asyncio.Semaphore(CONCURRENCY)
    tasks: dict[str, asyncio.Task[Published]] = {}
    for each in workflows:
        upstreams = [tasks[address] for address in each.waits_for if address in tasks]
        tasks[each.address] = asyncio.create_task(_in_turn(each, upstreams, gate, publisher))
    return tuple(await asyncio.gather(*tasks.values()))


async def _in_turn(
    each: Wanted,
    upstreams: list[asyncio.Task[Published]],
    gate: asyncio.Semaphore,
    publisher: Publisher,
) -> Published:
    """One publication after its upstreams; not attempted if one of them is not done."""
    why = ""
    try:
        before = await asyncio.gather(*upstreams)
        broken = [outcome.address for outcome in before if outcome.status != "done"]
        why = f"it waits for `{broken[0]}`, which is not published" if broken else ""
        async with gate:
            if not why and not publisher.stop.is_set():
                return await _published(each, publisher)
    except asyncio.CancelledError:
        pass  # A signal came while this one was still waiting: it ends as not attempted.
    return Published(each.address, "not attempted", each.object_id, error=why or "interrupted")


async def _published(each: Wanted, publisher: Publisher) -> Published:
    started = publisher.clock()
    drive = Drive(each, publisher)
    error, code = await ended(drive.to_end(), drive, "run the command again")
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
