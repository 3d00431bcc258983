"""Files of a revision of git: the same names, limits and refusals as for files on disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import InvalidManifests
from deployer.manifest import Values, read
from deployer.model import Settings
from deployer.reading import manifest_files as globs
from deployer.reading.git import Git, GitFailed
from deployer.reading.git_files import Revision, opened
from deployer.reading.manifest_files import manifest_files
from deployer.reading.project_files import FileRefused, TooLarge
from deployer.reading.tree import Folder
from tests.git_kit import ENVIRON, begin, commit, git

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with nothing in it yet."""
    begin(tmp_path / "repo")
    return tmp_path / "repo"


def write(root: Path, name: str, data: bytes | str = b"x") -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data if isinstance(data, bytes) else data.encode())


@contextmanager
def revision(root: Path, commit: str = "HEAD") -> Iterator[Revision]:
    with opened(Git(root, ENVIRON), commit) as tree:
        yield tree


def refused(root: Path, name: str) -> tuple[str, str]:
    """Why the file is not read, from git and from disk, which must agree."""
    told = []
    with revision(root) as tree:
        for each in (tree, Folder(root)):
            with pytest.raises(FileRefused) as raised:
                each.read(name)
            told.append((raised.value.message, raised.value.hint))
    assert told[0][0] == told[1][0]
    return told[0]


# --- contents -------------------------------------------------------------------------------------


def test_a_revision_is_read_as_it_was(root: Path) -> None:
    """Whatever the folder holds by now; nothing is checked out."""
    write(root, "flows/a.sql", "one\r\n")
    write(root, "flows/empty.sql", "")
    first = commit(root)
    write(root, "flows/a.sql", "two")
    (root / "flows/empty.sql").unlink()
    commit(root)
    with revision(root, first) as tree:
        assert tree.read("flows/a.sql").data == b"one\r\n"
        assert tree.read("flows/empty.sql").data == b""
        assert tree.read("flows/a.sql").data == b"one\r\n"
    assert (root / "flows/a.sql").read_text() == "two"


ODD = [
    "with space.sql",
    "new\nline.sql",
    "ünï/中文.sql",
    "tab\t.sql",
    '"quoted".sql',
    "-x",
    "a*b?[c]",
]


@pytest.mark.parametrize("name", [*ODD, os.fsdecode(b"not-utf8-\xff.sql")])
def test_any_name_is_read(root: Path, name: str) -> None:
    """No name is part of what git is asked."""
    write(root, name, name.encode("utf-8", "surrogateescape"))
    commit(root)
    with revision(root) as tree:
        assert tree.read(name).data == name.encode("utf-8", "surrogateescape")
        assert list(tree.walk(())) == [tuple(name.split("/"))]


@pytest.mark.parametrize("inside", ["sub/folder", "odd [x]* name", "ünï"])
def test_a_project_in_a_folder_of_its_repository(root: Path, inside: str) -> None:
    """Names are relative to the project folder, and what is beside it is not seen."""
    write(root, f"{inside}/flows/a.yaml")
    write(root, f"{inside}-not/flows/b.yaml")
    write(root, "flows/c.yaml")
    commit(root)
    with revision(root / inside) as tree:
        assert list(tree.walk(())) == [("flows", "a.yaml")]
        assert tree.read("flows/a.yaml").data == b"x"


def test_a_folder_that_the_revision_lacks_is_empty(root: Path) -> None:
    """It was made since."""
    commit(root)
    write(root, "new/a.yaml")
    with revision(root / "new") as tree:
        assert list(tree.walk(())) == []


def test_line_ends_do_not_matter(root: Path) -> None:
    """A manifest with Windows line ends is the same document, from git and from disk."""
    text = "version: 1.1.0\nspec:\n  a: |\n    one\n    two\n  script: {file: a.sql}\n"
    for name, ends in (("unix", "\n"), ("dos", "\r\n")):
        write(root, f"{name}.yaml", text.replace("\n", ends))
    write(root, "a.sql", "one\r\n")
    commit(root)
    with revision(root) as tree:
        found = [
            read(root / f"{name}.yaml", where, Values({}, "shop")).document
            for name in ("unix", "dos")
            for where in (tree, Folder(root))
        ]
    assert [each == found[0] for each in found] == [True] * 4


# --- refusals -------------------------------------------------------------------------------------


def test_a_pointer_of_lfs_is_refused(root: Path) -> None:
    """The text is not the script: deploying it would be a mishap."""
    write(root, "a.sql", POINTER)
    commit(root)
    message, hint = refused(root, "a.sql")
    assert message == "a pointer of Git LFS, not the file itself"
    assert "git lfs pull" in hint


def test_a_file_that_is_too_large_is_refused(root: Path) -> None:
    """And the next one is read as if nothing had been."""
    write(root, "large.sql", b"x" * (1 << 20))
    write(root, "small.sql", "small")
    commit(root)
    with revision(root) as tree:
        with pytest.raises(TooLarge):
            tree.read("large.sql", (1 << 20) - 1)
        assert tree.read("small.sql").data == b"small"
        assert len(tree.read("large.sql", 1 << 20).data) == 1 << 20


@pytest.mark.parametrize(
    ("leads", "message"),
    [
        ("../../outside.sql", "link leaves the project folder"),
        ("/etc/hostname", "link leaves the project folder"),
        ("a.sql", "link loop"),
        ("nothing.sql", "no such file"),
        ("..", "not a regular file"),
        ("b.sql/x", "no such file"),
    ],
)
def test_links_that_lead_nowhere_good(root: Path, leads: str, message: str) -> None:
    """A link is followed inside the project only, as on disk."""
    write(root, "flows/b.sql")
    write(root.parent, "outside.sql")
    (root / "flows/a.sql").symlink_to(leads)
    commit(root)
    assert refused(root, "flows/a.sql")[0] == message


def test_links_inside_the_project_are_followed(root: Path) -> None:
    """To files, and through folders."""
    write(root, "shared/sql/a.sql", "text")
    (root / "flows").mkdir()
    (root / "flows/sql").symlink_to("../shared/./sql")
    (root / "flows/b.sql").symlink_to("sql/../sql/a.sql")
    commit(root)
    with revision(root) as tree:
        assert tree.read("flows/sql/a.sql").data == b"text"
        assert tree.read("flows/b.sql").data == b"text"


def test_what_is_missing_is_said(root: Path) -> None:
    """With what was meant, perhaps."""
    write(root, "flows/load.sql")
    commit(root)
    assert refused(root, "flows/laod.sql")[0] == "no such file"
    assert refused(root, "flows")[0] == "not a regular file"
    with revision(root) as tree:
        assert tree.names("flows") == ["load.sql"]
        assert tree.names("other") == []


def test_a_submodule_is_no_file(root: Path, tmp_path: Path) -> None:
    """What is in it is not in this repository; listing passes over it."""
    begin(tmp_path / "other")
    write(tmp_path / "other", "a.yaml")
    commit(tmp_path / "other")
    write(root, "flows/a.yaml")
    git(root, "submodule", "add", "-q", str(tmp_path / "other"), "flows/sub")
    commit(root)
    with revision(root) as tree:
        assert sorted(tree.walk(("flows",))) == [("a.yaml",)]
        with pytest.raises(FileRefused) as raised:
            tree.read("flows/sub")
        assert raised.value.hint == "it is a submodule"
        with pytest.raises(FileRefused):
            tree.read("flows/sub/a.yaml")


def test_an_object_that_is_not_here_is_refused(root: Path) -> None:
    """As in a damaged or partial clone."""
    write(root, "a.sql", "text")
    commit(root)
    identity = git(root, "rev-parse", "HEAD:a.sql")
    (root / ".git/objects" / identity[:2] / identity[2:]).unlink()
    with revision(root) as tree, pytest.raises(FileRefused) as raised:
        tree.read("a.sql")
    assert "git does not have its content" in raised.value.message


def test_no_such_commit(root: Path) -> None:
    """Git's own words."""
    commit(root)
    with pytest.raises(GitFailed, match="not a tree object"), revision(root, "0123" * 10):
        pass


# --- globs ----------------------------------------------------------------------------------------


def found(root: Path, tree: Revision | Folder, *patterns: str) -> list[str]:
    files = manifest_files(Settings(root, root / "deployer.yaml", patterns, {}), (), tree)
    return [file.relative_to(root).as_posix() for file in files]


NAMES = st.lists(
    st.lists(st.sampled_from(["a", "b.yaml", ".c", ".git2", "é"]), min_size=1, max_size=3),
    min_size=1,
    max_size=6,
)


@given(NAMES, st.sampled_from(["**/*.yaml", "a/**/*", "*/*", "a/b.yaml", "**/.c", "a", "é/*"]))
def test_globs_find_the_same_in_git_as_on_disk(
    tmp_path_factory: pytest.TempPathFactory, names: list[list[str]], pattern: str
) -> None:
    """For any folder and pattern."""
    root = tmp_path_factory.mktemp("globs")
    begin(root)
    for parts in names:
        above = [root / "/".join(parts[:end]) for end in range(1, len(parts))]
        if not any(each.is_file() for each in above) and not root.joinpath(*parts).is_dir():
            write(root, "/".join(parts))
    commit(root)
    with revision(root) as tree:
        assert found(root, tree, pattern) == found(root, Folder(root), pattern)


def test_globs_and_links(root: Path) -> None:
    """Links to files count, links to folders are not walked through, broken ones are found."""
    write(root, "real/a.yaml")
    (root / "flows").mkdir()
    (root / "flows/file.yaml").symlink_to("../real/a.yaml")
    (root / "flows/folder.yaml").symlink_to("../real")
    (root / "flows/broken.yaml").symlink_to("nothing")
    (root / "linked").symlink_to("real")
    commit(root)
    for patterns in (["flows/**/*.yaml"], ["linked/*.yaml"], ["flows/broken.yaml"], ["linked"]):
        with revision(root) as tree:
            assert found(root, tree, *patterns) == found(root, Folder(root), *patterns)


def test_the_size_of_all_manifests_is_limited(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limit as on disk."""
    write(root, "a.yaml", "x" * 10)
    write(root, "b.yaml", "x" * 11)
    commit(root)
    with revision(root) as tree:
        monkeypatch.setattr(globs, "MAX_TOTAL_BYTES", 21)
        assert found(root, tree, "*.yaml") == ["a.yaml", "b.yaml"]
        monkeypatch.setattr(globs, "MAX_TOTAL_BYTES", 20)
        with pytest.raises(InvalidManifests):
            found(root, tree, "*.yaml")


# --- git itself -----------------------------------------------------------------------------------


def test_hooks_do_not_lead_git_elsewhere(root: Path, tmp_path: Path) -> None:
    """Variables that a hook sets name the repository of the hook, relative to its folder."""
    write(root, "sub/a.sql", "text")
    commit(root)
    environ = {**ENVIRON, "GIT_DIR": ".git", "GIT_INDEX_FILE": "x", "GIT_WORK_TREE": str(tmp_path)}
    with opened(Git(root / "sub", environ), "HEAD") as tree:
        assert tree.read("a.sql").data == b"text"


def test_replacements_are_not_believed(root: Path) -> None:
    """What a commit holds is what its id says."""
    write(root, "a.sql", "one")
    commit(root)
    one = git(root, "rev-parse", "HEAD:a.sql")
    write(root, "b.sql", "two")
    commit(root)
    git(root, "replace", one, git(root, "rev-parse", "HEAD:b.sql"))
    with revision(root) as tree:
        assert tree.read("a.sql").data == b"one"


def test_a_revision_is_never_an_option(root: Path) -> None:
    """However it is spelled."""
    head = commit(root)
    asked = Git(root, ENVIRON)
    assert asked.commit("main") == head
    assert [asked.commit(each) for each in ("--all", "-h", "a\0b", "HEAD:x", "no")] == [""] * 5


def test_no_git_at_all(root: Path) -> None:
    """It is said, with a reason."""
    with pytest.raises(GitFailed, match="git cannot be run"):
        Git(root, {"PATH": "/nowhere"}).text("version")
