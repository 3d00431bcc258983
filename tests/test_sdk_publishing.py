"""Pipelines and the scheduling side as the official SDK sees them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator_kit import IDENTIFIER, A, Fields, at, flow, node
from tests.running_kit import chain, links
from tests.sdk_kit import Sdk, served


@pytest.fixture(scope="module")
def sdk() -> Iterator[Sdk]:
    """An emulator with default switches, shared by tests with paths of their own."""
    with served() as found:
        yield found


def two(path: str, first: str, second: str, **fields: Any) -> Fields:
    """A workflow of two nodes, the second waiting for the first's output."""
    waits = {"nodeId": f"id_{second}", "depends": [{"output": f"{IDENTIFIER}.{first}"}]}
    return at(path, node(first), node(second, id=f"id_{second}"), dependencies=[waits], **fields)


def test_pipeline_from_start_to_end(sdk: Sdk) -> None:
    """Create, read, run the stages one by one: the definition then has its scheduling ids."""
    workflow_id = sdk.load(two("pub/life", "life_a", "life_b"))
    assert "WorkflowId" not in sdk.definition(workflow_id)
    pipeline = sdk.pipeline(workflow_id, Description="nonce 1")
    found = sdk("GetPipelineRun", Id=pipeline)["Pipeline"]
    assert (found["Status"], found["Description"]) == ("Running", "nonce 1")
    assert [(stage["Code"], stage["Type"], stage["Status"]) for stage in found["Stages"]] == [
        ("BUILD_PACKAGE", "Build", "Success"),
        ("PROD_CHECK", "Check", "Init"),
        ("PROD", "Deploy", "Init"),
    ]
    status, stages = sdk.advance(pipeline, "PROD_CHECK", "PROD")
    assert (status, set(stages.values())) == ("Success", {"Success"})
    definition = sdk.definition(workflow_id)
    nodes = definition["Spec"]["spec"]["workflows"][0]["nodes"]
    tasks = {sdk("GetNode", Id=item["id"])["Node"]["TaskId"] for item in nodes}
    assert tasks == set(sdk.tasks(workflow_id).values())


def test_list_pipelines(sdk: Sdk) -> None:
    """By object, status and creator, in pages; the description is told."""
    workflow_id = sdk.load(at("pub/listed", node("listed")))
    ids = [sdk.pipeline(workflow_id, Description=f"n{number}") for number in range(3)]
    sdk("AbolishPipelineRun", Id=ids[0])

    def listed(**params: object) -> list[str]:
        paging = sdk("ListPipelineRuns", ObjectId=workflow_id, **params)["PagingInfo"]
        return [run["Description"] for run in paging["PipelineRuns"]]

    assert listed() == ["n2", "n1", "n0"]
    assert listed(Status="Termination") == ["n0"]
    assert listed(Creator="nobody") == []
    assert listed(PageNumber=2, PageSize=2) == ["n0"]
    inner = sdk.definition(workflow_id)["Spec"]["spec"]["workflows"][0]["nodes"][0]["id"]
    assert sdk("ListPipelineRuns", ObjectId=inner)["PagingInfo"]["TotalCount"] == 3


def test_items_tell_what_was_packed(sdk: Sdk) -> None:
    """One item for the workflow and each node, with version and spec of the moment of packing."""
    workflow_id = sdk.load(at("pub/items", node("items", id=A)))
    pipeline = sdk.publish(workflow_id)
    sdk.load(at("pub/items", node("items", id=A, description="later"), id=workflow_id))
    again = sdk.pipeline(workflow_id)
    items = sdk("ListPipelineRunItems", PipelineRunId=pipeline)["PagingInfo"]["PipelineRunItems"]
    assert [(item["Type"], item["Name"], item["Version"], item["Status"]) for item in items] == [
        ("WorkflowDefinition", "items", 1, "Success"),
        ("Node", "items", 1, "Success"),
    ]
    assert "later" not in items[0]["Spec"]
    whole = json.loads(items[0]["Spec"])["spec"]["workflows"][0]
    assert whole["nodes"][0]["script"]["content"] == "echo items"
    page = sdk("ListPipelineRunItems", PipelineRunId=again, PageSize=1)["PagingInfo"]
    assert (page["TotalCount"], page["PipelineRunItems"][0]["Version"]) == (2, 2)
    assert page["PipelineRunItems"][0]["Status"] == "Running"


def test_refusals(sdk: Sdk) -> None:
    """What is wrong with a pipeline call is said with 4xx."""
    workflow_id = sdk.load(at("pub/refused", node("refused")))
    known = {"ObjectIds": [workflow_id], "Type": "Online"}
    pipeline = sdk.pipeline(workflow_id)
    assert [
        sdk.refusal("CreatePipelineRun", **{**known, "Type": "Sideways"}),
        sdk.refusal("CreatePipelineRun", **{**known, "ObjectIds": []}),
        sdk.refusal("CreatePipelineRun", **known, RunMode="Fast"),
        sdk.refusal("CreatePipelineRun", **known, RunMode="Auto"),
        sdk.refusal("CreatePipelineRun", **known, RunMode="Auto", AutoRunUntilStage="DEV"),
        sdk.refusal("GetPipelineRun", Id="nobody"),
        sdk.refusal("ExecPipelineRunStage", Id=pipeline, Code="DEV"),
        sdk.refusal("ListPipelineRuns", Status="Odd"),
        sdk.refusal("ListPipelineRunItems", PipelineRunId="nobody"),
        sdk.refusal("AbolishPipelineRun", Id="nobody"),
    ] == [
        (400, "InvalidType"),
        (400, "InvalidObjectIds"),
        (400, "InvalidRunMode"),
        (400, "MissingAutoRunUntilStage"),
        (400, "InvalidAutoRunUntilStage"),
        (404, "PipelineRun.NotFound"),
        (400, "InvalidCode"),
        (400, "InvalidStatus"),
        (404, "PipelineRun.NotFound"),
        (404, "PipelineRun.NotFound"),
    ]


def test_stages_take_their_time() -> None:
    """A stage runs for `stage_seconds`; its end is dated when it was due, not when one looks."""
    with served(stage_seconds="30") as sdk:
        pipeline = sdk.pipeline(sdk.load(flow(node("a"))))
        assert sdk.stages(pipeline)[1]["BUILD_PACKAGE"] == "Running"
        sdk.control.advance(30)
        assert sdk.advance(pipeline, "PROD_CHECK")[1]["PROD_CHECK"] == "Running"
        sdk.control.advance(30)
        assert sdk.advance(pipeline, "PROD")[0] == "Running"
        begun = sdk.control.now()
        sdk.control.advance(3600)
        found = sdk("GetPipelineRun", Id=pipeline)["Pipeline"]
        assert found["Status"] == "Success"
        assert begun <= found["ModifyTime"] <= begun + 30_000


def test_list_workflows(sdk: Sdk) -> None:
    """Workflows online: by id, name, owner, trigger and environment, sorted and in pages."""
    for number in range(3):
        sdk.online(at(f"sched/wf_{number}", owner="77"))
    manual = sdk.online(at("sched/wf_manual", kind="ManualWorkflow"))[""]

    def names(**params: object) -> list[str]:
        paging = sdk("ListWorkflows", Name="WF_", **params)["PagingInfo"]
        return [workflow["Name"] for workflow in paging["Workflows"]]

    assert names() == ["wf_manual", "wf_2", "wf_1", "wf_0"]
    assert names(SortBy="Id") == ["wf_0", "wf_1", "wf_2", "wf_manual"]
    assert names(SortBy="CreateTime Asc", PageSize=2, PageNumber=2) == ["wf_2", "wf_manual"]
    assert names(Owner="77", TriggerType="Scheduler") == ["wf_2", "wf_1", "wf_0"]
    assert (names(Ids=[manual]), names(TriggerType="Manual")) == (["wf_manual"],) * 2
    assert (names(EnvType="Dev"), names(Tags=["a:b"])) == ([], [])
    assert sdk.refusal("ListWorkflows", SortBy="Name") == (400, "InvalidSortBy")
    assert sdk.refusal("ListWorkflows", EnvType="Test") == (400, "InvalidEnvType")


def test_get_workflow_and_task(sdk: Sdk) -> None:
    """A workflow with its tasks, and a task with script, schedule, outputs and dependencies."""
    trigger = {"type": "Scheduler", "cron": "00 15 02 * * ?"}
    ids = sdk.online(two("sched/shape", "shape_a", "shape_b", trigger=trigger))
    workflow = sdk("GetWorkflow", Id=ids[""])["Workflow"]
    assert (workflow["Name"], workflow["Trigger"]["Cron"]) == ("shape", "00 15 02 * * ?")
    assert {task["Name"] for task in workflow["Tasks"]} == {"shape_a", "shape_b"}
    task = sdk("GetTask", Id=ids["shape_b"])["Task"]
    assert task["Script"]["Content"] == "echo shape_b"
    assert (task["WorkflowId"], task["Trigger"]["Cron"]) == (ids[""], "00 15 02 * * ?")
    assert task["Dependencies"] == [
        {
            "Type": "Normal",
            "UpstreamOutput": f"{IDENTIFIER}.shape_a",
            "UpstreamTaskId": str(ids["shape_a"]),
        }
    ]
    outputs = {output["Output"] for output in task["Outputs"]["TaskOutputs"]}
    assert f"{IDENTIFIER}.shape_b" in outputs
    assert sdk.refusal("GetTask", Id=1) == (404, "Task.NotFound")
    assert sdk.refusal("GetTask", Id=ids["shape_b"], ProjectEnv="Dev") == (404, "Task.NotFound")
    assert sdk.refusal("GetWorkflow", Id=1) == (404, "Workflow.NotFound")


def test_list_tasks(sdk: Sdk) -> None:
    """Tasks: every filter, sort and page."""
    document = at(
        "sched/tasks",
        node("tk_shell"),
        node("tk_sql", "ODPS_SQL", recurrence="Pause", owner="88"),
    )
    ids = sdk.online(document)

    def names(**params: object) -> list[str]:
        paging = sdk("ListTasks", Name="tk_", SortBy="Id", **params)["PagingInfo"]
        return sorted(task["Name"] for task in paging["Tasks"])

    assert names(WorkflowId=ids[""], TriggerType="Scheduler") == ["tk_shell", "tk_sql"]
    assert names(TaskType="ODPS_SQL", Owner="88", TriggerRecurrence="Pause") == ["tk_sql"]
    assert names(Ids=[ids["tk_shell"]], ProjectEnv="Prod") == ["tk_shell"]
    assert (names(TriggerType="Manual"), names(ProjectEnv="Dev")) == ([], [])
    group = sdk("GetTask", Id=ids["tk_sql"])["Task"]["RuntimeResource"]["ResourceGroupId"]
    assert (names(RuntimeResource=group), names(RuntimeResource="x")) == (
        ["tk_shell", "tk_sql"],
        [],
    )
    assert len(names(PageSize=1)) == 1


def test_upstream_and_downstream(sdk: Sdk) -> None:
    """Who waits for whom, within a workflow and across workflows."""
    nodes = chain("up_a", "up_b", "up_c")
    ids = sdk.online(at("links/one", *nodes, dependencies=links(nodes)))
    far = {"nodeId": "far", "depends": [{"output": f"{IDENTIFIER}.up_c"}]}
    ids |= sdk.online(at("links/two", node("far", id="far"), dependencies=[far]))

    def names(action: str, of: str, **params: object) -> list[str]:
        paging = sdk(action, Id=ids[of], **params)["PagingInfo"]
        key = action.removeprefix("List")
        assert [link["Task"]["Name"] for link in paging[key]] == [
            task["Name"] for task in paging["Tasks"]
        ]
        return [task["Name"] for task in paging["Tasks"]]

    assert names("ListUpstreamTasks", "far") == ["up_c"]
    assert names("ListDownstreamTasks", "up_c") == ["far"]
    assert names("ListDownstreamTasks", "up_a") == ["up_b"]
    assert names("ListUpstreamTasks", "up_a") == []
    assert names("ListUpstreamTasks", "up_b", PageNumber=2) == []


def test_standard_workspace() -> None:
    """Development first, then a person, then production; each has tasks of its own."""
    with served() as sdk:
        sdk.control.set_mode(424242, "standard")
        assert sdk("GetProject", Id=424242)["Project"]["DevEnvironmentEnabled"] is True
        workflow_id = sdk.load(flow(node("a")))
        pipeline = sdk.pipeline(workflow_id)
        status, stages = sdk.advance(pipeline, "DEV_CHECK", "DEV")
        assert list(stages) == [
            *("BUILD_PACKAGE", "DEV_CHECK", "DEV", "APPROVAL", "PROD_CHECK", "PROD")
        ]
        assert (status, stages["DEV"], stages["APPROVAL"]) == ("Running", "Success", "Init")
        assert sdk("ListTasks", ProjectEnv="Dev")["PagingInfo"]["TotalCount"] == 1
        assert sdk("ListTasks")["PagingInfo"]["TotalCount"] == 0
        sdk.control.approve("boss", pipeline)
        assert sdk.advance(pipeline, "PROD_CHECK", "PROD")[0] == "Success"
        assert sdk("ListTasks")["PagingInfo"]["TotalCount"] == 1
