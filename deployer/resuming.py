"""Writes of earlier runs whose outcome no record tells: waited for, then told by what the plan found.

The journal only says where to look twice. What is true is what the workspace holds.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from deployer.errors import DeployerError
from deployer.journal import Intent
from deployer.model import Change, Plan
from deployer.remote.workspace import Remote

JOB_PATIENCE = 300.0
POLL_SECONDS = 5.0

_OF_STEPS = ("move", "renaming", "deletion")
_OF_SAVING = ("creation", "import", *_OF_STEPS)
_OF_PUBLISHING = ("pipeline run", "stage ")


def in_doubt(intents: Sequence[Intent], plan: Plan) -> list[Intent]:
    """The intents that are about something in the plan, and that it does not show as carried out."""
    changes = {each.address: each for each in plan.changes}
    return [
        each
        for each in intents
        if is_told(each, changes) and not is_done(each, changes[each.address])
    ]


def is_told(intent: Intent, changes: Mapping[str, Change]) -> bool:
    """Whether a plan, by address, speaks of what was intended; publishing need not be wished for."""
    change = changes.get(intent.address)
    if change is None:
        return False
    return intent.what in _OF_SAVING or (change.publish and intent.what.startswith(_OF_PUBLISHING))


def is_done(intent: Intent, change: Change) -> bool:
    """Whether a plan shows that what was intended took effect."""
    if intent.what == "creation":
        return change.action != "create"
    if intent.what == "import":
        meant = intent.facts.get("fingerprint", "")
        return change.action == "unchanged" or (meant != "" and change.fingerprint == meant)
    if intent.what in _OF_STEPS:
        return not _is_to_come(intent, change)
    return change.publication == "published"


def _is_to_come(intent: Intent, change: Change) -> bool:
    """Whether a plan still shows a deletion, or a step of a move, that was intended."""
    node = intent.facts.get("node")
    if intent.what == "move":
        there = change.before.workflow.path if change.before else ""
        return change.action == "move" and there != intent.facts.get("to")
    if node is None:
        return change.action == "delete"
    action = "move" if intent.what == "renaming" else "delete"
    whole = change.action == "delete"
    return whole or any(each.name == node and each.action == action for each in change.nodes)


async def waited(
    intents: Sequence[Intent],
    remote: Remote,
    settle: float,
    sleep: Callable[[float], Awaitable[None]],
    now: float,
) -> float:
    """Waits until what was sent has taken effect or never will: for its job, and the settle time.

    Reads may show it late (docs/service.md U-27), and a job that is under way may still write. Returns
    the seconds of the settle time that were still to be waited for.
    """
    for job in {each.facts["job"] for each in intents if "job" in each.facts}:
        await _ended(job, remote, sleep)
    # A clock that was set back, or another machine's, makes no wait longer than the settle time.
    ages = [max(0.0, now - each.at) for each in intents]
    left = max(0.0, settle - min(ages, default=settle))
    if left:
        await sleep(left)
    return left


async def _ended(job: str, remote: Remote, sleep: Callable[[float], Awaitable[None]]) -> None:
    for _ in range(int(JOB_PATIENCE / POLL_SECONDS)):
        try:
            if (await remote.job(job)).ended:
                return
        except DeployerError:
            # Forgotten (docs/service.md U-06) or out of reach: the workflow itself will tell.
            return
        await sleep(POLL_SECONDS)


def told(intents: Sequence[Intent], plan: Plan, now: float, waited: float = 0.0) -> Iterator[str]:
    """A line for each intent about something in the plan: what was found, and what is done about it.

    `waited` are the seconds since `now` until the plan was made.
    """
    changes = {each.address: each for each in plan.changes}
    for each in intents:
        if is_told(each, changes):
            at = datetime.fromtimestamp(each.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            yield (
                f"resuming: {each.what} of {each.address} was sent at {at}, outcome was unknown -> "
                + _found(each, changes[each.address], max(0.0, now - each.at) + waited)
            )


def _found(intent: Intent, change: Change, age: float) -> str:
    if is_done(intent, change):
        return "found applied, not sent again"
    if intent.what not in _OF_SAVING:
        return "going on with what is found"
    if _is_other(intent.facts, change):
        return "found with another content, see the plan"
    return f"found not applied after {age:.0f} s, sending again"


def _is_other(facts: Mapping[str, str], change: Change) -> bool:
    """Whether the live workflow is neither what was sent nor what was there before."""
    before = facts.get("before", "")
    return change.action == "update" and before != "" and change.fingerprint != before
