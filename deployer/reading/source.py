"""The text of a file and what may be wrong with it: decoding, places in it, findings about it.

Reading bytes from disk is left to `project_files`, making values of the text to `documents`.
"""

import codecs
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from deployer.model import Pointer

MAX_BYTES = 10 * 1024 * 1024
"""The largest manifest, script or configuration file that is read."""

_ACCESS_KEY = re.compile(r"LTAI(?<![0-9A-Za-z]LTAI)[0-9A-Za-z]{12,30}(?![0-9A-Za-z])")
"""What the id of an access key of the service looks like; begins plainly, to be searched for fast."""

UNREADABLE = "DW001"
IRREGULAR = "DW002"
AMBIGUOUS = "DW006"
PLACEHOLDER = "DW004"
SCRIPT_FILE = "DW005"
SECRET = "DW007"

_FOREIGN_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


class Finding(NamedTuple):
    """Something wrong or odd in a file: the one being read, or `file`.

    Line and column count from 1; line 0 means that `pointer` says where.
    """

    message: str
    line: int = 0
    column: int = 0
    hint: str = ""
    pointer: Pointer = ()
    rule: str = IRREGULAR
    file: str = ""


class Text(NamedTuple):
    """A document's value and the remarks about scalars that other readers take differently."""

    value: Any
    remarks: tuple[Finding, ...] = ()


class Irregular(Exception):
    """A file's text cannot be used; `findings` says why, at least once."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(findings[0].message)
        self.findings = tuple(findings)


def decode(data: bytes) -> str:
    """UTF-8 bytes as text, without the byte order mark; raises Irregular at what is no text."""
    for mark, name in _FOREIGN_MARKS.items():
        if data.startswith(mark):
            raise Irregular([_not_utf8(data, 0, name)])
    if b"\0" in data[:4]:
        raise Irregular([_not_utf8(data, data.index(b"\0"), "UTF-16 or UTF-32")])
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Irregular([_not_utf8(data, error.start, "")]) from error
    if "\0" in text:
        at = place(text, text.index("\0"))
        raise Irregular([Finding("character U+0000 not allowed", *at, rule=UNREADABLE)])
    return text


def access_key(text: str, file: str = "") -> Finding | None:
    """The first place in a text, of `file` if it is not the one being read, that looks like a key."""
    found = _ACCESS_KEY.search(text)
    if found is None:
        return None
    hint = (
        "remove it and disable the key: credentials come from the environment, a profile or a role"
    )
    line, column = place(text, found.start())
    return Finding("looks like an AccessKey", line, column, hint, rule=SECRET, file=file)


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of the character at `offset`."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _not_utf8(data: bytes, offset: int, looks_like: str) -> Finding:
    before = data[:offset].decode("utf-8", "replace")
    line, column = place(before, len(before))
    hint = "save the file as UTF-8"
    if looks_like:
        hint = f"it looks like {looks_like}: {hint}"
    return Finding(f"not UTF-8 at byte {offset}", line, column, hint, rule=UNREADABLE)
