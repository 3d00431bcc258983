"""What runs, or soon will, of workflows that are to be changed; and the emulator's daily instances."""

from datetime import timedelta

import pytest

from deployer.emulator import dates
from deployer.publishing.guard import Busy, busy
from tests.emulator_kit import at, node
from tests.faults import Bench, story, workflow
from tests.publish_kit import only, saved
from tests.running_kit import Local, local

FLOW = workflow("flow", "load")
PATH = "team/flow"
DAYS = 3 * 86_400
PROJECT_ID = 10001


async def scheduled(one: Bench) -> float:
    """The workflow is in production and the instances of a day to come are made; 03:00 of that day."""
    await saved(one, FLOW)
    await only(one, FLOW)
    assert one.app is not None
    day = dates.day_of(round((one.clock() + DAYS) * 1000))
    one.clock.advance(dates.midnight(day) / 1000 - one.clock())
    assert len(one.app.control.generate(PROJECT_ID, day.isoformat())) == 1
    return dates.midnight(day) / 1000 + 3 * 3600


async def found(one: Bench, now: float, minutes: int, path: str = PATH) -> list[Busy]:
    """What is busy at a moment."""
    return await busy([path], one.connection.remote, now, minutes)


@pytest.mark.parametrize(("before", "expected"), [(16, []), (15, ["load"]), (1, ["load"])])
def test_what_is_due_soon(before: int, expected: list[str]) -> None:
    """Counted to the minute."""

    async def tell(one: Bench) -> None:
        start = await scheduled(one)
        there = await found(one, start - before * 60, 15)
        assert [each.node for each in there] == expected
        assert {each.running for each in there} <= {False}

    story(tell)


def test_what_runs() -> None:
    """Whatever the minutes are, until it has ended."""

    async def tell(one: Bench) -> None:
        start = await scheduled(one)
        assert one.app is not None
        one.app.control.set({"run_seconds": "600"})
        one.clock.advance(start - one.clock() + 60)
        (there,) = await found(one, one.clock(), 0)
        assert (there.node, there.status, there.running) == ("load", "Running", True)
        one.clock.advance(600)
        assert await found(one, one.clock(), 0) == []

    story(tell)


def test_what_began_yesterday_and_lasts() -> None:
    """A run over midnight still stands in the way."""

    async def tell(one: Bench) -> None:
        start = await scheduled(one)
        assert one.app is not None
        one.app.control.set({"run_seconds": "86400"})
        one.clock.advance(start - one.clock() + 60)
        await found(one, one.clock(), 0)
        one.clock.advance(22 * 3600)
        assert [each.status for each in await found(one, one.clock(), 0)] == ["Running"]

    story(tell)


def test_what_is_not_published_has_no_instances() -> None:
    """Nor has what does not exist yet."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        assert await found(one, one.clock(), 60) == []
        assert await found(one, one.clock(), 60, "team/none") == []

    story(tell)


# --- the emulator ---------------------------------------------------------------------------------


def instances(calls: Local, day: str) -> list[str]:
    """Make the instances of a day → the times of day at which they are due."""
    made = calls.control.generate(424242, day)
    found = []
    for each in made:
        (task,) = calls.task_instances(each).values()
        seconds = dates.seconds_of_day(task["TriggerTime"])
        found.append(f"{seconds // 3600:02}:{seconds % 3600 // 60:02}")
    return found


def hourly(path: str, cron: str) -> dict[str, object]:
    """A workflow with a cron of its own."""
    return at(path, node(path.rpartition("/")[2]), trigger={"type": "Scheduler", "cron": cron})


def test_instances_of_a_day() -> None:
    """B-80: one for each firing of the schedule, of type Normal, waiting for its time (B-94, B-95)."""
    with local() as calls:
        calls.online(hourly("b80/one", "00 30 9,17 * * ?"))
        day = dates.day_of(calls.control.now()) + timedelta(days=2)
        assert instances(calls, day.isoformat()) == ["09:30", "17:30"]
        (first, _) = calls(
            "ListWorkflowInstances",
            BizDate=dates.midnight(day - timedelta(days=1)),
            SortBy="Id Asc",
        )["PagingInfo"]["WorkflowInstances"]
        assert (first["Type"], first["Status"]) == ("Normal", "WaitTime")
        calls.control.advance((day - dates.day_of(calls.control.now())).days * 86_400)
        assert calls.instance(first["Id"])["Status"] == "Success"


def test_no_instances_before_the_publication_acts() -> None:
    """B-80: what is published today acts from tomorrow on; what is offline has none."""
    with local() as calls:
        calls.online(hourly("b80/one", "00 30 9 * * ?"))
        today = dates.day_of(calls.control.now())
        assert instances(calls, today.isoformat()) == []
        assert instances(calls, (today + timedelta(days=1)).isoformat()) == ["09:30"]


def test_no_instances_on_a_day_that_is_not_scheduled() -> None:
    """A monthly workflow has none on other days."""
    with local() as calls:
        calls.online(hourly("b80/one", "00 30 9 1 * ?"))
        assert instances(calls, "2025-12-02") == []
        assert instances(calls, "2025-12-01") == ["09:30"]
        with pytest.raises(ValueError, match="yyyy-mm-dd"):
            calls.control.generate(424242, "tomorrow")
