"""A live workflow → the manifest that a person would have written for it: `desired`, the other way round.

What may be left out is said in the schema; what a name or an edge means, in `desired`. The document
is plain data with its scripts inside; how it is laid out in files is up to `deployer.authoring.layout`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from deployer import schema
from deployer.authoring.edges import with_edges
from deployer.entities import SELF, Node, token
from deployer.fields import MISSING, Field
from deployer.flowspec import WIRE_VERSION, resolved
from deployer.model import Observed, Spec, Target
from deployer.normalise import (
    ORDER,
    canonical,
    computed_elements,
    is_empty,
    key_of,
    normalise,
    unkeyed,
)

_NOTHING: Any = object()
_FIRST = ("name", "description", "dependsOn", "path", "language", "runtime", "file", "content")
"""Keys that people write first; the others follow in the order of the schema."""


def authored(live: Observed, target: Target) -> dict[str, Any]:
    """The manifest document of a live workflow for a target, with every name as the target spells it."""
    kind, path = live.workflow.kind, live.workflow.path
    spec = without_noise(resolved(live.workflow.spec, live.identifier), kind)
    body: Node = unkeyed(spec, schema.workflow())
    body["script"] = {**(body.get("script") or {}), "path": path}
    identifier = target.project_identifier
    nodes = [_node(node, path, "", identifier) for node in body.get("nodes") or []]
    if nodes:
        body["nodes"] = nodes
    body, own = with_edges(body, identifier)
    flow = {"flow": own} if own else {}
    workflow = _in_order(body, schema.workflow())
    return {
        "version": WIRE_VERSION,
        "kind": kind,
        "spec": {"workflows": [workflow], **flow},
    }


def _node(node: Node, folder: str, prefix: str, identifier: str) -> Node:
    """A node without the path that follows from its name, and its outputs as a manifest says them."""
    reference = f"{prefix}{node.get('name', '')}"
    script = dict(node.get("script") or {})
    if script.get("path") == f"{folder}/{reference}":
        del script["path"]
    result = {**node, "script": script} if script else dict(node)
    for key, value in node.items():
        if isinstance(value, dict) and ("nodes" in value or "while" in value):
            result[key] = _container(value, folder, f"{reference}/", identifier)
    return result if prefix else _with_outputs(result, identifier)


def _container(container: Node, folder: str, prefix: str, identifier: str) -> Node:
    result = dict(container)
    if container.get("nodes"):
        result["nodes"] = [_node(each, folder, prefix, identifier) for each in container["nodes"]]
    if container.get("while"):
        result["while"] = _node(container["while"], folder, prefix, identifier)
    return result


def _with_outputs(node: Node, identifier: str) -> Node:
    """No outputs mean the one that follows from the name, so none at all has to be said."""
    outputs = node.get("outputs") or {}
    declared = outputs.get("nodeOutputs") or []
    rest = {key: value for key, value in outputs.items() if key != "nodeOutputs"}
    if identifier and declared == [{"data": f"{identifier}.{node.get('name')}"}]:
        bare = {key: value for key, value in node.items() if key != "outputs"}
        return {**bare, "outputs": rest} if rest else bare
    return {**node, "outputs": {**rest, "nodeOutputs": declared}}


# --- noise ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _At:
    """Where a value stands: the kind and the object of the workflow, the reference of its node."""

    kind: str
    workflow: Mapping[str, Any]
    own: str = SELF

    def below(self, name: str) -> "_At":
        """Inside the node of that name."""
        return replace(self, own=name if self.own == SELF else f"{self.own}/{name}")


def without_noise(spec: Spec, kind: str) -> Spec:
    """A keyed spec without what a manifest leaves open: defaults, empties, and the service's own facts."""
    found: Spec = _said(spec, schema.workflow(), _At(kind, spec))
    return found


def _said(value: Any, field: Field | None, at: _At) -> Any:
    if field is None:
        return value
    if isinstance(value, dict):
        return _entries(value, field, at) if field.merge_key else _object(value, field, at)
    if isinstance(value, list):
        return [_said(item, field.items, at) for item in value]
    return field.aliases.get(value, value) if isinstance(value, str) else value


def _object(value: Mapping[str, Any], field: Field, at: _At) -> dict[str, Any]:
    result = {}
    for key, item in value.items():
        place = field.property(key)
        if place is None:
            if field.open and not is_empty(item):
                result[key] = item
        elif (said := _member(key, item, place, at)) is not _NOTHING:
            result[key] = said
        elif key in field.required and item is not None:
            result[key] = _said(item, place, at)
    return result


def _member(key: str, item: Any, place: Field, at: _At) -> Any:
    """The value of a known key as a manifest says it, or nothing."""
    comparable = normalise(item, place, at.kind)
    if place.read_only or is_empty(comparable):
        return _NOTHING
    default = place.default_in(at.kind)
    if default is not MISSING and canonical(normalise(default, place, at.kind)) == canonical(
        comparable
    ):
        return _NOTHING
    inside = at.below(item["name"]) if key == "while" and item.get("name") else at
    said = _said(item, place, inside)
    unmanaged = place.computed_in(at.kind)
    return _NOTHING if said == {} or (unmanaged and _is_noise(key, item, said, place, at)) else said


def _is_noise(key: str, item: Any, said: Any, place: Field, at: _At) -> bool:
    """Whether an unmanaged value is one that nobody writes by hand."""
    if place.sensitive or place.noise is True:
        return True
    if not isinstance(place.noise, bool) and canonical(said) in map(canonical, place.noise):
        return True
    if place.noise_when == "inherited":
        above = _said(at.workflow.get(key), place, at)
        return canonical(above) == canonical(said)
    return place.noise_when == "own" and _entities(item) == {token(at.own)}


def _entities(value: Any) -> set[str]:
    """The entities that a value names, alone or before a colon."""
    if isinstance(value, dict):
        return set().union(*map(_entities, value.values()))
    if not isinstance(value, str) or not value.startswith("{{"):
        return set()
    return {value if value.endswith("}}") else value.rpartition(":")[0]}


def _entries(value: Mapping[str, Any], field: Field, at: _At) -> dict[str, Any]:
    """A keyed list without the elements that the service made by itself."""
    made = computed_elements(value, field)
    result: dict[str, Any] = {}
    for key, item in value.items():
        if key not in made and key != ORDER:
            inside = at.below(key) if field.items is schema.node() else at
            result[key] = _entry(item, field, inside)
    if ORDER in value and result:
        result[ORDER] = [key for key in value[ORDER] if key in result]
    return result


def _entry(item: Any, field: Field, at: _At) -> Any:
    """An element of a keyed list that is still known by what identifies it."""
    said = _said(item, field.items, at)
    if not isinstance(said, dict) or key_of(said, field) == key_of(item, field):
        return said
    needed = {path[0] for choice in field.merge_key for path in choice}
    items = field.items
    back = {
        key: _said(item[key], items.property(key) if items else None, at)
        for key in item
        if key in needed and key not in said
    }
    return {**said, **back}


# --- order ----------------------------------------------------------------------------------------


def _in_order(value: Any, field: Field | None) -> Any:
    """`value` with its keys in the order in which people write them."""
    if field is None:
        return value
    if isinstance(value, list):
        return [_in_order(item, field.items) for item in value]
    if not isinstance(value, dict):
        return value
    known = [*_FIRST, *field.properties] if field.properties else list(value)
    keys = [key for key in dict.fromkeys([*known, *value]) if key in value]
    return {key: _in_order(value[key], field.property(key)) for key in keys}
