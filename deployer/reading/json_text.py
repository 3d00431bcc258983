"""JSON as text that was changed: what is not touched stays as it was spaced."""

import json
import re
from typing import Any

from deployer.reading.kept_text import kept

_INDENT = re.compile(r"\n([ \t]+)\S")


def changed(document: Any, text: str) -> str:
    """The text of a document that was loaded from `text` and changed: other lines stay byte for byte."""
    found = _INDENT.search(text)
    indent = found[1] if found else ("  " if "\n" in text.strip() else None)
    after = _dump(document, indent)
    result = kept(text, _dump(json.loads(text), indent), after)
    try:
        return result if json.loads(result) == document else after
    except ValueError:
        return after


def _dump(document: Any, indent: str | None) -> str:
    return json.dumps(document, ensure_ascii=False, indent=indent) + "\n"
