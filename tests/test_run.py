"""Running through the emulator: made once whatever is lost, watched to its end, told as it is."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import settings

from deployer.days import today
from deployer.emulator import Fault as EmulatorFault
from deployer.emulator import Switches
from deployer.errors import (
    DeployerError,
    NotEnded,
    NotFound,
    OutcomeUnknown,
    RefusedBySafety,
    ServiceError,
    UsageError,
)
from deployer.remote.scheduling import NotPublished
from tests.faults import Fault, Forward, answer_lost, answers, broken, request_lost, truncated
from tests.run_kit import Stage, flow, on_stage

DAY = date(2025, 10, 1)
DAYS: dict[str, Any] = {"dates": [{"from": "2025-10-01", "to": "2025-10-03"}]}
APART: dict[str, Any] = {"dates": [f"2025-09-{day:02}" for day in range(1, 20, 2)]}
"""Ten days with a day between each two."""


def count(stage: Stage) -> int:
    """How many instances there are."""
    return len(stage.made())


# --- what is asked for is done --------------------------------------------------------------------


def test_a_backfill_makes_one_instance_for_each_day() -> None:
    """All nodes run for each business date, and the report ends in success."""

    async def told(stage: Stage) -> None:
        report = await stage.backfill(wait=True, **DAYS)
        assert (report.exit_code, count(stage)) == (0, 3)
        tasks = [[task.name for task in result.tasks] for result in report.results]
        assert tasks == [["land", "load"]] * 3

    on_stage(told, flow("land", "load"))


def test_ten_separate_days_are_two_calls_under_names_of_their_own() -> None:
    """Seven ranges and three: each call has a unique name, and the days are all there."""

    async def told(stage: Stage) -> None:
        report = await stage.backfill(wait=True, **APART)
        names = [call.name for call in report.calls]
        assert [name[-5:] for name in names] == ["-1of2", "-2of2"]
        assert [len(call.instances) for call in report.calls] == [7, 3]
        assert (stage.line.count("CreateWorkflowInstances"), count(stage)) == (2, 10)

    on_stage(told, flow("land"))


@pytest.mark.parametrize(("single", "calls"), [(False, 0), (True, 2)])
def test_a_service_that_counts_days(single: bool, calls: int) -> None:
    """Where seven days is the limit, a longer range is refused with the cure, which then works."""

    async def told(stage: Stage) -> None:
        dates = [{"from": "2025-09-01", "to": "2025-09-10"}]
        report = await stage.backfill(dates=dates, singleDates=single, wait=True)
        assert len(report.calls) == calls
        if report.failure:
            assert "--single-dates" in report.failure.hint

    on_stage(told, flow("land"), switches=Switches(biz_dates="seven_dates"))


def test_the_same_backfill_again_makes_no_other_one() -> None:
    """A second command finds the first one's instances; another name makes another run."""

    async def told(stage: Stage) -> None:
        first = await stage.backfill(wait=True, **DAYS)
        again = await stage.backfill(wait=True, **DAYS)
        assert again.instances == first.instances
        assert ([call.found for call in again.calls], count(stage)) == ([True], 3)
        other = await stage.backfill(wait=True, name="again", **DAYS)
        assert ([call.found for call in other.calls], count(stage)) == ([False], 6)

    on_stage(told, flow("land"))


def test_a_failed_call_is_not_followed_by_the_next() -> None:
    """With a wait, days run in order: after a failure nothing more is begun, and the exit is 10."""

    async def told(stage: Stage) -> None:
        stage.control.fail_task("land", "disk\x1b[31m full", times=1)
        report = await stage.backfill(wait=True, **APART)
        assert (report.exit_code, len(report.calls), report.planned) == (10, 1, 2)
        failed = [result for result in report.results if result.failed]
        assert "disk\x1b[31m full" in failed[0].logs["land"]

    on_stage(told, flow("land"))


@pytest.mark.parametrize("kind", ["ManualWorkflow", "TriggerWorkflow"])
def test_a_workflow_is_run_by_its_kind(kind: str) -> None:
    """Manual and triggered workflows are found by path, though no list shows the latter (U-35)."""

    async def told(stage: Stage) -> None:
        report = await stage.run(parameters={"day": "x", "n": 1})
        assert (report.type, report.exit_code) == (kind, 0)
        (sent,) = [p for name, p in stage.line.calls if name == "CreateWorkflowInstances"]
        written = '{"day":"x","n":1}' if kind == "ManualWorkflow" else "day=x\nn=1"
        assert sent["WorkflowParameters"] == written

    trigger = {"type": "Manual"} if kind == "ManualWorkflow" else {"type": "Custom"}
    on_stage(told, flow("hand", "foot", kind=kind, trigger=trigger))


def test_tasks_are_run_by_hand() -> None:
    """Type Manual runs the nodes that are named and no others."""

    async def told(stage: Stage) -> None:
        report = await stage.run(type="Manual", nodes=["load"])
        assert [task.name for task in report.results[0].tasks] == ["load"]

    on_stage(told, flow("land", "load"))


def test_a_scheduled_workflow_is_not_run_by_hand() -> None:
    """The error names the commands that do run it, and nothing is sent."""

    async def told(stage: Stage) -> None:
        with pytest.raises(UsageError) as wrong:
            await stage.run()
        assert "deployer backfill" in wrong.value.hint
        assert count(stage) == 0

    on_stage(told, flow("land"))


def test_a_smoke_test_runs_the_nodes_that_are_named() -> None:
    """One node of two, under a name of its own, and its failure is exit 10."""

    async def told(stage: Stage) -> None:
        assert (await stage.smoke("load")).exit_code == 0
        stage.control.fail_task("load", "no table", times=1)
        report = await stage.smoke("load")
        assert (report.exit_code, "no table" in report.results[0].logs["load"]) == (10, True)

    on_stage(told, flow("land", "load"))


def test_a_success_at_which_nothing_ran_is_called_that() -> None:
    """A backfill of a day on which the schedule does not fire ends in a success without a run (B-96)."""

    async def told(stage: Stage) -> None:
        report = await stage.backfill(dates=["2025-10-01"], wait=True)
        assert [result.words for result in report.results] == ["Success, but nothing ran"]
        report = await stage.backfill(dates=["2025-09-30"], wait=True)
        assert [result.words for result in report.results] == ["Success"]

    first = {"type": "Scheduler", "cron": "00 00 03 1 * ?"}
    on_stage(told, flow("land", trigger=first))


def test_a_day_to_come_waits_until_it_is_there() -> None:
    """Its instance waits, and the remark says so; with the policy it starts at once."""

    async def told(stage: Stage) -> None:
        late = await stage.backfill(dates=["2025-10-20"])
        assert (await stage.on(date(2025, 10, 20)))[0].status == "WaitTime"
        assert any("run in the future" in words for words in stage.seen.words)
        now = await stage.backfill(dates=["2025-10-21"], runPolicy={"immediately": True}, wait=True)
        assert (late.exit_code, now.results[0].words) == (0, "Success")

    on_stage(told, flow("land"))


@pytest.mark.parametrize(
    ("mode", "named", "ran"),
    [
        ("General", {"nodes": ["b"]}, ["b"]),
        ("ManualSelection", {"nodes": ["a", "c"], "exclude": ["c"]}, ["a"]),
        ("AllDownstream", {"nodes": ["b"]}, ["b", "c"]),
        ("Chain", {"include": ["a", "b"]}, ["a", "b"]),
    ],
)
def test_modes_choose_nodes_and_are_counted(
    mode: str, named: dict[str, Any], ran: list[str]
) -> None:
    """Each mode runs what it means; as many nodes are counted as will run."""

    async def told(stage: Stage) -> None:
        limits = {"instances": len(ran) - 1}
        with pytest.raises(RefusedBySafety, match=str(len(ran))):
            await stage.backfill(dates=["2025-10-01"], mode=mode, limits=limits, **named)
        report = await stage.backfill(
            dates=["2025-10-01"], mode=mode, limits={"instances": len(ran)}, wait=True, **named
        )
        assert sorted(task.name for task in report.results[0].tasks) == ran

    on_stage(told, flow("a", "b", "c"))


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "refused"), [(2, False), (3, False), (4, True)])
def test_days_are_limited(days: int, refused: bool) -> None:
    """One day more than the limit is refused before anything is sent; the exact number allows it."""

    async def told(stage: Stage) -> None:
        wish: dict[str, Any] = {
            "dates": [{"from": "2025-09-01", "to": f"2025-09-0{days}"}],
            "limits": {"days": 3},
        }
        if not refused:
            assert (await stage.backfill(**wish)).exit_code == 0
            return
        with pytest.raises(RefusedBySafety) as stopped:
            await stage.backfill(**wish)
        assert (stopped.value.exit_code, count(stage)) == (3, 0)
        assert "--allow-instances 8" in stopped.value.hint
        for wrong in (7, 9):
            with pytest.raises(RefusedBySafety):
                await stage.backfill(allowed=wrong, **wish)
        assert (await stage.backfill(allowed=8, **wish)).exit_code == 0

    on_stage(told, flow("land", "load"))


# --- names ----------------------------------------------------------------------------------------


def test_names_that_lead_nowhere_are_told_with_the_nearest() -> None:
    """An unknown node, an unknown workflow and one that is not published end it before a write."""

    async def told(stage: Stage) -> None:
        with pytest.raises(UsageError, match="`lond`") as near:
            await stage.backfill(nodes=["lond"], **DAYS)
        assert "`land`" in near.value.hint
        with pytest.raises(NotFound, match="team/nothing"):
            await stage.backfill(workflow="team/nothing", **DAYS)
        stage.control.save("person", 10001, flow("draft", path="team/draft"))
        with pytest.raises(NotPublished, match="team/draft"):
            await stage.backfill(workflow="team/draft", **DAYS)
        assert count(stage) == 0

    on_stage(told, flow("land"))


def test_nodes_of_another_workflow_are_named_by_their_path() -> None:
    """A root elsewhere is a full path; the workflow of that path is looked up."""

    async def told(stage: Stage) -> None:
        report = await stage.backfill(nodes=["team/other/far", "land"], wait=True, **DAYS)
        assert {task.name for task in report.results[0].tasks} == {"far", "land"}

    on_stage(told, flow("land"), flow("far", path="team/other"))


@pytest.mark.parametrize(("policy", "own"), [("only_own", False), ("only_1", True)])
def test_the_other_form_of_the_id_is_told_and_not_tried(policy: str, own: bool) -> None:
    """A service that takes one form of `WorkflowId` alone refuses the other: U-25."""

    async def told(stage: Stage) -> None:
        said: dict[str, Any] = {"workflowId": "own"} if own else {}
        report = await stage.backfill(**said, **DAYS)
        assert report.failure is not None
        assert "`--own-id`" in report.failure.hint
        assert stage.line.count("CreateWorkflowInstances") == 1

    on_stage(told, flow("land"), switches=Switches(backfill_workflow_id=policy))


def test_a_refusal_after_a_first_call_is_done_in_part() -> None:
    """What was made is reported, the exit code is 5, and a rerun goes on with the rest."""

    async def told(stage: Stage) -> None:
        def refuse() -> Fault:
            async def fault(_: Forward) -> httpx.Response:
                return httpx.Response(400, json={"Code": "InvalidX", "Message": "no"})

            return fault

        stage.line.next("CreateWorkflowInstances", refuse(), about="2of2")
        report = await stage.backfill(**APART)
        assert isinstance(report.failure, ServiceError)
        assert (report.exit_code, count(stage)) == (5, 7)
        again = await stage.backfill(**APART)
        assert ([call.found for call in again.calls], count(stage)) == ([True, False], 10)

    on_stage(told, flow("land"))


# --- lost answers ---------------------------------------------------------------------------------

LOST = {"answer": answer_lost, "half": truncated, "500": broken}


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("lag", [0.0, 20.0])
def test_a_lost_answer_is_found_again_by_name(lost: str, lag: float) -> None:
    """The instances that the lost call made are found, late or at once, and it is not sent again."""

    async def told(stage: Stage) -> None:
        stage.line.next("CreateWorkflowInstances", LOST[lost])
        report = await stage.backfill(wait=True, **DAYS)
        assert (report.exit_code, count(stage)) == (0, 3)
        assert stage.line.count("CreateWorkflowInstances") == 1

    on_stage(told, flow("land"), job_seconds=lag)


def test_a_lost_request_is_not_sent_again() -> None:
    """What cannot be found is unknown, exit 7; the rerun finds nothing and sends it once."""

    async def told(stage: Stage) -> None:
        stage.line.next("CreateWorkflowInstances", request_lost)
        report = await stage.backfill(**DAYS)
        assert isinstance(report.failure, OutcomeUnknown)
        assert (report.exit_code, count(stage)) == (7, 0)
        assert "--run-name" in report.failure.hint
        assert (await stage.backfill(**DAYS)).exit_code == 0
        assert count(stage) == 3

    on_stage(told, flow("land"))


def test_what_is_told_to_do_after_a_lost_request_works() -> None:
    """A run names its day, which is another one tomorrow; of a smoke test a list shows the instance."""

    async def told(stage: Stage) -> None:
        stage.line.next("CreateWorkflowInstances", request_lost, request_lost)
        failures = [each.failure for each in (await stage.run(), await stage.smoke("hand"))]
        yesterday = str(today(stage.bench.clock()) - timedelta(days=1))
        assert [each and each.hint.partition("` ")[0] for each in failures] == [
            f"the same command with `--run-name deployer-flow-once --date {yesterday}",
            f"`deployer instances list --name deployer-flow-smoke --biz-date {yesterday}",
        ]

    on_stage(told, flow("hand", kind="ManualWorkflow", trigger={"type": "Manual"}))


def test_a_lost_run_is_found_by_its_nonce() -> None:
    """A run by hand holds a nonce: two commands make two runs, a lost answer makes none more."""

    async def told(stage: Stage) -> None:
        stage.line.next("CreateWorkflowInstances", answer_lost)
        assert (await stage.run("one")).exit_code == 0
        assert (await stage.run("two")).exit_code == 0
        assert count(stage) == 2
        name = "deployer-flow-one"
        assert (await stage.run("three", name=name)).calls[0].found
        assert count(stage) == 2

    on_stage(told, flow("hand", kind="ManualWorkflow", trigger={"type": "Manual"}))


def test_a_name_that_is_taken_is_ours() -> None:
    """A service that wants unique names refuses a second run of one; its instances are found (U-24)."""

    async def told(stage: Stage) -> None:
        first = await stage.backfill(**DAYS)
        again = await stage.backfill(**DAYS)
        assert again.instances == first.instances

    on_stage(told, flow("land"), switches=Switches(run_name_unique="reject"))


def is_cut(name: str, nth: int) -> bool:
    """Whether this call of an operation is cut: polls of one instance after the other are all alike."""
    often = name in ("CreateWorkflowInstances", "ListWorkflowInstances")
    return settings().max_examples >= 1000 or nth <= often


class Killed(BaseException):
    """The process ends here."""


def killed(*, before: bool) -> Fault:
    """A process that ends before its request leaves, or before the answer is read."""

    async def fault(forward: Forward) -> httpx.Response:
        if not before:
            await forward()
        raise Killed

    return fault


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(("wish", "lag"), [(DAYS, 20.0), (APART, 0.0)], ids=["range", "apart"])
def test_killed_at_any_request(wish: dict[str, Any], lag: float, before: bool) -> None:
    """Whichever request the process dies at, the same command again ends with each day once.

    With a lag the instances of the first command are made after the second one has looked for them.
    """

    async def recorded(stage: Stage) -> None:
        await stage.backfill(wait=True, **wish)
        calls.extend(name for name, _ in stage.line.calls)

    calls: list[str] = []
    on_stage(recorded, flow("land"), job_seconds=lag)
    wanted = 3 if wish is DAYS else 10
    for number, name in enumerate(calls):
        nth = calls[:number].count(name)
        if not is_cut(name, nth):
            continue

        async def told(stage: Stage, name: str = name, nth: int = nth) -> None:
            passing = [forwarded] * nth
            stage.line.next(name, *passing, killed(before=before))
            with pytest.raises(Killed):
                await stage.backfill(wait=True, **wish)
            report = await stage.backfill(wait=True, **wish)
            assert (report.exit_code, count(stage)) == (0, wanted), (name, nth)

        on_stage(told, flow("land"), job_seconds=lag)


async def forwarded(forward: Forward) -> httpx.Response:
    """Nothing goes wrong."""
    return await forward()


MANUAL: dict[str, Any] = {"kind": "ManualWorkflow", "trigger": {"type": "Manual"}}
WAYS = {
    "backfill": lambda stage: stage.backfill(wait=True, **APART),
    "run": lambda stage: stage.run(workflow="team/hand"),
    "smoke": lambda stage: stage.smoke("land"),
}
MADE = {"backfill": (10, 2), "run": (1, 1), "smoke": (1, 1)}
"""How many instances there are in the end, and how often they are asked for."""


def test_instances_that_the_service_does_not_name_are_found() -> None:
    """Created, it says, and names none: they are looked for, so that nothing counts as a success."""

    async def told(stage: Stage) -> None:
        silent = answers({"Result": {"Status": "Created"}})
        stage.line.next("GetCreateWorkflowInstancesResult", silent)
        report = await stage.backfill(wait=True, **DAYS)
        assert (report.exit_code, len(report.results)) == (0, 3)

    on_stage(told, flow("land"))


@pytest.mark.parametrize("way", ["backfill", "run", "smoke"])
def test_an_answer_lost_at_any_request(way: str) -> None:
    """Whichever answer is lost, the run ends in success, and nothing is asked for twice."""
    documents = (flow("land"), flow("lift", path="team/hand", **MANUAL))
    calls: list[str] = []

    async def recorded(stage: Stage) -> None:
        await WAYS[way](stage)
        calls.extend(name for name, _ in stage.line.calls)

    on_stage(recorded, *documents)
    for number, name in enumerate(calls):
        nth = calls[:number].count(name)
        if not is_cut(name, nth):
            continue

        async def told(stage: Stage, name: str = name, nth: int = nth) -> None:
            stage.line.next(name, *[forwarded] * nth, answer_lost)
            report = await WAYS[way](stage)
            made = (count(stage), stage.line.count("CreateWorkflowInstances"))
            assert (report.exit_code, made) == (0, MADE[way]), (name, nth)

        on_stage(told, *documents)


@pytest.mark.parametrize("kind", ["html", "empty", "list", "text", "status"])
def test_an_answer_that_says_nothing_is_a_lost_one(kind: str) -> None:
    """The emulator's own faults after the effect: the run is found by its name."""

    async def told(stage: Stage) -> None:
        lost = EmulatorFault(kind, action="CreateWorkflowInstances", moment="after", nth=1)
        stage.control.add_fault(lost)
        report = await stage.backfill(wait=True, **DAYS)
        assert (report.exit_code, count(stage)) == (0, 3)
        assert stage.line.count("CreateWorkflowInstances") == 1

    on_stage(told, flow("land"))


def test_instances_that_cannot_be_made_are_told_in_the_words_of_the_service() -> None:
    """What went offline between the lookup and the making fails without any instance."""

    async def told(stage: Stage) -> None:
        async def failing(forward: Forward) -> httpx.Response:
            await forward()
            body = {"Result": {"Status": "CreateFailure", "FailureMessage": "no such task"}}
            return httpx.Response(200, json=body)

        stage.line.next("GetCreateWorkflowInstancesResult", failing)
        report = await stage.backfill(**DAYS)
        assert isinstance(report.failure, DeployerError)
        assert (report.exit_code, report.failure.why) == (1, "no such task")

    on_stage(told, flow("land"))


def test_a_watch_that_is_out_of_time_says_that_the_run_goes_on() -> None:
    """The exit code is 7, and the instances are named for another watch."""

    async def told(stage: Stage) -> None:
        report = await stage.backfill(wait=True, patience=90, **DAYS)
        assert report.exit_code == 7
        assert type(report.failure) is NotEnded
        assert report.instances[0] in report.failure.hint

    on_stage(told, flow("land"), switches=Switches(run_seconds="600"))


def test_what_ended_before_the_time_was_over_is_told() -> None:
    """Of two days one has failed and the other still runs: exit 10, the result of the first is there."""

    async def told(stage: Stage) -> None:
        stage.control.fail_task("land", "too heavy", times=1)
        report = await stage.backfill(wait=True, patience=90, **DAYS)
        assert [result.instance.status for result in report.results] == ["Failure"]
        assert type(report.failure) is NotEnded
        assert (report.exit_code, report.instances[1] in report.failure.hint) == (10, True)

    on_stage(told, flow("land"), switches=Switches(run_seconds="60"))


def test_a_task_may_take_its_hours() -> None:
    """What runs is at work, however long nothing else is seen of it: it is watched to its end."""

    async def told(stage: Stage) -> None:
        report = await stage.backfill(wait=True, dates=["2025-10-01"])
        assert (report.exit_code, len(report.results)) == (0, 1)

    on_stage(told, flow("land"), switches=Switches(run_seconds="7200"))


def test_calls_that_time_left_no_room_for_are_told() -> None:
    """The second call of a backfill is not begun; what the first made stands: exit 5."""

    async def told(stage: Stage) -> None:
        days = [f"2025-{month:02}-01" for month in range(1, 10)]
        report = await stage.backfill(wait=True, patience=70, singleDates=True, dates=days)
        assert isinstance(report.failure, DeployerError)
        assert (len(report.calls), report.planned) == (1, 2)
        assert report.exit_code in (5, 7)

    on_stage(told, flow("land"), switches=Switches(run_seconds="60"))


def test_states_are_told_as_they_change() -> None:
    """Each state of an instance and of a task is told once."""

    async def told(stage: Stage) -> None:
        await stage.backfill(dates=["2025-10-01"], wait=True)
        assert stage.seen.states == [
            ("", "Running"),
            ("land", "Running"),
            ("load", "NotRun"),
            ("land", "Success"),
            ("load", "Running"),
            ("", "Success"),
            ("load", "Success"),
        ]

    on_stage(told, flow("land", "load"), switches=Switches(run_seconds="20"))
