"""The facts of docs/service.md about imports, jobs and ids, one test for each number.

What only a client does (B-14) has none.
"""

from tests.emulator_kit import A, B, Fields, Service, at, flow, node
from tests.facts_kit import cancel, create_node, publish, update_node

# --- import ---------------------------------------------------------------------------------------


def test_b01_import_is_an_upsert_by_id() -> None:
    """A known id is updated, an unknown or missing one created, for workflow and nodes alike."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A)))
        again = flow(node("renamed", id=A), node("b"), id=workflow_id)
        assert service.load(again) == workflow_id
        assert sorted(service.nodes(workflow_id)) == ["b", "renamed"]
        assert service.load(at("team/other", id=B)) == B


def test_b02_only_the_first_workflow_counts() -> None:
    """Further elements of `workflows` are passed over without an error."""
    with Service() as service:
        sent = flow()
        sent["spec"]["workflows"].append(at("team/second")["spec"]["workflows"][0])
        service.load(sent)
        assert service.names() == ["flow"]


def test_b03_import_is_asynchronous() -> None:
    """The call answers a job before its work is done; GetJobStatus tells when it is."""
    with Service(job_seconds=5) as service:
        job = service.start(flow())
        assert (service.job(job)[0], service.names()) == ("Running", [])
        service.clock.now += 5
        assert (service.job(job)[0], service.names()) == ("Success", ["flow"])


def test_b04_response_is_the_workflow() -> None:
    """The answer to Import names the workflow while the job still runs."""
    with Service(job_seconds=5) as service:
        job = service.start(flow())
        assert (job["Status"], job["Progress"]) == ("Running", 0)
        service.clock.now += 5
        assert service.workflow(job["Response"])["name"] == "flow"


def test_b05_states_of_a_job() -> None:
    """Running, then Success or Fail; `Completed` of Import is a boolean, `Type` is Create."""
    with Service() as service:
        good, bad = service.start(flow()), service.start(flow(name=""))
        assert (good["Completed"], good["Status"], good["Type"]) == (False, "Running", "Create")
        assert (service.job(good)[0], service.job(bad)[0]) == ("Success", "Fail")


def test_b06_taken_path_fails() -> None:
    """A second workflow, or one in place of a folder, fails with the documented words."""
    with Service() as service:
        service.load(flow())
        assert service.failure(flow()) == "target folder already exists: flow"
        assert service.failure(at("team")) == "target folder already exists: team"


def test_b07_dry_run_checks_and_saves_nothing() -> None:
    """The same verdict as a real import by way of the job, and nothing is stored."""
    good, bad = flow(node("a")), flow(node("a"), node("a"))
    with Service() as service:
        jobs = [service.start(sent, DryRun="true") for sent in (good, bad)]
        verdicts = [service.job(job) for job in jobs]
        assert service.names() == []
        assert verdicts == [("Success", ""), ("Fail", service.failure(bad))]


def test_b08_dry_run_reports_code_message_and_place() -> None:
    """Our pick for the layout: code, message and JSONPath in one text."""
    with Service() as service:
        job = service.start(flow(node("a"), node("a")), DryRun="true")
        code, _, rest = service.job(job)[1].partition(": ")
    assert (code, rest.rpartition(" at ")[2]) == (
        "0x5083000000000010",
        "$.spec.workflows[0].nodes[1]",
    )


def test_b09_failed_import_is_undone() -> None:
    """Our pick: one bad node among good ones leaves everything as it was."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A)))
        before = service.document(workflow_id)
        service.failure(
            flow(node("a", id=A, description="x"), node("b", priority="x"), id=workflow_id)
        )
        assert service.document(workflow_id) == before


def test_b10_import_updates_as_it_creates() -> None:
    """The same document again is an update that changes nothing."""
    with Service() as service:
        sent = flow(node("a", id=A), id=B)
        service.load(sent)
        before = service.document(B)
        service.load(sent)
        assert service.document(B) == before


# --- the job --------------------------------------------------------------------------------------


def job_status(service: Service, document: Fields) -> Fields:
    job = service.start(document)
    found: Fields = service.call("GetJobStatus", JobId=job["Id"])["JobStatus"]
    return found


def test_b11_job_status_names_no_workflow() -> None:
    """GetJobStatus has the job's own facts only."""
    with Service() as service:
        found = job_status(service, flow())
    assert set(found) == {"JobId", "JobType", "Status", "Completed", "Error", "CreateTime"}


def test_b12_completed_is_a_text() -> None:
    """`Completed` reads True or False, as text."""
    with Service(job_seconds=5) as service:
        assert job_status(service, flow())["Completed"] == "False"
        service.clock.now += 5
    with Service() as service:
        assert job_status(service, flow())["Completed"] == "True"


def test_b13_create_time_is_a_text_of_13_digits() -> None:
    """Import shows it as a number, GetJobStatus as text."""
    with Service() as service:
        job = service.start(flow())
        status = service.call("GetJobStatus", JobId=job["Id"])["JobStatus"]
    assert (status["CreateTime"], len(status["CreateTime"])) == (str(job["CreateTime"]), 13)


def test_b15_finished_job_can_be_asked_for() -> None:
    """Our pick: for a week after its end, even if a year passed before anybody asked."""
    with Service() as service:
        job = service.start(flow())
        service.clock.now += 7 * 86_400
        assert service.job(job)[0] == "Success"
        service.clock.now += 1
        assert service.refusal("GetJobStatus", JobId=job["Id"]) == (404, "Job.NotFound")


def test_b16_cancelled_job_leaves_nothing() -> None:
    """Our pick: like a failed one. See test_emulator_unknowns.py for the other way."""
    with Service(job_seconds=60) as service:
        job = service.start(flow(node("a")))
        cancel(service, job)
        assert (service.job(job), service.names()) == (("Cancel", ""), [])


# --- ids ------------------------------------------------------------------------------------------


def test_b20_ids_of_the_client_are_kept() -> None:
    """Numbers chosen by the client are the ids of the new objects."""
    with Service() as service:
        assert service.load(flow(node("a", id=A), id=B)) == B
        assert service.nodes(B)["a"]["id"] == A


def test_b21_ids_are_texts_of_19_digits() -> None:
    """Larger than a double can hold, smaller than 2^63; numbers in a spec lose no digit."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=9007199254740993001)))
        node_id = service.nodes(workflow_id)["a"]["id"]
    assert (len(workflow_id), int(workflow_id) < 2**63) == (19, True)
    assert node_id == "9007199254740993001"


def test_b22_words_for_an_id_are_replaced() -> None:
    """CreateNode answers a number where the spec has a name as id."""
    with Service() as service:
        found = create_node(service, service.load(flow()), node("a", id="a"))
    assert (len(found), found.isdigit()) == (19, True)


def test_b23_any_text_is_read_as_an_id() -> None:
    """32 hexadecimal digits are no mistake, though they are replaced."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id="0123456789abcdef" * 2)))
        assert list(service.nodes(workflow_id)) == ["a"]


def test_b24_scheduling_ids_come_with_publishing() -> None:
    """`uuid` repeats the id; WorkflowId and TaskId are there once it is published."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A)))
        assert service.document(workflow_id)["metadata"]["uuid"] == workflow_id
        before = service.call("GetWorkflowDefinition", Id=workflow_id)["WorkflowDefinition"]
        assert publish(service, workflow_id)[0] == "Success"
        after = service.call("GetWorkflowDefinition", Id=workflow_id)["WorkflowDefinition"]
        task = service.call("GetNode", Id=A)["Node"]["TaskId"]
    assert ("WorkflowId" in before, isinstance(after["WorkflowId"], int)) == (False, True)
    assert str(task) != A


def test_b25_kind_and_command_are_fixed() -> None:
    """Neither Import nor UpdateNode changes the command of a node, nor a workflow's kind."""
    message = "Node type (command) cannot be changed after creation"
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A)))
        assert message in service.failure(flow(node("a", "VIRTUAL", id=A), id=workflow_id))
        assert message in update_node(service, A, node("a", "VIRTUAL"))
        assert "cannot be changed" in service.failure(flow(id=workflow_id, kind="ManualWorkflow"))
