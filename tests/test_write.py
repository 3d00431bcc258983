"""One workflow on its way: what is sent and said when the line or the service fails."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from deployer.emulator import Switches
from deployer.errors import OutcomeUnknown
from tests.faults import (
    Bench,
    Fault,
    Forward,
    answer_lost,
    answers,
    broken,
    edited,
    job_is,
    passed,
    refused,
    request_lost,
    spec_edited,
    story,
    truncated,
    workflow,
)
from tests.strategies import Document
from tests.workflow_kit import PROJECT

CREATE = "CreateWorkflowDefinition"
IMPORT = "ImportWorkflowDefinition"
JOB = "GetJobStatus"
GET = "GetWorkflowDefinition"
LIST = "ListWorkflowDefinitions"

DAILY = workflow("daily", "load", "report")
RUNNING = {"Id": "77", "Status": "Running", "Progress": 0, "Response": ""}
NOT_IMPORTED = answers({"AsyncJob": RUNNING, "RequestId": "R"})
"""The job is taken and will not do anything."""

LOSSES = pytest.mark.parametrize("lost", [answer_lost, truncated, broken])


def changed(document: Document, **fields: Any) -> Document:
    """The same workflow with other fields."""
    body = {**document["spec"]["workflows"][0], **fields}
    return {**document, "spec": {"workflows": [body]}}


async def done(bench: Bench, document: Document) -> None:
    """The workspace holds the document, once, and nothing is left to do."""
    assert [change.action for change in (await bench.plan(document)).changes] == ["unchanged"]
    assert await bench.paths() == ["team/daily"]


# --- create ---------------------------------------------------------------------------------------


def test_new_workflow_takes_two_writes() -> None:
    """An empty workflow is created, then filled by one import, and read back."""

    async def tell(bench: Bench) -> None:
        outcome = await bench.outcome(DAILY)
        assert (outcome.status, outcome.written, outcome.error) == ("done", True, "")
        assert (bench.creates, bench.imports) == (1, 1)
        assert outcome.job
        await done(bench, DAILY)

    story(tell)


@LOSSES
def test_created_but_answer_lost(lost: Fault) -> None:
    """The workflow is found by path and name, and not created again."""

    async def tell(bench: Bench) -> None:
        bench.line.next(CREATE, lost)
        assert (await bench.outcome(DAILY)).error == ""
        assert (bench.creates, bench.imports) == (1, 1)
        await done(bench, DAILY)

    story(tell)


def test_create_never_arrived() -> None:
    """It is sent again only after lists, over the settle time and more, did not show the workflow."""

    async def tell(bench: Bench) -> None:
        bench.line.next(CREATE, request_lost)
        before = bench.clock()
        assert (await bench.outcome(DAILY)).error == ""
        names = [name for name, _ in bench.line.calls]
        between = names[names.index(CREATE) + 1 : len(names) - names[::-1].index(CREATE) - 1]
        assert between == [LIST] * 6
        assert bench.clock() - before >= 30
        await done(bench, DAILY)

    story(tell)


def test_created_late_and_answer_lost() -> None:
    """A list that lags leads to a second create; its refusal is resolved by listing again."""

    async def tell(bench: Bench) -> None:
        plan = await bench.plan(DAILY)
        bench.line.next(CREATE, answer_lost)
        hidden = edited(lambda answer: answer.update(PagingInfo={"TotalCount": 0}))
        bench.line.next(LIST, *[hidden] * 7)
        report = await bench.apply(plan)
        assert [each.status for each in report.outcomes] == ["done"]
        assert (bench.creates, bench.imports) == (2, 1)
        await done(bench, DAILY)

    story(tell)


def test_someone_else_creates_while_our_answer_is_lost() -> None:
    """A workflow that holds nodes is not the empty one that was sent: it is left alone."""

    async def tell(bench: Bench) -> None:
        async def overtaken(forward: Forward) -> httpx.Response:
            await other.outcome(workflow("daily", "theirs"))
            return await request_lost(forward)

        other = Bench(bench.connection, bench.line, bench.clock)
        plan = await bench.plan(DAILY)
        bench.line.next(CREATE, overtaken)
        (outcome,) = (await bench.apply(plan)).outcomes
        assert (outcome.exit_code, outcome.written) == (4, False)
        assert "someone else made it" in outcome.error
        assert "nothing was written for it" in outcome.error
        assert set((await bench.read("team/daily"))[0].ids) == {".", "theirs"}

    story(tell)


def test_create_lost_for_good() -> None:
    """Five sendings without a trace end as unknown, with nothing imported."""

    async def tell(bench: Bench) -> None:
        bench.line.always(CREATE, request_lost)
        outcome = await bench.outcome(DAILY)
        assert (outcome.exit_code, outcome.written) == (7, False)
        assert "got no answer 5 times" in outcome.error
        assert "whether the empty workflow was created is not known" in outcome.error
        assert "run `deployer apply` again" in outcome.error
        assert (bench.creates, bench.imports) == (5, 0)

    story(tell)


def test_create_answers_without_an_id() -> None:
    """An answer that tells no id is a lost answer."""

    async def tell(bench: Bench) -> None:
        bench.line.next(CREATE, edited(lambda answer: answer.pop("Id")))
        assert (await bench.outcome(DAILY)).error == ""
        assert bench.creates == 1

    story(tell)


def test_create_refused() -> None:
    """A refusal is the service's word with its request id; nothing was written."""

    async def tell(bench: Bench) -> None:
        bench.line.next(CREATE, refused(400, "InvalidSpec", "bad \x1b[31mspec"))
        outcome = await bench.outcome(DAILY)
        assert (outcome.exit_code, outcome.written) == (1, False)
        assert "bad \x1b[31mspec" in outcome.error
        assert "nothing was written for it" in outcome.error
        assert "request R-1" in outcome.error
        assert bench.imports == 0

    story(tell)


def test_workspace_unreadable_after_a_lost_create() -> None:
    """What cannot be looked up stays unknown, and is not sent again."""

    async def tell(bench: Bench) -> None:
        plan = await bench.plan(DAILY)
        bench.line.next(LIST, passed)
        bench.line.next(CREATE, answer_lost)
        bench.line.always(LIST, refused(403, "Forbidden.Access"))
        (outcome,) = (await bench.apply(plan)).outcomes
        assert (outcome.exit_code, bench.creates) == (7, 1)
        assert "reading failed too" in outcome.error

    story(tell)


def test_workflow_appears_between_plan_and_apply() -> None:
    """What someone else made after the plan is not overwritten."""

    async def tell(bench: Bench) -> None:
        plan = await bench.plan(DAILY)
        await bench.outcome(workflow("daily", "theirs"))
        sent = len(bench.line.calls)
        (outcome,) = (await bench.apply(plan)).outcomes
        assert (outcome.exit_code, outcome.written) == (4, False)
        assert {name for name, _ in bench.line.calls[sent:]} == {LIST}

    story(tell)


# --- import ---------------------------------------------------------------------------------------


@LOSSES
def test_imported_but_answer_lost(lost: Fault) -> None:
    """The workflow reads as desired, so nothing is sent again."""

    async def tell(bench: Bench) -> None:
        bench.line.next(IMPORT, lost)
        outcome = await bench.outcome(DAILY)
        assert (outcome.status, outcome.written, bench.imports) == ("done", True, 1)
        await done(bench, DAILY)

    story(tell)


def test_job_still_running_when_the_answer_is_lost() -> None:
    """A job that is carried out within the settle time is seen by the second read."""

    async def tell(bench: Bench) -> None:
        bench.line.next(IMPORT, answer_lost)
        assert (await bench.outcome(DAILY)).error == ""
        assert bench.imports == 1

    story(tell, job_seconds=20)


def test_import_never_arrived() -> None:
    """It is sent again only after two reads, the settle time apart, showed no trace of it."""

    async def tell(bench: Bench) -> None:
        bench.line.next(IMPORT, request_lost)
        before = bench.clock()
        assert (await bench.outcome(DAILY)).error == ""
        names = [name for name, _ in bench.line.calls]
        between = names[names.index(IMPORT) + 1 : len(names) - names[::-1].index(IMPORT) - 1]
        assert between == [GET] * 6
        assert bench.clock() - before >= 30
        await done(bench, DAILY)

    story(tell)


def test_update_never_arrived() -> None:
    """An unchanged fingerprint proves that an update did not arrive; it is sent again."""

    async def tell(bench: Bench) -> None:
        await bench.outcome(DAILY)
        bench.line.next(IMPORT, request_lost)
        after = changed(DAILY, description="nightly")
        assert (await bench.outcome(after)).error == ""
        assert bench.imports == 3
        await done(bench, after)

    story(tell)


def test_lost_answer_and_something_else_than_was_sent() -> None:
    """An import that left a trace is not repeated: what is not as sent is named."""

    async def tell(bench: Bench) -> None:
        await bench.outcome(DAILY)
        bench.line.next(IMPORT, answer_lost)
        bench.line.always(GET, without("description"))
        after = changed(DAILY, description="nightly", strategy={"failureStrategy": "Continue"})
        outcome = await bench.outcome(after)
        assert (outcome.exit_code, bench.imports) == (1, 2)
        assert "not as sent: `description`" in outcome.error

    story(tell)


def without(name: str) -> Fault:
    """The service does not keep this field of a workflow."""

    def change(text: str) -> str:
        spec = json.loads(text)
        spec["spec"]["workflows"][0].pop(name, None)
        return json.dumps(spec)

    return spec_edited(change)


def test_import_lost_for_good() -> None:
    """Five imports without a trace end as unknown; the empty workflow is there, and said."""

    async def tell(bench: Bench) -> None:
        bench.line.always(IMPORT, request_lost)
        outcome = await bench.outcome(DAILY)
        assert (outcome.exit_code, outcome.written, bench.imports) == (7, True, 5)
        assert "5 imports of `team/daily` were lost" in outcome.error

    story(tell)


def test_workspace_unreadable_after_a_lost_import() -> None:
    """No second import while nobody can see what became of the first."""

    async def tell(bench: Bench) -> None:
        bench.line.next(IMPORT, answer_lost)
        bench.line.always(GET, request_lost)
        outcome = await bench.outcome(DAILY)
        assert (outcome.exit_code, bench.imports) == (7, 1)
        assert "whether the import was carried out is not known" in outcome.error

    story(tell)


def test_import_answers_without_a_job() -> None:
    """An answer that names no job is a lost answer."""

    async def tell(bench: Bench) -> None:
        bench.line.next(IMPORT, edited(lambda answer: answer.pop("AsyncJob")))
        assert (await bench.outcome(DAILY)).error == ""
        assert bench.imports == 1

    story(tell)


def test_import_refused_for_a_new_workflow() -> None:
    """The empty workflow is there, which is said; a rerun fills it."""

    async def tell(bench: Bench) -> None:
        bench.line.next(IMPORT, refused(400, "InvalidSpec"))
        outcome = await bench.outcome(DAILY)
        assert (outcome.exit_code, outcome.written) == (1, True)
        assert "created empty, import failed" in outcome.error
        plan = await bench.plan(DAILY)
        assert [change.action for change in plan.changes] == ["update"]
        assert (await bench.outcome(DAILY)).error == ""
        assert bench.creates == 1
        await done(bench, DAILY)

    story(tell)


# --- the job --------------------------------------------------------------------------------------


def test_job_lost_after_it_was_done() -> None:
    """A job that the service has forgotten is judged by the workflow (docs/service.md U-06)."""

    async def tell(bench: Bench) -> None:
        bench.line.next(JOB, refused(404, "JobNotFound", "job not found"))
        assert (await bench.outcome(DAILY)).error == ""
        assert bench.imports == 1

    story(tell)


def test_service_that_forgets_jobs_at_once() -> None:
    """The same with the emulator's own switch."""

    async def tell(bench: Bench) -> None:
        assert (await bench.outcome(DAILY)).error == ""
        assert bench.imports == 1

    story(tell, switches=Switches(job_retention="0s"))


def test_job_fails_for_a_new_workflow() -> None:
    """Its reason is told, and that an empty workflow is left; a rerun fills it."""

    async def tell(bench: Bench) -> None:
        bench.line.next(IMPORT, NOT_IMPORTED)
        bench.line.next(JOB, job_is("Fail", "resource group not found"))
        outcome = await bench.outcome(DAILY)
        assert (outcome.exit_code, outcome.written) == (1, True)
        assert "ended as Fail; resource group not found; created empty" in outcome.error
        assert (await bench.outcome(DAILY)).error == ""
        await done(bench, DAILY)

    story(tell)


@pytest.mark.parametrize("status", ["Fail", "Cancel"])
def test_failed_update_that_left_nothing(status: str) -> None:
    """Read back as it was: nothing counts as written."""

    async def tell(bench: Bench) -> None:
        await bench.outcome(DAILY)
        bench.line.next(IMPORT, NOT_IMPORTED)
        bench.line.next(JOB, job_is("Running"), job_is(status, "stopped"))
        outcome = await bench.outcome(changed(DAILY, description="nightly"))
        assert (outcome.exit_code, outcome.written) == (1, False)
        assert f"ended as {status}; stopped; the workflow is as it was" in outcome.error

    story(tell)


def test_failed_update_that_left_a_part() -> None:
    """What of it is not as planned is named by node (docs/service.md U-02)."""

    async def tell(bench: Bench) -> None:
        await bench.outcome(DAILY)
        bench.line.next(JOB, job_is("Fail", "disk full"))
        after = workflow("daily", "load", "report", description="nightly")
        after["spec"]["workflows"][0]["nodes"][1]["script"]["content"] = "echo new"
        partly = spec_edited(lambda text: text.replace("echo new", "echo report"))
        bench.line.next(GET, passed, passed, partly)
        outcome = await bench.outcome(after)
        assert (outcome.exit_code, outcome.written) == (1, True)
        assert "changed in part, not yet as planned: `report`" in outcome.error

    story(tell)


def test_failed_import_that_cannot_be_read_back() -> None:
    """The job's end is told all the same; what is there is not known."""

    async def tell(bench: Bench) -> None:
        bench.line.next(IMPORT, NOT_IMPORTED)
        bench.line.next(JOB, job_is("Fail", "no"))
        bench.line.always(GET, refused(500, "Forbidden.Not.Server"))
        outcome = await bench.outcome(DAILY)
        assert (outcome.exit_code, outcome.written) == (7, True)
        assert "ended as Fail" in outcome.error
        assert "could not be read" in outcome.error

    story(tell)


def test_job_without_end() -> None:
    """After five minutes: unknown, and no second import that would queue behind the first."""

    async def tell(bench: Bench) -> None:
        before = bench.clock()
        outcome = await bench.outcome(DAILY)
        assert (outcome.exit_code, outcome.written, bench.imports) == (7, True, 1)
        assert "did not end within 300 seconds; its status is Running" in outcome.error
        assert 300 <= bench.clock() - before < 330

    story(tell, job_seconds=100_000)


def test_job_with_a_status_that_nobody_knows() -> None:
    """It is waited for like a running one (docs/service.md B-12)."""

    async def tell(bench: Bench) -> None:
        bench.line.next(JOB, job_is("Pausing"), job_is(""))
        assert (await bench.outcome(DAILY)).error == ""
        assert bench.line.count(JOB) == 3

    story(tell)


def test_job_is_judged_by_status_alone() -> None:
    """`Completed` may say False beside Success (docs/service.md B-12)."""
    story(_goes_well, switches=Switches(completed_type="stale"))


def test_workflow_id_is_not_needed_from_the_job() -> None:
    """The answer of Import may not tell it (docs/service.md U-05)."""
    story(_goes_well, switches=Switches(response_id="never"))


async def _goes_well(bench: Bench) -> None:
    assert (await bench.outcome(DAILY)).error == ""
    await done(bench, DAILY)


def test_job_that_cannot_be_followed() -> None:
    """The import was taken: its end is unknown, and it is not sent again."""

    async def tell(bench: Bench) -> None:
        bench.line.always(JOB, refused(400, "BadRequest", "no such thing today"))
        outcome = await bench.outcome(DAILY)
        assert (outcome.exit_code, outcome.written, bench.imports) == (7, True, 1)
        assert "was started, how it ended is not known" in outcome.error

    story(tell)


def test_permission_lost_while_polling() -> None:
    """The code says what to cure, the text that an import is under way."""

    async def tell(bench: Bench) -> None:
        bench.line.always(JOB, refused(403, "Forbidden.Access"))
        outcome = await bench.outcome(DAILY)
        assert (outcome.exit_code, bench.imports) == (6, 1)
        assert "was started, how it ended is not known" in outcome.error

    story(tell)


# --- throttling -----------------------------------------------------------------------------------


def test_throttled_calls_are_repeated() -> None:
    """A throttled write was not processed: it is sent again after a pause."""

    async def tell(bench: Bench) -> None:
        busy = refused(429, "Throttling.User")
        for operation in (LIST, CREATE, IMPORT, JOB, GET):
            bench.line.next(operation, busy)
        before = bench.clock()
        assert (await bench.outcome(DAILY)).error == ""
        assert bench.clock() > before
        await done(bench, DAILY)

    story(tell)


def test_quota_used_up_at_the_import() -> None:
    """A daily quota ends it at once; the empty workflow is there, and said."""

    async def tell(bench: Bench) -> None:
        bench.line.always(IMPORT, refused(429, "Throttling.Api.Risk"))
        outcome = await bench.outcome(DAILY)
        assert (outcome.exit_code, outcome.written, bench.imports) == (8, True, 1)
        assert "created empty, import failed" in outcome.error

    story(tell)


# --- proof ----------------------------------------------------------------------------------------


def test_dropped_field_is_named() -> None:
    """What the server does not keep is an error that names the field."""

    async def tell(bench: Bench) -> None:
        outcome = await bench.outcome(changed(DAILY, description="nightly"))
        assert (outcome.exit_code, outcome.written) == (1, True)
        assert "not as sent: `description`" in outcome.error
        assert "the import was carried out" in outcome.error

    story(tell, switches=Switches(preserve_description="no"))


def test_late_read_is_waited_for() -> None:
    """An old answer after the import is read again, not believed (docs/service.md U-27)."""

    async def tell(bench: Bench) -> None:
        await bench.outcome(DAILY)
        old = without("description")
        plan = await bench.plan(changed(DAILY, description="nightly"))
        bench.line.next(GET, passed, old, old)
        report = await bench.apply(plan)
        assert [each.status for each in report.outcomes] == ["done"]

    story(tell)


def test_workflow_that_vanishes_after_the_import() -> None:
    """A workflow that is not there any more is a failed proof."""

    async def tell(bench: Bench) -> None:
        bench.line.always(GET, refused(404, "NotFound", "workflow not found"))
        outcome = await bench.outcome(DAILY)
        assert outcome.exit_code == 1
        assert "not as sent: `the workflow itself`" in outcome.error

    story(tell)


def test_proof_that_cannot_be_made() -> None:
    """An import that could not be read back is no success."""

    async def tell(bench: Bench) -> None:
        bench.line.always(GET, request_lost)
        outcome = await bench.outcome(DAILY)
        assert (outcome.status, outcome.exit_code, outcome.written) == ("failed", 1, True)
        assert "the import was carried out" in outcome.error

    story(tell)


def test_unmanaged_node_is_sent_back() -> None:
    """A node that no manifest names survives a server that deletes what is left out (U-01)."""

    async def tell(bench: Bench) -> None:
        await bench.outcome(workflow("daily", "load", "report", "by_hand"))
        plan = await bench.plan(changed(DAILY, description="nightly"))
        assert [(n.name, n.action) for n in plan.changes[0].nodes] == [("by_hand", "unmanaged")]
        assert [each.status for each in (await bench.apply(plan)).outcomes] == ["done"]
        assert "by_hand" in (await bench.read("team/daily"))[0].ids

    story(tell, switches=Switches(import_missing_nodes="delete"))


def test_unmanaged_node_that_the_import_changed() -> None:
    """A node that should have been left alone and was not is named."""

    async def tell(bench: Bench) -> None:
        await bench.outcome(workflow("daily", "load", "report", "by_hand"))
        plan = await bench.plan(changed(DAILY, description="nightly"))
        bench.line.next(GET, passed)
        gone = spec_edited(lambda text: text.replace("echo by_hand", "echo gone"))
        bench.line.always(GET, gone)
        (outcome,) = (await bench.apply(plan)).outcomes
        assert (outcome.exit_code, outcome.written) == (1, True)
        assert "`nodes[by_hand]`" in outcome.error

    story(tell)


# --- what moved since the plan --------------------------------------------------------------------


def test_changed_between_plan_and_apply() -> None:
    """A workflow that is not as the plan saw it is not written."""

    async def tell(bench: Bench) -> None:
        await bench.outcome(DAILY)
        plan = await bench.plan(changed(DAILY, description="nightly"))
        await bench.outcome(changed(DAILY, description="somebody else's"))
        sent = len(bench.line.calls)
        (outcome,) = (await bench.apply(plan)).outcomes
        assert (outcome.exit_code, outcome.written) == (4, False)
        assert "was changed" in outcome.error
        assert "nothing was written for it" in outcome.error
        assert {name for name, _ in bench.line.calls[sent:]} == {GET}

    story(tell)


def test_deleted_between_plan_and_apply() -> None:
    """A workflow that is gone is not made anew from an old plan."""

    async def tell(bench: Bench) -> None:
        await bench.outcome(DAILY)
        plan = await bench.plan(changed(DAILY, description="nightly"))
        sent = len(bench.line.calls)
        bench.line.always(GET, refused(404, "NotFound", "workflow not found"))
        (outcome,) = (await bench.apply(plan)).outcomes
        assert (outcome.exit_code, outcome.written) == (4, False)
        assert "was deleted" in outcome.error
        assert {name for name, _ in bench.line.calls[sent:]} == {GET}

    story(tell)


# --- ids ------------------------------------------------------------------------------------------


NODE = answers({"Node": {"Spec": json.dumps({"kind": "Node", "spec": {"nodes": []}})}})
"""Some node has the id that was asked for."""


def test_taken_id_of_a_new_node() -> None:
    """An id that another object has would overwrite that object: another one is derived."""

    async def tell(bench: Bench) -> None:
        await bench.outcome(workflow("daily", "load"))
        bench.line.next("GetNode", NODE)
        assert (await bench.outcome(DAILY)).error == ""
        asked = [params["Id"] for name, params in bench.line.calls if name == "GetNode"]
        ids = (await bench.read("team/daily"))[0].ids
        assert len(asked) == 2
        assert ids["report"] == asked[1]

    story(tell)


def test_id_that_a_renamed_node_kept() -> None:
    """A node that somebody renamed has the id of its former name: that is known without a call."""

    async def tell(bench: Bench) -> None:
        assert bench.app is not None
        await bench.outcome(workflow("daily", "load"))
        await bench.outcome(DAILY)
        kept = (await bench.read("team/daily"))[0].ids["report"]
        call = {"ProjectId": PROJECT, "Id": kept, "Name": "by_hand"}
        bench.app.control.act("person", "RenameNode", call)
        asked = bench.line.count("GetNode")
        assert (await bench.outcome(DAILY)).error == ""
        ids = (await bench.read("team/daily"))[0].ids
        assert (ids["by_hand"], set(ids)) == (kept, {".", "load", "by_hand", "report"})
        assert bench.line.count("GetNode") - asked == 1

    story(tell)


def test_no_free_id_for_a_new_node() -> None:
    """After three taken ids the workflow is left alone."""

    async def tell(bench: Bench) -> None:
        await bench.outcome(workflow("daily", "load"))
        sent = bench.imports
        bench.line.always("GetNode", NODE)
        outcome = await bench.outcome(DAILY)
        assert (outcome.exit_code, outcome.written) == (4, False)
        assert "no free id for node `report`" in outcome.error
        assert bench.imports == sent

    story(tell)


@pytest.mark.parametrize("policy", ["keep_all", "replace_all", "reject"])
def test_whatever_becomes_of_chosen_ids(policy: str) -> None:
    """Kept, replaced or refused: the workflow arrives, and the next plan is empty (U-03)."""

    async def tell(bench: Bench) -> None:
        linked = workflow("daily", "load", "report", "mail")
        nodes = linked["spec"]["workflows"][0]["nodes"]
        nodes[1]["dependsOn"], nodes[2]["dependsOn"] = ["load"], ["load", "report"]
        assert (await bench.outcome(linked)).error == ""
        await done(bench, linked)
        assert bench.imports == (2 if policy == "reject" else 1)

    story(tell, switches=Switches(client_ids=policy))


# --- interruption ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "code", "standing"),
    [
        ("creating the empty workflow", 130, "nothing was written for it"),
        ("reading back", 130, "the import was carried out"),
    ],
)
def test_cancelled_between_writes(step: str, code: int, standing: str) -> None:
    """Cut off while no write is under way, what is there is known and said."""

    async def tell(bench: Bench) -> None:
        outcome = await _cancelled_at(bench, step)
        assert (outcome.exit_code, outcome.status) == (code, "failed")
        assert standing in outcome.error

    story(tell)


def test_cancelled_during_a_write() -> None:
    """Cut off while a write is under way, its outcome is unknown."""

    async def tell(bench: Bench) -> None:
        async def slow(forward: Forward) -> httpx.Response:
            response = await forward()
            await asyncio.Event().wait()
            return response

        bench.line.next(IMPORT, slow)
        outcome = await _cancelled_at(bench, "importing")
        assert outcome.exit_code == OutcomeUnknown.exit_code
        assert "whether the import was carried out is not known" in outcome.error

    story(tell)


async def _cancelled_at(bench: Bench, step: str) -> Any:
    def on_step(text: str) -> None:
        if text == step:
            loop.call_later(0.05, lambda: [task.cancel() for task in asyncio.all_tasks() - {me}])

    async def never(_: Forward) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    plan = await bench.plan(DAILY)
    if step == "creating the empty workflow":
        bench.line.next(LIST, never)
    if step == "reading back":
        bench.line.next(GET, never)
    bench.watch.on_step = on_step
    (outcome,) = (await bench.carry_out(plan)).outcomes
    return outcome
