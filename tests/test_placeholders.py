"""Which placeholders are replaced where, by what, and what is said about those that cannot be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.reading.placeholders import Values, fill, fill_script, occurs
from deployer.reading.source import Finding

VALUES = Values({"env": "dev", "n": 5, "ratio": 0.5, "on": True, "a.b-c": "dotted"}, "shop")
FOREIGN = [
    *("${bizdate}", "${yyyymmdd-1}", "$[yyyymmdd-1]", "{{ n }}", "$1", "$bizdate", "${{n}}", "$$"),
    *("${env}", "${spec}", "${ spec.n }", "${SPEC.n}", "${outputs}", "${dag.loopTimes}", "$${x}"),
    *("${workflow.n}", "\\${x}", "${projectidentifier}", "${spec.n", "spec.n}"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${spec.n}", 5),
        ("${spec.ratio}", 0.5),
        ("${spec.on}", True),
        ("${spec.env}", "dev"),
        ("${spec.a.b-c}", "dotted"),
        ("${projectIdentifier}", "shop"),
        ("x${spec.n}", "x5"),
        ("${spec.env}_${spec.on}_${spec.ratio}", "dev_true_0.5"),
        ("${projectIdentifier}.load", "shop.load"),
        ("$${spec.n}", "$5"),
    ],
)
def test_manifest_scalars_are_filled(text: str, expected: Any) -> None:
    """A scalar that is one placeholder takes the value's type; in longer text it is written out."""
    found = fill({"a": [text]}, VALUES)
    assert (found.value, found.findings) == ({"a": [expected]}, ())
    assert type(found.value["a"][0]) is type(expected)


@pytest.mark.parametrize("text", FOREIGN)
def test_all_else_passes_through(text: str) -> None:
    """DataWorks' own placeholders and those of scripts are not ours to touch."""
    document = {"value": text, "script": {"content": text}}
    assert fill(document, VALUES).value == document
    assert fill_script(text, VALUES, "a.sql").value == text


def test_namespaces_have_their_places() -> None:
    """`spec.` is for manifests, `script.` for scripts; a script written inline is both."""
    text = "${spec.n} ${script.n} ${projectIdentifier}"
    document = {"name": text, "script": {"content": text}}
    assert fill(document, VALUES).value == {
        "name": "5 ${script.n} shop",
        "script": {"content": "5 5 shop"},
    }
    assert fill_script(text, VALUES, "a.sql").value == "${spec.n} 5 shop"


def test_misplaced_placeholder_is_a_warning() -> None:
    """A placeholder of the other kind of file stays, which is hardly ever meant."""
    assert fill({"a": "${script.n}"}, VALUES).warnings == (
        Finding(
            "`${script.n}` is not replaced here",
            hint="write `${spec.n}` here, if it is meant",
            pointer=("a",),
            rule="DW004",
        ),
    )
    assert fill_script("\n${spec.n}", VALUES, "a.sql").warnings == (
        Finding(
            "`${spec.n}` is not replaced here",
            2,
            1,
            "write `${script.n}` here, if it is meant",
            rule="DW004",
            file="a.sql",
        ),
    )


def test_scripts_stay_text() -> None:
    """A script that is one placeholder is text whatever the value's type."""
    assert fill({"script": {"content": "${spec.n}"}}, VALUES).value == {"script": {"content": "5"}}
    assert fill_script("${script.n}", VALUES, "a.sql").value == "5"


def test_keys_are_left() -> None:
    """Only values are filled."""
    assert fill({"${spec.n}": 1}, VALUES).value == {"${spec.n}": 1}


def test_values_are_not_filled_again() -> None:
    """A value that holds a placeholder itself is refused."""
    found = fill({"a": "${spec.x}"}, Values({"x": "${spec.y}", "y": 1}))
    assert [each.message for each in found.findings] == [
        "the value of `x` holds a placeholder itself"
    ]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("${spec.evn}", "no value for `${spec.evn}`", "did you mean `${spec.env}`?"),
        ("${spec.zzz}", "no value for `${spec.zzz}`",
         "add `zzz` to the target's `vars` in `deployer.yaml`"),
        ("${spec.}", "no value for `${spec.}`",
         "add `` to the target's `vars` in `deployer.yaml`"),
        ("${env:HOME}", "`${env:HOME}`: manifests do not read the environment",
         "put the value into the target's `vars` and write `${spec.KEY}`"),
    ],
)  # fmt: skip
def test_unknown_keys_are_findings(text: str, message: str, hint: str) -> None:
    """A placeholder without a value is said, with the nearest one, and stays."""
    found = fill({"a": {"b": text}}, VALUES)
    assert found.findings == (Finding(message, 0, 0, hint, ("a", "b"), "DW004"),)
    assert found.value == {"a": {"b": text}}


def test_missing_project_identifier_is_a_finding() -> None:
    """`${projectIdentifier}` needs the target to have one."""
    assert [each.message for each in fill("${projectIdentifier}", Values({})).findings] == [
        "the target has no `projectIdentifier`"
    ]


def test_findings_in_script_files_are_placed_there() -> None:
    """What is wrong in a script file is at a line of that file, also when it was put in before."""
    text = "select 1;\n-- ${script.nn}"
    at = (2, 4, "did you mean `${script.n}`?")
    message = "no value for `${script.nn}`"
    assert fill_script(text, VALUES, "a.sql").findings == (
        Finding(message, *at, (), "DW004", "a.sql"),
    )
    pointer = ("script", "content")
    assert fill({"script": {"content": text}}, VALUES, {pointer: "a.sql"}).findings == (
        Finding(message, *at, pointer, "DW004", "a.sql"),
    )


def test_scripts_may_name_environment_variables() -> None:
    """In a script, `${env:X}` is the script's own."""
    assert fill({"script": {"content": "${env:X}"}}, VALUES).findings == ()


@given(st.text(st.sampled_from("${}[]. specrpt:n\n"), max_size=30))
def test_text_without_a_placeholder_is_kept(text: str) -> None:
    """Whatever holds none of our placeholders comes out byte for byte."""
    if not occurs(text):
        assert fill(text, VALUES).value == text
