"""The report of `validate` as text and JSON, and what all its forms share."""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.model import Location, Problem
from deployer.render.fingerprints import fingerprints
from deployer.render.paint import plain
from deployer.render.problems import FORMATS, Findings, render, summary
from deployer.render.source_line import LONGEST, marked
from tests.problem_samples import (
    ERROR,
    EXCERPTS,
    MANIFESTS,
    NOTE,
    SECRET,
    WARNING,
    findings,
    hostile,
    many,
)

Golden = Callable[[str, str], None]
SUFFIXES = {"text": "txt", "junit": "xml", "github": "log"}


def painted(style: str, text: str) -> str:
    """A paint that can be read."""
    return f"<{style}>{text}</{style}>"


@pytest.mark.parametrize("form", FORMATS)
def test_every_form(golden: Golden, form: str) -> None:
    """What is printed of a warning, an error, a note and a secret; a difference is one for programs."""
    printed = render(form, findings(folder="etl/"))
    golden(f"problems-{form}.{SUFFIXES.get(form, 'json')}", printed)
    assert printed.endswith("\n")
    assert "nodse" in printed


def test_text_in_colours(golden: Golden) -> None:
    """The same with its styles."""
    golden("problems-painted.txt", render("text", findings(), painted))


@pytest.mark.parametrize("form", FORMATS)
def test_forms_of_nothing(golden: Golden, form: str) -> None:
    """A report without a problem is a whole one."""
    printed = render(form, Findings((), MANIFESTS))
    golden(f"problems-none-{form}.{SUFFIXES.get(form, 'json')}", printed)


@pytest.mark.parametrize("form", FORMATS)
def test_order_is_that_of_the_files(form: str) -> None:
    """However problems were found, they are told by file, line, column and rule."""
    problems = [
        replace(ERROR, location=Location(file, line, column), rule=rule)
        for file in ("a.yaml", "b.yaml")
        for line in (2, 10)
        for column in (2, 10)
        for rule in ("DW001", "DW002")
    ]
    printed = render(form, Findings(problems, MANIFESTS))
    assert render(form, Findings(problems[::-1], MANIFESTS)) == printed


@pytest.mark.parametrize(
    ("problems", "words"),
    [
        ((), "3 manifests checked: no problems"),
        ((ERROR,), "3 manifests checked: 1 error"),
        ((ERROR, WARNING, WARNING), "3 manifests checked: 1 error, 2 warnings"),
        ((NOTE, NOTE), "3 manifests checked: 2 notes"),
    ],
)
def test_summary_counts(problems: tuple[Problem, ...], words: str) -> None:
    """One line says how many files were checked and what was found."""
    assert summary(problems, 3) == words


def test_notes_are_only_counted() -> None:
    """Until they are asked for."""
    counted = render("text", findings(NOTE))
    assert counted == "3 manifests checked: 1 note (`--fail-on info` shows notes)\n"
    shown = render("text", findings(NOTE, fail_on="info"))
    assert shown.splitlines() == [
        "workflows/a b,c:d%.yaml:3:1: info DW140: nobody waits for `load`",
        "3 manifests checked: 1 note",
    ]


def test_json_keeps_every_note() -> None:
    """Programs choose for themselves."""
    assert len(json.loads(render("json", findings(NOTE)))["problems"]) == 1


def test_table_of_forms_is_complete() -> None:
    """Each form is a module that can be loaded and takes the same arguments."""
    assert {form: render(form, findings(), plain) != "" for form in FORMATS} == dict.fromkeys(
        FORMATS, True
    )


# --- the source line ------------------------------------------------------------------------------


def under(line: str, column: int) -> str:
    """The part of the shown line that the caret stands below, in columns of a terminal."""
    shown, caret = marked(line, column)
    assert caret.rstrip(" ") == " " * (len(caret) - 1) + "^"
    columns = "".join(char * (2 if ord(char) > 0x2E80 else 1) for char in shown)
    return columns[len(caret) - 1 :]


@pytest.mark.parametrize(
    ("line", "column", "rest"),
    [
        ("name: load", 7, "load"),
        ("\tname: load", 2, "name: load"),
        ("\t\tname: load", 9, "load"),
        ("name: x", 8, ""),
        ("name: x", 99, ""),
        ("name: x", 0, "name: x"),
        ("名称: load", 5, "load"),
        ("a\x1b[2J: load", 8, "load"),
        ("a\u202e: load", 5, "load"),
        ("name: load\r", 7, "load"),
    ],
)
def test_caret_stands_below_the_column(line: str, column: int, rest: str) -> None:
    """Tabs, wide characters and escapes before it are counted as they are shown."""
    assert under(line, column) == rest


def test_combining_characters_take_no_column() -> None:
    """An accent stands above the letter before it."""
    assert marked("e\u0301: x", 5) == ("e\u0301: x", "   ^")


@pytest.mark.parametrize("column", [1, 60, 61, 5_000, 9_999])
def test_long_lines_are_cut_around_the_column(column: int) -> None:
    """A JSON document on one line is shown where the problem is."""
    line = "".join(chr(ord("a") + n % 26) for n in range(10_000))
    shown, caret = marked(line, column)
    assert shown[len(caret) - 1] == line[column - 1]
    assert len(shown) <= LONGEST + 2
    assert (shown[0] == "…", shown[-1] == "…") == (column > 61, column < 9_900)


def test_blank_lines_are_not_shown() -> None:
    """A caret below nothing helps nobody."""
    place = (ERROR.location.file, ERROR.location.line)
    printed = render("text", findings(ERROR, excerpts={place: "   "}))
    assert "|" not in printed


@given(st.text(max_size=200), st.integers(0, 250))
def test_any_line_can_be_marked(line: str, column: int) -> None:
    """It is shown on one line that steers no terminal."""
    shown, caret = marked(line, column)
    assert {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()
    assert set(caret[:-1]) <= {" "}


# --- fingerprints ---------------------------------------------------------------------------------


def prints(*problems: Problem, **attributes: object) -> list[str]:
    """The fingerprints of problems, in their order."""
    return fingerprints(findings(*problems, **attributes), problems)


def test_fingerprints_are_unique() -> None:
    """Problems that are alike in everything but their lines are told apart."""
    assert len(set(prints(*many(50)))) == 50


def test_fingerprint_outlives_a_moved_line() -> None:
    """Lines put in above change nothing."""
    moved = replace(ERROR, location=Location(ERROR.location.file, 40, 7))
    excerpts = {(ERROR.location.file, 40): "  " + EXCERPTS[ERROR.location.file, 9]}
    assert prints(moved, excerpts=excerpts) == prints(ERROR)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "output `a` is also made in flows/b.yaml:14",
            "output `a` is also made in flows/b.yaml:20",
        ),
        ("`a` is also the path in line 7", "`a` is also the path in line 12"),
        ("key given twice (lines 3 and 4): `a`", "key given twice (lines 13 and 14): `a`"),
    ],
)
def test_fingerprint_outlives_a_line_that_its_words_name(before: str, after: str) -> None:
    """The other place moves too."""
    assert prints(replace(ERROR, message=before)) == prints(replace(ERROR, message=after))


def test_fingerprint_tells_numbers_apart_that_are_no_lines() -> None:
    """`load_1` is another node than `load_2`."""
    one, two = (replace(ERROR, message=f"two nodes are named `load_{n}`") for n in (1, 2))
    assert prints(one) != prints(two)


@pytest.mark.parametrize(
    "other",
    [
        replace(ERROR, rule="DW011"),
        replace(ERROR, message="unknown key `x`"),
        replace(ERROR, location=Location("other.yaml", 9, 7)),
        replace(ERROR, location=Location(ERROR.location.file, 12, 7)),
    ],
)
def test_fingerprint_tells_problems_apart(other: Problem) -> None:
    """Another rule, file, message or source line is another problem."""
    assert prints(other) != prints(ERROR)


# --- secrets and hostile texts --------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_only_text_carries_source_lines(form: str) -> None:
    """Files that travel hold findings, not code."""
    excerpts = {(ERROR.location.file, ERROR.location.line): "a line of code"}
    printed = render(form, findings(ERROR, excerpts=excerpts))
    assert ("a line of code" in printed) == (form == "text")


@pytest.mark.parametrize("form", FORMATS)
def test_no_line_of_output_is_a_command_of_others(form: str) -> None:
    """A runner that reads the log obeys nothing that a file says."""
    printed = render(form, findings(*hostile()))
    lines = printed.split("\n")
    commands = [line for line in lines if line.lstrip().startswith("::")]
    assert all(form == "github" and line.startswith("::error file=") for line in commands)
    assert [line for line in lines if "##[" in line or "##vso[" in line] == []


@pytest.mark.parametrize("form", FORMATS)
def test_no_output_steers_a_terminal(form: str) -> None:
    """Control and format characters are escapes in every form."""
    printed = render(form, findings(*hostile(), SECRET))
    harmful = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert {char for char in printed if unicodedata.category(char) in harmful} == {"\n"}
