"""Files of a project, written without ever leaving its folder: no link is followed, none replaced.

A file appears whole or not at all: written beside its place, then renamed.
"""

import errno
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from deployer.reading.project_files import FileRefused

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_REASONS = {
    errno.ELOOP: "a part of the path is a link",
    errno.ENOTDIR: "a part of the path is a link or a file, not a folder",
    errno.EACCES: "no permission to write it",
    errno.ENAMETOOLONG: "the path is too long",
}


def write(root: Path, relative: str, data: bytes, *, new: bool) -> None:
    """Makes or replaces the file at `relative` below `root`; a `new` one must not exist yet.

    Raises FileRefused, with nothing changed at that place.
    """
    parts = [part for part in relative.split("/") if part]
    if relative.startswith("/") or not parts or {".", ".."} & set(parts):
        raise FileRefused("outside the project folder")
    try:
        folder = _folder(Path(os.path.realpath(root, strict=True)), parts[:-1])
        try:
            _replace(folder, parts[-1], data, new)
        finally:
            os.close(folder)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"cannot be written: {error.strerror}")
        raise FileRefused(reason) from error


def refusal(root: Path, relative: str) -> str:
    """Why `write` would refuse that place as things are now; empty where it would not."""
    place = Path(os.path.realpath(root))
    *folders, name = relative.split("/")
    for part in folders:
        place /= part
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            return _REASONS[errno.ENOTDIR]
    there = place / name
    return "it is a link or no regular file" if there.is_symlink() or there.is_dir() else ""


def _folder(base: Path, parts: Sequence[str]) -> int:
    """The open folder, made where it is missing."""
    folder = os.open(base, _FOLDER)
    for part in parts:
        try:
            try:
                inner = os.open(part, _FOLDER, dir_fd=folder)
            except FileNotFoundError:
                os.mkdir(part, dir_fd=folder)
                inner = os.open(part, _FOLDER, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def _replace(folder: int, name: str, data: bytes, new: bool) -> None:
    mode = _mode_of(folder, name)
    if new and mode is not None:
        raise FileRefused("there is such a file already")
    beside = f".{secrets.token_hex(8)}.tmp"
    descriptor = os.open(beside, _NEW, mode or 0o666, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(beside, dir_fd=folder)
        raise


def _mode_of(folder: int, name: str) -> int | None:
    """The permissions of the file there is; None where there is none."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise FileRefused("it is a link or no regular file")
    return stat.S_IMODE(status.st_mode)
