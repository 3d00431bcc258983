"""Text from files and from the service as Markdown that means nothing but that text.

Forges turn more into links than CommonMark does: `@name`, `#12`, `!12`, `:word:`, bare addresses. What
is no plain word therefore stands in a code span, where none of them looks for anything.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from deployer.render.plan_parts import some
from deployer.render.visible import visible

LONGEST_NAME = 200
LONGEST_PROSE = 600
_MOST_NAMES = 8

_CODE_OR_WORDS = re.compile(r"`([^`]+)`|([^`]+|`)")
_PLAIN_WORD = re.compile(
    r"[('\"]*(?:[^\W\d_]+(?:[-'’][^\W\d_]+)*|\d{1,6}(?:[.:/-]\d{1,6})*|[–→])?[%)'\",.;:?]*"
)
_BACKTICKS = re.compile("`+")


def code(text: str, longest: int = LONGEST_NAME) -> str:
    """A code span that holds the text and is not ended by it."""
    return _span(_cut(visible(text), longest))


def cell(text: str, longest: int = LONGEST_NAME) -> str:
    """A code span for a table, whose columns end at every bar that has no backslash before it."""
    return code(text, longest).replace("|", "\\|")


def prose(text: str, longest: int = LONGEST_PROSE) -> str:
    """A sentence: plain words as they are, all else in code spans. Not for the start of a line."""
    shown = _cut(visible(text), longest)
    parts = [
        _span(inner) if inner else _words(words) for inner, words in _CODE_OR_WORDS.findall(shown)
    ]
    return _apart(parts)


def prose_cell(text: str) -> str:
    """A sentence for a table: plain words hold no bars, and those in spans get their backslash."""
    return prose(text).replace("|", "\\|")


def html(text: str, longest: int = LONGEST_NAME) -> str:
    """Text inside an HTML block, where Markdown does not look."""
    return f"<code>{escape(_cut(visible(text), longest))}</code>"


def names(found: Sequence[str]) -> str:
    """The first names, the others counted."""
    shown, more = some(found, _MOST_NAMES)
    told = ", ".join(code(name) for name in shown)
    return f"{told} and {more} more" if more else told


def fenced(language: str, lines: Iterable[str]) -> Iterator[str]:
    """A block of code behind a fence that is longer than any run of backticks in it."""
    body = list(lines)
    fence = "`" * max(3, 1 + max((_longest_run(line) for line in body), default=0))
    yield from (f"{fence}{language}", *body, fence)


def folded(summary: str, lines: Iterable[str], *, opened: bool = False) -> Iterator[str]:
    """Lines behind a heading, which is HTML; the blank lines are what makes them Markdown again."""
    yield "<details open>" if opened else "<details>"
    yield f"<summary>{summary}</summary>"
    yield ""
    last = ""
    for last in lines:
        yield last
    if last:
        yield ""
    yield "</details>"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table; whoever makes the cells has seen to the bars in them."""
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _words(text: str) -> str:
    """Neighbours that are not plain share a span; blanks at the ends stay."""
    result: list[str] = []
    odd: list[str] = []
    for word in text.split(" "):
        if not _PLAIN_WORD.fullmatch(word):
            odd.append(word)
            continue
        result += [*_joined(odd), word]
        odd = []
    return " ".join([*result, *_joined(odd)])


def _joined(odd: list[str]) -> list[str]:
    return [_span(" ".join(odd))] if odd else []


def _apart(parts: Iterable[str]) -> str:
    """The parts in a row; between two spans a blank, or their fences would be one."""
    result = ""
    for part in parts:
        result += f" {part}" if result.endswith("`") and part.startswith("`") else part
    return result


def _span(text: str) -> str:
    fence = "`" * (1 + _longest_run(text))
    blank = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{blank}{text or ' '}{blank}{fence}"


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
