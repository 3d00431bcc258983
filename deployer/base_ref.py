"""Which revision of git a plan is made against: the one that is named, else the one that CI stands for.

What that revision holds is left to `base`.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import UsageError
from deployer.reading import json_reader
from deployer.reading.git import Git, GitFailed
from deployer.reading.source import MAX_BYTES, Irregular, decode

_OID = frozenset("0123456789abcdef")
_OID_LENGTHS = (40, 64)
_WITHOUT = "or write `--base=` for a plan that asks no revision"


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision as it was named, or as CI means it, and the full name of its commit.

    Without a commit, `why` says what stands in the way of knowing one.
    """

    ref: str
    commit: str = ""
    why: str = ""


def named(ref: str, git: Git) -> Revision:
    """The revision of that name. Raises UsageError for one that is not here."""
    commit = git.commit(ref)
    if commit:
        return Revision(ref, commit)
    try:
        shallow = git.is_shallow()
    except GitFailed as failed:
        raise UsageError(
            f"git cannot be asked for the base `{ref}`",
            where=str(git.folder),
            why=str(failed),
            hint="run the command inside of a git repository, " + _WITHOUT,
        ) from failed
    if shallow:
        raise _cut_off(ref, _fetch_of(ref, git))
    raise UsageError(
        f"no revision `{ref}` in this repository",
        where=str(git.folder),
        hint="name a branch, tag or commit that is here; `git fetch` brings what others pushed",
    )


def of_ci(environ: Mapping[str, str], git: Git) -> Revision | None:
    """The revision that a run of CI is to be compared with; None where its provider names none.

    GitHub and GitLab are known. On the provider's own merge commit it is the first parent, else the
    merge base with the target branch; after a push it is what the branch held before. Raises
    UsageError for a base that a shallow clone lacks.
    """
    found = None
    try:
        if environ.get("GITHUB_ACTIONS") == "true":
            found = _of_github(environ, git)
        elif environ.get("GITLAB_CI") == "true":
            found = _of_gitlab(environ, git)
    except GitFailed as failed:
        return Revision("the base of this run", why=str(failed))
    return found


# --- providers ------------------------------------------------------------------------------------


def _of_github(environ: Mapping[str, str], git: Git) -> Revision | None:
    branch = environ.get("GITHUB_BASE_REF", "")
    if branch:
        merged = environ.get("GITHUB_REF", "").endswith("/merge")
        own = merged and _first_parent(environ.get("GITHUB_SHA", ""), git)
        return own or _merge_base(branch, git)
    event = _event(environ.get("GITHUB_EVENT_PATH", ""))
    return _before(event.get("before"), git)


def _of_gitlab(environ: Mapping[str, str], git: Git) -> Revision | None:
    branch = environ.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "")
    kind = environ.get("CI_MERGE_REQUEST_EVENT_TYPE", "")
    if kind in ("merged_result", "merge_train"):
        own = _first_parent(environ.get("CI_COMMIT_SHA", ""), git)
        if own:
            return own
    if told := environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", ""):
        return _known(told, "the merge base", git)
    return _merge_base(branch, git) if branch else _before(environ.get("CI_COMMIT_BEFORE_SHA"), git)


def _first_parent(merge: str, git: Git) -> Revision | None:
    """The first parent of the provider's merge commit; None if that is not what is checked out."""
    head = git.commit("HEAD")
    parents = git.parents(head) if head else []
    return _known(parents[0], "HEAD^1", git) if head == merge and len(parents) == 2 else None


def _before(told: object, git: Git) -> Revision | None:
    """What a branch held before a push; nothing if the push made the branch."""
    if not isinstance(told, str) or not _is_id(told) or not told.strip("0"):
        return None
    return _known(told, "the commit before the push", git)


def _known(commit: str, ref: str, git: Git) -> Revision:
    if git.commit(commit):
        return Revision(ref, commit)
    if git.is_shallow():
        raise _cut_off(ref, _fetch_of(commit, git))
    return Revision(ref, why=f"commit {commit} is not in this repository")


def _merge_base(branch: str, git: Git) -> Revision:
    ref = f"the merge base with {branch}"
    remote = _remote(git)
    tip = git.commit(f"refs/remotes/{remote}/{branch}")
    commit = tip and git.merge_base(tip, "HEAD")
    if commit:
        return Revision(ref, commit)
    if git.is_shallow():
        raise _cut_off(ref, _fetch(remote, "--unshallow", _refspec(remote, branch)))
    if not tip:
        why = f"branch {branch} is not here: {_fetch(remote, '', _refspec(remote, branch))}"
        return Revision(ref, why=why)
    return Revision(ref, why=f"there is no common ancestor with {branch}")


def _event(path: str) -> Mapping[str, object]:
    """The event of GitHub that a run is for; nothing if that cannot be told."""
    try:
        with Path(path).open("rb") as file:
            value = json_reader.parse(decode(file.read(MAX_BYTES))).value
    except (OSError, Irregular):
        return {}
    return value if isinstance(value, dict) else {}


# --- what a shallow clone lacks -------------------------------------------------------------------


def _cut_off(ref: str, command: str) -> UsageError:
    return UsageError(
        f"the base is missing in this shallow clone: {ref}",
        why="the repository was cloned without that part of its history; a checkout with "
        "`fetch-depth: 0` on GitHub, `GIT_DEPTH: 0` on GitLab has all of it",
        hint=f"run `{command}` first, {_WITHOUT}",
    )


def _fetch_of(ref: str, git: Git) -> str:
    """The command that brings a revision which is not here."""
    remote = _remote(git)
    if _is_id(ref):
        return _fetch(remote, "--depth=1", ref)
    branch = ref.removeprefix("refs/remotes/").removeprefix(f"{remote}/")
    if branch != ref and not set(branch) & set("^~:@{ "):
        return _fetch(remote, "--depth=1", _refspec(remote, branch))
    return _fetch(remote, "--unshallow", "")


def _refspec(remote: str, branch: str) -> str:
    return f"+refs/heads/{branch}:refs/remotes/{remote}/{branch}"


def _fetch(remote: str, depth: str, what: str) -> str:
    parts = ["git", "fetch", "--no-tags", depth, remote, what]
    return shlex.join(part for part in parts if part)


def _remote(git: Git) -> str:
    """The remote to fetch from: `origin`, or the only one that there is."""
    names = git.text("remote").split("\n")
    return names[0] if names[0] and "origin" not in names else "origin"


def _is_id(text: str) -> bool:
    return len(text) in _OID_LENGTHS and set(text) <= _OID
