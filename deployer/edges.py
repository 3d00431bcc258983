"""Who makes which output and who waits for it, read from a spec in name space. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployer.entities import SELF, token


@dataclass(frozen=True, slots=True)
class Wait:
    """An entity (`.` the workflow, else a node) waits for an output, perhaps of an earlier cycle."""

    entity: str
    output: str
    earlier: bool


def node_names(spec: Any) -> list[str]:
    """The nodes of the workflow itself, in their order; nodes inside loops are part of the loop."""
    return [name for name, _ in _items(spec, "nodes")]


def makers(spec: Any) -> dict[str, str]:
    """Output → the entity that makes it; `{{name}}` stands for the own output of an entity."""
    found = {token(name): name for name in (SELF, *node_names(spec))}
    for name, holder in [(SELF, spec), *_items(spec, "nodes")]:
        for _, output in _items(holder.get("outputs") if holder else None, "nodeOutputs"):
            found[str(output.get("data") or "")] = name
    return found


def waits(spec: Any) -> Iterator[Wait]:
    """Every dependency of the workflow and of its nodes."""
    for entity, edge in _items(spec, "dependencies"):
        for _, upstream in _items(edge, "depends"):
            if upstream.get("output"):
                earlier = upstream.get("type", "Normal") != "Normal"
                yield Wait(_reference(entity), str(upstream["output"]), earlier)


def _items(holder: Any, key: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The elements of a keyed list that are objects, by their keys."""
    # A dict first: whether something else is a mapping takes ten times as long to tell.
    value = holder.get(key) if isinstance(holder, dict | Mapping) else None
    items = value.items() if isinstance(value, dict) else ()
    return [(name, item) for name, item in items if isinstance(item, dict)]


def _reference(entity: str) -> str:
    return entity[2:-2] if entity.startswith("{{") and entity.endswith("}}") else entity
