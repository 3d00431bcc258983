"""Publishing and running in few words, whoever carries the calls: what both kits share."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from deployer.emulator import Control, Switches
from tests.emulator_kit import CONTRACT, PROJECT, Clock, Fields, Service, node

MIDNIGHT = 1_760_025_600_000
"""2025-10-10 00:00 in China: a business date whose run day is the 11th, a Saturday."""

DAY = 86_400_000
ONE_DAY = ("2025-10-10", "2025-10-10")


class Calls:
    """What publishing and running need again and again, on top of any caller."""

    control: Control

    def __call__(self, action: str, **params: Any) -> Fields:
        """Return the answer of a call that succeeds."""
        raise NotImplementedError

    # --- drafts -----------------------------------------------------------------------------------

    def load(self, document: Fields) -> str:
        """Import → the workflow's id, after the job has succeeded."""
        job = self("ImportWorkflowDefinition", Spec=json.dumps(document))["AsyncJob"]
        status = self("GetJobStatus", JobId=job["Id"])["JobStatus"]
        assert (status["Status"], status["Error"]) == ("Success", "")
        return str(job["Response"])

    def definition(self, workflow_id: str) -> Fields:
        """GetWorkflowDefinition → the definition with its spec parsed."""
        found: Fields = self("GetWorkflowDefinition", Id=workflow_id, IncludeScriptContent=True)[
            "WorkflowDefinition"
        ]
        return {**found, "Spec": json.loads(found["Spec"])}

    # --- pipelines --------------------------------------------------------------------------------

    def pipeline(self, workflow_id: str, kind: str = "Online", **params: Any) -> str:
        """CreatePipelineRun → its id."""
        answer = self("CreatePipelineRun", ObjectIds=[workflow_id], Type=kind, **params)
        return str(answer["Id"])

    def stages(self, pipeline: str) -> tuple[str, dict[str, str]]:
        """GetPipelineRun → its status, and that of each stage in their order."""
        found = self("GetPipelineRun", Id=pipeline)["Pipeline"]
        assert [stage["Step"] for stage in found["Stages"]] == [*range(1, len(found["Stages"]) + 1)]
        return found["Status"], {stage["Code"]: stage["Status"] for stage in found["Stages"]}

    def advance(self, pipeline: str, *codes: str) -> tuple[str, dict[str, str]]:
        """Set stages going one after the other → how the pipeline stands."""
        for code in codes:
            assert self("ExecPipelineRunStage", Id=pipeline, Code=code)["Success"] is True
        return self.stages(pipeline)

    def publish(self, workflow_id: str, kind: str = "Online") -> str:
        """Run a pipeline to its end in a simple workspace → its id."""
        pipeline = self.pipeline(workflow_id, kind)
        assert self.advance(pipeline, "PROD_CHECK", "PROD")[0] == "Success"
        return pipeline

    # --- the scheduling side ----------------------------------------------------------------------

    def tasks(self, workflow_id: str) -> dict[str, int]:
        """GetWorkflow → the scheduling ids of a draft's nodes by name."""
        online = self("GetWorkflow", Id=self.definition(workflow_id)["WorkflowId"])["Workflow"]
        return {task["Name"]: task["Id"] for task in online["Tasks"]}

    def online(self, document: Fields) -> dict[str, int]:
        """Import and publish a document → the scheduling ids by name, `` that of the workflow."""
        workflow_id = self.load(document)
        self.publish(workflow_id)
        return {**self.tasks(workflow_id), "": self.definition(workflow_id)["WorkflowId"]}

    # --- runs -------------------------------------------------------------------------------------

    def run(self, **params: Any) -> list[int]:
        """CreateWorkflowInstances → the ids of the instances."""
        operation = self("CreateWorkflowInstances", **params)["OperationId"]
        result = self("GetCreateWorkflowInstancesResult", OperationId=operation)["Result"]
        assert result["Status"] == "Created", result
        ids: list[int] = result["WorkflowInstanceIds"]
        return ids

    def instance(self, instance_id: int) -> Fields:
        """GetWorkflowInstance → the instance."""
        found: Fields = self("GetWorkflowInstance", Id=instance_id)["WorkflowInstance"]
        return found

    def states(self, instance_id: int) -> dict[str, str]:
        """ListTaskInstances → the state of each task of an instance by name."""
        return {name: task["Status"] for name, task in self.task_instances(instance_id).items()}

    def task_instances(self, instance_id: int) -> dict[str, Fields]:
        """ListTaskInstances → the task instances of an instance by name."""
        bizdate = self.instance(instance_id)["BizDate"]
        answer = self(
            "ListTaskInstances", Bizdate=bizdate, WorkflowInstanceId=instance_id, PageSize=500
        )
        return {task["TaskName"]: task for task in answer["PagingInfo"]["TaskInstances"]}


class Local(Calls):
    """Calls to an emulator in this process, whose clock stands still until it is moved."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.control = service.control

    def __call__(self, action: str, **params: Any) -> Fields:
        return self.service.call(action, **_texts(action, params))

    def refusal(self, action: str, **params: Any) -> tuple[int, str, str]:
        """Status, code and message of a call that is refused."""
        answer = self.service.raw(action, **_texts(action, params))
        body = answer.json()
        return answer.status_code, body["Code"], body["Message"]

    def accepts(self, action: str, **params: Any) -> bool:
        """Whether a call succeeds."""
        return self.service.raw(action, **_texts(action, params)).status_code == 200


@contextmanager
def local(*, clock: Clock | None = None, **switches: str) -> Iterator[Local]:
    """An emulator in this process with these switches, two days after `MIDNIGHT` by default."""
    if clock is None:
        clock = Clock()
        clock.now = MIDNIGHT / 1000 + 2.5 * 86_400
    with Service(switches=Switches(**switches), clock=clock) as service:
        yield Local(service)


def _texts(action: str, params: dict[str, Any]) -> dict[str, str]:
    if "ProjectId" in CONTRACT[action]["params"]:
        params.setdefault("ProjectId", PROJECT)
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in params.items()
    }


def backfill(tasks: list[int], *ranges: tuple[str, str], **run: Any) -> Fields:
    """Parameters of a backfill of some tasks over some ranges of business dates."""
    return {
        "Type": "SupplementData",
        "Name": "backfill",
        "WorkflowId": 1,
        "Periods": {"BizDates": [{"StartBizDate": a, "EndBizDate": b} for a, b in ranges]},
        "DefaultRunProperties": {
            "Mode": "ManualSelection",
            "Parallelism": 1,
            "Analysis": {"Enabled": False, "Blocked": False},
            "RootTaskIds": tasks,
            **run,
        },
    }


def chain(*names: str) -> list[Fields]:
    """Nodes of which each waits for the one before; ids by their place."""
    return [
        node(name, id=f"70000000000000001{number:02}") for number, name in enumerate(names, start=1)
    ]


def links(nodes: list[Fields]) -> list[Fields]:
    """The dependencies of such a chain."""
    return [
        {"nodeId": after["id"], "depends": [{"type": "Normal", "output": before["id"]}]}
        for before, after in pairwise(nodes)
    ]
