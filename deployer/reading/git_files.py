"""The project as a revision of git holds it, read without a checkout, under the guards of the folder.

Names are listed once; contents come from one `git cat-file --batch`, asked by object id, so that no
name, however odd, is ever part of what git is asked. Links are followed inside the project only.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deployer.reading.git import Git
from deployer.reading.project_files import Content, FileRefused, TooLarge, refuse_pointer
from deployer.reading.source import MAX_BYTES
from deployer.reading.tree import SKIPPED

_LINK, _SUBMODULE = "120000", "160000"
_MOST_LINKS = 40
_CHUNK = 1 << 20

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, link or submodule of a revision."""

    mode: str
    id: str


class Revision:
    """The files of a commit in and below the project folder; a `Tree`."""

    def __init__(self, root: Path, entries: Mapping[Parts, Entry], objects: "_Objects") -> None:
        self._root = root
        self._entries = entries
        self._objects = objects
        self._folders: dict[Parts, list[str]] = {(): []}
        for parts in entries:
            self._add(parts)

    def _add(self, parts: Parts) -> None:
        """Note what is in which folder."""
        while parts:
            parts, name = parts[:-1], parts[-1]
            known = parts in self._folders
            self._folders.setdefault(parts, []).append(name)
            if known:
                return

    def place(self, path: Path) -> str:
        """See `Tree`; the path is one below the project folder, whatever lies there on disk now."""
        return path.relative_to(self._root).as_posix()

    def on_disk(self, path: Path) -> None:
        """See `Tree`; what is on disk at that path is another version."""

    def read(self, name: str, largest: int = MAX_BYTES) -> Content:
        """See `Tree`."""
        parts = self._followed(tuple(name.split("/")))
        entry = self._entries.get(parts)
        if entry is None:
            raise FileRefused("not a regular file" if parts in self._folders else "no such file")
        if entry.mode == _SUBMODULE:
            raise FileRefused("not a regular file", "it is a submodule")
        data = self._objects.read(entry.id, largest)
        refuse_pointer(data)
        return Content(data, shared=False)

    def is_file(self, parts: Sequence[str]) -> bool:
        """See `Tree`."""
        entry = self._entries.get(tuple(parts))
        return entry is not None and entry.mode != _SUBMODULE and not self._leads_to_folder(parts)

    def walk(self, below: Sequence[str]) -> Iterator[Parts]:
        """See `Tree`; what is in a submodule is not known here."""
        try:
            base = self._followed(tuple(below))
        except FileRefused:
            return
        folders: list[Parts] = [()]
        while folders:
            inside = folders.pop()
            for name in self._folders.get((*base, *inside), ()):
                whole = (*base, *inside, name)
                if whole in self._folders:
                    folders += [] if name in SKIPPED else [(*inside, name)]
                elif self.is_file(whole):
                    yield (*inside, name)

    def size(self, files: Sequence[Path]) -> int:
        """See `Tree`."""
        found = (self._entries.get(tuple(self.place(file).split("/"))) for file in files)
        return self._objects.size([entry.id for entry in found if entry])

    def names(self, folder: str) -> list[str]:
        """See `Tree`."""
        return list(self._folders.get(tuple(filter(None, folder.split("/"))), ()))

    def _leads_to_folder(self, parts: Sequence[str]) -> bool:
        if self._entries[tuple(parts)].mode != _LINK:
            return False
        try:
            return self._followed(tuple(parts)) in self._folders
        except FileRefused:
            return False

    def _followed(self, parts: Parts) -> Parts:
        """Where a name leads once all links in it are followed; nothing may be there."""
        left = list(parts)
        done: Parts = ()
        links = 0
        while left:
            step = left.pop(0)
            if step == ".." and not done:
                raise _leaving()
            done = done[:-1] if step == ".." else done if step in ("", ".") else (*done, step)
            entry = self._entries.get(done)
            if entry is not None and entry.mode == _LINK:
                links += 1
                if links > _MOST_LINKS:
                    raise FileRefused("link loop", "replace the link by the file")
                left, done = [*self._link(entry), *left], done[:-1]
        return done

    def _link(self, entry: Entry) -> list[str]:
        """The steps of where a link leads. One from `/` may lead anywhere by now."""
        leads = os.fsdecode(self._objects.read(entry.id, MAX_BYTES))
        if leads.startswith("/"):
            raise _leaving()
        return leads.split("/")


def _leaving() -> FileRefused:
    return FileRefused("link leaves the project folder", "copy the file into the project")


class _Objects:
    """The contents of git's objects, by id."""

    def __init__(self, git: Git, process: "subprocess.Popen[bytes]") -> None:
        self._git = git
        self._ask, self._answer = _pipes(process)

    def read(self, identity: str, largest: int) -> bytes:
        """The bytes of an object; raises FileRefused, TooLarge beyond `largest`."""
        try:
            self._ask.write(f"{identity}\n".encode())
            self._ask.flush()
            header = self._answer.readline().split()
        except OSError as error:
            raise FileRefused("cannot be read: git ended") from error
        if len(header) != 3:
            raise FileRefused("cannot be read: git does not have its content here")
        size = int(header[2])
        if size > largest:
            self._skip(size + 1)
            raise TooLarge(f"larger than {largest // (1 << 20)} MiB")
        data = self._answer.read(size + 1)
        if len(data) != size + 1:
            raise FileRefused("cannot be read: git ended")
        return data[:-1]

    def _skip(self, size: int) -> None:
        while size > 0 and (chunk := self._answer.read(min(size, _CHUNK))):
            size -= len(chunk)

    def size(self, identities: Sequence[str]) -> int:
        """The bytes of all of these together, without reading them; what git lacks counts as none."""
        if not identities:
            return 0
        asked = "".join(f"{identity}\n" for identity in identities).encode()
        told = self._git.output("cat-file", "--batch-check=%(objectsize)", given=asked)
        return sum(int(line) for line in told.split(b"\n") if line.isdigit())


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process has no pipes")
    return process.stdin, process.stdout


@contextmanager
def opened(git: Git, commit: str) -> Iterator[Revision]:
    """The project folder that git works in, as a commit holds it, to be read while this is open.

    A folder that the commit lacks is an empty one. Raises GitFailed.
    """
    inside = git.text("rev-parse", "--show-prefix")
    below = ["--", inside] if inside else []
    listed = git.output("ls-tree", "-rz", "--full-tree", commit, *below)
    process = git.start(["cat-file", "--batch"])
    try:
        yield Revision(git.folder, _entries(listed, inside), _Objects(git, process))
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for pipe in _pipes(process):
        with suppress(BrokenPipeError):  # it may have ended before it had read all that was asked
            pipe.close()
    process.wait()


def _entries(listed: bytes, inside: str) -> dict[Parts, Entry]:
    """What `ls-tree` lists, by its parts below the project folder."""
    found = {}
    for line in filter(None, listed.split(b"\0")):
        told, _, name = line.partition(b"\t")
        mode, _, identity = told.decode().split(" ")
        parts = tuple(os.fsdecode(name).removeprefix(inside).split("/"))
        found[parts] = Entry(mode, identity)
    return found
