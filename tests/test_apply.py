"""From plan to outcomes: order, what is not attempted, interruption, and the exit code."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer import apply, turns
from deployer.errors import RefusedBySafety
from deployer.model import Outcome, Report
from deployer.write import Write
from tests.faults import Bench, Forward, Line, refused, request_lost, story, workflow
from tests.strategies import IDENTIFIER

IMPORT = "ImportWorkflowDefinition"
RAW = workflow("raw", "land")
CLEAN = workflow("clean", "tidy", waits_for=f"{IDENTIFIER}.land")
MART = workflow("mart", "sum", waits_for=f"{IDENTIFIER}.tidy")
ASIDE = workflow("aside", "note")


def imported(line: Line) -> list[str]:
    """The names of the workflows whose imports were sent, in their order."""
    sent = [params["Spec"] for name, params in line.calls if name == IMPORT]
    return [json.loads(spec)["spec"]["name"] for spec in sent]


def test_upstreams_come_first() -> None:
    """A workflow is written when those it waits for are done, whatever the order of the files."""

    async def tell(bench: Bench) -> None:
        report = await bench.run(MART, CLEAN, RAW)
        assert [(each.address, each.status) for each in report.outcomes] == [
            ("team/raw", "done"),
            ("team/clean", "done"),
            ("team/mart", "done"),
        ]
        assert imported(bench.line) == ["raw", "clean", "mart"]

    story(tell)


def test_dependents_of_a_failure_are_not_attempted() -> None:
    """What waits for a failed one, however far, is left alone and says why; the rest goes on."""

    async def tell(bench: Bench) -> None:
        bench.line.next(IMPORT, refused(400, "InvalidSpec"), about="team/raw")
        plan = await bench.plan(MART, CLEAN, RAW, ASIDE)
        first = [change for change in plan.changes if change.address != "team/aside"]
        aside = [change for change in plan.changes if change.address == "team/aside"]
        report = await bench.apply(replace(plan, changes=(*first, *aside)))
        assert [(each.address, each.status) for each in report.outcomes] == [
            ("team/raw", "failed"),
            ("team/clean", "not attempted"),
            ("team/mart", "not attempted"),
            ("team/aside", "done"),
        ]
        assert report.outcomes[1].error == "it waits for `team/raw`, which is not done"
        assert report.outcomes[2].error == "it waits for `team/clean`, which is not done"
        assert apply.exit_code(report) == 5

    story(tell)


def test_unchanged_upstream_is_no_obstacle() -> None:
    """Only changes of this plan are waited for."""

    async def tell(bench: Bench) -> None:
        await bench.run(RAW)
        report = await bench.run(RAW, CLEAN)
        assert [(each.address, each.status) for each in report.outcomes] == [("team/clean", "done")]

    story(tell)


def test_only_a_few_at_a_time() -> None:
    """However many changes there are, eight are written at once."""

    async def tell(bench: Bench) -> None:
        under_way, most = 0, 0

        async def counted(forward: Forward) -> httpx.Response:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            for _ in range(5):
                await asyncio.sleep(0)
            under_way -= 1
            return await forward()

        bench.line.always(IMPORT, counted)
        many = [workflow(f"w{number}", f"n{number}") for number in range(20)]
        report = await bench.run(*many)
        assert {each.status for each in report.outcomes} == {"done"}
        assert 1 < most <= turns.CONCURRENCY

    story(tell)


def test_refused_change_stops_everything() -> None:
    """One change that must not be made, and nothing at all is written."""

    async def tell(bench: Bench) -> None:
        plan = await bench.plan(RAW, ASIDE)
        first, other = plan.changes
        bad = replace(first, refused="the kind cannot change", file="raw.yaml", line=3)
        with pytest.raises(RefusedBySafety) as caught:
            await bench.apply(replace(plan, changes=(other, bad)))
        assert (caught.value.where, caught.value.why) == ("raw.yaml:3", "the kind cannot change")
        assert caught.value.written == "nothing was written"
        assert (bench.creates, bench.imports) == (0, 0)

    story(tell)


def test_stopping_finishes_what_is_under_way() -> None:
    """What was begun when the signal came is finished, the others are not attempted."""

    async def tell(bench: Bench) -> None:
        plan = await bench.plan(RAW, CLEAN, MART)
        writer = bench.connection.writer(bench.watch)

        def stop(text: str) -> None:
            if text == "importing":
                writer.stop.set()

        bench.watch.on_step = stop
        report = await apply.apply(plan, writer)
        assert [(each.address, each.status) for each in report.outcomes] == [
            ("team/raw", "done"),
            ("team/clean", "not attempted"),
            ("team/mart", "not attempted"),
        ]
        assert report.outcomes[1].error == "interrupted"

    story(tell)


def test_bug_in_one_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of ours is an outcome with code 70, and what became of the others is told."""

    async def tell(bench: Bench) -> None:
        plan = await bench.plan(RAW, ASIDE)
        sound = Write.run

        async def run(self: Write) -> None:
            if self._change.address == "team/raw":
                raise KeyError("oops")
            await sound(self)

        monkeypatch.setattr(Write, "run", run)
        report = await bench.apply(plan)
        said = {each.address: (each.status, each.exit_code) for each in report.outcomes}
        assert said == {"team/aside": ("done", 0), "team/raw": ("failed", 70)}
        (bug,) = [each for each in report.outcomes if each.exit_code]
        assert bug.error.startswith("a bug in deployer: KeyError: 'oops' (run, line ")
        assert apply.exit_code(report) == 70

    story(tell)


def test_calls_are_counted() -> None:
    """The report tells what the apply cost."""

    async def tell(bench: Bench) -> None:
        report = await bench.run(RAW)
        assert report.api_calls == len(bench.line.calls)

    story(tell)


def test_lost_write_is_told_with_its_code() -> None:
    """An outcome that is unknown is worth more than "applied in part"."""

    async def tell(bench: Bench) -> None:
        await bench.run(ASIDE)
        bench.line.always(IMPORT, request_lost)
        report = await bench.run(ASIDE, RAW)
        assert apply.exit_code(report) == 7

    story(tell)


# --- exit codes -----------------------------------------------------------------------------------


def outcome(code: int, written: bool = False) -> Outcome:
    """An outcome with that exit code."""
    return Outcome("a", "update", "failed" if code else "done", written, exit_code=code)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], 0),
        ([(0, True), (0, True)], 0),
        ([(1, False)], 1),
        ([(4, False)], 4),
        ([(3, False), (4, False)], 4),
        ([(1, False), (4, False)], 1),
        ([(1, True)], 5),
        ([(4, False), (0, True)], 5),
        ([(1, False), (0, True)], 5),
        ([(6, False), (0, True)], 6),
        ([(7, True), (0, True)], 7),
        ([(8, False), (1, True)], 8),
        ([(6, False), (7, True), (8, False)], 6),
        ([(7, True), (8, False)], 8),
        ([(70, False), (6, False)], 70),
        ([(130, True), (1, True)], 130),
    ],
)
def test_exit_code_of_several(outcomes: list[tuple[int, bool]], code: int) -> None:
    """Written and failed is 5, unless credentials, quota, an unknown outcome or a bug weigh more."""
    assert apply.exit_code(Report(tuple(outcome(*each) for each in outcomes))) == code


outcomes = st.tuples(st.sampled_from([0, 1, 3, 4, 6, 7, 8, 70]), st.booleans())


@given(st.lists(outcomes, max_size=6))
def test_exit_code_does_not_depend_on_order(found: list[tuple[int, bool]]) -> None:
    """The same outcomes in another order end with the same code, 0 only if all are done."""
    code = apply.exit_code(Report(tuple(outcome(*each) for each in found)))
    assert apply.exit_code(Report(tuple(outcome(*each) for each in found[::-1]))) == code
    assert (code == 0) == all(each == 0 for each, _ in found)
    grave = {each for each, _ in found} & {6, 7, 8, 70}
    assert (code in grave) == bool(grave)
