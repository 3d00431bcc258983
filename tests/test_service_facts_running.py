"""What docs/service.md says of running, statement by statement."""

from typing import Any

import pytest

from tests.emulator_kit import A, Clock, flow, node
from tests.running_kit import DAY, MIDNIGHT, ONE_DAY, Local, backfill, chain, links, local

HOUR = 3_600_000


def published(calls: Local, *names: str, **fields: Any) -> dict[str, int]:
    """A chain of nodes online → scheduling ids by name."""
    nodes = chain(*names)
    return calls.online(flow(*nodes, dependencies=links(nodes), **fields))


def test_b90_types_need_their_parameters() -> None:
    """B-90: a type without what it needs is refused; WorkflowId is 1 for scheduled tasks."""
    with local() as calls:
        ids = published(calls, "a")
        assert calls.instance(calls.run(**backfill([ids["a"]], ONE_DAY))[0])["WorkflowId"] == 1
        smoke = {"Type": "SmokeTest", "Name": "x", "WorkflowId": 1}
        code = calls.refusal("CreateWorkflowInstances", **smoke)[1]
        assert code == "MissingDefaultRunProperties.RootTaskIds"


def test_b91_chain_mode_takes_what_lies_between() -> None:
    """B-91: Chain names its ends, the tasks between them run too."""
    with local() as calls:
        ids = published(calls, "a", "b", "c", "d")
        ends = {"IncludeTaskIds": [ids["a"], ids["c"]]}
        run = calls.run(**backfill([], ONE_DAY, Mode="Chain", **ends))[0]
        assert sorted(calls.states(run)) == ["a", "b", "c"]


def test_b92_a_repeated_call_is_a_second_run() -> None:
    """B-92: the operation goes from Creating to Created, and the same call makes a second run."""
    with local() as calls:
        ids = published(calls, "a")
        params = backfill([ids["a"]], ONE_DAY)
        calls.control.set({"job_seconds": "60"})
        operation = calls("CreateWorkflowInstances", **params)["OperationId"]
        result = calls("GetCreateWorkflowInstancesResult", OperationId=operation)["Result"]
        assert result == {"Status": "Creating"}
        calls.control.advance(60)
        calls.control.set({"job_seconds": "0"})
        assert calls.run(**params)
        found = calls("ListWorkflowInstances", BizDate=MIDNIGHT, Name="backfill")["PagingInfo"]
        assert found["TotalCount"] == 2


def test_b93_seven_ranges() -> None:
    """B-93: seven ranges of dates, an eighth is refused; the two times go together."""
    with local() as calls:
        ids = published(calls, "a")
        ranges = [(f"2025-0{month}-01", f"2025-0{month}-02") for month in range(1, 9)]
        assert len(calls.run(**backfill([ids["a"]], *ranges[:7]))) == 14
        refusal = calls.refusal("CreateWorkflowInstances", **backfill([ids["a"]], *ranges))
        assert refusal[:2] == (400, "InvalidPeriods.BizDates")


def test_b94_states_of_an_instance() -> None:
    """B-94: it waits, runs and ends; only Success and Failure are an end."""
    with local(run_seconds="60") as calls:
        ids = published(calls, "a")
        run = calls.run(**backfill([ids["a"]], ONE_DAY), AutoStartEnabled=False)[0]
        seen = [calls.instance(run)["Status"]]
        calls("StartWorkflowInstances", Ids=[run])
        seen.append(calls.instance(run)["Status"])
        calls.control.advance(60)
        seen.append(calls.instance(run)["Status"])
        calls.control.advance(DAY)
        assert [*seen, calls.instance(run)["Status"]] == ["NotRun", "Running", "Success", "Success"]


def test_b95_list_needs_the_business_date() -> None:
    """B-95: BizDate is midnight in ms; a part of the name is enough."""
    with local() as calls:
        ids = published(calls, "a")
        run = calls.run(**{**backfill([ids["a"]], ONE_DAY), "Name": "Run-4f7a"})[0]
        assert calls.refusal("ListWorkflowInstances")[:2] == (400, "MissingBizDate")
        found = calls("ListWorkflowInstances", BizDate=MIDNIGHT, Name="run-4F")["PagingInfo"]
        assert [item["Id"] for item in found["WorkflowInstances"]] == [run]
        other = calls("ListWorkflowInstances", BizDate=MIDNIGHT + HOUR)["PagingInfo"]
        assert other["TotalCount"] == 0


def test_b96_dry_run_on_a_day_without_schedule() -> None:
    """B-96: the run day follows the business date; off schedule it succeeds and does nothing."""
    with local(run_seconds="60") as calls:
        weekly = {"type": "Scheduler", "cron": "00 00 03 ? * SAT"}
        ids = published(calls, "a", trigger=weekly)
        calls.control.fail_task("a", "only a real run can fail", times=9)
        days = backfill([ids["a"]], ("2025-10-03", "2025-10-04"), Parallelism=2)
        saturday, sunday = calls.run(**days)
        assert calls.instance(sunday)["Status"] == "Success"
        calls.control.advance(60)
        assert calls.instance(saturday)["Status"] == "Failure"
        log = calls("GetTaskInstanceLog", Id=calls.task_instances(sunday)["a"]["Id"])
        assert "dry run" in log["TaskInstanceLog"]
        hour = {**backfill([ids["a"]], ("2025-10-03", "2025-10-03"))}
        hour["Periods"] = {**hour["Periods"], "StartTime": "04:00:00", "EndTime": "05:00:00"}
        assert calls.instance(calls.run(**hour)[0])["Status"] == "Success"


def test_b97_future_date_waits() -> None:
    """B-97: an instance of a day to come waits for its time, unless it may start at once."""
    clock = Clock()
    clock.now = (MIDNIGHT + 12 * HOUR) / 1000
    with local(clock=clock) as calls:
        ids = published(calls, "a")
        run = calls.run(**backfill([ids["a"]], ONE_DAY))[0]
        assert calls.instance(run)["Status"] == "WaitTime"
        now = calls.run(**backfill([ids["a"]], ONE_DAY, RunPolicy={"Immediately": True}))[0]
        assert calls.instance(now)["Status"] == "Success"
        calls.control.advance(15 * 3600)
        found = calls.instance(run)
        assert (found["Status"], found["StartedTime"]) == ("Success", MIDNIGHT + DAY + 3 * HOUR)


def test_b97_run_policy_waits_for_its_hours() -> None:
    """B-97: tasks run in the hours of the policy; at weekends only where it says so."""
    clock = Clock()
    clock.now = (MIDNIGHT + 12 * HOUR) / 1000
    with local(clock=clock) as calls:
        ids = published(calls, "a")
        past = ("2025-09-01", "2025-09-01")
        hours = {"StartTime": "22:00:00", "EndTime": "02:00:00"}
        daily = backfill([ids["a"]], past, RunPolicy={**hours, "Type": "Daily"})
        weekend = backfill([ids["a"]], past, RunPolicy={**hours, "Type": "Weekend"})
        runs = [calls.run(**daily)[0], calls.run(**weekend)[0]]
        assert {calls.instance(run)["Status"] for run in runs} == {"WaitTime"}
        calls.control.advance(48 * 3600)
        starts = [calls.instance(run)["StartedTime"] - MIDNIGHT for run in runs]
        assert starts == [22 * HOUR, DAY + 22 * HOUR]


def test_b98_running_needs_published_tasks() -> None:
    """B-98: ids of drafts and of tasks that are not online are refused in the words seen."""
    with local() as calls:
        calls.load(flow(node("a", id=A)))
        for task in (int(A), 77):
            refusal = calls.refusal("CreateWorkflowInstances", **backfill([task], ONE_DAY))
            assert (refusal[0], refusal[2]) == (400, f"Non-existent TaskIDs: [{task}]")


def test_b99_rerun_of_manual_workflows_only() -> None:
    """B-99: other types are refused, and instances of other types never match."""
    with local() as calls:
        ids = published(calls, "a")
        run = calls.run(**{**backfill([ids["a"]], ONE_DAY), "WorkflowId": ids[""]})[0]
        sent = {"WorkflowId": ids[""], "Ids": [run]}
        refusal = calls.refusal("RerunWorkflowInstances", Type="SupplementData", **sent)
        assert refusal[:2] == (400, "InvalidType")
        operation = calls("RerunWorkflowInstances", Type="ManualWorkflow", **sent)["OperationId"]
        result = calls("GetRerunWorkflowInstancesResult", OperationId=operation)["Result"]
        assert result["Status"] == "Failure"


@pytest.mark.parametrize(("recurrence", "state"), [("Pause", "Failure"), ("Skip", "Success")])
def test_recurrence_in_a_backfill(recurrence: str, state: str) -> None:
    """A paused task fails and blocks what follows, a skipped one does nothing and succeeds."""
    with local() as calls:
        nodes = chain("a", "b")
        nodes[0]["recurrence"] = recurrence
        ids = calls.online(flow(*nodes, dependencies=links(nodes)))
        run = calls.run(**backfill([ids["a"], ids["b"]], ONE_DAY))[0]
        after = "NotRun" if recurrence == "Pause" else "Success"
        assert calls.states(run) == {"a": state, "b": after}
        assert calls.instance(run)["Status"] == state
