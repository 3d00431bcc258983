"""The straight line: files → documents → desired → plan → apply → proof. Read this file first.

load      files → documents, checked by schema and rules: `deployer.load`, all that validate needs
plan      desired × what the workspace holds → a Plan
apply     a Plan → the workspace, read back and planned again: `deployer.apply`
publish   what is saved → production, each workflow by a pipeline run: `deployer.publishing`
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from deployer import apply as applying
from deployer.ahead import Ahead
from deployer.base import TWO_WAY, Since
from deployer.comparing import Compared, against, compared, identified, wished
from deployer.desired import from_manifest
from deployer.errors import Conflict, InvalidManifests
from deployer.load import Loaded, files, load
from deployer.manifest import locate
from deployer.model import (
    Change,
    Plan,
    Publication,
    Published,
    Report,
    Target,
    Workflow,
)
from deployer.observe import observe
from deployer.origins import gone, removed
from deployer.plan import ordered, sorted_by_wait, upstreams
from deployer.publishing import publish as publishing
from deployer.publishing.publication import published
from deployer.publishing.publisher import Publisher
from deployer.refresh import Recall, anew
from deployer.remote.pipeline_runs import PipelineRuns
from deployer.remote.workspace import LISTED_TYPES, Remote, Summary
from deployer.review import NOBODY, Around, Reviewer, reviewed
from deployer.rules.subject import Subject
from deployer.scope import refuse_outside, surroundings, within
from deployer.selection import Choose, Chosen, everything
from deployer.writer import Writer

__all__ = ["Loaded", "apply", "files", "load", "narrowed", "plan", "publish"]


# --- plan -----------------------------------------------------------------------------------------


async def plan(
    loaded: Loaded,
    target: Target,
    remote: Remote,
    publish: bool | None = None,
    choose: Choose = everything,
    since: Since = TWO_WAY,
    reviewer: Reviewer = NOBODY,
    recall: Recall = anew,
    ahead: Ahead | None = None,
) -> Plan:
    """What would bring the workspace to the state of the manifests; reads only.

    `choose` says which workflows are meant; nothing is asked about the others. `since` is what git held
    before: it tells this change from what others did, and what is gone. `reviewer` says what was allowed.

    `publish` says for every workflow whether it is to be published; None leaves that to its manifest,
    then to the target. Whether what is saved is published already is asked for those only. `recall`
    says what need not be read again; `ahead` is what was found while the manifests were read.
    Raises InvalidManifests if a manifest has an error, RefusedBySafety if one lies outside `scope:`,
    Conflict if a pasted id belongs elsewhere.
    """
    if loaded.errors:
        raise InvalidManifests(loaded.problems)
    ahead = ahead or Ahead([from_manifest(each.manifest, target) for each in loaded.subjects])
    desired = ahead.desired
    places = {subject.path: subject for subject in loaded.subjects}
    refuse_outside(((workflow.path, workflow.file) for workflow in desired), loaded.scope)
    listed = await remote.summaries() if ahead.listed is None else ahead.listed
    _check_pasted(desired, listed)
    moving = [each for each in desired if each.path not in listed and each.moved_from in listed]
    refuse_outside(((each.moved_from, each.file) for each in moving), loaded.scope)
    lost = _lost(loaded, desired, listed, since)
    meant = choose([*desired, *lost])
    looked_at = [*_meant(desired, meant), *_meant(lost, meant)]
    paths = [path for each in looked_at for path in (each.path, each.moved_from)]
    if ahead.listed is None:
        remote = await recall(remote, [listed[path] for path in paths if path in listed])
    look = _Look(remote, listed, asyncio.Semaphore(target.connections), since, ahead.found)
    found = await look.at(_meant(desired, meant), _meant(lost, meant))
    changes = [each.change for each in found]
    wishes = {each.path: wished(each, target, publish) for each in desired}
    changes = [replace(each, publish=wishes.get(each.address, False)) for each in changes]
    changes = await _with_publication(changes, PipelineRuns(remote.client, remote.project))
    former = {each.path for each in lost} | {each.moved_from for each in changes}
    around = surroundings(listed, {*places, *loaded.elsewhere, *former}, loaded.scope)
    made = Plan(
        target=target.name,
        project=target.project,
        place=target.place,
        changes=tuple(_placed(change, places) for change in ordered(changes)),
        diagnostics=(*loaded.problems, *since.warnings),
        api_calls=remote.calls,
        base=since.base.ref if since.base else "",
        base_commit=since.base.commit if since.base else "",
        commit=since.commit,
        uncommitted=since.uncommitted,
        orphans=around.orphans,
        outside=around.outside,
        selection=meant.text,
        left_out=meant.left_out,
        flags=reviewer.asked.repeated(since.base.commit[:12] if since.base else ""),
    )
    standing = {each.there.path: each.there for each in found if each.there}
    known = Around(target, _meant(desired, meant), since.workflows, listed, standing)
    return await reviewed(made, known, reviewer, remote)


def _lost(
    loaded: Loaded, desired: Sequence[Workflow], listed: Mapping[str, Summary], since: Since
) -> list[Workflow]:
    """What is gone from git since the base and may be live; of what no list shows, a look will tell."""
    hidden = [path for path, each in since.workflows.items() if each.kind not in LISTED_TYPES]
    return [
        each
        for each in gone(since.workflows, desired, {*listed, *hidden})
        if not loaded.scope or within(each.path, loaded.scope)
    ]


def _meant(workflows: Iterable[Workflow], chosen: Chosen) -> list[Workflow]:
    return [each for each in workflows if each.path in chosen.paths]


@dataclass(frozen=True, slots=True)
class _Look:
    """Looks at live workflows, a few at a time; each is dropped as soon as it is compared."""

    remote: Remote
    listed: Mapping[str, Summary]
    gate: asyncio.Semaphore
    since: Since
    ahead: Mapping[str, Compared]

    async def at(self, desired: Iterable[Workflow], lost: Iterable[Workflow]) -> list[Compared]:
        """What is found of each desired workflow, and of each that is gone from git and live."""
        looks = [*map(self._change, desired), *map(self._removal, lost)]
        return [found for found in await asyncio.gather(*looks) if found]

    async def _change(self, desired: Workflow) -> Compared:
        if desired.path in self.ahead:
            return self.ahead[desired.path]
        before = self.since.of(desired)
        async with self.gate:
            if desired.path not in self.listed:
                return compared(desired, await observe(desired, self.listed, self.remote), before)
            document = await self.remote.definition(self.listed[desired.path].id)
            if document is None:
                return compared(desired, None, before)
            return against(desired, document, before)[0]

    async def _removal(self, lost: Workflow) -> Compared | None:
        async with self.gate:
            live = await observe(lost, self.listed, self.remote)
            if live is None:
                return None
            found = removed(lost, live, self.since.words, prune=self.since.prune)
        return Compared(identified(found, live), lost)


async def _with_publication(changes: list[Change], runs: PipelineRuns) -> list[Change]:
    """The changes with `publication`, where nothing is left to save and publishing is wished for."""
    asked = [each for each in changes if _is_asked(each)]
    told = await published({each.object_id: each.fingerprint for each in asked}, runs)
    words: dict[str, Publication] = {
        key: "published" if is_so else "unpublished" for key, is_so in told.items()
    }
    return [
        replace(each, publication=words[each.object_id]) if _is_asked(each) else each
        for each in changes
    ]


def _is_asked(found: Change) -> bool:
    return found.publish and found.action in ("kept", "unchanged")


def _placed(found: Change, places: Mapping[str, Subject]) -> Change:
    """The change with the line of its workflow; lines are looked up only for what is shown."""
    if found.action == "unchanged" or found.address not in places:
        return found
    manifest = places[found.address].manifest
    return replace(found, line=locate(manifest, ("spec", "workflows", 0)).line)


def _check_pasted(desired: Iterable[Workflow], listed: Mapping[str, Summary]) -> None:
    owners = {summary.id: path for path, summary in listed.items()}
    for workflow in desired:
        path = owners.get(workflow.pasted_id, workflow.path)
        if path not in (workflow.path, workflow.moved_from):
            raise Conflict(
                f"the id {workflow.pasted_id} belongs to the workflow at `{path}`",
                where=workflow.file,
                written="nothing was written",
                hint="delete the `id` from the manifest to make a new workflow, or write "
                f"`deployer: {{movedFrom: {path}}}` to move that one",
            )


# --- apply ----------------------------------------------------------------------------------------


async def apply(made: Plan, writer: Writer) -> Report:
    """Writes a plan and proves each change by reading it back."""
    return await applying.apply(made, writer)


# --- publish --------------------------------------------------------------------------------------


def narrowed(loaded: Loaded, paths: Collection[str]) -> Loaded:
    """What was loaded, as if there were manifests for these workflows only."""
    return loaded._replace(subjects=tuple(s for s in loaded.subjects if s.path in paths))


async def publish(
    made: Plan, loaded: Loaded, target: Target, publisher: Publisher
) -> tuple[Published, ...]:
    """Publishes what a plan shows as to be published, each after those it waits for.

    What is not saved as the manifests say ends as a conflict: it is never published on a guess.
    Raises RefusedBySafety inside the window in which nothing is published.
    """
    desired = [from_manifest(subject.manifest, target) for subject in loaded.subjects]
    waiting = upstreams(desired)
    changes = {each.address: each for each in made.to_publish}
    order = [changes[path] for path in sorted_by_wait(waiting) if path in changes]
    ready = [each for each in order if each.publication == "unpublished"]
    moved = tuple(_not_saved(each) for each in order if each.publication != "unpublished")
    wanted = [
        publishing.wanted(each, waits_for=tuple(sorted(waiting[each.address]))) for each in ready
    ]
    return (*moved, *await publishing.publish(wanted, publisher))


def _not_saved(change: Change) -> Published:
    return Published(
        change.address,
        "failed",
        change.object_id,
        error=f"`{change.address}` is not saved as its manifest says: {change.reason}; "
        "nothing was published; run `deployer plan`, then `deployer apply`",
        exit_code=Conflict.exit_code,
    )
