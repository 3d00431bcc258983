"""What the service itself says against a plan: a dry run of each import that apply would send.

An endpoint that did not honour `DryRun` would import for real (docs/service.md U-08), and nothing tells
it apart by asking: so a dry run is sent only where that was proven before. What the service says is
found again in the manifest by `complaints`. Its silence replaces no other check (U-09).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deployer import complaints, schema
from deployer.diff import without
from deployer.entities import SELF
from deployer.errors import (
    Conflict,
    DeployerError,
    NotFound,
    OutcomeUnknown,
    RefusedBySafety,
    ServiceError,
    Unreachable,
)
from deployer.flowspec import consumed, produced, to_wire
from deployer.manifest import locate
from deployer.model import Change, Plan, Problem, Target, Workflow
from deployer.normalise import canonical, other_spelling
from deployer.observe import chosen_id, every_id
from deployer.plan import freed
from deployer.reading.documents import pointer_text
from deployer.remote.workspace import Job, Remote
from deployer.rules.subject import Subject
from deployer.rules.told_elsewhere import REFUSED, UNTOLD
from deployer.standing import POLL_SECONDS, SENDINGS, declared
from deployer.write import ABOUT_IDS, JOB_DEADLINE

CONCURRENCY = 8
LONGEST = 2_000
"""Characters of the service's text that are shown."""

_NO_VERDICT = (OutcomeUnknown, Unreachable, NotFound)


@dataclass(frozen=True, slots=True)
class Service:
    """A project to ask, and the time that passes there."""

    remote: Remote
    sleep: Callable[[float], Awaitable[None]]
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Sent:
    """What was sent in a dry run, and what the service said against it: nothing, if it is empty."""

    document: Mapping[str, Any]
    names: Mapping[str, str]
    refusal: str = ""


def require_proof(target: Target, proven: bool) -> None:
    """Raises RefusedBySafety unless the endpoint of a target was proven to honour `DryRun` (U-08)."""
    if not proven:
        raise RefusedBySafety(
            "the service was not asked: it is not proven that it honours `DryRun`",
            where=f"target `{target.name}`, {target.place}",
            why="an endpoint that does not know `DryRun` would import for real (docs/service.md U-08)",
            written="nothing was sent",
            hint="leave out `--online`, or prove it by `deployer doctor --probe FOLDER` and name the "
            "profile as `profile:` of the target",
        )


def importable(change: Change) -> bool:
    """Whether an import is all that the change takes: the service can be asked about nothing else."""
    moved = any(node.action in ("delete", "move") for node in change.nodes)
    return change.action not in ("delete", "move") and not moved


async def ask(
    made: Plan, changes: Iterable[Change], subjects: Iterable[Subject], service: Service
) -> tuple[Problem, ...]:
    """What the service says against some changes of a plan, made of these subjects.

    The caller has called `require_proof`. Raises what `Client.call` raises for calls that no workflow
    is to blame for: credentials, throttling.
    """
    by_path = {subject.path: subject for subject in subjects}
    gate = asyncio.Semaphore(CONCURRENCY)

    async def asked(change: Change) -> Problem | None:
        async with gate:
            return await _Question(change, by_path[change.address], made, service).problem()

    found = await asyncio.gather(*map(asked, changes))
    return tuple(problem for problem in found if problem)


class _Question:
    """One change, put to the service."""

    def __init__(self, change: Change, subject: Subject, made: Plan, service: Service) -> None:
        self._change = change
        self._subject = subject
        self._made = made
        self._service = service
        self._remote = service.remote

    async def problem(self) -> Problem | None:
        """What the service, or the plan in its place, says against the change; None if nothing."""
        if self._change.refused or self._change.after is None:
            return self._told(self._change.refused) if self._change.refused else None
        try:
            sent = await self._tried(self._change.after)
        except _NO_VERDICT as silent:
            return self._untold(silent)
        except Conflict as taken:
            return self._told(taken.what)
        return self._told(sent.refusal, sent) if sent.refusal else None

    # --- asking -----------------------------------------------------------------------------------

    async def _tried(self, after: Workflow) -> _Sent:
        """The last word of the service, after the other forms that apply would try (U-03, U-11)."""
        known = self._change.before.ids if self._change.before else {}
        ids = await self._ids(after, known)
        sent = await self._dry_run(after, ids)
        if sent.refusal and ids != known and ABOUT_IDS.search(sent.refusal):
            ids = dict(known)
            sent = await self._dry_run(after, ids)
        respelled = other_spelling(after.spec, schema.workflow(), sent.refusal)
        if sent.refusal and canonical(respelled) != canonical(after.spec):
            sent = await self._dry_run(replace(after, spec=respelled), ids)
        return sent

    async def _ids(self, after: Workflow, known: Mapping[str, str]) -> dict[str, str]:
        """The ids that apply would send; those inside a workflow that is yet to be made have none."""
        if known:
            return await every_id(after, known, self._remote, fresh=False)
        chosen = chosen_id(after, self._remote.project)
        return {SELF: chosen} if chosen else {}

    async def _dry_run(self, after: Workflow, ids: Mapping[str, str]) -> _Sent:
        document = to_wire(after, ids, freed(self._change))
        names = {identity: reference.rpartition("/")[2] for reference, identity in ids.items()}
        names.pop(ids.get(SELF, ""), None)
        try:
            job = await self._ended(await self._started(document))
        except NotFound:
            raise
        except ServiceError as refused:
            told = f"{refused.code}: {refused.why}" if refused.why else refused.what
            return _Sent(document, names, without(told, declared(self._change)))
        told = without(job.error, declared(self._change)) or f"the job ended as {job.status}"
        return _Sent(document, names, "" if job.status == "Success" else told)

    async def _started(self, document: Mapping[str, Any]) -> Job:
        """The job; a dry run whose answer was lost has written nothing and is sent again."""
        for _ in range(SENDINGS - 1):
            try:
                return await self._remote.start_import(document, dry_run=True)
            except OutcomeUnknown:
                await self._service.sleep(POLL_SECONDS[0])
        return await self._remote.start_import(document, dry_run=True)

    async def _ended(self, job: Job) -> Job:
        """The job at its end, judged by its Status alone (docs/service.md B-12)."""
        deadline = self._service.clock() + JOB_DEADLINE
        polls = 0
        while not job.ended:
            if self._service.clock() > deadline:
                raise Unreachable(f"job {job.id} did not end within {JOB_DEADLINE:.0f} seconds")
            await self._service.sleep(POLL_SECONDS[min(polls, len(POLL_SECONDS) - 1)])
            polls += 1
            job = await self._remote.job(job.id)
        return job

    # --- telling ----------------------------------------------------------------------------------

    def _told(self, text: str, sent: _Sent | None = None) -> Problem:
        document, names = (sent.document, sent.names) if sent else ({}, {})
        manifest = self._subject.manifest
        place = complaints.place(text, document, manifest.document, names)
        beyond = f" (node `{place.beyond}`, which is not in the manifest)" if place.beyond else ""
        upstream = self._yet_to_come(text)
        return Problem(
            rule=REFUSED.id,
            severity="warning" if upstream else REFUSED.severity,
            message=f"the service refuses it: {_cut(text)}{beyond}",
            location=locate(manifest, place.pointer),
            hint=f"`{upstream}` is applied before it: the service cannot know its outputs yet"
            if upstream
            else REFUSED.hint,
            pointer=pointer_text(place.pointer),
        )

    def _untold(self, silent: DeployerError) -> Problem:
        pointer = complaints.place("", {}, self._subject.manifest.document, {}).pointer
        request = f" (request {silent.request_id})" if silent.request_id else ""
        return Problem(
            rule=UNTOLD.id,
            severity=UNTOLD.severity,
            message=f"the service did not say what it thinks of it: {_cut(silent.what)}{request}",
            location=locate(self._subject.manifest, pointer),
            hint=UNTOLD.hint,
            pointer=pointer_text(pointer),
        )

    def _yet_to_come(self, text: str) -> str:
        """The change that will make an output which the service misses; empty if there is none."""
        desired = self._change.desired
        wanted = consumed(desired.spec) if desired else set()
        made_before = {
            output: change.address
            for change in self._made.pending
            if change.address in self._change.waits_for and change.desired
            for output in wanted & produced(change.desired.spec)
        }
        return next((made_before[output] for output in made_before if output in text), "")


def _cut(text: str) -> str:
    rest = len(text) - LONGEST
    return f"{text[:LONGEST]} … ({rest:,} more characters)" if rest > 0 else text
