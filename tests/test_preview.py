"""When a workflow runs before and after a change of its trigger, and when that acts."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from deployer.model import Change, Runs, Schedule, Window
from deployer.plan import change
from deployer.preview import previewed
from tests.cli_kit import Project, Shell
from tests.test_classes import compared
from tests.test_plan import document, node
from tests.workflow_kit import desired

CHINA = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=CHINA)
TOMORROW = "today's instances are made already: published today, it acts from tomorrow on (T+1)"


def trigger(cron: str = "00 00 02 * * ?", **fields: Any) -> dict[str, Any]:
    return {"type": "Scheduler", "cron": cron, **fields}


def seen(before: Any, after: Any, now: datetime = NOON, **fields: Any) -> Change:
    """A change of the trigger, with its preview."""
    found = compared(
        document(node("a"), trigger=before), document(node("a"), trigger=after, **fields)
    )
    return previewed(found, now)


def schedule(*arguments: Any, **fields: Any) -> Schedule:
    found = seen(*arguments, **fields).schedule
    assert found is not None
    return found


def days(hour: str, first: int = 22, count: int = 5) -> tuple[str, ...]:
    return tuple(f"2026-11-{first + number} {hour}" for number in range(count))


def test_five_runs_before_and_after() -> None:
    """In the zone of the trigger, with runs in a week, and when the change acts."""
    assert schedule(trigger(), trigger("00 30 04 * * ?")) == Schedule(
        Runs("0 0 2 * * ?", "Asia/Shanghai", days("02:00"), 7.0),
        Runs("0 30 4 * * ?", "Asia/Shanghai", days("04:30"), 7.0),
        (TOMORROW,),
    )


def test_nothing_is_told_where_the_trigger_stays() -> None:
    """Whatever else changes, and however it was written."""
    assert seen(trigger(), trigger(), strategy={"priority": 3}).schedule is None
    assert seen(trigger("00 00 02 * * ?"), trigger("0 0 2 * * ?"), description="x").schedule is None


def test_a_time_zone_changes_the_moments() -> None:
    """Each line is told in its own zone, and says so."""
    found = schedule(trigger(), trigger(timezone="Europe/Berlin"))
    assert found.after == Runs("0 0 2 * * ?", "Europe/Berlin", days("02:00"), 7.0)
    assert "the time zone changes: each line is told in its own" in found.notes


def test_start_and_end_bound_the_runs() -> None:
    """A run at the very start counts, as does one at the very end."""
    later = trigger(startTime="2026-12-01 02:00:00", endTime="2026-12-03 02:00:00")
    found = schedule(trigger(), later).after
    assert found is not None
    assert found.next == ("2026-12-01 02:00", "2026-12-02 02:00", "2026-12-03 02:00")


def test_an_end_that_has_passed_is_said() -> None:
    """There is no further run."""
    found = schedule(trigger(), trigger(endTime="2026-01-01 00:00:00"))
    assert found.after is not None
    assert found.after.next == ()
    assert "it has no further run: it never fires, or its end time has passed" in found.notes


def test_many_runs_make_many_instances() -> None:
    """What runs every few minutes is told in runs a day."""
    found = schedule(trigger(), trigger("00 */5 * * * ?"))
    assert found.notes == ("288 runs a day, each makes an instance", TOMORROW)
    assert found.after is not None
    assert found.after.per_week == 2016.0


def test_few_runs_have_dry_days() -> None:
    """Weekly and monthly ones."""
    found = schedule(trigger(), trigger("00 00 02 ? * MON"))
    assert found.after is not None
    assert (found.after.next[0], found.after.per_week) == ("2026-11-23 02:00", 1.0)
    assert "a backfill of a day on which it does not run is a dry run" in found.notes[0]


def test_what_can_be_read_in_two_ways_is_told() -> None:
    """Runs are shown as one of them reads it."""
    found = schedule(trigger(), trigger("00 00 02 ? * 1"))
    assert found.notes[0].startswith("day of week `1`: Sunday is 0 in Spring and 1 in Quartz")


def test_a_schedule_that_goes_away() -> None:
    """There are runs before and none after."""
    found = schedule(trigger(), {"type": "Manual"})
    assert (found.before is None, found.after) == (False, None)
    assert found.notes[0] == "it has no schedule any more"


def test_a_new_workflow_shows_its_runs() -> None:
    """There is nothing before."""
    found = previewed(change(desired(document(node("a"), trigger=trigger())), None), NOON)
    assert found.schedule == Schedule(
        None, Runs("0 0 2 * * ?", "Asia/Shanghai", days("02:00"), 7.0), (TOMORROW,)
    )


def test_a_trigger_of_a_node_is_a_note() -> None:
    """The workflow's own runs are shown beside it."""
    own = trigger("00 00 06 * * ?")
    found = previewed(
        compared(
            document(node("a", trigger=trigger()), trigger=trigger()),
            document(node("a", trigger=own), trigger=trigger()),
        ),
        NOON,
    ).schedule
    assert found is not None
    assert found.notes[0] == (
        "node a: `0 0 2 * * ?` Asia/Shanghai, next 2026-11-22 02:00 -> "
        "`0 0 6 * * ?` Asia/Shanghai, next 2026-11-22 06:00"
    )


@pytest.mark.parametrize(
    ("clock", "told"),
    [
        ("21:59:59", TOMORROW),
        ("22:00:00", "it is 22:00 there: published before 23:30 it acts from tomorrow on"),
        ("23:29:59", "it is 23:29 there: published before 23:30 it acts from tomorrow on"),
        ("23:30:00", "published now, it acts on the third day only"),
        ("23:59:59", "published now, it acts on the third day only"),
        ("00:00:00", TOMORROW),
    ],
)
def test_near_midnight_it_acts_later(clock: str, told: str) -> None:
    """While the instances of the next day are made, and a while before that."""
    hour, minute, second = map(int, clock.split(":"))
    now = NOON.replace(hour=hour, minute=minute, second=second)
    assert told in schedule(trigger(), trigger("00 30 04 * * ?"), now).notes[-1]


def test_the_hours_are_those_of_the_target() -> None:
    """Other ones, or none at all."""
    found = compared(
        document(node("a"), trigger=trigger()),
        document(node("a"), trigger=trigger("00 30 04 * * ?")),
    )
    late = NOON.replace(hour=23, minute=45)
    never, early = Window(0, 0, 0), Window(79_200, 82_800, 72_000)
    assert (one := previewed(found, late, never).schedule)
    assert one.notes == (TOMORROW,)
    assert (other := previewed(found, late, early).schedule)
    assert other.notes == (
        "tomorrow's instances are made already: it acts from the day after tomorrow on (T+1)",
    )


def test_immediate_instances_act_soon() -> None:
    """Whatever the hour."""
    found = schedule(trigger(), trigger("00 30 04 * * ?"), strategy={"instanceMode": "Immediately"})
    assert found.notes == (
        "instances are made at once: it acts some ten minutes after it is published",
    )


def test_a_live_cron_that_nobody_can_read() -> None:
    """Is shown as it is, without runs."""
    found = seen(trigger(), trigger("00 30 04 * * ?"))
    odd = {**found.before_value, "trigger": {**found.before_value["trigger"], "cron": "odd"}}
    told = previewed(replace(found, before_value=odd, schedule=None), NOON.astimezone(UTC))
    assert told.schedule is not None
    assert told.schedule.before == Runs("odd", "Asia/Shanghai")


def test_a_plan_shows_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the live workflow to the manifest, by the clock of the workspace."""
    project = Project(tmp_path)
    deployer = Shell(project, monkeypatch, capsys)
    assert deployer("apply", "--auto-approve").code == 0
    project.change("flows/raw.yaml", "00 00 03 * * ?", "00 30 05 ? * MON-FRI")
    shown = deployer("plan").out
    runs = [line.split()[1] for line in shown.splitlines() if line.startswith("    runs ")]
    assert runs == ["before:", "after:"]
    assert "03:00 (Asia/Shanghai; 7 a week)" in shown
    assert "05:30 (Asia/Shanghai; 5 a week)" in shown
