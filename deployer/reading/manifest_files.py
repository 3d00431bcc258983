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
from deployer.reading.tree import Folder, Tree

MAX_FILES = 20_000
MAX_TOTAL_BYTES = 1 << 30

_SUFFIXES = (".yaml", ".yml", ".json")
_MAGIC = re.compile(r"[*?\[]")


def manifest_files(
    settings: Settings, paths: Sequence[Path] = (), tree: Tree | None = None
) -> list[Path]:
    """The manifests at `paths` (files, or folders searched for them), else those of the globs.

    The globs are matched in `tree`, the project folder itself unless another one stands for it.

    Sorted, each once. What is not a folder counts as a file: reading it says what is wrong with it.
    Raises UsageError for a path that does not exist, InvalidManifests for too many files.
    """
    tree = tree or Folder(settings.root)
    if paths:
        found = {file for path in paths for file in _below(path)}
    else:
        globs = settings.manifests
        found = {
            settings.root.joinpath(*parts)
            for glob in globs
            for parts in _matching(settings.root, glob, tree)
        }
    files = sorted(found - {settings.config})
    _check_amount(settings, files, tree)
    return files


def _below(path: Path) -> Iterator[Path]:
    if not os.path.lexists(path):
        raise UsageError(f"no such file: `{path}`", where=str(path), hint="check the path")
    if not path.is_dir():
        yield path.parent.resolve() / path.name
        return
    folder = path.resolve()
    for parts in Folder(folder).walk(()):
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


def _matching(root: Path, glob: str, tree: Tree) -> Iterator[tuple[str, ...]]:
    parts = _parts(glob)
    if glob.startswith("/") or ".." in parts:
        raise UsageError(
            f"glob `{glob}` leaves the project folder",
            where=str(root),
            hint="write it relative to `deployer.yaml`, without `..`",
        )
    fixed = fixed_prefix(glob)
    if len(fixed) == len(parts):
        return iter([fixed] if tree.is_file(fixed) else [])
    pattern = _Pattern(parts[len(fixed) :])
    return ((*fixed, *below) for below in tree.walk(fixed) if pattern.fits(below))


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


def _check_amount(settings: Settings, files: Sequence[Path], tree: Tree) -> None:
    where = str(settings.config or settings.root)
    if len(files) > MAX_FILES:
        raise _refused(where, f"more than {MAX_FILES:,} manifests")
    if tree.size(files) > MAX_TOTAL_BYTES:
        raise _refused(where, f"manifests larger than {MAX_TOTAL_BYTES >> 30} GiB in all")


def _refused(where: str, message: str) -> InvalidManifests:
    hint = "narrow the globs under `manifests`"
    problem = Problem(UNREADABLE, "error", message, Location(where, 1, 1), hint)
    return InvalidManifests([problem])
