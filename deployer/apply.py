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
    QuotaUsed,
    RefusedBySafety,
)
from deployer.halt import Breaker
from deployer.model import Change, Outcome, Plan, Report
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
    turn = _Turn(writer)
    tasks: dict[str, asyncio.Task[Outcome]] = {}
    for change in plan.pending:
        upstreams = [tasks[address] for address in change.waits_for if address in tasks]
        tasks[change.address] = asyncio.create_task(turn.of(change, upstreams))
    outcomes = await asyncio.gather(*tasks.values())
    halted = writer.stop.why if writer.stop.is_set() else ""
    return Report(outcomes=tuple(outcomes), api_calls=writer.remote.calls, halted=halted)


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
        write = Write(change, self._writer)
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


async def _outcome(write: Write, change: Change, writer: Writer) -> Outcome:
    started = writer.clock()
    error, code = await ended(write.run(), write, "run `deployer apply` again", writer.stop)
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
