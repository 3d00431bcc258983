"""Edits of files as one patch that `git apply` takes."""

import difflib
from collections.abc import Iterable, Iterator

from deployer.model import FileEdit

_NO_END = "\\ No newline at end of file"


def to_patch(edits: Iterable[FileEdit]) -> str:
    """A unified diff with the names of files below `a/` and `b/`; empty for no edits."""
    return "".join(f"{line}\n" for edit in edits for line in _file(edit))


def _file(edit: FileEdit) -> Iterator[str]:
    old = "/dev/null" if edit.before is None else f"a/{edit.file}"
    before, after = _lines(edit.before or b""), _lines(edit.after)
    lines = difflib.unified_diff(before, after, _name(old), _name(f"b/{edit.file}"), lineterm="")
    for line in lines:
        text, newline, _ = line.partition("\n")
        yield text
        if not newline and not text.startswith(("---", "+++", "@@")):
            yield _NO_END


def _name(file: str) -> str:
    # A tab ends a name that holds a blank.
    return f"{file}\t" if " " in file else file


def _lines(data: bytes) -> list[str]:
    """Lines with their ends, so that a missing last one counts; only a line feed ends a line."""
    lines = data.decode(errors="replace").split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
