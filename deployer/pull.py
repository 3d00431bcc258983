"""Live workflows → files: new manifests, and existing ones made to agree; nothing is written here.

Each draft is proven before it is handed out: read back by the readers that a plan uses, in a folder
of its own, it leaves nothing to do.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import translate
from pathlib import Path

from deployer.authoring.draft import Draft, Place, fresh, updated
from deployer.authoring.layout import Layout
from deployer.desired import from_manifest
from deployer.errors import InvalidManifests, UsageError
from deployer.load import Loaded, load
from deployer.model import FileEdit, Observed, Pull, Settings, Target, Workflow
from deployer.observe import observe, read
from deployer.plan import change
from deployer.reading.project_files import read as read_file
from deployer.reading.project_writer import refusal
from deployer.rehearsal import misfits, present, rehearsed
from deployer.remote.workspace import Remote
from deployer.rules.subject import Subject
from deployer.scope import within

UNLISTED = (
    "workflows of kind TriggerWorkflow are in no list of the service: only those that a manifest "
    "names are pulled (docs/service.md U-35)"
)


@dataclass(frozen=True, slots=True)
class _Project:
    """The files of a project as one target sees them."""

    settings: Settings
    target: Target
    subjects: Mapping[str, Subject]
    layout: Layout
    shared: frozenset[str]


async def pull(
    settings: Settings, loaded: Loaded, target: Target, remote: Remote, select: Sequence[str] = ()
) -> Pull:
    """What would bring the files to the state of the workspace; only reads.

    `select` holds folders, paths or globs of workflows; empty means all, those in scope where there is
    one. Raises InvalidManifests where an existing manifest is wrong, UsageError where nothing is chosen.
    """
    if loaded.errors:
        raise InvalidManifests(loaded.problems)
    subjects = {subject.path: subject for subject in loaded.subjects}
    desired = {path: from_manifest(each.manifest, target) for path, each in subjects.items()}
    listed = await remote.summaries()
    known = {*listed, *desired} - loaded.elsewhere
    chosen = sorted(path for path in known if _is_chosen(path, settings.scope, select))
    if select and not chosen:
        raise UsageError(
            "no workflow is chosen",
            why=f"nothing live and no manifest matches {', '.join(f'`{each}`' for each in select)}",
            hint="write folders, paths or globs as the workspace spells them, such as `retail/*`",
        )
    layout = Layout.of(settings, _files(settings.root))
    shared = _shared(loaded.subjects, loaded.sources.values())
    project = _Project(settings, target, subjects, layout, shared)
    gate = asyncio.Semaphore(target.connections)

    async def live(path: str) -> Observed | None:
        async with gate:
            if path in desired:
                return await observe(desired[path], listed, remote)
            return await read(listed[path].id, remote)

    found = await asyncio.gather(*(live(path) for path in chosen))
    result = _collected(project, desired, dict(zip(chosen, found, strict=True)))
    result = _without(result, _blocked(settings.root, result.edits))
    result = _without(result, misfits(settings, target, loaded, result.edits))
    notes = (*result.notes, *_renamed(layout, result.edits), *_skipped(loaded, listed))
    if any(edit.address not in subjects for edit in result.edits):
        notes = (*notes, UNLISTED)
    return replace(result, notes=notes, api_calls=remote.calls)


def _is_chosen(path: str, scope: Sequence[str], select: Sequence[str]) -> bool:
    if scope and not within(path, scope):
        return False
    return not select or any(_matches(path, each.strip("/")) for each in select)


def _matches(path: str, wanted: str) -> bool:
    return (
        path == wanted or path.startswith(f"{wanted}/") or bool(re.match(translate(wanted), path))
    )


def _without(found: Pull, whys: Mapping[str, str]) -> Pull:
    """A pull without some workflows, which are failures now; nothing of those is written."""
    edits = tuple(each for each in found.edits if each.address not in whys)
    return replace(found, edits=edits, failures=tuple(sorted((*found.failures, *whys.items()))))


def _blocked(root: Path, edits: Iterable[FileEdit]) -> dict[str, str]:
    """Path of a workflow → why one of its files cannot be written."""
    return {
        edit.address: f"`{edit.file}` cannot be written: {why}"
        for edit in edits
        if (why := refusal(root, edit.file))
    }


def _renamed(layout: Layout, edits: Iterable[FileEdit]) -> list[str]:
    """New files that are not named as what they hold."""
    written = {edit.file for edit in edits}
    return [
        f"`{old}` is in `{new}`: a file of its own name is unsafe or there already"
        for old, new in layout.replaced
        if new in written
    ]


def _skipped(loaded: Loaded, listed: Iterable[str]) -> list[str]:
    """Live workflows whose manifest is for other targets."""
    return [
        f"`{path}` is in a manifest that is for other targets only; left as it is"
        for path in sorted(loaded.elsewhere.intersection(listed))
    ]


def _files(root: Path) -> list[str]:
    """All files of the project: new ones must not fall on them."""
    return [
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if ".git" not in path.relative_to(root).parts[:1]
    ]


# --- one workflow after the other -----------------------------------------------------------------


def _collected(
    project: _Project, desired: Mapping[str, Workflow], live: Mapping[str, Observed | None]
) -> Pull:
    edits: list[FileEdit] = []
    notes: list[str] = []
    failures: list[tuple[str, str]] = []
    missing: list[str] = []
    unchanged = 0
    for path, observed in live.items():
        if observed is None:
            missing.append(path)
            continue
        before = len(edits), len(failures)
        draft = _drafted(project, path, observed, desired.get(path))
        failures += [(path, draft.failure)] if draft.failure else []
        edits += [] if draft.failure else _edits(project.settings.root, path, draft)
        notes += [f"`{path}`: {note}" for note in draft.notes]
        unchanged += before == (len(edits), len(failures))
    return Pull(tuple(edits), tuple(notes), tuple(failures), tuple(missing), unchanged)


def _edits(root: Path, path: str, draft: Draft) -> list[FileEdit]:
    found = []
    for file, data in draft.files.items():
        before = None if file in draft.new else read_file(root, file).data
        if before != data:
            found.append(FileEdit(file, path, before, data))
    return found


def _drafted(project: _Project, path: str, live: Observed, desired: Workflow | None) -> Draft:
    """The files of one workflow, proven; or why there are none."""
    if desired is None or path not in project.subjects:
        draft = fresh(live, project.target, project.layout)
        left = _left(project, path, draft, live)
        if not left:
            return draft
        project.layout.take_back(draft.files)
        plainer = fresh(live, replace(project.target, vars={}), project.layout)
        if not _left(project, path, plainer, live):
            return plainer
        project.layout.take_back(plainer.files)
        return replace(draft, failure=left)
    current = change(desired, live)
    if current.action == "unchanged" and not current.nodes:
        return Draft(path)
    subject = project.subjects[path]
    place = Place(project.settings.root, project.layout, project.shared)
    draft = updated(live, desired, subject.manifest, project.target, place)
    if draft.failure or not (left := _left(project, path, draft, live)):
        return draft
    if path in project.target.overrides:
        note = (
            f"not pulled, as deployer.yaml overrides it for target `{project.target.name}`: {left}"
        )
        return replace(draft, notes=(*draft.notes, note))
    return replace(
        draft, failure=f"{left}; remove `{subject.manifest.file}` and pull again to write it anew"
    )


def _shared(subjects: Iterable[Subject], sources: Iterable[Collection[str]]) -> frozenset[str]:
    """Script files that more than one node uses, or more than one manifest, be it for another target."""
    nodes = Counter(file for each in subjects for file in each.manifest.scripts.values())
    manifests = Counter(file for used in sources for file in used)
    return frozenset(file for file, count in (nodes | manifests).items() if count > 1)


# --- proof ----------------------------------------------------------------------------------------


def _left(project: _Project, path: str, draft: Draft, live: Observed) -> str:
    """What a plan would still say about a draft, in words; empty if it says nothing."""
    own = {key: value for key, value in project.target.overrides.items() if key == path}
    target = replace(project.target, overrides=own)
    files = {**present(project.settings.root, draft.uses), **draft.files}
    with rehearsed(replace(project.settings, config=None), files) as settings:
        loaded = load(settings, target, [settings.root / draft.manifest])
        errors = [
            f"{each.rule} {each.message}" for each in loaded.problems if each.severity == "error"
        ]
    if errors or not loaded.subjects:
        return "; ".join(errors) or "it would be for other targets"
    found = change(from_manifest(loaded.subjects[0].manifest, target), live)
    names = [field.path for field in found.fields] + [node.name for node in found.nodes]
    if found.action == "unchanged" and not names:
        return ""
    return f"a manifest cannot say {', '.join(f'`{name}`' for name in names[:5])} as it is live"
