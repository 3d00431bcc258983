"""Where the files of a project are read from: its folder, or something that stands for one.

Names are relative to the project folder, with `/`. Another tree is the folder as it was at a revision
of git, see `git_files`.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deployer.errors import InvalidManifests, UsageError
from deployer.model import Location, Problem
from deployer.reading import project_files
from deployer.reading.project_files import Content
from deployer.reading.source import MAX_BYTES, UNREADABLE

SKIPPED = frozenset((".git", ".deployer"))
"""Folders in which no manifest is looked for."""


class Tree(Protocol):
    """The files of a project; what is read never comes from outside of it."""

    def __hash__(self) -> int:
        """What is read may be kept for the next one who asks."""

    def place(self, path: Path) -> str:
        """The name of the file at a path; raises UsageError for a path outside of the project."""

    def on_disk(self, path: Path) -> Path | None:
        """Where the file of that path may be read again later; None if nowhere."""

    def read(self, name: str, largest: int = MAX_BYTES) -> Content:
        """The bytes of a file (no `..` in its name).

        Raises FileRefused; Conflict when the file changes while it is being read.
        """

    def is_file(self, parts: Sequence[str]) -> bool:
        """Whether something is there that is no folder, be it a link that leads nowhere."""

    def walk(self, below: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Everything below a folder that is no folder, as parts from there; no link is followed.

        Nothing where there is no such folder; raises InvalidManifests for one that cannot be read.
        """

    def size(self, files: Sequence[Path]) -> int:
        """How many bytes the files at these paths are in all; a link counts as one itself."""

    def names(self, folder: str) -> list[str]:
        """What is in a folder, to guess what was meant; nothing where that cannot be told."""


Root = Path | Tree
"""A project folder, or a tree that stands for one."""


def tree_of(root: Root) -> Tree:
    """The tree of a project folder."""
    return Folder(root) if isinstance(root, Path) else root


@dataclass(frozen=True, slots=True)
class Folder:
    """The project folder as it lies on disk."""

    root: Path

    def place(self, path: Path) -> str:
        """See `Tree`; the last part may be a link: where it leads is checked on the way to the file."""
        try:
            return (_real(path.parent) / path.name).relative_to(_real(self.root)).as_posix()
        except ValueError as error:
            raise UsageError(
                f"`{path}` is outside the project folder",
                where=str(self.root),
                hint="run the command in the folder that holds the manifests",
            ) from error

    def on_disk(self, path: Path) -> Path | None:
        """See `Tree`."""
        return path

    def read(self, name: str, largest: int = MAX_BYTES) -> Content:
        """See `Tree`."""
        return project_files.read(self.root, name, largest)

    def is_file(self, parts: Sequence[str]) -> bool:
        """See `Tree`."""
        path = self.root.joinpath(*parts)
        return os.path.lexists(path) and not path.is_dir()

    def walk(self, below: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """See `Tree`."""
        base = self.root.joinpath(*below)
        folders: list[tuple[str, ...]] = [()]
        while folders:
            parts = folders.pop()
            for entry in _entries(base.joinpath(*parts)):
                inside = (*parts, entry.name)
                if not entry.is_dir():
                    yield inside
                elif entry.name not in SKIPPED and not entry.is_symlink():
                    folders.append(inside)

    def size(self, files: Sequence[Path]) -> int:
        """See `Tree`."""
        return sum(os.lstat(file).st_size for file in files)

    def names(self, folder: str) -> list[str]:
        """See `Tree`."""
        try:
            return [each.name for each in (self.root / folder).iterdir()]
        except OSError:
            return []


def _real(folder: Path) -> Path:
    return Path(os.path.realpath(folder))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        # Passed over in silence, its workflows would look as if they had been deleted.
        hint = "narrow the globs under `manifests`"
        message = f"folder cannot be read: {error.strerror}"
        problem = Problem(UNREADABLE, "error", message, Location(str(folder), 1, 1), hint)
        raise InvalidManifests([problem]) from error
