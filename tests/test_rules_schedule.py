"""The rules about triggers: each on a document that breaks it, and only it."""

from pathlib import Path
from typing import Any

import pytest

from tests.node_rules_kit import Document, document, problems, rules, told, without_target

DAILY = {"type": "Scheduler", "cron": "00 30 01 * * ?"}


def scheduled(cron: Any = "00 30 01 * * ?", **more: Any) -> Document:
    """A workflow with a trigger."""
    return document(trigger={"type": "Scheduler", "cron": cron, **more})


def of_kind(kind: str, value: Document) -> Document:
    return {**value, "kind": kind}


@pytest.mark.parametrize(
    "cron", ["00 30 01 * * ?", "0 */5 8-18 ? * MON-FRI", "00 00 02 L * ?", "00 00 01 ? * FRIL"]
)
def test_a_sound_schedule_has_no_findings(tmp_path: Path, cron: str) -> None:
    """Neither on the workflow nor on a node."""
    times = {"startTime": "1970-01-01 00:00:00", "endTime": "9999-01-01 00:00:00"}
    trigger = {"type": "Scheduler", "cron": cron, "timezone": "GMT+8", **times}
    assert told(tmp_path, document({"trigger": trigger}, trigger=trigger)) == []


@pytest.mark.parametrize(
    ("cron", "message", "hint"),
    [
        (
            "0 4 * * *",
            "not a cron: five fields, expected six, beginning with the second",
            "write `00 0 4 * * *`",
        ),
        (
            "0 0 4 * * ? *",
            "not a cron: seven fields: the service knows no year",
            "write `0 0 4 * * ?`",
        ),
        ("30 0 4 * * ?", "the second is `30`, expected `00`", "write `00` first"),
        ("*/10 0 4 * * ?", "the second is `*/10`, expected `00`", "write `00` first"),
    ],
)
def test_a_cron_has_six_fields_and_no_seconds(
    tmp_path: Path, cron: str, message: str, hint: str
) -> None:
    """What is wrong, and what to write instead."""
    assert told(tmp_path, scheduled(cron)) == [("DW111", "/trigger/cron", message, hint)]


def test_a_cron_of_a_megabyte_is_refused(tmp_path: Path) -> None:
    """Its length is told, its text is not."""
    (found,) = problems(tmp_path, scheduled("0 " * 500_000))
    usual = "write second, minute, hour, day of month, month and day of week: `00 30 01 * * ?`"
    assert (found.rule, found.severity, found.message, found.hint) == (
        "DW111",
        "error",
        "not a cron: a cron of 1000000 characters, at most 500 are read",
        usual,
    )


@pytest.mark.parametrize("cron", [None, ""])
def test_a_schedule_needs_a_cron(tmp_path: Path, cron: str | None) -> None:
    """The schema asks for the key, this rule for a text in it."""
    assert [each[:3] for each in told(tmp_path, scheduled(cron))] == [
        ("DW111", "/trigger", "a trigger of type `Scheduler` needs a `cron`")
    ]


def test_a_cron_needs_a_schedule(tmp_path: Path) -> None:
    """Beside another type of trigger it would be passed over."""
    trigger = {"type": "Manual", "cron": "nonsense"}
    assert told(tmp_path, document({"trigger": trigger})) == [
        (
            "DW111",
            "/nodes/0/trigger/cron",
            "`cron` has no effect in a trigger of type `Manual`",
            "remove it, or write `type: Scheduler`",
        )
    ]


def test_a_legacy_trigger_without_type_is_read(tmp_path: Path) -> None:
    """Old documents say `recurrence` there instead; its cron counts."""
    trigger = {"recurrence": "Normal", "cron": "* * * * * *"}
    assert rules(tmp_path, document({"trigger": trigger})) == ["DW150"]


def test_every_second_is_too_often(tmp_path: Path) -> None:
    """One finding, not two: seconds are the whole of it."""
    assert told(tmp_path, scheduled("* * * * * *")) == [
        (
            "DW150",
            "/trigger/cron",
            "`* * * * * *` fires every second",
            "write `00` as the first field",
        )
    ]


def test_a_day_that_does_not_exist_is_noticed(tmp_path: Path) -> None:
    """A warning: the service would take it, and nothing would ever run."""
    (found,) = problems(tmp_path, scheduled("00 00 00 31 2 ?"))
    assert (found.rule, found.severity, found.message) == (
        "DW151",
        "warning",
        "`00 00 00 31 2 ?` never fires: there is no such day",
    )


def test_what_may_be_read_in_two_ways_is_noticed(tmp_path: Path) -> None:
    """Each doubt on its own, with a spelling that has none."""
    assert told(tmp_path, scheduled("00 00 00 15W * 2")) == [
        (
            "DW153",
            "/trigger/cron",
            "day of week `2`: Sunday is 0 in Spring and 1 in Quartz",
            "write names, `SUN` to `SAT`",
        ),
        (
            "DW153",
            "/trigger/cron",
            "day of month `15W` and day of week `2`: both must hold, or Quartz refuses it",
            "leave one of them open with `?`",
        ),
        (
            "DW153",
            "/trigger/cron",
            "the day of month `15W` is Quartz's own, Spring does not know `W`",
            "write days, `L`, or a day of week such as `MON#1`",
        ),
    ]


@pytest.mark.parametrize(
    ("kind", "where", "kind_of_trigger", "expected"),
    [
        ("CycleWorkflow", "workflow", "Manual", ["DW112"]),
        ("CycleWorkflow", "node", "Manual", []),
        ("ManualWorkflow", "workflow", "Manual", []),
        ("TriggerWorkflow", "workflow", "Custom", []),
    ],
)
def test_a_trigger_fits_the_kind(
    tmp_path: Path, kind: str, where: str, kind_of_trigger: str, expected: list[str]
) -> None:
    """Of a scheduled workflow single nodes may wait for somebody."""
    trigger = {"type": kind_of_trigger}
    value = document({"trigger": trigger}) if where == "node" else document(trigger=trigger)
    assert rules(tmp_path, of_kind(kind, value)) == expected


@pytest.mark.parametrize("where", ["workflow", "node"])
def test_a_manual_workflow_has_no_schedule(tmp_path: Path, where: str) -> None:
    """Nowhere in it."""
    value = document({"trigger": DAILY}) if where == "node" else document(trigger=DAILY)
    place = "/nodes/0/trigger/type" if where == "node" else "/trigger/type"
    why = "nothing in a manual workflow runs by a schedule"
    message = f"a trigger of type `Scheduler` in a ManualWorkflow: {why}"
    assert told(tmp_path, of_kind("ManualWorkflow", value)) == [
        (
            "DW112",
            place,
            message,
            "remove the trigger, or change `kind`",
        )
    ]


def test_a_flat_manual_workflow_has_no_schedule_either(tmp_path: Path) -> None:
    """Its nodes stand elsewhere, the rule is the same."""
    node = {"name": "a", "script": {"runtime": {"command": "VIRTUAL"}}, "trigger": DAILY}
    flat = {"version": "1.1.0", "kind": "ManualWorkflow", "spec": {"name": "w", "nodes": [node]}}
    found = problems(tmp_path, flat)
    assert [(each.rule, each.pointer) for each in found] == [
        ("DW112", "/spec/nodes/0/trigger/type")
    ]


def test_dates_are_of_the_calendar(tmp_path: Path) -> None:
    """The schema sees digits in the right places."""
    assert told(tmp_path, scheduled(startTime="2026-02-30 00:00:00")) == [
        (
            "DW113",
            "/trigger/startTime",
            "`2026-02-30 00:00:00` is no date and time of the calendar",
            "write a date of the calendar as `yyyy-MM-dd HH:mm:ss`",
        )
    ]


@pytest.mark.parametrize("end", ["2026-01-01 00:00:00", "2025-12-31T23:59:59"])
def test_a_schedule_ends_after_it_begins(tmp_path: Path, end: str) -> None:
    """At the same second is not after."""
    assert told(tmp_path, scheduled(startTime="2026-01-01 00:00:00", endTime=end)) == [
        (
            "DW113",
            "/trigger/endTime",
            f"`endTime` {end} is not after `startTime` 2026-01-01 00:00:00",
            "let it end after it begins",
        )
    ]


def test_a_time_zone_is_known(tmp_path: Path) -> None:
    """The nearest known one is offered."""
    assert told(tmp_path, scheduled(timezone="Asia/Shangai")) == [
        (
            "DW154",
            "/trigger/timezone",
            "`Asia/Shangai` is no known time zone",
            "did you mean `Asia/Shanghai`?",
        )
    ]


def test_placeholders_are_not_judged_before_they_have_values(tmp_path: Path) -> None:
    """Without a target nobody knows what they stand for."""
    texts = dict.fromkeys(("type", "cron", "startTime", "endTime", "timezone"), "${spec.x}")
    assert without_target(tmp_path, document(trigger=texts)) == []
