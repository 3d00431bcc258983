"""Which revision a plan is made against: as named, as CI stands for, and what a shallow clone lacks."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from deployer.base_ref import Revision, named, of_ci
from deployer.errors import UsageError
from deployer.reading.git import Git
from tests.git_kit import ENVIRON, begin, clone, commit, git

ZEROS = "0" * 40


class History:
    """A repository with a branch that was merged by a provider.

    main:    first - second ----- merge (of second and change)
    branch:       \\- change ----/
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        begin(folder)
        (folder / "a").write_text("1")
        self.first = commit(folder, "first")
        git(folder, "checkout", "-q", "-b", "branch")
        self.change = commit(folder, "change")
        git(folder, "checkout", "-q", "main")
        self.second = commit(folder, "second")
        git(folder, "checkout", "-q", "-b", "merged")
        git(folder, "merge", "-q", "--no-ff", "-m", "merge", "branch")
        self.merge = git(folder, "rev-parse", "HEAD")
        git(folder, "checkout", "-q", "main")

    def clone(self, folder: Path, head: str, *options: str) -> Git:
        """A clone as CI makes it, with that branch checked out, of the depth in the options."""
        clone(self.folder, folder, "--branch", head, *options)
        return Git(folder, ENVIRON)


@pytest.fixture
def history(tmp_path: Path) -> History:
    """A repository to be cloned."""
    return History(tmp_path / "origin")


def github(tmp_path: Path, event: object = None, **said: str) -> Mapping[str, str]:
    """The environment of a run on GitHub."""
    (tmp_path / "event.json").write_text(json.dumps(event or {}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        **said,
    }


def missing(git: Git, environ: Mapping[str, str] | str) -> str:
    """The command that a refusal for a shallow clone names."""
    with pytest.raises(UsageError) as raised:
        named(environ, git) if isinstance(environ, str) else of_ci(environ, git)
    assert "missing in this shallow clone" in raised.value.what
    assert raised.value.exit_code == 64
    return raised.value.hint.split("`")[1]


# --- as named -------------------------------------------------------------------------------------


def test_a_named_revision(history: History) -> None:
    """A branch, a tag, a commit, and what leads to one."""
    there = Git(history.folder, ENVIRON)
    git(history.folder, "tag", "-a", "v1", "-m", "v1", history.first)
    for ref, expected in (
        ("main", history.second),
        ("v1", history.first),
        ("main~1", history.first),
        (history.change[:10], history.change),
    ):
        assert named(ref, there) == Revision(ref, expected)


@pytest.mark.parametrize("ref", ["nowhere", "--all", "-h", "main:a", "0123" * 10, "a\nb"])
def test_a_revision_that_is_not_there(history: History, ref: str) -> None:
    """A mistake of usage, which says where it was looked for."""
    with pytest.raises(UsageError) as raised:
        named(ref, Git(history.folder, ENVIRON))
    assert raised.value.what == f"no revision `{ref}` in this repository"


def test_no_repository(tmp_path: Path) -> None:
    """Git's own reason, and a way out."""
    with pytest.raises(UsageError) as raised:
        named("main", Git(tmp_path, ENVIRON))
    assert "not a git repository" in raised.value.why
    assert "--base=" in raised.value.hint


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("HEAD~1", "git fetch --no-tags --unshallow origin"),
        ("main", "git fetch --no-tags --unshallow origin"),
        (
            "origin/main",
            "git fetch --no-tags --depth=1 origin +refs/heads/main:refs/remotes/origin/main",
        ),
    ],
)
def test_a_named_revision_in_a_shallow_clone(
    history: History, tmp_path: Path, ref: str, expected: str
) -> None:
    """The very command that brings it, after which it is there."""
    shallow = history.clone(tmp_path / "clone", "branch", "--depth=1")
    command = missing(shallow, ref)
    assert command == expected
    git(shallow.folder, *command.split()[1:])
    if ref != "main":  # other branches are not fetched by depth alone, as git's own users know
        assert named(ref, shallow).commit


# --- GitHub ---------------------------------------------------------------------------------------


def test_the_merge_commit_of_a_pull_request(history: History, tmp_path: Path) -> None:
    """Its first parent is what the target branch holds now."""
    said = github(
        tmp_path,
        GITHUB_BASE_REF="main",
        GITHUB_REF="refs/pull/7/merge",
        GITHUB_SHA=history.merge,
    )
    full = history.clone(tmp_path / "full", "merged")
    assert of_ci(said, full) == Revision("HEAD^1", history.second)
    shallow = history.clone(tmp_path / "shallow", "merged", "--depth=1")
    command = missing(shallow, said)
    assert command == f"git fetch --no-tags --depth=1 origin {history.second}"
    git(shallow.folder, *command.split()[1:])
    assert of_ci(said, shallow) == Revision("HEAD^1", history.second)


def test_a_pull_request_without_its_merge_commit(history: History, tmp_path: Path) -> None:
    """The branch itself is checked out: it is compared with where it left the target branch."""
    said = github(
        tmp_path,
        GITHUB_BASE_REF="main",
        GITHUB_REF="refs/pull/7/merge",
        GITHUB_SHA=history.merge,
    )
    full = history.clone(tmp_path / "full", "branch")
    assert of_ci(said, full) == Revision("the merge base with main", history.first)
    shallow = history.clone(tmp_path / "shallow", "branch", "--depth=1")
    command = missing(shallow, said)
    assert command == (
        "git fetch --no-tags --unshallow origin +refs/heads/main:refs/remotes/origin/main"
    )
    git(shallow.folder, *command.split()[1:])
    assert of_ci(said, shallow) == Revision("the merge base with main", history.first)


def test_a_merge_that_is_not_the_providers(history: History, tmp_path: Path) -> None:
    """A merge of one's own on the branch has the branch as its first parent."""
    said = github(
        tmp_path, GITHUB_BASE_REF="main", GITHUB_REF="refs/pull/7/merge", GITHUB_SHA=history.first
    )
    full = history.clone(tmp_path / "full", "merged")
    assert of_ci(said, full) == Revision("the merge base with main", history.second)


def test_a_push(history: History, tmp_path: Path) -> None:
    """What the branch held before."""
    said = github(tmp_path, {"before": history.first})
    full = history.clone(tmp_path / "full", "main")
    expected = Revision("the commit before the push", history.first)
    assert of_ci(said, full) == expected
    shallow = history.clone(tmp_path / "shallow", "main", "--depth=1")
    command = missing(shallow, said)
    assert command == f"git fetch --no-tags --depth=1 origin {history.first}"
    git(shallow.folder, *command.split()[1:])
    assert of_ci(said, shallow) == expected


@pytest.mark.parametrize("before", [None, ZEROS, 7, "", "main", "--all"])
def test_a_run_that_stands_for_no_base(history: History, tmp_path: Path, before: object) -> None:
    """A new branch, a schedule, a run by hand."""
    assert of_ci(github(tmp_path, {"before": before}), Git(history.folder, ENVIRON)) is None


@pytest.mark.parametrize("event", ["", "[]", "{", '{"before": ', "\xff", '{"a": 1, "a": 2}'])
def test_an_event_that_cannot_be_read(history: History, tmp_path: Path, event: str) -> None:
    """It stands for no base."""
    said = github(tmp_path)
    (tmp_path / "event.json").write_bytes(event.encode("latin-1"))
    assert of_ci(said, Git(history.folder, ENVIRON)) is None


def test_a_branch_that_was_rewritten(history: History, tmp_path: Path) -> None:
    """What it held before is not in a full clone: there is no base, and a reason."""
    full = history.clone(tmp_path / "full", "main")
    found = of_ci(github(tmp_path, {"before": "0123" * 10}), full)
    assert found == Revision(
        "the commit before the push", why=f"commit {'0123' * 10} is not in this repository"
    )


def test_a_target_branch_that_is_not_here(history: History, tmp_path: Path) -> None:
    """The reason names the command that brings it; a hostile name stays one word."""
    full = history.clone(tmp_path / "full", "branch", "--single-branch")
    found = of_ci(github(tmp_path, GITHUB_BASE_REF="main;rm -rf ~"), full)
    assert found is not None
    assert found.why.endswith(
        "git fetch --no-tags origin '+refs/heads/main;rm -rf ~:refs/remotes/origin/main;rm -rf ~'"
    )


# --- GitLab and others ----------------------------------------------------------------------------


def test_a_merge_request(history: History, tmp_path: Path) -> None:
    """The base that GitLab names; the first parent of the merge that it made; else the merge base."""
    said = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    told = {**said, "CI_MERGE_REQUEST_DIFF_BASE_SHA": history.first}
    merged = {
        **told,
        "CI_MERGE_REQUEST_EVENT_TYPE": "merged_result",
        "CI_COMMIT_SHA": history.merge,
    }
    branch = history.clone(tmp_path / "branch", "branch")
    assert of_ci(told, branch) == Revision("the merge base", history.first)
    assert of_ci(said, branch) == Revision("the merge base with main", history.first)
    assert of_ci(merged, branch) == Revision("the merge base", history.first)
    result = history.clone(tmp_path / "merged", "merged")
    assert of_ci(merged, result) == Revision("HEAD^1", history.second)


def test_a_push_on_gitlab(history: History, tmp_path: Path) -> None:
    """What the branch held before, nothing for a new one."""
    full = history.clone(tmp_path / "full", "main")
    said = {"GITLAB_CI": "true", "CI_COMMIT_BEFORE_SHA": history.first}
    assert of_ci(said, full) == Revision("the commit before the push", history.first)
    assert of_ci({**said, "CI_COMMIT_BEFORE_SHA": ZEROS}, full) is None


@pytest.mark.parametrize("said", [{}, {"CI": "true"}, {"GITHUB_BASE_REF": "main"}])
def test_elsewhere(history: History, said: dict[str, str]) -> None:
    """On a desk, and in CI that says nothing of its base, a base has to be named."""
    assert of_ci(said, Git(history.folder, ENVIRON)) is None


def test_git_that_refuses(history: History, tmp_path: Path) -> None:
    """Its reason is kept, the plan goes on without."""
    found = of_ci(github(tmp_path, {"before": history.first}), Git(tmp_path, ENVIRON))
    assert found is not None
    assert "not a git repository" in found.why
