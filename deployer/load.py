"""Files → checked manifests: what one target is to hold, and every problem found. No network.

How a file is read is left to `manifest`; what a workflow may say, to `schema` and `rules`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from deployer import rules, schema
from deployer.desired import workflow_object
from deployer.errors import InvalidManifests, UsageError
from deployer.flowspec import KINDS, foreign_reason, nested
from deployer.manifest import Parsed, Values, complete, locate, locate_all, parse
from deployer.model import Location, Manifest, Pointer, Problem, Settings, Target
from deployer.nearest import SLIP, nearest
from deployer.reading import documents
from deployer.reading.documents import pointer_text
from deployer.reading.manifest_files import manifest_files
from deployer.reading.tree import Folder, Tree
from deployer.rules.subject import Subject
from deployer.rules.told_elsewhere import FOREIGN, ONE_WORKFLOW, OVERRIDE, TARGETS, UNSOUND

SYMBOLIC = Target(name="", project="", project_identifier="${projectIdentifier}")
"""Stands for a target when there is none: placeholders stay as they are written."""

Read = Callable[[Path, Tree], Parsed]
"""Reads the manifest at a path inside a project, as `manifest.parse` does."""


class Loaded(NamedTuple):
    """What was read for one target: subjects fit for planning, and every problem found.

    `sources` maps each manifest file to its script files, guessed from its text if it cannot be read.
    `elsewhere` holds the paths of the manifests that are for other targets only.
    """

    subjects: tuple[Subject, ...]
    problems: tuple[Problem, ...]
    sources: Mapping[str, frozenset[str]]
    scope: tuple[str, ...] = ()
    elsewhere: frozenset[str] = frozenset()

    @property
    def files(self) -> int:
        """How many manifests were read."""
        return len(self.sources)

    @property
    def errors(self) -> bool:
        """Whether a problem stands in the way of a plan."""
        return any(problem.severity == "error" for problem in self.problems)


class _Checked(NamedTuple):
    """One manifest: a subject, fit for rules, only if it can be read and the schema takes it."""

    file: str
    problems: tuple[Problem, ...]
    scripts: frozenset[str]
    manifest: Manifest | None = None
    subject: Subject | None = None


def load(
    settings: Settings,
    target: Target,
    paths: Sequence[Path] = (),
    read: Read = parse,
    tree: Tree | None = None,
    *,
    none: bool = False,
) -> Loaded:
    """Reads and checks every manifest of the project, or those at `paths`, as one target sees it.

    The files come from `tree`, the project folder itself unless another one stands for it. `read` gives
    a manifest before a target's values: who loads for several targets lets them share it.
    Raises UsageError where there is no manifest at all, unless a project may have `none`.
    """
    _check_rules(settings)
    tree = tree or Folder(settings.root)
    files = manifest_files(settings, paths, tree)
    if not files and none and settings.config:
        return Loaded((), settings.warnings, {}, settings.scope)
    if not files:
        raise nothing_to_load(settings, paths)
    checked = [_checked(path, settings, target, read, tree) for path in files]
    sound = [each.subject for each in checked if each.subject]
    meant = [subject for subject in sound if _is_meant_for(target, subject)]
    told = list(chain.from_iterable(rules.inside(subject) for subject in sound))
    whole = settings.config is not None and len(sound) == len(checked)
    across = [each for each in rules.across(meant) if whole or not each.finding.needs_all]
    within = list(rules.judged(told, settings.rules))
    broken = {each.subject.manifest.file for each in within if each.severity == "error"}
    between = rules.judged(across, settings.rules)
    unused = rules.unused_silences(meant, [*told, *across]) if whole else ()
    problems = [
        *settings.warnings,
        *chain.from_iterable(each.problems for each in checked),
        *rules.placed([*within, *between, *unused]),
        *_unused_overrides(checked, settings, target),
    ]
    subjects = tuple(subject for subject in meant if subject.manifest.file not in broken)
    sources = {each.file: each.scripts for each in checked}
    elsewhere = frozenset(each.path for each in sound if not _is_meant_for(target, each))
    return Loaded(subjects, tuple(problems), sources, settings.scope, elsewhere)


def _check_rules(settings: Settings) -> None:
    """`rules:` names rules that exist, and none that everything after relies on."""
    for rule in settings.rules:
        what, hint = rules.refusal(rule)
        if what:
            pointer = ("rules", rule)
            place = _in_config(settings, [pointer])[pointer]
            where = f"{settings.config}:{place.line}:{place.column}"
            raise UsageError(what, where=where, hint=hint)


def nothing_to_load(settings: Settings, paths: Sequence[Path] = ()) -> UsageError:
    """What is wrong where there is no manifest, neither at `paths` nor for the globs."""
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


def _checked(path: Path, settings: Settings, target: Target, read: Read, tree: Tree) -> _Checked:
    symbolic = target is SYMBOLIC
    values = None if symbolic else Values(target.vars, target.project_identifier)
    try:
        manifest = complete(read(path, tree), tree, values)
    except InvalidManifests as invalid:
        from deployer.reading.named_scripts import named_scripts  # for files that cannot be read

        file = tree.place(path)
        return _Checked(file, invalid.problems, named_scripts(tree, file))
    problems = (*manifest.warnings, *_document_problems(manifest, symbolic))
    if not _broken(problems):
        problems += tuple(_override_problems(manifest, settings, target))
        problems += tuple(_unknown_targets(manifest, settings.targets))
    subject = None if _broken(problems) else Subject(manifest, target)
    scripts = frozenset(manifest.scripts.values())
    return _Checked(manifest.file, problems, scripts, manifest, subject)


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
        pointer, hint = _foreign(manifest.document.get("kind"))
        yield Problem(
            rule=FOREIGN.id,
            severity=FOREIGN.severity,
            message=f"not a workflow document: {reason}",
            location=locate(manifest, pointer),
            hint=hint,
            pointer=pointer_text(pointer),
        )
        return
    several = list(_further_workflows(manifest))
    violations = [
        each
        for each in _violations(manifest, symbolic)
        if not several or each.pointer != _WORKFLOWS
    ]
    found = [*((ONE_WORKFLOW, each) for each in several), *((UNSOUND, each) for each in violations)]
    places = locate_all(manifest, {(each.pointer, each.key_position) for _, each in found})
    for rule, each in found:
        yield Problem(
            rule=rule.id,
            severity=rule.severity,
            message=each.message,
            location=places[each.pointer, each.key_position],
            hint=each.hint,
            pointer=pointer_text(each.pointer),
        )


def _foreign(kind: object) -> tuple[Pointer, str]:
    """Where it shows that a document is no workflow, and the cure."""
    if kind in KINDS:
        return ("spec", "workflows"), FOREIGN.hint
    meant = nearest(str(kind or ""), KINDS, SLIP)
    return ("kind",), f"did you mean `{meant}`?" if meant else FOREIGN.hint


def _violations(manifest: Manifest, symbolic: bool) -> list[schema.Violation]:
    """What the schema refuses; without a target, a placeholder may stand for any plain value."""
    found = schema.check(manifest.document, symbolic=symbolic)
    if not symbolic:
        return found
    plain = {"string", "integer", "number", "boolean"}
    return found or [
        violation
        for violation in schema.check(manifest.document)
        if (place := schema.document().at(violation.pointer)) is None or not place.types & plain
    ]


_WORKFLOWS: Pointer = ("spec", "workflows")


def _further_workflows(manifest: Manifest) -> Iterable[schema.Violation]:
    """The service passes over all workflows but the first (docs/service.md B-02)."""
    workflows = manifest.document["spec"].get("workflows")
    if isinstance(workflows, list) and len(workflows) > 1:
        message = f"exactly one workflow in a document, found {len(workflows)}"
        yield schema.Violation((*_WORKFLOWS, 1), "maxItems", message, ONE_WORKFLOW.hint)


def _unknown_targets(manifest: Manifest, targets: Iterable[str]) -> Iterable[Problem]:
    """Names in `deployer.only` that no target has."""
    known = set(targets)
    only = (manifest.document.get("deployer") or {}).get("only") or ()
    for number, name in enumerate(only):
        if known and name not in known:
            pointer = ("deployer", "only", number)
            yield Problem(
                rule=TARGETS.id,
                severity=TARGETS.severity,
                message=f"no target `{name}`",
                location=locate(manifest, pointer),
                hint=rules.near(name, known) or TARGETS.hint,
                pointer=pointer_text(pointer),
            )


# --- overrides ------------------------------------------------------------------------------------


def _override_problems(manifest: Manifest, settings: Settings, target: Target) -> Iterable[Problem]:
    """What a target's override makes of a sound document must be a sound document too."""
    document = nested(manifest.document)
    path = _path(document)
    if path not in target.overrides:
        return
    overridden = {**document["spec"], "workflows": [workflow_object(manifest, target)]}
    violations = schema.check({**document, "spec": overridden})
    places = _in_config(settings, [_override(target, path)] if violations else [])
    for violation in violations:
        yield Problem(
            rule=OVERRIDE.id,
            severity="error",
            message=f"with this override `{manifest.file}` is invalid at "
            f"`{pointer_text(violation.pointer)}`: {violation.message}",
            location=places[_override(target, path)],
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
    unknown = [path for path in target.overrides if path not in known]
    places = _in_config(settings, [_override(target, path) for path in unknown])
    for path in unknown:
        yield Problem(
            rule=OVERRIDE.id,
            severity="error",
            message=f"no manifest has the path `{path}`",
            location=places[_override(target, path)],
            hint=rules.near(path, known) or OVERRIDE.hint,
        )


def _override(target: Target, path: str) -> Pointer:
    return ("targets", target.name, "overrides", path)


def _is_sound(checked: _Checked) -> bool:
    refused = {FOREIGN.id, UNSOUND.id, ONE_WORKFLOW.id}
    return not {problem.rule for problem in checked.problems} & refused


def _path(document: Mapping[str, Any]) -> str:
    """The path that a document says itself, before any override."""
    script = document["spec"]["workflows"][0].get("script") or {}
    return str(script.get("path") or "")


def _in_config(settings: Settings, pointers: Collection[Pointer]) -> Mapping[Pointer, Location]:
    """Where the keys that these pointers end with are written in deployer.yaml; it is read once."""
    if settings.config is None:
        return dict.fromkeys(pointers, Location("deployer.yaml", 1, 1))
    if not pointers:
        return {}
    written = documents.locate(settings.config.read_bytes(), ".yaml", pointers)
    return {each: Location(settings.config.name, *written[each].key) for each in pointers}
