"""Plan → outcomes: each change written after those it waits for, a few at a time.

How one workflow is written and proven is `deployer.write`.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from deployer import safety
from deployer.attempt import ended
from deployer.errors import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_PARTIAL,
    DeployerError,
    RefusedBySafety,
)
from deployer.model import Change, Outcome, Plan, Report
from deployer.removing import Removal
from deployer.turns import Turns, status
from deployer.write import Write
from deployer.writer import Writer

_GRAVEST = (EXIT_BUG, 6, 8, 7, EXIT_INTERRUPTED, EXIT_PARTIAL, 1, 4, 3, 9, 64)
_ALONE = {1, 3, 4, 64}
"""Codes that say that all failed; with something written they become "applied in part"."""


async def apply(plan: Plan, writer: Writer) -> Report:
    """Writes every change of the plan; failures are outcomes, not exceptions.

    Raises RefusedBySafety, before anything is written, if the plan holds a change that is refused.
    """
    refuse(plan)
    outcomes = await _outcomes(plan.pending, writer)
    return _reported(Report(outcomes=outcomes), writer)


def _reported(report: Report, writer: Writer) -> Report:
    return replace(report, api_calls=writer.remote.calls, halted=writer.stop.told)


async def _outcomes(changes: Iterable[Change], writer: Writer) -> tuple[Outcome, ...]:
    turns = Turns(writer.stop, writer.remote.client.quota)
    tasks: dict[str, asyncio.Task[Outcome]] = {}
    for change in changes:
        upstreams = [tasks[address] for address in change.waits_for if address in tasks]
        work, left = partial(_outcome, change, writer), partial(_not_attempted, change, writer)
        tasks[change.address] = asyncio.create_task(turns.of(upstreams, work, left))
    return tuple(await asyncio.gather(*tasks.values()))


def parted(plan: Plan) -> tuple[Plan, tuple[Change, ...]]:
    """The plan without, and with nothing but, the deletions that can begin only after publishing.

    A workflow leaves production only once those that waited for it do so no more in production, too
    (docs/service.md B-51).
    """
    published = {each.address for each in plan.to_publish}
    late: dict[str, Change] = {}
    for each in plan.pending:
        first = set(each.waits_for)
        if each.action == "delete" and ((each.offline and first & published) or first & set(late)):
            late[each.address] = each
    rest = tuple(each for each in plan.changes if each.address not in late)
    return replace(plan, changes=rest), tuple(late.values())


async def apply_late(late: Sequence[Change], report: Report, writer: Writer) -> Report:
    """The report, and what became of deletions that had to wait for what it tells."""
    undone = {each.address for each in report.outcomes if each.status != "done"}
    undone |= {each.address for each in report.published if each.status != "done"}
    ready, left = [], []
    for each in late:
        broken = sorted(undone.intersection(each.waits_for))
        if broken:
            undone.add(each.address)
            why = f"it waits for `{broken[0]}`, which is not done"
            left.append(_not_attempted(each, writer, why, 0))
        else:
            ready.append(each)
    found = await _outcomes(ready, writer)
    return _reported(replace(report, outcomes=(*report.outcomes, *found, *left)), writer)


def refuse(plan: Plan) -> None:
    """Raises RefusedBySafety where a limit stops the plan, or a change is refused."""
    safety.refuse(plan)
    for change in plan.pending:
        if change.refused:
            raise RefusedBySafety(
                f"the plan for `{change.address}` is refused",
                where=f"{change.file}:{change.line}" if change.line else change.file,
                why=change.refused,
                written="nothing was written",
            )


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


async def _outcome(change: Change, writer: Writer) -> tuple[Outcome, DeployerError | None]:
    """What became of a change, and what went wrong with it."""
    started = writer.clock()
    write = Removal(change, writer) if change.action == "delete" else Write(change, writer)
    error, code = await ended(write.run(), write, "run `deployer apply` again", writer.stop)
    outcome = Outcome(
        address=change.address,
        action=change.action,
        status=status(code),
        written=write.written,
        deleted=tuple(write.deleted),
        moved=tuple(write.moved),
        job=write.job,
        error=error,
        exit_code=code,
        seconds=round(writer.clock() - started, 3),
    )
    writer.progress.ended(outcome)
    return outcome, write.failure


def _not_attempted(change: Change, writer: Writer, why: str, code: int) -> Outcome:
    outcome = Outcome(change.address, change.action, "not attempted", error=why, exit_code=code)
    writer.progress.ended(outcome)
    return outcome
