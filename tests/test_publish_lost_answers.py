"""A lost answer at each request of publish: what was sent is found again, and never sent twice."""

import os
from contextlib import suppress

import httpx
import pytest

from deployer.emulator import Switches
from deployer.emulator.faults import Fault
from deployer.errors import Unreachable
from deployer.halt import Halt
from deployer.model import Published
from tests.faults import (
    Bench,
    Forward,
    answer_lost,
    broken,
    request_lost,
    story,
    truncated,
    workflow,
)
from tests.publish_kit import effects, only, planned, published, runs, saved

FLOW = workflow("flow", "load")
PROJECT_ID = 10001
WRITES = ("CreatePipelineRun", "ExecPipelineRunStage")
RERUNS = 3
SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
KINDS = ("reset", "truncated", "status", "hang") if SOAK else ("reset", "status")
REQUESTS = 16
"""More than an undisturbed publication takes: see the first test."""


async def to_the_end(one: Bench) -> list[Published]:
    """Publish again until nothing is left, as somebody does who reads exit code 7."""
    outcomes: list[Published] = []
    for _ in range(RERUNS):
        with suppress(Unreachable):  # a fault may befall the plan as well
            outcomes += await published(one, FLOW)
        if (await planned(one, FLOW)).changes[0].publication == "published":
            return outcomes
    raise AssertionError([each.error for each in outcomes])


async def check_once(one: Bench) -> None:
    """One pipeline run, which published once; no stage of it was called a second time."""
    object_id = (await planned(one, FLOW)).changes[0].object_id
    assert [status for _, status in await runs(one, object_id)] == ["Success"]
    assert len(effects(one, "publish")) == 1


def test_how_many_requests_there_are() -> None:
    """The cases below reach every request of an undisturbed publication."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        before = len(one.line.calls)
        await only(one, FLOW)
        sent = [name for name, _ in one.line.calls[before:]]
        assert len(sent) < REQUESTS
        assert [name for name in sent if name in WRITES] == [WRITES[0], WRITES[1], WRITES[1]]

    story(tell)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("nth", range(1, REQUESTS))
def test_a_lost_answer_at_each_request(nth: int, kind: str, moment: str) -> None:
    """Whichever request is struck, before or after it took effect: one run, published once."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        assert one.app is not None
        one.app.control.add_fault(Fault(kind, nth=nth, moment=moment, times=1))
        outcomes = await to_the_end(one)
        await check_once(one)
        assert {each.exit_code for each in outcomes} <= {0, 7}

    story(tell)


@pytest.mark.parametrize("fault", [answer_lost, truncated, broken])
@pytest.mark.parametrize("write", WRITES)
def test_a_lost_answer_of_a_write_is_found_at_once(write: str, fault: object) -> None:
    """No rerun is needed: the run is found by its description, the stage by its status."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        one.line.next(write, fault)  # type: ignore[arg-type]
        outcome = await only(one, FLOW)
        assert (outcome.status, outcome.error) == ("done", "")
        assert one.line.count("CreatePipelineRun") == 1
        assert one.line.count("ExecPipelineRunStage") == 2
        await check_once(one)

    story(tell)


def test_a_lost_request_for_a_run_is_not_sent_again() -> None:
    """No list shows it over the settle time: exit 7, and the rerun makes it."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        one.line.next("CreatePipelineRun", request_lost)
        outcome = await only(one, FLOW)
        assert (outcome.status, outcome.exit_code) == ("failed", 7)
        assert one.line.count("CreatePipelineRun") == 1
        assert (await only(one, FLOW)).status == "done"
        await check_once(one)

    story(tell)


@pytest.mark.parametrize("repeat", ["refused", "idempotent", "runs_again"])
def test_a_lost_request_for_a_stage_is_sent_again_after_a_look(repeat: str) -> None:
    """The stage is still `Init` after the settle time: nothing arrived (docs/service.md U-19)."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        one.line.next("ExecPipelineRunStage", request_lost)
        outcome = await only(one, FLOW)
        assert (outcome.status, outcome.error) == ("done", "")
        assert one.line.count("ExecPipelineRunStage") == 3
        await check_once(one)

    story(tell, switches=Switches(exec_repeat=repeat))


class Died(BaseException):
    """The process is gone: nothing is caught, nothing is told."""


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("which", [0, 1])
def test_a_crash_at_each_write(write: str, which: int, arrives: bool) -> None:
    """A rerun goes on with the run that was made, and makes none if none was."""

    async def die(forward: Forward) -> httpx.Response:
        if arrives:
            await forward()
        raise Died

    async def passed(forward: Forward) -> httpx.Response:
        return await forward()

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        one.line.next(write, *[passed] * which, die)
        with suppress(Died):
            await published(one, FLOW)
        await to_the_end(one)
        await check_once(one)

    story(tell)


def test_every_read_after_the_write_fails() -> None:
    """What became of the run is not known: exit 7, whatever the reads say."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        one.line.always("GetPipelineRun", request_lost)
        outcome = await only(one, FLOW)
        assert (outcome.status, outcome.exit_code, outcome.written) == ("failed", 7, True)
        assert "cannot be followed" in outcome.error

    story(tell)


def test_an_interruption_leaves_the_run_for_a_rerun() -> None:
    """Exit 130: no further stage is called, and the rerun goes on from there."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        stop = Halt()
        one.watch.on_step = lambda text: stop.set() if text == "stage PROD_CHECK" else None
        first = await only(one, FLOW, stop=stop)
        assert (first.status, first.exit_code) == ("failed", 130)
        assert (await only(one, FLOW)).run == first.run
        await check_once(one)

    story(tell)
