"""A run from wish to result: names looked up, limits held, each call made once, all of it watched."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from deployer.days import ONE, run_day, today
from deployer.errors import DeployerError, TimeOver, UsageError
from deployer.remote.scheduling import Online
from deployer.running.making import begin
from deployer.running.preparing import prepared, reach, within_limits
from deployer.running.request import (
    MANUAL,
    OF_WORKFLOW,
    SMOKE_TEST,
    Document,
    Pointer,
    RunRequest,
    checked,
    content_name,
    nonce_name,
)
from deployer.running.runner import Prepared, Runner
from deployer.running.watch import Watch
from deployer.runs import Call, RunReport

Work = Callable[[Runner], Awaitable[list[RunReport]]]
Place = Callable[[Pointer], str]


@dataclass(frozen=True, slots=True)
class Stay:
    """Whether to watch a run to its end, and whether the time of the command has one."""

    wait: bool = False
    bounded: bool = False

    @property
    def endless(self) -> bool:
        """Whether nothing but the end of the run ends the watch."""
        return self.wait and not self.bounded


# --- three ways to run ----------------------------------------------------------------------------


def backfill(
    document: Document,
    *,
    limits: Mapping[str, float],
    project: str,
    allowed: int | None,
    place: Place,
    every_node: bool,
    stay: Stay,
) -> Work:
    """A backfill, named by its content: the same wish finds the run that was made for it before.

    `every_node` takes all nodes of the workflow where its mode leaves the choice and none is named.
    Raises UsageError for what is missing or wrong, before anything is asked of the service.
    """
    open_choice = every_node and not document.get("nodes")
    open_choice = open_choice and document.get("mode") == "ManualSelection"
    checked({**document, "nodes": ["any"]} if open_choice else document, place=place)

    async def work(runner: Runner) -> list[RunReport]:
        full = dict(document)
        if open_choice:
            online = await runner.scheduling.workflow(str(full["workflow"]))
            full["nodes"] = sorted(set(online.tasks) - {*full.get("exclude", ())})
        request = checked(full, name=content_name(full, project), place=place)
        ready = await prepared(request, runner.scheduling)
        count = await reach(ready, runner.scheduling)
        within_limits(len(request.days), count, limits, allowed)
        _tell_days(request, runner, endless=stay.endless)
        return [await carry_out(ready, runner, stay, fresh=False)]

    return work


def single(document: Document, *, nonce: str, place: Place, stay: Stay) -> Work:
    """A run of a workflow or of tasks, of the type that the workflow is run by unless one is named.

    Raises UsageError for what is missing or wrong, before anything is asked of the service.
    """
    if document.get("type") == MANUAL and not document.get("nodes"):
        document = {**document, "nodes": [document.get("workflow", "")]}
    checked({"type": "ManualWorkflow", **document}, place=place)

    async def work(runner: Runner) -> list[RunReport]:
        full = {"dates": _yesterday(runner), **document}
        if "type" not in full:
            full["type"] = of_kind(await runner.scheduling.workflow(str(full["workflow"])))
        request = checked(full, name=nonce_name(full, nonce), place=place)
        ready = await prepared(request, runner.scheduling)
        _tell_days(request, runner)
        fresh = "name" not in document
        return [await carry_out(ready, runner, stay, fresh=fresh)]

    return work


def smoke_tests(nodes: Mapping[str, Sequence[str]], *, nonce: str, env: str, bounded: bool) -> Work:
    """Smoke tests by workflow, one after the other, each watched to its end."""

    async def work(runner: Runner) -> list[RunReport]:
        ready = []
        for path, named in nodes.items():
            online = await runner.scheduling.workflow(path)
            chosen = list(named) or sorted(online.tasks)
            test = {"workflow": path, "type": SMOKE_TEST, "nodes": chosen, "env": env}
            full = {**test, "dates": _yesterday(runner)}
            request = checked(full, name=nonce_name(full, nonce))
            ready.append(await prepared(request, runner.scheduling))
        return [
            await carry_out(each, runner, Stay(wait=True, bounded=bounded), fresh=True)
            for each in ready
        ]

    return work


def of_kind(online: Online) -> str:
    """The type of run that a workflow is run by; raises UsageError for a scheduled one."""
    for kind, wanted in OF_WORKFLOW.items():
        if online.kind == wanted:
            return kind
    path = online.path
    raise UsageError(
        f"`{path}` is no workflow that is run by hand",
        why=f"it is a {online.kind}",
        written="nothing was started",
        hint=f"`deployer backfill {path}` runs it for days of choice, "
        f"`deployer smoke-test {path}` tries it out",
    )


def _yesterday(runner: Runner) -> list[str]:
    return [(today(runner.now()) - ONE).isoformat()]


def _tell_days(request: RunRequest, runner: Runner, *, endless: bool = False) -> None:
    """Which day each date means, and which of them do not run yet (docs/service.md B-96, B-97).

    Raises UsageError where those would be waited for without an end.
    """
    days, tell = request.days, runner.watching.say
    ends = (days[0], days[-1])
    first, last = (f"business date {day}, run as of {run_day(day)}" for day in ends)
    tell(first if ends[0] == ends[1] else f"{len(days)} days: from {first}, to {last}")
    later = [day for day in days if run_day(day) > today(runner.now())]
    if later and not request.starts_at_once:
        tell(f"{len(later)} of {len(days)} days run in the future and wait for it (`--at-once`)")
    if later and not request.starts_at_once and endless:
        raise UsageError(
            f"`--wait` would last until {run_day(later[-1])}",
            why="days to come wait for their day",
            written="nothing was started",
            hint="give `--timeout`, or `--at-once` to start them now",
        )


# --- what they share ------------------------------------------------------------------------------


async def carry_out(ready: Prepared, runner: Runner, stay: Stay, *, fresh: bool) -> RunReport:
    """Makes the calls of a run one after the other; what ended it early is the report's `failure`.

    Each call is watched to its end, and the next one made only if that was a success:
    business dates run in their order across calls, too. `fresh`: nobody can have used its name.
    """
    calls: list[Call] = []
    watches: list[Watch] = []
    failure: DeployerError | None = None
    parts = ready.request.parts
    try:
        for part in parts:
            if runner.stop.is_set() or any(one.failed for one in watches):
                break
            call = await begin(ready, part, runner, fresh=fresh)
            calls += [call] if call else []
            if call and stay.wait:
                watches.append(Watch(call.instances, runner, bounded=stay.bounded))
                await watches[-1].to_end()
    except DeployerError as ended:
        failure = ended
    except asyncio.CancelledError:
        # Cut off while it only read: the report tells what was made.
        failure = None
    return RunReport(
        workflow=ready.request.workflow,
        type=ready.request.type,
        planned=len(parts),
        calls=tuple(calls),
        results=tuple(result for one in watches for result in one.results),
        failure=failure or _cut_short(watches, len(parts) - len(calls), runner),
    )


def _cut_short(watches: Sequence[Watch], left: int, runner: Runner) -> DeployerError | None:
    """What is left when something other than a signal ended the work, which tells that itself."""
    halt = runner.stop
    if not halt.is_set() or not halt.exit_code:
        return None
    unfinished = next((lost for one in watches if (lost := one.unfinished)), None)
    if unfinished or not left:
        return unfinished
    calls = "1 call was" if left == 1 else f"{left} calls were"
    return TimeOver(halt.why, why=f"{calls} not made", hint="run the command again: it goes on")
