"""How alike two names are: which one was meant, and whether the other can only be a slip of the pen.

Only mistakes load `difflib`.
"""

import re
from collections.abc import Iterable, Iterator

LIKELY = 0.6
"""How alike two names are, from 0 to 1, for one to be proposed in place of the other."""

SLIP = 0.85
"""The same for one to be a misspelling of the other."""

_WORD_SLIP = 0.8
_SHORTEST_WORD = 4


def nearest(wanted: str, known: Iterable[str], cutoff: float = LIKELY) -> str:
    """The known name most like `wanted`; empty if none is."""
    from difflib import get_close_matches

    found = get_close_matches(wanted, list(_candidates(wanted, known, cutoff)), n=1, cutoff=cutoff)
    return found[0] if found else ""


def _candidates(wanted: str, known: Iterable[str], cutoff: float) -> Iterator[str]:
    """The names that may be so alike: cheap to tell, because it is asked of every pair of names."""
    letters, length = set(wanted), len(wanted)
    for name in known:
        needed = cutoff * (length + len(name)) / 2
        if needed <= length and needed <= len(name):
            others = set(name)
            common = min(length - len(letters - others), len(name) - len(others - letters))
            if common >= needed:
                yield name


def is_slip(wanted: str, known: str) -> bool:
    """Whether two names that are much alike are one name misspelt, not the names of two things.

    A word more or less, another number and another code (`_di` beside `_df`) make another name.
    """
    words, others = _words(wanted), _words(known)
    return len(words) == len(others) and all(
        one == other or _is_misspelt(one, other) for one, other in zip(words, others, strict=True)
    )


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W\d_]+|\d+", name)


def _is_misspelt(one: str, other: str) -> bool:
    if max(len(one), len(other)) < _SHORTEST_WORD or one.isdigit() or other.isdigit():
        return False
    from difflib import SequenceMatcher

    return SequenceMatcher(None, one, other).ratio() >= _WORD_SLIP
