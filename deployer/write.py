"""One workflow on its way to the workspace, and the proof that it arrived.

(create empty) → read → import with known ids → poll the job → read back → plan again, which must be
empty. A lost answer is never answered by sending again before reads have shown that nothing arrived
(docs/service.md B-70).
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from deployer.entities import SELF
from deployer.errors import (
    Conflict,
    DeployerError,
    JobFailed,
    NotFound,
    OutcomeUnknown,
    ServiceError,
    Unreachable,
    VerificationFailed,
)
from deployer.flowspec import derived_id, references, shell, to_wire
from deployer.model import Change, Observed, Outcome
from deployer.normalise import canonical
from deployer.observe import chosen_id, find, read
from deployer.plan import change as replan
from deployer.remote import Job, Remote

POLL_SECONDS = (1.0, 2.0, 3.0, 5.0)
JOB_DEADLINE = 300.0
SENDINGS = 3
RERUN = "run `deployer apply` again, it reads first and goes on from what is there"

NOTHING = "nothing was written for it"
EMPTY = "created empty, import failed"
CARRIED_OUT = "the import was carried out"

_TO_DO = ("create", "update")
_ABOUT_IDS = re.compile(r"\bids?\b|uuid", re.IGNORECASE)

Seen = TypeVar("Seen")


class _InFlight(OutcomeUnknown):
    """The job exists and is not known to have ended: sending again would queue a second one."""


class Progress(Protocol):
    """Told what happens while an apply runs; all methods return at once."""

    def step(self, address: str, text: str) -> None:
        """A change has reached a step."""

    def ended(self, outcome: Outcome) -> None:
        """A change has ended, or will not be attempted."""


@dataclass(frozen=True, slots=True)
class Writer:
    """What writing needs besides the plan: the project, the time, and who wants to be told."""

    remote: Remote
    progress: Progress
    settle: float
    sleep: Callable[[float], Awaitable[None]]
    clock: Callable[[], float] = time.monotonic
    stop: asyncio.Event = field(default_factory=asyncio.Event)


class Write:
    """One workflow on its way; holds what is known so far, so that an outcome can tell it.

    `standing` says at any moment what was written; `unsure`, that it is not known.
    """

    def __init__(self, change: Change, writer: Writer) -> None:
        if change.after is None or change.desired is None:
            raise ValueError(f"nothing to write for {change.address}")
        self._change = change
        self._after = change.after
        self._desired = change.desired
        self._writer = writer
        self._remote = writer.remote
        self.written = False
        self.job = ""
        self.standing = NOTHING
        self.unsure = False

    async def run(self) -> None:
        """The whole protocol; returns when the workflow was read back as desired."""
        before = self._change.before
        if before is None:
            self._step("creating the empty workflow")
            ids = await self._ids({SELF: await self._create()}, fresh=True)
        else:
            ids = await self._ids(await self._unmoved(before), fresh=False)
        await self._import(ids)
        self._step("reading back")
        await self._verify(ids[SELF])

    def _step(self, text: str) -> None:
        self._writer.progress.step(self._change.address, text)

    @contextmanager
    def _sending(self, doubt: str) -> Iterator[None]:
        """While a write is under way its effect is in doubt; a refusal leaves all as it was."""
        before = self.standing
        self.standing, self.unsure = doubt, True
        try:
            yield
        except OutcomeUnknown:
            raise
        except DeployerError:
            self.standing, self.unsure = before, False
            raise
        self.unsure = False

    # --- create -----------------------------------------------------------------------------------

    async def _create(self) -> str:
        """The id of the new, empty workflow. A lost answer is resolved by listing name and path."""
        if await self._find():
            raise self._moved("exists by now", "it was made after the plan")
        lost: OutcomeUnknown | None = None
        for _ in range(SENDINGS):
            try:
                return self._created(await self._sent_shell())
            except OutcomeUnknown as error:
                lost = error
                identity = await self._seen(self._found_or_absent, lost)
            except ServiceError:
                # Refused perhaps because an attempt whose answer was lost did create it.
                identity = await self._find() if lost else ""
                if not identity:
                    raise
            if identity:
                return self._created(await self._own(identity))
        raise OutcomeUnknown(
            f"creating `{self._after.path}` got no answer {SENDINGS} times", hint=RERUN
        ) from lost

    async def _sent_shell(self) -> str:
        chosen = chosen_id(self._after, self._remote.project)
        with self._sending("whether the empty workflow was created is not known"):
            return await self._remote.create(shell(self._after, chosen))

    def _created(self, identity: str) -> str:
        self.written, self.unsure, self.standing = True, False, EMPTY
        return identity

    async def _own(self, identity: str) -> str:
        """The id of a workflow found after a lost answer, if it is the empty one that was sent."""
        live = await self._read(identity)
        if live is not None and live.workflow.spec.get("nodes"):
            self.standing, self.unsure = NOTHING, False
            raise self._moved("exists by now", "someone else made it meanwhile")
        return identity

    async def _find(self) -> str:
        return await find(self._after, self._remote)

    async def _found_or_absent(self) -> str:
        """The id; empty after two lists that agree, the settle time apart (U-27)."""
        return await self._find() or await self._after_settling(self._find)

    # --- before the import ------------------------------------------------------------------------

    def _moved(self, how: str, why: str) -> Conflict:
        return Conflict(f"`{self._after.path}` {how}", why=why, hint="run `deployer plan` again")

    async def _unmoved(self, before: Observed) -> Mapping[str, str]:
        """The ids of the live workflow, read once more and found as the plan saw it."""
        live = await self._read(before.ids[SELF])
        if live is None:
            raise self._moved("was deleted", "the plan still saw it")
        if live.fingerprint != before.fingerprint:
            raise self._moved("was changed", "it is not as the plan saw it")
        return live.ids

    async def _ids(self, known: Mapping[str, str], *, fresh: bool) -> dict[str, str]:
        """An id for every entity: the live one, else one derived from the workflow and the name.

        Import is an upsert by id (docs/service.md B-01): an id that is taken elsewhere would
        overwrite that object, so it is asked for first; in a workflow made just now none can be.
        """
        ids = {SELF: known[SELF]}
        for reference in references(self._after.spec)[1:]:
            ids[reference] = known.get(reference) or await self._new_id(ids[SELF], reference, fresh)
        return ids

    async def _new_id(self, workflow_id: str, reference: str, fresh: bool) -> str:
        for attempt in ("", "1", "2"):
            identity = derived_id(self._remote.project, workflow_id, reference, attempt)
            if fresh or await self._remote.node_document(identity) is None:
                return identity
        raise Conflict(f"no free id for node `{reference}`", hint="give the node another name")

    # --- import -----------------------------------------------------------------------------------

    async def _import(self, ids: Mapping[str, str]) -> None:
        """Imports; a service that refuses ids it did not give is asked once more without (U-03)."""
        try:
            await self._until_answered(ids)
        except JobFailed as failure:
            live = await self._read(ids[SELF]) if _ABOUT_IDS.search(failure.why) else None
            if live is None or set(ids) <= set(live.ids):
                raise
            self._step("the ids were refused, importing without them")
            await self._until_answered(live.ids)

    async def _until_answered(self, ids: Mapping[str, str]) -> None:
        lost: OutcomeUnknown | None = None
        for _ in range(SENDINGS):
            self._step("importing")
            try:
                await self._sent_import(ids)
                return
            except _InFlight:
                raise
            except OutcomeUnknown as error:
                lost = error
            if await self._arrived(ids[SELF], lost):
                self.written, self.unsure, self.standing = True, False, CARRIED_OUT
                return
        raise OutcomeUnknown(
            f"{SENDINGS} imports of `{self._after.path}` were lost", hint=RERUN
        ) from lost

    async def _sent_import(self, ids: Mapping[str, str]) -> None:
        with self._sending("whether the import was carried out is not known"):
            job = await self._remote.start_import(to_wire(self._after, ids))
        self.written, self.unsure, self.job = True, True, job.id
        self.standing = f"import job {job.id} was started, how it ended is not known"
        job = await self._ended(job)
        if job.status != "Success":
            raise await self._failure(job, ids[SELF])
        self.unsure, self.standing = False, CARRIED_OUT

    async def _ended(self, job: Job) -> Job:
        """The job at its end, judged by its Status alone (docs/service.md B-12)."""
        deadline = self._writer.clock() + JOB_DEADLINE
        polls = 0
        while not job.ended:
            if self._writer.clock() > deadline:
                raise _InFlight(
                    f"import job {job.id} did not end within {JOB_DEADLINE:.0f} seconds",
                    why=f"its status is {job.status or 'empty'}",
                    hint=RERUN,
                )
            self._step(f"import job {job.id} is {job.status}")
            await self._writer.sleep(POLL_SECONDS[min(polls, len(POLL_SECONDS) - 1)])
            polls += 1
            job = await self._polled(job)
        return job

    async def _polled(self, job: Job) -> Job:
        try:
            return await self._remote.job(job.id)
        except NotFound as gone:
            # Forgotten soon after its end (U-06): the workflow itself can tell what became of it.
            raise OutcomeUnknown(f"import job {job.id} is not known any more") from gone
        except (ServiceError, Unreachable) as blind:
            raise _InFlight(
                f"import job {job.id} cannot be followed",
                why=f"{blind.what}: {blind.why}" if blind.why else blind.what,
                request_id=blind.request_id,
                hint=RERUN,
            ) from blind

    async def _failure(self, job: Job, identity: str) -> JobFailed:
        self.standing = await self._left_behind(identity)
        return JobFailed(
            f"import job {job.id} ended as {job.status}",
            why=job.error,
            hint="correct the manifest, then run `deployer apply` again",
        )

    async def _left_behind(self, identity: str) -> str:
        """What an import without success left, read back: it may be a part (B-16, U-02)."""
        try:
            live = await self._read(identity)
        except DeployerError as blind:
            return f"what the import left behind could not be read: {blind.what}"
        self.unsure = False
        before = self._change.before
        if live is None:
            return "the workflow is gone"
        if self._is_untouched(live):
            self.written = before is None
            return EMPTY if before is None else "the workflow is as it was"
        waiting = [node.name for node in replan(self._desired, live).nodes if node.action in _TO_DO]
        start = "created" if before is None else "changed"
        rest = f", not yet as planned: {', '.join(f'`{name}`' for name in waiting)}"
        return f"{start} in part{rest if waiting else ''}"

    # --- proof ------------------------------------------------------------------------------------

    async def _arrived(self, identity: str, lost: OutcomeUnknown) -> bool:
        """Whether an import without an answer took effect; False only if two reads saw no trace."""
        self._step("no answer, reading what happened")
        first = await self._seen(lambda: self._read(identity), lost)
        if self._is_desired(first):
            return True
        second = await self._seen(lambda: self._after_settling(lambda: self._read(identity)), lost)
        if self._is_desired(second):
            return True
        if first is None or second is None or first.fingerprint != second.fingerprint:
            raise lost
        return not self._is_untouched(second)

    async def _after_settling(self, look: Callable[[], Awaitable[Seen]]) -> Seen:
        await self._writer.sleep(self._writer.settle)
        return await look()

    async def _seen(self, look: Callable[[], Awaitable[Seen]], lost: OutcomeUnknown) -> Seen:
        """What a look shows; without one, the outcome of the lost write stays unknown."""
        try:
            return await look()
        except DeployerError as blind:
            raise OutcomeUnknown(
                lost.what,
                where=lost.where,
                why=f"and reading failed too: {blind.what}",
                hint=RERUN,
                request_id=lost.request_id,
            ) from blind

    async def _read(self, identity: str) -> Observed | None:
        return await read(identity, self._remote)

    def _is_untouched(self, live: Observed) -> bool:
        """Whether a live workflow is as it was before the import: of a new one, without nodes."""
        before = self._change.before
        if before is None:
            return not live.workflow.spec.get("nodes")
        return live.fingerprint == before.fingerprint

    def _is_desired(self, live: Observed | None) -> bool:
        return live is not None and not self._differences(live)

    def _differences(self, live: Observed) -> list[str]:
        """The fields in which a live workflow is not as it should be, unmanaged nodes included."""
        return [change.path for change in replan(self._desired, live).fields] + [
            f"nodes[{name}]" for name in _moved_unmanaged(self._change, live)
        ]

    async def _verify(self, identity: str) -> None:
        """Reads until the workflow is as desired; a late answer is given the settle time (U-27)."""
        wrong: list[str] = []
        for wait in (0.0, *POLL_SECONDS, self._writer.settle):
            if wait:
                await self._writer.sleep(wait)
            live = await self._read(identity)
            wrong = ["the workflow itself"] if live is None else self._differences(live)
            if not wrong:
                return
        raise VerificationFailed(
            f"`{self._after.path}` was written, but reads back differently",
            why=f"not as sent: {', '.join(f'`{path}`' for path in wrong)}",
            hint="`deployer plan` shows both sides",
        )


def _moved_unmanaged(change: Change, live: Observed) -> list[str]:
    """Nodes that no manifest names, which the import should have left alone (U-01)."""
    if change.before is None:
        return []
    old, new = (each.comparable.get("nodes") or {} for each in (change.before, live))
    unmanaged = [node.name for node in change.nodes if node.action == "unmanaged"]
    return [name for name in unmanaged if canonical(old.get(name)) != canonical(new.get(name))]
