"""One manifest by itself: read, checked by schema and by the rules for one document. No network.

How a file is read is left to `manifest`; what all manifests are together, to `load`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from deployer import rules, schema
from deployer.desired import workflow_object
from deployer.errors import InvalidManifests
from deployer.flowspec import KINDS, foreign_reason, nested
from deployer.manifest import Parsed, Values, complete, locate, locate_all, parse
from deployer.model import Location, Manifest, Pointer, Problem, Settings, Target
from deployer.nearest import SLIP, nearest
from deployer.reading import documents
from deployer.reading.documents import pointer_text
from deployer.reading.tree import Tree
from deployer.rules.subject import Subject
from deployer.rules.told_elsewhere import FOREIGN, ONE_WORKFLOW, OVERRIDE, TARGETS, UNSOUND

SYMBOLIC = Target(name="", project="", project_identifier="${projectIdentifier}")
"""Stands for a target when there is none: placeholders stay as they are written."""

Read = Callable[[Path, Tree], Parsed]
"""Reads the manifest at a path inside a project, as `manifest.parse` does."""


class Checked(NamedTuple):
    """One manifest: what is wrong with it by itself, and what else there is to know of it.

    `problems` are those of the document, `within` what the rules for one document found, whose places
    are not looked up yet, `used` the silences that these met. A `subject`, fit for the rules across
    documents, is there only if the file can be read and the schema takes it. `path` is the one that the
    document says itself, None where it is not known.
    """

    file: str
    problems: tuple[Problem, ...]
    scripts: frozenset[str]
    path: str | None = None
    subject: Subject | None = None
    within: tuple[rules.Told, ...] = ()
    used: frozenset[rules.Met] = frozenset()

    @property
    def broken(self) -> bool:
        """Whether an error stands in the way of a plan."""
        return _broken(self.problems) or any(each.severity == "error" for each in self.within)


def check(
    path: Path, settings: Settings, target: Target, tree: Tree, read: Read = parse
) -> Checked:
    """The manifest at a path, as one target sees it; `read` gives it before the target's values."""
    symbolic = target is SYMBOLIC
    values = None if symbolic else Values(target.vars, target.project_identifier)
    try:
        manifest = complete(read(path, tree), tree, values)
    except InvalidManifests as invalid:
        from deployer.reading.named_scripts import named_scripts  # for files that cannot be read

        file = tree.place(path)
        return Checked(file, invalid.problems, named_scripts(tree, file))
    problems = (*manifest.warnings, *_document_problems(manifest, symbolic))
    if not _broken(problems):
        problems += tuple(_override_problems(manifest, settings, target))
        problems += tuple(_unknown_targets(manifest, settings.targets))
    refused = {problem.rule for problem in problems} & {FOREIGN.id, UNSOUND.id, ONE_WORKFLOW.id}
    own = None if refused else _path(nested(manifest.document))
    found = Checked(manifest.file, problems, frozenset(manifest.scripts.values()), own)
    return found if _broken(problems) else _by_rules(found, Subject(manifest, target), settings)


def _by_rules(checked: Checked, subject: Subject, settings: Settings) -> Checked:
    told = list(rules.inside(subject))
    within = tuple(rules.judged(told, settings.rules))
    return checked._replace(subject=subject, within=within, used=rules.met(told))


def _broken(problems: Iterable[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def is_meant_for(target: Target, subject: Subject) -> bool:
    """Whether a workflow is deployed to a target: `deployer.only` may name the targets it is for."""
    only = subject.said.get("only")
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
    places = in_config(settings, [override(target, path)] if violations else [])
    for violation in violations:
        yield Problem(
            rule=OVERRIDE.id,
            severity="error",
            message=f"with this override `{manifest.file}` is invalid at "
            f"`{pointer_text(violation.pointer)}`: {violation.message}",
            location=places[override(target, path)],
            hint=violation.hint,
        )


def override(target: Target, path: str) -> Pointer:
    """Where the override of the workflow at a path stands in the configuration."""
    return ("targets", target.name, "overrides", path)


def _path(document: Mapping[str, Any]) -> str:
    """The path that a document says itself, before any override."""
    script = document["spec"]["workflows"][0].get("script") or {}
    return str(script.get("path") or "")


def in_config(settings: Settings, pointers: Collection[Pointer]) -> Mapping[Pointer, Location]:
    """Where the keys that these pointers end with are written in deployer.yaml; it is read once."""
    if settings.config is None:
        return dict.fromkeys(pointers, Location("deployer.yaml", 1, 1))
    if not pointers:
        return {}
    written = documents.locate(settings.config.read_bytes(), ".yaml", pointers)
    return {each: Location(settings.config.name, *written[each].key) for each in pointers}
