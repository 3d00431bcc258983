"""What the JSON reader takes and refuses; it agrees with the YAML reader where both can."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.model import Pointer
from deployer.reading import json_reader, yaml_reader
from deployer.reading.source import Finding, Irregular


def value(text: str) -> Any:
    return json_reader.parse(text).value


def findings(text: str) -> tuple[Finding, ...]:
    with pytest.raises(Irregular) as raised:
        json_reader.parse(text)
    return raised.value.findings


def test_reads_json() -> None:
    """Every kind of value has its Python type; tabs and surrogate pairs are in order."""
    text = (
        '\t{"a": [1, -2.5e3, true, false, null],\r\n\t"b\\n": "\\ud83d\\ude00é", "c": {}, "d": []}'
    )
    assert value(text) == {"a": [1, -2500.0, True, False, None], "b\n": "😀é", "c": {}, "d": []}


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_nothing_is_none(text: str) -> None:
    """A text without a value has none, as in YAML."""
    assert value(text) is None


@pytest.mark.parametrize(
    ("text", "message", "line", "column", "hint"),
    [
        ('{"a": 1,\n "a": 2}', "key given twice (lines 1 and 2): `a`", 2, 2, "keep one of them"),
        ("[NaN]", "not a finite number", 1, 2, "quote it if text is meant"),
        ("[-Infinity]", "not a finite number", 1, 2, "quote it if text is meant"),
        ("[1e999]", "not a finite number", 1, 2, "quote it if text is meant"),
        ("[" + "9" * 20 + "]", "number too long: more than 19 digits", 1, 2,
         "quote it if text is meant"),
        ("[" + "9" * 5000 + "]", "number too long: more than 19 digits", 1, 2,
         "quote it if text is meant"),
        ('["\\ud800"]', "character U+D800 not allowed", 1, 2, ""),
        ('["x\\u0000"]', "character U+0000 not allowed", 1, 2, ""),
        ("[" * 100_000, "nested deeper than 64", 1, 65, ""),
        ('{"a":' * 65 + "1" + "}" * 65, "nested deeper than 64", 1, 5 * 64 + 1, ""),
        ('{"a": "x\ny"}', "not JSON: invalid control character at", 1, 9,
         "write `\\n` for a line break"),
        ('["x', "not JSON: unterminated string starting at", 1, 2, ""),
        ('["\\q"]', "not JSON: invalid \\escape", 1, 3, ""),
        ("{'a': 1}", "not JSON: expected a key in double quotes, found `'a': 1}`", 1, 2, ""),
        ('{"a" 1}', "not JSON: expected `:`, found `1}`", 1, 6, ""),
        ('{"a": 1\n  "b": 2}', 'not JSON: expected `,` or `}`, found `"b": 2}`', 2, 3, ""),
        ("[1,\n]", "not JSON: expected another value, found `]`", 2, 1,
         "remove the comma before it"),
        ("[1, // no\n2]", "not JSON: expected a value, found `// no`", 1, 5,
         "JSON has no comments"),
        ("[True]", "not JSON: expected a value, found `True]`", 1, 2, ""),
        ("[01]", "not JSON: expected a value, found `01]`", 1, 2, ""),
        ("[1", "not JSON: expected `,` or `]`, found the end", 1, 3, ""),
        ("{} {}", "more than one document", 1, 4, "one document in each file"),
        ("1 x", "more than one document", 1, 3, "one document in each file"),
    ],
)  # fmt: skip
def test_refuses_with_place_and_cure(
    text: str, message: str, line: int, column: int, hint: str
) -> None:
    """What is no JSON, or no honest value, is refused where it stands."""
    found = findings(text)[0]
    assert (found.message, found.line, found.column, found.hint) == (message, line, column, hint)


def test_depth_of_64_is_fine() -> None:
    """64 levels are read."""
    assert value("[" * 64 + "]" * 64) is not None


def test_all_that_does_not_stop_is_collected() -> None:
    """Everything wrong before a syntax error is reported with it."""
    found = findings('{"a": NaN, "a": 1e999, "b" 1}')
    assert [each.message for each in found] == [
        "not a finite number",
        "key given twice (lines 1 and 1): `a`",
        "not a finite number",
        "not JSON: expected `:`, found `1}`",
    ]


def test_place_in_a_broken_text_is_refused() -> None:
    """A text that changed into something unreadable is said to be so."""
    with pytest.raises(Irregular):
        json_reader.locate("[1,", [(3,)])


# --- properties -----------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cn", "Cs", "Zl", "Zp"]), max_size=12)
LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(10**19) + 1, 10**19 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
VALUES = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
LAYOUT = st.sampled_from([None, 0, 1, 4])


def pointers(found: Any, pointer: Pointer = ()) -> Iterator[Pointer]:
    yield pointer
    if isinstance(found, dict | list):
        for step, inner in found.items() if isinstance(found, dict) else enumerate(found):
            yield from pointers(inner, (*pointer, step))


@given(VALUES, LAYOUT, st.booleans())
def test_reads_what_json_wrote(document: Any, indent: int | None, escaped: bool) -> None:
    """The value is the one that was written, whichever way it is read."""
    text = json.dumps(document, indent=indent, ensure_ascii=escaped)
    assert json_reader.parse(text).value == document
    assert json_reader._positioned(text).value == document


@given(VALUES, LAYOUT)
def test_agrees_with_the_yaml_reader(document: Any, indent: int | None) -> None:
    """Simple JSON is YAML: same value, and each value and key at the same place."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    assert yaml_reader.parse(text).value == json_reader.parse(text).value
    places = list(pointers(document))
    assert json_reader.locate(text, places) == yaml_reader.locate(text, places)


STEPS = st.lists(st.integers(0, 3) | TEXT, max_size=4).map(tuple)


@given(VALUES, LAYOUT, st.lists(STEPS, max_size=5))
def test_places_asked_for_together_are_those_asked_for_alone(
    document: Any, indent: int | None, others: list[Pointer]
) -> None:
    """One pass finds every place that passes of their own find, those that lead nowhere included."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    asked = [*pointers(document), *others]
    alone = {pointer: json_reader.locate(text, [pointer])[pointer] for pointer in asked}
    assert json_reader.locate(text, asked) == alone


JSON_SIGNS = st.sampled_from(
    [*"[]{}:,\"\\ \n\t019.-+eEx'/", "true", "null", "NaN", "\\u0000", "\\ud800", '"a"']
)


@given(st.lists(JSON_SIGNS, max_size=30).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text ends in a traceback, and what is read is what the standard library reads."""
    found: tuple[Finding, ...] = ()
    try:
        read = json_reader.parse(text).value
    except Irregular as irregular:
        found = irregular.findings
    else:
        assert read == (json.loads(text) if text.strip() else None)
    assert all(finding.line >= 1 and finding.column >= 1 for finding in found)
