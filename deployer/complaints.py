"""Where in a manifest the service means: a JSONPath into the document that was sent, in the file's terms.

What is sent differs from what is written: nodes in another order, ids for names, live nodes that no
manifest names, defaults. So elements of lists are found again by what identifies them, not by index.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployer import schema
from deployer.fields import Field
from deployer.flowspec import edges_key, is_flat
from deployer.model import Pointer
from deployer.normalise import key_of

_STEP = r"""\.[A-Za-z_][A-Za-z0-9_-]*|\[(?:[0-9]{1,6}|'[^']{1,200}'|"[^"]{1,200}")\]"""
_PATH = re.compile(rf"\$(?:{_STEP})+")
_SENT = ("spec", "workflows", 0)


@dataclass(frozen=True, slots=True)
class Place:
    """The nearest place in the manifest; `beyond` names the node that is meant and is not in it."""

    pointer: Pointer
    beyond: str = ""


def json_path(text: str) -> Pointer:
    """The first JSONPath in what the service says (docs/service.md B-07), empty if there is none."""
    found = _PATH.search(text)
    return tuple(map(_step, re.findall(_STEP, found[0]))) if found else ()


def _step(text: str) -> str | int:
    if text.startswith("."):
        return text[1:]
    inner = text[1:-1]
    return int(inner) if inner.isdigit() else inner[1:-1]


def place(
    text: str, sent: Mapping[str, Any], written: Mapping[str, Any], names: Mapping[str, str]
) -> Place:
    """Where a complaint about the document `sent` lies in the one that is `written` in the file.

    `names` is the name of each node whose id was sent; where none was, its name was. Without a path
    that leads anywhere it is the workflow itself.
    """
    root: Pointer = ("spec",) if is_flat(written) else _SENT
    path = json_path(text)
    if path[: len(_SENT)] != _SENT or not sent:
        return Place(root)
    mine, theirs, rest = _at(written, root), _at(sent, _SENT), path[len(_SENT) :]
    edge = _edge(theirs, rest, text)
    found = _of_edge(edge, mine, names) if edge else _found(theirs, mine, rest, names)
    return Place((*root, *found.pointer), found.beyond)


def _edge(sent: Any, path: Pointer, text: str) -> Mapping[str, Any] | None:
    """The edge that a path leads to, or whose output the text names if it leads to all of them."""
    if path[:1] != ("dependencies",):
        return None
    edges = [each for _, each in _below(sent, path[:2])][1:] or [
        edge
        for edge in sent.get("dependencies") or []
        if any(str(item.get("output")) in text for item in edge.get("depends") or [])
    ]
    return edges[0] if edges and isinstance(edges[0], dict) else None


def _of_edge(sent: Mapping[str, Any], written: Any, names: Mapping[str, str]) -> Place:
    """The entry in the list of edges, else what the node says that it waits for, else the node."""
    entity = str(sent.get("nodeId"))
    name = names.get(entity, entity)
    key = edges_key(written)
    for index, edge in enumerate(written.get(key) or []):
        if isinstance(edge, dict) and edge.get("nodeId") in (name, entity):
            return Place((key, index))
    for index, node in enumerate(written.get("nodes") or []):
        if isinstance(node, dict) and node.get("name") == name:
            own: Pointer = ("nodes", index)
            return Place((*own, "dependsOn") if "dependsOn" in node else own)
    return Place((), name)


def _at(value: Any, pointer: Pointer) -> Any:
    for step in pointer:
        value = value[step]
    return value


def _found(sent: Any, written: Any, path: Pointer, names: Mapping[str, str]) -> Place:
    """As deep as the path leads in both."""
    pointer: Pointer = ()
    field: Field | None = schema.workflow()
    for step, below in _below(sent, path):
        index = _index(below, step, written, field, names)
        if index is None:
            return Place(pointer, _name(below))
        pointer, written = (*pointer, index), written[index]
        field = field.at((step,)) if field else None
    return Place(pointer)


def _name(element: Any) -> str:
    return str(element.get("name") or "") if isinstance(element, dict) else ""


def _below(sent: Any, path: Pointer) -> Iterator[tuple[str | int, Any]]:
    """The steps of a path as far as the document goes, each with what is there."""
    for step in path:
        inside = (
            0 <= step < len(sent)
            if isinstance(step, int) and isinstance(sent, list)
            else isinstance(sent, dict) and step in sent
        )
        if not inside:
            return
        sent = sent[step]
        yield step, sent


def _index(
    element: Any, step: str | int, written: Any, field: Field | None, names: Mapping[str, str]
) -> str | int | None:
    """The key or index at which the manifest holds the same thing; None if it does not."""
    if isinstance(written, dict):
        return step if step in written else None
    if not isinstance(written, list) or not isinstance(step, int):
        return None
    if field is None or not field.merge_key:
        return step if step < len(written) else None
    wanted = key_of(_named(element, names), field)
    return next((n for n, each in enumerate(written) if key_of(each, field) == wanted), None)


def _named(element: Any, names: Mapping[str, str]) -> Any:
    """The element as a manifest writes it: the name of a node where its id was sent."""
    if not isinstance(element, dict):
        return element
    return {
        key: names.get(value, value) if isinstance(value, str) and key != "name" else value
        for key, value in element.items()
    }
