"""What tests of the notes in `.deployer/` share: a journal cut short, a workspace put back, a full disk."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deployer.apply import exit_code
from deployer.cli import connect
from deployer.emulator import Control, create_app
from deployer.errors import UsageError
from deployer.journal import line
from deployer.model import Plan
from deployer.pipeline import apply
from deployer.reading import private_folder
from deployer.reading.project_files import FileRefused
from deployer.records import Kept
from tests.cli_kit import Project
from tests.faults import Bench
from tests.workflow_kit import PROJECT

JOURNAL = ".deployer/journal-local.jsonl"
CHANGING = ("open", "write", "fsync", "rename", "mkdir", "chmod", "fchmod")
"""What `private_folder` asks of the system to get something onto a disk."""


# --- a project on disk ----------------------------------------------------------------------------


@contextmanager
def workspace(project: Project) -> Iterator[Control]:
    """What happens in the workspace besides our commands."""
    app = create_app(
        project.root / "data/local.db",
        project=PROJECT,
        project_identifier="shop_dev",
        credentials=connect.EMULATOR_KEY,
    )
    try:
        yield app.control
    finally:
        app.close()


def written(project: Project) -> int:
    """How many changes there were in the workspace ever."""
    with workspace(project) as control:
        return len(control.effects())


def records(project: Project) -> list[bytes]:
    """The lines of the journal."""
    return [each for each in (project.root / JOURNAL).read_bytes().split(b"\n") if each]


def killed_after(project: Project, text: bytes) -> None:
    """Leaves the journal as if the command had been killed when the last record with `text` was on disk."""
    lines = records(project)
    last = max(number for number, each in enumerate(lines) if text in each)
    (project.root / JOURNAL).write_bytes(b"\n".join([*lines[: last + 1], b""]))


@contextmanager
def put_back(project: Project) -> Iterator[None]:
    """What is written to the workspace inside never happened."""
    saved = project.root / "saved"
    (project.root / "data").mkdir(exist_ok=True)
    shutil.copytree(project.root / "data", saved)
    yield
    shutil.rmtree(project.root / "data")
    saved.rename(project.root / "data")


def forged(**said: Any) -> bytes:
    """A line as somebody could write it who knows how."""
    return line(said) + b"\n"


# --- a bench --------------------------------------------------------------------------------------


def kept(bench: Bench, root: Path, run: str = "r1") -> Kept:
    """The notes of one run on the bench."""
    return Kept(root, "local", PROJECT, run, bench.clock)


async def applied(bench: Bench, root: Path, plan: Plan) -> tuple[int, str]:
    """The exit code of an apply that takes notes, and what it said of its failures."""
    notes = kept(bench, root)
    try:
        notes.journal.begin()
    except FileRefused as refused:
        return UsageError.exit_code, str(refused)
    report = await apply(plan, bench.connection.writer(bench.watch, notes))
    return exit_code(report), " ".join(each.error for each in report.outcomes)


class Disk:
    """The system as `private_folder` sees it, in which one call fails, and all later ones if asked to."""

    def __init__(self, fails_at: int, code: int = errno.ENOSPC, *, for_good: bool = True) -> None:
        self.calls: list[str] = []
        self.fails_at = fails_at
        self._code = code
        self._for_good = for_good

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return self._watched(name, real) if name in CHANGING else real

    def _watched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*values: Any, **named: Any) -> Any:
            self.calls.append(name)
            number = len(self.calls) - 1
            if number == self.fails_at or (self._for_good and number > self.fails_at >= 0):
                raise OSError(self._code, os.strerror(self._code))
            return real(*values, **named)

        return called


@contextmanager
def disk(one: Disk) -> Iterator[None]:
    """Everything that is noted goes to this disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(private_folder, "os", one)
        yield
