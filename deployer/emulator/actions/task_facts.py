"""A task or workflow of the scheduling side in the API's words: one set of facts, many shapes."""

from typing import Any

from deployer.emulator import scheduling
from deployer.emulator.scheduling import Fields, Link, OnlineTask, OnlineWorkflow
from deployer.emulator.sources import derived
from deployer.emulator.world import ACCOUNT, World

_RERUN = {"Allowed": "AllAllowed", "Denied": "AllDenied", "FailureAllowed": "FailureAllowed"}

_SHORT = (
    *("BaselineId", "CreateTime", "CreateUser", "DataSource", "Description", "Id", "ModifyTime"),
    *("ModifyUser", "Name", "Owner", "Priority", "ProjectId", "RerunInterval", "RerunMode"),
    *("RerunTimes", "RuntimeResource", "Timeout", "Type", "WorkflowId"),
)
IN_LIST = (*_SHORT, "InstanceMode", "ProjectEnv", "ScriptParameters", "Trigger")
IN_WORKFLOW = (*_SHORT, "ClientUniqueCode", "EnvType", "TriggerRecurrence")
IN_LINK = (*_SHORT, "EnvType", "InstanceMode", "Trigger")
IN_LINK_LIST = (*IN_LINK, "ProjectEnv", "StepType")
ALONE = (
    *(*_SHORT, "Dependencies", "EnvType", "Inputs", "InstanceMode", "Outputs", "ProjectEnv"),
    *("Script", "Tags", "Trigger"),
)


def task(world: World, found: OnlineTask, shape: tuple[str, ...]) -> Fields:
    """Return a task with the fields of a shape."""
    facts = task_facts(found, scheduling.workflow(world.db, found.env, found.workflow))
    if "Dependencies" in shape:
        facts.update(_details(world, found))
    return {key: value for key, value in facts.items() if key in shape}


def task_facts(found: OnlineTask, owner: OnlineWorkflow | None) -> Fields:
    """Return what is said of a task wherever it is shown."""
    spec = found.spec
    trigger = spec.get("trigger") or (owner.spec.get("trigger") if owner else None) or {}
    recurrence = spec.get("recurrence", "Normal")
    return {
        "BaselineId": 1,
        "ClientUniqueCode": found.object,
        "CreateTime": found.created,
        "CreateUser": ACCOUNT,
        "DataSource": data_source(spec),
        "Description": str(spec.get("description", "")),
        "EnvType": found.env,
        "Id": found.id,
        "InstanceMode": str(spec.get("instanceMode", "T+1")),
        "ModifyTime": found.modified,
        "ModifyUser": ACCOUNT,
        "Name": found.name,
        "Owner": found.owner,
        "Priority": _number(spec.get("priority"), 1),
        "ProjectEnv": found.env,
        "ProjectId": found.project,
        "RerunInterval": _number(spec.get("rerunInterval"), 180_000),
        "RerunMode": rerun_mode(spec),
        "RerunTimes": _number(spec.get("rerunTimes"), 0),
        "RuntimeResource": resource(spec),
        "ScriptParameters": script_parameters(spec),
        "StepType": "Normal",
        "Timeout": _number(spec.get("timeout"), 0),
        "Trigger": {**_schedule(trigger, _task_trigger(trigger)), "Recurrence": str(recurrence)},
        "TriggerRecurrence": str(recurrence),
        "Type": found.command,
        "WorkflowId": found.workflow,
    }


def workflow_facts(found: OnlineWorkflow) -> Fields:
    """Return what is said of a workflow in lists and alone."""
    trigger = found.spec.get("trigger", {})
    return {
        "ClientUniqueCode": found.object,
        "CreateTime": found.created,
        "CreateUser": ACCOUNT,
        "Description": str(found.spec.get("description", "")),
        "EnvType": found.env,
        "Id": found.id,
        "ModifyTime": found.modified,
        "ModifyUser": ACCOUNT,
        "Name": found.name,
        "Owner": found.owner,
        "Parameters": script_parameters(found.spec),
        "ProjectId": found.project,
        "Tags": [],
        "Trigger": {**_schedule(trigger, workflow_trigger(found)), "Recurrence": "Normal"},
    }


def workflow_trigger(found: OnlineWorkflow) -> str:
    """Return how a workflow is set going, in the words of the filter of ListWorkflows."""
    kinds = {"ManualWorkflow": "Manual", "TriggerWorkflow": "TriggerWorkflow"}
    return kinds.get(found.kind, "Scheduler")


def dependencies(links: list[Link], as_text: bool) -> list[Fields]:
    """Return what is waited for; the upstream's id is text in GetTask, a number elsewhere."""
    written = []
    for link in links:
        entry: Fields = {"Type": link.type, "UpstreamOutput": link.output}
        if link.task is not None:
            entry["UpstreamTaskId"] = str(link.task) if as_text else link.task
        written.append(entry)
    return written


def rerun_mode(spec: Fields) -> str:
    """Return a task's rerun mode in the words of the scheduling side."""
    return _RERUN.get(str(spec.get("rerunMode", "Allowed")), "AllAllowed")


def data_source(spec: Fields) -> Fields:
    """Return the data source of a task, empty without one."""
    name = spec.get("datasource", {}).get("name")
    return {"Name": str(name)} if name else {}


def resource(spec: Fields) -> Fields:
    """Return what a task runs on."""
    sent = spec.get("runtimeResource", {})
    group = str(sent.get("resourceGroup", ""))
    number = str(sent.get("resourceGroupId") or derived("resource group", group)[:10])
    runtime = spec.get("script", {}).get("runtime", {})
    cu = runtime.get("cu", "")
    return {"ResourceGroupId": number, **({"Cu": str(cu)} if cu != "" else {})}


def script_parameters(spec: Fields) -> str:
    """Return the parameters of a script as `key=value` texts."""
    found = spec.get("script", {}).get("parameters", ())
    return " ".join(f"{item.get('name', '')}={item.get('value', '')}" for item in found)


def script(spec: Fields) -> Fields:
    """Return what a task runs."""
    content = str(spec.get("script", {}).get("content", ""))
    return {"Content": content, "Parameters": script_parameters(spec)}


def variables(groups: Fields) -> list[Fields]:
    """Return the variables among inputs or outputs."""
    return [
        {
            "Name": str(item.get("name", "")),
            "Type": str(item.get("type", "Constant")),
            "Value": str(item.get("value", "")),
        }
        for item in groups.get("variables", ())
    ]


def _details(world: World, found: OnlineTask) -> Fields:
    has = scheduling.outputs(world.db, found.env, found.id)
    return {
        "Dependencies": dependencies(scheduling.upstream(world.db, found), as_text=True),
        "Inputs": {"Variables": variables(found.spec.get("inputs", {}))},
        "Outputs": {
            "TaskOutputs": [{"Output": data} for data in has],
            "Variables": variables(found.spec.get("outputs", {})),
        },
        "Script": script(found.spec),
        "Tags": [],
    }


def _task_trigger(trigger: Fields) -> str:
    return "Scheduler" if trigger.get("type") == "Scheduler" else "Manual"


def _schedule(trigger: Fields, kind: str) -> Fields:
    names = {"Cron": "cron", "EndTime": "endTime", "StartTime": "startTime"}
    known = {key: str(trigger[name]) for key, name in names.items() if trigger.get(name)}
    return {**known, "Type": kind}


def _number(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default
