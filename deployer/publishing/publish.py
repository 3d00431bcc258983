"""Saved → running in production: one pipeline run for each workflow, driven stage by stage to its end.

A run is found before one is made: its description says which content of which object it publishes, so
that a rerun after a crash, a lost answer or an approval goes on with the same one. What comes next is
told by `deployer.publishing.stages`; here it is called and waited for.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from deployer.attempt import ended
from deployer.errors import DeployerError
from deployer.model import Change, Published
from deployer.publishing.driving import Drive
from deployer.publishing.publisher import Publisher, Wanted
from deployer.turns import Turns, status

__all__ = ["Publisher", "Wanted", "publish", "wanted"]


def wanted(change: Change, waits_for: tuple[str, ...] = ()) -> Wanted:
    """A change that there is nothing left to save of, as something to publish."""
    return Wanted(change.address, change.object_id, change.fingerprint, waits_for)


async def publish(workflows: Sequence[Wanted], publisher: Publisher) -> tuple[Published, ...]:
    """Publishes each after those it waits for; failures are outcomes, not exceptions.

    Raises RefusedBySafety, before anything is written, inside the window in which nothing is published.
    """
    if workflows:
        publisher.hours.refuse(publisher.now())
    turns = Turns(publisher.stop, publisher.runs.client.quota)
    tasks: dict[str, asyncio.Task[Published]] = {}
    for each in workflows:
        upstreams = [tasks[address] for address in each.waits_for if address in tasks]
        work, left = partial(_published, each, publisher), partial(_not_attempted, each)
        tasks[each.address] = asyncio.create_task(turns.of(upstreams, work, left, "published"))
    return tuple(await asyncio.gather(*tasks.values()))


async def _published(each: Wanted, publisher: Publisher) -> tuple[Published, DeployerError | None]:
    """What became of a publication, and what went wrong with it."""
    started = publisher.clock()
    drive = Drive(each, publisher)
    error, code = await ended(drive.to_end(), drive, "run the command again", publisher.stop)
    published = Published(
        address=each.address,
        status=status(code),
        object_id=each.object_id,
        run=drive.run_id,
        version=drive.version,
        written=drive.written,
        error=error,
        exit_code=code,
        seconds=round(publisher.clock() - started, 3),
    )
    return published, drive.failure


def _not_attempted(each: Wanted, why: str, code: int) -> Published:
    return Published(each.address, "not attempted", each.object_id, error=why, exit_code=code)
