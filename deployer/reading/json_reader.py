"""One JSON document as Python values, under the guards of YAML documents and with positions.

The standard library reads what is in order; whatever it, or a guard, does not take is read again as
a stream of events, which says what is wrong where.
"""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, NoReturn

from yaml import Mark, events

from deployer.model import Pointer
from deployer.reading import places
from deployer.reading.builder import MAX_DEPTH, Builder
from deployer.reading.places import Written
from deployer.reading.scalars import MAX_DIGITS
from deployer.reading.source import Finding, Irregular, Text, place

_SPACE = re.compile(r"[ \t\n\r]*")
_ATOM = re.compile(r"[^\s,:\[\]{}\"]+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS = frozenset(("true", "false", "null"))
# What json calls NaN and Infinity, as the builder knows it: it refuses them by name.
_NOT_FINITE = {"NaN": ".nan", "Infinity": ".inf", "-Infinity": "-.inf"}
_NEEDS_A_LOOK = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_HINTS = {
    "'": "JSON quotes with double quotes",
    "/": "JSON has no comments",
    "#": "JSON has no comments",
}
_STRINGS = json.JSONDecoder()


def parse(text: str) -> Text:
    """The value of a JSON text (None when it is empty); raises Irregular with all that is wrong."""
    if not _NEEDS_A_LOOK.search(text):
        try:
            value = _DECODER.decode(text)
        except (ValueError, RecursionError):
            pass
        else:
            if not _deeper_than(value, MAX_DEPTH):
                return Text(value)
    return _positioned(text)


def locate(text: str, pointers: Collection[Pointer]) -> dict[Pointer, Written]:
    """Where values of a text that `parse` accepts are written; see `places.find`."""
    return places.find(_Events(text).stream().__next__, pointers)


def _positioned(text: str) -> Text:
    build = Builder(_Events(text).stream().__next__, remarks=False)
    try:
        return build.build()
    except _SyntaxFault as fault:
        raise Irregular([*build.findings, *fault.findings]) from fault


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("key given twice")
    return result


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("perhaps too long")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError("not finite")
    return value


def _constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


class _SyntaxFault(Irregular):
    """The text stops being JSON at one place."""


class _Events:
    """The text as the events that `builder` reads, made one by one as it asks for them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 0
        self._line_start = 0

    def stream(self) -> Iterator[events.Event]:
        """All events of the one document."""
        yield events.StreamStartEvent()
        self._space()
        if self._at == len(self._text):
            yield events.StreamEndEvent()
            return
        yield events.DocumentStartEvent()
        yield from self._value()
        yield events.DocumentEndEvent()
        self._space()
        if self._at < len(self._text):
            yield events.DocumentStartEvent(self._mark())
        yield events.StreamEndEvent()

    def _value(self) -> Iterator[events.Event]:
        start = self._peek()
        if start == "{":
            yield from self._mapping()
        elif start == "[":
            yield from self._sequence()
        elif start == '"':
            yield self._string()
        else:
            yield self._atom()

    def _mapping(self) -> Iterator[events.Event]:
        yield events.MappingStartEvent(None, None, True, self._mark())
        more = self._open("}")
        while more:
            if self._peek() != '"':
                self._fail("a key in double quotes")
            yield self._string()
            self._space()
            if self._peek() != ":":
                self._fail("`:`")
            self._at += 1
            self._space()
            yield from self._value()
            more = self._more("}")
        yield events.MappingEndEvent()

    def _sequence(self) -> Iterator[events.Event]:
        yield events.SequenceStartEvent(None, None, True, self._mark())
        more = self._open("]")
        while more:
            yield from self._value()
            more = self._more("]")
        yield events.SequenceEndEvent()

    def _open(self, end: str) -> bool:
        self._at += 1
        self._space()
        if self._peek() != end:
            return True
        self._at += 1
        return False

    def _more(self, end: str) -> bool:
        self._space()
        found = self._peek()
        if found not in (",", end):
            self._fail(f"`,` or `{end}`")
        self._at += 1
        if found == ",":
            self._space()
            if self._peek() == end:
                self._fail("another value", "remove the comma before it")
        return found == ","

    def _string(self) -> events.Event:
        mark = self._mark()
        try:
            value, self._at = _STRINGS.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            raise _SyntaxFault([self._string_finding(error)]) from error
        return events.ScalarEvent(None, None, (False, True), value, mark, None, '"')

    def _string_finding(self, error: json.JSONDecodeError) -> Finding:
        line, column = place(self._text, error.pos)
        message = error.msg[:1].lower() + error.msg[1:].rstrip(": ")
        hint = (
            "write `\\n` for a line break" if self._text[error.pos : error.pos + 1] == "\n" else ""
        )
        return Finding(f"not JSON: {message}", line, column, hint)

    def _atom(self) -> events.Event:
        found = _ATOM.match(self._text, self._at)
        text = found[0] if found else ""
        if not (text in _WORDS or text in _NOT_FINITE or _NUMBER.fullmatch(text)):
            self._fail("a value", _HINTS.get(text[:1], ""))
        mark = self._mark()
        self._at += len(text)
        return events.ScalarEvent(None, None, (True, False), _NOT_FINITE.get(text, text), mark)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _space(self) -> None:
        found = _SPACE.match(self._text, self._at)
        end = found.end() if found else self._at
        lines = self._text.count("\n", self._at, end)
        if lines:
            self._line += lines
            self._line_start = self._text.rindex("\n", self._at, end) + 1
        self._at = end

    def _mark(self) -> Mark:
        return Mark("", self._at, self._line, self._at - self._line_start, None, 0)

    def _fail(self, expected: str, hint: str = "") -> NoReturn:
        found = self._text[self._at : self._at + 20].split("\n")[0]
        what = f"found `{found}`" if found else "found the end"
        mark = self._mark()
        message = f"not JSON: expected {expected}, {what}"
        raise _SyntaxFault([Finding(message, mark.line + 1, mark.column + 1, hint)])
