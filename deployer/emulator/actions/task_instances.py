"""Task instances in the API's shapes, and what their runs wrote."""

import json
from typing import Any

from deployer.emulator import dates, run_rows
from deployer.emulator.actions import task_facts
from deployer.emulator.actions.paging import page
from deployer.emulator.actions.sorting import ordered
from deployer.emulator.actions.tasks import IN_FORM
from deployer.emulator.failures import invalid, not_found
from deployer.emulator.operations import Operation, Param, Params, form, query
from deployer.emulator.run_request import env
from deployer.emulator.run_rows import Run, TaskRun
from deployer.emulator.world import ACCOUNT, World

Fields = dict[str, Any]

_LARGEST = 500
_SORTED = {
    "TriggerTime": "created",
    "StartedTime": "started",
    "FinishedTime": "finished",
    "CreateTime": "created",
    "Id": "id",
}
_MOMENTS = {
    f"{name}{end}": (column, end)
    for name, column in (
        ("startedTime", "started"),
        ("finishedTime", "finished"),
        ("createTime", "created"),
    )
    for end in ("Start", "End")
}


def list_task_instances(world: World, params: Params) -> dict[str, Any]:
    """Answer ListTaskInstances; with `Id` earlier runs are among them."""
    asked = page(params, _LARGEST)
    wish = _filter(params)
    env_type = env(params, "ProjectEnv")
    found = []
    owners = {}
    for run in run_rows.runs_on(world.db, params["ProjectId"], params["Bizdate"]):
        if run.env == env_type and _run_meant(run, params):
            owners[run.id] = run
            found += [
                task
                for task in _tasks(world, run, params)
                if _meant(task, run, params) and _filtered(task, wish)
            ]
    shown = ordered(found, params, _SORTED)[asked.offset : asked.offset + asked.size]
    return {
        "PagingInfo": {
            "PageNumber": asked.number,
            "PageSize": asked.size,
            "TaskInstances": [_instance(task, owners[task.run]) for task in shown],
            "TotalCount": len(found),
        }
    }


def get_task_instance(world: World, params: Params) -> dict[str, Any]:
    """Answer GetTaskInstance: its latest run."""
    task, run = _found(world, params["Id"], None)
    groups = task.spec.get("outputs", {})
    facts = _instance(task, run)
    # The parameters stand under `Script` here, by themselves in lists.
    parameters = facts.pop("ScriptParameters")
    outputs = [{"Output": str(item.get("data", ""))} for item in groups.get("nodeOutputs", ())]
    return {
        "TaskInstance": {
            **facts,
            "Inputs": {"Variables": task_facts.variables(task.spec.get("inputs", {}))},
            "Outputs": {"TaskOutputs": outputs, "Variables": task_facts.variables(groups)},
            "Script": {**task_facts.script(task.spec), "Parameters": parameters},
            "Tags": run.tags,
        }
    }


def get_task_instance_log(world: World, params: Params) -> dict[str, Any]:
    """Answer GetTaskInstanceLog: what the latest run wrote, or an earlier one."""
    number = params.get("RunNumber")
    if number is not None and number < 1:
        raise invalid("RunNumber")
    task, run = _found(world, params["Id"], number)
    return {"TaskInstanceLog": _log(task, run)}


def _found(world: World, task_run_id: int, number: int | None) -> tuple[TaskRun, Run]:
    task = run_rows.task_run(world.db, task_run_id, number)
    run = run_rows.run(world.db, task.run) if task else None
    if task is None or run is None:
        raise not_found("TaskInstance", str(task_run_id))
    return task, run


def _tasks(world: World, run: Run, params: Params) -> list[TaskRun]:
    if params.get("Id") is None:
        return run_rows.task_runs(world.db, run.id)
    query_text = "SELECT * FROM task_run WHERE run = ? AND id = ? ORDER BY number"
    found = world.db.execute(query_text, (run.id, params["Id"]))
    return [run_rows.as_task_run(row) for row in found]


def _run_meant(run: Run, params: Params) -> bool:
    same = {
        "UnifiedWorkflowInstanceId": run.unified,
        "WorkflowInstanceId": run.id,
        "WorkflowInstanceType": run.type,
    }
    return all(params.get(name) in (None, "", value) for name, value in same.items())


def _meant(task: TaskRun, run: Run, params: Params) -> bool:
    same = {
        "Owner": task.owner,
        "RuntimeResource": task_facts.resource(task.spec)["ResourceGroupId"],
        "Status": task.status,
        "TaskId": task.task,
        "TaskType": task.command,
        "TriggerRecurrence": task.spec.get("recurrence", "Normal"),
        "TriggerType": _trigger(run),
        "WorkflowId": task.workflow,
    }
    ids, task_ids, name = (params.get(key) for key in ("Ids", "TaskIds", "TaskName"))
    return (
        all(params.get(key) in (None, "", value) for key, value in same.items())
        and (not ids or task.id in ids)
        and (not task_ids or task.task in task_ids)
        and (not name or name.lower() in task.name.lower())
    )


def _filter(params: Params) -> Fields:
    if not params.get("Filter"):
        return {}
    try:
        found = json.loads(params["Filter"])
        limits = {name: int(str(value)) for name, value in found.items()}
    except (AttributeError, ValueError, RecursionError) as err:
        raise invalid("Filter") from err
    if set(limits) - set(_MOMENTS):
        raise invalid("Filter")
    return limits


def _filtered(task: TaskRun, limits: Fields) -> bool:
    for name, limit in limits.items():
        column, end = _MOMENTS[name]
        moment = getattr(task, column)
        if moment is None or (moment < limit if end == "Start" else moment > limit):
            return False
    return True


def _trigger(run: Run) -> str:
    return "Scheduler" if run.type in ("Normal", "SupplementData") else "Manual"


def _instance(task: TaskRun, run: Run) -> Fields:
    spec = task.spec
    facts = {
        "BaselineId": 1,
        "Bizdate": run.bizdate,
        "CreateTime": task.created,
        "CreateUser": ACCOUNT,
        "DataSource": task_facts.data_source(spec),
        "Description": str(spec.get("description", "")),
        "FinishedTime": task.finished,
        "Id": task.id,
        "ModifyTime": task.modified,
        "ModifyUser": ACCOUNT,
        "OperationType": "Rerun" if task.number > 1 else "Create",
        "Owner": task.owner,
        "PeriodNumber": 1,
        "Priority": 1,
        "ProjectEnv": run.env,
        "ProjectId": run.project,
        "RerunMode": task_facts.rerun_mode(spec),
        "RunNumber": task.number,
        "RuntimeResource": task_facts.resource(spec),
        "ScriptParameters": str(spec.get("sent", task_facts.script_parameters(spec))),
        "StartedTime": task.started,
        "Status": task.status,
        "TaskId": task.task,
        "TaskName": task.name,
        "TaskType": task.command,
        "Timeout": int(spec.get("timeout", 0)),
        "TriggerRecurrence": str(spec.get("recurrence", "Normal")),
        "TriggerTime": run.triggered,
        "TriggerType": _trigger(run),
        "UnifiedWorkflowInstanceId": run.unified,
        "WorkflowId": task.workflow,
        "WorkflowInstanceId": run.id,
        "WorkflowInstanceType": run.type,
        "WorkflowName": task.workflow_name,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _log(task: TaskRun, run: Run) -> str:
    if task.started is None:
        return task.message
    day = dates.day_of(run.bizdate).isoformat()
    what = f"task {task.name} ({task.command}), run {task.number}, business date {day}"
    lines = [f"{_moment(task.started)} INFO {what}"]
    if task.dry:
        # The only sign of it: status and times are those of a run that did something (B-96).
        lines.append(f"{_moment(task.started)} INFO dry run: the task is not scheduled on this day")
    else:
        lines += str(task.spec.get("script", {}).get("content", "")).splitlines()
    if task.message:
        lines.append(f"{_moment(task.finished or task.started)} ERROR {task.message}")
    if task.finished is not None:
        lines.append(f"{_moment(task.finished)} INFO current task status: {task.status.upper()}")
    return "\n".join(lines)


def _moment(ms: int) -> str:
    seconds = dates.seconds_of_day(ms)
    day = dates.day_of(ms).isoformat()
    return f"{day} {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


_TEXTS = (
    *("Filter", "Owner", "ProjectEnv", "RuntimeResource", "SortBy", "Status", "TaskName"),
    *("TaskType", "TriggerRecurrence", "TriggerType", "WorkflowInstanceType"),
)
_NUMBERS = ("Id", "TaskId", "UnifiedWorkflowInstanceId", "WorkflowId", "WorkflowInstanceId")

OPERATIONS = {
    "ListTaskInstances": Operation(
        "POST",
        (
            *(form("Bizdate", "integer"), form("ProjectId", "integer"), *IN_FORM),
            *(Param(name, "formData") for name in _TEXTS),
            *(Param(name, "formData", "integer") for name in _NUMBERS),
            *(Param(name, "formData", "array", items="integer") for name in ("Ids", "TaskIds")),
        ),
        list_task_instances,
    ),
    "GetTaskInstance": Operation(
        "GET", (Param("Id", "query", "integer", required=True),), get_task_instance
    ),
    "GetTaskInstanceLog": Operation(
        "GET",
        (Param("Id", "query", "integer", required=True), query("RunNumber", "integer")),
        get_task_instance_log,
    ),
}
