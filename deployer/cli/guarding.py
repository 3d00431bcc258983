"""`--guard-running`: what runs, or soon will, of the workflows that are about to be changed."""

from deployer.cli.connect import connected, run
from deployer.cli.deadline import Deadline
from deployer.cli.planning import Planned
from deployer.cli.words import say
from deployer.days import moment
from deployer.errors import RefusedBySafety
from deployer.publishing.guard import Busy, busy
from deployer.render.visible import visible

SHOWN = 20


def guard(found: Planned, minutes: int, deadline: Deadline, *, refuses: bool) -> None:
    """Says on stderr what is busy; raises RefusedBySafety if that is to stand in the way."""
    touched = dict.fromkeys(each.address for each in (*found.plan.pending, *found.plan.to_publish))

    async def main() -> list[Busy]:
        async with deadline.bounded(), connected(found.target, deadline) as connection:
            return await busy(list(touched), connection.remote, connection.now(), minutes)

    there = run(main()) if touched else []
    for each in there[:SHOWN]:
        say(_line(each))
    if len(there) > SHOWN:
        say(f"and {len(there) - SHOWN} more")
    if there and refuses:
        raise RefusedBySafety(
            f"{_count(there)} within {minutes} minutes, of workflows that are to be changed",
            hint="run the command again when they have ended, or with `--guard-running=show`",
        )


def _count(there: list[Busy]) -> str:
    one = len(there) == 1
    return (
        "1 task instance runs or is due" if one else f"{len(there)} task instances run or are due"
    )


def _line(each: Busy) -> str:
    how = f"is {each.status}" if each.running else f"is due at {moment(each.trigger)} China time"
    return f"{visible(each.address)}: {visible(each.node)} {how}, instance {each.instance}"
