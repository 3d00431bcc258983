"""Unquoted scalars as YAML 1.2's core schema means them; everything it does not name is text.

Numbers with a leading zero stay text: they are ids far more often than amounts.
"""

import math
import re
from collections.abc import Mapping

MAX_DIGITS = 19

_WORDS: Mapping[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SWITCHES = frozenset(
    spelling
    for word in ("yes", "no", "on", "off")
    for spelling in (word, word.capitalize(), word.upper())
)
NUMERIC_START = frozenset("+-.0123456789")
"""What every number begins with, and whatever another reader takes for one."""
NAMED = _SWITCHES.union(_WORDS)
"""Every text that stands for a value here or elsewhere without being a number."""

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
# Compiled when a number comes up that is not plainly whole; most files hold none.
_BASED = r"0x[0-9a-fA-F]+|0o[0-7]+"
_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_NOT_FINITE = r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_LEADING_ZERO = r"[-+]?0[0-9]+"
_NUMBER_ELSEWHERE = (
    r"[-+]?0[0-9_]+|[-+]?[1-9][0-9_]*_[0-9_]*|[-+]?0b[01_]+|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+"
)


class BadNumber(ValueError):
    """A number that has no exact or no finite value here; its text is the message."""


def plain(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar; raises BadNumber."""
    if text in _WORDS:
        return _WORDS[text]
    return _number(text) if text[0] in NUMERIC_START else text


def remark(text: str, value: object) -> str:
    """Why another reader, or the author, may see `text` differently; empty when nobody would."""
    if isinstance(value, str):
        if text in _SWITCHES:
            return f"`{text}` is text here, older YAML readers take it for true or false"
        if text and text[0] in NUMERIC_START and re.fullmatch(_NUMBER_ELSEWHERE, text):
            return f"`{text}` is text here, older YAML readers take it for a number"
    elif type(value) in (int, float) and repr(value) != text:
        return f"`{text}` is read as the number {value!r}"
    return ""


def _number(text: str) -> str | int | float:
    if _INT.fullmatch(text):
        return _integer(text, 10)
    if re.fullmatch(_BASED, text):
        return _integer(text, 0)
    if re.fullmatch(_NOT_FINITE, text):
        raise BadNumber("not a finite number")
    if re.fullmatch(_FLOAT, text) and not re.fullmatch(_LEADING_ZERO, text):
        return _finite(text)
    return text


def _integer(text: str, base: int) -> int:
    if len(text.lstrip("+-")) > MAX_DIGITS:
        raise BadNumber(f"number too long: more than {MAX_DIGITS} digits")
    return int(text, base)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BadNumber("not a finite number")
    return value
