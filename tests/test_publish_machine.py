"""The stage machine against a second one, written down from the rules, over every walk of a run.

A walk is what the service does between one read and the next. `HYPOTHESIS_PROFILE=soak` takes all stage
lists of 1 to 7 stages and all walks of up to 8 events; otherwise lists of three lengths and shorter walks.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from deployer.publishing.stages import Called, next_step, ordered, production
from deployer.remote.pipeline_runs import PipelineRun, Stage

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
LENGTHS = range(1, 8) if SOAK else (1, 3, 7)
LONGEST = 8 if SOAK else 6

MOVING = ("go", "stay", "lost", "odd")
CHANGING = (*MOVING, "vanish", "add", "blank", "swap")
ENDING = ("fail", "terminate", "cancel", "win")
FINAL = {
    "fail": "Fail",
    "terminate": "Termination",
    "cancel": "Cancel",
    "win": "Success",
}
Decision = tuple[str, str]


def reference(run: PipelineRun, called: Mapping[str, Called]) -> Decision:
    """What to do and with which stage, by docs/service.md B-62 to B-67 and U-15 to U-19."""
    told = list(run.stages)
    if all(stage.step > 0 for stage in told):
        told.sort(key=lambda stage: stage.step)
    waiting = [stage for stage in told if stage.status != "Success"]
    first = waiting[0].code if waiting else ""
    if run.status in ("Fail", "Termination", "Terminated", "Cancel", "Canceled", "Cancelled"):
        return "failed", first
    if run.status == "Success":
        # A run that says Success while a stage does not contradicts itself.
        return ("failed", first) if waiting else ("done", "")
    if not waiting or run.status not in ("Init", "Running"):
        return "wait", first
    if waiting[0].status == "Init":
        # Called once, again only if the call was lost without a trace, and else left to a person.
        table = {None: "exec", "lost": "exec", "fresh": "wait", "idle": "person"}
        return table[called.get(first)], first
    if waiting[0].status in ("Fail", "Termination", "Terminated", "Cancel", "Canceled"):
        return "failed", first
    return "wait", first


@dataclass(frozen=True)
class Walk:
    """A run as the service has it, and the calls that were made."""

    run: PipelineRun
    called: tuple[tuple[str, Called], ...] = ()

    def decided(self) -> Decision:
        """What the machine says."""
        step = next_step(self.run, dict(self.called))
        return step.kind, step.stage.code if step.stage else ""

    def after(self, event: str, decision: Decision) -> "Walk":
        """The walk one event later, the decision having been obeyed."""
        kind, code = decision
        if event in FINAL:
            return replace(self, run=_ended(self.run, event, code))
        answers: dict[str, Called] = {"stay": "idle", "lost": "lost"}
        called = dict(self.called)
        if kind == "exec" or called.get(code) == "fresh":
            called[code] = answers.get(event, "fresh")
        return Walk(_moved(self.run, event, code, kind), tuple(called.items()))


def _ended(run: PipelineRun, event: str, code: str) -> PipelineRun:
    failed = replace(run, status=FINAL[event])
    return _with(failed, code, "Fail") if event == "fail" and code else failed


def _moved(run: PipelineRun, event: str, code: str, kind: str) -> PipelineRun:
    stages = run.stages
    if event == "vanish":
        return replace(run, stages=stages[:-1])
    if event == "add":
        return replace(run, stages=(*stages, Stage(f"NEW{len(stages)}", "Check", "Init", 99)))
    if event == "blank":
        return replace(run, stages=tuple(replace(stage, step=0) for stage in stages))
    if event == "swap":
        return replace(run, stages=stages[::-1])
    now = next((stage.status for stage in stages if stage.code == code), "")
    if event == "odd":
        return _with(run, code, "Paused") if now == "Running" else replace(run, status="Frozen")
    if event == "go":
        alive = replace(run, status="Running")
        following = {"Init": "Running" if kind in ("exec", "person") else "Init"}
        return _with(alive, code, following.get(now, "Success"))
    return run


def _with(run: PipelineRun, code: str, status: str) -> PipelineRun:
    stages = tuple(
        replace(stage, status=status) if stage.code == code else stage for stage in run.stages
    )
    return replace(run, stages=stages)


def fresh(count: int) -> PipelineRun:
    """A run none of whose stages has begun."""
    types = ["Build", *["Check", "Deploy"] * 3]
    stages = tuple(Stage(f"S{n}", types[n], "Init", n + 1) for n in range(count))
    return PipelineRun("1", "Init", stages)


def walks(start: Walk, events: tuple[str, ...], longest: int) -> Iterator[Walk]:
    """Every state that a walk of at most so many events reaches, each walk on its own."""
    yield start
    if longest == 0 or start.run.ended:
        return
    decision = start.decided()
    for event in (*events, *ENDING):
        yield from walks(start.after(event, decision), events, longest - 1)


@pytest.mark.parametrize("count", LENGTHS)
def test_machine_agrees_with_the_reference(count: int) -> None:
    """At every state of every walk the two say the same, and what they say is safe."""
    seen = 0
    for walk in walks(Walk(fresh(count)), MOVING, LONGEST):
        decision = walk.decided()
        assert decision == reference(walk.run, dict(walk.called)), walk
        check_safe(walk, decision)
        seen += 1
    assert seen > 1000 if LONGEST == 8 else seen > 100


@pytest.mark.parametrize("count", LENGTHS)
def test_stages_that_vanish_appear_and_move(count: int) -> None:
    """Stages are data: they may vanish, be added, lose their numbers or be told in another order."""
    for walk in walks(Walk(fresh(count)), CHANGING, 5 if SOAK else 3):
        decision = walk.decided()
        assert decision == reference(walk.run, dict(walk.called)), walk
        check_safe(walk, decision)


def check_safe(walk: Walk, decision: Decision) -> None:
    """Nothing is skipped or repeated, and only Success is success (B-63, B-66)."""
    kind, code = decision
    statuses = {stage.code: stage.status for stage in walk.run.stages}
    if kind == "done":
        assert {walk.run.status, *statuses.values()} == {"Success"}
    if kind in ("exec", "person"):
        before = [stage.status for stage in ordered(walk.run.stages)]
        place = [stage.code for stage in ordered(walk.run.stages)].index(code)
        assert (statuses[code], set(before[:place]) <= {"Success"}) == ("Init", True)
        assert walk.run.status in ("Init", "Running")
    if walk.run.ended:
        assert kind in ("done", "failed")


def test_steps_that_are_equal_keep_the_order_told() -> None:
    """Numbers that do not tell an order leave it as it was told."""
    stages = [Stage("B", "Check", "Init", 2), Stage("A", "Check", "Init", 2)]
    assert [stage.code for stage in ordered(stages)] == ["B", "A"]
    missing = [Stage("B", "Check", "Init", 2), Stage("A", "Check", "Init", 0)]
    assert [stage.code for stage in ordered(missing)] == ["B", "A"]


def test_no_stages_are_waited_for() -> None:
    """A run may be read before its stages are there."""
    assert next_step(PipelineRun("1", "Running")).kind == "wait"


def test_contradiction_is_named() -> None:
    """A run that says Success while a stage does not is no success, and says so."""
    run = PipelineRun("1", "Success", (Stage("PROD", "Deploy", "Running", 1),))
    step = next_step(run)
    assert (step.kind, step.message) == (
        "failed",
        "it ended as Success, but its stage PROD is Running",
    )


def test_words_of_the_service_are_kept() -> None:
    """A stage that failed says why in the service's own words."""
    run = PipelineRun("1", "Fail", (Stage("PROD", "Deploy", "Fail", 1, message="taken"),), "taken")
    assert next_step(run).message == "it ended as Fail: stage PROD is Fail: taken"


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["Build", "Check", "Deploy"], "S2"),
        (["Deploy", "Check", "Deploy", "Check"], "S2"),
        (["Check", "Offline"], "S1"),
        (["Check", "Check"], "S1"),
        ([], ""),
    ],
)
def test_production_is_the_last_stage_that_deploys(types: list[str], expected: str) -> None:
    """Which stage that is, is read from the list: there is no fixed name for it."""
    stages = tuple(Stage(f"S{n}", kind, "Init", n + 1) for n, kind in enumerate(types))
    assert production(PipelineRun("1", "Running", stages)) == expected
