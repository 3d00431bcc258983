"""What docs/service.md says of publishing and going offline, statement by statement."""

import json
from typing import Any

import pytest

from deployer.emulator.stages import Mode
from tests.emulator_kit import IDENTIFIER, A, B, Clock, at, flow, node
from tests.running_kit import DAY, MIDNIGHT, ONE_DAY, Local, backfill, local

MODES: tuple[Mode, ...] = ("simple", "standard", "simple")


def refused(calls: Local, workflow_id: str, **params: Any) -> tuple[int, str, str]:
    return calls.refusal("CreatePipelineRun", ObjectIds=[workflow_id], Type="Online", **params)


def execute(calls: Local, pipeline: str, code: str) -> tuple[int, str, str]:
    return calls.refusal("ExecPipelineRunStage", Id=pipeline, Code=code)


def stage_message(calls: Local, pipeline: str, code: str) -> str:
    stages = calls("GetPipelineRun", Id=pipeline)["Pipeline"]["Stages"]
    return next(str(stage["Message"]) for stage in stages if stage["Code"] == code)


# --- going online ---------------------------------------------------------------------------------


def test_b60_only_the_first_object_is_published() -> None:
    """B-60: further ids are passed over, the children of the first go with it."""
    with local() as calls:
        ids = [calls.load(at(f"b60/{name}", node(name))) for name in ("one", "two")]
        pipeline = calls("CreatePipelineRun", ObjectIds=ids, Type="Online")["Id"]
        items = calls("ListPipelineRunItems", PipelineRunId=pipeline)["PagingInfo"]
        names = [(item["Type"], item["Name"]) for item in items["PipelineRunItems"]]
        assert names == [("WorkflowDefinition", "one"), ("Node", "one")]


def test_b61_inner_node_is_not_published_alone() -> None:
    """B-61: the id of a node is refused in the words that were seen."""
    with local() as calls:
        calls.load(flow(node("a", id=A)))
        expected = (400, "5801489541076353033", f'未找到发布对象: [["{A}"]]')
        assert refused(calls, A) == expected
        assert refused(calls, "1")[:2] == expected[:2]


def test_b63_stages_in_order_and_once() -> None:
    """B-63: no stage is skipped or repeated, and success of the call is no success of the stage."""
    with local(stage_seconds="60") as calls:
        pipeline = calls.pipeline(calls.load(flow(node("a"))))
        calls.control.advance(60)
        assert execute(calls, pipeline, "PROD")[1] == "PipelineRun.StageOrder"
        assert calls.advance(pipeline, "PROD_CHECK")[1]["PROD_CHECK"] == "Running"
        assert execute(calls, pipeline, "PROD_CHECK")[1] == "PipelineRun.StageRepeated"
        assert execute(calls, pipeline, "BUILD_PACKAGE")[1] == "PipelineRun.StageRepeated"


def test_b62_b64_stages_of_a_simple_workspace() -> None:
    """B-62, B-64: the build runs by itself, the others wait for a call."""
    with local(stage_seconds="60") as calls:
        pipeline = calls.pipeline(calls.load(flow(node("a"))))
        states = {"BUILD_PACKAGE": "Running", "PROD_CHECK": "Init", "PROD": "Init"}
        assert calls.stages(pipeline) == ("Running", states)
        calls.control.advance(60)
        assert calls.stages(pipeline) == ("Running", {**states, "BUILD_PACKAGE": "Success"})


def test_b65_approval_is_given_in_the_console() -> None:
    """B-65: no call passes that stage; a person may also turn it down."""
    with local() as calls:
        calls.control.set_mode(424242, "standard")
        workflow_id = calls.load(flow(node("a")))
        pipeline = calls.pipeline(workflow_id)
        calls.advance(pipeline, "DEV_CHECK", "DEV")
        assert execute(calls, pipeline, "APPROVAL")[:2] == (400, "PipelineRun.Approval")
        assert execute(calls, pipeline, "PROD_CHECK")[1] == "PipelineRun.StageOrder"
        calls.control.advance(10 * 86_400)
        assert calls.stages(pipeline)[0] == "Running"
        calls.control.approve("boss", pipeline)
        assert calls.advance(pipeline, "PROD_CHECK", "PROD")[0] == "Success"
        other = calls.pipeline(workflow_id)
        calls.advance(other, "DEV_CHECK", "DEV")
        calls.control.reject("boss", other)
        assert calls.stages(other)[0] == "Fail"


def test_b66_termination_with_successful_stages() -> None:
    """B-66: a pipeline can end in Termination though all its stages show Success."""
    with local(stage_seconds="60") as calls:
        workflow_id = calls.load(flow(node("a")))
        pipeline = calls.pipeline(workflow_id)
        calls.control.advance(60)
        calls.control.terminate("boss", pipeline)
        status, stages = calls.stages(pipeline)
        assert (status, stages["BUILD_PACKAGE"]) == ("Termination", "Success")
        assert "WorkflowId" not in calls.definition(workflow_id)


def test_b67_pipeline_that_is_not_running() -> None:
    """B-67: a stage call after the end is refused in the words that were seen."""
    with local() as calls:
        workflow_id = calls.load(flow(node("a")))
        pipeline = calls.publish(workflow_id)
        status, _, message = execute(calls, pipeline, "PROD")
        assert (status, message) == (400, "流水线不是正在运行")
        assert calls.refusal("AbolishPipelineRun", Id=pipeline)[0] == 400


def test_b68_automatic_run() -> None:
    """B-68: up to and including the stage that was named; what follows waits for a call."""
    with local() as calls:
        workflow_id = calls.load(flow(node("a")))
        until = {"RunMode": "Auto", "AutoRunUntilStage": "PROD_CHECK"}
        pipeline = calls.pipeline(workflow_id, **until)
        assert calls.stages(pipeline)[1] == {
            "BUILD_PACKAGE": "Success",
            "PROD_CHECK": "Success",
            "PROD": "Init",
        }
        until["AutoRunUntilStage"] = "PROD"
        assert calls.stages(calls.pipeline(workflow_id, **until))[0] == "Success"


def test_b69_nonce_in_the_description() -> None:
    """B-69: a lost answer is found by object and description; items hold what was published."""
    with local() as calls:
        workflow_id = calls.load(flow(node("a", id=A)))
        pipeline = calls.pipeline(workflow_id, Description="nonce 7")
        found = calls("ListPipelineRuns", ObjectId=workflow_id)["PagingInfo"]["PipelineRuns"]
        assert [(run["Id"], run["Description"]) for run in found] == [(pipeline, "nonce 7")]
        items = calls("ListPipelineRunItems", PipelineRunId=pipeline)["PagingInfo"]
        spec = json.loads(items["PipelineRunItems"][0]["Spec"])
        assert spec["spec"] == calls.definition(workflow_id)["Spec"]["spec"]


def test_b70_a_repeated_create_is_a_second_pipeline() -> None:
    """B-70: no client token makes a second call the same as the first."""
    with local() as calls:
        workflow_id = calls.load(flow(node("a")))
        assert calls.pipeline(workflow_id) != calls.pipeline(workflow_id)


def test_b71_abolished() -> None:
    """B-71: an abolished pipeline ended without success, and so did what it held."""
    with local(stage_seconds="60") as calls:
        pipeline = calls.pipeline(calls.load(flow(node("a"))))
        assert calls("AbolishPipelineRun", Id=pipeline)["Success"] is True
        assert calls.stages(pipeline)[0] == "Termination"
        calls.control.advance(600)
        assert calls.stages(pipeline)[1]["BUILD_PACKAGE"] == "Termination"
        items = calls("ListPipelineRunItems", PipelineRunId=pipeline)["PagingInfo"]
        assert {item["Status"] for item in items["PipelineRunItems"]} == {"Termination"}


def test_b73_mode_of_the_workspace() -> None:
    """B-73: GetProject tells whether there is a development environment."""
    with local() as calls:
        seen = []
        for mode in MODES:
            calls.control.set_mode(424242, mode)
            seen.append(calls("GetProject", Id=424242)["Project"]["DevEnvironmentEnabled"])
        assert seen == [False, True, False]


def test_b24_ids_of_the_scheduling_side() -> None:
    """B-24: they are integers of their own, appear with publishing and stay from then on."""
    with local() as calls:
        workflow_id = calls.load(flow(node("a", id=A)))
        assert "TaskId" not in calls("GetNode", Id=A)["Node"]
        calls.publish(workflow_id)
        task = calls("GetNode", Id=A)["Node"]["TaskId"]
        ids = (calls.definition(workflow_id)["WorkflowId"], task)
        assert {type(number) for number in ids} == {int}
        assert {str(number) for number in ids} & {A, workflow_id} == set()
        calls.load(flow(node("a", id=A, description="new"), id=workflow_id))
        calls.publish(workflow_id)
        after = (calls.definition(workflow_id)["WorkflowId"], calls.tasks(workflow_id)["a"])
        assert after == ids


def test_b25_command_online_stays() -> None:
    """B-25: a node that comes back with another command is not published."""
    with local(import_missing_nodes="delete") as calls:
        workflow_id = calls.load(flow(node("a", id=A), node("b", id=B)))
        calls.publish(workflow_id)
        calls.load(flow(node("b", id=B), id=workflow_id))
        calls.load(flow(node("a", "ODPS_SQL", id=A), node("b", id=B), id=workflow_id))
        pipeline = calls.pipeline(workflow_id)
        assert calls.advance(pipeline, "PROD_CHECK", "PROD")[0] == "Fail"
        assert stage_message(calls, pipeline, "PROD").startswith("Node type (command) cannot be")


def test_b35_output_that_exists_twice() -> None:
    """B-35: found at the stage PROD only, with the message that was seen."""
    with local() as calls:
        outputs = {"nodeOutputs": [{"data": f"{IDENTIFIER}.same"}]}
        calls.publish(calls.load(at("b35/one", node("one", outputs=outputs))))
        pipeline = calls.pipeline(calls.load(at("b35/two", node("two", outputs=outputs))))
        assert calls.advance(pipeline, "PROD_CHECK")[0] == "Running"
        status, stages = calls.advance(pipeline, "PROD")
        assert (status, stages["PROD"]) == ("Fail", "Fail")
        expected = "can not exported multiple nodes into the same output"
        assert stage_message(calls, pipeline, "PROD").endswith(expected)


def test_b49_publishing_leaves_snapshots() -> None:
    """B-49: one of type Deployed with what was packed, one of type UnDeployed."""
    with local() as calls:
        workflow_id = calls.load(flow(node("a", id=A)))
        pipeline = calls.pipeline(workflow_id)
        calls.load(flow(node("a", id=A, description="later"), id=workflow_id))
        calls.advance(pipeline, "PROD_CHECK", "PROD")
        calls.publish(workflow_id, "Offline")
        rows = calls.service.app.control._store._db.execute(
            "SELECT id, type FROM snapshot WHERE object = ? ORDER BY version", (workflow_id,)
        )
        kinds = [row["type"] for row in rows]
        assert kinds[-2:] == ["Deployed", "UnDeployed"]


# --- going offline --------------------------------------------------------------------------------


def test_b50_published_workflow_is_not_deleted() -> None:
    """B-50: neither the workflow nor its node, until it was taken offline."""
    with local() as calls:
        workflow_id = calls.load(flow(node("a", id=A)))
        calls.publish(workflow_id)
        assert calls.refusal("DeleteWorkflowDefinition", Id=workflow_id)[0] == 400
        assert calls.refusal("DeleteNode", Id=A)[0] == 400
        calls.publish(workflow_id, "Offline")
        assert "WorkflowId" not in calls.definition(workflow_id)
        assert calls("DeleteNode", Id=A)["Success"] is True
        assert calls("DeleteWorkflowDefinition", Id=workflow_id)["Success"] is True


def test_b51_offline_needs_no_downstream() -> None:
    """B-51: neither a draft nor something online may wait for it."""
    with local() as calls:
        one = calls.load(at("b51/one", node("one")))
        calls.publish(one)
        waits = {"nodeId": A, "depends": [{"output": f"{IDENTIFIER}.one"}]}
        two = calls.load(at("b51/two", node("two", id=A), dependencies=[waits]))
        failed = calls.pipeline(one, "Offline")
        assert calls.stages(failed)[0] == "Fail"
        assert "two" in stage_message(calls, failed, "OfflineCheck")
        calls.publish(two)
        calls.load(at("b51/two", node("two", id=A), id=two))
        assert calls.stages(calls.pipeline(one, "Offline"))[0] == "Fail"
        calls.publish(two)
        calls.publish(one, "Offline")


def test_b52_instances_stay_after_going_offline() -> None:
    """B-52, B-97: what has run can still be looked at."""
    with local() as calls:
        workflow_id = calls.load(flow(node("a")))
        calls.publish(workflow_id)
        task = calls.tasks(workflow_id)["a"]
        run = calls.run(**backfill([task], ONE_DAY))[0]
        calls.publish(workflow_id, "Offline")
        assert calls.instance(run)["Status"] == "Success"
        assert calls.states(run) == {"a": "Success"}


def test_b53_stages_of_going_offline() -> None:
    """B-53: a check by itself, then PROD_CHECK and PROD of type Offline."""
    with local() as calls:
        workflow_id = calls.load(flow(node("a")))
        calls.publish(workflow_id)
        pipeline = calls.pipeline(workflow_id, "Offline")
        found = calls("GetPipelineRun", Id=pipeline)["Pipeline"]["Stages"]
        assert [(stage["Code"], stage["Type"], stage["Status"]) for stage in found] == [
            ("OfflineCheck", "Check", "Success"),
            ("PROD_CHECK", "Check", "Init"),
            ("PROD", "Offline", "Init"),
        ]
        draft = calls.load(at("b53/draft"))
        assert calls.stages(calls.pipeline(draft, "Offline"))[0] == "Fail"


# --- midnight -------------------------------------------------------------------------------------


def effective(calls: Local, clock: Clock, minutes_to_midnight: int, **fields: Any) -> str:
    """On which day a definition acts that is published on 2025-10-10, so late in China."""
    clock.now = (MIDNIGHT + DAY) / 1000 - minutes_to_midnight * 60
    path = f"b80/at_{minutes_to_midnight}"
    pipeline = calls.publish(calls.load(at(path, **fields)))
    stages = calls("GetPipelineRun", Id=pipeline)["Pipeline"]["Stages"]
    return str(stages[-1]["Detail"]["EffectiveDate"])


@pytest.mark.parametrize(
    ("window", "days"),
    [
        ("23:30-24:00", ["2025-10-11", "2025-10-11", "2025-10-12"]),
        ("22:00-24:00", ["2025-10-11", "2025-10-12", "2025-10-12"]),
        ("none", ["2025-10-11", "2025-10-11", "2025-10-11"]),
    ],
)
def test_b80_midnight_window(window: str, days: list[str]) -> None:
    """B-80: published in the window it acts on the third day; nothing else differs."""
    clock = Clock()
    with local(clock=clock, publish_window=window) as calls:
        assert [effective(calls, clock, minutes) for minutes in (121, 31, 30)] == days


def test_b81_immediate_instances() -> None:
    """B-81: with immediate instances a change acts some ten minutes later, whatever the hour."""
    clock = Clock()
    with local(clock=clock) as calls:
        strategy = {"instanceMode": "Immediately"}
        assert effective(calls, clock, 20, strategy=strategy) == "2025-10-10"
