"""Files that are nobody else's business: written whole or not at all, readable by their owner alone."""

import os
import secrets
import stat
from pathlib import Path

from deployer.errors import UsageError
from deployer.reading.project_files import FileRefused, TooLarge

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO that nobody writes to must not wait.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def write(path: Path, data: bytes) -> None:
    """Makes or replaces a file, mode 0600. Raises UsageError, with nothing changed at that place."""
    try:
        _refuse_odd(path)
        _replace(path, data)
    except OSError as error:
        raise _unusable(path, f"cannot be written: {error.strerror}") from error
    except FileRefused as refused:
        raise _unusable(path, refused.message) from refused


def read(path: Path, largest: int) -> bytes:
    """The bytes of a file. Raises UsageError for one that is not there, no file, or larger."""
    try:
        with open(path, "rb", opener=lambda name, _: os.open(name, _READ)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileRefused("it is no regular file")
            data = file.read(largest + 1)
        if len(data) > largest:
            raise TooLarge(f"larger than {largest // (1 << 20)} MiB")
        return data
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from error
    except FileRefused as refused:
        raise _unusable(path, refused.message) from refused


def _refuse_odd(path: Path) -> None:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise FileRefused("it is a link or no regular file")


def _replace(path: Path, data: bytes) -> None:
    beside = path.parent / f".{secrets.token_hex(8)}.tmp"
    descriptor = os.open(beside, _NEW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.rename(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def _unusable(path: Path, why: str) -> UsageError:
    return UsageError(f"the file `{path}` cannot be used", where=str(path), why=why)
