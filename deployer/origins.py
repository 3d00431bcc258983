"""Who moved what since git's base: this change, somebody in the workspace, or both. Pure.

Three sides of one workflow are compared: base, live and desired. Where live is as the base was, the
manifest moved; where desired is, the workspace did (drift); else both did (conflict). What the base held
and git holds no more is gone: kept where it runs, unless it is to be pruned. What git never held is
nobody's business here.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from deployer import schema
from deployer.diff import masked, resolve, steps
from deployer.edges import node_names
from deployer.entities import SELF
from deployer.model import (
    Change,
    Danger,
    FieldChange,
    NodeChange,
    Observed,
    Origin,
    Spec,
    Workflow,
)
from deployer.moves import renamed, seen_renamed
from deployer.normalise import canonical
from deployer.plan import sides

DRIFT = "drift"
"""The code of the danger that tells of a workflow which is gone from the workspace."""

FOREIGN = "unmanaged"
"""The code of the danger that tells of nodes which git never held, in a workflow that is deleted."""

_WORDS: Mapping[Origin, str] = {
    "change": "of this change",
    "drift": "edited in the workspace",
    "conflict": "of both",
}


# --- what differs ---------------------------------------------------------------------------------


def traced(change: Change, base: Workflow | None, since: str = "the base") -> Change:
    """The change with the origin of every difference; `base` is the workflow as git held it `since`.

    None means that git did not hold it then: whatever differs is of this change.
    """
    if base is None:
        return change
    if change.action == "create":
        return _vanished(change, since)
    nodes = tuple(_node(each, base, since) for each in change.nodes)
    if change.desired is None or change.before is None:
        return _with_kept(replace(change, nodes=nodes), since)
    old = renamed(base, change.desired)
    nodes = tuple(_created(each, old, since) for each in nodes)
    live = seen_renamed(change.before, change.desired)
    here, then = sides(replace(old, ignored=change.desired.ignored), live)
    now = sides(change.desired, live)[1]
    fields = tuple(_traced(each, then, here, now) for each in change.fields)
    return replace(change, nodes=nodes, fields=fields, reason=_reason(change, fields, since))


def _traced(field: FieldChange, base: Spec, live: Spec, desired: Spec) -> FieldChange:
    path = steps(field.path)
    then, here, now = (_at(spec, path) for spec in (base, live, desired))
    origin: Origin = "conflict"
    if canonical(then) == canonical(here):
        origin = "change"
    elif canonical(then) == canonical(now):
        origin = "drift"
    return replace(field, origin=origin, base=masked(then, resolve(path, schema.workflow())[1]))


def _at(spec: Any, path: Iterable[str]) -> Any:
    """The value at a path; None where there is none."""
    for step in path:
        spec = spec.get(step) if isinstance(spec, dict) else None
    return spec


def _reason(change: Change, fields: Iterable[FieldChange], since: str) -> str:
    origins = [field.origin for field in fields]
    if not set(origins) - {"change"}:
        return change.reason
    told = [
        f"{origins.count(origin)} {words}" for origin, words in _WORDS.items() if origin in origins
    ]
    return f"{change.reason}, since {since}: {', '.join(told)}"


def _vanished(change: Change, since: str) -> Change:
    """A workflow that git held and that is not in the workspace: somebody deleted it, or never made it."""
    reason = f"not in the workspace, though git held it at {since}"
    message = (
        f"git held it at {since}, and it is not in the workspace any more; apply makes it anew"
    )
    danger = Danger(DRIFT, message, address=change.address)
    return replace(change, reason=reason, dangers=(*change.dangers, danger))


# --- nodes ----------------------------------------------------------------------------------------


def _node(node: NodeChange, base: Workflow, since: str) -> NodeChange:
    """A live node in no manifest: gone from git, or never there."""
    if node.action == "delete":
        return replace(node, reason=f"gone from git since {since}")
    if node.action == "unmanaged" and node.name in node_names(base.spec):
        reason = f"gone from git since {since}; it keeps running, `--prune` deletes it"
        return replace(node, action="kept", reason=reason)
    return node


def _created(node: NodeChange, base: Workflow, since: str) -> NodeChange:
    if node.action == "create" and node.name in node_names(base.spec):
        return replace(node, reason=f"not in the workspace, though git held it at {since}")
    return node


def _with_kept(change: Change, since: str) -> Change:
    """A workflow in which nothing is to be written, and in which something is gone from git."""
    kept = [node.name for node in change.nodes if node.action == "kept"]
    if not kept:
        return change
    names = ", ".join(f"`{name}`" for name in kept)
    return replace(change, action="kept", reason=f"gone from git since {since}: node {names}")


def dropped(base: Workflow | None, desired: Workflow, live: Observed | None) -> frozenset[str]:
    """The live nodes that git held at the base and holds no more."""
    if base is None or live is None:
        return frozenset()
    gone = set(node_names(renamed(base, desired).spec)) - set(node_names(desired.spec))
    return frozenset(gone & set(node_names(seen_renamed(live, desired).workflow.spec)))


# --- workflows ------------------------------------------------------------------------------------


def gone(
    base: Mapping[str, Workflow], desired: Iterable[Workflow], live: Collection[str]
) -> list[Workflow]:
    """The workflows that git held at the base, holds no more, and that are live; none that moved."""
    workflows = list(desired)
    named = {each.path for each in workflows}
    moved = {each.moved_from for each in workflows if each.moved_from and each.path not in live}
    return [
        each for path, each in sorted(base.items()) if path in live and path not in named | moved
    ]


def removed(base: Workflow, live: Observed, since: str, *, prune: bool) -> Change:
    """What becomes of a live workflow that is gone from git: deleted by `--prune`, else kept."""
    action: Literal["delete", "kept"] = "delete" if prune else "kept"
    reason = f"gone from git since {since}"
    place = schema.workflow()
    return Change(
        address=base.path,
        action=action,
        reason=reason if prune else f"{reason}; it keeps running, `--prune` deletes it",
        file=base.file,
        nodes=tuple(NodeChange(name, action, reason=reason) for name in node_names(base.spec)),
        dangers=_foreign(base, live) if prune else (),
        before_value=masked(live.comparable, place),
        before=live,
    )


def _foreign(base: Workflow, live: Observed) -> tuple[Danger, ...]:
    """What git never held and what goes with a workflow all the same."""
    held = node_names(base.spec)
    names = [f"`{name}`" for name in node_names(live.comparable) if name not in held]
    if not names:
        return ()
    message = f"node {', '.join(names)}: in no manifest at the base, deleted with its workflow"
    return (Danger(FOREIGN, message, address=base.path),)


def orphaned(path: str, live: Observed) -> Change:
    """The deletion of a live workflow that no manifest ever named, because somebody named it."""
    reason = "in no manifest; named by `--allow-delete`"
    return Change(
        address=path,
        action="delete",
        reason=reason,
        nodes=tuple(
            NodeChange(name, "delete", reason=reason) for name in node_names(live.comparable)
        ),
        before_value=masked(live.comparable, schema.workflow()),
        before=live,
        object_id=live.ids[SELF],
        fingerprint=live.fingerprint,
    )


def base_of(desired: Workflow, base: Mapping[str, Workflow]) -> Workflow | None:
    """The workflow as git held it at the base, under its path or its former one."""
    return base.get(desired.path) or base.get(desired.moved_from)


# --- drift ----------------------------------------------------------------------------------------


def drifted(changes: Iterable[Change]) -> dict[str, int]:
    """Path → how many differences somebody in the workspace made; a workflow that is gone is one."""
    counts = {
        change.address: sum(field.origin != "change" for field in change.fields)
        + sum(danger.code == DRIFT for danger in change.dangers)
        for change in changes
    }
    return {path: count for path, count in counts.items() if count}
