"""What CreateWorkflowInstances refuses, as the official SDK is told."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.running_kit import backfill
from tests.sdk_kit import Sdk, served


@pytest.fixture(scope="module")
def sdk() -> Iterator[Sdk]:
    """An emulator with nothing in it: each call is refused before tasks are looked for."""
    with served() as found:
        yield found


def missing_parameters() -> list[tuple[str, dict[str, Any], str]]:
    """Calls that lack something or have it wrong, and the name in the refusal's code."""
    run = "DefaultRunProperties"
    day = ("2025-10-10", "2025-10-10")
    full = backfill([1], day)
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("type", {**full, "Type": "Other"}, "InvalidType"),
        ("periods", {k: v for k, v in full.items() if k != "Periods"}, "MissingPeriods"),
        ("dates", {**full, "Periods": {}}, "MissingPeriods.BizDates"),
        ("eight", backfill([1], *[day] * 8), "InvalidPeriods.BizDates"),
        ("order", backfill([1], ("2025-10-10", "2025-10-09")), "InvalidPeriods.BizDates"),
        ("feb", backfill([1], ("2025-02-29", day[1])), "InvalidPeriods.BizDates.StartBizDate"),
        ("roots", backfill([], day), f"Missing{run}.RootTaskIds"),
        ("general", backfill([1, 2], day, Mode="General"), f"Invalid{run}.RootTaskIds"),
        ("all", backfill([1, 2], day, Mode="AllDownstream"), f"Invalid{run}.RootTaskIds"),
        ("chain", backfill([1], day, Mode="Chain"), f"Invalid{run}.RootTaskIds"),
        ("ends", backfill([], day, Mode="Chain"), f"Missing{run}.IncludeTaskIds"),
        (
            "one end",
            backfill([], day, Mode="Chain", IncludeTaskIds=[1]),
            f"Invalid{run}.IncludeTaskIds",
        ),
        (
            "policy",
            backfill([1], day, RunPolicy={"Type": "Daily"}),
            f"Missing{run}.RunPolicy.StartTime",
        ),
        ("tags", {**full, "Tags": [{"Value": "x"}]}, "MissingTags.Key"),
        ("parameters", {**full, "WorkflowParameters": "x"}, "InvalidWorkflowParameters"),
        ("texts", {**full, "TaskParameters": "x"}, "InvalidTaskParameters"),
        ("workflow", {**full, "WorkflowId": 2}, "InvalidWorkflowId"),
    ]
    for name in ("Mode", "Parallelism", "Analysis"):
        cases.append((name, backfill([1], day, **{name: None}), f"Missing{run}.{name}"))
    for name, value in (("Parallelism", 11), ("Priority", 0), ("Order", "Up"), ("Mode", "All")):
        cases.append((f"bad {name}", backfill([1], day, **{name: value}), f"Invalid{run}.{name}"))
    for kept, lost in (("Enabled", "Blocked"), ("Blocked", "Enabled")):
        sent = backfill([1], day, Analysis={kept: True})
        cases.append((lost, sent, f"Missing{run}.Analysis.{lost}"))
    for kept, lost in (("StartTime", "EndTime"), ("EndTime", "StartTime")):
        sent = backfill([1], day)
        sent["Periods"] = {**sent["Periods"], kept: "01:00:00"}
        cases.append((f"only {kept}", sent, f"MissingPeriods.{lost}"))
    for kind in ("Manual", "SmokeTest"):
        bare = {"Type": kind, "Name": "x", "WorkflowId": 1}
        cases.append((kind, bare, f"Missing{run}.RootTaskIds"))
    for kind in ("ManualWorkflow", "TriggerWorkflow"):
        cases.append((kind, {"Type": kind, "Name": "x", "WorkflowId": 1}, "InvalidWorkflowId"))
    return cases


CASES = missing_parameters()


@pytest.mark.parametrize(
    ("params", "code"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_parameters_are_named(sdk: Sdk, params: dict[str, Any], code: str) -> None:
    """A required parameter that is missing, or a wrong one, is a 400 that names it."""
    assert sdk.refusal("CreateWorkflowInstances", **params) == (400, code)
