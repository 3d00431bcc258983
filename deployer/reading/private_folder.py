"""A folder beside the manifests that is nobody else's business: `.deployer/`, and what lies in it.

Folders are 0700 and files 0600 whatever the umask; no link is followed, none replaced. What was written
to last is on disk once a call returns, the name of the file included.
"""

import errno
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from deployer.reading.project_files import FileRefused, TooLarge

NAME = ".deployer"
IGNORED = b"# Made by deployer: nothing in here is for git.\n*\n"

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO that nobody reads or writes must not wait.
_ODD = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_REASONS = {
    errno.ELOOP: "a part of the path is a link",
    errno.ENOTDIR: "a part of the path is a link or a file, not a folder",
    errno.EACCES: "no permission",
    errno.EPERM: "it belongs to somebody else",
    errno.ENAMETOOLONG: "the name is too long",
}


class PrivateFolder:
    """An open folder; names are those of entries in it. All methods raise FileRefused.

    Closed by leaving it as a context manager.
    """

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self.path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the folder."""
        os.close(self._descriptor)

    def write(self, name: str, data: bytes, *, lasting: bool = True) -> None:
        """Makes or replaces a file, whole or not at all; one that is not `lasting` is not waited for."""
        beside = f".{secrets.token_hex(8)}.tmp"
        try:
            try:
                new = os.open(beside, _NEW, 0o600, dir_fd=self._descriptor)
                self._fill(new, data, lasting)
                os.rename(beside, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
            except BaseException:
                self._unlink(beside)
                raise
            if lasting:
                os.fsync(self._descriptor)
        except OSError as error:
            raise self._refused(name, error) from error

    def append(self, name: str, data: bytes, *, lasting: bool = True) -> None:
        """Adds to the end of a file by one write, which is never mixed with that of another process.

        What is not `lasting` is not waited for.
        """
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _ODD
        try:
            is_new = lasting and name not in os.listdir(self._descriptor)
            self._fill(os.open(name, flags, 0o600, dir_fd=self._descriptor), data, lasting)
            if is_new:
                os.fsync(self._descriptor)
        except OSError as error:
            raise self._refused(name, error) from error

    def _fill(self, descriptor: int, data: bytes, lasting: bool) -> None:
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file")
            os.fchmod(descriptor, 0o600)
            if os.write(descriptor, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if lasting:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self, name: str, largest: int) -> bytes | None:
        """The bytes of a file, None where there is none; raises TooLarge for more than `largest`."""
        try:
            descriptor = os.open(name, os.O_RDONLY | _ODD, dir_fd=self._descriptor)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused(name, error) from error
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FileRefused(f"`{self.path / name}`: it is no regular file")
            try:
                data = file.read(largest + 1)
            except OSError as error:
                raise self._refused(name, error) from error
        if len(data) > largest:
            raise TooLarge(f"`{self.path / name}`: larger than {largest >> 20} MiB")
        return data

    def status(self, name: str) -> os.stat_result | None:
        """Size and time of a regular file, None where there is none."""
        try:
            status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused(name, error) from error
        return status if stat.S_ISREG(status.st_mode) else None

    def remove(self, name: str) -> None:
        """Deletes a file, if there is one."""
        try:
            self._unlink(name)
        except OSError as error:
            raise self._refused(name, error) from error

    def names(self) -> list[str]:
        """The names of all entries, sorted."""
        try:
            return sorted(os.listdir(self._descriptor))
        except OSError as error:
            raise self._refused("", error) from error

    def rename(self, old: str, new: str) -> None:
        """Gives a file another name, in the place of what has it now."""
        try:
            os.rename(old, new, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        except OSError as error:
            raise self._refused(old, error) from error

    def delete(self, folder: str) -> None:
        """Deletes a folder of this one, and the files in it."""
        try:
            inner = os.open(folder, _FOLDER, dir_fd=self._descriptor)
            try:
                for name in os.listdir(inner):
                    os.unlink(name, dir_fd=inner)
            finally:
                os.close(inner)
            os.rmdir(folder, dir_fd=self._descriptor)
        except OSError as error:
            raise self._refused(folder, error) from error

    def make(self, name: str) -> bool:
        """Makes a folder in this one; False if there is an entry of that name already."""
        try:
            os.mkdir(name, 0o700, dir_fd=self._descriptor)
            os.chmod(name, 0o700, dir_fd=self._descriptor)  # The umask may have taken that away.
            os.fsync(self._descriptor)
        except FileExistsError:
            return False
        except OSError as error:
            raise self._refused(name, error) from error
        return True

    def inside(self, name: str, *, make: bool) -> "PrivateFolder | None":
        """A folder in this one; where there is none it is made, or None."""
        path = self.path / name
        try:
            descriptor = os.open(name, _FOLDER, dir_fd=self._descriptor)
        except FileNotFoundError:
            if not make:
                return None
            self.make(name)
            return self.inside(name, make=True)
        except OSError as error:
            raise self._refused(name, error) from error
        return _own(descriptor, path, name, make=make)

    def _unlink(self, name: str) -> None:
        try:
            os.unlink(name, dir_fd=self._descriptor)
        except FileNotFoundError:
            return

    def _refused(self, name: str, error: OSError) -> FileRefused:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        return FileRefused(f"`{self.path / name}`: {reason}")


def opened(root: Path, *parts: str, make: bool) -> PrivateFolder | None:
    """The folder `.deployer/PARTS` of the project at `root`; where there is none it is made, or None.

    A `.deployer` that is made gets a `.gitignore`, so that nothing in it is ever committed.
    Raises FileRefused.
    """
    base = os.path.realpath(root)
    try:
        folder = PrivateFolder(os.open(base, _FOLDER), Path(base))
    except OSError as error:
        raise FileRefused(f"`{base}`: {_REASONS.get(error.errno or 0, error.strerror)}") from error
    return _down(folder, (NAME, *parts), make=make)


def _down(folder: PrivateFolder, parts: Sequence[str], *, make: bool) -> PrivateFolder | None:
    for part in parts:
        with folder:
            inner = folder.inside(part, make=make)
        if inner is None:
            return None
        folder = inner
    return folder


def _own(descriptor: int, path: Path, name: str, *, make: bool) -> PrivateFolder:
    """The open folder, closed to others; the outermost one with its `.gitignore`."""
    folder = PrivateFolder(descriptor, path)
    if not make:
        return folder
    try:
        os.fchmod(descriptor, 0o700)
        if name == NAME and ".gitignore" not in folder.names():
            folder.write(".gitignore", IGNORED)
    except OSError as error:
        os.close(descriptor)
        raise FileRefused(f"`{path}`: {_REASONS.get(error.errno or 0, error.strerror)}") from error
    except FileRefused:
        os.close(descriptor)
        raise
    return folder
