"""Files → checked manifests: what one target is to hold, and every problem found. No network.

How a file is read is left to `manifest`; what a workflow may say, to `schema` and `rules`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from deployer import rules, schema
from deployer.desired import workflow_object
from deployer.errors import InvalidManifests, UsageError
from deployer.flowspec import foreign_reason, nested
from deployer.manifest import Values, locate, read
from deployer.model import Location, Manifest, Pointer, Problem, Settings, Target
from deployer.reading import documents
from deployer.reading.documents import pointer_text
from deployer.reading.manifest_files import manifest_files
from deployer.rules.subject import Subject

SYMBOLIC = Target(name="", project="", project_identifier="${projectIdentifier}")
"""Stands for a target when there is none: placeholders stay as they are written."""

FOREIGN = "DW003"
UNSOUND = "DW010"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read for one target: subjects fit for planning, and every problem found.

    `sources` maps each manifest file to its script files, so far as it could be read.
    """

    subjects: tuple[Subject, ...]
    problems: tuple[Problem, ...]
    sources: Mapping[str, frozenset[str]]

    @property
    def files(self) -> int:
        """How many manifests were read."""
        return len(self.sources)

    @property
    def errors(self) -> bool:
        """Whether a problem stands in the way of a plan."""
        return any(problem.severity == "error" for problem in self.problems)


@dataclass(frozen=True, slots=True)
class _Checked:
    """One manifest: a subject only if nothing in the file itself stands in the way."""

    file: str
    problems: tuple[Problem, ...]
    manifest: Manifest | None = None
    subject: Subject | None = None


def load(settings: Settings, target: Target, paths: Sequence[Path] = ()) -> Loaded:
    """Reads and checks every manifest of the project, or those at `paths`, as one target sees it.

    Raises UsageError where there is no manifest at all.
    """
    files = manifest_files(settings, paths)
    if not files:
        raise _nothing_to_load(settings, paths)
    checked = [_checked(path, settings, target) for path in files]
    subjects = tuple(
        each.subject for each in checked if each.subject and _is_meant_for(target, each.subject)
    )
    problems = [
        *settings.warnings,
        *chain.from_iterable(each.problems for each in checked),
        *rules.check_all(subjects),
        *_unused_overrides(checked, settings, target),
    ]
    sources = {
        each.file: frozenset(each.manifest.scripts.values() if each.manifest else ())
        for each in checked
    }
    return Loaded(subjects, tuple(problems), sources)


def _nothing_to_load(settings: Settings, paths: Sequence[Path]) -> UsageError:
    if settings.config is None and not paths:
        return UsageError(
            "there are no manifests to read",
            where=str(settings.root),
            why="no deployer.yaml in this folder or above it",
            hint="run the command in the folder of a project, or name manifests: "
            "`deployer validate FILE`",
        )
    wanted = [str(path) for path in paths] or settings.manifests
    return UsageError(
        "there are no manifests to read",
        where=str(settings.config or settings.root),
        why=f"no file matches {', '.join(f'`{each}`' for each in wanted) or 'an empty list'}",
        hint="correct `manifests:` in deployer.yaml" if settings.config else "name other files",
    )


def _checked(path: Path, settings: Settings, target: Target) -> _Checked:
    symbolic = target is SYMBOLIC
    values = None if symbolic else Values(target.vars, target.project_identifier)
    try:
        manifest = read(path, settings.root, values)
    except InvalidManifests as invalid:
        file = path.relative_to(settings.root.resolve()).as_posix()
        return _Checked(file, invalid.problems)
    problems = (*manifest.warnings, *_document_problems(manifest, symbolic))
    if not _broken(problems):
        problems += tuple(_override_problems(manifest, settings, target))
    if _broken(problems):
        return _Checked(manifest.file, problems, manifest)
    subject = Subject(manifest, target)
    problems += tuple(rules.check(subject))
    return _Checked(manifest.file, problems, manifest, None if _broken(problems) else subject)


def _broken(problems: Iterable[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def _is_meant_for(target: Target, subject: Subject) -> bool:
    """Whether a workflow is deployed to a target: `deployer.only` may name the targets it is for."""
    only = (subject.manifest.document.get("deployer") or {}).get("only")
    return not only or target is SYMBOLIC or target.name in only


# --- one document ---------------------------------------------------------------------------------


def _document_problems(manifest: Manifest, symbolic: bool) -> Iterable[Problem]:
    reason = foreign_reason(manifest.document)
    if reason:
        yield Problem(
            rule=FOREIGN,
            severity="error",
            message=f"not a workflow document: {reason}",
            location=locate(manifest, ("kind",), key=True),
            hint="manifests are FlowSpec documents of kind CycleWorkflow, ManualWorkflow "
            "or TriggerWorkflow",
        )
        return
    for violation in schema.check(manifest.document, symbolic=symbolic):
        yield Problem(
            rule=UNSOUND,
            severity="error",
            message=violation.message,
            location=locate(manifest, violation.pointer, key=violation.key_position),
            hint=violation.hint,
            pointer=pointer_text(violation.pointer),
        )


# --- overrides ------------------------------------------------------------------------------------


def _override_problems(manifest: Manifest, settings: Settings, target: Target) -> Iterable[Problem]:
    """What a target's override makes of a sound document must be a sound document too."""
    document = nested(manifest.document)
    path = _path(document)
    if path not in target.overrides:
        return
    overridden = {**document["spec"], "workflows": [workflow_object(manifest, target)]}
    for violation in schema.check({**document, "spec": overridden}):
        yield Problem(
            rule="DW011",
            severity="error",
            message=f"with this override `{manifest.file}` is invalid at "
            f"`{pointer_text(violation.pointer)}`: {violation.message}",
            location=_in_config(settings, ("targets", target.name, "overrides", path)),
            hint=violation.hint,
        )


def _unused_overrides(
    checked: Iterable[_Checked], settings: Settings, target: Target
) -> Iterable[Problem]:
    """Overrides of workflows that do not exist; silent while a manifest cannot be read."""
    manifests = [each.manifest if _is_sound(each) else None for each in checked]
    known = [_path(nested(each.document)) for each in manifests if each]
    if len(known) < len(manifests):
        return
    for path in target.overrides:
        if path not in known:
            yield Problem(
                rule="DW011",
                severity="error",
                message=f"no manifest has the path `{path}`",
                location=_in_config(settings, ("targets", target.name, "overrides", path)),
                hint=rules.near(path, known) or "remove the override or correct its path",
            )


def _is_sound(checked: _Checked) -> bool:
    return not {problem.rule for problem in checked.problems} & {FOREIGN, UNSOUND}


def _path(document: Mapping[str, Any]) -> str:
    """The path that a document says itself, before any override."""
    script = document["spec"]["workflows"][0].get("script") or {}
    return str(script.get("path") or "")


def _in_config(settings: Settings, pointer: Pointer) -> Location:
    if settings.config is None:
        return Location("deployer.yaml", 1, 1)
    line, column = documents.locate(settings.config.read_bytes(), ".yaml", pointer, key=True)
    return Location(settings.config.name, line, column)
