"""Files of a project, read without ever leaving its folder: no link out, nothing but regular files.

Checks are made on the open file, and no link is followed while opening: swapping a file for a link
between check and read gains nothing.
"""

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from deployer.errors import Conflict
from deployer.reading.source import MAX_BYTES

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO that nobody writes to must not wait.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_REASONS = {
    errno.ENOENT: ("no such file", ""),
    errno.ELOOP: ("link loop", "replace the link by the file"),
    errno.EACCES: ("no permission to read it", ""),
    errno.ENOTDIR: ("no such file", "a part of the path is a file, not a folder"),
    errno.ENAMETOOLONG: ("path not allowed", "the path is too long"),
    errno.ENXIO: ("not a regular file", ""),
}


_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_LONGEST_POINTER = 1024


class FileRefused(Exception):
    """A file cannot be read, or must not be; the text says why."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class TooLarge(FileRefused):
    """A file is larger than allowed."""


class Content(NamedTuple):
    """The bytes of a file; `shared`: it is hard-linked and belongs to another user."""

    data: bytes
    shared: bool


def read(root: Path, relative: str, largest: int = MAX_BYTES) -> Content:
    """The bytes of the file at `relative` (no `..` in it) below `root`.

    Raises FileRefused; Conflict when the file changes while it is being read.
    """
    try:
        return _read(root, relative, largest)
    except OSError as error:
        message, hint = _REASONS.get(error.errno or 0, (f"cannot be read: {error.strerror}", ""))
        raise FileRefused(message, hint) from error


def _read(root: Path, relative: str, largest: int) -> Content:
    # Not Path.resolve: before Python 3.13 it reports a loop of links as a RuntimeError.
    base = Path(os.path.realpath(root, strict=True))
    real = Path(os.path.realpath(base / relative, strict=True))
    if not real.is_relative_to(base):
        raise FileRefused("link leaves the project folder", "copy the file into the project")
    if real == base:
        raise FileRefused("not a regular file")
    descriptor = _open_below(base, real.relative_to(base).parts)
    try:
        return _content(descriptor, relative, largest)
    finally:
        os.close(descriptor)


def _open_below(base: Path, parts: Sequence[str]) -> int:
    folder = os.open(base, _FOLDER)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(parts[-1], _FILE, dir_fd=folder)
    finally:
        os.close(folder)


def _content(descriptor: int, relative: str, largest: int) -> Content:
    before = os.fstat(descriptor)
    if not stat.S_ISREG(before.st_mode):
        raise FileRefused("not a regular file")
    if before.st_size > largest:
        raise TooLarge(f"larger than {largest // (1 << 20)} MiB")
    data = _all_bytes(descriptor, before.st_size)
    after = os.fstat(descriptor)
    if len(data) != before.st_size or _version(before) != _version(after):
        raise Conflict(
            f"changed during read: `{relative}`",
            where=relative,
            written="nothing was written",
            hint="run the command again when nothing else writes to it",
        )
    refuse_pointer(data)
    return Content(data, before.st_nlink > 1 and before.st_uid != os.geteuid())


def refuse_pointer(data: bytes) -> None:
    """Raises FileRefused for what git holds instead of a file that Git LFS keeps elsewhere."""
    if len(data) < _LONGEST_POINTER and data.startswith(_POINTER):
        raise FileRefused(
            "a pointer of Git LFS, not the file itself",
            "keep manifests and scripts out of Git LFS, or run `git lfs pull` if git needs them there",
        )


def _all_bytes(descriptor: int, size: int) -> bytes:
    data = b""
    # One byte more than expected is enough to notice that the file grew.
    while len(data) <= size and (chunk := os.read(descriptor, size + 1 - len(data))):
        data += chunk
    return data


def _version(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino
