"""Globs and paths name manifests; nothing outside the project, nothing twice, nothing unseen."""

import os
from pathlib import Path

import pytest

from deployer.errors import InvalidManifests, UsageError
from deployer.model import Settings
from deployer.reading import manifest_files as module
from deployer.reading.manifest_files import fixed_prefix, manifest_files

FILES = [
    *("a.yaml", "b.yml", "c.json", "deployer.yaml", "flows/a.yaml", "flows/x/y/b.yaml"),
    *("flows/x/load.sql", "flows/.hidden.yaml", "flows/.dir/c.yaml", ".git/d.yaml"),
    *(".deployer/e.yaml", "flows/[1].yaml"),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path.resolve()


def found(root: Path, *globs: str) -> list[str]:
    settings = Settings(root, root / "deployer.yaml", globs, {})
    return [path.relative_to(root).as_posix() for path in manifest_files(settings)]


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (["flows/*.yaml"], ["flows/[1].yaml", "flows/a.yaml"]),
        (["flows/**/*.yaml"], ["flows/[1].yaml", "flows/a.yaml", "flows/x/y/b.yaml"]),
        (["**/b.yaml", "flows/x/**"], ["flows/x/load.sql", "flows/x/y/b.yaml"]),
        (["*.yaml", "*.yaml", "./a.yaml"], ["a.yaml"]),
        (["?.[jy]*", "[!a].yml"], ["a.yaml", "b.yml", "c.json"]),
        (["flows/x/*/b.yaml", "**/**/y/*"], ["flows/x/y/b.yaml"]),
        (["flows/.*.yaml", ".git/*", "**/.dir/*"], [".git/d.yaml", "flows/.dir/c.yaml",
                                                   "flows/.hidden.yaml"]),
        (["none/*.yaml", "none.yaml", "flows", "a.yaml/*"], []),
        ([], []),
    ],
)  # fmt: skip
def test_globs(root: Path, globs: list[str], expected: list[str]) -> None:
    """Sorted, each once, without the configuration and without hidden names not asked for."""
    assert found(root, *globs) == expected


@pytest.mark.parametrize("glob", ["/etc/*.yaml", "../*.yaml", "flows/../../*.yaml"])
def test_globs_stay_inside(root: Path, glob: str) -> None:
    """A glob that leads out of the project is refused."""
    with pytest.raises(UsageError) as raised:
        found(root, glob)
    assert raised.value.what == f"glob `{glob}` leaves the project folder"


def test_many_stars_take_no_time(root: Path) -> None:
    """Matching is linear for any pattern."""
    deep = root / "flows" / "/".join("a" * 100)
    deep.mkdir(parents=True)
    (deep / "x.yaml").touch()
    assert found(root, "flows/" + "**/a/" * 30 + "nothing.yaml") == []
    assert found(root, "flows/" + "**/a/" * 30 + "*.yaml") == [
        (deep / "x.yaml").relative_to(root).as_posix()
    ]


def test_links_and_special_files(root: Path) -> None:
    """A file of any kind is listed, for reading to refuse it; linked folders are not entered."""
    (root / "flows" / "link.yaml").symlink_to("/etc/hostname")
    (root / "flows" / "folder").symlink_to("x")
    (root / "flows" / "self").symlink_to(".")
    os.mkfifo(root / "flows" / "fifo.yaml")
    assert found(root, "flows/**/[fl]*.yaml") == ["flows/fifo.yaml", "flows/link.yaml"]


def test_paths_are_taken_instead_of_globs(root: Path) -> None:
    """Files as named, folders with every manifest below them."""
    settings = Settings(root, None, (), {})
    names = [root / "flows" / "x", root / "a.yaml", root / "flows" / "x" / "load.sql"]
    assert manifest_files(settings, names) == [
        root / "a.yaml",
        root / "flows" / "x" / "load.sql",
        root / "flows" / "x" / "y" / "b.yaml",
    ]


def test_relative_paths_start_here(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path is meant as the shell means it."""
    monkeypatch.chdir(root / "flows" / "x")
    settings = Settings(root, None, (), {})
    expected = [root / "flows" / "x" / "y" / "b.yaml"]
    assert manifest_files(settings, [Path(), Path("y/../y/b.yaml")]) == expected
    assert manifest_files(settings, [Path("..")])[0] == root / "flows" / ".dir" / "c.yaml"


def test_missing_path_is_a_usage_error(root: Path) -> None:
    """A path that is not there is said at once."""
    with pytest.raises(UsageError):
        manifest_files(Settings(root, None, (), {}), [root / "none.yaml"])


def test_unreadable_folder_is_a_problem(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workflows in it would look as if they were deleted."""

    def denied(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("deployer.reading.manifest_files.os.scandir", denied)
    with pytest.raises(InvalidManifests) as raised:
        found(root, "**/*.yaml")
    assert raised.value.problems[0].message == "folder cannot be read: Permission denied"


def test_amounts_are_limited(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither endless files nor endless bytes are read."""
    monkeypatch.setattr(module, "MAX_FILES", 2)
    assert found(root, "flows/*.yaml") == ["flows/[1].yaml", "flows/a.yaml"]
    with pytest.raises(InvalidManifests) as raised:
        found(root, "flows/**/*.yaml")
    assert raised.value.problems[0].message == "more than 2 manifests"
    with (root / "a.yaml").open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(InvalidManifests) as raised:
        found(root, "a.yaml")
    assert raised.value.problems[0].message == "manifests larger than 1 GiB in all"


def test_fixed_prefix() -> None:
    """Where `pull` puts what it writes: the folders before the first wildcard."""
    assert fixed_prefix("flows/prod/**/*.yaml") == ("flows", "prod")
    assert fixed_prefix("./flows/*.yaml") == ("flows",)
    assert fixed_prefix("*.yaml") == ()
