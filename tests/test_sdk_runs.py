"""Instances as the official SDK sees them: made, listed, started, stopped, run again."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator_kit import at, node
from tests.running_kit import DAY, MIDNIGHT, backfill, chain, links
from tests.sdk_kit import Sdk, served


@pytest.fixture(scope="module")
def sdk() -> Iterator[Sdk]:
    """An emulator with default switches, shared by tests with workflows of their own."""
    with served() as found:
        yield found


def line(path: str, *names: str, **fields: Any) -> dict[str, Any]:
    """A workflow whose nodes wait one for the other."""
    prefix = path.replace("/", "")
    nodes = [{**item, "id": f"{prefix}{item['id']}"} for item in chain(*names)]
    return at(path, *nodes, dependencies=links(nodes), **fields)


def manual(sdk: Sdk, path: str, *names: str) -> dict[str, int]:
    """A manual workflow online → the scheduling ids by name."""
    return sdk.online(line(path, *names, kind="ManualWorkflow", trigger={"type": "Manual"}))


def flow_run(workflow: int, **params: Any) -> dict[str, Any]:
    """Parameters of a run of a manual workflow."""
    return {"Type": "ManualWorkflow", "Name": "run", "WorkflowId": workflow, **params}


def test_backfill_of_two_days(sdk: Sdk) -> None:
    """One instance for each business date, its tasks in order of dependency, and their logs."""
    ids = sdk.online(line("run/days", "day_a", "day_b"))
    tasks = [ids["day_a"], ids["day_b"]]
    params = backfill(tasks, ("2025-10-09", "2025-10-10"))
    operation = sdk("CreateWorkflowInstances", **params)["OperationId"]
    result = sdk("GetCreateWorkflowInstancesResult", OperationId=operation)["Result"]
    assert [len(ids) for key, ids in result.items() if key.endswith("Ids")] == [2, 2, 2]
    runs = [sdk.instance(run) for run in result["WorkflowInstanceIds"]]
    assert [run["BizDate"] for run in runs] == [MIDNIGHT - DAY, MIDNIGHT]
    assert {(run["Type"], run["Status"], run["WorkflowId"]) for run in runs} == {
        ("SupplementData", "Success", 1)
    }
    found = sdk.task_instances(runs[0]["Id"])
    assert {task["Status"] for task in found.values()} == {"Success"}
    one = sdk("GetTaskInstance", Id=found["day_b"]["Id"])["TaskInstance"]
    assert one["Script"]["Content"] == "echo day_b"
    assert (one["TaskId"], one["WorkflowName"], one["RunNumber"]) == (ids["day_b"], "days", 1)
    log = sdk("GetTaskInstanceLog", Id=one["Id"])["TaskInstanceLog"]
    assert "echo day_b" in log
    assert "SUCCESS" in log


def test_tasks_run_one_after_the_other() -> None:
    """Each task takes `run_seconds`, and starts when those it waits for have succeeded."""
    with served(run_seconds="60", job_seconds="0") as sdk:
        ids = manual(sdk, "run/slow", "slow_a", "slow_b", "slow_c")
        run = sdk.run(**flow_run(ids[""]))[0]
        seen = []
        for _ in range(4):
            states = sdk.states(run)
            seen.append([states[name] for name in ("slow_a", "slow_b", "slow_c")])
            sdk.control.advance(60)
        assert seen == [
            ["Running", "NotRun", "NotRun"],
            ["Success", "Running", "NotRun"],
            ["Success", "Success", "Running"],
            ["Success", "Success", "Success"],
        ]
        found = sdk.instance(run)
        assert found["Status"] == "Success"
        assert found["FinishedTime"] - found["StartedTime"] == 180_000


def test_planned_failure(sdk: Sdk) -> None:
    """A task that fails ends its instance, its message is in the log, what follows never runs."""
    ids = manual(sdk, "run/fails", "fail_a", "fail_b")
    sdk.control.fail_task("fail_a", "disk\x1b[31m full", times=1)
    run = sdk.run(**flow_run(ids[""]))[0]
    assert sdk.instance(run)["Status"] == "Failure"
    assert sdk.states(run) == {"fail_a": "Failure", "fail_b": "NotRun"}
    failed = sdk.task_instances(run)["fail_a"]["Id"]
    assert "disk\x1b[31m full" in sdk("GetTaskInstanceLog", Id=failed)["TaskInstanceLog"]
    assert sdk.instance(sdk.run(**flow_run(ids[""]))[0])["Status"] == "Success"


def test_all_types(sdk: Sdk) -> None:
    """Each of the five types runs what it means."""
    cycle = sdk.online(line("types/cycle", "ty_a", "ty_b"))
    event = line("types/event", "ty_e", "ty_f", kind="TriggerWorkflow", trigger={"type": "Custom"})
    event_ids = sdk.online(event)
    hand = manual(sdk, "types/hand", "ty_m", "ty_n", "ty_o")
    root = {"DefaultRunProperties": {"RootTaskIds": [str(cycle["ty_a"])]}}
    begun = {
        "SmokeTest": {"WorkflowId": 1, **root},
        "Manual": {"WorkflowId": 1, **root},
        "ManualWorkflow": {"WorkflowId": hand[""], "WorkflowParameters": '{"a":"b"}'},
        "TriggerWorkflow": {"WorkflowId": event_ids[""], "WorkflowParameters": "a=b"},
    }
    ran = {}
    for kind, params in begun.items():
        run = sdk.run(Type=kind, Name=kind, **params)[0]
        assert (sdk.instance(run)["Type"], sdk.instance(run)["Status"]) == (kind, "Success")
        ran[kind] = sorted(sdk.states(run))
    assert ran == {
        "SmokeTest": ["ty_a"],
        "Manual": ["ty_a"],
        "ManualWorkflow": ["ty_m", "ty_n", "ty_o"],
        "TriggerWorkflow": ["ty_e", "ty_f"],
    }
    part = {"DefaultRunProperties": {"IncludeTaskIds": [event_ids["ty_f"]]}}
    run = sdk.run(Type="TriggerWorkflow", Name="x", WorkflowId=event_ids[""], **part)[0]
    assert sorted(sdk.states(run)) == ["ty_f"]
    later = {"RootTaskIds": [hand["ty_n"]]}
    run = sdk.run(**flow_run(hand[""], DefaultRunProperties=later))[0]
    assert sorted(sdk.states(run)) == ["ty_n", "ty_o"]


def test_all_modes(sdk: Sdk) -> None:
    """Each of the four modes of a backfill means another set of tasks."""
    ids = sdk.online(line("modes/one", "mo_a", "mo_b", "mo_c", "mo_d"))
    names = {task: name for name, task in ids.items()}

    def ran(mode: str, roots: str = "", include: str = "", exclude: str = "") -> str:
        chosen = {
            "RootTaskIds": [ids[f"mo_{letter}"] for letter in roots],
            "IncludeTaskIds": [ids[f"mo_{letter}"] for letter in include],
            "ExcludeTaskIds": [ids[f"mo_{letter}"] for letter in exclude],
        }
        run = sdk.run(**backfill([], ("2025-10-10", "2025-10-10"), Mode=mode, **chosen))[0]
        found = sdk.task_instances(run).values()
        return "".join(sorted(names[task["TaskId"]][-1] for task in found))

    assert ran("General", "a") == "a"
    assert ran("General", "a", "b") == "ab"
    assert ran("ManualSelection", "ac") == "ac"
    assert ran("Chain", "", "ac") == "abc"
    assert ran("AllDownstream", "b") == "bcd"
    assert ran("AllDownstream", "b", exclude="c") == "bd"


def test_list_instances(sdk: Sdk) -> None:
    """Every filter, the sort fields, and pages."""
    ids = manual(sdk, "list/runs", "li_a")
    tags = [{"Key": "team", "Value": "sales"}, {"Key": "empty"}]
    day = {"BizDates": [{"StartBizDate": "2024-02-29", "EndBizDate": "2024-02-29"}]}
    runs = [
        sdk.run(**flow_run(ids[""], Name=f"List {name}", Periods=day, Tags=tags[:number]))[0]
        for number, name in enumerate(("one", "two", "three"))
    ]
    bizdate = sdk.instance(runs[0])["BizDate"]

    def names(**params: Any) -> list[str]:
        sent = {"BizDate": bizdate, "ProjectId": 424242, **params}
        paging = sdk("ListWorkflowInstances", **sent)["PagingInfo"]
        return [run["Name"].removeprefix("List ") for run in paging["WorkflowInstances"]]

    assert names() == ["three", "two", "one"]
    assert names(SortBy="Id") == names(SortBy="CreateTime Asc") == ["one", "two", "three"]
    for field in ("TriggerTime", "StartedTime", "FinishedTime"):
        assert names(SortBy=f"{field} Desc", PageSize=2, PageNumber=2) == ["one"]
    assert names(Name="list T") == ["three", "two"]
    assert names(Ids=[runs[1]], WorkflowId=ids[""], Type="ManualWorkflow") == ["two"]
    assert names(Tags=["team:sales", "x:y"]) == ["three", "two"]
    assert names(Tags=["empty:"]) == ["three"]
    unified = sdk.instance(runs[2])["UnifiedWorkflowInstanceId"]
    assert names(UnifiedWorkflowInstanceId=unified) == ["three"]
    owner = sdk.instance(runs[0])["Owner"]
    assert (len(names(Owner=owner, EnvType="Prod")), names(Owner="1")) == (3, [])
    assert names(EnvType="Dev") == names(BizDate=bizdate + 1) == names(Type="Normal") == []
    started = sdk.instance(runs[0])["StartedTime"]
    today = str((started + 8 * 3_600_000) // DAY * DAY - 8 * 3_600_000)
    wish = {"status": "Success", "executionDate": today}
    assert len(names(Filter=json.dumps(wish))) == 3
    assert names(Filter='{"status":"Failure"}') == names(Filter='{"executionDate":"1"}') == []


def test_list_refusals(sdk: Sdk) -> None:
    """What a list cannot mean is refused by name."""
    assert [
        sdk.refusal("ListWorkflowInstances"),
        sdk.refusal("ListWorkflowInstances", BizDate=1, Filter="["),
        sdk.refusal("ListWorkflowInstances", BizDate=1, SortBy="Name"),
        sdk.refusal("ListWorkflowInstances", BizDate=1, Type="Odd"),
        sdk.refusal("ListTaskInstances", Bizdate=1, Filter='{"x":1}'),
        sdk.refusal("ListTaskInstances", Bizdate=1, PageSize=501),
        sdk.refusal("GetWorkflowInstance", Id=1),
        sdk.refusal("GetTaskInstance", Id=1),
        sdk.refusal("GetTaskInstanceLog", Id=1, RunNumber=0),
        sdk.refusal("GetCreateWorkflowInstancesResult", OperationId="x"),
        sdk.refusal("GetRerunWorkflowInstancesResult", OperationId="x"),
    ] == [
        (400, "MissingBizDate"),
        (400, "InvalidFilter"),
        (400, "InvalidSortBy"),
        (400, "InvalidType"),
        (400, "InvalidFilter"),
        (400, "InvalidPageSize"),
        (404, "WorkflowInstance.NotFound"),
        (404, "TaskInstance.NotFound"),
        (400, "InvalidRunNumber"),
        (404, "Operation.NotFound"),
        (404, "Operation.NotFound"),
    ]


def test_list_task_instances(sdk: Sdk) -> None:
    """Every filter of the tasks of a business date."""
    ids = manual(sdk, "list/tasks", "lt_a", "lt_b")
    day = {"BizDates": [{"StartBizDate": "2023-01-01", "EndBizDate": "2023-01-01"}]}
    run = sdk.run(**flow_run(ids[""], Periods=day))[0]
    found = sdk.task_instances(run)
    first = found["lt_a"]
    bizdate = first["Bizdate"]

    def names(**params: Any) -> list[str]:
        paging = sdk("ListTaskInstances", Bizdate=bizdate, SortBy="Id", **params)["PagingInfo"]
        return sorted(task["TaskName"] for task in paging["TaskInstances"])

    assert names() == ["lt_a", "lt_b"]
    assert len(names(PageSize=1, PageNumber=2)) == 1
    group = first["RuntimeResource"]["ResourceGroupId"]
    same = {
        "Owner": first["Owner"],
        "ProjectEnv": "Prod",
        "RuntimeResource": group,
        "Status": "Success",
        "TaskType": "DIDE_SHELL",
        "TriggerRecurrence": "Normal",
        "TriggerType": "Manual",
        "UnifiedWorkflowInstanceId": first["UnifiedWorkflowInstanceId"],
        "WorkflowId": ids[""],
        "WorkflowInstanceId": run,
        "WorkflowInstanceType": "ManualWorkflow",
    }
    for name, value in same.items():
        assert names(**{name: value}) == ["lt_a", "lt_b"], name
    begun = first["StartedTime"]
    only = {
        "Id": first["Id"],
        "Ids": [first["Id"]],
        "TaskId": ids["lt_a"],
        "TaskIds": [ids["lt_a"]],
        "TaskName": "LT_A",
    }
    for name, value in only.items():
        assert names(**{name: value}) == ["lt_a"], name
    wish = {"startedTimeStart": str(begun), "createTimeEnd": str(begun + DAY)}
    assert names(Filter=json.dumps(wish)) == ["lt_a", "lt_b"]
    assert names(Filter=json.dumps({"finishedTimeEnd": begun - DAY})) == []
    assert names(Status="Failure") == names(ProjectEnv="Dev") == []


def test_start_and_stop() -> None:
    """An instance made without a start waits for it; a stop ends one; each id has an answer."""
    with served(run_seconds="60") as sdk:
        ids = manual(sdk, "run/held", "held_a")
        run = sdk.run(**flow_run(ids[""], AutoStartEnabled=False))[0]
        assert sdk.instance(run)["Status"] == "NotRun"
        done = sdk("StartWorkflowInstances", Ids=[run, 5], Comment="go")["SuccessInfo"]
        assert {key: info["Success"] for key, info in done.items()} == {str(run): True, "5": False}
        assert sdk.instance(run)["Status"] == "Running"
        assert sdk("StartWorkflowInstances", Ids=[run])["SuccessInfo"][str(run)]["Success"] is False
        done = sdk("StopWorkflowInstances", Ids=[run], Comment="enough")["SuccessInfo"]
        assert done[str(run)] == {"Success": True, "Message": ""}
        assert sdk.instance(run)["Status"] == "Failure"
        assert sdk("StopWorkflowInstances", Ids=[run])["SuccessInfo"][str(run)]["Success"] is False
        sdk.control.advance(600)
        assert sdk.states(run) == {"held_a": "Failure"}
        assert sdk.refusal("StopWorkflowInstances", Ids=[]) == (400, "MissingIds")


def test_rerun() -> None:
    """Failed tasks and what follows run again, under the same id and with a number of their own."""
    with served() as sdk:
        ids = manual(sdk, "run/again", "again_a", "again_b")
        sdk.control.fail_task("again_b", "boom")
        run = sdk.run(**flow_run(ids[""]))[0]
        assert sdk.states(run) == {"again_a": "Success", "again_b": "Failure"}
        wish = {"TaskInstanceStatuses": ["Failure"], "RerunDownstreamEnabled": True}
        asked = {"Type": "ManualWorkflow", "WorkflowId": ids[""], "Ids": [run]}
        operation = sdk("RerunWorkflowInstances", **asked, Filter=wish)["OperationId"]
        result = sdk("GetRerunWorkflowInstancesResult", OperationId=operation)["Result"]
        assert result["Status"] == "Success"
        assert sdk.instance(run)["Status"] == "Success"
        again = sdk.task_instances(run)
        assert [again[name]["RunNumber"] for name in ("again_a", "again_b")] == [1, 2]
        task = again["again_b"]["Id"]
        history = sdk("ListTaskInstances", Bizdate=again["again_b"]["Bizdate"], Id=task)
        numbers = [item["RunNumber"] for item in history["PagingInfo"]["TaskInstances"]]
        assert sorted(numbers) == [1, 2]
        logs = [sdk("GetTaskInstanceLog", Id=task, RunNumber=n)["TaskInstanceLog"] for n in (1, 2)]
        assert ["boom" in log for log in logs] == [True, False]
        other = {**asked, "Ids": [], "Name": "nobody", "Status": "Success"}
        operation = sdk("RerunWorkflowInstances", **other)["OperationId"]
        result = sdk("GetRerunWorkflowInstancesResult", OperationId=operation)["Result"]
        assert (result["Status"], result["FailureMessage"]) == ("Failure", "No instance matches")
        half = {**asked, "StartTriggerTime": 1}
        assert sdk.refusal("RerunWorkflowInstances", **half) == (400, "MissingEndTriggerTime")


def test_parallelism_and_order() -> None:
    """So many days of a backfill run at once, in the order that was asked for."""
    with served(run_seconds="60") as sdk:
        ids = sdk.online(line("run/turns", "turn_a"))
        wish = {"Parallelism": 2, "Order": "Desc"}
        runs = sdk.run(**backfill([ids["turn_a"]], ("2025-10-06", "2025-10-10"), **wish))
        dates = [sdk.instance(run)["BizDate"] for run in runs]
        assert dates == sorted(dates, reverse=True)
        seen = []
        for _ in range(4):
            seen.append("".join(sdk.instance(run)["Status"][0] for run in runs))
            sdk.control.advance(60)
        assert seen == ["RRNNN", "SSRRN", "SSSSR", "SSSSS"]


def test_task_parameters_reach_the_task(sdk: Sdk) -> None:
    """Parameters for one task replace those of its script."""
    ids = sdk.online(at("run/params", node("par_a")))
    sent = backfill([ids["par_a"]], ("2025-10-10", "2025-10-10"))
    run = sdk.run(**sent, TaskParameters=json.dumps({str(ids["par_a"]): "dt=1"}))[0]
    task = sdk.task_instances(run)["par_a"]["Id"]
    found = sdk("GetTaskInstance", Id=task)["TaskInstance"]
    assert found["Script"]["Parameters"] == "dt=1"


def test_creation_fails_when_tasks_went_offline() -> None:
    """What was accepted may fail later, with a message."""
    with served(job_seconds="5", stage_seconds="0") as sdk:
        spec = json.dumps(at("run/gone", node("gone_a")))
        job = sdk("ImportWorkflowDefinition", Spec=spec)["AsyncJob"]
        sdk.control.advance(5)
        sdk.publish(job["Response"])
        task = sdk.tasks(job["Response"])["gone_a"]
        params = backfill([task], ("2025-10-10", "2025-10-10"))
        operation = sdk("CreateWorkflowInstances", **params)["OperationId"]
        result = sdk("GetCreateWorkflowInstancesResult", OperationId=operation)["Result"]
        assert result == {"Status": "Creating"}
        sdk.publish(job["Response"], "Offline")
        sdk.control.advance(5)
        result = sdk("GetCreateWorkflowInstancesResult", OperationId=operation)["Result"]
        assert result["Status"] == "CreateFailure"
        assert result["FailureMessage"] == f"Non-existent TaskIDs: [{task}]"
