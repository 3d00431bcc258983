"""Workflow instances in the API's shapes: create, read, list, start, stop, rerun (B-90..B-99)."""

import json
from collections.abc import Callable
from typing import Any

from deployer.emulator import dates, run_rows, running, runs
from deployer.emulator.actions.paging import page
from deployer.emulator.actions.sorting import ordered
from deployer.emulator.actions.tasks import IN_FORM
from deployer.emulator.failures import invalid, missing, not_found
from deployer.emulator.operations import Operation, Param, Params, form
from deployer.emulator.run_request import env
from deployer.emulator.run_rows import Run
from deployer.emulator.world import ACCOUNT, World

Fields = dict[str, Any]

_TYPES = ("Normal", "Manual", "SmokeTest", "SupplementData", "ManualWorkflow", "TriggerWorkflow")
_SORTED = {
    "TriggerTime": "triggered",
    "StartedTime": "started",
    "FinishedTime": "finished",
    "CreateTime": "created",
    "Id": "id",
}


def create_workflow_instances(world: World, params: Params) -> dict[str, Any]:
    """Answer CreateWorkflowInstances with an operation; a second call is a second run (B-92)."""
    return {"OperationId": runs.request(world, params["ProjectId"], params)}


def get_create_workflow_instances_result(world: World, params: Params) -> dict[str, Any]:
    """Answer GetCreateWorkflowInstancesResult; the ids are there once it is `Created`."""
    operation = _operation(world, params["OperationId"], "create")
    result: Fields = {"Status": operation.status}
    if operation.status == "Created":
        found = run_rows.runs_of(world.db, operation.id)
        result["WorkflowInstanceIds"] = [run.id for run in found]
        result["WorkflowTaskInstanceIds"] = [run.task_run for run in found]
        result["UnifiedWorkflowInstanceIds"] = [run.unified for run in found]
    if operation.status == "CreateFailure":
        result["FailureMessage"] = operation.message
    return {"Result": result}


def list_workflow_instances(world: World, params: Params) -> dict[str, Any]:
    """Answer ListWorkflowInstances: those of one business date, the newest first."""
    asked = page(params)
    if (params.get("Type") or "Normal") not in _TYPES:
        raise invalid("Type")
    wish = _filter(params)
    found = [
        run
        for run in run_rows.runs_on(world.db, params["ProjectId"], params["BizDate"])
        if _meant(run, params) and _filtered(run, wish)
    ]
    shown = ordered(found, params, _SORTED)[asked.offset : asked.offset + asked.size]
    return {
        "PagingInfo": {
            "PageNumber": asked.number,
            "PageSize": asked.size,
            "TotalCount": len(found),
            "WorkflowInstances": [_instance(run) for run in shown],
        }
    }


def get_workflow_instance(world: World, params: Params) -> dict[str, Any]:
    """Answer GetWorkflowInstance."""
    run = run_rows.run(world.db, params["Id"])
    if run is None:
        raise not_found("WorkflowInstance", str(params["Id"]))
    return {"WorkflowInstance": _instance(run)}


def start_workflow_instances(world: World, params: Params) -> dict[str, Any]:
    """Answer StartWorkflowInstances; it lets go of instances made without a start."""
    return _each(world, params, running.start)


def stop_workflow_instances(world: World, params: Params) -> dict[str, Any]:
    """Answer StopWorkflowInstances."""
    return _each(world, params, running.stop)


def rerun_workflow_instances(world: World, params: Params) -> dict[str, Any]:
    """Answer RerunWorkflowInstances; only instances of manual workflows can run again."""
    if params["Type"] != "ManualWorkflow":
        raise invalid("Type")
    first, last = params.get("StartTriggerTime"), params.get("EndTriggerTime")
    if (first is None) != (last is None):
        raise missing("StartTriggerTime" if first is None else "EndTriggerTime")
    wish = {
        "workflow": params["WorkflowId"],
        "env": env(params),
        "ids": params.get("Ids", []),
        "name": params.get("Name", ""),
        "status": params.get("Status", ""),
        "bizdate": params.get("Bizdate"),
        "triggered": [first, last],
        "filter": _task_filter(params.get("Filter", {})),
    }
    project = params["ProjectId"]
    return {"OperationId": runs.start_operation(world, project, "rerun", "", 1, wish)}


def get_rerun_workflow_instances_result(world: World, params: Params) -> dict[str, Any]:
    """Answer GetRerunWorkflowInstancesResult: NotRun, Success or Failure."""
    operation = _operation(world, params["OperationId"], "rerun")
    failed = {"FailureMessage": operation.message} if operation.message else {}
    return {"Result": {"Status": operation.status, **failed}}


def _operation(world: World, operation_id: str, kind: str) -> run_rows.Operation:
    found = run_rows.operation(world.db, operation_id)
    if found is None or found.kind != kind:
        raise not_found("Operation", operation_id)
    return found


def _each(world: World, params: Params, action: Callable[[World, Run], str]) -> dict[str, Any]:
    if not params["Ids"]:
        raise missing("Ids")
    results: Fields = {}
    for run_id in dict.fromkeys(params["Ids"]):
        run = run_rows.run(world.db, run_id)
        message = action(world, run) if run else "The instance is not found"
        results[str(run_id)] = {"Success": not message, "Message": message}
    return {"SuccessInfo": results}


def _meant(run: Run, params: Params) -> bool:
    ids, name, tags = params.get("Ids"), params.get("Name"), params.get("Tags")
    same = {
        "EnvType": run.env,
        "Owner": run.owner,
        "Type": run.type,
        "UnifiedWorkflowInstanceId": run.unified,
        "WorkflowId": run.workflow,
    }
    return (
        all(params.get(key) in (None, "", value) for key, value in same.items())
        and (not ids or run.id in ids)
        and (not name or name.lower() in run.name.lower())
        and (not tags or any(f"{tag['Key']}:{tag['Value']}" in tags for tag in run.tags))
    )


def _filter(params: Params) -> Fields:
    if not params.get("Filter"):
        return {}
    try:
        found = json.loads(params["Filter"])
    except (ValueError, RecursionError) as err:
        raise invalid("Filter") from err
    if not isinstance(found, dict) or set(found) - {"status", "executionDate"}:
        raise invalid("Filter")
    return found


def _filtered(run: Run, wish: Fields) -> bool:
    status, day = wish.get("status"), wish.get("executionDate")
    begun = dates.midnight(dates.day_of(run.created if run.started is None else run.started))
    return status in (None, run.status) and (day is None or str(day) == str(begun))


def _task_filter(sent: Fields) -> Fields:
    kinds: dict[str, tuple[type, Any]] = {
        "RerunDownstreamEnabled": (bool, False),
        "TaskIds": (list, []),
        "TaskInstanceStatuses": (list, []),
        "TaskName": (str, ""),
        "TaskTypes": (list, []),
    }
    found: Fields = {}
    for name, (kind, default) in kinds.items():
        value = sent.get(name)
        if value is not None and not isinstance(value, kind):
            raise invalid(f"Filter.{name}")
        found[name] = default if value is None else value
    ids = found["TaskIds"]
    if not all(str(item).isdecimal() for item in ids):
        raise invalid("Filter.TaskIds")
    return {
        "downstream": found["RerunDownstreamEnabled"],
        "tasks": [int(item) for item in ids],
        "statuses": found["TaskInstanceStatuses"],
        "name": found["TaskName"],
        "types": found["TaskTypes"],
    }


def _instance(run: Run) -> Fields:
    facts = {
        "BizDate": run.bizdate,
        "CreateTime": run.created,
        "CreateUser": ACCOUNT,
        "EnvType": run.env,
        "FinishedTime": run.finished,
        "Id": run.id,
        "ModifyTime": run.modified,
        "ModifyUser": ACCOUNT,
        "Name": run.name,
        "Owner": run.owner,
        "ProjectId": run.project,
        "StartedTime": run.started,
        "Status": run.status,
        "Tags": run.tags,
        "Type": run.type,
        "UnifiedWorkflowInstanceId": run.unified,
        "WorkflowId": run.workflow,
        "WorkflowParameters": run.parameters,
        "WorkflowTaskInstanceId": run.task_run,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _text(*names: str) -> tuple[Param, ...]:
    return tuple(Param(name, "formData") for name in names)


def _number(*names: str) -> tuple[Param, ...]:
    return tuple(Param(name, "formData", "integer") for name in names)


_IDS = Param("Ids", "formData", "array", items="integer")
_BY_IDS = (*_text("Comment"), Param("Ids", "formData", "array", required=True, items="integer"))
_PROJECT = form("ProjectId", "integer")

OPERATIONS = {
    "CreateWorkflowInstances": Operation(
        "POST",
        (
            Param("AutoStartEnabled", "formData", "boolean"),
            *_text("Comment", "EnvType", "TagCreationPolicy"),
            *_text("TaskParameters", "WorkflowParameters"),
            Param("DefaultRunProperties", "formData", "object"),
            Param("Periods", "formData", "object"),
            Param("Tags", "formData", "array", items="object"),
            *(form("Name"), form("Type"), _PROJECT, form("WorkflowId", "integer")),
        ),
        create_workflow_instances,
    ),
    "GetCreateWorkflowInstancesResult": Operation(
        "GET", (Param("OperationId", "query", required=True),), get_create_workflow_instances_result
    ),
    "ListWorkflowInstances": Operation(
        "POST",
        (
            form("BizDate", "integer"),
            *_text("EnvType", "Filter", "Name", "Owner", "SortBy", "Type"),
            *_number("UnifiedWorkflowInstanceId", "WorkflowId"),
            Param("Tags", "formData", "array"),
            *(_IDS, _PROJECT, *IN_FORM),
        ),
        list_workflow_instances,
    ),
    "GetWorkflowInstance": Operation(
        "GET", (Param("Id", "query", "integer", required=True),), get_workflow_instance
    ),
    "StartWorkflowInstances": Operation("POST", _BY_IDS, start_workflow_instances),
    "StopWorkflowInstances": Operation("POST", _BY_IDS, stop_workflow_instances),
    "RerunWorkflowInstances": Operation(
        "POST",
        (
            *_number("Bizdate", "EndTriggerTime", "StartTriggerTime"),
            *_text("EnvType", "Name", "Status"),
            Param("Filter", "formData", "object"),
            *(_IDS, _PROJECT, form("Type"), form("WorkflowId", "integer")),
        ),
        rerun_workflow_instances,
    ),
    # A POST whose parameter travels in the query.
    "GetRerunWorkflowInstancesResult": Operation(
        "POST", (Param("OperationId", "query", required=True),), get_rerun_workflow_instances_result
    ),
}
