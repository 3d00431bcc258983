"""Workflow definitions: create, read, change and delete the workflow itself."""

from dataclasses import replace
from typing import Any

from deployer.emulator import importing, lag, rows, writing
from deployer.emulator.actions.jobs import spec_of
from deployer.emulator.actions.paging import PARAMS as PAGING
from deployer.emulator.actions.paging import page
from deployer.emulator.failures import ApiError, SpecError, deployed, invalid, not_found
from deployer.emulator.fields import KINDS
from deployer.emulator.operations import Operation, Param, Params, form, query
from deployer.emulator.world import World


def create_workflow_definition(world: World, params: Params) -> dict[str, Any]:
    """Answer CreateWorkflowDefinition: the empty workflow; nodes in the spec are ignored."""
    document = spec_of(world, params)
    try:
        return {"Id": importing.create(world, params["ProjectId"], document)}
    except SpecError as err:
        raise err.refused() from err


def update_workflow_definition(world: World, params: Params) -> dict[str, Any]:
    """Answer UpdateWorkflowDefinition: only the fields that the spec's workflow names change."""
    before = _found(world, params)
    document = spec_of(world, params)
    try:
        importing.update(world, before, document)
    except SpecError as err:
        raise err.refused() from err
    return {"Success": True}


def get_workflow_definition(world: World, params: Params) -> dict[str, Any]:
    """Answer GetWorkflowDefinition; script content only on request."""
    workflow = _found(world, params)
    content = params.get("IncludeScriptContent", False)
    return {
        "WorkflowDefinition": {
            "CreateTime": workflow.created,
            "Id": workflow.id,
            "ModifyTime": workflow.modified,
            "Name": workflow.name,
            "Owner": workflow.owner,
            "ProjectId": workflow.project,
            "Spec": writing.workflow_text(world, workflow, content=content),
            **({} if workflow.task is None else {"WorkflowId": workflow.task}),
        }
    }


def list_workflow_definitions(world: World, params: Params) -> dict[str, Any]:
    """Answer ListWorkflowDefinitions: one kind at a time, the name is a fuzzy match."""
    asked = page(params)
    kinds = _listed(world, params.get("Type") or "CycleWorkflow")
    conditions = ["project = :project", "kind IN (SELECT value FROM json_each(:kinds))"]
    if params.get("Name"):
        conditions.append("instr(lower(name), lower(:name))")
    if params.get("Owner"):
        conditions.append("owner = :owner")
    source = f"FROM workflow WHERE {' AND '.join(conditions)}"
    bound = {
        "project": params["ProjectId"],
        "kinds": kinds,
        "name": params.get("Name", ""),
        "owner": params.get("Owner", ""),
        "size": asked.size,
        "offset": asked.offset,
    }
    total = world.db.execute(f"SELECT count(*) {source}", bound).fetchone()[0]
    found = world.db.execute(
        f"SELECT * {source} ORDER BY created, id LIMIT :size OFFSET :offset", bound
    )
    return {
        "PagingInfo": {
            "PageNumber": asked.number,
            "PageSize": asked.size,
            "TotalCount": total,
            "WorkflowDefinitions": [_item(rows.as_workflow(row)) for row in found],
        }
    }


def delete_workflow_definition(world: World, params: Params) -> dict[str, Any]:
    """Answer DeleteWorkflowDefinition: its nodes go with it (docs/service.md B-54, U-14)."""
    workflow = _found(world, params)
    if workflow.task is not None:
        raise deployed("WorkflowDefinition", workflow.id)
    if world.switches.delete_workflow == "reject_nonempty" and rows.nodes(world.db, workflow.id):
        raise ApiError(400, "WorkflowDefinition.NotEmpty", "The workflow still holds nodes")
    with lag.changing(world, workflow.id):
        rows.delete_workflow(world.db, workflow.id)
    return {"Success": True}


def move_workflow_definition(world: World, params: Params) -> dict[str, Any]:
    """Answer MoveWorkflowDefinition; `Path` is the folder without the workflow's name."""
    workflow = _found(world, params)
    folder = params["Path"].strip("/")
    return _relocate(world, workflow, f"{folder}/{workflow.name}" if folder else workflow.name)


def rename_workflow_definition(world: World, params: Params) -> dict[str, Any]:
    """Answer RenameWorkflowDefinition; the last part of the path follows the name."""
    workflow = _found(world, params)
    name = params["Name"]
    if not name or "/" in name:
        raise invalid("Name")
    folder = workflow.path.rpartition("/")[0]
    return _relocate(world, workflow, f"{folder}/{name}" if folder else name)


def _relocate(world: World, workflow: rows.Workflow, path: str) -> dict[str, Any]:
    try:
        importing.relocate(world, workflow, path)
    except SpecError as err:
        raise err.refused() from err
    return {"Success": True}


def _found(world: World, params: Params) -> rows.Workflow:
    workflow = rows.workflow(world.db, params["Id"])
    if workflow is None or params.get("ProjectId", workflow.project) != workflow.project:
        raise not_found("WorkflowDefinition", params["Id"])
    return workflow


def _listed(world: World, kind: str) -> str:
    if kind not in KINDS:
        raise invalid("Type")
    hidden = kind == "TriggerWorkflow" and world.switches.list_trigger_workflows == "no"
    return "[]" if hidden else f'["{kind}"]'


def _item(workflow: rows.Workflow) -> dict[str, Any]:
    written = writing.script(workflow.id, workflow.path, workflow.spec)
    return {
        "CreateTime": workflow.created,
        "Description": workflow.spec.get("description", ""),
        "Id": workflow.id,
        "ModifyTime": workflow.modified,
        "Name": workflow.name,
        "Owner": workflow.owner,
        "ProjectId": workflow.project,
        "Script": {
            "Id": written["id"],
            "Path": written["path"],
            "Runtime": {"Command": written["runtime"]["command"]},
        },
        "Type": workflow.kind,
    }


_IDENTITY = (form("Id"), form("ProjectId", "integer"))

OPERATIONS = {
    "CreateWorkflowDefinition": Operation(
        "POST", (form("ProjectId", "integer"), form("Spec")), create_workflow_definition
    ),
    "UpdateWorkflowDefinition": Operation(
        "POST", (*_IDENTITY, form("Spec")), update_workflow_definition
    ),
    "GetWorkflowDefinition": Operation(
        "GET",
        (
            Param("Id", "query", required=True),
            query("IncludeScriptContent", "boolean"),
            query("ProjectId", "integer"),
        ),
        get_workflow_definition,
    ),
    "ListWorkflowDefinitions": Operation(
        "GET",
        (
            query("Name"),
            query("Owner"),
            *PAGING,
            Param("ProjectId", "query", "integer", required=True),
            query("Type"),
        ),
        list_workflow_definitions,
    ),
    "DeleteWorkflowDefinition": Operation("POST", _IDENTITY, delete_workflow_definition),
    "MoveWorkflowDefinition": Operation(
        "POST", (*_IDENTITY, form("Path")), move_workflow_definition
    ),
    # A POST whose parameters all travel in the query.
    "RenameWorkflowDefinition": Operation(
        "POST",
        tuple(replace(param, place="query") for param in (*_IDENTITY, form("Name"))),
        rename_workflow_definition,
    ),
}
