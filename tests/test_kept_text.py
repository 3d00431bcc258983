"""Only the lines in which two spellings differ are taken over into a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.reading.kept_text import kept

LINES = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=8).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)


@pytest.mark.parametrize(
    ("original", "before", "after", "expected"),
    [
        ("a:   1\nb: 2\n", "a: 1\nb: 2\n", "a: 1\nb: 3\n", "a:   1\nb: 3\n"),
        ("a:   1\nb: 2\n", "a: 1\nb: 2\n", "a: 1\nx: 0\nb: 2\n", "a:   1\nx: 0\nb: 2\n"),
        ("{a,\n b}\nc:  1\n", "{a, b}\nc: 1\n", "{a, x}\nc: 1\n", "{a, x}\nc:  1\n"),
        ("a\r\nb\r\n", "a\nb\n", "a\nc\n", "a\r\nc\r\n"),
        ("a\n---\nb", "a\nb\n", "a\nb\nc\n", "a\n---\nb\nc\n"),
        ("", "", "a\n", "a\n"),
    ],
)
def test_other_lines_stay(original: str, before: str, after: str, expected: str) -> None:
    """However they are spaced."""
    assert kept(original, before, after) == expected


@given(LINES, LINES)
def test_the_same_spelling_becomes_what_comes_after(before: str, after: str) -> None:
    """Where nothing is spaced otherwise, the text after is the result."""
    assert kept(before, before, after) == after


@given(LINES, LINES)
def test_no_change_changes_nothing(original: str, before: str) -> None:
    """Whatever the text is."""
    assert kept(original, before, before) == original
