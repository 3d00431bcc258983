"""Makes text from files and from the service safe to show: nothing in it steers a terminal or a CI."""

import re
import unicodedata

_HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}

# GitHub's runner obeys a line that begins with `::`, blanks aside, and `##[` anywhere in it; that of
# Azure Pipelines obeys `##vso[`. Compiled when such a text comes up, which is hardly ever.
_COMMAND = r"^(\s*):(?=:)|##(?=\[|(?i:vso)\[)"


def visible(text: str) -> str:
    """`text` on one line, with control, format and line-breaking characters written as escapes.

    So is a character of what a CI would take for a command.
    """
    if not (text.isascii() and text.isprintable()):
        text = "".join(_shown(character) for character in text)
    return re.sub(_COMMAND, _broken, text) if "::" in text or "##" in text else text


def _broken(command: re.Match[str]) -> str:
    return "#\\x23" if command[0] == "##" else f"{command[1]}\\x3a"


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _HARMFUL:
        return character
    code = ord(character)
    if code < 0x100:
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
