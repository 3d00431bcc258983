"""Manifest files: read under guards, values and script files put in, places found again.

What the document means is left to `schema`, the rules and `desired`.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from deployer.errors import InvalidManifests
from deployer.model import Location, Manifest, Pointer, Problem, Severity
from deployer.reading import documents, placeholders, script_files
from deployer.reading.placeholders import Filled, Values
from deployer.reading.places import Written
from deployer.reading.project_files import FileRefused
from deployer.reading.source import UNREADABLE, Finding, Irregular, Text
from deployer.reading.tree import Root, Tree, tree_of

__all__ = ["Parsed", "Place", "Values", "complete", "locate", "locate_all", "parse", "read"]

Place = tuple[Pointer, bool]
"""A value of a document, or, if true, the key that it stands under."""


class Parsed(NamedTuple):
    """A manifest file as it is written, before the values of any target.

    `file` is relative to the project folder, `path` where it lies on disk, None if it does not.
    """

    file: str
    path: Path | None
    text: Text


def parse(path: Path, root: Root) -> Parsed:
    """The manifest at `path`, inside the project folder `root`.

    Raises InvalidManifests with every problem that could be found, UsageError for a path outside
    `root`, Conflict when the file changes while it is being read.
    """
    tree = tree_of(root)
    file = tree.place(path)
    data = _bytes(tree, file)
    try:
        return Parsed(file, tree.on_disk(path), documents.parse(data, path.suffix))
    except Irregular as irregular:
        raise InvalidManifests(_problems(file, data, irregular.findings)) from irregular


def complete(parsed: Parsed, root: Root, values: Values | None) -> Manifest:
    """The manifest with values and script files put in; without `values` placeholders stay.

    `parsed` is left as it is. Raises InvalidManifests with every problem that could be found,
    Conflict when a script changes while it is being read.
    """
    file, text, tree = parsed.file, parsed.text, tree_of(root)
    filled = Filled(text.value) if values is None else placeholders.fill(text.value, values)
    inlined = script_files.inline(filled.value, tree, file, values)
    if findings := [*filled.findings, *inlined.findings]:
        raise InvalidManifests(_problems(file, _bytes(tree, file), findings))
    warnings = [*text.remarks, *filled.warnings, *inlined.warnings]
    told = _problems(file, _bytes(tree, file), warnings, "warning") if warnings else ()
    return Manifest(file, parsed.path, inlined.document, inlined.files, told)


def read(path: Path, root: Root, values: Values | None) -> Manifest:
    """Both in one: what `parse` and `complete` do, and raise."""
    return complete(parse(path, root), root, values)


def locate(manifest: Manifest, pointer: Pointer, key: bool = False) -> Location:
    """Where one place of a manifest is written, as `locate_all` tells of several."""
    return locate_all(manifest, [(pointer, key)])[pointer, key]


def locate_all(manifest: Manifest, places: Collection[Place]) -> dict[Place, Location]:
    """Where each place is written; its nearest existing ancestor, if nowhere.

    The file is read again, once: nothing is kept for this. What lies in an inlined script is at the
    place of `script.file`; in a file that cannot be read any more all is at its beginning.
    """
    if manifest.path is None:
        return dict.fromkeys(places, Location(manifest.file, 1, 1))
    if not places:
        return {}
    pointers = {place: _in_file(manifest, place[0]) for place in places}
    try:
        data = manifest.path.read_bytes()
        written = documents.locate(data, manifest.path.suffix, set(pointers.values()))
    except (OSError, Irregular):
        return dict.fromkeys(places, Location(manifest.file, 1, 1))
    found = {place: written[pointer] for place, pointer in pointers.items()}
    return {
        place: Location(manifest.file, *(each.key if place[1] else each.value))
        for place, each in found.items()
    }


def _in_file(manifest: Manifest, pointer: Pointer) -> Pointer:
    """What leads to the same in the file, where `script.file` stands for the script."""
    for end in range(len(pointer) + 1):
        if pointer[:end] in manifest.scripts:
            return (*pointer[: end - 1], "file")
    return pointer


def _bytes(tree: Tree, file: str) -> bytes:
    try:
        return tree.read(file).data
    except FileRefused as refused:
        finding = Finding(refused.message, 1, 1, refused.hint, rule=UNREADABLE)
        raise InvalidManifests(_problems(file, b"", [finding])) from refused


def _problems(
    file: str, data: bytes, findings: Iterable[Finding], severity: Severity = "error"
) -> tuple[Problem, ...]:
    findings = list(findings)
    unplaced = [each.pointer for each in findings if not each.line]
    written = documents.locate(data, Path(file).suffix, unplaced) if unplaced else {}
    return tuple(_problem(_location(file, written, each), each, severity) for each in findings)


def _problem(location: Location, finding: Finding, severity: Severity) -> Problem:
    pointer = documents.pointer_text(finding.pointer)
    return Problem(finding.rule, severity, finding.message, location, finding.hint, pointer)


def _location(file: str, written: Mapping[Pointer, Written], finding: Finding) -> Location:
    if finding.line:
        return Location(finding.file or file, finding.line, finding.column)
    return Location(file, *written[finding.pointer].value)
