"""Hostile files, each a case in tests/security/cases: the promised exit and message, and no harm done."""

import os
import re
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import Conflict, InvalidManifests
from deployer.manifest import read
from tests.cli_kit import ROOT, Ended, Project, Shell
from tests.security_kit import OUTSIDE, Hostile, documents, inputs, make

PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- made from tests/security/cases -->\n", "<!-- end -->\n"
SECONDS, MEBIBYTES = 10, 512
RACES = int(
    os.environ.get("RACES", "2000" if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else "30")
)

_PROBLEM = re.compile(
    r"^(?:.*:\d+:\d+: (?:error|warning|info) [A-Z]+\d+|error): (.*)$", re.MULTILINE
)
_STEERS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")


class Place(Shell):
    """A folder `project` with the files of a case, a file beside it, and commands run in it."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (folder / "outside.txt").write_text(OUTSIDE, encoding="utf-8")
        (folder / "elsewhere").mkdir()
        (folder / "elsewhere" / "flow.yaml").write_text(f"kind: {OUTSIDE}\n", encoding="utf-8")
        project = Project.__new__(Project)
        project.root = folder / "project"
        project.root.mkdir()
        super().__init__(project, patch, capsys)

    def run(self, hostile: Hostile) -> Ended:
        """Carries the command out, alone in a process if the case asks for that."""
        if hostile.process:
            return self._limited(hostile)
        for name, value in hostile.env.items():
            self.patch.setenv(name, value)
        return self(*hostile.command)

    def _limited(self, hostile: Hostile) -> Ended:
        memory = MEBIBYTES << 20

        def limits() -> None:
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            if sys.platform == "linux":  # elsewhere it cannot be set
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

        streams = {"stdout": -1, "preexec_fn": limits}
        with self.project.spawn(*hostile.command, env=hostile.env, **streams) as process:
            out, err = process.communicate()
        return Ended(process.returncode, out, err)


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Place:
    return Place(tmp_path, monkeypatch, capsys)


def _ids(hostile: Hostile) -> str:
    return f"{hostile.case} {hostile.title}"


@pytest.mark.parametrize("hostile", list(inputs()), ids=_ids)
def test_hostile_input_is_refused_in_words(hostile: Hostile, place: Place) -> None:
    """The exit and the message of the case, no traceback, nothing read outside, nothing written."""
    make(place.project.root, hostile.files)
    before = _names(place.project.root)
    with _meanwhile(hostile, place):
        ended = place.run(hostile)
    shown = ended.out + ended.err
    messages = _PROBLEM.findall(shown)
    assert (ended.code in hostile.exits, "Traceback" in shown) == (True, False), shown[-2_000:]
    if hostile.message:
        assert any(each.startswith(hostile.message) for each in messages), shown[-2_000:]
    assert hostile.shown in shown
    assert [text for text in (*hostile.never, OUTSIDE) if text in shown] == []
    assert _STEERS.findall(shown) == []
    assert _names(place.project.root) == before


def _names(root: Path) -> list[str]:
    """Every file below a folder; not by `os.walk`, which goes down by recursion before Python 3.12."""
    found: list[str] = []
    folders = [str(root)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                (folders if entry.is_dir(follow_symlinks=False) else found).append(entry.path)
    return sorted(found)


@contextmanager
def _growing(file: Path) -> Iterator[None]:
    """The file is one byte longer after each part of it that is read."""
    read = os.read

    def growing(descriptor: int, size: int) -> bytes:
        chunk = read(descriptor, size)
        if os.fstat(descriptor).st_ino == file.stat().st_ino:
            with file.open("ab") as more:
                more.write(b"\n")
        return chunk

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "read", growing)
        yield


def _meanwhile(hostile: Hostile, place: Place) -> AbstractContextManager[None]:
    """What happens to the files of a case while the command reads them."""
    if hostile.grows:
        return _growing(place.project.root / hostile.grows)
    return _foreign() if hostile.foreign else nullcontext()


@contextmanager
def _foreign() -> Iterator[None]:
    """Everything seems to belong to another user than the one who runs the command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        yield


def test_file_swapped_for_a_link_while_it_is_read_shows_nothing_from_outside(place: Place) -> None:
    """S-34: however often a script becomes a link out and a file again, its target is never read."""
    make(place.project.root, {"flow.yaml": {"flow": {"script": "a.sh"}}, "a.sh": "LTAI"})
    script, stop = place.project.root / "a.sh", threading.Event()
    (place.project.root / "link").symlink_to("../outside.txt")

    def swap() -> None:
        while not stop.is_set():
            (place.project.root / "file").write_text("echo", encoding="utf-8")
            for name in ("link", "file"):
                (place.project.root / name).rename(script)
            (place.project.root / "link").symlink_to("../outside.txt")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        seen = {_content(place.project.root) for _ in range(RACES)}
    finally:
        stop.set()
        thread.join()
    assert OUTSIDE not in seen


def _content(root: Path) -> str:
    """The content that the node got; empty if the script was refused."""
    try:
        document = read(root / "flow.yaml", root, None).document
    except (InvalidManifests, Conflict):
        return ""
    content: str = document["spec"]["workflows"][0]["nodes"][0]["script"]["content"]
    return content


# --- the page -------------------------------------------------------------------------------------


def _row(case: str, document: dict[str, Any], hostile: list[Hostile]) -> str:
    codes = " or ".join(str(code) for code in sorted({c for each in hostile for c in each.exits}))
    messages = dict.fromkeys(each.message or each.shown for each in hostile)
    shown = "; ".join(_code(message) for message in messages if message)
    note = document.get("note", "")
    return f"| {case} | {_cell(document['title'])} | {codes} | {shown} | {_cell(note)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    """Text as Markdown code, whatever backticks it holds."""
    return f"`` {_cell(text)} ``" if "`" in text else f"`{_cell(text)}`"


def _table() -> str:
    by_case: dict[str, list[Hostile]] = {}
    for hostile in inputs():
        by_case.setdefault(hostile.case, []).append(hostile)
    rows = [_row(case, document, by_case[case]) for case, document in documents().items()]
    head = [
        "| Case | What is given | Exit | What it is told, in the beginning | Remark |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def test_page_holds_the_table_of_the_cases(pytestconfig: pytest.Config) -> None:
    """docs/security.md says what the cases say: `pytest --update` makes it so."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    made = f"{before}{BEGIN}{_table()}{END}{after}"
    if pytestconfig.getoption("--update"):
        PAGE.write_text(made, encoding="utf-8")
        text = made
    assert text == made


def test_every_case_says_what_it_is_for() -> None:
    """A case has a number, a title, and something that must come of it."""
    for case, document in documents().items():
        assert re.fullmatch(r"S-[0-9]{2}", case)
        assert document["title"]
