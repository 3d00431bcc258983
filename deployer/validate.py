"""Every problem in the manifests, as all targets see them, narrowed to the files asked for.

Everything is always loaded, because rules across files need it; PATHS only choose what is reported.
"""

import os
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from deployer.errors import UsageError
from deployer.load import SYMBOLIC, Loaded, load
from deployer.manifest import parse
from deployer.model import Problem, Settings, Target
from deployer.rules.told_elsewhere import SILENCE


class Validated(NamedTuple):
    """What is to be reported: problems, of which manifests, and PATHS without use."""

    problems: tuple[Problem, ...]
    manifests: tuple[str, ...]
    skipped: tuple[str, ...] = ()


def validate(settings: Settings, paths: Sequence[Path] = ()) -> Validated:
    """Checks the manifests for the chosen target, else for every target, else without any.

    Without a `deployer.yaml` the paths are the manifests; with one, they choose what is reported.
    Raises UsageError for a path that does not exist and where there is no manifest.
    """
    chosen = [settings.target] if settings.target else list(settings.targets.values())
    named = () if settings.config else paths
    read = cache(parse)  # each file once, however many targets there are
    results = [(target, load(settings, target, named, read)) for target in chosen or [SYMBOLIC]]
    found = Validated(_merged(results), tuple(results[0][1].sources))
    return _narrowed(found, results, settings, paths) if paths and settings.config else found


def _merged(results: Sequence[tuple[Target, Loaded]]) -> tuple[Problem, ...]:
    """Each problem once; one that only some of several targets have says which.

    A silence that is of use for one target is of use.
    """
    targets: dict[Problem, list[Target]] = {}
    for target, loaded in results:
        for problem in dict.fromkeys(loaded.problems):
            targets.setdefault(problem, []).append(target)
    everywhere = _of_all(targets, len(results))
    merged = (
        _merge(problem, having, len(results), everywhere)
        for problem, having in targets.items()
        if problem.rule != SILENCE.id or len(having) == len(results)
    )
    return tuple(dict.fromkeys(merged))


def _merge(
    problem: Problem, having: Sequence[Target], all_targets: int, everywhere: Container[Problem]
) -> Problem:
    """A problem as it is for all targets, else as it is for any one of them, else with their names."""
    if len(having) == all_targets:
        return problem
    if (for_any := _for_any(problem, having[0])) in everywhere:
        return for_any
    names = ", ".join(f"`{target.name}`" for target in having)
    return replace(problem, message=f"{problem.message} (target {names})")


def _of_all(targets: Mapping[Problem, Sequence[Target]], all_targets: int) -> frozenset[Problem]:
    """The problems that every target has, but for the name of its project."""
    names: dict[Problem, set[str]] = {}
    for problem, having in targets.items():
        for target in having:
            names.setdefault(_for_any(problem, target), set()).add(target.name)
    return frozenset(problem for problem, having in names.items() if len(having) == all_targets)


def _for_any(problem: Problem, target: Target) -> Problem:
    """A problem with outputs of the target's project as a file for several targets writes them."""
    if not target.project_identifier:
        return problem
    own, any_ = f"`{target.project_identifier}.", "`${projectIdentifier}."
    message, hint = problem.message.replace(own, any_), problem.hint.replace(own, any_)
    return replace(problem, message=message, hint=hint)


# --- PATHS ----------------------------------------------------------------------------------------


def _narrowed(
    found: Validated,
    results: Iterable[tuple[Target, Loaded]],
    settings: Settings,
    paths: Sequence[Path],
) -> Validated:
    """Only what concerns the paths: a script file means its manifest, deployer.yaml means all."""
    sources: dict[str, set[str]] = {}
    for _, loaded in results:
        for manifest, scripts in loaded.sources.items():
            sources.setdefault(manifest, {manifest}).update(scripts)
    wanted = {str(path): _within(path, settings.root) for path in paths}
    if settings.config and settings.config.name in wanted.values():
        return found
    meant = {
        manifest
        for manifest, files in sources.items()
        if any(_covers(each, file) for each in wanted.values() for file in files)
    }
    problems = [
        problem
        for problem in found.problems
        if problem.location.file in meant
        or any(_covers(each, problem.location.file) for each in wanted.values())
    ]
    known = set().union(*sources.values(), (problem.location.file for problem in problems))
    skipped = [
        path for path, each in wanted.items() if not any(_covers(each, file) for file in known)
    ]
    return Validated(tuple(problems), tuple(sorted(meant)), tuple(skipped))


def _within(path: Path, root: Path) -> str | None:
    """A path relative to the project folder; None outside of it."""
    if not os.path.lexists(path):
        raise UsageError(f"no such file: `{path}`", where=str(path), hint="check the path")
    whole = path.resolve() if path.is_dir() else path.parent.resolve() / path.name
    root = root.resolve()
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else None


def _covers(wanted: str | None, file: str) -> bool:
    return wanted is not None and (wanted in (file, ".") or file.startswith(f"{wanted}/"))
