"""What the YAML reader takes, how it takes it, what it refuses, and where it says that is."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.model import Pointer
from deployer.reading import yaml_reader
from deployer.reading.source import Finding, Irregular


@pytest.fixture(params=["libyaml", "pure"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every behaviour holds with PyYAML's own parser too."""
    if request.param == "pure":
        monkeypatch.setattr(yaml_reader, "_parser", yaml_reader._PurePythonParser)


def value(text: str) -> Any:
    return yaml_reader.parse(text).value


def findings(text: str) -> tuple[Finding, ...]:
    with pytest.raises(Irregular) as raised:
        yaml_reader.parse(text)
    return raised.value.findings


def messages(text: str) -> list[str]:
    return [finding.message for finding in findings(text)]


def test_pure_parser_serves_where_libyaml_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML may have been built without libyaml."""
    assert yaml_reader._libyaml_or_pure() is not yaml_reader._PurePythonParser
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    assert yaml_reader._libyaml_or_pure() is yaml_reader._PurePythonParser


# --- scalars --------------------------------------------------------------------------------------

CORE = {
    "null": None,
    "Null": None,
    "~": None,
    "": None,
    "true": True,
    "True": True,
    "FALSE": False,
    "0": 0,
    "-12": -12,
    "+5": 5,
    "9999999999999999999": 9999999999999999999,
    "0x1F": 31,
    "0o17": 15,
    "1.5": 1.5,
    "-.5": -0.5,
    "1e3": 1000.0,
    "5.": 5.0,
}
TEXTS = [
    *("yes", "No", "ON", "off", "y", "nULL", "tRUE", "none", "010", "007", "-01", "1_000", "0b101"),
    *("1:30", "12:30:45", "2023-01-01", "2001-99-99", "1970-01-01 00:00:00", "1.1.0", "1.2.3.4"),
    *("+", "-+", ".", "..", "1e", "0x", "0xG", "00 00 00 * * ?", "${bizdate}", "$[yyyymmdd]", "="),
    *("e3", "1,000", "+.", "0o8", "inf", "nan"),
]


@pytest.mark.parametrize("text", CORE)
def test_core_scalars_have_their_type(text: str) -> None:
    """An unquoted scalar has the type that YAML 1.2's core schema gives it."""
    found = value(f"a: {text}")["a"]
    assert (type(found), found) == (type(CORE[text]), CORE[text])


@pytest.mark.parametrize("text", TEXTS)
def test_all_else_is_text_as_written(text: str) -> None:
    """What the core schema does not name is text, character by character."""
    assert value(f"a: {text}") == {"a": text}


@pytest.mark.parametrize("text", [*CORE, *TEXTS])
def test_quoted_is_text(text: str) -> None:
    """Quotes make text of anything."""
    assert value(f"a: '{text}'\nb: \"{text}\"") == {"a": text, "b": text}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1" * 20, "number too long: more than 19 digits"),
        ("1" * 5000, "number too long: more than 19 digits"),
        ("0x" + "f" * 1_000_000, "number too long: more than 19 digits"),
        (".nan", "not a finite number"),
        ("-.Inf", "not a finite number"),
        ("1e999", "not a finite number"),
        ("!!int abc", "`abc` is not of type int"),
        ("!!int ''", "`` is not of type int"),
        ("!!int 1.5", "`1.5` is not of type int"),
        ("!!float abc", "`abc` is not of type float"),
        ("!!bool abc", "`abc` is not of type bool"),
        ("!!null x", "`x` is not of type null"),
        ("!!float .nan", "not a finite number"),
        ("!!str [a]", "tag not allowed: `tag:yaml.org,2002:str`"),
        ("!!map [a]", "tag not allowed: `tag:yaml.org,2002:map`"),
        ("!!seq {a: 1}", "tag not allowed: `tag:yaml.org,2002:seq`"),
        ("! x", "tag not allowed: `!`"),
        ("!own x", "tag not allowed: `!own`"),
        ("!!binary aGk=", "tag not allowed: `tag:yaml.org,2002:binary`"),
        ("!!set {a}", "tag not allowed: `tag:yaml.org,2002:set`"),
        ("!!timestamp abc", "tag not allowed: `tag:yaml.org,2002:timestamp`"),
        ("!!python/name:os.system x", "tag not allowed: `tag:yaml.org,2002:python/name:os.system`"),
        ("!!python/object/apply:os.system [x]",
         "tag not allowed: `tag:yaml.org,2002:python/object/apply:os.system`"),
    ],
)  # fmt: skip
def test_scalar_without_an_honest_value_is_refused(text: str, message: str) -> None:
    """No scalar becomes something that was not written, and none ends in a traceback."""
    found = findings(f"a: {text}")[0]
    assert (found.message, found.line, found.column, found.pointer) == (message, 1, 4, ("a",))


def test_core_tags_are_taken() -> None:
    """The tags of the core schema say what they say."""
    text = "a: !!str 1\nb: !!int '2'\nc: !!float 3\nd: !!bool 'true'\ne: !!null ''\nf: !!seq [1]\n"
    assert value(text) == {"a": "1", "b": 2, "c": 3.0, "d": True, "e": None, "f": [1]}
    assert type(value(text)["c"]) is float


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("no", "`no` is text here, older YAML readers take it for true or false"),
        ("010", "`010` is text here, older YAML readers take it for a number"),
        ("1:30", "`1:30` is text here, older YAML readers take it for a number"),
        ("1_000", "`1_000` is text here, older YAML readers take it for a number"),
        ("1.10", "`1.10` is read as the number 1.1"),
        ("0x1F", "`0x1F` is read as the number 31"),
    ],
)
def test_what_others_read_differently_is_remarked(text: str, remark: str) -> None:
    """A scalar that another reader, or the author, takes differently is taken and remarked."""
    expected = Finding(remark, 2, 4, "quote it if text is meant", ("a", 1), "DW006")
    assert yaml_reader.parse(f"a: [1,\n   {text}]").remarks == (expected,)


@pytest.mark.parametrize("text", ["1", "-1.5", "true", "name", "2023-01-01", "'no'", "1.0", "~"])
def test_plain_cases_are_not_remarked(text: str) -> None:
    """Nothing is said about what everybody reads alike, or as the text it must be."""
    assert yaml_reader.parse(f"a: {text}").remarks == ()


# --- structure ------------------------------------------------------------------------------------


def test_duplicate_keys_name_both_lines() -> None:
    """A key given twice is refused however it is quoted; all of them are listed."""
    text = "a: 1\nb:\n  c: 1\n  'c': 2\n\"a\": 3\n"
    assert findings(text) == (
        Finding("key given twice (lines 3 and 4): `c`", 4, 3, "keep one of them", ("b", "c")),
        Finding("key given twice (lines 1 and 5): `a`", 5, 1, "keep one of them", ("a",)),
    )


def test_merge_key_is_refused() -> None:
    """`<<` means different things to different readers; as quoted text it is a key like others."""
    assert messages("a: &a {x: 1}\nb: {<<: *a}") == ["merge key `<<` is not supported"]
    assert value("'<<': 1\nb: <<") == {"<<": 1, "b": "<<"}


@pytest.mark.parametrize("key", ["1", "null", "true", "1.5", "[a]", "{a: 1}", "", "&a 1"])
def test_keys_are_text(key: str) -> None:
    """A key that is no text is refused."""
    assert "keys must be text" in messages(f"? {key}\n: x\n")


def test_unquoted_template_is_explained() -> None:
    """`{{ x }}` is a mapping to YAML: the hint says to quote it."""
    found = findings("a: {{ x }}")[-1]
    assert (found.message, found.hint) == (
        "keys must be text",
        "quote text that starts with `{` or `[`",
    )


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "- " * 3_000, "? " * 3_000, "{a: " * 5_000, "a: " + "[" * 64]
)
def test_depth_stops_before_the_parser_does(text: str) -> None:
    """Level 65 is never opened, so no depth can hurt."""
    assert messages(text) == ["nested deeper than 64"]


def test_depth_of_64_is_fine() -> None:
    """64 levels are read."""
    assert value("[" * 64 + "]" * 64) is not None


def test_depth_counts_through_aliases() -> None:
    """Aliases inside anchors inside aliases make no document deeper than 64."""
    text = "a: &a " + "[" * 40 + "x" + "]" * 40 + "\nb: " + "[" * 30 + "*a" + "]" * 30
    assert messages(text) == ["nested deeper than 64"]


def test_aliases_are_copied() -> None:
    """Each alias has a value of its own: changing one place never changes another."""
    read = value("a: &a {x: [1]}\nb: *a\n? &k key\n: *k\n")
    assert read == {"a": {"x": [1]}, "b": {"x": [1]}, "key": "key"}
    assert read["a"]["x"] is not read["b"]["x"]


def test_alias_means_the_last_anchor_that_was_opened() -> None:
    """An anchor may be given again; YAML says that an alias means the latest above it."""
    assert value("a: &a 1\nb: &a 2\nc: *a") == {"a": 1, "b": 2, "c": 2}
    assert value("a: &a [&a 1, *a]\nb: *a") == {"a": [1, 1], "b": 1}


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (bomb(9), "aliases expand to more than 100,000 values"),
        ("a: &a " + "x" * 1_000_000 + "\nb: [" + "*a, " * 20 + "]",
         "aliases expand to more than 100,000 values"),
        ("a: &a [*a]", "alias refers to itself"),
        ("a: &a {b: {c: *a}}", "alias refers to itself"),
        ("".join(f"- &a{n} x\n- *a{n}\n" for n in range(1_001)), "more than 1,000 aliases"),
        ("a: *b", "alias `b` has no anchor above it"),
    ],
    ids=["laughs", "text", "self", "inside itself", "many", "unknown"],
)  # fmt: skip
def test_aliases_are_guarded(text: str, message: str) -> None:
    """Aliases cannot grow a document without end."""
    assert messages(text) == [message]


def test_all_that_does_not_stop_is_collected() -> None:
    """Everything wrong before a syntax error is reported with it."""
    assert messages("a: .nan\n1: x\nb: !x y\nb: 2\nc: [")[:4] == [
        "not a finite number",
        "keys must be text",
        "tag not allowed: `!x`",
        "key given twice (lines 3 and 4): `b`",
    ]
    assert len(messages("a: .nan\n1: x\nb: !x y\nb: 2\nc: [")) == 5


def test_findings_have_an_end() -> None:
    """A file of nothing but mistakes is given up after 100 of them."""
    assert len(findings("[" + ".nan, " * 5_000 + "]")) == 100


@pytest.mark.parametrize("text", ["a: 1\n---\nb: 2", "--- a\n--- b", "a: 1\n---\n"])
def test_one_document_in_each_file(text: str) -> None:
    """A second document is refused."""
    assert messages(text) == ["more than one document"]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "\n\n"])
def test_nothing_is_none(text: str) -> None:
    """A text without a document has no value."""
    assert value(text) is None


# --- syntax and characters ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "column", "hint"),
    [
        ("a: 1\ncron: * * * * *", 2, 8, "quote text that starts with `*`"),
        ("a:\n\tb: 1", 2, 1, "indent with spaces, not tabs"),
        ("a: @b", 1, 4, "quote text that starts with `@`"),
        ("a: b: c", 1, 5, "quote text that holds `: `"),
        ("a: [1, 2\n", 2, 1, ""),
    ],
)
def test_syntax_errors_have_a_place_and_a_cure(
    text: str, line: int, column: int, hint: str
) -> None:
    """A syntax error says where it is; the common ones say what to do."""
    found = findings(text)[0]
    assert found.message.startswith("not YAML: ")
    assert (found.line, found.column, found.hint) == (line, column, hint)


@pytest.mark.parametrize(
    ("text", "column", "character"),
    [
        ("ab: \x01", 5, "U+0001"),
        ("é: 'x\x85y'", 6, "U+0085"),
        ("é: a\u2028b", 5, "U+2028"),
        ("a: \ufffe", 4, "U+FFFE"),
        (r'a: "\0"', 4, "U+0000"),
        (r'a: !!str "\0"', 4, "U+0000"),
    ],
)
def test_characters_that_cannot_be_are_named(text: str, column: int, character: str) -> None:
    """Controls, YAML 1.1's extra line ends and NUL are refused by name and place."""
    found = findings(text)[0]
    assert (found.message, found.line, found.column) == (
        f"character {character} not allowed",
        1,
        column,
    )


@pytest.mark.parametrize("escape", [r"\ud800", r"\ud83d\ude00", r"\UFFFFFFFF", r"\xZZ"])
def test_half_characters_are_refused(escape: str) -> None:
    """An escape that is no character is refused, whichever parser finds it."""
    assert len(findings(f'a: "{escape}"')) >= 1


def test_line_ends_become_newlines() -> None:
    """YAML's own rule: the line ends of the file are newlines in its texts."""
    assert value("a: |\r\n  x\r\n  y\r\n") == {"a": "x\ny\n"}


# --- places ---------------------------------------------------------------------------------------

DOCUMENT = """\
# comment
spec:
  nodes:
  - name: load
    script: {file: a.sql, "path": x}
  - &b
    name: send
  again: *b
"""


@pytest.mark.parametrize(
    ("pointer", "key", "expected"),
    [
        ((), False, (2, 1)),
        (("spec",), True, (2, 1)),
        (("spec",), False, (3, 3)),
        (("spec", "nodes", 0, "name"), False, (4, 11)),
        (("spec", "nodes", 0, "script", "file"), False, (5, 20)),
        (("spec", "nodes", 0, "script", "path"), True, (5, 27)),
        (("spec", "nodes", 1, "name"), True, (7, 5)),
        (("spec", "again", "name"), False, (8, 10)),
        (("spec", "nodes", 7), False, (4, 3)),
        (("spec", "nope", "deeper"), True, (3, 3)),
        (("spec", "nodes", "name"), False, (4, 3)),
    ],
)
def test_places_are_found_again(pointer: Pointer, key: bool, expected: tuple[int, int]) -> None:
    """A pointer has a line and column; one that leads nowhere has those of its nearest ancestor."""
    written = yaml_reader.locate(DOCUMENT, [pointer])[pointer]
    assert (written.key if key else written.value) == expected


def test_place_in_nothing_is_the_start() -> None:
    """Even an empty text has a first line."""
    assert yaml_reader.locate("", [("a",)]) == {("a",): ((1, 1), (1, 1))}


def test_place_in_a_broken_text_is_refused() -> None:
    """A text that changed into something unreadable is said to be so."""
    with pytest.raises(Irregular):
        yaml_reader.locate("a: [", [("a", 3)])


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cn", "Cs", "Zl", "Zp"]), max_size=12)
LEAF = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | TEXT
VALUES = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)


def leaves(found: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(found, dict | list):
        for step, inner in found.items() if isinstance(found, dict) else enumerate(found):
            yield from leaves(inner, (*pointer, step))
    else:
        yield pointer, found


@given(VALUES)
def test_json_is_yaml(document: Any) -> None:
    """A JSON text of simple characters means the same when read as YAML."""
    assert value(json.dumps(document, ensure_ascii=False)) == document


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_every_value_is_located_on_its_line(document: dict[str, Any]) -> None:
    """In a text that gives each scalar its own line, each pointer leads to that line."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    lines = text.split("\n")
    for pointer, leaf in leaves(document):
        line, column = yaml_reader.locate(text, [pointer])[pointer].value
        written = lines[line - 1][column - 1 :].removesuffix(",")
        assert json.loads(written) == leaf


def refusal(text: str) -> tuple[Finding, ...]:
    try:
        yaml_reader.parse(text)
    except Irregular as irregular:
        return irregular.findings
    return ()


SIGNS = st.text(st.sampled_from("[]{}:,-?&*!|>'\"\\#%@`~ \t\nab01.xu<="), max_size=60)


@given(st.binary(max_size=200).map(lambda data: data.decode("utf-8", "replace")) | SIGNS)
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text ends in a traceback, and each finding has a place."""
    assert all(finding.line >= 1 and finding.column >= 1 for finding in refusal(text))
