"""Manifest files: read under guards, values and script files put in, places found again.

What the document means is left to `schema`, the rules and `desired`.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from deployer.errors import InvalidManifests, UsageError
from deployer.model import Location, Manifest, Pointer, Problem, Severity
from deployer.reading import documents, placeholders, project_files, script_files
from deployer.reading.placeholders import Filled, Values
from deployer.reading.places import Written
from deployer.reading.project_files import FileRefused
from deployer.reading.source import UNREADABLE, Finding, Irregular, Text

__all__ = ["Parsed", "Values", "complete", "locate", "parse", "read"]


class Parsed(NamedTuple):
    """A manifest file as it is written, before the values of any target.

    `file` is relative to the project folder, `path` where it lies on disk.
    """

    file: str
    path: Path
    text: Text


def parse(path: Path, root: Path) -> Parsed:
    """The manifest at `path`, inside the project folder `root`.

    Raises InvalidManifests with every problem that could be found, UsageError for a path outside
    `root`, Conflict when the file changes while it is being read.
    """
    file = _relative(path, root)
    data = _bytes(root, file)
    try:
        return Parsed(file, path, documents.parse(data, path.suffix))
    except Irregular as irregular:
        raise InvalidManifests(_problems(file, data, irregular.findings)) from irregular


def complete(parsed: Parsed, root: Path, values: Values | None) -> Manifest:
    """The manifest with values and script files put in; without `values` placeholders stay.

    `parsed` is left as it is. Raises InvalidManifests with every problem that could be found,
    Conflict when a script changes while it is being read.
    """
    file, text = parsed.file, parsed.text
    filled = Filled(text.value) if values is None else placeholders.fill(text.value, values)
    inlined = script_files.inline(filled.value, root, file, values)
    if findings := [*filled.findings, *inlined.findings]:
        raise InvalidManifests(_problems(file, _bytes(root, file), findings))
    warnings = [*text.remarks, *filled.warnings, *inlined.warnings]
    told = _problems(file, _bytes(root, file), warnings, "warning") if warnings else ()
    return Manifest(file, parsed.path, inlined.document, inlined.files, told)


def read(path: Path, root: Path, values: Values | None) -> Manifest:
    """Both in one: what `parse` and `complete` do, and raise."""
    return complete(parse(path, root), root, values)


def locate(manifest: Manifest, pointer: Pointer, key: bool = False) -> Location:
    """Where the value (or key) at `pointer` is written; its nearest existing ancestor, if nowhere.

    The file is read again: nothing is kept for this. In an inlined script it is the place of
    `script.file`.
    """
    for script in manifest.scripts:
        if pointer[: len(script)] == script:
            pointer = (*script[:-1], "file")
    try:
        data = manifest.path.read_bytes()
        written = documents.locate(data, manifest.path.suffix, [pointer])[pointer]
    except (OSError, Irregular):
        return Location(manifest.file, 1, 1)
    return Location(manifest.file, *(written.key if key else written.value))


def _relative(path: Path, root: Path) -> str:
    # The last part may be a link: where it leads is checked on the way to the open file.
    try:
        return (_real(path.parent) / path.name).relative_to(_real(root)).as_posix()
    except ValueError as error:
        raise UsageError(
            f"`{path}` is outside the project folder",
            where=str(root),
            hint="run the command in the folder that holds the manifests",
        ) from error


def _real(folder: Path) -> Path:
    return Path(os.path.realpath(folder))


def _bytes(root: Path, file: str) -> bytes:
    try:
        return project_files.read(root, file).data
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
