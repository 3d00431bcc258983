"""Desired × observed → plan: what to do with each workflow, why, and in which order. Pure."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from deployer import schema
from deployer.agreement import agrees
from deployer.diff import Path, changes, masked, pattern, resolve, steps
from deployer.entities import entities_at, token
from deployer.flowspec import comparable, consumed, produced, resolved, with_unmanaged
from deployer.model import (
    Change,
    FieldChange,
    NodeAction,
    NodeChange,
    Observed,
    Spec,
    Workflow,
)
from deployer.moves import Moves, moves, seen_renamed
from deployer.normalise import canonical, complete, digest, normalise

_ANEW: tuple[NodeAction, ...] = ("delete", "create")
_NODES = re.compile(r'nodes\[(?:("(?:[^"\\]|\\.)*")|([^\]]*))\]')
"""The names of nodes in the path of a field, as `deployer.diff` writes it."""


def change(desired: Workflow, live: Observed | None, dropped: Collection[str] = ()) -> Change:
    """What brings one live workflow, or none, to the desired one.

    Of the nodes that are live and in no manifest, the `dropped` ones are to be deleted. A live workflow
    at the former path of the desired one, or with former names of nodes, is moved.
    """
    return _create(desired) if live is None else _compare(desired, live, frozenset(dropped))


def unchanged(desired: Workflow, live: Workflow) -> Change | None:
    """The change of a live workflow in which surely nothing is to be done, nor to be told of its nodes.

    None where `change` has to look into it: what it says in the end may still be the same.
    """
    if desired.kind != live.kind or desired.ignored or moves(desired, live):
        return None
    wanted, extra = with_unmanaged(desired.spec, live.spec)
    if extra or not agrees(wanted, live.spec, schema.workflow(), desired.kind):
        return None
    return _unchanged(desired)


def _unchanged(desired: Workflow) -> Change:
    return Change(
        address=desired.path,
        action="unchanged",
        reason="the workspace holds what the manifest says",
        file=desired.file,
    )


def _create(desired: Workflow) -> Change:
    place = schema.workflow()
    spec = complete(desired.spec, {}, place, desired.kind)
    return Change(
        address=desired.path,
        action="create",
        reason="not in the workspace",
        file=desired.file,
        nodes=tuple(NodeChange(name, "create") for name in spec.get("nodes") or {}),
        after_value=masked(normalise(spec, place, desired.kind), place),
        desired=desired,
        after=replace(desired, spec=spec),
    )


def _compare(desired: Workflow, live: Observed, dropped: frozenset[str]) -> Change:
    place = schema.workflow()
    moved = moves(desired, live.workflow)
    there = seen_renamed(live, desired)
    spec, after, unmanaged = _completed(desired, there, dropped)
    notes = tuple(NodeChange(name, "unmanaged") for name in unmanaged)
    base = replace(_unchanged(desired), nodes=notes)
    same = desired.kind == live.workflow.kind and digest(after) == there.fingerprint
    if same and not moved:
        return base
    before = there.comparable
    fields = tuple(_with_file(each, desired) for each in changes(before, after, place))
    return replace(
        base,
        action="move" if moved.path else "update",
        reason=_reason(fields, moved),
        fields=fields,
        nodes=(*_node_changes(before, after, moved, fields), *_deleted(before, after), *notes),
        moved_from=moved.path,
        refused=_refusal(desired, live),
        before_value=masked(before, place),
        after_value=masked(after, place),
        desired=desired,
        before=live,
        after=replace(desired, spec=spec),
    )


def _reason(fields: Sequence[FieldChange], moved: Moves) -> str:
    told = [f"moved from `{moved.path}`"] if moved.path else []
    names = [f"node `{old}` is now `{new}`" for old, new in moved.nodes.items()]
    number = len(fields)
    differ = [f"{number} {'field differs' if number == 1 else 'fields differ'}"] if fields else []
    return "; ".join([*told, *names, *differ])


def sides(desired: Workflow, live: Observed) -> tuple[Spec, Spec]:
    """Live and desired as they are compared, live-only nodes counting as missing in the desired one."""
    every = frozenset(live.workflow.spec.get("nodes") or {})
    return live.comparable, _completed(desired, live, every)[1]


def _completed(
    desired: Workflow, live: Observed, dropped: frozenset[str]
) -> tuple[Spec, Spec, list[str]]:
    """The whole workflow to send, its comparable form, and the live-only nodes that are left in it."""
    wanted, extra = with_unmanaged(desired.spec, live.workflow.spec)
    unmanaged = [name for name in extra if name not in dropped]
    wanted = _without(wanted, dropped.intersection(extra))
    there = _matched(live, extra)
    if desired.ignored:
        wanted = _with_ignored(wanted, there, pattern(desired.ignored), ())
    spec = complete(wanted, there, schema.workflow(), desired.kind)
    return spec, comparable(replace(desired, spec=spec), live.identifier), unmanaged


def _without(spec: Spec, names: frozenset[str]) -> Spec:
    """A spec without these nodes and what they wait for."""
    gone = {*names, *map(token, names)}
    return {
        key: {k: v for k, v in value.items() if k not in gone}
        if names and key in ("nodes", "dependencies")
        else value
        for key, value in spec.items()
    }


def _matched(live: Observed, unmanaged: Iterable[str]) -> Spec:
    """The live spec as the manifest's names meet it; what is unmanaged stays as it was read (U-30)."""
    raw = live.workflow.spec
    found = resolved(raw, live.identifier)
    if found is raw:
        return raw
    nodes, edges = (dict(found.get(key) or {}) for key in ("nodes", "dependencies"))
    for name in unmanaged:
        nodes[name] = raw["nodes"][name]
        if token(name) in edges:
            edges[token(name)] = raw["dependencies"][token(name)]
    return {**found, "nodes": nodes, **({"dependencies": edges} if edges else {})}


def freed(change: Change) -> list[str]:
    """The entities that wait for something now and for nothing afterwards."""
    if change.before is None or change.after is None:
        return []
    specs = (change.before.workflow.spec, change.after.spec)
    old, new = (spec.get("dependencies") or {} for spec in specs)
    return [entity for entity in old if entity not in new and entity.startswith("{{")]


def moved_unmanaged(change: Change, live: Observed) -> list[str]:
    """Nodes that no manifest names, which the import should have left alone (U-01)."""
    if change.before is None:
        return []
    old, new = (each.comparable.get("nodes") or {} for each in (change.before, live))
    unmanaged = [node.name for node in change.nodes if node.action in ("kept", "unmanaged")]
    return [name for name in unmanaged if canonical(old.get(name)) != canonical(new.get(name))]


def _with_file(field: FieldChange, desired: Workflow) -> FieldChange:
    """A change of a script with the name of the script file, if it is in one."""
    if not field.path.endswith(".script.content"):
        return field
    names = [name or json.loads(quoted) for quoted, name in _NODES.findall(field.path)]
    return replace(field, file=desired.scripts.get("/".join(names), ""))


# --- ignored fields -------------------------------------------------------------------------------


def _with_ignored(
    desired: Mapping[str, Any], live: Mapping[str, Any], ignored: re.Pattern[str], at: Path
) -> dict[str, Any]:
    """`desired` with the live value, or none, wherever the path of a field is ignored."""
    result = dict(desired)
    for key in {**desired, **live}:
        old, new = live.get(key), desired.get(key)
        if ignored.fullmatch(resolve((*at, key), schema.workflow())[0]):
            result = {**{k: v for k, v in result.items() if k != key}, **_only(key, live)}
        elif isinstance(old, dict) and (isinstance(new, dict) or _may_be_added(key, desired, at)):
            inner = _with_ignored(new or {}, old, ignored, (*at, key))
            if inner or isinstance(new, dict):
                result[key] = inner
    return result


def _only(key: str, holder: Mapping[str, Any]) -> dict[str, Any]:
    return {key: holder[key]} if key in holder else {}


def _may_be_added(key: str, desired: Mapping[str, Any], at: Path) -> bool:
    """Whether an object may come back for the ignored fields in it; a removed list element may not."""
    _, place = resolve(at, schema.workflow())
    return key not in desired and not (place and place.merge_key)


# --- nodes and refusals ---------------------------------------------------------------------------


def _node_changes(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    moved: Moves,
    fields: Iterable[FieldChange],
) -> list[NodeChange]:
    """Nodes that are new or renamed, or differ in themselves or in what they wait for."""
    old, new = before.get("nodes") or {}, after.get("nodes") or {}
    former = {now: name for name, now in moved.nodes.items()}
    anew = _replaced(fields)
    result = []
    for name, node in new.items():
        if name in anew:
            result += [NodeChange(name, action, reason=anew[name]) for action in _ANEW]
            former.pop(name, None)
        elif name in former:
            result.append(NodeChange(name, "move", moved_from=former.pop(name)))
        elif name not in old:
            result.append(NodeChange(name, "create"))
        elif canonical([old[name], _edges(before, name)]) != canonical([node, _edges(after, name)]):
            result.append(NodeChange(name, "update"))
    return result + [NodeChange(name, "move", moved_from=was) for name, was in former.items()]


def _replaced(fields: Iterable[FieldChange]) -> dict[str, str]:
    """The nodes in which something differs that no import can change, and what that is (B-25)."""
    return {
        entities_at(steps(field.path))[0]: f"{field.path}: {field.before} -> {field.after}"
        for field in fields
        if field.immutable and field.before is not None and field.after is not None
    }


def _deleted(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[NodeChange]:
    gone = [name for name in before.get("nodes") or {} if name not in (after.get("nodes") or {})]
    return [NodeChange(name, "delete") for name in gone]


def _edges(spec: Mapping[str, Any], name: str) -> Any:
    return (spec.get("dependencies") or {}).get(token(name))


def _refusal(desired: Workflow, live: Observed) -> str:
    """Why the service would not take this change; empty if nothing is known against it."""
    if desired.kind != live.workflow.kind:
        return (
            f"the kind of an existing workflow cannot change: it is {live.workflow.kind}, "
            f"the manifest says {desired.kind} (docs/service.md B-25)"
        )
    return ""


# --- order ----------------------------------------------------------------------------------------


def ordered(found: Sequence[Change]) -> tuple[Change, ...]:
    """The changes with `waits_for` filled in, each after those it waits for, else by address.

    Only what manifests ask for counts: unmanaged nodes are live already, and no rule has seen them.
    """
    waiting = upstreams(change.desired for change in found if change.desired is not None)
    waiting = {change.address: waiting.get(change.address, set()) for change in found}
    _add_removals(waiting, found)
    by_address = {change.address: change for change in found}
    return tuple(
        replace(by_address[address], waits_for=tuple(sorted(waiting[address])))
        for address in sorted_by_wait(waiting)
    )


def _add_removals(waiting: dict[str, set[str]], found: Sequence[Change]) -> None:
    """Adds that a workflow goes after those that waited for it, and before one that takes its place.

    The first also holds for one that has to leave production for a while.

    Nothing leaves production while somebody waits for it (docs/service.md B-51), and no two may make the
    same output (B-35). What would make a circle is left out: workflows may wait for each other's nodes.
    """
    for gone in (each for each in found if each.action == "delete" or each.offline):
        outputs = produced(gone.before.comparable) if gone.before else set()
        for other in found:
            if other.address == gone.address:
                continue
            before = other.before.comparable if other.before else {}
            if outputs & consumed(before):
                _wait(waiting, gone.address, other.address)
            elif (
                gone.action == "delete"
                and other.after
                and outputs & produced(other.after.spec) - produced(before)
            ):
                _wait(waiting, other.address, gone.address)


def _wait(waiting: dict[str, set[str]], later: str, first: str) -> None:
    reached, front = {first}, [first]
    while front:
        new = waiting.get(front.pop(), set()) - reached
        reached |= new
        front += new
    if later not in reached:
        waiting[later].add(first)


def upstreams(found: Iterable[Workflow]) -> dict[str, set[str]]:
    """Path of each workflow → the paths of those among them that make what it waits for."""
    workflows = list(found)
    makers = {output: each.path for each in workflows for output in produced(each.spec)}
    return {
        each.path: {makers[output] for output in consumed(each.spec) if output in makers}
        - {each.path}
        for each in workflows
    }


def sorted_by_wait(waiting: Mapping[str, set[str]]) -> list[str]:
    """Addresses such that each comes after those it waits for; validation has refused cycles."""
    from graphlib import TopologicalSorter

    sorter = TopologicalSorter({address: sorted(waiting[address]) for address in sorted(waiting)})
    sorter.prepare()
    result: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        result += ready
        sorter.done(*ready)
    return result
