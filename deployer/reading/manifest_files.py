"""Which files are manifests: the globs of the configuration, or the paths given instead."""

import fnmatch
import os
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from deployer.errors import InvalidManifests, UsageError
from deployer.model import Location, Problem, Settings
from deployer.reading.source import UNREADABLE

MAX_FILES = 20_000
MAX_TOTAL_BYTES = 1 << 30

_SUFFIXES = (".yaml", ".yml", ".json")
_SKIPPED = frozenset((".git", ".deployer"))
_MAGIC = re.compile(r"[*?\[]")


def manifest_files(settings: Settings, paths: Sequence[Path] = ()) -> list[Path]:
    """The manifests at `paths` (files, or folders searched for them), else those of the globs.

    Sorted, each once. What is not a folder counts as a file: reading it says what is wrong with it.
    Raises UsageError for a path that does not exist, InvalidManifests for too many files.
    """
    if paths:
        found = {file for path in paths for file in _below(path)}
    else:
        found = {file for glob in settings.manifests for file in _matching(settings.root, glob)}
    files = sorted(found - {settings.config})
    _check_amount(settings, files)
    return files


def _below(path: Path) -> Iterator[Path]:
    if not os.path.lexists(path):
        raise UsageError(f"no such file: `{path}`", where=str(path), hint="check the path")
    if not path.is_dir():
        yield path.parent.resolve() / path.name
        return
    folder = path.resolve()
    for parts in _walk(folder):
        if parts[-1].endswith(_SUFFIXES):
            yield folder.joinpath(*parts)


def matches(glob: str, parts: Sequence[str]) -> bool:
    """Does a glob find the file with these parts below the project folder?"""
    fixed = fixed_prefix(glob)
    below = tuple(parts[len(fixed) :])
    whole = _parts(glob)[len(fixed) :]
    return tuple(parts[: len(fixed)]) == fixed and (
        _Pattern(whole).fits(below) if whole else not below
    )


def fixed_prefix(glob: str) -> tuple[str, ...]:
    """The folders (and file) of a glob before its first wildcard."""
    return tuple(takewhile(lambda part: not _MAGIC.search(part), _parts(glob)))


def _matching(root: Path, glob: str) -> Iterator[Path]:
    parts = _parts(glob)
    if glob.startswith("/") or ".." in parts:
        raise UsageError(
            f"glob `{glob}` leaves the project folder",
            where=str(root),
            hint="write it relative to `deployer.yaml`, without `..`",
        )
    fixed = fixed_prefix(glob)
    base = root.joinpath(*fixed)
    if len(fixed) == len(parts):
        return iter([base] if os.path.lexists(base) and not base.is_dir() else [])
    pattern = _Pattern(parts[len(fixed) :])
    return (base.joinpath(*below) for below in _walk(base) if pattern.fits(below))


def _parts(glob: str) -> list[str]:
    return [part for part in glob.split("/") if part not in ("", ".")]


class _Pattern:
    """The wildcards of a glob, part by part; they match no name that starts with a dot."""

    def __init__(self, parts: Sequence[str]) -> None:
        self._parts = parts
        self._regexes = [re.compile(fnmatch.translate(part)) for part in parts]

    def fits(self, names: Sequence[str]) -> bool:
        """Do the names, folders first, fit the whole pattern? Takes linear time for any pattern."""
        places = self._with_skips({0})
        for name in names:
            places = self._with_skips({at for place in places for at in self._step(place, name)})
        return len(self._parts) in places

    def _step(self, place: int, name: str) -> Iterator[int]:
        if place == len(self._parts):
            return
        part = self._parts[place]
        if name.startswith(".") and not part.startswith("."):
            return
        if part == "**":
            yield place
        elif self._regexes[place].match(name):
            yield place + 1

    def _with_skips(self, places: set[int]) -> set[int]:
        """`**` may stand for no folder at all."""
        reached = set(places)
        for place in range(len(self._parts)):
            if place in reached and self._parts[place] == "**":
                reached.add(place + 1)
        return reached


def _walk(base: Path) -> Iterator[tuple[str, ...]]:
    """Everything below `base` that is no folder; links to folders are not followed."""
    folders: list[tuple[str, ...]] = [()]
    while folders:
        parts = folders.pop()
        for entry in _entries(base.joinpath(*parts)):
            below = (*parts, entry.name)
            if not entry.is_dir():
                yield below
            elif entry.name not in _SKIPPED and not entry.is_symlink():
                folders.append(below)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        # Passed over in silence, its workflows would look as if they had been deleted.
        raise _refused(str(folder), f"folder cannot be read: {error.strerror}") from error


def _check_amount(settings: Settings, files: Sequence[Path]) -> None:
    where = str(settings.config or settings.root)
    if len(files) > MAX_FILES:
        raise _refused(where, f"more than {MAX_FILES:,} manifests")
    if sum(os.lstat(file).st_size for file in files) > MAX_TOTAL_BYTES:
        raise _refused(where, f"manifests larger than {MAX_TOTAL_BYTES >> 30} GiB in all")


def _refused(where: str, message: str) -> InvalidManifests:
    hint = "narrow the globs under `manifests`"
    problem = Problem(UNREADABLE, "error", message, Location(where, 1, 1), hint)
    return InvalidManifests([problem])
