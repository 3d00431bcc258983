"""Switches about what an import leaves, what a read shows, and when it shows it."""

import json

import pytest

from deployer.emulator import Switches
from deployer.emulator.defaults import TABLES
from deployer.emulator.switches import ALTERNATIVES
from tests.emulator_kit import (
    IDENTIFIER,
    PROJECT,
    A,
    Fields,
    Service,
    at,
    flow,
    node,
    upstreams,
    waits,
)
from tests.facts_kit import cancel

# --- import ---------------------------------------------------------------------------------------


def test_partial_import_leaves_the_first_nodes() -> None:
    """U-02: a failed import may leave n nodes written, and what they wait for untouched."""
    first = flow(node("a", id=A), dependencies=[waits("a", "x.y")])
    bad = [node("a", id=A, description="new"), node("b"), node("c"), node("c")]
    with Service(switches=Switches(import_atomic="partial(2)")) as service:
        workflow_id = service.load(first)
        service.failure(flow(*bad, id=workflow_id))
        nodes = service.nodes(workflow_id)
        assert sorted(nodes) == ["a", "b"]
        assert nodes["a"]["description"] == "new"
        assert upstreams(service.workflow(workflow_id)) == {"a": [("Normal", "x.y")]}


def test_partial_import_of_a_new_workflow() -> None:
    """U-02: even a workflow that could not be imported may be there; a dry run leaves nothing."""
    bad = flow(node("a"), node("a"))
    with Service(switches=Switches(import_atomic="partial(5)")) as service:
        service.job(service.start(bad, DryRun="true"))
        assert service.names() == []
        service.failure(bad)
        assert service.names() == ["flow"]


@pytest.mark.parametrize(
    "document",
    [
        {"version": "1.1.0", "kind": "CycleWorkflow", "spec": []},
        {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [7]}},
        flow(nodes={"a": 1}),
        flow(node("a"), name="other"),
    ],
)
def test_partial_import_of_what_cannot_be_read(document: Fields) -> None:
    """U-02: a document that means nothing leaves nothing, and fails as it always does."""
    with Service(switches=Switches(import_atomic="partial(2)")) as service:
        assert not service.failure(document).startswith("InternalError")
        assert service.names() == []


@pytest.mark.parametrize(("policy", "names"), [("atomic", []), ("partial(1)", ["flow"])])
def test_cancelled_import(policy: str, names: list[str]) -> None:
    """U-02: a cancelled job ends as Cancel and leaves what a failed one would."""
    with Service(job_seconds=60, switches=Switches(import_atomic=policy)) as service:
        job = service.start(flow(node("a"), node("b")))
        cancel(service, job)
        assert (service.job(job), service.names()) == (("Cancel", ""), names)
        service.clock.now += 60
        assert (service.job(job), service.names()) == (("Cancel", ""), names)


@pytest.mark.parametrize(("seconds", "seen"), [(0.0, True), (5.0, False)])
def test_response_on_success(seconds: float, seen: bool) -> None:
    """U-05: the workflow's id may be in the answer only once the job has succeeded."""
    with Service(job_seconds=seconds, switches=Switches(response_id="on_success")) as service:
        job = service.start(flow())
        assert (job["Status"] == "Success", bool(job["Response"])) == (seen, seen)
        failed = service.start(flow(name="other"))
        assert failed["Response"] == ""


def test_dry_run_of_the_schema_only() -> None:
    """U-09: a dry run may miss what only the workspace can tell."""
    with Service(switches=Switches(dryrun_depth="schema_only")) as service:
        service.load(flow())
        taken, bad = (
            service.start(document, DryRun="true") for document in (flow(), flow(name=""))
        )
        assert (service.job(taken)[0], service.job(bad)[0]) == ("Success", "Fail")
        assert service.failure(flow()) == "target folder already exists: flow"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("coded", "0x5083000000000010: {0} at $.spec.workflows[0].nodes[1]"),
        ("text", "{0}"),
        (
            "chinese",
            "规范校验未通过（错误码：0x5083000000000010）：{0}，位置：$.spec.workflows[0].nodes[1]",
        ),
    ],
)
def test_error_format(form: str, expected: str) -> None:
    """U-09: the words of a failed job."""
    message = "Node with the same name already exists in the project"
    with Service(switches=Switches(error_format=form)) as service:
        assert service.failure(flow(node("a"), node("a"))) == expected.format(message)


def test_error_format_json() -> None:
    """U-09: the error may be JSON; a mistake without a place has none there either."""
    with Service(switches=Switches(error_format="json")) as service:
        service.load(flow())
        assert json.loads(service.failure(flow())) == {
            "errorCode": "0x5083000000000010",
            "errorMessage": "target folder already exists: flow",
            "path": "",
        }


SOURCE = {"name": "stream", "type": "flink"}


@pytest.mark.parametrize(("policy", "shown"), [("on", "flink_serverless"), ("off", "flink")])
def test_datasource_correction(policy: str, shown: str) -> None:
    """U-11: a read may show another type of data source than was sent."""
    with Service(switches=Switches(datasource_correction=policy)) as service:
        workflow_id = service.load(flow(node("a", datasource=SOURCE)))
        assert service.nodes(workflow_id)["a"]["datasource"] == {"name": "stream", "type": shown}


@pytest.mark.parametrize(("policy", "status"), [("accept", "Success"), ("reject", "Fail")])
def test_corrected_resend(policy: str, status: str) -> None:
    """U-11: what was corrected may be refused when it is sent back; what was sent never is."""
    with Service(switches=Switches(corrected_resend=policy)) as service:
        workflow_id = service.load(flow(node("a", id=A, datasource=SOURCE)))
        service.load(flow(node("a", id=A, datasource=SOURCE), id=workflow_id))
        back = service.document(workflow_id)
        assert service.job(service.start(back))[0] == status


@pytest.mark.parametrize(("policy", "count"), [("yes", 3), ("no", 1)])
def test_snapshots_on_import(policy: str, count: int) -> None:
    """U-13: an import may leave no snapshot; saving in another way always does."""
    with Service(switches=Switches(snapshots_on_import=policy)) as service:
        workflow_id = service.load(flow())
        service.load(flow(id=workflow_id, description="x"))
        spec = json.dumps(flow(description="y"))
        service.call("UpdateWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT, Spec=spec)
        asked = {"Namespace": str(PROJECT), "ObjectId": workflow_id, "Type": "Saved"}
        assert service.call("ListSnapshots", **asked)["PagingInfo"]["TotalCount"] == count


@pytest.mark.parametrize("policy", ["serialised", "reject", "last_wins"])
def test_two_imports_at_once(policy: str) -> None:
    """U-28: a second import may wait, be refused, or know nothing of the first."""
    with Service(job_seconds=5, switches=Switches(busy=policy)) as service:
        service.create(flow(id=A))
        first = service.start(flow(node("a"), id=A))
        if policy == "reject":
            params: dict[str, str | int] = {"ProjectId": PROJECT, "Spec": json.dumps(flow(id=A))}
            refused = service.refusal("ImportWorkflowDefinition", **params)
            assert refused == (400, "WorkflowDefinition.Busy")
            return
        second = service.start(flow(node("b"), id=A))
        service.clock.now += 5
        assert [service.job(job)[0] for job in (first, second)] == ["Success", "Success"]
        names = sorted(service.nodes(A))
    assert names == (["a", "b"] if policy == "serialised" else ["b"])


# --- read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("policy", "kept"), [("no", None), ("yes", 1)])
def test_preserve_metadata(policy: str, kept: int | None) -> None:
    """U-21: an author's keys of `metadata` may be kept; the service's own stay its own."""
    own = {"mine": 1, "owner": "nobody"}
    with Service(switches=Switches(preserve_metadata=policy)) as service:
        workflow_id = service.load(flow(node("a", metadata=own), metadata=own))
        before = service.document(workflow_id)
        for found in (service.workflow(workflow_id), service.nodes(workflow_id)["a"]):
            assert found["metadata"].get("mine") == kept
            assert found["metadata"]["owner"] != "nobody"
        service.load(before)
        assert service.document(workflow_id)["metadata"] == before["metadata"]


@pytest.mark.parametrize("policy", ["id", "project_name", "both"])
def test_default_output(policy: str) -> None:
    """U-22: the default output is named by id, by project and name, or both."""
    with Service(switches=Switches(default_output=policy)) as service:
        workflow_id = service.load(flow(node("a", id=A, outputs={})))
        outputs = service.nodes(workflow_id)["a"]["outputs"]["nodeOutputs"]
    by_name = f"{IDENTIFIER}.a"
    expected = {"id": [A], "project_name": [by_name], "both": [A, by_name]}
    assert [item["data"] for item in outputs if item["isDefault"]] == expected[policy]


def test_default_output_can_be_waited_for() -> None:
    """U-22: an output named by project and name is one that somebody has (U-34)."""
    sent = flow(node("a", outputs={}), node("b"), dependencies=[waits("b", f"{IDENTIFIER}.a")])
    for policy, found in (("project_name", True), ("id", False)):
        with Service(switches=Switches(default_output=policy, unknown_output="drop")) as service:
            assert bool(upstreams(service.workflow(service.load(sent)))) == found


@pytest.mark.parametrize("lag", ["get(2reads)", "get(5s)"])
def test_get_lags(lag: str) -> None:
    """U-27: for n reads or seconds a Get shows all that was before, while lists are up to date."""
    with Service(switches=Switches(read_lag=lag)) as service:
        workflow_id = service.create(flow(name="flow"))
        for _ in range(2):
            refused = service.refusal("GetWorkflowDefinition", Id=workflow_id)
            assert refused == (404, "WorkflowDefinition.NotFound")
        assert service.names() == ["flow"]
        service.clock.now += 5
        before = service.document(workflow_id)
        service.start(flow(node("a", id=A), id=workflow_id, description="new"))
        assert service.document(workflow_id) == before
        assert service.refusal("GetNode", Id=A)[0] == 404
        service.clock.now += 5
        assert list(service.nodes(workflow_id)) == ["a"]
        assert service.call("GetNode", Id=A)["Node"]["Name"] == "a"


@pytest.mark.parametrize("lag", ["list(2reads)", "list(5s)"])
def test_list_lags(lag: str) -> None:
    """U-27: a list may miss what is new and show what is gone, while Get is up to date."""
    with Service(switches=Switches(read_lag=lag)) as service:
        workflow_id = service.create(flow())
        assert list(service.workflow(workflow_id)["nodes"]) == []
        assert [service.names(), service.names()] == [[], []]
        service.clock.now += 5
        assert service.names() == ["flow"]
        service.call("DeleteWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT)
        assert service.refusal("GetWorkflowDefinition", Id=workflow_id)[0] == 404
        assert [service.names(), service.names()] == [["flow"], ["flow"]]
        service.clock.now += 5
        assert service.names() == []


def test_lag_is_of_one_workflow_and_of_each_write() -> None:
    """U-27: other workflows are seen at once, and an old version is never mixed with a new one."""
    with Service(switches=Switches(read_lag="get(1reads)+list(1reads)")) as service:
        first = service.create(flow())
        service.refusal("GetWorkflowDefinition", Id=first)
        service.names()
        second = service.create(at("team/other"))
        assert service.workflow(first)["name"] == "flow"
        assert service.refusal("GetWorkflowDefinition", Id=second)[0] == 404
        assert service.names() == ["flow"]
        assert service.names() == ["flow", "other"]


@pytest.mark.parametrize(
    ("policy", "shown"), [("kept", "${projectIdentifier}"), ("resolved_on_read", IDENTIFIER)]
)
def test_placeholder(policy: str, shown: str) -> None:
    """U-30: a read shows the placeholder or what it stands for; dependencies find it either way."""
    taken = node("a", id=A, outputs={"nodeOutputs": [{"data": "${projectIdentifier}.a"}]})
    edges = [waits("b", f"{IDENTIFIER}.a"), waits("c", "${projectIdentifier}.a")]
    sent = flow(taken, node("b"), node("c"), dependencies=edges)
    with Service(switches=Switches(placeholder=policy, unknown_output="fail")) as service:
        workflow = service.workflow(service.load(sent))
    found = {item["name"]: item for item in workflow["nodes"]}["a"]
    assert f"{shown}.a" in [item["data"] for item in found["outputs"]["nodeOutputs"]]
    edges = [depend for edge in workflow["dependencies"] for depend in edge["depends"]]
    assert sorted(edge["output"] for edge in edges) == sorted([f"{shown}.a", f"{IDENTIFIER}.a"])
    assert [edge["refTableName"] for edge in edges] == ["a", "a"]


@pytest.mark.parametrize("policy", ALTERNATIVES["server_defaults"])
def test_server_defaults(policy: str) -> None:
    """U-33: what is left open gets the defaults of one table or another; what is sent is kept."""
    table = TABLES[policy]
    with Service(switches=Switches(server_defaults=policy)) as service:
        workflow_id = service.load(flow(node("a", rerunMode="Denied")))
        workflow = service.workflow(workflow_id)
    assert workflow["strategy"] == table.strategy
    found = workflow["nodes"][0]
    expected = {**table.node, "rerunMode": "Denied"}
    assert {key: found[key] for key in expected} == expected
    assert {key: workflow["trigger"][key] for key in table.schedule} == table.schedule
