"""The scheduling side as clients see it: workflows and tasks that are online, and their links."""

from dataclasses import replace
from typing import Any

from deployer.emulator import deployment, scheduling
from deployer.emulator.actions import task_facts
from deployer.emulator.actions.paging import PARAMS as PAGING
from deployer.emulator.actions.paging import Page, page
from deployer.emulator.actions.sorting import ordered
from deployer.emulator.failures import not_found
from deployer.emulator.operations import Operation, Param, Params, form, query
from deployer.emulator.run_request import env
from deployer.emulator.scheduling import OnlineTask, OnlineWorkflow
from deployer.emulator.world import World

Fields = dict[str, Any]

_SORTED = {"ModifyTime": "modified", "CreateTime": "created", "Id": "id"}


def list_workflows(world: World, params: Params) -> dict[str, Any]:
    """Answer ListWorkflows."""
    deployment.refresh(world)
    asked, env_type = page(params), env(params)
    rows = world.db.execute(
        "SELECT * FROM online_workflow WHERE env = ? AND project = ?",
        (env_type, params["ProjectId"]),
    )
    online = [scheduling.as_workflow(row) for row in rows]
    found = ordered([item for item in online if _workflow_meant(item, params)], params, _SORTED)
    return _paged(asked, "Workflows", [task_facts.workflow_facts(item) for item in found])


def get_workflow(world: World, params: Params) -> dict[str, Any]:
    """Answer GetWorkflow: the workflow with its tasks."""
    deployment.refresh(world)
    found = scheduling.workflow(world.db, env(params), params["Id"])
    if found is None:
        raise not_found("Workflow", str(params["Id"]))
    has = scheduling.outputs(world.db, found.env, found.id)
    waits = scheduling.waits(world.db, found.env, found.id)
    tasks = scheduling.tasks_of(world.db, found.env, found.id)
    return {
        "Workflow": {
            **task_facts.workflow_facts(found),
            "Dependencies": task_facts.dependencies(waits, as_text=False),
            "Outputs": {"TaskOutputs": [{"Output": data} for data in has]},
            "Tasks": [task_facts.task(world, task, task_facts.IN_WORKFLOW) for task in tasks],
        }
    }


def list_tasks(world: World, params: Params) -> dict[str, Any]:
    """Answer ListTasks."""
    deployment.refresh(world)
    asked, env_type = page(params), env(params, "ProjectEnv")
    rows = world.db.execute(
        "SELECT * FROM online_task WHERE env = ? AND project = ?", (env_type, params["ProjectId"])
    )
    online = [scheduling.as_task(row) for row in rows]
    meant = [item for item in online if _task_meant(world, item, params)]
    found = ordered(meant, params, _SORTED)
    shown = _paged(asked, "Tasks", found)
    tasks = shown["PagingInfo"]["Tasks"]
    shown["PagingInfo"]["Tasks"] = [
        task_facts.task(world, item, task_facts.IN_LIST) for item in tasks
    ]
    return shown


def get_task(world: World, params: Params) -> dict[str, Any]:
    """Answer GetTask: the task as it is online, whatever its draft says by now."""
    return {"Task": task_facts.task(world, _found(world, params), task_facts.ALONE)}


def list_upstream_tasks(world: World, params: Params) -> dict[str, Any]:
    """Answer ListUpstreamTasks; outputs that nobody has are not among them."""
    task = _found(world, params)
    links = scheduling.upstream(world.db, task)
    found = sorted({(link.task, link.type) for link in links if link.task is not None})
    return _linked(world, params, task.env, "UpstreamTasks", found)


def list_downstream_tasks(world: World, params: Params) -> dict[str, Any]:
    """Answer ListDownstreamTasks."""
    task = _found(world, params)
    found = [(other, kind) for kind, other in scheduling.downstream(world.db, task)]
    return _linked(world, params, task.env, "DownstreamTasks", found)


def _found(world: World, params: Params) -> OnlineTask:
    deployment.refresh(world)
    found = scheduling.task(world.db, env(params, "ProjectEnv"), params["Id"])
    if found is None:
        raise not_found("Task", str(params["Id"]))
    return found


def _linked(
    world: World, params: Params, env_type: str, key: str, links: list[tuple[int, str]]
) -> dict[str, Any]:
    # The tasks stand there twice: by themselves, and each with how it is linked.
    asked = page(params)
    found = [(scheduling.task(world.db, env_type, other), kind) for other, kind in links]
    shown = _paged(asked, key, [(task, kind) for task, kind in found if task])
    pairs = shown["PagingInfo"][key]
    shown["PagingInfo"]["Tasks"] = [
        task_facts.task(world, task, task_facts.IN_LINK_LIST) for task, _ in pairs
    ]
    shown["PagingInfo"][key] = [
        {"DependencyType": kind, "Task": task_facts.task(world, task, task_facts.IN_LINK)}
        for task, kind in pairs
    ]
    return shown


def _workflow_meant(found: OnlineWorkflow, params: Params) -> bool:
    trigger = params.get("TriggerType")
    return (
        _common(found, params)
        # Tags belong to the scheduling side alone, and nothing here sets one.
        and not params.get("Tags")
        and (not trigger or task_facts.workflow_trigger(found) == trigger)
    )


def _task_meant(world: World, found: OnlineTask, params: Params) -> bool:
    if not _common(found, params):
        return False
    facts = task_facts.task_facts(found, scheduling.workflow(world.db, found.env, found.workflow))
    sent = {
        "TaskType": facts["Type"],
        "TriggerRecurrence": facts["TriggerRecurrence"],
        "TriggerType": facts["Trigger"]["Type"],
        "RuntimeResource": facts["RuntimeResource"]["ResourceGroupId"],
        "WorkflowId": found.workflow,
    }
    return all(params.get(name) in (None, "", value) for name, value in sent.items())


def _common(found: OnlineTask | OnlineWorkflow, params: Params) -> bool:
    ids, name, owner = (params.get(key) for key in ("Ids", "Name", "Owner"))
    return (
        (not ids or found.id in ids)
        and (not name or name.lower() in found.name.lower())
        and (not owner or found.owner == owner)
    )


def _paged(asked: Page, key: str, found: list[Any]) -> dict[str, Any]:
    return {
        "PagingInfo": {
            "PageNumber": asked.number,
            "PageSize": asked.size,
            "TotalCount": len(found),
            key: found[asked.offset : asked.offset + asked.size],
        }
    }


IN_FORM = tuple(replace(param, place="formData") for param in PAGING)
"""Paging of the lists that are a POST."""

_LINKED = (
    Param("Id", "query", "integer", required=True),
    *PAGING,
    query("ProjectEnv"),
)

OPERATIONS = {
    "ListWorkflows": Operation(
        "POST",
        (
            *(Param(name, "formData") for name in ("EnvType", "Name", "Owner", "SortBy")),
            Param("Ids", "formData", "array", items="integer"),
            *IN_FORM,
            form("ProjectId", "integer"),
            Param("Tags", "formData", "array"),
            Param("TriggerType", "formData"),
        ),
        list_workflows,
    ),
    "GetWorkflow": Operation(
        "GET", (query("EnvType"), Param("Id", "query", "integer", required=True)), get_workflow
    ),
    "ListTasks": Operation(
        "POST",
        (
            *(
                Param(name, "formData")
                for name in (
                    *("Name", "Owner", "ProjectEnv", "RuntimeResource", "SortBy", "TaskType"),
                    *("TriggerRecurrence", "TriggerType"),
                )
            ),
            Param("Ids", "formData", "array", items="integer"),
            *IN_FORM,
            form("ProjectId", "integer"),
            Param("WorkflowId", "formData", "integer"),
        ),
        list_tasks,
    ),
    "GetTask": Operation(
        "GET", (Param("Id", "query", "integer", required=True), query("ProjectEnv")), get_task
    ),
    "ListUpstreamTasks": Operation("GET", _LINKED, list_upstream_tasks),
    "ListDownstreamTasks": Operation("GET", _LINKED, list_downstream_tasks),
}
