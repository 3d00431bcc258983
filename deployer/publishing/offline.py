"""What has to leave production before it can be deleted: told in the plan, and how it is done.

What is published cannot be deleted (docs/service.md B-50), and a node of a workflow goes in and out of
production with its workflow only (B-61). So a workflow of which a node is deleted is taken out, too.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from deployer.model import Change, Danger
from deployer.publishing.driving import Drive
from deployer.publishing.publication import is_offline, last_done
from deployer.publishing.publisher import Publisher, Wanted
from deployer.remote.pipeline_runs import PipelineRuns

CODE = "offline"
"""The code of the danger that tells of it."""

_CONCURRENCY = 8


async def is_online(object_id: str, runs: PipelineRuns) -> bool:
    """Whether a workflow is published: its last pipeline run that succeeded put it into production."""
    last = last_done(await runs.of_object(object_id))
    return last is not None and not is_offline(last)


async def with_offline(changes: Sequence[Change], runs: PipelineRuns) -> tuple[Change, ...]:
    """The changes, told of each that deletes something whether it is published; reads only."""
    gate = asyncio.Semaphore(_CONCURRENCY)

    async def one(change: Change) -> Change:
        if change.action != "delete" and not change.deletes:
            return change
        async with gate:
            online = await is_online(change.object_id, runs)
        return _told(change) if online else change

    return tuple(await asyncio.gather(*map(one, changes)))


def taking_offline(change: Change, publisher: Publisher) -> Drive:
    """The pipeline run that takes a workflow out of production, found or made when it is driven.

    Raises RefusedBySafety inside the window in which nothing is published.
    """
    publisher.hours.refuse(publisher.now())
    before = change.before
    fingerprint = before.fingerprint if before else ""
    wanted = Wanted(change.address, change.object_id, fingerprint, kind="Offline")
    return Drive(wanted, publisher)


def _told(change: Change) -> Change:
    return replace(change, offline=True, dangers=(*change.dangers, _danger(change)))


def _danger(change: Change) -> Danger:
    if change.action == "delete":
        message = "it is published: it is taken out of production, and deleted then"
        return Danger(CODE, message, address=change.address)
    names = ", ".join(f"`{name}`" for name in change.deletes)
    message = f"it is published: it leaves production before {names} can be deleted"
    if change.publish:
        return Danger(CODE, f"{message}, and is published again then", address=change.address)
    message += ", and would not be published again"
    return Danger(CODE, message, "`--publish`", change.address, blocks=True)
