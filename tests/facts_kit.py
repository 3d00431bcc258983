"""What the tests of facts share: single nodes, cancelled jobs, and publishing to the end."""

import json
from typing import Any

from deployer.emulator import jobs
from deployer.emulator.world import Call
from tests.emulator_kit import PROJECT, Fields, Service


def cancel(service: Service, job: Fields) -> None:
    """Cancel a job as the console may; the API has no operation for it."""
    engine = service.app.engine
    with engine.store.transaction() as db:
        jobs.cancel(engine.world(db, Call()), job["Id"])


def alone(sent: Fields, *edges: Fields) -> str:
    """The text of a document of kind Node."""
    spec = {"nodes": [sent], "dependencies": list(edges)}
    return json.dumps({"version": "1.1.0", "kind": "Node", "spec": spec})


def create_node(
    service: Service,
    container: str,
    sent: Fields,
    *edges: Fields,
    scene: str = "DATAWORKS_PROJECT",
) -> str:
    """CreateNode → the node's id."""
    params: dict[str, str | int] = {"ProjectId": PROJECT, "Scene": scene, "ContainerId": container}
    return str(service.call("CreateNode", **params, Spec=alone(sent, *edges))["Id"])


def update_node(service: Service, node_id: str, sent: Fields) -> str:
    """UpdateNode → the words of its refusal, none for success."""
    answer = service.raw("UpdateNode", Id=node_id, ProjectId=PROJECT, Spec=alone(sent)).json()
    return str(answer.get("Message", ""))


def modified(service: Service, workflow_id: str) -> int:
    """When the workflow was changed last."""
    found = service.call("GetWorkflowDefinition", Id=workflow_id)["WorkflowDefinition"]
    return int(found["ModifyTime"])


def publish(
    service: Service, workflow_id: str, kind: str = "Online"
) -> tuple[str, list[dict[str, Any]]]:
    """Run a pipeline as far as it goes → its state and stages."""
    params: dict[str, str | int] = {
        "ProjectId": PROJECT,
        "ObjectIds": json.dumps([workflow_id]),
        "Type": kind,
    }
    run = service.call("CreatePipelineRun", **params)["Id"]
    for code in ("PROD_CHECK", "PROD"):
        found = service.call("GetPipelineRun", Id=run, ProjectId=PROJECT)["Pipeline"]
        if found["Status"] == "Running":
            service.call("ExecPipelineRunStage", Id=run, ProjectId=PROJECT, Code=code)
    found = service.call("GetPipelineRun", Id=run, ProjectId=PROJECT)["Pipeline"]
    return found["Status"], found["Stages"]
