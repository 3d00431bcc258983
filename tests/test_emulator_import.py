"""Import in the emulator: a job, its mistakes, and what an upsert by id does to what is there."""

from typing import Any

import pytest

from tests.emulator_kit import (
    A,
    B,
    Fields,
    Service,
    at,
    flow,
    node,
    upstreams,
    waits,
)

# --- the job --------------------------------------------------------------------------------------


def test_job_answers_running_and_ends_when_due() -> None:
    """Import answers a running job with the workflow's id; nothing is there before it is due."""
    with Service(job_seconds=5) as service:
        job = service.start(flow(node("a")))
        workflow_id = job["Response"]
        assert (job["Status"], job["Completed"], job["Progress"]) == ("Running", False, 0)
        status = service.call("GetJobStatus", JobId=job["Id"])["JobStatus"]
        assert (status["Status"], status["Completed"]) == ("Running", "False")
        assert service.refusal("GetWorkflowDefinition", Id=workflow_id)[0] == 404
        service.clock.now += 5
        status = service.call("GetJobStatus", JobId=job["Id"])["JobStatus"]
        assert (status["Status"], status["Completed"]) == ("Success", "True")
        assert (status["JobType"], status["CreateTime"]) == ("Create", str(job["CreateTime"]))
        assert list(service.nodes(workflow_id)) == ["a"]


def test_jobs_of_one_workflow_follow_each_other() -> None:
    """Two imports that are due together are carried out in the order they came."""
    with Service(job_seconds=5) as service:
        service.create(flow(id=A))
        jobs = [service.start(flow(id=A, description=text)) for text in ("first", "second")]
        service.clock.now += 60
        assert [service.job(job) for job in jobs] == [("Success", ""), ("Success", "")]
        assert service.workflow(A)["description"] == "second"


def test_finished_jobs_can_be_asked_for_a_week() -> None:
    """After seven days a job is not found (U-06)."""
    with Service() as service:
        job = service.start(flow())
        service.job(job)
        service.clock.now += 7 * 86_400 + 1
        assert service.refusal("GetJobStatus", JobId=job["Id"]) == (404, "Job.NotFound")


def test_dry_run_checks_and_stores_nothing() -> None:
    """A dry run fails as the import would, and leaves nothing when it succeeds."""
    with Service() as service:
        good, bad = (
            service.start(document, DryRun="True")
            for document in (flow(node("a")), flow(node("a"), node("a")))
        )
        assert service.job(good) == ("Success", "")
        assert service.job(bad)[0] == "Fail"
        assert (good["Response"], service.names()) == ("", [])
        workflow_id = service.load(flow(node("a")))
        change = service.start(flow(node("b"), id=workflow_id), DryRun="true")
        assert service.job(change) == ("Success", "")
        assert list(service.nodes(workflow_id)) == ["a"]


def test_failed_import_changes_nothing() -> None:
    """One bad node among good ones leaves everything as it was (U-02)."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A)))
        before = service.document(workflow_id)
        sent = flow(node("a", id=A, description="new"), node("b"), node("b"), id=workflow_id)
        service.failure(sent)
        assert service.document(workflow_id) == before


def test_defect_in_a_job_fails_that_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect while a job is carried out does not meet every later request again."""

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    with Service() as service:
        with monkeypatch.context() as patched:
            patched.setattr("deployer.emulator.importing.apply", breaks)
            error = service.failure(flow())
        assert (error.partition(":")[0], service.names()) == ("InternalError", [])


# --- mistakes -------------------------------------------------------------------------------------


def broken(**fields: Any) -> Fields:
    return flow(node("a"), {**node("b"), **fields})


SCRIPT = {"path": "team/flow/b", "runtime": {"command": "DIDE_SHELL"}}
UNKNOWN_ENUM = "0x5083000000000004"
EDGES = "$.spec.workflows[0].dependencies"
NODE = "$.spec.workflows[0].nodes[1]"


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (broken(name=""), f"0x5083000000000005: name is empty at {NODE}.name"),
        (
            broken(script={"runtime": {"command": "VIRTUAL"}}),
            f"0x5083000000000005: script.path is empty at {NODE}.script.path",
        ),
        (
            broken(script={"path": "b", "runtime": {"command": ""}}),
            f"0x5083000000000005: script.runtime.command is empty at {NODE}.script.runtime.command",
        ),
        (
            broken(name="c"),
            f"0x5083000000000010: Script path must end with node name at {NODE}.script.path",
        ),
        (
            broken(name="a", script={**SCRIPT, "path": "a"}),
            f"0x5083000000000010: Node with the same name already exists in the project at {NODE}",
        ),
        (
            broken(rerunMode="Sometimes"),
            f"{UNKNOWN_ENUM}: Enum not found. Enum: RerunMode Value:Sometimes at {NODE}.rerunMode",
        ),
        (
            broken(script={**SCRIPT, "content": {"a": 1}}),
            f"0x5083000000000002: field set failed: not a text at {NODE}.script.content",
        ),
        (
            broken(priority="high"),
            f"0x5083000000000002: field set failed: not a whole number at {NODE}.priority",
        ),
        (
            flow(dependencies=[waits("nobody", "x")]),
            f"0x5083000000000009: target entity not found: nobody at {EDGES}",
        ),
        (
            flow(node("a", id=A), dependencies=[{"nodeId": A, "depends": [{}]}]),
            f"0x5083000000000010: a dependency has no output at {EDGES}",
        ),
        (
            flow(node("a", id=A), node("b", id=A)),
            f"0x5083000000000007: duplicate id: {A} at {NODE}",
        ),
        (
            {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": []}},
            "0x5083000000000005: Spec JSON parse failed: no workflow at $.spec.workflows",
        ),
    ],
)
def test_mistakes_fail_the_job(document: Fields, error: str) -> None:
    """A spec mistake is a failed job with code, message and JSONPath, and nothing is stored."""
    with Service() as service:
        assert service.failure(document) == error
        assert service.names() == []


@pytest.mark.parametrize("path", ["team/flow", "team"])
def test_taken_path(path: str) -> None:
    """A new workflow cannot take the path of a workflow or a folder (B-06)."""
    with Service() as service:
        service.load(flow())
        name = path.rpartition("/")[2]
        assert service.failure(at(path)) == f"target folder already exists: {name}"
        assert service.job(service.start(at("team/Flow"))) == ("Success", "")


def test_fixed_properties() -> None:
    """Kind of a workflow and type of a node cannot be changed (B-25)."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A)))
        assert "Workflow type cannot be changed" in service.failure(
            flow(kind="ManualWorkflow", id=workflow_id)
        )
        assert "Node type (command) cannot be changed" in service.failure(
            flow(node("a", "VIRTUAL", id=A), id=workflow_id)
        )


def test_ids_of_others() -> None:
    """Our pick: an id that belongs to another workflow's object is refused, never moved."""
    with Service() as service:
        loop = node("loop", "CONTROLLER_CYCLE", id=A, **{"do-while": {"nodes": [node("c", id=B)]}})
        first = service.load(flow(loop))
        for sent in (node("a", id=A), node("a", id=B), node("a", id=first)):
            assert "belongs to another object" in service.failure(at("team/other", sent))


# --- upsert ---------------------------------------------------------------------------------------


def test_import_updates_by_id() -> None:
    """Known ids are updated and counted, unknown ones created, names free to change."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A)))
        service.clock.now += 60
        again = flow(node("a2", id=A), node("b", id=B), id=workflow_id)
        assert service.load(again) == workflow_id
        document = service.document(workflow_id)
        found = {item["name"]: item["id"] for item in document["spec"]["workflows"][0]["nodes"]}
        assert found == {"a2": A, "b": B}
        assert document["metadata"]["innerVersion"] == {A: 2, B: 1}


def test_import_is_repeatable() -> None:
    """The same document again changes no node and no revision."""
    with Service() as service:
        sent = flow(node("a", id=A), id=B)
        service.load(sent)
        before = service.document(B)
        service.load(sent)
        assert service.document(B) == before


def test_only_the_first_workflow_counts() -> None:
    """Further workflows are ignored without a word (B-02)."""
    with Service() as service:
        sent = flow()
        sent["spec"]["workflows"].append(at("team/second")["spec"]["workflows"][0])
        service.load(sent)
        assert service.names() == ["flow"]


def test_missing_nodes_and_their_edges_are_kept() -> None:
    """A node that a document leaves out stays as it is (U-01), and so does what it waits for."""
    with Service() as service:
        sent = flow(node("a", id=A), node("b", id=B), dependencies=[waits("b", "x.y")])
        workflow_id = service.load(sent)
        before = service.nodes(workflow_id)["b"]
        service.load(flow(node("a", id=A), id=workflow_id))
        assert service.nodes(workflow_id)["b"] == before
        assert upstreams(service.workflow(workflow_id)) == {"b": [("Normal", "x.y")]}


def test_fields_left_out_are_reset() -> None:
    """A known object becomes what the document says, with defaults for the rest (U-32)."""
    with Service() as service:
        first = flow(
            node("a", id=A, description="x", rerunTimes=5),
            description="y",
            dependencies=[waits("a", "x.y")],
        )
        workflow_id = service.load(first)
        service.load(flow(node("a", id=A), id=workflow_id))
        workflow = service.workflow(workflow_id)
        found = workflow["nodes"][0]
    assert ("description" in workflow, "description" in found) == (False, False)
    assert (found["rerunTimes"], workflow["dependencies"]) == (0, [])


def test_import_moves_a_known_workflow() -> None:
    """A known id with a new path moves the workflow and the nodes left out (U-12)."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A), node("b", id=B)))
        service.load(at("new/place", node("a", id=A), id=workflow_id))
        paths = [item["script"]["path"] for item in service.workflow(workflow_id)["nodes"]]
    assert sorted(paths) == ["new/place/a", "new/place/b"]
