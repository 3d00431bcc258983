"""Manifest files: read under guards, values and script files put in, places found again.

What the document means is left to `schema`, the rules and `desired`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deployer.errors import InvalidManifests
from deployer.model import Location, Manifest, Pointer, Problem, Severity
from deployer.reading import documents, placeholders, script_files
from deployer.reading.placeholders import Filled, Values
from deployer.reading.places import Written
from deployer.reading.project_files import FileRefused
from deployer.reading.source import UNREADABLE, Finding, Irregular, Text
from deployer.reading.tree import Root, Tree, tree_of

__all__ = ["Parsed", "Values", "complete", "locate", "parse", "read"]


@dataclass(frozen=True, slots=True)
class Parsed:
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
    """Where the value (or key) at `pointer` is written; its nearest existing ancestor, if nowhere.

    The file is read again: nothing is kept for this. In an inlined script it is the place of
    `script.file`.
    """
    if manifest.path is None:
        return Location(manifest.file, 1, 1)
    for script in manifest.scripts:
        if pointer[: len(script)] == script:
            pointer = (*script[:-1], "file")
    try:
        data = manifest.path.read_bytes()
        written = documents.locate(data, manifest.path.suffix, [pointer])[pointer]
    except (OSError, Irregular):
        return Location(manifest.file, 1, 1)
    return Location(manifest.file, *(written.key if key else written.value))


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
