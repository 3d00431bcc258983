"""`.deployer/`: nobody else's business, whatever the umask and whatever lies there."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.reading.private_folder import PrivateFolder, opened
from deployer.reading.project_files import FileRefused, TooLarge


def made(root: Path, *parts: str) -> PrivateFolder:
    """The folder, made if need be."""
    folder = opened(root, *parts, make=True)
    assert folder is not None
    return folder


def modes(root: Path) -> dict[str, str]:
    """The permissions of everything below a folder."""
    return {
        str(each.relative_to(root)): oct(stat.S_IMODE(each.lstat().st_mode))
        for each in sorted(root.rglob("*"))
    }


@pytest.fixture(params=[0o000, 0o022, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Some umask, and the one before it afterwards."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_only_its_owner_gets_in(tmp_path: Path, umask: int) -> None:
    """Folders are 0700, files 0600, and git is told to leave them alone."""
    with made(tmp_path, "a") as folder:
        folder.write("one", b"1")
        folder.append("two", b"2")
    assert modes(tmp_path) == {
        ".deployer": "0o700",
        ".deployer/.gitignore": "0o600",
        ".deployer/a": "0o700",
        ".deployer/a/one": "0o600",
        ".deployer/a/two": "0o600",
    }
    assert "\n*\n" in (tmp_path / ".deployer/.gitignore").read_text()


def test_what_was_open_to_others_is_closed(tmp_path: Path) -> None:
    """A folder and a file that somebody made readable are not any more once they are used."""
    (tmp_path / ".deployer").mkdir(mode=0o755)
    (tmp_path / ".deployer/one").write_bytes(b"")
    (tmp_path / ".deployer/one").chmod(0o644)
    with made(tmp_path) as folder:
        folder.append("one", b"1")
    assert modes(tmp_path)[".deployer"] == "0o700"
    assert modes(tmp_path)[".deployer/one"] == "0o600"


@pytest.mark.parametrize("link", [".deployer", ".deployer/a", ".deployer/a/one"])
def test_no_link_is_followed(tmp_path: Path, link: str) -> None:
    """A link anywhere on the way is refused, and what it points to is left alone."""
    away = tmp_path / "away"
    away.mkdir()
    (away / "one").write_bytes(b"theirs")
    root = tmp_path / "project"
    (root / link).parent.mkdir(parents=True)
    (root / link).symlink_to(away / "one" if link.endswith("one") else away)
    with pytest.raises(FileRefused, match="link"), made(root, "a") as folder:
        folder.append("one", b"ours")
    assert {each.name: each.read_bytes() for each in away.iterdir()} == {"one": b"theirs"}


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A pipe in the place of a file is neither waited for nor written to."""
    with made(tmp_path) as folder:
        os.mkfifo(tmp_path / ".deployer/one")
        with pytest.raises(FileRefused):
            folder.append("one", b"1")
        with pytest.raises(FileRefused, match="no regular file"):
            folder.read("one", 10)


def test_a_file_appears_whole(tmp_path: Path) -> None:
    """Nothing is left beside a file that was written, and there is nothing to read before."""
    with made(tmp_path) as folder:
        assert folder.read("one", 10) is None
        folder.write("one", b"1")
        folder.write("one", b"2")
        assert (folder.read("one", 10), folder.names()) == (b"2", [".gitignore", "one"])
        with pytest.raises(TooLarge):
            folder.read("one", 0)


def test_nothing_is_made_to_be_read(tmp_path: Path) -> None:
    """Looking leaves no trace in a project that was never applied."""
    assert opened(tmp_path, "a", make=False) is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_to_last_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only saves work costs no turn of the disk, and is private and whole all the same."""
    with made(tmp_path) as folder:
        monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("waited for the disk"))
        folder.write("one", b"1", lasting=False)
        folder.append("one", b"2", lasting=False)
        assert folder.read("one", 10) == b"12"
    assert modes(tmp_path)[".deployer/one"] == "0o600"


def test_status_and_removal_are_of_files_alone(tmp_path: Path) -> None:
    """A link has no status, and what it leads to stays when it is removed."""
    (tmp_path / "outside").write_bytes(b"123")
    with made(tmp_path) as folder:
        folder.write("one", b"12")
        (folder.path / "link").symlink_to(tmp_path / "outside")
        sizes = {name: folder.status(name) for name in ("one", "link", "none")}
        for name in ("link", "one", "none"):
            folder.remove(name)
        assert folder.names() == [".gitignore"]
    assert {name: each and each.st_size for name, each in sizes.items()} == {
        "one": 2,
        "link": None,
        "none": None,
    }
    assert (tmp_path / "outside").read_bytes() == b"123"
