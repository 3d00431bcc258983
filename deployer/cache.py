"""Answers kept in `.deployer/cache/` so as not to ask twice; deleting them changes no result.

An entry is sealed by whoever may make one. What is torn, changed, sealed by somebody else, or cannot be
read or written is as if it were not there: nobody has to be told of work that was not saved.
"""

import hashlib
import hmac
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from deployer.reading import private_folder
from deployer.reading.private_folder import PrivateFolder
from deployer.reading.project_files import FileRefused

FOLDER = (private_folder.NAME, "cache")
LARGEST = 64 * 1024 * 1024
"""The largest entry that is read, in bytes."""

_STALE = 7 * 24 * 3600.0


class Cache:
    """The entries below a project folder; `seal` makes a text of bytes that nobody else can make.

    The folder is held open for as long as the cache is there: looking for it costs more than an entry.
    """

    def __init__(self, root: Path, seal: Callable[[bytes], str]) -> None:
        self._root = root
        self._seal = seal
        self._open: PrivateFolder | None = None

    def __del__(self) -> None:
        if self._open is not None:
            self._open.close()

    def get(self, key: str) -> bytes | None:
        """What was kept under a key; None if there is nothing, or nothing sound."""
        with suppress(FileRefused):
            seal, _, data = self._content(_name(key)).partition(b"\n")
            if hmac.compare_digest(seal, self._sealed(key, data)):
                return data
        return None

    def put(self, key: str, data: bytes) -> None:
        """Keep something under a key, whole or not at all, readable by nobody else."""
        with suppress(FileRefused):
            folder = self._folder(make=True)
            assert folder is not None
            sealed = self._sealed(key, data) + b"\n" + data
            # Nobody waits for the disk: an entry that a crash tears is not sound.
            folder.write(_name(key), sealed, lasting=False)

    def sweep(self, now: float) -> None:
        """Remove what was kept a week before `now`, in seconds since the epoch of this machine."""
        with suppress(FileRefused):
            folder = self._folder(make=False)
            if folder is None:
                return
            for name in folder.names():
                status = folder.status(name)
                if status and status.st_mtime < now - _STALE:
                    folder.remove(name)

    def _folder(self, *, make: bool) -> PrivateFolder | None:
        if self._open is None:
            self._open = private_folder.opened(self._root, *FOLDER[1:], make=make)
        return self._open

    def _sealed(self, key: str, data: bytes) -> bytes:
        return self._seal(key.encode() + b"\0" + data).encode()

    def _content(self, name: str) -> bytes:
        folder = self._folder(make=False)
        return (folder.read(name, LARGEST) if folder else None) or b""


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
