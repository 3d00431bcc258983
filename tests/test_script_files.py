"""Script files are put into documents; no path, link or special file leads out of the project."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import Conflict
from deployer.reading import project_files, script_files
from deployer.reading.placeholders import Values
from deployer.reading.script_files import Inlined
from deployer.reading.source import MAX_BYTES, Finding

SECRET = "outside the project"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project folder with one script, beside a file that must never be read."""
    (tmp_path / "secret.sql").write_text(SECRET)
    folder = tmp_path / "project"
    (folder / "flows" / "sql").mkdir(parents=True)
    (folder / "flows" / "sql" / "load.sql").write_bytes(b"select 1;\r\nselect 2;\n\n")
    return folder


def inline(root: Path, name: Any, values: Values | None = None) -> Inlined:
    return script_files.inline({"script": {"file": name}}, root, "flows/a.yaml", values)


def refused(root: Path, name: str) -> str:
    found = inline(root, name)
    assert found.document == {"script": {"file": name}}
    assert found.files == {}
    assert [(each.pointer, each.rule) for each in found.findings] == [(("script", "file"), "DW005")]
    return found.findings[0].message.removesuffix(f": script file `{name}`")


def test_a_pointer_of_lfs_is_refused(root: Path) -> None:
    """Where Git LFS did not bring the file, its pointer is no script."""
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
    (root / "flows" / "big.sql").write_text(pointer)
    assert refused(root, "big.sql") == "a pointer of Git LFS, not the file itself"
    (root / "flows" / "big.sql").write_text(pointer + "-- but a long text\n" * 100)
    assert "content" in inline(root, "big.sql").document["script"]


def test_content_takes_the_place_of_the_file(root: Path) -> None:
    """The file's bytes are the content, line ends and all; where it came from is kept."""
    document = {
        "nodes": [
            {"name": "a", "script": {"language": "odps-sql", "file": "sql/load.sql"}},
            {"do-while": {"nodes": [{"script": {"file": "../flows/./sql/load.sql"}}]}},
            {"script": {"content": "inline"}},
            {"other": {"file": "sql/load.sql"}, "script": {"file": 5}},
        ]
    }
    text = "select 1;\r\nselect 2;\n\n"
    found = script_files.inline(document, root, "flows/a.yaml", None)
    assert found.document == {
        "nodes": [
            {"name": "a", "script": {"language": "odps-sql", "content": text}},
            {"do-while": {"nodes": [{"script": {"content": text}}]}},
            {"script": {"content": "inline"}},
            {"other": {"file": "sql/load.sql"}, "script": {"file": 5}},
        ]
    }
    assert found.files == {
        ("nodes", 0, "script", "content"): "flows/sql/load.sql",
        ("nodes", 1, "do-while", "nodes", 0, "script", "content"): "flows/sql/load.sql",
    }
    assert (found.findings, found.warnings) == ([], [])


def test_placeholders_in_scripts_are_filled(root: Path) -> None:
    """Values go in; a missing one is placed in the script file."""
    (root / "flows" / "x.sql").write_text("-- ${script.n}\n${script.m} ${bizdate}")
    found = inline(root, "x.sql", Values({"n": 5}))
    assert found.document == {"script": {"content": "-- 5\n${script.m} ${bizdate}"}}
    assert found.findings == [
        Finding(
            "no value for `${script.m}`",
            2,
            1,
            "add `m` to the target's `vars` in `deployer.yaml`",
            ("script", "content"),
            "DW004",
            "flows/x.sql",
        )
    ]


def test_symbolic_path_is_left(root: Path) -> None:
    """Without values a path that needs one cannot be followed."""
    assert inline(root, "sql/${spec.env}.sql").document == {
        "script": {"file": "sql/${spec.env}.sql"}
    }


def test_file_and_content_exclude_each_other(root: Path) -> None:
    """Which of the two was meant cannot be guessed."""
    document = {"script": {"file": "sql/load.sql", "content": "x"}}
    found = script_files.inline(document, root, "flows/a.yaml", None)
    assert [each.message for each in found.findings] == ["`file` and `content` given together"]


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "C:\\x", "c:x.sql", "\\\\host\\x", "file:///x", "~/x", "~", "//host/x"],
)
def test_absolute_paths_are_refused(root: Path, name: str) -> None:
    """A path starts at the manifest's folder, on every system."""
    assert refused(root, name) == "must be relative"


@pytest.mark.parametrize(
    "name",
    ["", "a\0b", "a\nb", "a\x1b[2Jb", "sql\\load.sql", "con", "sql/AUX.sql", "x.", "x ", "a./b"],
)
def test_odd_paths_are_refused(root: Path, name: str) -> None:
    """A path is one that every system can have, and that can be shown."""
    assert refused(root, name) == "path not allowed"


@pytest.mark.parametrize("name", ["../../secret.sql", "sql/../../../secret.sql", ".." + "/.." * 30])
def test_paths_do_not_climb_out(root: Path, name: str) -> None:
    """`..` ends at the project folder."""
    assert refused(root, name) == "outside the project folder"


def test_missing_file_has_a_near_miss(root: Path) -> None:
    """A slip of the pen is answered with the file that was meant."""
    assert refused(root, "sql/laod.sql") == "no such file"
    assert inline(root, "sql/laod.sql").findings[0].hint == "did you mean `load.sql`?"
    assert refused(root, "nowhere/load.sql") == "no such file"
    assert refused(root, "sql/load.sql/x") == "no such file"
    assert refused(root, "x" * 5_000) == "path not allowed"


def test_links_do_not_lead_out(root: Path) -> None:
    """A link, or a linked folder on the way, that leads out of the project is refused."""
    (root / "flows" / "out.sql").symlink_to(root.parent / "secret.sql")
    (root / "flows" / "folder").symlink_to(root.parent)
    (root / "flows" / "environ").symlink_to("/proc/self/environ")
    for name in ("out.sql", "folder/secret.sql", "environ"):
        assert refused(root, name) == "link leaves the project folder"


def test_links_inside_are_followed(root: Path) -> None:
    """A link within the project is as good as its file."""
    (root / "flows" / "in.sql").symlink_to("sql/load.sql")
    (root / "flows" / "dir").symlink_to("sql")
    for name in ("in.sql", "dir/load.sql"):
        assert inline(root, name).findings == []


def test_link_loops_are_refused(root: Path) -> None:
    """A link to itself ends nowhere."""
    (root / "flows" / "a.sql").symlink_to("b.sql")
    (root / "flows" / "b.sql").symlink_to("a.sql")
    assert refused(root, "a.sql") == "link loop"


def test_only_regular_files_are_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FIFO that nobody writes to, a socket or a folder is refused at once."""
    os.mkfifo(root / "flows" / "fifo.sql")
    monkeypatch.chdir(root / "flows")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.sql")
        for name in ("fifo.sql", "socket.sql", "sql", ".", ".."):
            assert refused(root, name) == "not a regular file"


def test_unreadable_file_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's refusal is passed on."""

    def denied(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("deployer.reading.project_files.os.open", denied)
    assert refused(root, "sql/load.sql") == "no permission to read it"


def test_large_scripts_are_refused(root: Path) -> None:
    """10 MiB is the end, told from the size alone."""
    with (root / "flows" / "big.sql").open("wb") as file:
        file.truncate(1 << 30)
    assert refused(root, "big.sql") == "script larger than limit (larger than 10 MiB)"
    with (root / "flows" / "big.sql").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert refused(root, "big.sql") == "script larger than limit (larger than 10 MiB)"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"select '\xff'", "not UTF-8 at byte 8"),
        ("é".encode("utf-16"), "not UTF-8 at byte 0"),
        (b"select 1\0", "character U+0000 not allowed"),
    ],
)
def test_scripts_are_utf8(root: Path, data: bytes, message: str) -> None:
    """Other encodings are refused, not guessed."""
    (root / "flows" / "x.sql").write_bytes(data)
    assert refused(root, "x.sql") == message


@pytest.mark.parametrize("change", [b"grown", None], ids=["grown", "touched"])
def test_change_during_read_is_a_conflict(
    root: Path, monkeypatch: pytest.MonkeyPatch, change: bytes | None
) -> None:
    """A script that is being written is not half read."""
    script = root / "flows" / "sql" / "load.sql"
    read = os.read

    def read_and_change(descriptor: int, size: int) -> bytes:
        data = read(descriptor, size)
        script.write_bytes(script.read_bytes() + (change or b""))
        os.utime(script, ns=(1, 1))
        return data

    monkeypatch.setattr("deployer.reading.project_files.os.read", read_and_change)
    with pytest.raises(Conflict) as raised:
        inline(root, "sql/load.sql")
    assert raised.value.what == "changed during read: `flows/sql/load.sql`"


@pytest.fixture
def swapping(root: Path) -> Iterator[Path]:
    """A script that is swapped for a link out of the project, and back, all the time."""
    script = root / "flows" / "swapped.sql"
    script.write_text("inside")
    stop = threading.Event()

    def swap() -> None:
        new = root / "flows" / "new"
        while not stop.is_set():
            new.symlink_to(root.parent / "secret.sql")
            new.rename(script)
            new.write_text("inside")
            new.rename(script)

    thread = threading.Thread(target=swap)
    thread.start()
    yield script
    stop.set()
    thread.join()


def test_swapping_a_file_for_a_link_gains_nothing(root: Path, swapping: Path) -> None:
    """Whatever the moment of the swap, content from outside is never read."""
    seen = set()
    for _ in range(500):
        try:
            seen.add(project_files.read(root, "flows/swapped.sql").data)
        except (project_files.FileRefused, Conflict):
            continue
    assert seen <= {b"inside"}


def test_hard_link_of_another_user_is_a_warning(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second name for a file of somebody else is worth a look."""
    os.link(root / "flows" / "sql" / "load.sql", root / "flows" / "hard.sql")
    assert inline(root, "hard.sql").warnings == []
    monkeypatch.setattr("deployer.reading.project_files.os.geteuid", lambda: os.getuid() + 1)
    assert [each.message for each in inline(root, "hard.sql").warnings] == [
        "more than one link, and owned by another user: script file `hard.sql`"
    ]
