"""Each switch of publishing and running: what the service may do instead of our defaults."""

import json
from typing import Any

import pytest

from deployer.emulator.settings import register_project
from tests.emulator_kit import IDENTIFIER, A, at, flow, node
from tests.running_kit import ONE_DAY, Local, backfill, local

SAME = {"nodeOutputs": [{"data": f"{IDENTIFIER}.same"}]}


def online(calls: Local) -> dict[str, int]:
    return calls.online(flow(node("a", id=A)))


def test_u10_conflict_at_import() -> None:
    """U-10: an output that exists twice may fail the import."""
    with local(output_conflict_at="import") as calls:
        calls.load(at("u10/one", node("one", outputs=SAME)))
        error = calls.service.failure(at("u10/two", node("two", outputs=SAME)))
        assert "can not exported multiple nodes into the same output" in error
        assert calls.service.failure(
            at("u10/both", node("x", outputs=SAME), node("y", outputs=SAME))
        )


def test_u10_conflict_at_the_first_stage() -> None:
    """U-10: or the first stage of the pipeline."""
    with local(output_conflict_at="publish") as calls:
        calls.publish(calls.load(at("u10/one", node("one", outputs=SAME))))
        pipeline = calls.pipeline(calls.load(at("u10/two", node("two", outputs=SAME))))
        assert calls.stages(pipeline)[1]["BUILD_PACKAGE"] == "Fail"


@pytest.mark.parametrize(("scope", "status"), [("project", "Success"), ("account", "Fail")])
def test_u10_scope(scope: str, status: str) -> None:
    """U-10: outputs of other projects of the account may count too."""
    with local(output_scope=scope) as calls:
        with calls.control._store.transaction() as db:
            register_project(db, 7, "other")
        job = calls.service.call(
            "ImportWorkflowDefinition",
            ProjectId=7,
            Spec=json.dumps(at("x/y", node("y", outputs=SAME))),
        )
        other = job["AsyncJob"]["Response"]
        sent: dict[str, Any] = {"ProjectId": 7}
        pipeline = calls("CreatePipelineRun", ObjectIds=[other], Type="Online", **sent)["Id"]
        for code in ("PROD_CHECK", "PROD"):
            calls("ExecPipelineRunStage", Id=pipeline, Code=code, **sent)
        own = calls.pipeline(calls.load(at("u10/one", node("one", outputs=SAME))))
        assert calls.advance(own, "PROD_CHECK", "PROD")[0] == status


@pytest.mark.parametrize("status", ["Termination", "Cancel"])
def test_u15_status_after_abolish(status: str) -> None:
    """U-15: both spell the same end."""
    with local(abolish_status=status) as calls:
        pipeline = calls.pipeline(calls.load(flow(node("a"))))
        calls("AbolishPipelineRun", Id=pipeline)
        assert calls.stages(pipeline)[0] == status


def test_u16_automatic_run_ignored_or_refused() -> None:
    """U-16: RunMode Auto may be ignored, or unknown."""
    auto = {"RunMode": "Auto", "AutoRunUntilStage": "PROD"}
    with local(auto_run="ignored") as calls:
        pipeline = calls.pipeline(calls.load(flow(node("a"))), **auto)
        assert calls.stages(pipeline)[1]["PROD_CHECK"] == "Init"
    with local(auto_run="error") as calls:
        sent = {"ObjectIds": [calls.load(flow(node("a")))], "Type": "Online", **auto}
        assert calls.refusal("CreatePipelineRun", **sent)[:2] == (400, "InvalidRunMode")


@pytest.mark.parametrize("status", ["Failure", "Success", "NotRun"])
def test_u17_status_after_stop(status: str) -> None:
    """U-17: a stopped instance may read as any of these."""
    with local(stop_status=status, run_seconds="60") as calls:
        ids = online(calls)
        run = calls.run(**backfill([ids["a"]], ONE_DAY))[0]
        calls("StopWorkflowInstances", Ids=[run])
        calls.control.advance(600)
        assert calls.instance(run)["Status"] == status


def test_u18_one_pipeline_for_an_object() -> None:
    """U-18: a second one may be refused while the first is open."""
    with local(concurrent_pipelines="reject") as calls:
        workflow_id = calls.load(flow(node("a")))
        first = calls.pipeline(workflow_id)
        sent = {"ObjectIds": [workflow_id], "Type": "Online"}
        assert calls.refusal("CreatePipelineRun", **sent)[:2] == (400, "PipelineRun.Exists")
        calls("AbolishPipelineRun", Id=first)
        assert calls.pipeline(workflow_id)


def test_u19_repeated_stage() -> None:
    """U-19: a repeated call may do nothing, or run the stage again."""
    with local(exec_repeat="idempotent", stage_seconds="60") as calls:
        pipeline = calls.pipeline(calls.load(flow(node("a"))))
        calls.control.advance(60)
        calls.advance(pipeline, "PROD_CHECK")
        calls.control.advance(60)
        assert calls.advance(pipeline, "PROD_CHECK")[1]["PROD_CHECK"] == "Success"
    with local(exec_repeat="runs_again", stage_seconds="60") as calls:
        pipeline = calls.pipeline(calls.load(flow(node("a"))))
        calls.control.advance(60)
        calls.advance(pipeline, "PROD_CHECK")
        calls.control.advance(60)
        assert calls.advance(pipeline, "PROD_CHECK")[1]["PROD_CHECK"] == "Running"
        calls.control.advance(60)
        calls.advance(pipeline, "PROD")
        calls.control.advance(60)
        assert calls.stages(pipeline)[0] == "Success"


def test_u24_run_name_taken() -> None:
    """U-24: a name that was used may be refused."""
    with local(run_name_unique="reject") as calls:
        params = backfill([online(calls)["a"]], ONE_DAY)
        calls.run(**params)
        assert calls.refusal("CreateWorkflowInstances", **params)[:2] == (400, "InvalidName")
        assert calls.run(**{**params, "Name": "other"})


@pytest.mark.parametrize(
    ("policy", "one", "own"),
    [("both", True, True), ("only_1", True, False), ("only_own", False, True)],
)
def test_u25_workflow_id_of_a_backfill(policy: str, one: bool, own: bool) -> None:
    """U-25: 1, the workflow's own id, or both."""
    with local(backfill_workflow_id=policy) as calls:
        ids = online(calls)
        accepted = []
        for workflow in (1, ids[""]):
            sent = {**backfill([ids["a"]], ONE_DAY), "WorkflowId": workflow}
            accepted.append(calls.accepts("CreateWorkflowInstances", **sent))
        assert accepted == [one, own]


@pytest.mark.parametrize(("needed", "content"), [("yes", "echo a"), ("no", "echo new")])
def test_u26_change_to_a_published_workflow(needed: str, content: str) -> None:
    """U-26: it may act before it is published again."""
    with local(publish_needed=needed) as calls:
        ids = online(calls)
        workflow_id = calls("GetWorkflow", Id=ids[""])["Workflow"]["ClientUniqueCode"]
        calls.service.clock.now += 1
        changed = node("a", id=A)
        changed["script"]["content"] = "echo new"
        calls.load(flow(changed, id=workflow_id))
        assert calls("GetTask", Id=ids["a"])["Task"]["Script"]["Content"] == content


def test_u36_seven_dates() -> None:
    """U-36: the limit of seven may count days."""
    with local(biz_dates="seven_dates") as calls:
        task = online(calls)["a"]
        assert len(calls.run(**backfill([task], ("2025-10-01", "2025-10-07")))) == 7
        sent = backfill([task], ("2025-10-01", "2025-10-08"))
        refusal = calls.refusal("CreateWorkflowInstances", **sent)
        assert refusal[:2] == (400, "InvalidPeriods.BizDates")
