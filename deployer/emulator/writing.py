"""How the service writes FlowSpec: assembles a document anew from the objects it holds.

What comes back is not what was sent: facts of the server are added, and lists whose order means
nothing come in an order of their own (docs/service.md B-40..B-47).
"""

import json
from collections import defaultdict
from collections.abc import Container, Sequence
from datetime import UTC, datetime
from typing import Any

from deployer.emulator import rows, stages
from deployer.emulator.fields import BLOCKS
from deployer.emulator.sources import derived
from deployer.emulator.world import ACCOUNT, PLACEHOLDER, TENANT, World, project_identifier

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


CORRECTED = {"flink": "flink_serverless"}
"""Types of data sources that a read shows corrected (docs/service.md B-45, U-11)."""


def workflow_text(world: World, workflow: rows.Workflow, *, content: bool, about: str = "") -> str:
    """Return the FlowSpec text of a workflow; `about` is the entity that was asked for."""
    nodes = rows.nodes(world.db, workflow.id)
    spec = _spec(world, workflow, nodes)
    document = {
        "version": "1.1.0",
        "kind": workflow.kind,
        "spec": spec if content else _without_content(spec),
        "metadata": _envelope_metadata(workflow, about or workflow.id, nodes),
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    if world.switches.placeholder == "resolved_on_read":
        return text.replace(PLACEHOLDER, project_identifier(world, workflow.project))
    return text


def workflow_object(world: World, workflow: rows.Workflow) -> Fields:
    """Return a workflow as it stands in its document, without nodes and dependencies."""
    identity = (workflow.id, workflow.name, workflow.path, workflow.owner)
    written = _entity(world, workflow, workflow.spec, *identity)
    own = workflow.spec.get("metadata", {})
    written["metadata"] = {**own, **_metadata(world, workflow, workflow.owner)}
    return written


def node_objects(world: World, workflow: rows.Workflow) -> list[Fields]:
    """Return the nodes of a workflow as they stand in its document."""
    return [node_object(world, workflow, node) for node in rows.nodes(world.db, workflow.id)]


def node_object(world: World, workflow: rows.Workflow, node: rows.Node) -> Fields:
    """Return a node as it stands in its workflow's document."""
    spec = {key: value for key, value in node.spec.items() if key != "variableDepends"}
    owner = str(spec.get("owner", workflow.owner))
    written = _entity(world, workflow, spec, node.id, node.name, node.path, owner)
    written["metadata"] = {
        **spec.get("metadata", {}),
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


def _spec(world: World, workflow: rows.Workflow, nodes: Sequence[rows.Node]) -> Fields:
    edges = _dependencies(world, workflow)
    own = edges.pop(workflow.id, None)
    variables = {
        node.id: node.spec["variableDepends"] for node in nodes if "variableDepends" in node.spec
    }
    dependencies = [
        {
            "nodeId": entity,
            "depends": edges.get(entity, []),
            **({"variableDepends": variables[entity]} if entity in variables else {}),
        }
        for entity in sorted({*edges, *variables})
    ]
    body = workflow_object(world, workflow)
    body["nodes"] = []
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
    # They come by id and are in order themselves: most of a document need not be walked twice.
    ordered["workflows"][0]["nodes"] = [node_object(world, workflow, node) for node in nodes]
    return ordered


def _block(world: World, workflow: rows.Workflow, block: Fields, node: rows.Node) -> Fields:
    def inner(child: Fields, folder: str) -> Fields:
        path = child["script"].get("path") or f"{folder}/{child['name']}"
        owner = str(child.get("owner", workflow.owner))
        written = _entity(world, workflow, child, child["id"], child["name"], path, owner)
        facts = {**_metadata(world, workflow, owner), "createTime": _moment(node.created)}
        written["metadata"] = {**child.get("metadata", {}), **facts}
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


def _entity(
    world: World,
    workflow: rows.Workflow,
    spec: Fields,
    entity_id: str,
    name: str,
    path: str,
    owner: str,
) -> Fields:
    defaults = _default_outputs(world, workflow, entity_id, name)
    written = {
        **spec,
        "id": entity_id,
        "name": name,
        "owner": owner,
        "script": script(entity_id, path, spec),
        "inputs": _filled(spec.get("inputs", {})),
        "outputs": _outputs(_filled(spec.get("outputs", {})), defaults, entity_id, name),
    }
    if "trigger" in spec:
        written["trigger"] = {**spec["trigger"], "id": derived("trigger", entity_id)}
    if "runtimeResource" in spec:
        written["runtimeResource"] = _resource(spec["runtimeResource"])
    if world.switches.datasource_correction == "on" and "datasource" in spec:
        sent = spec["datasource"].get("type")
        found = {"type": CORRECTED[sent]} if sent in CORRECTED else {}
        written["datasource"] = {**spec["datasource"], **found}
    return written


def _filled(artifacts: Fields) -> Fields:
    return {group: list(found) for group, found in artifacts.items() if found}


def _default_outputs(
    world: World, workflow: rows.Workflow, entity_id: str, name: str
) -> tuple[str, ...]:
    if world.switches.default_output == "id":
        return (entity_id,)
    by_name = f"{project_identifier(world, workflow.project)}.{name}"
    return (by_name,) if world.switches.default_output == "project_name" else (entity_id, by_name)


def _outputs(groups: Fields, defaults: Sequence[str], entity_id: str, name: str) -> Fields:
    # An element with the entity's own id is the default output itself (B-43).
    declared = {
        output["data"]: {
            "refTableName": name,
            "isDefault": False,
            **output,
            **_marked(output, defaults),
        }
        for output in groups.get("nodeOutputs", ())
        if output["data"] != entity_id
    }
    own = [
        {
            "data": data,
            "artifactType": "NodeOutput",
            "sourceType": "System",
            "refTableName": name,
            "isDefault": True,
        }
        for data in defaults
        if data not in declared
    ]
    return {**groups, "nodeOutputs": [*own, *declared.values()]}


def _marked(output: Fields, defaults: Container[str]) -> Fields:
    return {"isDefault": True} if output["data"] in defaults else {}


def _resource(sent: Fields) -> Fields:
    group = str(sent.get("resourceGroup", ""))
    number = int(derived("resource group", group)) % 90_000_000 + 10_000_000
    return {"resourceGroupId": str(number), **sent, "id": derived("runtime resource", group)}


def _dependencies(world: World, workflow: rows.Workflow) -> dict[str, list[Fields]]:
    identifier = project_identifier(world, workflow.project)
    names = rows.producers(world.db, workflow.id, PLACEHOLDER, identifier)
    found: dict[str, list[Fields]] = defaultdict(list)
    for edge in rows.edges(world.db, workflow.id):
        known = {"refTableName": names[edge.output]} if edge.output in names else {}
        facts = {"sourceType": "Manual", **known, **edge.body}
        found[edge.entity].append({"type": edge.type, "output": edge.output, **facts})
    return found


def _metadata(world: World, workflow: rows.Workflow, owner: str) -> Fields:
    identifier = project_identifier(world, workflow.project)
    mode = stages.mode_of(world, workflow.project)
    return {
        "owner": owner,
        "ownerName": "owner" if owner == ACCOUNT else f"account_{owner}",
        "tenantId": TENANT,
        "project": {
            "mode": mode.upper(),
            "simple": mode == "simple",
            "tenantId": TENANT,
            "projectIdentifier": identifier,
            "projectName": identifier,
            "projectId": str(workflow.project),
        },
        "projectId": str(workflow.project),
    }


def _envelope_metadata(workflow: rows.Workflow, about: str, nodes: Sequence[rows.Node]) -> Fields:
    return {
        "tenantId": TENANT,
        "projectId": str(workflow.project),
        "uuid": about,
        "gmtModified": workflow.modified,
        "innerVersion": {node.id: node.revision for node in nodes},
    }


def _ordered(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        # Most members are scalars; a call for each was a quarter of the time of a read.
        return {
            name: _ordered(item, name) if isinstance(item, dict | list) else item
            for name, item in value.items()
        }
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
