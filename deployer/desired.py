"""Manifest → the workflow it asks for on a target: overrides, `dependsOn`, and what may be left out."""

from collections.abc import Mapping
from typing import Any

from deployer import schema
from deployer.entities import SELF, Node, is_container, map_nodes, token, walk
from deployer.flowspec import edges_key, is_flat, lift, nested
from deployer.model import Manifest, Pointer, Target, Workflow
from deployer.normalise import keyed, merged, unkeyed

MANIFEST_ONLY = ("dependsOn", "deployer")


def from_manifest(manifest: Manifest, target: Target) -> Workflow:
    """The desired workflow of a manifest that passed the schema and `deployer.rules`."""
    document = nested(manifest.document)
    body = document["spec"]
    workflow = _overridden(body["workflows"][0], target)
    path = workflow["script"]["path"]
    workflow = _with_edges(workflow, target.project_identifier)
    workflow = _with_outputs(workflow, target.project_identifier)
    workflow = map_nodes(workflow, lambda reference, node: _with_path(node, f"{path}/{reference}"))
    said = document.get("deployer") or {}
    spec, ids = lift({**document, "spec": {**body, "workflows": [workflow]}})
    return Workflow(
        path=path,
        name=workflow["name"],
        kind=document["kind"],
        spec=spec,
        file=manifest.file,
        pasted_id=ids.get(SELF, ""),
        scripts=_script_files(manifest),
        ignored=tuple(said.get("ignore") or ()),
        publish=said.get("publish"),
        protect=said.get("protect") is True,
        moved_from=said.get("movedFrom", ""),
        moved_nodes=_former_names(body["workflows"][0]),
    )


def workflow_object(manifest: Manifest, target: Target) -> Node:
    """The workflow object of a manifest as the target sees it, as written; for rules."""
    workflow: Node = nested(manifest.document)["spec"]["workflows"][0]
    return _overridden(workflow, target)


def _overridden(workflow: Node, target: Target) -> Node:
    patch = target.overrides.get((workflow.get("script") or {}).get("path", ""))
    if patch is None:
        return workflow
    field = schema.workflow()
    result: Node = unkeyed(merged(keyed(workflow, field), keyed(patch, field), field), field)
    return result


def _former_names(workflow: Node) -> dict[str, str]:
    """Reference of a node → the name that it had before, where the manifest says so."""
    names = {
        reference: (node.get("deployer") or {}).get("movedFrom")
        for reference, _, node in walk(workflow)
    }
    return {reference: name for reference, name in names.items() if name}


def _script_files(manifest: Manifest) -> dict[str, str]:
    """Reference of a node → the file that its script came from."""
    body = manifest.document["spec"]
    prefix: Pointer = ("spec",)
    if not is_flat(manifest.document):
        body, prefix = body["workflows"][0], ("spec", "workflows", 0)
    files = {
        reference: manifest.scripts.get((*prefix, *pointer, "script", "content"), "")
        for reference, pointer, _ in walk(body)
    }
    return {reference: file for reference, file in files.items() if file}


# --- outputs --------------------------------------------------------------------------------------


def default_output(name: str, project_identifier: str) -> str:
    """The output of a node that declares none."""
    return f"{project_identifier}.{name}"


def first_output(node: Mapping[str, Any], project_identifier: str) -> str:
    """The output that a bare node name in `dependsOn` means."""
    declared = (node.get("outputs") or {}).get("nodeOutputs") or []
    named = [output["data"] for output in declared if output.get("data")]
    return named[0] if named else default_output(node["name"], project_identifier)


def output_meant(node: Mapping[str, Any], project_identifier: str) -> str:
    """What a bare node name in `dependsOn` waits for: the first named output, else the node's own.

    Every object has an output named by its id, which only the service knows (docs/service.md B-43).
    """
    if leaves_output_open(node) or has_named_output(node):
        return first_output(node, project_identifier)
    return token(str(node["name"]))


def has_named_output(node: Mapping[str, Any]) -> bool:
    """Whether a node declares an output by name."""
    declared = (node.get("outputs") or {}).get("nodeOutputs") or []
    return any(output.get("data") for output in declared)


def leaves_output_open(node: Mapping[str, Any]) -> bool:
    """Whether a node gets the default output: an empty list, or null, says that it has none."""
    outputs = node.get("outputs", {})
    return outputs is not None and "nodeOutputs" not in outputs


def _with_outputs(workflow: Node, project_identifier: str) -> Node:
    """Every node of the workflow itself declares an output; nodes inside loops keep the service's."""
    if not workflow.get("nodes"):
        return workflow
    return {**workflow, "nodes": [_with_output(n, project_identifier) for n in workflow["nodes"]]}


def _with_output(node: Node, project_identifier: str) -> Node:
    if not leaves_output_open(node):
        return node
    declared = [{"data": default_output(node["name"], project_identifier)}]
    return {**node, "outputs": {**node.get("outputs", {}), "nodeOutputs": declared}}


def _with_path(node: Node, full: str) -> Node:
    """A node with the full path of its script; a bare name counts as left out."""
    script = node.get("script") or {}
    path = script.get("path") or ""
    return {**node, "script": {**script, "path": path if "/" in path else full}}


# --- dependsOn ------------------------------------------------------------------------------------


def _with_edges(workflow: Node, project_identifier: str) -> Node:
    """`dependsOn` of each node as an edge: of the workflow, or of the container that the node is in."""
    nodes = workflow.get("nodes") or []
    outputs = {node["name"]: output_meant(node, project_identifier) for node in nodes}
    edges = [
        {"nodeId": node["name"], "depends": [_upstream(item, outputs) for item in wanted or []]}
        for node, wanted in _wanting(nodes)
    ]
    if edges:
        given = workflow.get(edges_key(workflow)) or []
        workflow = {**workflow, "dependencies": [*given, *edges]}
    return map_nodes(workflow, _with_inner_edges)


def _wanting(nodes: list[Node]) -> list[tuple[Node, Any]]:
    return [(node, node["dependsOn"]) for node in nodes if "dependsOn" in node]


def _upstream(item: Any, outputs: Mapping[str, str]) -> Node:
    long = {"node": item} if isinstance(item, str) else item
    kind = {"type": long["type"]} if "type" in long else {}
    return {**kind, "output": outputs.get(long["node"], long["node"])}


def _with_inner_edges(_: str, node: Node) -> Node:
    result = {key: value for key, value in node.items() if key not in MANIFEST_ONLY}
    for key, value in result.items():
        if is_container(key, value):
            result[key] = _container_edges(key, value)
    return result


def _container_edges(key: str, container: Node) -> Node:
    """Inside a container an upstream is told by node: outputs there have no names of their own."""
    end = container.get("while")
    nodes = [*(container.get("nodes") or []), *([end] if isinstance(end, dict) else [])]
    siblings = {node["name"] for node in nodes}
    edges = [
        {
            "nodeId": node["name"],
            "depends": [_inner_upstream(item, siblings) for item in wanted or []],
        }
        for node, wanted in _wanting(nodes)
    ]
    place = schema.node().property(key)
    loop = place is not None and place.property("dependencies") is None
    edge_list = "flow" if loop else edges_key(container)
    return (
        {**container, edge_list: [*(container.get(edge_list) or []), *edges]}
        if edges
        else container
    )


def _inner_upstream(item: Any, siblings: set[str]) -> Node:
    upstream = _upstream(item, {})
    if upstream["output"] not in siblings:
        return upstream
    return {**{k: v for k, v in upstream.items() if k != "output"}, "nodeId": upstream["output"]}
