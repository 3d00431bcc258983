"""Nodes: read them one by one, list them, and list what one waits for."""

from typing import Any

from deployer.emulator import edges, reading, rows, writing
from deployer.emulator.actions.paging import PARAMS as PAGING
from deployer.emulator.actions.paging import page
from deployer.emulator.failures import invalid, not_found
from deployer.emulator.operations import Operation, Param, Params, query
from deployer.emulator.world import World

Fields = dict[str, Any]

_KINDS_OF_SCENE = {
    "DATAWORKSPROJECT": ("CycleWorkflow", "TriggerWorkflow"),
    "DATAWORKSMANUALWORKFLOW": ("ManualWorkflow",),
    "DATAWORKSMANUALTASK": (),
}
_POLICY = {
    "InstanceMode": "instanceMode",
    "RerunInterval": "rerunInterval",
    "RerunMode": "rerunMode",
    "RerunTimes": "rerunTimes",
    "Timeout": "timeout",
}
_TRIGGER = {
    "Cron": "cron",
    "EndTime": "endTime",
    "Id": "id",
    "StartTime": "startTime",
    "Timezone": "timezone",
    "Type": "type",
}
_VARIABLE = {
    "ArtifactType": "artifactType",
    "Id": "id",
    "Name": "name",
    "Scope": "scope",
    "Type": "type",
    "Value": "value",
}


def get_node(world: World, params: Params) -> dict[str, Any]:
    """Answer GetNode: the spec of a node inside a workflow is that of the whole workflow (B-46)."""
    node_id = params["Id"]
    holder = rows.holder(world.db, node_id)
    top = rows.node(world.db, holder.node) if holder and holder.node else None
    workflow = rows.workflow(world.db, top.workflow) if top else None
    if top is None or workflow is None:
        raise not_found("Node", node_id)
    if params.get("ProjectId", workflow.project) != workflow.project:
        raise not_found("Node", node_id)
    name = top.name if top.id == node_id else _name_inside(top, node_id)
    return {
        "Node": {
            "CreateTime": top.created,
            "Id": node_id,
            "ModifyTime": top.modified,
            "Name": name,
            "Owner": top.spec.get("owner", workflow.owner),
            "ProjectId": workflow.project,
            "Spec": writing.workflow_text(world, workflow, content=True, about=node_id),
            **({} if top.task is None else {"TaskId": top.task}),
        }
    }


def list_nodes(world: World, params: Params) -> dict[str, Any]:
    """Answer ListNodes; its counters are texts."""
    asked = page(params)
    found = [entry for entry in _candidates(world, params) if _matches(entry[1], params)]
    shown = found[asked.offset : asked.offset + asked.size]
    return {
        "PagingInfo": {
            "Nodes": [_item(row, node, params["ProjectId"]) for row, node in shown],
            "PageNumber": str(asked.number),
            "PageSize": str(asked.size),
            "TotalCount": str(len(found)),
        }
    }


def list_node_dependencies(world: World, params: Params) -> dict[str, Any]:
    """Answer ListNodeDependencies: the nodes behind what a node waits for, wherever they are."""
    asked = page(params)
    holder = rows.holder(world.db, params["Id"])
    workflow = rows.workflow(world.db, holder.workflow) if holder and holder.node else None
    if workflow is None or workflow.project != params["ProjectId"]:
        raise not_found("Node", params["Id"])
    waited = [edge for edge in rows.edges(world.db, workflow.id) if edge.entity == params["Id"]]
    upstream = {edges.producer(world, workflow.project, edge.output): None for edge in waited}
    found = [entry for node_id in upstream for entry in _written(world, node_id)]
    shown = found[asked.offset : asked.offset + asked.size]
    return {
        "PagingInfo": {
            "Nodes": [_upstream(row, node, project) for row, node, project in shown],
            "PageNumber": str(asked.number),
            "PageSize": str(asked.size),
            "TotalCount": str(len(found)),
        }
    }


def kinds_of(scene: str) -> tuple[str, ...]:
    """Return the kinds of workflow of a scene, in either of its spellings; raises ApiError."""
    kinds = _KINDS_OF_SCENE.get(scene.replace("_", "").upper())
    if kinds is None:
        raise invalid("Scene")
    return kinds


def _written(world: World, node_id: str) -> list[tuple[rows.Node, Fields, int]]:
    row = rows.node(world.db, node_id)
    workflow = rows.workflow(world.db, row.workflow) if row else None
    if row is None or workflow is None:
        return []
    return [(row, writing.node_object(world, workflow, row), workflow.project)]


def _upstream(row: rows.Node, node: Fields, project: int) -> Fields:
    item = _item(row, node, project)
    resource = item.get("RuntimeResource", {})
    # This list shows the id of a resource group and not its name.
    shown = {"ResourceGroupId": resource["ResourceGroupId"]} if resource else {}
    return {**item, **({"RuntimeResource": shown} if resource else {})}


def _candidates(world: World, params: Params) -> list[tuple[rows.Node, Fields]]:
    """Return the nodes of the scene in the container, or all nodes of workflows without one."""
    kinds = kinds_of(params["Scene"]) if params.get("Scene") else None
    container = params.get("ContainerId", "")
    holder = rows.holder(world.db, container) if container else None
    if container and holder is None:
        return []
    found = []
    for workflow in _workflows(world, params["ProjectId"], holder):
        if kinds is not None and workflow.kind not in kinds:
            continue
        by_id = {node.id: node for node in rows.nodes(world.db, workflow.id)}
        for node in writing.node_objects(world, workflow):
            row = by_id[node["id"]]
            inside = _inside(node, container) if holder and holder.node else [node]
            found += [(row, item) for item in inside]
    return found


def _workflows(world: World, project: int, holder: rows.Holder | None) -> list[rows.Workflow]:
    if holder:
        one = rows.workflow(world.db, holder.workflow)
        return [one] if one and one.project == project else []
    query = "SELECT * FROM workflow WHERE project = ? ORDER BY created, id"
    return [rows.as_workflow(row) for row in world.db.execute(query, (project,))]


def _inside(node: Fields, container: str) -> list[Fields]:
    if node["id"] == container:
        return writing.children(node)
    return [found for child in writing.children(node) for found in _inside(child, container)]


def _matches(node: Fields, params: Params) -> bool:
    name, recurrence, rerun = (params.get(key) for key in ("Name", "Recurrence", "RerunMode"))
    return (
        (not name or name.lower() in node["name"].lower())
        and (not recurrence or node.get("recurrence") == recurrence)
        and (not rerun or node.get("rerunMode") == rerun)
    )


def _item(row: rows.Node, node: Fields, project: int) -> Fields:
    source, resource = node.get("datasource", {}), node.get("runtimeResource", {})
    item = {
        "CreateTime": row.created,
        "DataSource": _picked({"Name": "name", "Type": "type"}, source),
        "Description": node.get("description", ""),
        "Id": node["id"],
        "Inputs": _artifacts(node["inputs"]),
        "ModifyTime": row.modified,
        "Name": node["name"],
        "Outputs": _artifacts(node["outputs"]),
        "Owner": node["owner"],
        "ProjectId": project,
        "Recurrence": node.get("recurrence"),
        "RuntimeResource": _picked(
            {"ResourceGroup": "resourceGroup", "ResourceGroupId": "resourceGroupId"}, resource
        ),
        "Script": {
            "Id": node["script"]["id"],
            "Path": node["script"]["path"],
            "Runtime": {"Command": node["script"]["runtime"]["command"]},
        },
        "Strategy": _picked(_POLICY, node),
        "Tags": [],
        "TaskId": row.task if row.id == node["id"] else None,
        "Trigger": _picked(_TRIGGER, node.get("trigger", {})),
    }
    return {key: value for key, value in item.items() if value not in (None, {})}


def _artifacts(groups: Fields) -> Fields:
    written = {
        "NodeOutputs": [
            _picked({"Data": "data", "RefTableName": "refTableName"}, output)
            for output in groups.get("nodeOutputs", ())
        ],
        "Tables": [_picked({"Guid": "guid"}, table) for table in groups.get("tables", ())],
        "Variables": [_variable(variable) for variable in groups.get("variables", ())],
    }
    return {group: found for group, found in written.items() if found}


def _variable(variable: Fields) -> Fields:
    output = variable.get("node", {}).get("output")
    return {**_picked(_VARIABLE, variable), **({"Node": {"Output": output}} if output else {})}


def _picked(names: dict[str, str], source: Fields) -> Fields:
    return {written: source[name] for written, name in names.items() if name in source}


def _name_inside(top: rows.Node, node_id: str) -> str:
    return next(str(child["name"]) for child in reading.nested(top.spec) if child["id"] == node_id)


OPERATIONS = {
    "GetNode": Operation(
        "GET", (Param("Id", "query", required=True), query("ProjectId", "integer")), get_node
    ),
    "ListNodeDependencies": Operation(
        "GET",
        (
            Param("Id", "query", required=True),
            *PAGING,
            Param("ProjectId", "query", "integer", required=True),
        ),
        list_node_dependencies,
    ),
    "ListNodes": Operation(
        "GET",
        (
            query("ContainerId"),
            query("Name"),
            *PAGING,
            Param("ProjectId", "query", "integer", required=True),
            query("Recurrence"),
            query("RerunMode"),
            query("Scene"),
        ),
        list_nodes,
    ),
}
