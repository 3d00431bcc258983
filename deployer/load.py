"""Files → checked manifests: what one target is to hold, and every problem found. No network.

How a file is read is left to `manifest`; what a workflow may say, to `schema` and `rules`.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from deployer import rules
from deployer.checking import (
    SYMBOLIC,
    Checked,
    Read,
    check,
    in_config,
    is_meant_for,
    override,
)
from deployer.errors import UsageError
from deployer.manifest import parse
from deployer.model import Problem, Settings, Target
from deployer.reading.manifest_files import manifest_files
from deployer.reading.tree import Folder, Tree
from deployer.rules.subject import Subject
from deployer.rules.told_elsewhere import OVERRIDE

__all__ = ["SYMBOLIC", "Loaded", "files", "load", "nothing_to_load", "together"]


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
    Raises what `files` raises.
    """
    tree = tree or Folder(settings.root)
    found = files(settings, paths, tree, none=none)
    return together([check(each, settings, target, tree, read) for each in found], settings, target)


def files(
    settings: Settings, paths: Sequence[Path], tree: Tree, *, none: bool = False
) -> list[Path]:
    """The manifests of the project, or those at `paths`.

    Raises UsageError where there is none at all, unless a project may have `none`, and where the
    configuration sets a rule that cannot be set.
    """
    _check_rules(settings)
    found = manifest_files(settings, paths, tree)
    if not found and not (none and settings.config):
        raise nothing_to_load(settings, paths)
    return found


def together(checked: Sequence[Checked], settings: Settings, target: Target) -> Loaded:
    """Manifests that were checked by themselves, checked by the rules across them."""
    if not checked:
        return Loaded((), settings.warnings, {}, settings.scope)
    sound = [each.subject for each in checked if each.subject]
    meant = [subject for subject in sound if is_meant_for(target, subject)]
    whole = settings.config is not None and len(sound) == len(checked)
    across = [each for each in rules.across(meant) if whole or not each.finding.needs_all]
    within = chain.from_iterable(each.within for each in checked)
    between = rules.judged(across, settings.rules)
    used = rules.met(across)
    unused = rules.unused_silences(meant, used.union(*(each.used for each in checked)))
    problems = [
        *settings.warnings,
        *chain.from_iterable(each.problems for each in checked),
        *rules.placed([*within, *between, *(unused if whole else ())]),
        *_unused_overrides(checked, settings, target),
    ]
    broken = {each.file for each in checked if each.broken}
    subjects = tuple(subject for subject in meant if subject.manifest.file not in broken)
    sources = {each.file: each.scripts for each in checked}
    elsewhere = frozenset(each.path for each in sound if not is_meant_for(target, each))
    return Loaded(subjects, tuple(problems), sources, settings.scope, elsewhere)


def _check_rules(settings: Settings) -> None:
    """`rules:` names rules that exist, and none that everything after relies on."""
    for rule in settings.rules:
        what, hint = rules.refusal(rule)
        if what:
            pointer = ("rules", rule)
            place = in_config(settings, [pointer])[pointer]
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


def _unused_overrides(
    checked: Sequence[Checked], settings: Settings, target: Target
) -> Iterable[Problem]:
    """Overrides of workflows that do not exist; silent while a manifest cannot be read."""
    known = [each.path for each in checked if each.path is not None]
    if len(known) < len(checked):
        return
    unknown = [path for path in target.overrides if path not in known]
    places = in_config(settings, [override(target, path) for path in unknown])
    for path in unknown:
        yield Problem(
            rule=OVERRIDE.id,
            severity="error",
            message=f"no manifest has the path `{path}`",
            location=places[override(target, path)],
            hint=rules.near(path, known) or OVERRIDE.hint,
        )
