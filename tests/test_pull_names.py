"""Names from the workspace never lead a file out of its folder, nor onto another file."""

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.authoring.layout import Layout, extension
from deployer.errors import UsageError
from deployer.reading.file_names import LONGEST_PATH, safe_part, safe_path, taken
from deployer.reading.manifest_files import matches
from deployer.reading.project_files import FileRefused
from deployer.reading.project_writer import write

GLOBS = ("flows/**/*.yaml",)
HOSTILE = [
    "../../.ssh/authorized_keys",
    ".git/hooks/pre-commit",
    "/etc/passwd",
    "a/../../b",
    "C:\\windows\\x",
    "~/x",
    "-rf",
    "a/./b",
    "a//b",
    "con/aux.yaml",
    "a\n\x1b[2J",
    "x" * 5000,
    "a/" * 2500 + "b",
    "夜" * 300,
    "\u202egnp.exe",
    "trailing. ",
    "$(touch x)",
    ".deployer/x",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_paths_stay_below_the_first_glob(path: str, tmp_path: Path) -> None:
    """And a plan finds them there: no part is hidden, none leads up, none is too long to write."""
    place = Layout(GLOBS).manifest(path)
    parts = PurePosixPath(place).parts
    assert parts[0] == "flows"
    assert matches(GLOBS[0], parts)
    assert not any(part in (".", "..") or part.startswith((".", "-", "~")) for part in parts)
    (tmp_path / "p").mkdir()
    write(tmp_path / "p", place, b"x", new=True)
    assert [each.name for each in tmp_path.iterdir()] == ["p"]
    assert (tmp_path / "p" / place).read_bytes() == b"x"


@given(st.text())
def test_any_name_is_a_plain_part(name: str) -> None:
    """One part, of printable characters, no longer than a file system takes."""
    part = safe_part(name)
    assert part not in ("", ".", "..")
    assert not set(part) & set('/\\\0:*?"<>|')
    assert len(part.encode()) <= 120
    assert safe_part(part) == part


@given(st.lists(st.text(), min_size=1, max_size=200))
def test_any_path_is_short_enough(parts: list[str]) -> None:
    """Together with a project folder it stays below what systems allow."""
    assert sum(len(part.encode()) + 1 for part in safe_path(parts)) <= LONGEST_PATH + 1


def test_names_equal_up_to_case_or_form_get_files_of_their_own() -> None:
    """On a disk that ignores case, one would overwrite the other."""
    layout = Layout(GLOBS)
    places = [
        layout.manifest(path)
        for path in ("a/Load", "a/load", "a/LOAD", "a/caf\u00e9", "a/cafe\u0301")
    ]
    assert len(taken(places)) == len(places)
    assert places[0] == "flows/a/Load.yaml"
    assert [new for _, new in layout.replaced] == places[1:3] + places[4:]


def test_files_that_are_there_are_not_given_out() -> None:
    """Whoever wrote them, and for whatever."""
    layout = Layout(GLOBS, taken(["flows/a/load.yaml"]))
    assert layout.manifest("a/load") != "flows/a/load.yaml"


def test_a_draft_that_is_not_used_leaves_its_names() -> None:
    """What is tried again is not named as if something were there."""
    layout = Layout(GLOBS)
    odd = layout.manifest("a/..")
    layout.take_back([layout.manifest("a/load"), odd])
    assert (layout.manifest("a/load"), layout.replaced) == ("flows/a/load.yaml", [])


def test_a_folder_that_was_renamed_is_told() -> None:
    """Not only the last part of a path."""
    layout = Layout(GLOBS)
    place = layout.manifest("../x/load")
    assert layout.replaced == [("../x/load", place)]
    flat = Layout(("workflows/*.yaml",))
    assert (flat.manifest("../x/load"), flat.replaced) == ("workflows/load.yaml", [])


def test_a_glob_without_folders_gets_flat_files() -> None:
    """Where the manifests lie in one folder, a new one is found there too."""
    layout = Layout(("workflows/*.yaml",))
    assert layout.manifest("retail/sales/daily") == "workflows/daily.yaml"
    assert layout.manifest("retail/other/daily") != "workflows/daily.yaml"


def test_no_glob_that_finds_new_files_is_said() -> None:
    """A pull that the next plan does not see would be no pull."""
    with pytest.raises(UsageError, match="no manifest can be added"):
        Layout(("one.yaml",)).manifest("a/b")


def test_a_script_is_no_manifest() -> None:
    """A script in JSON where the globs take JSON files is named otherwise."""
    layout = Layout(("flows/**/*.yaml", "flows/**/*.json"))
    script = {"language": "json", "runtime": {"command": "DI"}}
    assert layout.script("flows/a.yaml", "sync", script) == "flows/a/sync.json.txt"


@pytest.mark.parametrize(
    ("language", "command", "suffix"),
    [
        ("odps-sql", "ODPS_SQL", ".sql"),
        ("shell-script", "DIDE_SHELL", ".sh"),
        (None, "DIDE_SHELL", ".sh"),
        ("python3", "PYODPS3", ".py"),
        (None, "PYODPS3", ".py"),
        ("json", "DI", ".json"),
        (None, "VIRTUAL", ".txt"),
    ],
)
def test_scripts_end_as_their_language_does(language: str, command: str, suffix: str) -> None:
    """The language counts, else the type of the node."""
    assert extension({"language": language, "runtime": {"command": command}}) == suffix


# --- writing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["../x", "/etc/x", "a/../../x", ".", ""])
def test_nothing_is_written_outside(place: str, tmp_path: Path) -> None:
    """Whatever asked for it."""
    with pytest.raises(FileRefused, match="outside the project folder"):
        write(tmp_path, place, b"", new=True)


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Neither a linked folder nor a linked file, inside or out."""
    (tmp_path / "out").mkdir()
    (tmp_path / "p").mkdir()
    os.symlink("../out", tmp_path / "p" / "flows")
    os.symlink("../out/x", tmp_path / "p" / "x.yaml")
    for place in ("flows/a.yaml", "x.yaml"):
        with pytest.raises(FileRefused, match="link"):
            write(tmp_path / "p", place, b"", new=False)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_that_came_meanwhile_is_kept(tmp_path: Path) -> None:
    """A new file replaces none; an old one keeps its permissions."""
    file = tmp_path / "a.sh"
    file.write_bytes(b"theirs")
    file.chmod(0o755)
    with pytest.raises(FileRefused, match="already"):
        write(tmp_path, "a.sh", b"ours", new=True)
    write(tmp_path, "a.sh", b"ours", new=False)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"ours", 0o755)
    assert [each.name for each in tmp_path.iterdir()] == ["a.sh"]
