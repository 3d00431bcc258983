"""A line of a file with a mark below one of its columns, as a terminal shows it."""

import unicodedata

from deployer.render.visible import visible

BEFORE = 60
"""So many characters are shown before the marked one, if the line is long."""

LONGEST = 100
"""So many characters of a line are shown at most."""

_TAB = "    "


def marked(line: str, column: int) -> tuple[str, str]:
    """The line, cut around `column` (from 1) if it is long, and the caret that belongs below it."""
    line = line.rstrip()
    at = min(max(column - 1, 0), len(line))
    start = max(0, at - BEFORE) if len(line) > LONGEST else 0
    end = start + LONGEST
    before = ("…" if start else "") + _shown(line[start:at])
    after = _shown(line[at:end]) + ("…" if end < len(line) else "")
    return before + after, " " * _width(before) + "^"


def _shown(text: str) -> str:
    return visible(text.replace("\t", _TAB))


def _width(text: str) -> int:
    """How many columns a terminal needs for a text."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
