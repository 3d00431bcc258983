"""Source lines to be shown beside problems, read again from their files; never one with a secret.

The lines of a file that holds an access key are not shown at all, nor one that names a password or
its like, nor one beside a field that the schema calls sensitive.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from deployer import schema
from deployer.errors import Conflict
from deployer.fields import Field
from deployer.model import Problem
from deployer.reading import project_files
from deployer.reading.project_files import FileRefused
from deployer.reading.source import SECRET, access_key

Place = tuple[str, int]
"""A file of the project, and a line from 1."""

_SECRETIVE = re.compile(
    r"pass|pwd|secret|token|credential|access.?key|private.?key|口令|密码", re.I
)


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
        if (file, number) not in withheld and not _SECRETIVE.search(line)
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
    for number in numbers:
        if 0 < number <= len(lines):
            yield number, lines[number - 1]


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
