"""Edges of a live workflow as a manifest says them: `dependsOn` where that says the same.

Names stand for the entities of name space: `dependsOn: [load]`, `nodeId: load`.
"""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from deployer import schema
from deployer.desired import output_meant
from deployer.entities import SELF, Node, is_container, token

Edges = list[Node]


def with_edges(workflow: Node, identifier: str) -> tuple[Node, Edges]:
    """The workflow object with its edges at its nodes, and the edges of the workflow itself."""
    nodes = [_with_inner_edges(node, "") for node in workflow.get("nodes") or []]
    names = {node["name"]: output_meant(node, identifier) for node in nodes}
    edges = workflow.get("dependencies") or []
    own = [edge for edge in edges if edge.get("nodeId") == token(SELF)]
    short, long = _split([edge for edge in edges if edge not in own], _Outer(names, identifier))
    result = {key: value for key, value in workflow.items() if key not in ("dependencies", "flow")}
    if nodes:
        result["nodes"] = _sorted([_waiting(node, short.get(node["name"])) for node in nodes])
    if long:
        result["dependencies"] = [_named(edge, names, "") for edge in long]
    holder = {str(workflow.get("name")): ""}
    return result, [_named(edge, {**names, **holder}, "", workflow) for edge in own]


class _Outer:
    """What `dependsOn` can say of the workflow's own nodes."""

    prefix = ""

    def __init__(self, outputs: Mapping[str, str], identifier: str) -> None:
        self.names = outputs
        self._by_output: dict[str, str] = {
            output: name for name, output in reversed([*outputs.items()])
        }
        self._root = f"{identifier}_root" if identifier else ""

    def upstream(self, output: str) -> str:
        """The item that means an output; empty if none does."""
        if output in self._by_output:
            return self._by_output[output]
        if output.startswith("{{") or output in self.names:
            return ""
        return output if "." in output or output == self._root else ""


class _Inner:
    """What `dependsOn` can say of nodes inside a container, which are told by name."""

    def __init__(self, names: list[str], prefix: str) -> None:
        self.names = dict.fromkeys(names, "")
        self.prefix = prefix

    def upstream(self, output: str) -> str:
        """The item that means an output; empty if none does."""
        for name in self.names:
            if output == token(f"{self.prefix}{name}"):
                return name
        return "" if output.startswith("{{") or output in self.names else output


def _split(edges: Edges, meant: _Outer | _Inner) -> tuple[dict[str, list[Any]], Edges]:
    """Name → what its `dependsOn` lists; and the edges that it cannot say."""
    entities = {token(f"{meant.prefix}{name}"): name for name in meant.names}
    short: dict[str, list[Any]] = {}
    long: Edges = []
    for edge in edges:
        name, rest = entities.get(str(edge.get("nodeId"))), []
        for upstream in edge.get("depends") or []:
            item = _item(upstream, meant) if name is not None else None
            if item is None or name is None:
                rest.append(upstream)
            else:
                short.setdefault(name, []).append(item)
        others = {key: value for key, value in edge.items() if key != "depends"}
        if rest or set(others) > {"nodeId"}:
            long.append({**others, **({"depends": rest} if rest else {})})
    return short, long


def _item(upstream: Any, meant: _Outer | _Inner) -> Any:
    """One item of `dependsOn`; None for an upstream of which there is more, or other, to say."""
    if not isinstance(upstream, dict) or not set(upstream) <= {"output", "type"}:
        return None
    name = meant.upstream(str(upstream.get("output") or ""))
    if not name:
        return None
    return {"node": name, "type": upstream["type"]} if "type" in upstream else name


def _waiting(node: Node, items: list[Any] | None) -> Node:
    return {**node, "dependsOn": items} if items else node


# --- containers -----------------------------------------------------------------------------------


def _with_inner_edges(node: Node, prefix: str) -> Node:
    inner = f"{prefix}{node.get('name', '')}/"
    return {
        key: _container(key, value, inner) if is_container(key, value) else value
        for key, value in node.items()
    }


def _container(key: str, container: Node, prefix: str) -> Node:
    nodes = [_with_inner_edges(each, prefix) for each in container.get("nodes") or []]
    end = container.get("while")
    names = [node["name"] for node in [*nodes, *([end] if end else [])]]
    place = schema.node().property(key)
    loop = place is not None and place.property("dependencies") is None
    where = "flow" if loop else "dependencies"
    short, long = _split(container.get(where) or [], _Inner(names, prefix))
    result = {k: v for k, v in container.items() if k != where}
    if nodes:
        result["nodes"] = _sorted([_waiting(node, short.get(node["name"])) for node in nodes])
    if end:
        result["while"] = _waiting(_with_inner_edges(end, prefix), short.get(end["name"]))
    if long:
        result[where] = [_named(edge, dict.fromkeys(names, ""), prefix) for edge in long]
    return result


# --- names ----------------------------------------------------------------------------------------


def _named(
    edge: Node, names: Mapping[str, str], prefix: str, workflow: Mapping[str, Any] | None = None
) -> Node:
    """An edge in which entities are told by the names that they have in their container."""
    entities = {token(f"{prefix}{name}"): name for name in names}
    if workflow is not None:
        entities[token(SELF)] = str(workflow.get("name"))
    result = {**edge, "nodeId": entities.get(edge.get("nodeId", ""), edge.get("nodeId"))}
    if "depends" in edge:
        result["depends"] = [_upstream(each, entities) for each in edge["depends"]]
    return result


def _upstream(upstream: Any, entities: Mapping[str, str]) -> Any:
    output = str(upstream.get("output")) if isinstance(upstream, dict) else ""
    if output not in entities:
        return upstream
    rest = {key: value for key, value in upstream.items() if key != "output"}
    return {**rest, "nodeId": entities[output]}


def _sorted(nodes: list[Node]) -> list[Node]:
    """The nodes with each after those that it waits for, otherwise as they were."""
    places = {node["name"]: number for number, node in enumerate(nodes)}
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for number, node in enumerate(nodes):
        wanted = [item for item in node.get("dependsOn") or [] if isinstance(item, str)]
        sorter.add(number, *(places[each] for each in wanted if each in places))
    try:
        sorter.prepare()
    except CycleError:
        return nodes
    order: list[int] = []
    ready: list[int] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        order.append(ready.pop(0))
        sorter.done(order[-1])
    return [nodes[number] for number in order]
