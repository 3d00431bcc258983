"""Two texts side by side: what is equal lies on one line, and long equal stretches are folded."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from deployer.render.html.markup import Html, joined, tag, void
from deployer.render.visible import visible

_CONTEXT = 3
_MOST_ROWS = 400
_LONGEST_LINE = 500
_MOST_PAIRS = 4_000_000
"""Texts that differ in more pairs of lines are shown one below the other: comparing takes too long."""

Lines = Sequence[str]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of each text with its number from 1; None where the text has none. `folded`: lines hidden."""

    left: tuple[int, str] | None = None
    right: tuple[int, str] | None = None
    folded: int = 0

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same line."""
        return bool(self.left and self.right and self.left[1] == self.right[1])


def side_by_side(old: Lines, new: Lines) -> Html:
    """The table of both texts, at most some hundred rows of it; says how many are left out."""
    rows = list(compared(old, new))
    shown, more = rows[:_MOST_ROWS], len(rows) - _MOST_ROWS
    columns = joined(void("col", class_=kind) for kind in ("number", "text", "number", "text"))
    names = ("", "in the workspace", "", "in git: after apply")
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in names)))
    body = [_row(row) for row in shown]
    if more > 0:
        body.append(_note(f"{more} more rows are not shown"))
    whole = tag("table", tag("colgroup", columns), head, tag("tbody", *body), class_="diff")
    return tag("div", whole, class_="scroll", tabindex="0")


def compared(old: Lines, new: Lines) -> Iterator[Row]:
    """The rows of two texts, equal stretches folded but for some lines around each difference."""
    for kind, a, b, c, d in _opcodes(old, new):
        if kind == "equal":
            yield from _folded(
                [Row((i + 1, old[i]), (c + i - a + 1, new[c + i - a])) for i in range(a, b)],
                before=a > 0,
                after=b < len(old) or d < len(new),
            )
            continue
        pairs = zip_longest(range(a, b), range(c, d))
        for i, j in pairs:
            yield Row(
                None if i is None else (i + 1, old[i]), None if j is None else (j + 1, new[j])
            )


def _opcodes(old: Lines, new: Lines) -> list[tuple[str, int, int, int, int]]:
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    a, b = len(old) - tail, len(new) - tail
    if (a - head) * (b - head) > _MOST_PAIRS:
        middle = [("replace", head, a, head, b)]
    else:
        matcher = difflib.SequenceMatcher(None, old[head:a], new[head:b])
        middle = [
            (kind, i + head, j + head, k + head, m + head)
            for kind, i, j, k, m in matcher.get_opcodes()
        ]
    found = [("equal", 0, head, 0, head), *middle, ("equal", a, len(old), b, len(new))]
    return [code for code in found if code[1] < code[2] or code[3] < code[4]]


def _common(old: Lines, new: Lines) -> int:
    """How many lines both begin with."""
    number = 0
    for left, right in zip(old, new, strict=False):
        if left != right:
            break
        number += 1
    return number


def _folded(rows: list[Row], *, before: bool, after: bool) -> Iterator[Row]:
    head, tail = _CONTEXT * before, _CONTEXT * after
    hidden = len(rows) - head - tail
    if hidden <= 1:
        yield from rows
        return
    yield from rows[:head]
    yield Row(folded=hidden)
    yield from rows[len(rows) - tail :]


def _row(row: Row) -> Html:
    if row.folded:
        return _note(f"{row.folded} equal lines")
    if row.equal:
        return tag("tr", *_cell(row.left, ""), *_cell(row.right, ""))
    left, right = _marked(row.left, row.right)
    return tag("tr", *_cell(row.left, "old", left), *_cell(row.right, "new", right))


def _note(text: str) -> Html:
    return tag("tr", tag("td", text, colspan="4", class_="fold"))


def _cell(
    line: tuple[int, str] | None, kind: str, content: Html | None = None
) -> tuple[Html, Html]:
    if line is None:
        return tag("td", class_="number absent"), tag("td", class_="absent")
    number, text = line
    shown = content if content is not None else _shown(text)
    return tag("td", str(number), class_="number"), tag("td", shown, class_=kind)


def _marked(
    left: tuple[int, str] | None, right: tuple[int, str] | None
) -> tuple[Html | None, Html | None]:
    """Both lines with the middle marked in which they differ, where they have something in common."""
    if left is None or right is None:
        return None, None
    old, new = left[1][:_LONGEST_LINE], right[1][:_LONGEST_LINE]
    head = _common(old, new)
    tail = min(_common(old[::-1], new[::-1]), min(len(old), len(new)) - head)
    if head + tail == 0 or len(left[1]) > _LONGEST_LINE or len(right[1]) > _LONGEST_LINE:
        return None, None
    return _middle(old, "del", head, tail), _middle(new, "ins", head, tail)


def _middle(text: str, name: str, head: int, tail: int) -> Html:
    end = len(text) - tail
    inner = tag(name, _shown(text[head:end])) if head < end else ""
    return joined([_shown(text[:head]), inner, _shown(text[end:])])


def _shown(text: str) -> Html:
    """A line as it is but for its length and what cannot be seen; tabs stay."""
    if len(text) > _LONGEST_LINE:
        text = f"{text[:_LONGEST_LINE]}… ({len(text)} characters)"
    return joined([_with_tabs(text)])


def _with_tabs(text: str) -> Html:
    parts = [joined([visible(part)]) for part in text.split("\t")]
    return Html("\t".join(parts))
