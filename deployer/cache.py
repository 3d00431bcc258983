"""Answers kept in `.deployer/cache/` so as not to ask twice; deleting them changes no result.

An entry is sealed by whoever may make one. What is torn, changed, sealed by somebody else, or cannot be
read or written is as if it were not there: nobody has to be told of work that was not saved.
"""

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FOLDER = (".deployer", "cache")
LARGEST = 64 * 1024 * 1024
"""The largest entry that is read, in bytes."""

_STALE = 7 * 24 * 3600.0
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Cache:
    """The entries below a project folder; `seal` makes a text of bytes that nobody else can make."""

    def __init__(self, root: Path, seal: Callable[[bytes], str]) -> None:
        self._root = root
        self._seal = seal

    def get(self, key: str) -> bytes | None:
        """What was kept under a key; None if there is nothing, or nothing sound."""
        with suppress(OSError), self._folder(make=False) as folder:
            seal, _, data = _content(folder, _name(key)).partition(b"\n")
            if hmac.compare_digest(seal, self._sealed(key, data)):
                return data
        return None

    def put(self, key: str, data: bytes) -> None:
        """Keep something under a key, whole or not at all, readable by nobody else."""
        with suppress(OSError), self._folder(make=True) as folder:
            beside = f".{secrets.token_hex(8)}.tmp"
            with os.fdopen(os.open(beside, _NEW, 0o600, dir_fd=folder), "wb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(self._sealed(key, data) + b"\n" + data)
            os.rename(beside, _name(key), src_dir_fd=folder, dst_dir_fd=folder)

    def sweep(self, now: float) -> None:
        """Remove what was kept a week before `now`, in seconds since the epoch of this machine."""
        with suppress(OSError), self._folder(make=False) as folder:
            for name in os.listdir(folder):
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and status.st_mtime < now - _STALE:
                    os.unlink(name, dir_fd=folder)

    def _sealed(self, key: str, data: bytes) -> bytes:
        return self._seal(key.encode() + b"\0" + data).encode()

    @contextmanager
    def _folder(self, *, make: bool) -> Iterator[int]:
        """The open folder. No link is followed: a checkout could hold one that leads elsewhere."""
        folder = os.open(self._root, _OPEN)
        try:
            for part in FOLDER:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, 0o700, dir_fd=folder)
                inner = os.open(part, _OPEN, dir_fd=folder)
                os.close(folder)
                folder = inner
                if stat.S_IMODE(os.fstat(folder).st_mode) != 0o700:
                    os.fchmod(folder, 0o700)
            yield folder
        finally:
            os.close(folder)


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _content(folder: int, name: str) -> bytes:
    with os.fdopen(os.open(name, _READ, dir_fd=folder), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("not a regular file")
        return file.read(LARGEST)
