"""What people do in the console between a plan and its apply; one line in EDITS makes another one."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.crash.world import World
from tests.faults import workflow
from tests.flow_documents import other_script
from tests.strategies import IDENTIFIER

PATH = "team/daily"
CRON = "00 15 05 * * ?"
OUTPUT = {"data": f"{IDENTIFIER}.more", "artifactType": "NodeOutput"}
PARAMETER = {"name": "day", "type": "System", "scope": "NodeParameter", "value": "$[yyyymmdd]"}

Act = Callable[[World], object]


@dataclass(frozen=True, slots=True)
class Edit:
    """Something that a person does; `relevant` if the plan does not hold any more after it."""

    name: str
    act: Act
    relevant: bool = True


# --- acts -----------------------------------------------------------------------------------------


def of_node(name: str = "load", **fields: Any) -> Act:
    """Other fields of a node."""

    def act(world: World) -> None:
        identity = world.at(PATH).nodes[name]["id"]
        spec = {"nodes": [{"name": name, "id": identity, **fields}]}
        document = {"version": "1.1.0", "kind": "Node", "spec": spec}
        world.act("UpdateNode", Id=identity, Spec=json.dumps(document))

    return act


def of_workflow(**fields: Any) -> Act:
    """Other fields of the workflow."""

    def act(world: World) -> None:
        one = world.at(PATH)
        spec = {"workflows": [{"name": "daily", "id": one.id, **fields}]}
        document = {"version": "1.1.0", "kind": one.kind, "spec": spec}
        world.act("UpdateWorkflowDefinition", Id=one.id, Spec=json.dumps(document))

    return act


def waiting_for(name: str, *outputs: str) -> Act:
    """Other dependencies of a node."""

    def act(world: World) -> None:
        identity = world.at(PATH).nodes[name]["id"]
        depends = [{"type": "Normal", "output": output} for output in outputs]
        spec = {
            "nodes": [{"name": name, "id": identity}],
            "flow": [{"nodeId": identity, "depends": depends}],
        }
        document = {"version": "1.1.0", "kind": "Node", "spec": spec}
        world.act("UpdateNode", Id=identity, Spec=json.dumps(document))

    return act


def calling(action: str, node: str = "", **params: Any) -> Act:
    """An operation on a node, or on the workflow."""

    def act(world: World) -> None:
        one = world.at(PATH)
        world.act(action, Id=one.nodes[node]["id"] if node else one.id, **params)

    return act


def new_node(name: str) -> Act:
    """Another node."""

    def act(world: World) -> None:
        node: dict[str, Any] = {"name": name, "script": other_script("echo more")}
        node["script"]["path"] = f"{PATH}/{name}"
        spec = {"version": "1.1.0", "kind": "Node", "spec": {"nodes": [node]}}
        owner = world.at(PATH).id
        world.act("CreateNode", ContainerId=owner, Scene="DataworksProject", Spec=json.dumps(spec))

    return act


def new_workflow(name: str) -> Act:
    """Another workflow."""
    document = workflow(name)
    body = document["spec"]["workflows"][0]
    body["script"] = {"path": f"team/{name}", "runtime": {"command": "WORKFLOW"}}
    return lambda world: world.save(document)


def publish(world: World) -> None:
    """The workflow goes to production as it is saved."""
    run = world.act("CreatePipelineRun", ObjectIds=[world.at(PATH).id], Type="Online")["Id"]
    for code in ("PROD_CHECK", "PROD"):
        world.settle()
        world.act("ExecPipelineRunStage", Id=run, Code=code)


def replaced(world: World) -> None:
    """A node is deleted, and another one of its name is made."""
    calling("DeleteNode", "report")(world)
    new_node("report")(world)


def made_again(world: World) -> None:
    """The workflow is deleted, and another one is made at its path."""
    calling("DeleteWorkflowDefinition")(world)
    new_workflow("daily")(world)


def elsewhere(world: World) -> None:
    """A node of another workflow changes."""
    identity = world.at("team/daily_theirs").nodes["own"]["id"]
    spec = {"nodes": [{"name": "own", "id": identity, "priority": 8}]}
    document = {"version": "1.1.0", "kind": "Node", "spec": spec}
    world.act("UpdateNode", Id=identity, Spec=json.dumps(document))


# --- the table ------------------------------------------------------------------------------------

EDITS = (
    Edit("script", of_node(script=other_script("echo edited"))),
    Edit("script of a node by hand", of_node("by_hand", script=other_script("echo edited"))),
    Edit("one blank in a script", of_node(script=other_script("echo load "))),
    Edit(
        "script parameters",
        of_node(script={**other_script("echo load"), "parameters": [PARAMETER]}),
    ),
    Edit("recurrence", of_node(recurrence="Pause")),
    Edit("priority", of_node(priority=5)),
    Edit("timeout", of_node(timeout=7)),
    Edit("rerun times", of_node(rerunTimes=2)),
    Edit("rerun interval", of_node(rerunInterval=60000)),
    Edit("rerun mode", of_node(rerunMode="Denied")),
    Edit("instance mode", of_node(instanceMode="Immediately")),
    Edit("description of a node", of_node(description="edited")),
    Edit("data source", of_node(datasource={"name": "s", "type": "odps"})),
    Edit("resource group", of_node(runtimeResource={"resourceGroup": "group_1"})),
    Edit("another output", of_node(outputs={"nodeOutputs": [OUTPUT]})),
    Edit("field of a node by hand", of_node("by_hand", priority=5)),
    Edit("dependency", waiting_for("report", f"{IDENTIFIER}.load")),
    Edit("dependency on elsewhere", waiting_for("report", f"{IDENTIFIER}.own")),
    Edit("dependency gone", waiting_for("by_hand")),
    Edit("cron", of_workflow(trigger={"type": "Scheduler", "cron": CRON})),
    Edit("start", of_workflow(trigger={"type": "Scheduler", "startTime": "2026-01-01 00:00:00"})),
    Edit("time zone", of_workflow(trigger={"type": "Scheduler", "timezone": "Asia/Tokyo"})),
    Edit("strategy", of_workflow(strategy={"failureStrategy": "Continue"})),
    Edit("priority of the workflow", of_workflow(strategy={"priority": 3})),
    Edit("description of the workflow", of_workflow(description="edited")),
    Edit("node made", new_node("more")),
    Edit("node of the manifest deleted", calling("DeleteNode", "report")),
    Edit("node by hand deleted", calling("DeleteNode", "by_hand")),
    Edit("node renamed", calling("RenameNode", "report", Name="summary")),
    Edit("node by hand renamed", calling("RenameNode", "by_hand", Name="other")),
    Edit("node replaced", replaced),
    Edit("workflow deleted", calling("DeleteWorkflowDefinition")),
    Edit("workflow made again", made_again),
    Edit("workflow renamed", calling("RenameWorkflowDefinition", Name="nightly")),
    Edit("workflow moved", calling("MoveWorkflowDefinition", Path="elsewhere")),
    # An import sends owners back as the plan saw them: going on would undo what the person did.
    Edit("owner", of_workflow(owner="1000000000000002")),
    Edit("owner of a node", of_node(owner="1000000000000002")),
    Edit("saved as it was", of_node(script=other_script("echo load")), relevant=False),
    Edit("published", publish, relevant=False),
    Edit("another workflow changed", elsewhere, relevant=False),
    Edit("another workflow made", new_workflow("more"), relevant=False),
    Edit("nothing", lambda _: None, relevant=False),
)
