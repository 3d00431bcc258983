"""A value as JSON text that may be shown on a terminal as it is."""

import json
import re
from typing import Any

# What could steer a terminal, and what a CI would take for a command (see `visible`).
_NOT_PLAIN = re.compile(r"[^\x20-\x7e\n]+|##(?=\[|(?i:vso)\[)")


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """JSON ending with a line end, on one line without `indent`.

    What could steer a terminal or a CI is written as an escape.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _NOT_PLAIN.sub(_escaped, text) + "\n"


def _escaped(found: re.Match[str]) -> str:
    run = found[0]
    if run == "##":
        return "#\\u0023"
    return run if run.isprintable() else "".join(_one_escaped(character) for character in run)


def _one_escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]
