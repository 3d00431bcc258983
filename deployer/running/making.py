"""Makes the instances of one call, once: found again by its name where its answer was lost.

No operation here takes a client token, and the same call again is a second run (docs/service.md B-70,
B-92). So nothing is sent that may have been sent before: what its name finds is continued, and what
cannot be found stays unknown.
"""

import asyncio
from collections.abc import Sequence

from deployer.attempt import Attempt
from deployer.errors import DeployerError, OutcomeUnknown, ServiceError, Unreachable
from deployer.remote.instances import Creation, Params, Search
from deployer.running.request import BACKFILL, SMOKE_TEST, Part, RunRequest, params
from deployer.running.runner import POLL_SECONDS, Prepared, Runner
from deployer.runs import Call, Instance

MAKING_SECONDS = 300.0
"""How long the making of instances is followed before its outcome counts as unknown."""


class _Asking(Attempt):
    """One call that makes instances, noted before it is sent."""

    def __init__(self, request: RunRequest, part: Part, runner: Runner) -> None:
        super().__init__("nothing was started", request.workflow, runner.records)
        self._what = f"run {part.name}"
        self._instances = runner.instances

    async def operation(self, wish: Params) -> str:
        """The operation that makes them; raises what `Instances.create` raises."""
        with self._sending("whether the run was made is not known", self._what):
            return await self._instances.create(wish)

    def found(self) -> None:
        """They were found by their name, so nothing about them is in doubt any more."""
        self._noted(lambda: self._over(self._what, {}))


async def begin(ready: Prepared, part: Part, runner: Runner, *, fresh: bool) -> Call | None:
    """Makes the instances of one call, or finds those that were made before by its name.

    `fresh` says that nobody can have used the name before. None if it was told to stop before
    anything was sent. Raises OutcomeUnknown when a call that may
    have been carried out is not found again; the service's refusal as ServiceError.
    """
    if not fresh:
        found = await _made_before(ready.request, part, runner)
        if found:
            runner.watching.say(f"{part.name}: made before, going on from there")
            _Asking(ready.request, part, runner).found()
            return Call(part.name, found, found=True)
    if runner.stop.is_set():
        return None
    runner.watching.say(f"{part.name}: asking for {_amount(part)}")
    try:
        return Call(part.name, await _asked_for(ready, part, runner))
    except asyncio.CancelledError as stopped:
        lost = OutcomeUnknown("", where="CreateWorkflowInstances")
        raise _unknown(ready.request, part, lost, "the command was stopped meanwhile") from stopped


async def _asked_for(ready: Prepared, part: Part, runner: Runner) -> tuple[str, ...]:
    wish = params(ready.request, part, ready.workflow, ready.ids)
    asking = _Asking(ready.request, part, runner)
    try:
        operation = await asking.operation(wish)
    except OutcomeUnknown as lost:
        runner.watching.say(f"{part.name}: the answer was lost, looking for its instances")
        found = await _found_again(ready.request, part, runner, lost)
        asking.found()
        return found
    except ServiceError as refused:
        taken = await _named(ready.request, part, runner, every_day=True)
        if taken:
            return _complete(taken, ready.request, part, refused)
        raise _explained(refused, ready.request) from refused
    return await _created(ready.request, part, runner, operation)


async def _made_before(request: RunRequest, part: Part, runner: Runner) -> tuple[str, ...]:
    """The instances that have the name of a call already; two looks, the settle time apart.

    A run that was asked for a moment ago, by a command that was killed, may not be listed yet.
    """
    found = await _named(request, part, runner)
    if not found:
        await runner.pause(runner.settle)
        found = await _named(request, part, runner)
    if not found:
        return ()
    doubt = OutcomeUnknown("only a part of its instances is found")
    return await _found_again(request, part, runner, doubt)


async def _found_again(
    request: RunRequest, part: Part, runner: Runner, lost: DeployerError
) -> tuple[str, ...]:
    """The instances of a call, looked for by name until each day has one (B-95, U-24)."""
    found = await _seen(request, part, runner, lost)
    for wait in (*POLL_SECONDS, runner.settle, runner.settle):
        if len(found) >= len(part.days):
            break
        await runner.sleep(wait)
        found = await _seen(request, part, runner, lost)
    return _complete(found, request, part, lost)


async def _seen(
    request: RunRequest, part: Part, runner: Runner, lost: DeployerError
) -> list[Instance]:
    try:
        return await _named(request, part, runner, every_day=True)
    except DeployerError as blind:
        why = f"and looking for it failed too: {blind.what}"
        raise _unknown(request, part, lost, why) from blind


def _complete(
    found: Sequence[Instance], request: RunRequest, part: Part, lost: DeployerError
) -> tuple[str, ...]:
    days = len({each.biz_date for each in found})
    if days < len(part.days):
        why = f"{days} of {len(part.days)} days have an instance of that name"
        raise _unknown(request, part, lost, why)
    return tuple(each.id for each in found)


def _unknown(request: RunRequest, part: Part, lost: DeployerError, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"it is not known whether the run `{part.name}` was made",
        where=lost.where,
        why=f"{why}; it is not asked for again, which could run it twice",
        written="at most that one run",
        hint=_looking(request),
        request_id=lost.request_id,
    )


def _looking(request: RunRequest) -> str:
    """How to find out later. A single day is named: yesterday is another one after midnight."""
    day = f" --biz-date {request.days[0]}"
    if request.type == SMOKE_TEST:
        return f"`deployer instances list --name {request.name}{day}` shows whether it was"
    only = f" --date {request.days[0]}" if len(request.days) == 1 else ""
    return f"the same command with `--run-name {request.name}{only}` looks for it first and goes on"


async def _named(
    request: RunRequest, part: Part, runner: Runner, *, every_day: bool = False
) -> list[Instance]:
    """The instances of exactly that name: on the first and the last day, or on every day."""
    days = part.days if every_day else [part.days[0], part.days[-1]]
    found = []
    for day in dict.fromkeys(days):
        search = Search(day, env=request.env, name=part.name, type=request.type, sort="Id Asc")
        found += [each async for each in runner.instances.every(search) if each.name == part.name]
    return found


async def _created(
    request: RunRequest, part: Part, runner: Runner, operation: str
) -> tuple[str, ...]:
    """The instances that an operation makes; raises DeployerError with the service's words."""
    try:
        made = await _creation(runner, operation)
    except (ServiceError, Unreachable) as blind:
        # The operation cannot be asked about any more; its instances can still be found.
        return await _found_again(request, part, runner, blind)
    if made.status == "CreateFailure":
        raise DeployerError(
            f"the instances of `{part.name}` were not made",
            why=made.message,
            written="nothing was started by this call",
            hint="correct what the service names, then run the command again",
        )
    if made.status != "Created" or not made.instances:
        lost = OutcomeUnknown("", where=f"operation {operation}")
        return await _found_again(request, part, runner, lost)
    return made.instances


async def _creation(runner: Runner, operation: str) -> Creation:
    """How an operation ended, or how far it is after the time that it may take."""
    made = await runner.instances.creation(operation)
    for wait in _polls():
        if made.status in ("Created", "CreateFailure"):
            break
        await runner.sleep(wait)
        made = await runner.instances.creation(operation)
    return made


def _polls() -> Sequence[float]:
    return (*POLL_SECONDS, *([POLL_SECONDS[-1]] * int(MAKING_SECONDS / POLL_SECONDS[-1] + 1)))


def _explained(refused: ServiceError, request: RunRequest) -> DeployerError:
    """A refusal with what else could be tried: it is shown, never tried silently (U-25, U-36)."""
    refused.written = refused.written or "nothing was started by this call"
    told = f"{refused.code} {refused.why}"
    if request.type == BACKFILL and "BizDates" in told and not request.document.get("singleDates"):
        refused.hint = "the service may count days: `--single-dates` sends seven at most in a call"
    if request.type == BACKFILL and "WorkflowId" in told:
        other = request.document.get("workflowId") != "own"
        refused.hint = f"the service may want {'the own' if other else 'no own'} id: " + (
            "`--own-id` sends it" if other else "leave out `--own-id`"
        )
    return refused


def _amount(part: Part) -> str:
    days = part.days
    one = len(days) == 1
    return f"business date {days[0]}" if one else f"{len(days)} days, {days[0]} to {days[-1]}"
