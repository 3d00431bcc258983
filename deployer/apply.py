"""Plan → outcomes: each change written after those it waits for, a few at a time.

How one workflow is written and proven is `deployer.write`.
"""

import asyncio

from deployer import safety
from deployer.attempt import ended
from deployer.errors import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_PARTIAL,
    RefusedBySafety,
)
from deployer.model import Change, Outcome, Plan, Report
from deployer.write import Write
from deployer.writer import Writer

CONCURRENCY = 8

_GRAVEST = (EXIT_BUG, 6, 8, 7, EXIT_INTERRUPTED, EXIT_PARTIAL, 1, 4, 3, 9)
_ALONE = {1, 3, 4}
"""Codes that say that all failed; with something written they become "applied in part"."""


async def apply(plan: Plan, writer: Writer) -> Report:
    """Writes every change of the plan; failures are outcomes, not exceptions.

    Raises RefusedBySafety, before anything is written, if the plan holds a change that is refused.
    """
    refuse(plan)
    gate = asyncio.Semaphore(CONCURRENCY)
    tasks: dict[str, asyncio.Task[Outcome]] = {}
    for change in plan.pending:
        upstreams = [tasks[address] for address in change.waits_for if address in tasks]
        tasks[change.address] = asyncio.create_task(_in_turn(change, upstreams, gate, writer))
    outcomes = await asyncio.gather(*tasks.values())
    return Report(outcomes=tuple(outcomes), api_calls=writer.remote.calls)


def refuse(plan: Plan) -> None:
    """Raises RefusedBySafety where a limit stops the plan, or a change is refused or beyond apply."""
    safety.refuse(plan)
    for change in plan.pending:
        if wish := beyond(change):
            raise RefusedBySafety(
                f"apply cannot {wish} yet",
                where=change.address,
                why=change.reason,
                written="nothing was written",
                hint="leave `--prune` out, or delete it in the console"
                if "delete" in wish
                else "rename it in the console, then plan again",
            )
        if change.refused:
            raise RefusedBySafety(
                f"the plan for `{change.address}` is refused",
                where=f"{change.file}:{change.line}" if change.line else change.file,
                why=change.refused,
                written="nothing was written",
            )


def beyond(change: Change) -> str:
    """The deletion or move in a change, which nothing here writes; empty if there is none."""
    if change.action in ("delete", "move"):
        return f"{change.action} workflows"
    found = [node for node in change.nodes if node.action in ("delete", "move")]
    return f"{found[0].action} nodes" if found else ""


def exit_code(report: Report) -> int:
    """0 if all is done; 5 if something was written and something failed; else the gravest code.

    A publication counts as written once it is done: a pipeline run that failed changed nothing else.
    One that waits for a person is no failure: it decides only where nothing else went wrong.
    """
    codes = {outcome.exit_code for outcome in report.outcomes} - {0}
    codes |= {each.exit_code for each in report.published} - {0}
    published = any(each.status == "done" and each.written for each in report.published)
    written = published or any(outcome.written for outcome in report.outcomes)
    if codes & _ALONE and written:
        codes = codes - _ALONE | {EXIT_PARTIAL}
    return next((code for code in _GRAVEST if code in codes), 0)


async def _in_turn(
    change: Change, upstreams: list[asyncio.Task[Outcome]], gate: asyncio.Semaphore, writer: Writer
) -> Outcome:
    """One change after its upstreams; not attempted if one of them failed or work was stopped."""
    why = ""
    try:
        before = await asyncio.gather(*upstreams)
        broken = [outcome.address for outcome in before if outcome.status != "done"]
        why = f"it waits for `{broken[0]}`, which is not done" if broken else ""
        async with gate:
            if not why and not writer.stop.is_set():
                outcome = await _outcome(change, writer)
                writer.progress.ended(outcome)
                return outcome
    except asyncio.CancelledError:
        pass  # A signal came while this change was still waiting: it ends as not attempted.
    outcome = Outcome(change.address, change.action, "not attempted", error=why or "interrupted")
    writer.progress.ended(outcome)
    return outcome


async def _outcome(change: Change, writer: Writer) -> Outcome:
    started = writer.clock()
    write = Write(change, writer)
    error, code = await ended(write.run(), write, "run `deployer apply` again")
    return Outcome(
        address=change.address,
        action=change.action,
        status="failed" if code else "done",
        written=write.written,
        job=write.job,
        error=error,
        exit_code=code,
        seconds=round(writer.clock() - started, 3),
    )
