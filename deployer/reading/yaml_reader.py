"""One YAML document as Python values: libyaml reads the syntax, `builder` guards and builds.

Works without libyaml too, through PyYAML's own parser, some ten times slower.
"""

import re
from collections.abc import Callable, Collection
from typing import Any

import yaml
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from deployer.model import Pointer
from deployer.reading import places
from deployer.reading.builder import Builder, NextEvent
from deployer.reading.places import Written
from deployer.reading.source import Finding, Irregular, Text, place

# Compiled when first needed, which takes longer than reading most manifests.
_UNPRINTABLE = "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
# YAML 1.1 takes these for line ends, YAML 1.2 for text: no reading of them is the right one.
_FOREIGN_LINE_ENDS = ("\x85", "\u2028", "\u2029")
# PyYAML's own parser lets ValueError and OverflowError out of bad \U escapes.
_FAULTS = (yaml.YAMLError, ValueError, OverflowError)
_HINTS = {
    "\t": "indent with spaces, not tabs",
    "*": "quote text that starts with `*`",
    "&": "quote text that starts with `&`",
    "@": "quote text that starts with `@`",
    "`": "quote text that starts with a backtick",
    "%": "quote text that starts with `%`",
    ":": "quote text that holds `: `",
}


class _PurePythonParser(Reader, Scanner, Parser):
    """The event parser of PyYAML without libyaml."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def _libyaml_or_pure() -> Callable[[str], Any]:
    try:
        from yaml._yaml import CParser
    except ImportError:
        return _PurePythonParser
    return CParser


_parser = _libyaml_or_pure()


def parse(text: str) -> Text:
    """The value of a YAML text of one document, None when it is empty; raises Irregular."""
    _refuse_foreign_line_ends(text)
    build: Builder | None = None
    try:
        build = Builder(_events(text))
        return build.build()
    except _FAULTS as error:
        before = build.findings if build else []
        raise Irregular([*before, _syntax_finding(text, error)]) from error


def locate(text: str, pointers: Collection[Pointer]) -> dict[Pointer, Written]:
    """Where values of a text that `parse` accepts are written; see `places.find`."""
    try:
        return places.find(_events(text), pointers)
    except _FAULTS as error:
        raise Irregular([_syntax_finding(text, error)]) from error


def _events(text: str) -> NextEvent:
    next_event: NextEvent = _parser(text).get_event
    return next_event


def _refuse_foreign_line_ends(text: str) -> None:
    if text.isascii():
        return
    for character in _FOREIGN_LINE_ENDS:
        if character in text:
            raise Irregular([_unprintable(text, text.index(character))])


def _syntax_finding(text: str, error: Exception) -> Finding:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        message = ", ".join(part for part in (error.problem, error.context) if part)
        return Finding(f"not YAML: {message}", mark.line + 1, mark.column + 1, _hint(text, mark))
    if found := re.search(_UNPRINTABLE, text):
        return _unprintable(text, found.start())
    return Finding(f"not YAML: {error}", 1, 1)


def _hint(text: str, mark: yaml.Mark) -> str:
    lines = text.split("\n")
    line = lines[mark.line] if mark.line < len(lines) else ""
    for column in (mark.column, mark.column - 1):
        hint = _HINTS.get(line[column : column + 1] if column >= 0 else "")
        if hint:
            return hint
    return ""


def _unprintable(text: str, offset: int) -> Finding:
    line, column = place(text, offset)
    hint = 'write it as an escape in a "double-quoted" text, or remove it'
    return Finding(f"character U+{ord(text[offset]):04X} not allowed", line, column, hint)
