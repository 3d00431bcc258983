"""How the service reads a FlowSpec document: the text of a call → the objects it describes.

Unknown fields and nulls are dropped, types are checked; what the objects then mean to the workspace
(ids, conflicts, references) is `importing`'s business.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.emulator import failures, fields
from deployer.emulator.failures import ApiError, SpecError
from deployer.emulator.switches import Switches

Place = tuple[str | int, ...]
Fields = dict[str, Any]

_WORKFLOW: Place = ("spec", "workflows", 0)
_NODE: Place = ("spec", "nodes", 0)
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class NodeDraft:
    """A node as sent: identity apart from its other fields."""

    id: str
    name: str
    path: str
    fields: Fields
    at: Place


@dataclass(frozen=True, slots=True)
class Draft:
    """A workflow as sent; `edges` are the `dependency` objects of the workflow and its nodes."""

    kind: str
    id: str
    name: str
    path: str
    fields: Fields
    nodes: tuple[NodeDraft, ...] = ()
    edges: tuple[Fields, ...] = field(default=())


def parse(text: str) -> Fields:
    """Return the JSON object of a `Spec` parameter; raises ApiError for anything else."""
    try:
        document = json.loads(text, parse_constant=_no_constant)
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
        _check_depth(document)
    except (ValueError, RecursionError) as err:
        raise ApiError(400, failures.PARSE_ERROR, "Spec JSON parse failed") from err
    if not isinstance(document, dict):
        raise ApiError(400, failures.PARSE_ERROR, "Spec JSON parse failed: not an object")
    return document


def workflow_id(document: Mapping[str, Any]) -> str:
    """Return the id that a document gives its workflow, empty when it gives none; never fails."""
    spec = document.get("spec")
    spec = spec if isinstance(spec, dict) else {}
    workflows = spec.get("workflows")
    first = workflows[0] if isinstance(workflows, list) and workflows else {}
    found = first.get("id") if isinstance(first, dict) else None
    found = spec.get("id") if found in (None, "") else found
    return str(found) if isinstance(found, str | int) else ""


def read(document: Fields, switches: Switches, *, partial: bool = False) -> Draft:
    """Return what a document describes; `partial` demands no field. Raises SpecError."""
    kind, spec = _envelope(document, fields.KINDS)
    place, source = _first_workflow(kind, spec)
    cleaner = _cleaner(switches)
    body: Fields = cleaner.clean(source, "workflow", place)
    nodes = body.pop("nodes", [])
    own = cleaner.clean(
        spec.get("flow") or spec.get("dependencies") or [], ("dependency",), ("spec", "flow")
    )
    inner = body.pop("dependencies", []) or body.get("flow", [])
    body.pop("flow", None)
    if not partial:
        _demand(body, place)
    for number, node in enumerate(nodes):
        _demand(node, (*place, "nodes", number))
    return Draft(
        kind=kind,
        id=body.pop("id", "") or str(spec.get("id") or ""),
        name=body.pop("name", ""),
        path=_path(body),
        fields=body,
        nodes=tuple(_node(node, (*place, "nodes", number)) for number, node in enumerate(nodes)),
        edges=(*own, *inner),
    )


def read_node(
    document: Fields, switches: Switches, *, partial: bool = False
) -> tuple[NodeDraft, tuple[Fields, ...]]:
    """Return the first node of a document of kind Node and all its `dependency` objects.

    `partial` demands no field. Raises SpecError.
    """
    if str(document.get("kind")).lower() != "node":
        raise SpecError(failures.INVALID, "spec kind and request not match", ("kind",))
    _, spec = _envelope(document, ("Node",))
    nodes = spec.get("nodes")
    if not isinstance(nodes, list) or not nodes:
        raise SpecError(failures.PARSE_ERROR, "Spec JSON parse failed: no node", _NODE[:-1])
    cleaner = _cleaner(switches)
    body: Fields = cleaner.clean(nodes[0], "node", _NODE)
    sent = spec.get("flow") or spec.get("dependencies") or []
    edges = cleaner.clean(sent, ("dependency",), ("spec", "dependencies"))
    if not partial:
        _demand(body, _NODE)
    return _node(body, _NODE), tuple(edges)


def nested(node: Fields) -> Iterator[Fields]:
    """Yield the nodes inside the control blocks of a node, to any depth."""
    for block in (node[key] for key in fields.BLOCKS if key in node):
        inner = [*block.get("nodes", ()), *([block["while"]] if "while" in block else [])]
        for child in inner:
            yield child
            yield from nested(child)


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Keeps of a value what its shape knows.

    `unknown` says what becomes of other fields (U-31), `metadata` whether an author's own keys in
    there are kept (U-21).
    """

    unknown: str
    metadata: bool

    def clean(self, value: Any, shape: fields.Shape, at: Place) -> Any:
        """Return the value as its shape wants it; raises SpecError for a value of another type."""
        if isinstance(shape, tuple):
            return self._list(value, shape[0], at)
        if isinstance(shape, fields.Enum):
            return _enum(value, shape, at)
        if shape in _SCALARS:
            return _SCALARS[shape](value, at)
        return self._object(value, shape, at)

    def _list(self, value: Any, shape: str, at: Place) -> list[Any]:
        if not isinstance(value, list):
            raise _mistyped("a list", at)
        return [
            self.clean(item, shape, (*at, number))
            for number, item in enumerate(value)
            if item is not None
        ]

    def _object(self, value: Any, shape: str, at: Place) -> Fields:
        if not isinstance(value, dict):
            raise _mistyped("an object", at)
        known = fields.OBJECTS[shape]
        kept = {
            key: self._member(item, known.get(key), (*at, key))
            for key, item in value.items()
            if item is not None and known.get(key) != fields.IGNORED and self._keeps(key, known, at)
        }
        if self.metadata and known.get("metadata") == fields.IGNORED:
            kept.update(_own_metadata(value.get("metadata")))
        demanded = fields.DEMANDED.get(shape)
        if demanded and not kept.get(demanded):
            raise SpecError(failures.INVALID, f"{demanded} is empty", (*at, demanded))
        filled = fields.FILLED.get(shape)
        return {filled[0]: filled[1], **kept} if filled else kept

    def _member(self, value: Any, shape: fields.Shape | None, at: Place) -> Any:
        return value if shape is None else self.clean(value, shape, at)

    def _keeps(self, key: str, known: Mapping[str, fields.Shape], at: Place) -> bool:
        if key in known or self.unknown == "keep":
            return True
        if self.unknown == "reject":
            raise SpecError(failures.UNKNOWN_FIELD, f"field not found: {key}", at)
        return False


def _cleaner(switches: Switches) -> Cleaner:
    return Cleaner(switches.unknown_fields, switches.preserve_metadata == "yes")


def _own_metadata(sent: Any) -> Fields:
    own = (
        {key: value for key, value in sent.items() if key not in fields.FACTS}
        if isinstance(sent, dict)
        else {}
    )
    return {"metadata": own} if own else {}


def _envelope(document: Fields, kinds: Iterable[str]) -> tuple[str, Fields]:
    kind, spec = document.get("kind"), document.get("spec")
    if not isinstance(document.get("version"), str):
        raise SpecError(failures.PARSE_ERROR, "Spec JSON parse failed: no version", ("version",))
    matches = [known for known in kinds if known.lower() == str(kind).lower()]
    if not matches:
        raise SpecError(
            failures.UNKNOWN_ENUM, f"Enum not found. Enum: SpecKind Value:{kind}", ("kind",)
        )
    if not isinstance(spec, dict):
        raise _mistyped("an object", ("spec",))
    return matches[0], spec


def _first_workflow(kind: str, spec: Fields) -> tuple[Place, Any]:
    workflows = spec.get("workflows")
    if workflows is None and kind == "ManualWorkflow":
        return ("spec",), _flat(spec)
    if not isinstance(workflows, list) or not workflows:
        raise SpecError(
            failures.PARSE_ERROR, "Spec JSON parse failed: no workflow", ("spec", "workflows")
        )
    return _WORKFLOW, workflows[0]


def _flat(spec: Fields) -> Fields:
    # Older exports of manual workflows hold their nodes directly; only those show the folder.
    name, nodes = spec.get("name"), spec.get("nodes")
    script: Any = {"path": name, "runtime": {"command": "WORKFLOW"}}
    if isinstance(nodes, list) and nodes and isinstance(nodes[0], dict):
        sent = nodes[0].get("script")
        path = sent.get("path") if isinstance(sent, dict) else None
        script["path"] = str(path).rpartition("/")[0] or name
    if spec.get("variables"):
        script["parameters"] = spec["variables"]
    kept = ("id", "name", "owner", "description", "strategy", "nodes")
    return {"script": script, **{key: spec[key] for key in kept if key in spec}}


def _demand(entity: Fields, at: Place) -> None:
    name = entity.get("name")
    script = entity.get("script", {})
    if not name:
        raise SpecError(failures.PARSE_ERROR, "name is empty", (*at, "name"))
    if not script.get("path"):
        raise SpecError(failures.PARSE_ERROR, "script.path is empty", (*at, "script", "path"))
    if not script.get("runtime", {}).get("command"):
        raise SpecError(
            failures.PARSE_ERROR,
            "script.runtime.command is empty",
            (*at, "script", "runtime", "command"),
        )
    if script["path"].rstrip("/").rpartition("/")[2] != name:
        raise SpecError(
            failures.INVALID, "Script path must end with node name", (*at, "script", "path")
        )


def _node(entity: Fields, at: Place) -> NodeDraft:
    sent = dict(entity)
    for child in nested(sent):
        if not child.get("name") or not child.get("script", {}).get("runtime", {}).get("command"):
            raise SpecError(failures.PARSE_ERROR, "an inner node has no name or command", at)
    path = _path(sent)
    for child in nested(sent):
        # Below its container is where an inner node lies unless it says otherwise.
        own = _path(child)
        elsewhere = "/" in own and not own.startswith(f"{path}/")
        child["script"]["path"] = own if elsewhere else ""
    return NodeDraft(sent.pop("id", ""), sent.pop("name", ""), path, sent, at)


def _path(entity: Fields) -> str:
    # The path is a fact of the row, not of its JSON: moving a folder must not rewrite every node.
    script = entity.get("script", {})
    entity["script"] = {key: value for key, value in script.items() if key != "path"}
    return str(script.get("path", "")).strip("/")


def _text(value: Any, at: Place) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _mistyped("a text", at)
    return str(value)


def _number(value: Any, at: Place) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _mistyped("a whole number", at)
    return value


def _flag(value: Any, at: Place) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise _mistyped("a boolean", at)
    return value


def _enum(value: Any, shape: fields.Enum, at: Place) -> str:
    if value not in shape.values:
        raise SpecError(
            failures.UNKNOWN_ENUM, f"Enum not found. Enum: {shape.name} Value:{value}", at
        )
    return str(value)


def _any(value: Any, at: Place) -> Any:
    del at
    return value


def _mistyped(wanted: str, at: Place) -> SpecError:
    return SpecError(failures.FIELD_ERROR, f"field set failed: not {wanted}", at)


def _check_depth(document: Any) -> None:
    # What is stored is walked by recursion later: too deep a document could never be read again.
    level = [document]
    for _ in range(_DEEPEST):
        holders = [item for item in level if isinstance(item, dict | list)]
        level = [child for item in holders for child in _children(item)]
        if not level:
            return
    raise ValueError(f"nested more than {_DEEPEST} levels")


def _children(holder: Fields | list[Any]) -> Iterable[Any]:
    return holder.values() if isinstance(holder, dict) else holder


def _no_constant(text: str) -> None:
    raise ValueError(text)


_SCALARS: Mapping[str, Callable[[Any, Place], Any]] = {
    fields.TEXT: _text,
    fields.NUMBER: _number,
    fields.FLAG: _flag,
    fields.ANY: _any,
}
