"""Who is who inside a workflow object: its nodes at every depth, and the text that stands for one.

An entity is known by its reference: `.` is the workflow itself, `load` one of its nodes, `loop/body` a
node inside a container. Where a document holds an entity's id, name space holds `{{reference}}`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from functools import cache
from typing import Any, NamedTuple

from deployer import schema
from deployer.fields import Field
from deployer.model import Pointer

SELF = "."

Node = dict[str, Any]


def token(reference: str) -> str:
    """How name space writes an entity's id."""
    return f"{{{{{reference}}}}}"


def walk(
    holder: Mapping[str, Any], prefix: str = "", at: Pointer = ()
) -> Iterator[tuple[str, Pointer, Node]]:
    """Every node below a workflow object, node or container: reference, pointer from `holder`, node."""
    nesting = _nesting_keys()
    for key, value in holder.items():
        if key not in nesting:
            continue
        for pointer, node in _members(key, value, at):
            reference = f"{prefix}{node.get('name', '')}"
            yield reference, pointer, node
            yield from walk(node, f"{reference}/", pointer)
        if is_container(key, value):
            yield from walk(value, prefix, (*at, key))


def _members(key: str, value: Any, at: Pointer) -> list[tuple[Pointer, Node]]:
    if key == "nodes" and isinstance(value, list):
        return [((*at, key, i), node) for i, node in enumerate(value) if isinstance(node, dict)]
    if key == "while" and isinstance(value, dict):
        return [((*at, key), value)]
    return []


def is_container(key: str, value: Any) -> bool:
    """Whether a value of a node holds nodes of its own, as loops and sub-processes do.

    The schema says where that may be: in an open map, such as `metadata`, `nodes` is any text.
    """
    return (isinstance(value, dict) and key in _container_keys()) and (
        isinstance(value.get("nodes"), list) or isinstance(value.get("while"), dict)
    )


@cache
def _container_keys() -> frozenset[str]:
    return frozenset(
        key
        for key, field in schema.node().properties.items()
        if field.property("nodes") or field.property("while")
    )


def may_hold_nodes(key: str) -> bool:
    """Whether nodes can be found below a key of a workflow, node or container."""
    return key in _nesting_keys()


@cache
def _nesting_keys() -> frozenset[str]:
    return _container_keys() | {"nodes", "while"}


def map_nodes(holder: Node, change: Callable[[str, Node], Node], prefix: str = "") -> Node:
    """`holder` with every node below it replaced by `change(reference, node)`, outer ones first."""
    nesting = _nesting_keys()
    return {
        key: _mapped(key, value, change, prefix) if key in nesting else value
        for key, value in holder.items()
    }


def _mapped(key: str, value: Any, change: Callable[[str, Node], Node], prefix: str) -> Any:
    def member(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        reference = f"{prefix}{node.get('name', '')}"
        return map_nodes(change(reference, node), change, f"{reference}/")

    if key == "nodes" and isinstance(value, list):
        return [member(node) for node in value]
    if key == "while":
        return member(value)
    return map_nodes(value, change, prefix) if is_container(key, value) else value


class Index(NamedTuple):
    """The entities of one document: id → reference, all references, and the workflow's name."""

    ids: Mapping[str, str]
    references: Set[str]
    name: str

    def of_id(self, text: str) -> str | None:
        """`{{reference}}` if the text is an id, or `<id>:<variable>` with its tail kept."""
        if text in self.ids:
            return token(self.ids[text])
        head, colon, tail = text.partition(":")
        return f"{token(self.ids[head])}:{tail}" if colon and head in self.ids else None

    def of_entity(self, text: str, scope: str) -> str | None:
        """`{{reference}}` of an id, or of a name as seen from inside `scope`."""
        if text in self.ids:
            return token(self.ids[text])
        for reference in (f"{scope}{text}", text):
            if reference in self.references:
                return token(reference)
        return token(SELF) if text == self.name else None


def to_names(value: Any, field: Field | None, index: Index, scope: str = "", key: str = "") -> Any:
    """`value` in name space: ids become references; facts that only the service states are left out."""
    if field is None or field.nameless:
        return value
    if isinstance(value, dict):
        inner = (
            f"{scope}{value['name']}/" if key in ("nodes", "while") and "name" in value else scope
        )
        naming, own = field.naming, field.stated_by_service
        return {
            name: to_names(item, naming[name], index, inner, name) if name in naming else item
            for name, item in value.items()
            if name not in own
        }
    if isinstance(value, list):
        return [to_names(item, field.items, index, scope, key) for item in value]
    if isinstance(value, str) and field.reference:
        named = index.of_entity(value, scope) if key == "nodeId" else index.of_id(value)
        return value if named is None else named
    return value


def to_ids(value: Any, field: Field | None, ids: Mapping[str, str]) -> Any:
    """The inverse of `to_names`; a reference without an id stays as it is."""
    if isinstance(value, dict):
        return {k: to_ids(v, field.property(k) if field else None, ids) for k, v in value.items()}
    if isinstance(value, list):
        return [to_ids(item, field.items if field else None, ids) for item in value]
    if isinstance(value, str) and field is not None and field.reference:
        return _to_id(value, ids)
    return value


def _to_id(text: str, ids: Mapping[str, str]) -> str:
    """The id for `{{reference}}`, alone or before a colon; names may hold braces themselves."""
    for end in re.finditer(r"(?=\}\}(:|\Z))", text) if text.startswith("{{") else ():
        if (reference := text[2 : end.start()]) in ids:
            return ids[reference] + text[end.start() + 2 :]
    return text


# --- places in a keyed spec -----------------------------------------------------------------------


def entities_at(path: Sequence[str], *values: Any) -> tuple[str, ...]:
    """The references of the nodes of the workflow that a field is about, `.` the workflow itself.

    `values` are what the field holds, in which all nodes, or all their edges, may come and go at once.
    """
    if not path or path[0] not in ("nodes", "dependencies"):
        return (SELF,)
    if len(path) > 1:
        return (_bare(path[1]),)
    return tuple(
        dict.fromkeys(_bare(key) for value in values if isinstance(value, Mapping) for key in value)
    )


def _bare(entity: str) -> str:
    return entity[2:-2] if entity.startswith("{{") and entity.endswith("}}") else entity


def command_at(spec: Any, path: Sequence[str]) -> str:
    """The command of the script, in a keyed spec, that the field at `path` is part of; else empty."""
    for step in path[:-1]:
        spec = spec.get(step) if isinstance(spec, Mapping) else None
    runtime = spec.get("runtime") if isinstance(spec, Mapping) else None
    return str(runtime.get("command") or "") if isinstance(runtime, Mapping) else ""
