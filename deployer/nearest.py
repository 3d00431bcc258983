"""What was probably meant by a word that nobody knows. Only mistakes load `difflib`."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """The most similar known word, in a list; empty if none is, from 0 to 1, as alike as `cutoff`."""
    from difflib import get_close_matches

    return get_close_matches(word, list(known), n=1, cutoff=cutoff)
