"""Whether two SQL texts say the same: comments and white space between words mean nothing.

Words are told apart by `sqlglot`, imported only when two texts are compared. They are compared as they
are written, and not as the tree that a parser makes of them, because a tree forgets what its parser does
not know. What cannot be read as SQL counts as different.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

LONGEST = 200_000
"""Characters; telling apart the words of so many takes half a second."""

_PLACEHOLDER = re.compile(r"\$\{[^{}\n]*\}|\$\[[^\[\]\n]*\]|\{\{[^{}\n]*\}\}|@@\{[^{}\n]*\}")
_LAYOUT = re.compile(r"--[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?|\s+")
"""What looks like a comment or white space: where the rest differs, nobody needs to look closer."""
_TELLING = ("+", "@")
"""How comments begin that are read: hints, and what counts as in- or output (docs/service.md B-138)."""


def same_meaning(before: str, after: str, dialect: str) -> bool:
    """Whether only comments and white space differ; False where that is not sure.

    `dialect` is one of sqlglot's, such as `hive`. Placeholders count as the text they are.
    """
    if len(before) > LONGEST or len(after) > LONGEST:
        return False
    if _LAYOUT.sub("", before) != _LAYOUT.sub("", after):
        return False
    old = _words(before, dialect)
    return bool(old) and old == _words(after, dialect)


def _words(text: str, dialect: str) -> tuple[str, ...]:
    """Everything in a text that means something; nothing for one that cannot be read."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    plain = _PLACEHOLDER.sub(lambda match: f"_{match[0].encode('utf-8', 'replace').hex()}_", text)
    try:
        tokens = sqlglot.tokenize(plain, read=dialect)
    except (SqlglotError, RecursionError, ValueError, IndexError):
        return ()
    return tuple(_meant(plain, tokens))


def _meant(text: str, tokens: "list[Token]") -> Iterator[str]:
    """The words as they are written; a `SET` in one piece, for to its value `--` is no comment."""
    setting: int | None = None
    first = True
    for token in tokens:
        ends = token.token_type.name == "SEMICOLON"
        if first and token.token_type.name == "SET":
            setting = token.start
        if ends and setting is not None:
            yield text[setting : token.start].strip()
            setting = None
        if setting is None:
            yield text[token.start : token.end + 1]
            comments = (each.strip() for each in token.comments)
            yield from (each for each in comments if each.startswith(_TELLING))
        first = ends
    if setting is not None:
        yield text[setting:].strip()
