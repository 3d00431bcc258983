"""What each difference is about, and why it is a difference of that class. Pure.

The class of a field is said in `schemas/manifest.schema.json` (`x-class`, `x-class-removed`); what is
decided here is only what a schema cannot know: whether two scripts say the same, and which class of
several is the gravest.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast, get_args

from deployer import schema
from deployer.diff import Path, below, steps
from deployer.entities import SELF, command_at, entities_at
from deployer.fields import Field
from deployer.model import Change, FieldChange, FieldClass, NodeAction, NodeChange
from deployer.node_types import known
from deployer.sql_text import same_meaning

GRAVEST: tuple[FieldClass, ...] = (
    "destructive",
    "dependency",
    "schedule",
    "script",
    "resources",
    "policy",
    "format-only",
)
"""The classes, the one that a reviewer must see first."""

_REASONS: Mapping[FieldClass, str] = {
    "script": "what it does",
    "format-only": "told to people only, nothing runs differently",
    "schedule": "when it runs",
    "dependency": "what it waits for, or what can wait for it",
    "resources": "what it runs on",
    "policy": "how its runs are treated",
    "destructive": "the service keeps this as it was created (docs/service.md B-25)",
}
_LAYOUT = "only comments and white space of the SQL differ"
_GONE = "it goes away: what waits for it finds nothing"

_NODES: Mapping[NodeAction, tuple[FieldClass, str]] = {
    "create": ("script", "a new node"),
    "delete": ("destructive", "the node and its history go away"),
    "move": ("policy", "renamed, it keeps its id"),
}


def classified(change: Change) -> Change:
    """The change with a class and a reason on each field and node, and both in its own reason."""
    if change.action == "unchanged":
        return change
    fields = tuple(_field(each, change) for each in change.fields)
    by_node = _by_entity(fields)
    nodes = tuple(_node(each, by_node.get(each.name, [])) for each in change.nodes)
    return replace(change, fields=fields, nodes=nodes, reason=_reason(change, fields))


def class_of(path: Path, *, removed: bool = False) -> FieldClass:
    """The class of the field at a path of keys; of what no schema knows it is `policy`."""
    found, place = "", schema.workflow()
    gone = ""
    for key in path:
        inner = below(place, key)
        if inner is None:
            gone = ""
            break
        gone = inner.class_removed or (place.class_removed if place.merge_key else "")
        found, place = inner.class_here or found, inner
    said = (gone if removed else "") or found
    return cast(FieldClass, said) if said in get_args(FieldClass) else "policy"


def gravest(classes: Iterable[FieldClass]) -> FieldClass:
    """The gravest of some classes, at least one."""
    return min(classes, key=GRAVEST.index)


# --- fields ---------------------------------------------------------------------------------------


def _field(field: FieldChange, change: Change) -> FieldChange:
    path = steps(field.path)
    removed = field.after is None
    said = class_of(path, removed=removed)
    if said == "destructive" and field.before is None:  # what was not there takes nothing away
        said = class_of(path[:-1])
    reason = _GONE if said == "destructive" and removed else _REASONS[said]
    if said == "script" and _is_layout(field, path, change):
        said, reason = "format-only", _LAYOUT
    return replace(field, field_class=said, reason=reason)


def _is_layout(field: FieldChange, path: Path, change: Change) -> bool:
    """Whether two scripts of a node whose type speaks SQL say the same."""
    if not (isinstance(field.before, str) and isinstance(field.after, str)):
        return False
    node_type = known(command_at(change.after_value, path))
    if node_type is None or not node_type.dialect or not _is_text(path):
        return False
    return same_meaning(field.before, field.after, node_type.dialect)


def _is_text(path: Path) -> bool:
    place: Field | None = schema.workflow()
    for key in path:
        place = below(place, key)
    return place is not None and place.text


# --- nodes and the whole --------------------------------------------------------------------------


def _node(node: NodeChange, own: Sequence[FieldChange]) -> NodeChange:
    if node.action in _NODES:
        field_class, reason = _NODES[node.action]
        return replace(node, field_class=field_class, reason=node.reason or reason)
    if node.action != "update" or not own:
        return node
    worst = gravest(each.field_class for each in own)
    why = next(each.reason for each in own if each.field_class == worst)
    return replace(node, field_class=worst, reason=why)


def touched(change: Change) -> dict[str, FieldClass]:
    """The entities (`.` the workflow itself) that a change touches, by the gravest class of each."""
    found: dict[str, FieldClass] = {
        node.name: node.field_class or "policy"
        for node in change.nodes
        if node.action not in ("unmanaged", "kept")
    }
    own = _by_entity(change.fields).get(SELF)
    return {**found, SELF: gravest(each.field_class for each in own)} if own else found


def _by_entity(fields: Iterable[FieldChange]) -> dict[str, list[FieldChange]]:
    """Reference of an entity → the differences that are about it."""
    found: dict[str, list[FieldChange]] = {}
    for field in fields:
        for entity in entities_at(steps(field.path), field.before, field.after):
            found.setdefault(entity, []).append(field)
    return found


def _reason(change: Change, fields: Iterable[FieldChange]) -> str:
    """The reason with the number of fields of each class, the gravest first."""
    number = Counter(each.field_class for each in fields)
    if change.action != "update" or not number:
        return change.reason
    told = ", ".join(f"{number[each]} {each}" for each in GRAVEST if number[each])
    return f"{change.reason} ({told})"
