"""Documents as YAML text, with the place of every key and value: a second opinion on where things are."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

Pointer = tuple[str | int, ...]

_PLAIN = re.compile(r"[A-Za-z\u4e00-\u9fff][\w\u4e00-\u9fff./]*")
_WORDS = ("yes", "no", "on", "off", "true", "false", "null", "y", "n")


@dataclass
class Text:
    """What was written so far; places are lines and columns from 1."""

    lines: list[str] = field(default_factory=lambda: [""])
    values: dict[Pointer, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Pointer, tuple[int, int]] = field(default_factory=dict)

    @property
    def here(self) -> tuple[int, int]:
        """Where the next character goes."""
        return len(self.lines), len(self.lines[-1]) + 1

    def __str__(self) -> str:
        return "\n".join(self.lines) + "\n"


def written(document: dict[str, Any]) -> Text:
    """The text of a document in block style, two blanks for each level."""
    text = Text()
    _value(text, document, (), 0)
    return text


def _value(text: Text, value: Any, at: Pointer, indent: int) -> None:
    text.values[at] = text.here
    if isinstance(value, dict) and value:
        _mapping(text, value, at, indent)
    elif isinstance(value, list) and value:
        _sequence(text, value, at, indent)
    else:
        text.lines[-1] += _scalar(value)


def _mapping(text: Text, value: dict[str, Any], at: Pointer, indent: int) -> None:
    for number, (key, item) in enumerate(value.items()):
        if number:
            text.lines.append(" " * indent)
        text.keys[*at, key] = text.here
        text.lines[-1] += f"{_scalar(key)}:"
        if isinstance(item, (dict, list)) and item:
            text.lines.append(" " * (indent + 2))
        else:
            text.lines[-1] += " "
        _value(text, item, (*at, key), indent + 2)


def _sequence(text: Text, value: list[Any], at: Pointer, indent: int) -> None:
    for number, item in enumerate(value):
        if number:
            text.lines.append(" " * indent)
        text.lines[-1] += "- "
        _value(text, item, (*at, number), indent + 2)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=any(ord(c) > 0x9FFF or c == "\u200b" for c in str(value)))
