"""One workflow on its way to the workspace, and the proof that it arrived.

(create empty) → read → import with known ids → poll the job → read back → plan again, which must be
empty. A lost answer is never answered by sending again before reads have shown that nothing arrived
(docs/service.md B-70).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

from deployer import schema
from deployer.entities import SELF
from deployer.errors import (
    DeployerError,
    JobFailed,
    NotFound,
    OutcomeUnknown,
    ServiceError,
    Unreachable,
    VerificationFailed,
)
from deployer.flowspec import shell, to_wire
from deployer.meanwhile import Seen, replaced, written_over
from deployer.model import Observed
from deployer.moves import seen_renamed
from deployer.normalise import canonical, other_spelling
from deployer.observe import chosen_id, every_id
from deployer.plan import change as replan
from deployer.pruning import Pruning
from deployer.remote.workspace import LISTED_TYPES, Job
from deployer.standing import NOTHING, POLL_SECONDS, RERUN, SENDINGS

JOB_DEADLINE = 300.0

EMPTY = "created empty, import failed"
CARRIED_OUT = "the import was carried out"

_TO_DO = ("create", "update")
_BUSY = re.compile(r"busy|another operation|正在", re.IGNORECASE)
ABOUT_IDS = re.compile(r"\bids?\b|uuid", re.IGNORECASE)
"""A refusal that is about ids, in the words of any service (docs/service.md U-03)."""


class _InFlight(OutcomeUnknown):
    """The job exists and is not known to have ended: sending again would queue a second one."""


class _Forgotten(OutcomeUnknown):
    """The service does not know the job any more, and the workflow shows no trace of it."""


class Write(Pruning):
    """One workflow on its way."""

    _looked: Observed | None = None
    """What the last look showed, where there was anything that the import could replace."""

    _imports = 0
    """Imports that may have left a version: not those that were seen to have left nothing."""

    async def run(self) -> None:
        """The whole protocol; returns when the workflow was read back as desired."""
        before = self._change.before
        if before is None:
            self._step("creating the empty workflow")
            identity = await self._create()
            await self._import(await self._ids({SELF: identity}, fresh=True))
        else:
            identity = before.ids[SELF]
            await self._update(before)
        self._step("reading back")
        arrived = await self._verify(identity)
        live = await self._pruned(arrived)
        self._is_left(live)
        if before is None:
            await self._check_alone()
        if self._in_doubt:
            self._settled()
        if before is not None:
            await self._check_meanwhile(before, (arrived, live))

    async def _pruned(self, live: Observed) -> Observed:
        """Deletes what was to stay until now; every deletion is proven before the next one.

        The workflow as it is at the end.
        """
        for name in self._late:
            unmoved = partial(self._unmoved, live)
            await self._delete_node(live.ids[SELF], live.ids[name], name, unmoved)
            self._gone.add(name)
            left = tuple(node for node in self._change.nodes if node.name != name)
            self._change = replace(self._change, nodes=left)
            live = await self._verify(live.ids[SELF])
        return live

    async def _update(self, before: Observed) -> None:
        """What goes before the import, then the import if there is anything left to import."""
        if self._has_steps(before):
            before = await self._prepared(before)
            if not self._adopted(before):
                return
        await self._import(await self._ready(before))

    # --- create -----------------------------------------------------------------------------------

    async def _create(self) -> str:
        """The id of the new, empty workflow. A lost answer is resolved by listing name and path."""
        if await self._find():
            raise self._moved("exists by now", "it was made after the plan")
        self._back_up(None)
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
        """The answer to a create; a service that refuses a chosen id is asked without one (U-03)."""
        chosen = chosen_id(self._after, self._remote.project)
        with self._sending("whether the empty workflow was created is not known", "creation"):
            try:
                return await self._remote.create(shell(self._after, chosen))
            except ServiceError as refused:
                if not chosen or not ABOUT_IDS.search(refused.why):
                    raise
            return await self._remote.create(shell(self._after, ""))

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

    async def _found_or_absent(self) -> str:
        """The id; empty only if no list showed it for the settle time (U-27)."""
        return await self._watched(self._find, bool)

    # --- before the import ------------------------------------------------------------------------

    async def _ready(self, before: Observed) -> dict[str, str]:
        """The ids to send, once the workflow is backed up and was found unmoved in the last request."""
        ids = await self._ids(seen_renamed(before, self._desired).ids, fresh=False)
        live = await self._unmoved(before)
        self._looked = live if live.workflow.spec.get("nodes") else None
        self._back_up(live)
        known = seen_renamed(live, self._desired).ids
        return {reference: known.get(reference, ids[reference]) for reference in ids}

    async def _ids(self, known: Mapping[str, str], *, fresh: bool) -> dict[str, str]:
        return await every_id(self._after, known, self._remote, fresh=fresh)

    # --- import -----------------------------------------------------------------------------------

    async def _import(self, ids: Mapping[str, str]) -> None:
        """Imports; what the service refuses in one form is sent once more in the other (U-03, U-11)."""
        try:
            await self._until_answered(ids)
            return
        except (JobFailed, _Forgotten) as failure:
            refused = failure
        if isinstance(refused, _Forgotten) or ABOUT_IDS.search(refused.why):
            await self._import_without(ids, refused)
            return
        respelled = other_spelling(self._after.spec, schema.workflow(), refused.why)
        if canonical(respelled) == canonical(self._after.spec):
            raise refused
        self._step("a spelling was refused, importing with the other one")
        self._after = replace(self._after, spec=respelled)
        await self._until_answered(ids)

    async def _import_without(self, ids: Mapping[str, str], refused: DeployerError) -> None:
        """Imports without the ids that were chosen, and once more if they were needed to tell nodes."""
        live = await self._shown(ids[SELF], set())
        if live is None or set(ids) <= set(live.ids):
            raise refused
        before = self._change.before
        if before is not None and not self._is_untouched(live):
            self._not_ours(set(ids) - set(seen_renamed(before, self._desired).ids), live, refused)
        self._step("the ids were refused, importing without them")
        await self._until_answered(live.ids)
        made = await self._shown(ids[SELF], set(ids))
        if made is not None and self._differences(made) and set(ids) <= set(made.ids):
            self._step("importing with the ids that the service gave")
            await self._until_answered(made.ids)

    def _not_ours(self, new: set[str], live: Observed, refused: DeployerError) -> NoReturn:
        """A refused import that left none of its new nodes left nothing: what is there is somebody's."""
        if new & set(live.ids):
            raise refused
        self.written = bool(self.deleted or self.moved)
        self.standing = self._left_as_it_was() if self.written else NOTHING
        raise self._moved("was changed", "somebody saved it before an import that was refused")

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
            if isinstance(lost, _Forgotten):
                raise lost
            self._imports -= 1
        raise OutcomeUnknown(
            f"{SENDINGS} imports of `{self._after.path}` were lost", hint=RERUN
        ) from lost

    async def _sent_import(self, ids: Mapping[str, str]) -> None:
        self._imports += 1
        doubt = "whether the import was carried out is not known"
        with self._sending(doubt, "import", **self._facts()) as answer:
            job = await self._started(to_wire(self._after, ids, self._freed))
            answer["job"] = job.id
        self.written, self.unsure, self.job = True, True, job.id
        self.standing = f"import job {job.id} was started, how it ended is not known"
        job = await self._ended(job)
        self._settled()
        if job.status != "Success":
            raise await self._failure(job, ids[SELF])
        self.unsure, self.standing = False, CARRIED_OUT

    def _facts(self) -> dict[str, str]:
        """What lets a rerun tell whether the import was carried out: digests only, no content."""
        before = self._change.before
        return {"fingerprint": self._meant(), "before": before.fingerprint if before else ""}

    async def _started(self, document: dict[str, Any]) -> Job:
        """The job; a service busy with the workflow is asked again while nobody changes it (U-28)."""
        for wait in (*POLL_SECONDS, self._writer.settle):
            try:
                return await self._remote.start_import(document)
            except ServiceError as refused:
                before = self._change.before
                if before is None or not _BUSY.search(f"{refused.code} {refused.why}"):
                    raise
            self._step("somebody else is at work on it, waiting")
            await self._writer.sleep(wait)
            await self._unmoved(before)
        return await self._remote.start_import(document)

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
            raise _Forgotten(f"import job {job.id} is not known any more") from gone
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
            live = await self._watched(
                lambda: self._read(identity),
                lambda live: live is not None and not self._is_untouched(live),
                settle=False,
            )
        except DeployerError as blind:
            return f"what the import left behind could not be read: {blind.what}"
        self.unsure = False
        if live is not None:
            self._is_left(live)
        before = self._change.before
        if live is None:
            return "the workflow is gone"
        if self._is_untouched(live):
            self._imports -= 1
            self.written = before is None or bool(self.deleted or self.moved)
            return EMPTY if before is None else self._left_as_it_was()
        waiting = [node.name for node in replan(self._desired, live).nodes if node.action in _TO_DO]
        start = "created" if before is None else "changed"
        rest = f", not yet as planned: {', '.join(f'`{name}`' for name in waiting)}"
        return f"{start} in part{rest if waiting else ''}"

    def _left_as_it_was(self) -> str:
        done = [f"`{name}` is deleted" for name in self.deleted]
        done += [f"`{old}` is `{new}` now" for old, new in self.moved]
        return f"in part: {', '.join(done)}" if done else "the workflow is as it was"

    # --- proof ------------------------------------------------------------------------------------

    async def _arrived(self, identity: str, lost: OutcomeUnknown) -> bool:
        """Whether an import without an answer took effect; False only if two reads saw no trace."""
        self._step("no answer, reading what happened")
        seen: list[Observed | None] = []

        async def look() -> Observed | None:
            seen.append(await self._read(identity))
            return seen[-1]

        last = await self._seen(lambda: self._watched(look, self._is_desired), lost)
        if self._is_desired(last):
            return True
        first = seen[0] if len(seen) < 2 else seen[-2]
        if first is None or last is None or first.fingerprint != last.fingerprint:
            raise lost
        return not self._is_untouched(last)

    async def _verify(self, identity: str) -> Observed:
        """Reads until the workflow is as desired; a late answer is given the settle time (U-27)."""
        wrong: list[str] = []
        live: Observed | None = None
        for wait in (0.0, *POLL_SECONDS, self._writer.settle):
            if wait:
                await self._writer.sleep(wait)
            live = await self._read(identity)
            wrong = ["the workflow itself"] if live is None else self._differences(live)
            if live is not None and not wrong:
                return live
        if live is not None:
            self._is_left(live)
        raise VerificationFailed(
            f"`{self._after.path}` was written, but reads back differently",
            why=f"not as sent: {', '.join(f'`{path}`' for path in wrong)}",
            hint="`deployer plan` shows both sides",
        )

    async def _check_alone(self) -> None:
        """Whether nobody made another workflow at the same path meanwhile (U-04)."""
        if self._after.kind not in LISTED_TYPES:
            return
        named = await self._remote.named(self._after.name, self._after.kind)
        there = [summary.id for summary in named if summary.path == self._after.path]
        if len(there) > 1:
            raise VerificationFailed(
                f"there are {len(there)} workflows at `{self._after.path}`",
                why=f"their ids are {', '.join(sorted(there))}",
                hint="somebody else made one meanwhile: delete one of them in the console",
            )

    async def _check_meanwhile(self, before: Observed, after: tuple[Observed, ...]) -> None:
        """Whether somebody saved between the last look and the import, and was written over (U-13)."""
        look = self._looked
        if look is None:
            return
        seen = Seen(
            look.modified,
            frozenset((before.fingerprint, look.fingerprint)),
            frozenset(live.fingerprint for live in after),
            self._imports,
        )
        other = await written_over(look.ids[SELF], self._remote, seen)
        if other is not None:
            raise replaced(self._after.path, other, CARRIED_OUT)
