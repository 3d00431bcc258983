"""Which nodes see each other: the workflow and every container in it, and the edges inside of each."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from deployer.entities import Node, is_container
from deployer.flowspec import edges_key
from deployer.model import Pointer


class Upstream(NamedTuple):
    """A node that waits, where that is said, and what it waits for: an output, a node or an id.

    `local`: it can only be a node of the same workflow or container.
    """

    node: str
    pointer: Pointer
    wanted: str
    local: bool


@dataclass(frozen=True)
class Scope:
    """The nodes of a workflow or of one container, and the edges between them.

    `inside` is the reference of the node that holds the container, empty for the workflow itself.
    """

    inside: str
    pointer: Pointer
    holder: Node
    nodes: tuple[tuple[Pointer, Node], ...]

    @cached_property
    def edges(self) -> list[tuple[Pointer, Node]]:
        """Every entry of the list that says what these nodes wait for."""
        key = edges_key(self.holder)
        entries = self.holder.get(key) or []
        return [((*self.pointer, key, index), edge) for index, edge in enumerate(entries)]

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Name or id of a node → its name."""
        ids = {node["id"]: node["name"] for _, node in self.nodes if node.get("id")}
        return ids | {node["name"]: node["name"] for _, node in self.nodes}

    @cached_property
    def shared_names(self) -> frozenset[str]:
        """The names that more than one node has."""
        counts = Counter(node["name"] for _, node in self.nodes)
        return frozenset(name for name, count in counts.items() if count > 1)

    @cached_property
    def known(self) -> Mapping[str, str]:
        """Name, id or declared output of a node → its name; of two makers the first."""
        known: dict[str, str] = {}
        for _, node in self.nodes:
            for output in (node.get("outputs") or {}).get("nodeOutputs") or []:
                if output.get("data"):
                    known.setdefault(output["data"], node["name"])
        return {**known, **self.names}

    @cached_property
    def short_upstreams(self) -> list[Upstream]:
        """Every same-cycle entry of `dependsOn`."""
        found: list[Upstream] = []
        for pointer, node in self.nodes:
            for index, item in enumerate(node.get("dependsOn") or ()):
                long = {"node": item} if isinstance(item, str) else item
                if long.get("type", "Normal") == "Normal":
                    place = (*pointer, "dependsOn", index)
                    local = "." not in long["node"]
                    found.append(Upstream(node["name"], place, long["node"], local))
        return found

    @cached_property
    def long_upstreams(self) -> list[Upstream]:
        """Every same-cycle edge of the list of edges."""
        return list(normal_upstreams(self.edges))

    @property
    def upstreams(self) -> list[Upstream]:
        """Every same-cycle edge, however it is written."""
        return [*self.short_upstreams, *self.long_upstreams]


def scopes(workflow: Node, entities: Iterable[tuple[str, Pointer, Node]]) -> Iterator[Scope]:
    """The scope of the workflow, then those of the containers in its nodes, outer ones first."""
    entities = list(entities)
    own = tuple((pointer, node) for _, pointer, node in entities if len(pointer) == 2)
    yield Scope("", (), workflow, own)
    for reference, pointer, node in entities:
        for key, container in node.items():
            if is_container(key, container):
                place = (*pointer, key)
                yield Scope(reference, place, container, tuple(_members(container, place)))


def _members(container: Node, at: Pointer) -> Iterator[tuple[Pointer, Node]]:
    for index, node in enumerate(container.get("nodes") or []):
        yield (*at, "nodes", index), node
    if isinstance(container.get("while"), dict):
        yield (*at, "while"), container["while"]


def normal_upstreams(edges: Iterable[tuple[Pointer, Node]]) -> Iterator[Upstream]:
    """Every same-cycle edge of a list of edges."""
    for pointer, edge in edges:
        for index, upstream in enumerate(edge.get("depends") or ()):
            if (upstream.get("type") or "Normal") == "Normal":
                output = upstream.get("output")
                wanted = str(output or upstream.get("nodeId") or "")
                place = (*pointer, "depends", index)
                yield Upstream(str(edge.get("nodeId")), place, wanted, not output)
