"""What apply and publish share of publishing: the hours it is allowed in, and the doing."""

import asyncio
from collections.abc import Collection

from deployer import pipeline
from deployer.cli.connect import Connection
from deployer.cli.planning import Planned
from deployer.cli.words import say
from deployer.errors import DeployerError
from deployer.halt import Halt
from deployer.model import Plan, Published, Report
from deployer.publishing.publisher import Publisher
from deployer.publishing.window import Hours, hours_of
from deployer.standing import POLL_SECONDS


def open_hours(found: Planned, *, allowed: bool) -> Hours:
    """The hours of the target; warns if the window is near, raises RefusedBySafety inside it."""
    hours = hours_of(found.target, allowed=allowed)
    hours.refuse(found.now)
    if warning := hours.warning(found.now):
        say(f"warning: {warning}")
    return hours


async def publish_applied(
    found: Planned, report: Report, connection: Connection, publisher: Publisher
) -> tuple[Published, ...]:
    """Publishes what the plan wanted published, now that it is applied and proven.

    It is planned once more: ids of new workflows are known now, and what somebody saved meanwhile is
    not published.
    """
    failed = {each.address for each in report.outcomes if each.status != "done"}
    left = {each.address for each in found.plan.to_publish} - failed
    skipped = tuple(
        Published(each.address, "not attempted", each.object_id, error="it was not applied")
        for each in found.plan.to_publish
        if each.address in failed
    )
    if not left:
        return skipped
    if publisher.stop.is_set():
        return (*skipped, *(_not_attempted(path, publisher.stop) for path in sorted(left)))
    try:
        return (*skipped, *await _publish_again_planned(found, left, connection, publisher))
    except asyncio.CancelledError:
        # Cut off while it was planned again.
        return (*skipped, *(_not_attempted(path, publisher.stop) for path in sorted(left)))
    except DeployerError as failure:
        # What was applied must still be told, so this is an outcome like any other.
        return (*skipped, *(_failed(path, failure) for path in sorted(left)))


async def _publish_again_planned(
    found: Planned, left: Collection[str], connection: Connection, publisher: Publisher
) -> tuple[Published, ...]:
    loaded = pipeline.narrowed(found.loaded, left)
    made = await _planned_again(found, loaded, connection)
    for wait in (*POLL_SECONDS, connection.settle):
        if not made.pending:
            break
        # What was read back as written may be shown late by the next read (docs/service.md U-27).
        await connection.sleep(wait)
        made = await _planned_again(found, loaded, connection)
    return await pipeline.publish(made, loaded, found.target, publisher)


async def _planned_again(found: Planned, loaded: pipeline.Loaded, connection: Connection) -> Plan:
    return await pipeline.plan(loaded, found.target, connection.remote, publish=True)


def _not_attempted(path: str, halt: Halt) -> Published:
    return Published(path, "not attempted", error=halt.why, exit_code=halt.exit_code)


def _failed(path: str, failure: DeployerError) -> Published:
    parts = (failure.what, failure.why, "nothing was published", failure.hint)
    text = "; ".join(part for part in parts if part)
    return Published(path, "failed", error=text, exit_code=failure.exit_code)
