"""What a run needs, told before anything is sent; how dates become calls; how values reach the wire."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer import schema
from deployer.days import between, midnight, run_day, today
from deployer.errors import UsageError
from deployer.running.request import checked, content_name, params, split
from tests.emulator_kit import CONTRACT

RUN = "DefaultRunProperties"
SHAPES = CONTRACT["CreateWorkflowInstances"]["params"]
BACKFILL: dict[str, Any] = {
    "workflow": "team/flow",
    "type": "SupplementData",
    "mode": "ManualSelection",
    "parallelism": 1,
    "analysis": {"enabled": False, "blocked": False},
    "dates": ["2025-10-01"],
    "nodes": ["land"],
}
CHAIN = {**{k: v for k, v in BACKFILL.items() if k != "nodes"}, "mode": "Chain"}
WHOLE: dict[str, dict[str, Any]] = {
    **{
        mode: {**BACKFILL, "mode": mode} for mode in ("General", "ManualSelection", "AllDownstream")
    },
    "Chain": {**CHAIN, "include": ["land", "load"]},
    **{kind: {"workflow": "w", "type": kind, "nodes": ["n"]} for kind in ("Manual", "SmokeTest")},
    **{kind: {"workflow": "w", "type": kind} for kind in ("ManualWorkflow", "TriggerWorkflow")},
}
"""A complete wish for each type of run, and each mode of a backfill."""

NEEDED = {
    "mode": f"{RUN}.Mode",
    "parallelism": f"{RUN}.Parallelism",
    "analysis": f"{RUN}.Analysis.Enabled",
    "dates": "Periods.BizDates",
    "nodes": f"{RUN}.RootTaskIds",
    "include": f"{RUN}.IncludeTaskIds",
}


def refusal(document: dict[str, Any]) -> str:
    """What is said of a wish that is refused."""
    with pytest.raises(UsageError) as wrong:
        checked(document)
    assert (wrong.value.exit_code, wrong.value.written) == (64, "nothing was sent")
    return wrong.value.what


def incomplete() -> Iterator[tuple[str, str]]:
    """Each type and mode with each thing that it needs."""
    for name, document in WHOLE.items():
        for key in NEEDED:
            if key in document:
                yield name, key


@pytest.mark.parametrize("name", WHOLE)
def test_a_complete_wish_is_taken(name: str) -> None:
    """Every type and every mode has a wish that nothing is said against."""
    assert checked(WHOLE[name], name="x").name == "x"


@pytest.mark.parametrize(("name", "key"), list(incomplete()))
def test_what_is_missing_is_named_as_documented(name: str, key: str) -> None:
    """Each type and mode with each of its required parameters left out is refused with its name."""
    left = {k: v for k, v in WHOLE[name].items() if k != key}
    assert refusal(left) == f"`{NEEDED[key]}` is missing"


@pytest.mark.parametrize("key", ["enabled", "blocked"])
def test_both_halves_of_the_analysis_are_needed(key: str) -> None:
    """`Analysis` is required with both its fields."""
    analysis = {k: v for k, v in BACKFILL["analysis"].items() if k != key}
    told = refusal({**BACKFILL, "analysis": analysis})
    assert told == f"`{RUN}.Analysis.{key.capitalize()}` is missing"


WRONG = [
    ({"mode": "All"}, f"{RUN}.Mode"),
    ({"parallelism": 0}, f"{RUN}.Parallelism"),
    ({"parallelism": 11}, f"{RUN}.Parallelism"),
    ({"priority": 12}, f"{RUN}.Priority"),
    ({"order": "Up"}, f"{RUN}.Order"),
    ({"mode": "General", "nodes": ["a", "b"]}, f"{RUN}.RootTaskIds"),
    ({"mode": "AllDownstream", "nodes": ["a", "b"]}, f"{RUN}.RootTaskIds"),
    ({"mode": "Chain", "include": ["a", "b"]}, f"{RUN}.RootTaskIds"),
    ({"mode": "Chain", "nodes": [], "include": ["a"]}, f"{RUN}.IncludeTaskIds"),
    ({"startTime": "01:00:00"}, "Periods.EndTime"),
    ({"endTime": "01:00:00"}, "Periods.StartTime"),
    ({"startTime": "02:00:00", "endTime": "01:00:00"}, "Periods.EndTime"),
    ({"startTime": "25:00:00", "endTime": "26:00:00"}, "Periods."),
    ({"runPolicy": {"type": "Daily"}}, f"{RUN}.RunPolicy.StartTime"),
    ({"runPolicy": {"type": "Never"}}, f"{RUN}.RunPolicy.Type"),
    ({"alert": {"type": "Always"}}, f"{RUN}.Alert.Type"),
    ({"alert": {"noticeType": "Pigeon"}}, f"{RUN}.Alert.NoticeType"),
    ({"tagPolicy": "Drop"}, "TagCreationPolicy"),
    ({"env": "Test"}, "EnvType"),
    ({"parameters": {"a": 1}}, "WorkflowParameters"),
    ({"dates": [{"from": "2025-10-02", "to": "2025-10-01"}]}, "Periods.BizDates"),
    ({"dates": ["2025-02-29"]}, "Periods.BizDates.StartBizDate"),
    ({"dates": [{"from": "2025-02-01", "to": "2025-02-30"}]}, "Periods.BizDates.EndBizDate"),
    ({"dates": ["01.02.2025"]}, "dates"),
    ({"dates": [{"from": "", "to": ""}]}, "Periods.BizDates.StartBizDate"),
    ({"dates": [{"from": "2025-02-01", "to": "2025-02-02\n"}]}, "Periods.BizDates.EndBizDate"),
    ({"dates": ["1899-12-31"]}, "from 1900 to 2999"),
    ({"dates": [{"from": "2025-10-01", "to": "9000-01-01"}]}, "Periods.BizDates.EndBizDate"),
    ({"startTime": "01:00:00\n", "endTime": "02:00:00"}, "Periods.StartTime"),
    ({"name": "a\x1b[31mb"}, "Name"),
    ({"name": "mine "}, "Name"),
    ({"name": "mine\n"}, "Name"),
    ({"workflowId": "own", "parameters": {"day": "1\nday=2"}}, "WorkflowParameters"),
    ({"workflowId": "own", "parameters": {"a=b": "c"}}, "WorkflowParameters"),
    ({"workflowId": "own", "parameters": {"": "c"}}, "WorkflowParameters"),
]


@pytest.mark.parametrize(("change", "parameter"), WRONG)
def test_what_is_wrong_is_named_as_documented(change: dict[str, Any], parameter: str) -> None:
    """A value out of its range, and values that do not go together, are refused with the name."""
    assert parameter in refusal({**BACKFILL, **change})


def test_all_that_is_missing_is_told_at_once() -> None:
    """The first one is the error, the others stand beside it."""
    with pytest.raises(UsageError) as wrong:
        checked({"workflow": "w", "type": "SupplementData"})
    assert wrong.value.why.count("is missing") == 5


# --- dates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["2024-02-29", "2000-02-29", "2025-12-31", "1900-01-01"])
def test_days_that_exist_are_taken(day: str) -> None:
    """Leap days of leap years, and days at the edges of years."""
    assert checked({**BACKFILL, "dates": [day]}).days == (date.fromisoformat(day),)


def test_a_day_named_twice_runs_once() -> None:
    """Days that overlap are one wish."""
    dates = ["2025-10-02", {"from": "2025-10-01", "to": "2025-10-03"}, "2025-10-03"]
    request = checked({**BACKFILL, "dates": dates}, name="x")
    assert [part.ranges for part in request.parts] == [((date(2025, 10, 1), date(2025, 10, 3)),)]


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (7, 1), (8, 2), (14, 2), (15, 3)])
def test_more_ranges_than_one_call_takes(count: int, calls: int) -> None:
    """Seven ranges a call; each call has its name, and the first days come first."""
    dates = [str(date(2025, 1, 1) + timedelta(days=2 * n)) for n in range(count)]
    parts = checked({**BACKFILL, "dates": dates}, name="x").parts
    assert len({part.name for part in parts}) == calls
    assert [str(day) for part in parts for day in part.days] == dates


def test_calls_follow_the_order_of_the_days() -> None:
    """In descending order the call with the latest days is made first."""
    dates = [f"2025-01-{day:02}" for day in range(1, 20, 2)]
    parts = checked({**BACKFILL, "dates": dates, "order": "Desc"}, name="x").parts
    assert [part.days[0].day for part in parts] == [15, 1]


@given(
    days=st.sets(st.dates(date(2024, 1, 1), date(2024, 12, 31)), min_size=1, max_size=60),
    single=st.booleans(),
)
def test_every_day_is_in_one_call_and_no_call_is_too_large(days: set[date], single: bool) -> None:
    """Both readings of the limit hold when asked: seven ranges, or seven days (U-36)."""
    groups = split(days, single=single)
    ranges = [each for group in groups for each in group]
    assert [day for first, last in ranges for day in between(first, last)] == sorted(days)
    assert max(len(group) for group in groups) <= 7
    if single:
        assert max(len(between(*each)) for group in groups for each in group) == 1


@pytest.mark.parametrize(
    ("moment", "day"),
    [("2025-10-10T15:59:59+00:00", "2025-10-10"), ("2025-10-10T16:00:00+00:00", "2025-10-11")],
)
def test_a_day_is_one_of_china(moment: str, day: str) -> None:
    """Wherever this machine is, the day changes at midnight in China (B-95)."""
    assert str(today(datetime.fromisoformat(moment).timestamp())) == day


def test_a_business_date_is_midnight_in_china_and_runs_the_day_after() -> None:
    """The example of the reference, and the rule of B-96."""
    assert midnight(date(2025, 3, 31)) == 1_743_350_400_000
    assert run_day(date(2024, 2, 28)) == date(2024, 2, 29)


# --- names ----------------------------------------------------------------------------------------


def test_the_order_of_nodes_makes_no_other_name() -> None:
    """Nodes are named in any order; only of a chain the first and the last are not the same."""
    nodes = [{**BACKFILL, "nodes": each} for each in (["land", "load"], ["load", "land"])]
    ends = [{**CHAIN, "include": each} for each in (["land", "load"], ["load", "land"])]
    assert len({content_name(each, "1") for each in nodes}) == 1
    assert len({content_name(each, "1") for each in ends}) == 2


def test_the_same_wish_has_the_same_name() -> None:
    """However the dates are written; another day, node or project is another wish."""
    one = {**BACKFILL, "dates": [{"from": "2025-10-01", "to": "2025-10-02"}]}
    same = {**BACKFILL, "dates": ["2025-10-02", "2025-10-01"]}
    others = [{**one, "nodes": ["load"]}, {**one, "dates": ["2025-10-01"]}, {**one, "comment": "x"}]
    names = {content_name(each, "1") for each in (one, same)}
    assert len(names) == 1
    assert len(names | {content_name(each, "1") for each in others} | {content_name(one, "2")}) == 5


# --- the wire -------------------------------------------------------------------------------------

EVERYTHING: dict[str, Any] = {
    **BACKFILL,
    "workflowId": "own",
    "name": "mine",
    "env": "Dev",
    "comment": "late data",
    "autoStart": False,
    "startTime": "01:00:00",
    "endTime": "02:00:00",
    "include": ["load"],
    "exclude": ["tidy"],
    "includeProjects": [10002],
    "excludeProjects": [10003],
    "order": "Desc",
    "priority": 3,
    "priorityWeightStrategy": "Upstream",
    "resourceGroup": "group",
    "dataSources": {"a": "b"},
    "parameters": {"day": "x", "n": 1, "deep": True},
    "taskParameters": {"land": "k=v"},
    "tags": {"team": "sales"},
    "tagPolicy": "Append",
    "runPolicy": {
        "type": "Daily",
        "startTime": "01:00:00",
        "endTime": "05:00:00",
        "immediately": True,
    },
    "alert": {"type": "Failure", "noticeType": "Mail"},
}


def leaves(shape: Any, prefix: str = "") -> Iterator[str]:
    """The names of all parameters of the contract, down to their fields."""
    for name, inner in shape.items():
        if isinstance(inner, dict) and "*" not in inner:
            yield from leaves(inner, f"{prefix}{name}.")
        elif isinstance(inner, list) and isinstance(inner[0], dict):
            yield from leaves(inner[0], f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_parameter_of_the_operation_can_be_given() -> None:
    """A run file that says everything sends each parameter that the contract has, as it has it."""
    request = checked(EVERYTHING)
    ids = {"land": "11", "load": "12", "tidy": "13"}
    sent = params(request, request.parts[0], "77", ids)
    whole: dict[str, Any] = {
        name: json.loads(str(value)) if SHAPES[name]["serialisation"] == "json" else value
        for name, value in sent.items()
    }
    shapes = {name: shape.get("shape", "") for name, shape in SHAPES.items()}
    flat: dict[str, Any] = {
        k: v[0] if isinstance(v, list) and isinstance(v[0], dict) else v for k, v in whole.items()
    }
    flat["Periods"] = {**flat["Periods"], "BizDates": flat["Periods"]["BizDates"][0]}
    flat[RUN] = {**flat[RUN], "DataSourceNameMappings": ""}
    assert set(leaves(shapes)) - set(leaves(flat)) == {"ProjectId"}
    assert whole[RUN]["RootTaskIds"] == [11]
    assert whole["WorkflowParameters"] == "day=x\nn=1\ndeep=true"
    assert json.loads(str(whole["TaskParameters"])) == {"11": "k=v"}
    assert (whole["Name"], whole["WorkflowId"]) == ("mine", "77")


def test_parameters_of_a_manual_workflow_are_json() -> None:
    """And lines of `key=value` for any other."""
    request = checked(
        {
            "workflow": "w",
            "type": "ManualWorkflow",
            "dates": ["2025-10-01"],
            "parameters": {"day": "x", "n": 1},
        },
        name="x",
    )
    assert params(request, request.parts[0], "7", {})["WorkflowParameters"] == '{"day":"x","n":1}'


def test_json_holds_parameters_of_several_lines() -> None:
    """What lines cannot say is no mistake in a manual workflow."""
    given = {"a=b": "1\n2"}
    request = checked({"workflow": "w", "type": "ManualWorkflow", "parameters": given}, name="x")
    assert request.document["parameters"] == given


def test_every_value_of_the_schema_is_a_parameter_of_the_operation() -> None:
    """`x-parameter` names nothing that the contract does not have."""
    text = json.dumps(schema.load("run"))
    named = {part.partition('"')[0] for part in text.split('"x-parameter": "')[1:]}
    shapes = {name: shape.get("shape", "") for name, shape in SHAPES.items()}
    known = {*leaves(shapes), *shapes, "Periods.BizDates"}
    assert named - known == set()
