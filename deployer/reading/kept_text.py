"""A text whose document was changed, with every line that did not have to change as it was written.

Who writes a document out again spaces it in one way, so it is written twice, before and after the change:
only the lines in which those two differ are taken over into the text there is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile

_BLANK = re.compile(r"\s+")


@dataclass(slots=True)
class _Change:
    """Lines `start` to `end` of the text before become lines `first` to `last` of the text after."""

    start: int
    end: int
    first: int
    last: int


def kept(original: str, before: str, after: str) -> str:
    """`original`, of which `before` is another spelling, with what differs between `before` and `after`."""
    ours, old, new = (_lines(text) for text in (original, before, after))
    places = _places(old, ours)
    line_end = "\r\n" if ours and ours[0].endswith("\r\n") else "\n"
    result: list[str] = []
    done = 0
    for change in _widened(_changes(old, new), places):
        start = _place(change.start, places, len(ours), first=True)
        result += ours[done:start]
        result += [line.replace("\n", line_end) for line in new[change.first : change.last]]
        done = max(start, _place(change.end, places, len(ours), first=False))
    result += ours[done:]
    ended = [line if line.endswith("\n") else line + line_end for line in result[:-1]]
    return "".join([*ended, *result[-1:]])


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _places(old: list[str], ours: list[str]) -> list[int]:
    """For each line of the other spelling the number of ours that says the same; -1 where none does."""
    found = [-1] * len(old)
    here, there = ([_BLANK.sub("", line) for line in lines] for lines in (old, ours))
    for start, place, count in _same(here, there):
        found[start : start + count] = range(place, place + count)
    return found


def _changes(old: list[str], new: list[str]) -> Iterator[_Change]:
    start = first = 0
    for end, last, count in _same(old, new):
        if (start, first) != (end, last):
            yield _Change(start, end, first, last)
        start, first = end + count, last + count


def _same(one: list[str], other: list[str]) -> Iterator[tuple[int, int, int]]:
    """Where both have the same lines, and how many; ends with their lengths and 0.

    What is the same at the beginning and at the end needs no search, which takes long in long texts.
    """
    pairs = list(zip(one, other, strict=False))
    head = next((n for n, (a, b) in enumerate(pairs) if a != b), len(pairs))
    rest = zip(reversed(one[head:]), reversed(other[head:]), strict=False)
    tail = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], rest))
    ends = len(one) - tail, len(other) - tail
    yield 0, 0, head
    inner = SequenceMatcher(None, one[head : ends[0]], other[head : ends[1]], False)
    for start, place, count in inner.get_matching_blocks()[:-1]:
        yield head + start, head + place, count
    yield *ends, tail
    yield len(one), len(other), 0


def _widened(changes: Iterator[_Change], places: list[int]) -> list[_Change]:
    """The changes, each between lines that are known in our text."""
    found: list[_Change] = []
    for change in changes:
        while not _is_known(change.start, places):
            change.start, change.first = change.start - 1, change.first - 1
        while not _is_known(change.end, places):
            change.end, change.last = change.end + 1, change.last + 1
        if found and change.start <= found[-1].end:
            one = found.pop()
            change = _Change(
                one.start, max(one.end, change.end), one.first, max(one.last, change.last)
            )
        found.append(change)
    return found


def _is_known(line: int, places: list[int]) -> bool:
    """Whether our text has the place before a line: one of the two lines beside it is known."""
    return line in (0, len(places)) or max(places[line - 1 : line + 1]) >= 0


def _place(line: int, places: list[int], count: int, *, first: bool) -> int:
    """Our line before which a change begins (`first`) or ends: what only our text has beside it stays."""
    before = places[line - 1] + 1 if line else 0
    there = places[line] if line < len(places) else count
    if first:
        return there if there >= 0 else before
    return before if before or not line else there
