"""How the service writes FlowSpec: assembles a document anew from the objects it holds.

What comes back is not what was sent: facts of the server are added, and lists whose order means
nothing come in an order of their own (docs/service.md B-40..B-47).
"""

import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from deployer.emulator import rows
from deployer.emulator.fields import BLOCKS
from deployer.emulator.sources import derived
from deployer.emulator.world import ACCOUNT, TENANT, World, project_identifier

Fields = dict[str, Any]

_ORDERED_BY = {
    "nodes": ("id",),
    "nodeOutputs": ("data",),
    "variables": ("name", "inputName", "id"),
    "parameters": ("name",),
    "tables": ("guid",),
    "dependencies": ("nodeId",),
    "flow": ("nodeId",),
    "depends": ("output", "type"),
    "variableDepends": ("variableName",),
    "fileResources": ("name",),
    "functions": ("name",),
    "datasets": ("mountPath", "identifier"),
    "env": ("name",),
}
"""Lists whose order means nothing, and the fields by which the service happens to order them."""


def workflow_text(world: World, workflow: rows.Workflow, *, content: bool, about: str = "") -> str:
    """Return the FlowSpec text of a workflow; `about` is the entity that was asked for."""
    spec = _spec(world, workflow)
    document = {
        "version": "1.1.0",
        "kind": workflow.kind,
        "spec": spec if content else _without_content(spec),
        "metadata": _envelope_metadata(world, workflow, about or workflow.id),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def node_objects(world: World, workflow: rows.Workflow) -> list[Fields]:
    """Return the nodes of a workflow as they stand in its document."""
    return [node_object(world, workflow, node) for node in rows.nodes(world.db, workflow.id)]


def node_object(world: World, workflow: rows.Workflow, node: rows.Node) -> Fields:
    """Return a node as it stands in its workflow's document."""
    spec = {key: value for key, value in node.spec.items() if key != "variableDepends"}
    owner = str(spec.get("owner", workflow.owner))
    written = _entity(spec, node.id, node.name, node.path, owner)
    written["metadata"] = {
        **_metadata(world, workflow, owner),
        "container": {"type": "Flow", "uuid": workflow.id},
        "createTime": _moment(node.created),
    }
    for key in (key for key in BLOCKS if key in written):
        written[key] = _block(world, workflow, written[key], node)
    ordered: Fields = _ordered(written)
    return ordered


def children(node: Fields) -> list[Fields]:
    """Return the nodes directly inside the control blocks of a written node."""
    found: list[Fields] = []
    for block in (node[key] for key in BLOCKS if key in node):
        found += [*block.get("nodes", ()), *([block["while"]] if "while" in block else [])]
    return found


def script(entity_id: str, path: str, spec: Fields) -> Fields:
    """Return the script of a workflow or node as it is written."""
    return {**spec.get("script", {}), "path": path, "id": derived("script", entity_id)}


def _spec(world: World, workflow: rows.Workflow) -> Fields:
    edges = _dependencies(world, workflow.id)
    own = edges.pop(workflow.id, None)
    variables = {
        node.id: node.spec["variableDepends"]
        for node in rows.nodes(world.db, workflow.id)
        if "variableDepends" in node.spec
    }
    dependencies = [
        {
            "nodeId": entity,
            "depends": edges.get(entity, []),
            **({"variableDepends": variables[entity]} if entity in variables else {}),
        }
        for entity in sorted({*edges, *variables})
    ]
    body = _entity(workflow.spec, workflow.id, workflow.name, workflow.path, workflow.owner)
    body["metadata"] = _metadata(world, workflow, workflow.owner)
    body["nodes"] = node_objects(world, workflow)
    body["dependencies"] = dependencies
    spec = {
        "name": workflow.name,
        "id": workflow.id,
        "type": workflow.kind,
        "owner": workflow.owner,
        "workflows": [body],
    }
    if own:
        spec["flow"] = [{"nodeId": workflow.id, "depends": own}]
    ordered: Fields = _ordered(spec)
    return ordered


def _block(world: World, workflow: rows.Workflow, block: Fields, node: rows.Node) -> Fields:
    def inner(child: Fields, folder: str) -> Fields:
        path = child["script"].get("path") or f"{folder}/{child['name']}"
        owner = str(child.get("owner", workflow.owner))
        written = _entity(child, child["id"], child["name"], path, owner)
        facts = _metadata(world, workflow, owner)
        written["metadata"] = {**facts, "createTime": _moment(node.created)}
        return {**written, **blocks(written, path)}

    def blocks(holder: Fields, folder: str) -> Fields:
        return {key: one(holder[key], folder) for key in BLOCKS if key in holder}

    def one(found: Fields, folder: str) -> Fields:
        written = dict(found)
        if "nodes" in found:
            written["nodes"] = [inner(child, folder) for child in found["nodes"]]
        if "while" in found:
            written["while"] = inner(found["while"], folder)
        return written

    return one(block, node.path)


def _entity(spec: Fields, entity_id: str, name: str, path: str, owner: str) -> Fields:
    written = {
        **spec,
        "id": entity_id,
        "name": name,
        "owner": owner,
        "script": script(entity_id, path, spec),
        "inputs": _filled(spec.get("inputs", {})),
        "outputs": _outputs(_filled(spec.get("outputs", {})), entity_id, name),
    }
    if "trigger" in spec:
        written["trigger"] = {**spec["trigger"], "id": derived("trigger", entity_id)}
    if "runtimeResource" in spec:
        written["runtimeResource"] = _resource(spec["runtimeResource"])
    return written


def _filled(artifacts: Fields) -> Fields:
    return {group: list(found) for group, found in artifacts.items() if found}


def _outputs(groups: Fields, entity_id: str, name: str) -> Fields:
    # An element with the entity's own id is the default output itself (B-43).
    default = {
        "data": entity_id,
        "artifactType": "NodeOutput",
        "sourceType": "System",
        "refTableName": name,
        "isDefault": True,
    }
    declared = {
        output["data"]: {"refTableName": name, "isDefault": False, **output}
        for output in groups.get("nodeOutputs", ())
        if output["data"] != entity_id
    }
    return {**groups, "nodeOutputs": [default, *declared.values()]}


def _resource(sent: Fields) -> Fields:
    group = str(sent.get("resourceGroup", ""))
    number = int(derived("resource group", group)) % 90_000_000 + 10_000_000
    return {"resourceGroupId": str(number), **sent, "id": derived("runtime resource", group)}


def _dependencies(world: World, workflow_id: str) -> dict[str, list[Fields]]:
    names = rows.producers(world.db, workflow_id)
    found: dict[str, list[Fields]] = defaultdict(list)
    for edge in rows.edges(world.db, workflow_id):
        known = {"refTableName": names[edge.output]} if edge.output in names else {}
        facts = {"sourceType": "Manual", **known, **edge.body}
        found[edge.entity].append({"type": edge.type, "output": edge.output, **facts})
    return found


def _metadata(world: World, workflow: rows.Workflow, owner: str) -> Fields:
    identifier = project_identifier(world, workflow.project)
    return {
        "owner": owner,
        "ownerName": "owner" if owner == ACCOUNT else f"account_{owner}",
        "tenantId": TENANT,
        "project": {
            "mode": "SIMPLE",
            "simple": True,
            "tenantId": TENANT,
            "projectIdentifier": identifier,
            "projectName": identifier,
            "projectId": str(workflow.project),
        },
        "projectId": str(workflow.project),
    }


def _envelope_metadata(world: World, workflow: rows.Workflow, about: str) -> Fields:
    return {
        "tenantId": TENANT,
        "projectId": str(workflow.project),
        "uuid": about,
        "gmtModified": workflow.modified,
        "innerVersion": {node.id: node.revision for node in rows.nodes(world.db, workflow.id)},
    }


def _ordered(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _ordered(item, name) for name, item in value.items()}
    if not isinstance(value, list):
        return value
    items = [_ordered(item) for item in value]
    order = _ORDERED_BY.get(key)
    if order is None or not all(isinstance(item, dict) for item in items):
        return items
    return sorted(items, key=lambda item: [str(item.get(name, "")) for name in order])


def _without_content(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_content(item) for item in value]
    if not isinstance(value, dict):
        return value
    written = {key: _without_content(item) for key, item in value.items()}
    if isinstance(written.get("script"), dict):
        written["script"] = {k: v for k, v in written["script"].items() if k != "content"}
    return written


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
