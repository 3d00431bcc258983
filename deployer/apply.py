"""Plan → outcomes: each change written after those it waits for, a few at a time.

How one workflow is written and proven is `deployer.write`.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from deployer import safety
from deployer.attempt import ended
from deployer.errors import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_PARTIAL,
    QuotaUsed,
    RefusedBySafety,
    WaitsForPerson,
)
from deployer.halt import Breaker
from deployer.model import Change, Outcome, Plan, Report, Status
from deployer.removing import Removal
from deployer.write import Write
from deployer.writer import Writer

CONCURRENCY = 8
CALLS_OF_ONE = 12
"""Calls that one workflow may take, from the last look before it is written to the proof."""

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
    halted = writer.stop.why if writer.stop.is_set() else ""
    return replace(report, api_calls=writer.remote.calls, halted=halted)


async def _outcomes(changes: Iterable[Change], writer: Writer) -> tuple[Outcome, ...]:
    turn = _Turn(writer)
    tasks: dict[str, asyncio.Task[Outcome]] = {}
    for change in changes:
        upstreams = [tasks[address] for address in change.waits_for if address in tasks]
        tasks[change.address] = asyncio.create_task(turn.of(change, upstreams))
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
            left.append(Outcome(each.address, each.action, "not attempted", error=why))
            writer.progress.ended(left[-1])
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


class _Turn:
    """Lets changes begin, a few at a time, until something stops it.

    Where the calls of a day are counted there is one at a time: what is left of them is known then.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._halt = writer.stop
        self._quota = writer.remote.client.quota
        self._gate = asyncio.Semaphore(1 if self._quota else CONCURRENCY)
        self._breaker = Breaker(writer.stop)

    async def of(self, change: Change, upstreams: list[asyncio.Task[Outcome]]) -> Outcome:
        """One change after its upstreams; not attempted if one of them failed or work was stopped."""
        why = ""
        try:
            before = await asyncio.gather(*upstreams)
            broken = [outcome.address for outcome in before if outcome.status != "done"]
            why = f"it waits for `{broken[0]}`, which is not done" if broken else ""
            async with self._gate:
                if not why and self._may_begin():
                    return await self._begun(change)
        except asyncio.CancelledError:
            pass  # Cut off while this change was still waiting: it ends as not attempted.
        return self._not_attempted(change, why)

    def _may_begin(self) -> bool:
        if self._quota and not self._quota.enough(CALLS_OF_ONE):
            self._halt.because(self._quota.told, QuotaUsed.exit_code)
        return not self._halt.is_set()

    async def _begun(self, change: Change) -> Outcome:
        work = Removal if change.action == "delete" else Write
        write = work(change, self._writer)
        outcome = await _outcome(write, change, self._writer)
        self._breaker.ended(write.failure)
        self._writer.progress.ended(outcome)
        return outcome

    def _not_attempted(self, change: Change, why: str) -> Outcome:
        code = 0 if why else self._halt.exit_code
        error = why or self._halt.why
        outcome = Outcome(
            change.address, change.action, "not attempted", error=error, exit_code=code
        )
        self._writer.progress.ended(outcome)
        return outcome


async def _outcome(write: Write | Removal, change: Change, writer: Writer) -> Outcome:
    started = writer.clock()
    error, code = await ended(write.run(), write, "run `deployer apply` again", writer.stop)
    return Outcome(
        address=change.address,
        action=change.action,
        status=_status(code),
        written=write.written,
        deleted=tuple(write.deleted),
        moved=tuple(write.moved),
        job=write.job,
        error=error,
        exit_code=code,
        seconds=round(writer.clock() - started, 3),
    )


def _status(code: int) -> Status:
    if code == WaitsForPerson.exit_code:
        return "waiting"
    return "failed" if code else "done"
