"""Python values straight from a stream of parser events, guarded: one pass, nothing retained.

The guards stop before the harm: at depth 64, before aliases grow the document. What can be said
without stopping (duplicate keys, tags, bad numbers) is collected.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from yaml import events

from deployer.reading import scalars
from deployer.reading.scalars import NAMED, NUMERIC_START
from deployer.reading.source import AMBIGUOUS, Finding, Irregular, Text

MAX_DEPTH = 64
MAX_ALIASES = 1_000
MAX_EXPANDED = 100_000
MAX_FINDINGS = 100

NextEvent = Callable[[], Any]
"""Gives the next `yaml.events` event of a stream; typed loosely, libyaml's marks have no stubs."""

_CHARACTERS_PER_VALUE = 100
_NOT_ALLOWED = re.compile("[\0\ud800-\udfff]")
_QUOTE = "quote it if text is meant"
_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS: Mapping[str, tuple[type, ...]] = {
    _TAG + "str": (str,),
    _TAG + "int": (int,),
    _TAG + "float": (float, int),
    _TAG + "bool": (bool,),
    _TAG + "null": (type(None),),
}
_OPEN = object()


class Builder:
    """Builds the one document of an event stream; `build` is called once."""

    def __init__(self, next_event: NextEvent, remarks: bool = True) -> None:
        self.findings: list[Finding] = []
        self._next = next_event
        self._remark = remarks
        self._remarks: list[Finding] = []
        self._path: list[str | int] = [0] * (MAX_DEPTH + 1)
        self._anchors: dict[str, Any] = {}
        self._aliases = 0
        self._expanded = 0

    def build(self) -> Text:
        """The document's value; raises Irregular with everything found up to a guard or the end."""
        self._next()
        if isinstance(self._next(), events.StreamEndEvent):
            return Text(None)
        value = self._value(self._next(), 0)
        self._next()
        after = self._next()
        if not isinstance(after, events.StreamEndEvent):
            self._find(after, 0, "more than one document", "one document in each file")
        if self.findings:
            raise Irregular(self.findings)
        return Text(value, tuple(self._remarks))

    def _value(self, event: Any, depth: int) -> Any:
        if type(event) is events.ScalarEvent:
            if event.anchor is None:
                return self._scalar(event, depth)
            value = self._anchors[event.anchor] = self._scalar(event, depth)
            return value
        if type(event) is events.AliasEvent:
            return self._alias(event, depth)
        if depth >= MAX_DEPTH:
            self._stop(event, depth, f"nested deeper than {MAX_DEPTH}")
        return self._collection(event, depth)

    def _collection(self, event: Any, depth: int) -> Any:
        anchor = event.anchor
        if anchor is not None:
            self._anchors[anchor] = _OPEN
        value: Any
        if isinstance(event, events.MappingStartEvent):
            self._expect_tag(event, depth, "map")
            value = self._mapping(depth)
        else:
            self._expect_tag(event, depth, "seq")
            value = self._sequence(depth)
        if anchor is not None and self._anchors[anchor] is _OPEN:
            self._anchors[anchor] = value
        return value

    def _sequence(self, depth: int) -> list[Any]:
        result: list[Any] = []
        while type(event := self._next()) is not events.SequenceEndEvent:
            self._path[depth] = len(result)
            result.append(self._value(event, depth + 1))
        return result

    def _mapping(self, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        marks: list[Any] = []
        following, inner = self._next, depth + 1
        while type(event := following()) is not events.MappingEndEvent:
            key = self._path[depth] = self._key(event, depth)
            if key in result:
                self._duplicate(event, depth, key, marks[list(result).index(key)].line)
                self._value(following(), inner)
            else:
                marks.append(event.start_mark)
                result[key] = self._value(following(), inner)
        return result

    def _key(self, event: Any, depth: int) -> str:
        if type(event) is events.ScalarEvent:
            self._path[depth] = event.value
            if event.value == "<<" and event.implicit[0]:
                hint = "write the keys out, or alias each value"
                self._find(event, depth, "merge key `<<` is not supported", hint)
                return "<<"
        else:
            self._path[depth] = ""
        value = self._value(event, depth + 1)
        if isinstance(value, str):
            return value
        flow = isinstance(event, events.CollectionStartEvent)
        hint = "quote text that starts with `{` or `[`" if flow else "quote the key"
        self._find(event, depth, "keys must be text", hint)
        return f"{value}"[:100]

    def _duplicate(self, event: Any, depth: int, key: str, first: int) -> None:
        lines = f"lines {first + 1} and {event.start_mark.line + 1}"
        message = f"key given twice ({lines}): `{key[:100]}`"
        self._find(event, depth + 1, message, "keep one of them")

    def _scalar(self, event: Any, depth: int) -> Any:
        text: str = event.value
        if event.tag is not None:
            return self._tagged(event, depth)
        if event.implicit[0]:
            return (
                text
                if text not in NAMED and text[0] not in NUMERIC_START
                else self._plain(event, depth)
            )
        return self._text(event, depth) if event.style == '"' else text

    def _text(self, event: Any, depth: int) -> str:
        text: str = event.value
        # Only an escape can say these: the raw characters never get past decoding.
        if bad := _NOT_ALLOWED.search(text):
            self._find(event, depth, f"character U+{ord(bad[0]):04X} not allowed")
        return text

    def _plain(self, event: Any, depth: int) -> Any:
        text: str = event.value
        try:
            value = scalars.plain(text)
        except scalars.BadNumber as error:
            self._find(event, depth, str(error), _QUOTE)
            return text
        if self._remark and (remark := scalars.remark(text, value)):
            finding = self._finding(event, depth, remark, _QUOTE)
            self._remarks.append(finding._replace(rule=AMBIGUOUS))
        return value

    def _tagged(self, event: Any, depth: int) -> Any:
        allowed = _SCALAR_TAGS.get(event.tag)
        if allowed is None:
            self._refuse_tag(event, depth)
            return event.value
        if str in allowed:
            return self._text(event, depth)
        try:
            value = scalars.plain(event.value)
        except scalars.BadNumber as error:
            self._find(event, depth, str(error), _QUOTE)
            return event.value
        if type(value) not in allowed:
            wanted = event.tag.removeprefix(_TAG)
            self._find(event, depth, f"`{event.value[:100]}` is not of type {wanted}")
        return float(value) if float in allowed and isinstance(value, int) else value

    def _expect_tag(self, event: Any, depth: int, kind: str) -> None:
        if event.tag is not None and event.tag != _TAG + kind:
            self._refuse_tag(event, depth)

    def _refuse_tag(self, event: Any, depth: int) -> None:
        self._find(event, depth, f"tag not allowed: `{event.tag[:100]}`", "remove the tag")

    def _alias(self, event: Any, depth: int) -> Any:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            self._stop(event, depth, f"more than {MAX_ALIASES:,} aliases")
        if event.anchor not in self._anchors:
            self._find(event, depth, f"alias `{event.anchor}` has no anchor above it")
            return None
        value = self._anchors[event.anchor]
        if value is _OPEN:
            self._stop(event, depth, "alias refers to itself")
        return self._copy(event, value, depth)

    def _copy(self, event: Any, value: Any, depth: int) -> Any:
        self._expanded += 1
        if isinstance(value, str):
            self._expanded += len(value) // _CHARACTERS_PER_VALUE
        if self._expanded > MAX_EXPANDED:
            self._stop(event, 0, f"aliases expand to more than {MAX_EXPANDED:,} values")
        if not isinstance(value, dict | list):
            return value
        if depth >= MAX_DEPTH:
            self._stop(event, 0, f"nested deeper than {MAX_DEPTH}")
        if isinstance(value, dict):
            return {key: self._copy(event, each, depth + 1) for key, each in value.items()}
        return [self._copy(event, each, depth + 1) for each in value]

    def _finding(self, event: Any, depth: int, message: str, hint: str = "") -> Finding:
        mark = event.start_mark
        pointer = tuple(self._path[:depth])
        return Finding(message, mark.line + 1, mark.column + 1, hint, pointer)

    def _find(self, event: Any, depth: int, message: str, hint: str = "") -> None:
        self.findings.append(self._finding(event, depth, message, hint))
        if len(self.findings) >= MAX_FINDINGS:
            raise Irregular(self.findings)

    def _stop(self, event: Any, depth: int, message: str) -> NoReturn:
        self.findings.append(self._finding(event, depth, message))
        raise Irregular(self.findings)
