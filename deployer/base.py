"""What git held at the base of a plan: the workflows of one target, as the manifests there said them.

Which revision that is, is left to `base_ref`; what follows from it for a plan, to `origins`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deployer import config
from deployer.base_ref import Revision, named, of_ci
from deployer.comparing import Before
from deployer.desired import from_manifest
from deployer.errors import Conflict, InvalidManifests, UsageError
from deployer.load import load
from deployer.model import Location, Problem, Settings, Target, Workflow
from deployer.origins import base_of
from deployer.reading import git_files
from deployer.reading.git import Git, GitFailed
from deployer.reading.repository import repository_of
from deployer.reading.tree import Tree
from deployer.rules.told_elsewhere import BASE


@dataclass(frozen=True, slots=True)
class Base:
    """The workflows that git held for a target at a revision, by path."""

    ref: str
    commit: str
    workflows: Mapping[str, Workflow] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Since:
    """What git has to say for a plan: its base, None for a two-way plan, and the commit checked out.

    `warnings` say why there is no base where one was asked for. `prune`: what is gone from git since
    the base is to be deleted. `uncommitted`: files of the plan differ from the commit.
    """

    base: Base | None = None
    commit: str = ""
    warnings: tuple[Problem, ...] = ()
    prune: bool = False
    uncommitted: bool = False

    @property
    def workflows(self) -> Mapping[str, Workflow]:
        """What the base held, by path; nothing without a base."""
        return self.base.workflows if self.base else {}

    def of(self, desired: Workflow) -> Before:
        """What git held of a workflow, under its path or its former one."""
        return Before(base_of(desired, self.workflows), self.words, self.prune)

    @property
    def words(self) -> str:
        """The base in a sentence, the same for every name of its commit."""
        return f"commit {self.base.commit[:12]}" if self.base else ""


TWO_WAY = Since()
"""Git is not asked: manifests and workspace are compared with each other only."""


class _Unusable(Exception):
    """There is a base, and it tells nothing that a plan could be compared with."""


def since(settings: Settings, target: Target, ref: str | None, environ: Mapping[str, str]) -> Since:
    """The base `ref`; None is the one that CI stands for, if this is CI; empty is none at all.

    Raises UsageError for a revision that is not here. A revision whose files do not tell what the
    target was to hold gives a warning and no base.
    """
    git = Git(settings.root, environ)
    inside = repository_of(settings.root) is not None
    commit = git.commit("HEAD") if inside else ""
    revision = None
    if ref is not None:
        revision = named(ref, git) if ref else None
    elif inside:
        revision = of_ci(environ, git)
    if revision is None:
        return Since(commit=commit)
    try:
        return Since(_held(revision, settings, target, git), commit)
    except _Unusable as unusable:
        return Since(commit=commit, warnings=(_warning(revision, settings, str(unusable)),))


def _held(revision: Revision, settings: Settings, target: Target, git: Git) -> Base:
    if not revision.commit:
        raise _Unusable(revision.why)
    try:
        with git_files.opened(git, revision.commit) as tree:
            workflows = _workflows(tree, settings, target)
    except GitFailed as failed:
        raise _Unusable(str(failed)) from failed
    except InvalidManifests as invalid:
        first = next(each for each in invalid.problems if each.severity == "error")
        raise _Unusable(
            f"{invalid.what}, first {first.location.file}: {first.message}"
        ) from invalid
    except (Conflict, UsageError) as wrong:
        raise _Unusable(wrong.what) from wrong
    return Base(revision.ref, revision.commit, {each.path: each for each in workflows})


def _workflows(tree: Tree, now: Settings, target: Target) -> list[Workflow]:
    if now.config is None or not tree.is_file([now.config.name]):
        raise _Unusable("there was no deployer.yaml")
    then = config.load_from(tree, now.config)
    there = then.targets.get(target.name)
    if there is None:
        raise _Unusable(f"there was no target `{target.name}`")
    if (there.project, there.place) != (target.project, target.place):
        raise _Unusable(f"target `{target.name}` was another workspace")
    loaded = load(then, there, tree=tree, none=True)
    if loaded.errors:
        raise InvalidManifests(loaded.problems)
    return [from_manifest(subject.manifest, there) for subject in loaded.subjects]


def _warning(revision: Revision, settings: Settings, why: str) -> Problem:
    file = settings.config.name if settings.config else "."
    return Problem(
        BASE.id,
        BASE.severity,
        f"{revision.ref} is no base for this plan: {why}; "
        "what somebody else changed cannot be told from what this change does",
        Location(file, 1, 1),
        BASE.hint,
    )
