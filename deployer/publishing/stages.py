"""The stages of a pipeline run as a machine: what to do next, told from what was read. Pure.

Which stages there are is never assumed: they are read, and taken in the order of their steps
(docs/service.md B-64). The calling and the waiting are `deployer.publishing.publish`'s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from deployer.remote.pipeline_runs import ENDED, SUCCESS, PipelineRun, Stage

Kind = Literal["exec", "wait", "person", "done", "failed"]
Called = Literal["fresh", "lost", "idle"]
"""How a call for a stage stands: too fresh to tell, its answer lost and no trace of it after the
settle time, or answered and the stage is idle all the same."""

_DEPLOYING = ("Deploy", "Offline", "Delete")
_ALIVE = ("Init", "Running")


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next: set a stage going, wait, wait for a person, or the end, good or bad.

    `stage` is the one it is about, None where it is about none; `message` says why it failed.
    """

    kind: Kind
    stage: Stage | None = None
    message: str = ""


def next_step(run: PipelineRun, called: Mapping[str, Called] | None = None) -> Step:
    """The next step of a run; `called` tells, by code, which stages were called and how that went.

    A stage is called only while it is `Init` and all before it are `Success` (B-63, U-19). One that
    stays `Init` although the call for it was answered waits for a person (B-65).
    """
    if run.ended:
        return _end(run)
    stage = next((each for each in ordered(run.stages) if each.status != SUCCESS), None)
    if stage is None or run.status not in _ALIVE:
        return Step("wait", stage)
    if stage.status in ENDED:
        return Step("failed", stage, _told(run, stage))
    if stage.status != "Init":
        return Step("wait", stage)
    match (called or {}).get(stage.code):
        case "fresh":
            return Step("wait", stage)
        case "idle":
            return Step("person", stage)
        case _:
            return Step("exec", stage)


def ordered(stages: Sequence[Stage]) -> list[Stage]:
    """By step; in the order in which they were told where a step is missing or two are equal."""
    if any(stage.step <= 0 for stage in stages):
        return list(stages)
    return sorted(stages, key=lambda stage: stage.step)


def production(run: PipelineRun) -> str:
    """The code of the stage that changes production: the last that deploys, else the last of all."""
    found = ordered(run.stages)
    deploying = [stage for stage in found if stage.type in _DEPLOYING]
    return (deploying or found)[-1].code if found else ""


def _end(run: PipelineRun) -> Step:
    """Only `Success` is success, and not even that while a stage says otherwise (B-66)."""
    open_ = next((each for each in ordered(run.stages) if each.status != SUCCESS), None)
    if run.status != SUCCESS:
        return Step("failed", open_, _told(run, open_))
    if open_ is None:
        return Step("done")
    return Step(
        "failed", open_, f"it ended as Success, but its stage {open_.code} is {open_.status}"
    )


def _told(run: PipelineRun, stage: Stage | None) -> str:
    """What the service says of a failure, in its own words where it has some."""
    parts = [f"it ended as {run.status}"] if run.ended else []
    if stage is not None:
        parts.append(f"stage {stage.code} is {stage.status}")
        parts.append(stage.message)
    if run.message not in parts:
        parts.append(run.message)
    return ": ".join(part for part in parts if part)
