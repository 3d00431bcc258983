"""Each switch of the emulator: what the service may do instead of what we take as given."""

import json

import pytest

from deployer.emulator import Switches
from tests.emulator_kit import (
    IDENTIFIER,
    PROJECT,
    A,
    B,
    Service,
    at,
    flow,
    node,
    upstreams,
    waits,
)


@pytest.mark.parametrize(
    ("policy", "names"),
    [("keep", ["a", "b"]), ("delete", ["a"]), ("delete_unpublished", ["a"]), ("fail", ["a", "b"])],
)
def test_switch_missing_nodes(policy: str, names: list[str]) -> None:
    """U-01: nodes that a document leaves out."""
    with Service(switches=Switches(import_missing_nodes=policy)) as service:
        workflow_id = service.load(flow(node("a", id=A), node("b", id=B)))
        status, _ = service.job(service.start(flow(node("a", id=A), id=workflow_id)))
        assert status == ("Fail" if policy == "fail" else "Success")
        assert sorted(service.nodes(workflow_id)) == names


@pytest.mark.parametrize(
    ("policy", "kept"),
    [("numeric", [A]), ("keep_all", [A, "text"]), ("replace_all", []), ("reject", None)],
)
def test_switch_client_ids(policy: str, kept: list[str] | None) -> None:
    """U-03: which ids a client may choose for new nodes; known ids always stay."""
    sent = flow(node("a", id=A), node("b", id="text"))
    with Service(switches=Switches(client_ids=policy)) as service:
        job = service.start(sent)
        if kept is None:
            assert service.job(job)[0] == "Fail"
            return
        ids = {item["id"] for item in service.nodes(job["Response"]).values()}
    assert sorted(ids & {A, "text"}) == kept


def test_switch_name_conflict() -> None:
    """U-04: a taken path may also make a second workflow, or mean the one that is there."""
    with Service(switches=Switches(name_conflict="duplicate")) as service:
        assert service.load(flow()) != service.load(flow())
    with Service(switches=Switches(name_conflict="update_by_path")) as service:
        first = service.load(flow(node("a", description="1")))
        assert service.load(flow(node("a", description="2"))) == first
        assert service.nodes(first)["a"]["description"] == "2"
    with Service(switches=Switches(name_case="insensitive")) as service:
        service.load(flow())
        assert service.failure(at("team/FLOW")) == "target folder already exists: FLOW"


def test_switch_merge() -> None:
    """U-32: under `merge` what a document leaves out stays."""
    with Service(switches=Switches(import_fields="merge")) as service:
        first = flow(node("a", id=A, description="x"), dependencies=[waits("a", "x.y")])
        workflow_id = service.load(first)
        service.load(flow(node("a", id=A, rerunTimes=1), id=workflow_id))
        found = service.nodes(workflow_id)["a"]
        assert (found["description"], found["rerunTimes"]) == ("x", 1)
        assert upstreams(service.workflow(workflow_id)) == {"a": [("Normal", "x.y")]}


def test_switch_merge_of_parts() -> None:
    """U-32: objects merge to any depth, a list replaces the one before, an empty value clears."""
    output, other = {"data": "one"}, {"data": "two"}
    first = node("a", id=A, datasource={"name": "n", "type": "odps"}, description="x")
    first["outputs"] = {"nodeOutputs": [output]}
    second = node("a", id=A, datasource={"type": "mysql"}, description="")
    second["outputs"] = {"nodeOutputs": [other]}
    second["script"].pop("content")
    with Service(switches=Switches(import_fields="merge")) as service:
        workflow_id = service.load(flow(first))
        service.load(flow(second, id=workflow_id))
        found = service.nodes(workflow_id)["a"]
        assert found["datasource"] == {"name": "n", "type": "mysql"}
        assert (found["script"]["content"], found["description"]) == ("echo a", "")
        declared = [item["data"] for item in found["outputs"]["nodeOutputs"]]
        assert sorted(declared) == sorted([A, "two"])
        service.load(flow({**second, "outputs": {}, "datasource": {}}, id=workflow_id))
        found = service.nodes(workflow_id)["a"]
        assert [item["data"] for item in found["outputs"]["nodeOutputs"]] == [A]
        assert found["datasource"] == {}


def test_switch_unknown_output() -> None:
    """U-34: an edge to an output that nobody has may be dropped or fail the job."""
    sent = flow(node("a"), dependencies=[waits("a", "x.y", f"{IDENTIFIER}_root")])
    with Service(switches=Switches(unknown_output="drop")) as service:
        found = upstreams(service.workflow(service.load(sent)))
        assert found == {"a": [("Normal", f"{IDENTIFIER}_root")]}
    with Service(switches=Switches(unknown_output="fail")) as service:
        assert "does not exist: x.y" in service.failure(sent)


def test_switch_unknown_fields() -> None:
    """U-31: an unknown field may be kept or fail the job."""
    with Service(switches=Switches(unknown_fields="keep")) as service:
        assert service.nodes(service.load(flow(node("a", mine=1))))["a"]["mine"] == 1
    with Service(switches=Switches(unknown_fields="reject")) as service:
        assert "field not found: mine" in service.failure(flow(node("a", mine=1)))


def test_switch_dry_run() -> None:
    """U-08: a server may really import on a dry run, or refuse the parameter."""
    with Service(switches=Switches(dryrun="ignored")) as service:
        service.job(service.start(flow(), DryRun="true"))
        assert service.names() == ["flow"]
    with Service(switches=Switches(dryrun="error")) as service:
        sent = json.dumps(flow())
        refused = service.refusal(
            "ImportWorkflowDefinition", ProjectId=PROJECT, Spec=sent, DryRun="true"
        )
        assert refused == (400, "InvalidDryRun")


@pytest.mark.parametrize(("policy", "path"), [("ignore_path", "team/flow"), ("fail", "team/flow")])
def test_switch_import_move(policy: str, path: str) -> None:
    """U-12: a known id with a new path may stay where it is, with or without an error."""
    with Service(switches=Switches(import_move=policy)) as service:
        workflow_id = service.load(flow(node("a", id=A)))
        job = service.start(at("new/place", node("a", id=A), id=workflow_id))
        assert service.job(job)[0] == ("Fail" if policy == "fail" else "Success")
        assert service.nodes(workflow_id)["a"]["script"]["path"] == f"{path}/a"


@pytest.mark.parametrize(
    ("completed", "expected"), [("text", "True"), ("bool", True), ("stale", "False")]
)
def test_switch_completed(completed: str, expected: str | bool) -> None:
    """U-23: `Completed` of a finished job may be a boolean, or wrong."""
    with Service(switches=Switches(completed_type=completed)) as service:
        job = service.start(flow())
        status = service.raw("GetJobStatus", JobId=job["Id"]).json()["JobStatus"]
    assert (status["Status"], status["Completed"]) == ("Success", expected)


def test_switch_job_retention() -> None:
    """U-06: a job may be forgotten an hour after its end, or as soon as it ends."""
    with Service(switches=Switches(job_retention="1h")) as service:
        job = service.start(flow())
        assert service.job(job)[0] == "Success"
        service.clock.now += 3600 + 1
        assert service.refusal("GetJobStatus", JobId=job["Id"]) == (404, "Job.NotFound")
    with Service(job_seconds=5, switches=Switches(job_retention="0s")) as service:
        job = service.start(flow())
        assert service.job(job)[0] == "Running"
        service.clock.now += 5
        assert service.refusal("GetJobStatus", JobId=job["Id"]) == (404, "Job.NotFound")
        assert service.names() == ["flow"]


@pytest.mark.parametrize(("limit", "status"), [("1MiB", 400), ("1MiB_413", 413)])
def test_switch_max_spec(limit: str, status: int) -> None:
    """U-29: the limit of a spec may be lower, and its refusal may have another status."""
    with Service(switches=Switches(max_spec=limit)) as service:
        spec = "x" * (1024 * 1024 + 1)
        refused = service.refusal("CreateWorkflowDefinition", ProjectId=PROJECT, Spec=spec)
    assert refused == (status, "InvalidSpec")


def test_other_switches() -> None:
    """U-05, U-07, U-14, U-20, U-35: one alternative each."""
    switches = Switches(
        response_id="never",
        modify_time_on_node_edit="no",
        delete_workflow="reject_nonempty",
        preserve_description="no",
        list_trigger_workflows="yes",
    )
    with Service(switches=switches) as service:
        workflow_id = service.create(flow(kind="TriggerWorkflow", description="lost"))
        sent = flow(node("a", id=A), id=workflow_id, kind="TriggerWorkflow")
        service.clock.now += 60
        job = service.start(sent)
        assert (job["Response"], service.job(job)[0]) == ("", "Success")
        found = service.call("GetWorkflowDefinition", Id=workflow_id)["WorkflowDefinition"]
        assert found["ModifyTime"] == found["CreateTime"]
        assert "description" not in service.workflow(workflow_id)
        assert service.names(Type="TriggerWorkflow") == ["flow"]
        refused = service.refusal("DeleteWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT)
        assert refused == (400, "WorkflowDefinition.NotEmpty")


def test_switch_has_known_values_only() -> None:
    """A switch set to a value that it does not have is an error that lists the right ones."""
    with pytest.raises(ValueError, match="dryrun is one of honoured, ignored, error, not maybe"):
        Switches(dryrun="maybe")
    for wrong in ("partial", "partial(x)", "partial(1)2"):
        with pytest.raises(ValueError, match="import_atomic is one of"):
            Switches(import_atomic=wrong)
    assert Switches(import_atomic="partial(12)", read_lag="get(3reads)+list(10s)")
