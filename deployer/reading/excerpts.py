"""Source lines to be shown beside problems, read again from their files; never one with a secret.

The lines of a file that holds an access key are not shown at all, nor one that names a password or
its like, nor one beside or around a field that the schema calls sensitive, nor one that may be such a
field in a file that cannot be parsed.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path, PurePath
from typing import Any

from deployer import schema
from deployer.errors import Conflict
from deployer.fields import SECRETIVE, Field
from deployer.model import Pointer, Problem
from deployer.reading import documents, project_files
from deployer.reading.project_files import FileRefused
from deployer.reading.source import SECRET, Irregular, access_key

Place = tuple[str, int]
"""A file of the project, and a line from 1."""

_DOCUMENTS = (".yaml", ".yml", ".json")


def excerpts(root: Path, problems: Iterable[Problem]) -> dict[Place, str]:
    """The lines that problems stand in, by file and line, so far as they can and may be shown."""
    wanted: dict[str, set[int]] = {}
    withheld = set()
    for problem in problems:
        place = (problem.location.file, problem.location.line)
        wanted.setdefault(place[0], set()).add(place[1])
        if problem.rule == SECRET or _sensitive(problem.pointer):
            withheld.add(place)
    return {
        (file, number): line
        for file, numbers in wanted.items()
        for number, line in _lines(root, file, numbers)
        if (file, number) not in withheld and not SECRETIVE.search(line)
    }


def _lines(root: Path, file: str, numbers: Iterable[int]) -> Iterable[tuple[int, str]]:
    """These lines of a file; none if it cannot be read any more, or holds an access key."""
    try:
        text = project_files.read(root, file).data.decode("utf-8", "replace")
    except (FileRefused, Conflict):
        return
    if access_key(text):
        return
    lines = text.removeprefix("\ufeff").split("\n")
    wanted = [number for number in numbers if 0 < number <= len(lines)]
    hidden = _secret_lines(file, text, [n for n in wanted if _may_be_secret(lines, n)])
    for number in wanted:
        if number not in hidden:
            yield number, lines[number - 1]


def _may_be_secret(lines: Sequence[str], number: int) -> bool:
    """Whether a line, or one that it is indented below, has a key that the schema calls sensitive."""
    depth = len(lines[number - 1]) + 1
    for line in reversed(lines[:number]):
        indent = len(line) - len(line.lstrip())
        if line.strip() and indent < depth:
            if _sensitive_keys().search(line):
                return True
            depth = indent
        if depth == 0:
            break
    return False


@cache
def _sensitive_keys() -> re.Pattern[str]:
    """What matches the keys of sensitive fields, as YAML and JSON write them."""
    names: set[str] = set()
    waiting: list[Any] = [schema.load("manifest")]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            known = part.get("properties", {})
            names.update(key for key, each in known.items() if each.get("x-sensitive"))
            waiting += part.values()
    return re.compile(rf"""(?<!\w)(?:{"|".join(sorted(names))})["']?\s*:""")


def _secret_lines(file: str, text: str, numbers: Collection[int]) -> Collection[int]:
    """Those lines that hold a sensitive value; all of them if the file cannot be parsed."""
    suffix = PurePath(file).suffix
    if not numbers or suffix not in _DOCUMENTS:
        return ()
    data = text.encode()
    try:
        value = documents.parse(data, suffix).value
    except Irregular:
        return numbers
    secrets = dict(_secrets(value, schema.document(), ()))
    places = documents.locate(data, suffix, secrets)
    return {
        number
        for pointer, secret in secrets.items()
        for number in range(
            places[pointer].key[0], places[pointer].value[0] + str(secret).count("\n") + 2
        )
    }


def _secrets(value: Any, field: Field | None, at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    """The sensitive values of a document, and where they are."""
    if field is None or value is None:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            below = field if field.sensitive else field.property(key)
            yield from _secrets(item, below, (*at, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            below = field if field.sensitive else field.element_of(item)
            yield from _secrets(item, below, (*at, number))
    elif field.sensitive:
        yield at, value


def _sensitive(pointer: str) -> bool:
    """Whether a value, what holds it, or a value beside it is to be masked in output."""
    field: Field | None = schema.document() if pointer else None
    for step in pointer.split("/")[1:]:
        if field is None or _holds_a_secret(field):
            break
        name = step.replace("~1", "/").replace("~0", "~")
        field = field.items if field.items else field.property(name)
    return field is not None and _holds_a_secret(field)


def _holds_a_secret(field: Field) -> bool:
    return field.sensitive or any(each.sensitive for each in field.properties.values())
