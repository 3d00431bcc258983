"""What makes a plan one that people can review: classes, next runs, who waits, and what is dangerous.

The straight line of pure steps, and the looks at other workflows that they may need.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from deployer.asked import Asked
from deployer.classes import classified
from deployer.downstream import lost_outputs, named_outputs, with_downstream
from deployer.edges import node_names
from deployer.errors import UsageError
from deployer.likely import with_likely
from deployer.model import Change, Plan, Target, Workflow
from deployer.observe import read
from deployer.origins import orphaned
from deployer.plan import ordered
from deployer.preview import previewed
from deployer.publishing.offline import with_offline
from deployer.publishing.window import hours_of
from deployer.remote.pipeline_runs import PipelineRuns
from deployer.remote.workspace import Remote, Summary
from deployer.safety import Known, judged


@dataclass(frozen=True, slots=True)
class Reviewer:
    """What was allowed, and when it is: in seconds since the epoch, None to leave next runs out."""

    asked: Asked = field(default_factory=Asked)
    now: float | None = None


NOBODY = Reviewer()


@dataclass(frozen=True, slots=True)
class Around:
    """What there is beside the changes of a plan.

    `desired` are the workflows of the manifests that are meant, `base` what git held, `live` the listed
    workflows, `standing` what is live of those that do not change: all three by path.
    """

    target: Target
    desired: Collection[Workflow]
    base: Mapping[str, Workflow] = field(default_factory=dict)
    live: Mapping[str, Summary] = field(default_factory=dict)
    standing: Mapping[str, Workflow] = field(default_factory=dict)


async def reviewed(plan: Plan, around: Around, reviewer: Reviewer, remote: Remote) -> Plan:
    """The plan with everything that a reviewer wants to know, and with the orphans that are to go.

    Where outputs go away, all other live workflows are read, for they may wait for them.
    Raises UsageError where `--allow-delete` names no orphan.
    """
    plan = await _with_orphans(plan, around, reviewer.asked.allow_delete, remote)
    runs = PipelineRuns(remote.client, remote.project)
    plan = replace(plan, changes=ordered(await with_offline(plan.changes, runs)))
    changes = with_likely([classified(each) for each in plan.changes])
    if reviewer.now is not None:
        now = datetime.fromtimestamp(reviewer.now, UTC).astimezone(hours_of(around.target).zone)
        changes = tuple(previewed(each, now, around.target.window) for each in changes)
    plan = replace(plan, changes=changes)
    states = await _states(plan, around, remote)
    known = Known(
        managed=sum(len(node_names(each.spec)) for each in around.desired),
        protected=_protected(around),
        lost=tuple(lost_outputs(changes, states)),
        held=_held(plan, around),
    )
    plan = replace(plan, changes=with_downstream(changes, states), api_calls=remote.calls)
    return judged(plan, around.target.limits, reviewer.asked, known)


def _protected(around: Around) -> frozenset[str]:
    workflows = [*around.base.values(), *around.desired]
    latest = {each.path: each.protect for each in workflows}
    return frozenset(path for path, protect in latest.items() if protect)


def _held(plan: Plan, around: Around) -> int:
    """How many workflows there were, where no manifest is left and none is only left out."""
    if around.desired or plan.left_out:
        return 0
    if around.base or plan.orphans:
        return len(around.base) or len(plan.orphans)
    return 0 if plan.outside else len(around.live)


async def _with_orphans(plan: Plan, around: Around, named: Collection[str], remote: Remote) -> Plan:
    """The plan with a deletion of each orphan that somebody named."""
    found = []
    for path in dict.fromkeys(named):
        live = await read(around.live[path].id, remote) if path in plan.orphans else None
        if live is None:
            raise UsageError(
                f"`--allow-delete {path}` names no orphan",
                why="an orphan is live, in a folder of `scope:`, and in no manifest",
                hint="run `deployer plan`, which lists the orphans",
            )
        found.append(orphaned(path, live))
    rest = tuple(path for path in plan.orphans if path not in named)
    return replace(plan, changes=(*plan.changes, *found), orphans=rest)


async def _states(plan: Plan, around: Around, remote: Remote) -> list[Workflow]:
    """The workflows as they will be after the plan, live ones that it does not name among them.

    Those that no manifest names are read only where an output goes away: no list tells what a node
    waits for.
    """
    told = {each.address: each for each in plan.changes if each.action != "unchanged"}
    moved = {each.moved_from for each in told.values()}
    states = [_state(each) for each in told.values() if each.action != "delete"]
    stays = around.standing
    states += [stays.get(each.path, each) for each in around.desired if each.path not in told]
    before = named_outputs(_with_spec(each.address, each.before_value) for each in told.values())
    if not before or before <= named_outputs(states):
        return states
    gate = asyncio.Semaphore(around.target.connections)

    async def look(path: str, identity: str) -> Workflow | None:
        async with gate:
            live = await read(identity, remote)
        return None if live is None else _with_spec(path, live.comparable)

    known = {*told, *moved, *stays}
    rest = [each for path, each in around.live.items() if path not in known]
    found = await asyncio.gather(*(look(each.path, each.id) for each in rest))
    return [*states, *(each for each in found if each)]


def _state(change: Change) -> Workflow:
    kept = change.action == "kept"
    return _with_spec(change.address, change.before_value if kept else change.after_value)


def _with_spec(path: str, spec: Any) -> Workflow:
    return Workflow(path, path, "", spec if isinstance(spec, dict) else {})
