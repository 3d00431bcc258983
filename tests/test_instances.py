"""Instances as the service lists and shows them: filters, pages, stops, reruns, watches."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from deployer.days import midnight
from deployer.emulator import Switches
from deployer.errors import OutcomeUnknown, Unreachable, UsageError
from deployer.remote.instances import Instances, Search
from deployer.remote.workspace import Remote
from deployer.running.steering import rerun, stop
from deployer.running.watch import judged, watch
from deployer.runs import Instance, Result, Stopped, TaskInstance
from tests.faults import answer_lost, answers, request_lost
from tests.run_kit import Stage, flow, on_stage
from tests.test_remote import Answers

DAY = date(2025, 10, 1)
ONE: dict[str, Any] = {"dates": ["2025-10-01"]}
HAND: dict[str, Any] = {"kind": "ManualWorkflow", "trigger": {"type": "Manual"}}
SLOW = Switches(run_seconds="600")


def shell(answer: Any) -> tuple[Instances, Answers]:
    """The instances of a service that answers so, and what it was asked."""
    client = Answers(answer if callable(answer) else lambda _: answer)
    return Instances(Remote(client, "10001")), client  # type: ignore[arg-type]


def test_every_filter_reaches_the_wire_as_documented() -> None:
    """Each filter of the list under its own name; those of `Filter` as JSON in one text."""
    instances, client = shell({"PagingInfo": {"TotalCount": 0, "WorkflowInstances": []}})
    search = Search(
        biz_date=DAY,
        env="Dev",
        ids=("1", "2"),
        name="a",
        owner="o",
        type="Normal",
        workflow="7",
        unified="8",
        tags=("k:v", "e:"),
        status="Failure",
        executed_on=date(2025, 10, 2),
        sort="StartedTime Desc",
    )
    asyncio.run(instances.page(search, 3, 50))
    assert client.asked == [
        (
            "ListWorkflowInstances",
            {
                "ProjectId": "10001",
                "BizDate": midnight(DAY),
                "EnvType": "Dev",
                "Ids": "[1,2]",
                "Name": "a",
                "Owner": "o",
                "Type": "Normal",
                "WorkflowId": "7",
                "UnifiedWorkflowInstanceId": "8",
                "Tags": '["k:v","e:"]',
                "Filter": f'{{"status":"Failure","executionDate":"{midnight(date(2025, 10, 2))}"}}',
                "SortBy": "StartedTime Desc",
                "PageNumber": 3,
                "PageSize": 50,
            },
        )
    ]


@pytest.mark.parametrize(("total", "calls"), [(0, 1), (100, 1), (101, 2), (250, 3)])
def test_all_pages_are_read_and_none_twice(total: int, calls: int) -> None:
    """As many pages as there are; an instance that moves to the next page is told once."""

    def answer(params: Mapping[str, Any]) -> Mapping[str, Any]:
        first = max(0, (params["PageNumber"] - 1) * params["PageSize"] - 1)
        found = [{"Id": n} for n in range(first, min(first + params["PageSize"] + 1, total))]
        return {"PagingInfo": {"TotalCount": total, "WorkflowInstances": found}}

    async def told() -> list[str]:
        return [each.id async for each in instances.every(Search(DAY))]

    instances, client = shell(answer)
    assert asyncio.run(told()) == [str(n) for n in range(total)]
    assert client.calls == calls


def test_an_answer_without_what_was_asked_for_is_no_answer() -> None:
    """Nothing is learnt from it."""
    instances, _ = shell({"RequestId": "R"})
    with pytest.raises(Unreachable):
        asyncio.run(instances.page(Search(DAY)))
    with pytest.raises(OutcomeUnknown):
        asyncio.run(instances.create({}))


def test_an_instance_is_shown_with_its_tasks() -> None:
    """What the service tells of it: ids as text, moments in ms, tags."""

    async def told(stage: Stage) -> None:
        report = await stage.backfill(tags={"team": "sales"}, **ONE)
        one = await stage.runner.instances.get(report.instances[0])
        assert (one.type, one.biz_date, one.tags) == (
            "SupplementData",
            midnight(DAY),
            {"team": "sales"},
        )
        tasks = await stage.runner.instances.tasks(one)
        assert sorted((task.name, task.type) for task in tasks) == [
            ("land", "DIDE_SHELL"),
            ("load", "DIDE_SHELL"),
        ]

    on_stage(told, flow("land", "load"))


# --- watching -------------------------------------------------------------------------------------


def test_an_unknown_status_is_waited_for() -> None:
    """Only Success and Failure are ends, whatever else the service may invent (B-94)."""

    async def told(stage: Stage) -> None:
        report = await stage.backfill(**ONE)
        body = {"WorkflowInstance": {"Id": int(report.instances[0]), "Status": "Dreaming"}}
        stage.line.next("GetWorkflowInstance", answers(body), answers(body))
        (result,) = (await watch(report.instances, stage.runner)).results
        assert result.words == "Success"
        assert ("", "Dreaming") in stage.seen.states

    on_stage(told, flow("land"))


@pytest.mark.parametrize(
    ("log", "idle"),
    [
        ("", ("land",)),
        ("2025-10-02 00:00:00 INFO dry run: not scheduled", ("land",)),
        ("空跑", ("land",)),
        ("did something", ()),
    ],
)
def test_what_took_no_time_did_nothing_if_its_log_agrees(log: str, idle: tuple[str, ...]) -> None:
    """A task without duration is idle with an empty log or one that says so (B-96, B-97)."""

    async def told(stage: Stage) -> None:
        stage.line.next("GetTaskInstanceLog", answers({"TaskInstanceLog": log}))
        task = TaskInstance("1", "land", "DIDE_SHELL", "Success", started=5, finished=5)
        result = await judged(Instance("1", "x", "Normal", "Success", 0), [task], stage.runner)
        assert (result.idle, result.nothing_ran) == (idle, bool(idle))

    on_stage(told)


def test_a_log_that_cannot_be_read_does_not_hide_the_failure() -> None:
    """The reason stands in its place."""

    async def told(stage: Stage) -> None:
        stage.control.fail_task("land", "full", times=1)
        refusal = {"Success": False, "Code": "Other", "Message": "no log"}
        stage.line.always("GetTaskInstanceLog", answers(refusal))
        report = await stage.backfill(wait=True, **ONE)
        assert report.exit_code == 10
        assert "cannot be read" in report.results[0].logs["land"]

    on_stage(told, flow("land"))


def test_fifty_lines_of_a_log_are_enough() -> None:
    """The last lines of a long log are kept, the others are not."""

    async def told(stage: Stage) -> None:
        stage.control.fail_task("land", "\n".join(f"line {n}" for n in range(100)), times=1)
        report = await stage.backfill(wait=True, **ONE)
        lines = report.results[0].logs["land"].splitlines()
        assert (len(lines), "line 99" in "\n".join(lines)) == (50, True)

    on_stage(told, flow("land"))


# --- stopping -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["Failure", "Success", "NotRun"])
@pytest.mark.parametrize("lost", [False, True])
def test_a_stopped_instance_is_stopped_whatever_it_is_called(status: str, lost: bool) -> None:
    """The status after a stop is not known (U-17); a lost answer is settled by looking."""

    async def told(stage: Stage) -> None:
        report = await stage.backfill(**ONE)
        if lost:
            stage.line.next("StopWorkflowInstances", answer_lost)
        told = await stop(report.instances, stage.runner)
        assert [(each.taken, each.message) for each in told.values()] == [(True, status)]

    on_stage(told, flow("land"), switches=Switches(run_seconds="600", stop_status=status))


def test_a_stop_that_is_lost_is_unknown_while_it_still_runs() -> None:
    """Exit 7, and where to look."""

    async def told(stage: Stage) -> None:
        report = await stage.backfill(**ONE)
        stage.line.next("StopWorkflowInstances", request_lost)
        with pytest.raises(OutcomeUnknown, match=report.instances[0]):
            await stop(report.instances, stage.runner)

    on_stage(told, flow("land"), switches=SLOW)


def test_what_does_not_stop_at_once_is_not_called_stopped() -> None:
    """The request was taken, and the instance still runs: both are told."""
    words = [Stopped(True, status).words for status in ("Running", "NotRun")]
    assert words == ["asked to stop, still Running", "stopped on request, now NotRun"]


def test_what_has_ended_is_not_stopped() -> None:
    """The service's own words are told."""

    async def told(stage: Stage) -> None:
        report = await stage.backfill(wait=True, **ONE)
        (answer,) = (await stop(report.instances, stage.runner)).values()
        assert (answer.taken, "Success" in answer.message) == (False, True)

    on_stage(told, flow("land"))


# --- running again --------------------------------------------------------------------------------


async def failed(stage: Stage) -> Result:
    """An instance of a manual workflow whose second task has failed."""
    stage.control.fail_task("foot", "full", times=1)
    return (await stage.run()).results[0]


@pytest.mark.parametrize("lost", [False, True])
def test_what_failed_runs_again(lost: bool) -> None:
    """Only the failed task has a further run; a lost answer is settled by that."""

    async def told(stage: Stage) -> None:
        identity = (await failed(stage)).instance.id
        if lost:
            stage.line.next("RerunWorkflowInstances", answer_lost)
        await rerun(identity, stage.runner, nodes=(), failed=True, downstream=False)
        (result,) = (await watch([identity], stage.runner)).results
        assert result.instance.status == "Success"
        assert {task.name: task.number for task in result.tasks} == {"hand": 1, "foot": 2}
        assert stage.line.count("RerunWorkflowInstances") == 1

    on_stage(told, flow("hand", "foot", **HAND))


@pytest.mark.parametrize("lag", ["none", "get(2reads)", "get(5s)+list(5s)"])
def test_the_end_of_the_run_before_is_not_taken_for_that_of_the_rerun(lag: str) -> None:
    """A service that begins late, and reads that are late, show the failure that was run again (U-27)."""

    async def told(stage: Stage) -> None:
        identity = (await failed(stage)).instance.id
        stage.control.set({"read_lag": lag, "run_seconds": "30", "job_seconds": "30"})
        await rerun(identity, stage.runner, nodes=(), failed=True, downstream=False)
        (result,) = (await watch([identity], stage.runner)).results
        assert result.instance.status == "Success"

    on_stage(told, flow("hand", "foot", **HAND))


def test_a_rerun_that_is_lost_is_not_sent_again() -> None:
    """No task with a further run: exit 7."""

    async def told(stage: Stage) -> None:
        identity = (await failed(stage)).instance.id
        stage.line.next("RerunWorkflowInstances", request_lost)
        with pytest.raises(OutcomeUnknown):
            await rerun(identity, stage.runner, nodes=("foot",), failed=False, downstream=False)
        assert stage.line.count("RerunWorkflowInstances") == 1

    on_stage(told, flow("hand", "foot", **HAND))


def test_only_instances_of_manual_workflows_run_again() -> None:
    """Any other is refused before anything is sent (B-99); so is an unknown node."""

    async def told(stage: Stage) -> None:
        report = await stage.backfill(workflow="team/cycle", **ONE)
        with pytest.raises(UsageError, match="SupplementData"):
            await rerun(report.instances[0], stage.runner, nodes=(), failed=True, downstream=False)
        identity = (await failed(stage)).instance.id
        with pytest.raises(UsageError, match="`arm`"):
            await rerun(identity, stage.runner, nodes=("arm",), failed=False, downstream=False)
        assert stage.line.count("RerunWorkflowInstances") == 0

    on_stage(told, flow("hand", "foot", **HAND), flow("land", path="team/cycle"))
