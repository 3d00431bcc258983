"""The forms of a report that services read: SARIF, JUnit, GitHub's annotations, GitLab's code quality."""

import json
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.model import Location, Problem, RuleInfo
from deployer.render import problems_sarif
from deployer.render.problems import Findings, render
from tests.problem_samples import ERROR, NOTE, RULES, WARNING, findings, hostile, many

DATA = Path(__file__).parent / "data"

texts = st.text(max_size=8) | st.sampled_from(["::error::", "%0A", "a,b:c", "](x)", "##[x]"])
problems = st.builds(
    Problem,
    rule=texts,
    severity=st.sampled_from(["error", "warning", "info"]),
    message=texts,
    location=st.builds(
        Location, file=st.text(min_size=1, max_size=8), line=st.integers(0, 9), column=st.just(1)
    ),
    hint=texts,
)
reports = st.builds(
    lambda found, **attributes: findings()._replace(problems=found, **attributes),
    st.lists(problems, max_size=6),
    folder=st.sampled_from(["", "etl/"]),
    fail_on=st.sampled_from(["error", "warning", "info"]),
)


# --- SARIF ----------------------------------------------------------------------------------------


@cache
def sarif_schema() -> jsonschema.Draft7Validator:
    """The compiled validator refuses a pattern of this schema, which has a bracket too many."""
    schema = json.loads((DATA / "sarif-schema-2.1.0.json").read_text("utf-8"))
    return jsonschema.Draft7Validator(schema)


def sarif(found: Findings) -> dict[str, Any]:
    """The one run of a log, which fits the schema."""
    log = json.loads(render("sarif", found))
    assert [error.message for error in sarif_schema().iter_errors(log)] == []
    (run,) = log["runs"]
    return dict(run)


def test_sarif_schema_refuses_what_is_wrong() -> None:
    """The schema that proves the others is one that can refuse."""
    log = json.loads(render("sarif", findings()))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not sarif_schema().is_valid(log)


@given(reports)
def test_sarif_fits_its_schema(found: Findings) -> None:
    """Whatever is found, whatever it says."""
    assert len(sarif(found)["results"]) == len(found.problems)


def test_sarif_results_name_their_rules() -> None:
    """By id and by place in the list, which holds also rules that nobody described."""
    run = sarif(findings())
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["DW006", "DW010", "DW007", "DW140"]
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [
        one["ruleId"] for one in run["results"]
    ]


def test_sarif_describes_rules() -> None:
    """What the catalogue knows of a rule is shown beside its findings."""
    first, second = sarif(findings(ERROR))["tool"]["driver"]["rules"]
    assert first["help"] == {"text": "quote it", "markdown": "More *words*\n\nCure: quote it"}
    assert (second["name"], second["shortDescription"]["text"]) == ("schema", RULES[1].reason)


def test_sarif_help_has_no_links_into_the_documentation() -> None:
    """Where it is shown there are no pages beside it."""
    text = "See [B-02](service.md#import) and [DW139](#dw139-silence), not `[a]` `(b)`."
    rule = RuleInfo("DW010", "schema", "error", "why", text=text)
    (shown,) = sarif(findings(ERROR, rules=(rule,)))["tool"]["driver"]["rules"]
    assert shown["help"] == {"text": "why", "markdown": "See B-02 and DW139, not `[a]` `(b)`."}


def test_sarif_paths_are_relative_references() -> None:
    """Below the root of the repository, with everything escaped that a URI cannot hold."""
    problem = replace(ERROR, location=Location("a b/日:本%.yaml", 1, 1))
    (result,) = sarif(findings(problem, folder="etl/"))["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uriBaseId"] == "%SRCROOT%"
    assert place["uri"].isascii()
    assert unquote(place["uri"]) == "etl/a b/日:本%.yaml"


def test_sarif_message_is_no_link() -> None:
    """A name cannot lead a reader anywhere."""
    problem = replace(ERROR, message="no node `[here](http://evil.example)`", hint="")
    (result,) = sarif(findings(problem))["results"]
    assert result["message"]["text"] == r"no node `[here\](http://evil.example)`"


def test_sarif_keeps_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service would refuse more results: the mildest are left out, and the log says how many."""
    assert problems_sarif.MOST_RESULTS == 25_000
    monkeypatch.setattr(problems_sarif, "MOST_RESULTS", 50)
    run = sarif(findings(*many(57, "info"), ERROR))
    assert len(run["results"]) == 50
    assert Counter(one["level"] for one in run["results"])["error"] == 1
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"].startswith("8 more problems are left out")


def test_sarif_fingerprints_are_unique() -> None:
    """No two alerts are taken for one."""
    results = sarif(findings(*many(40)))["results"]
    prints = {one["partialFingerprints"]["primaryLocationLineHash"] for one in results}
    assert len(prints) == 40


# --- JUnit ----------------------------------------------------------------------------------------


def cases(found: Findings) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(render("junit", found)).iter("testcase"))


@given(reports)
def test_junit_is_xml(found: Findings) -> None:
    """Whatever is found, whatever it says."""
    suites = ElementTree.fromstring(render("junit", found))
    assert int(suites.get("tests", "")) == len(list(suites.iter("testcase")))
    assert int(suites.get("failures", "")) == len(list(suites.iter("failure")))


def test_junit_has_a_case_for_each_file_and_rule() -> None:
    """Problems of the same rule in the same file are one case; a sound manifest is one too."""
    elsewhere = replace(ERROR, location=Location("workflows/key.yaml", 1, 1))
    again = replace(ERROR, location=replace(ERROR.location, line=30))
    told = [
        (case.get("file"), case.get("name"))
        for case in cases(findings(ERROR, again, WARNING, elsewhere))
    ]
    assert told == [
        ("workflows/daily_sales.yaml", "DW006"),
        ("workflows/daily_sales.yaml", "DW010"),
        ("workflows/key.yaml", "DW010"),
        ("workflows/sound.yaml", "no problems"),
    ]


@pytest.mark.parametrize(("fail_on", "failed"), [("error", 1), ("warning", 2), ("info", 3)])
def test_junit_fails_what_the_command_fails(fail_on: str, failed: int) -> None:
    """A milder problem is output of a case that passes."""
    found = cases(findings(ERROR, WARNING, NOTE, fail_on=fail_on))
    assert len([case for case in found if case.find("failure") is not None]) == failed
    assert len([case for case in found if case.find("system-out") is not None]) == 3 - failed


# --- GitHub ---------------------------------------------------------------------------------------

COMMAND = re.compile(r"::(error|warning|notice) (.*?)::(.*)")


def decoded(text: str) -> str:
    """What GitHub makes of an escaped text."""
    escapes = {"%25": "%", "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}
    return re.sub("%(25|0D|0A|3A|2C)", lambda found: escapes[found[0]], text)


def annotations(found: Findings) -> list[tuple[str, dict[str, str], str]]:
    """Kind, properties and words of each command, read as the runner reads them."""
    result = []
    for line in render("github", found).split("\n"):
        if line.lstrip().startswith("::"):
            match = COMMAND.fullmatch(line)
            assert match, line
            pairs = (pair.split("=", 1) for pair in match[2].split(","))
            properties = {name: decoded(value) for name, value in pairs}
            result.append((match[1], properties, decoded(match[3])))
    return result


def test_github_escapes_what_it_must() -> None:
    """Percent signs in words, colons and commas in properties; a hint is a second line."""
    place = Location("a,b:c%25.yaml", 3, 4)
    problem = Problem("DW010", "error", "100% of `a::b, c`", place, "50%0A")
    assert annotations(findings(problem)) == [
        (
            "error",
            {"file": "a,b:c%25.yaml", "line": "3", "col": "4", "title": "DW010"},
            "100% of `a::b, c`\nhint: 50%0A",
        )
    ]


@given(reports)
def test_github_commands_are_our_own(found: Findings) -> None:
    """One for each problem, and nothing that a file says becomes another."""
    assert len(annotations(found)) == len(found.problems)


def test_github_shows_the_gravest_first() -> None:
    """Only the first ones of each kind are seen."""
    kinds = [kind for kind, _, _ in annotations(findings(NOTE, WARNING, ERROR, WARNING))]
    assert kinds == ["error", "warning", "warning", "notice"]


@pytest.mark.parametrize(
    ("errors", "warnings", "notes", "kinds"),
    [
        (10, 10, 10, {"error": 10, "warning": 10, "notice": 10}),
        (11, 0, 0, {"error": 10, "notice": 1}),
        (1, 0, 11, {"error": 1, "notice": 10}),
        (60, 60, 60, {"error": 10, "warning": 10, "notice": 10}),
    ],
)
def test_github_never_has_more_than_it_shows(
    errors: int, warnings: int, notes: int, kinds: dict[str, int]
) -> None:
    """Ten of a kind, the notice about the others among them; those are told as text."""
    found = findings(*many(errors), *many(warnings, "warning"), *many(notes, "info"))
    shown = annotations(found)
    assert Counter(kind for kind, _, _ in shown) == kinds
    total = errors + warnings + notes
    hidden = total - sum(kinds.values()) + 1 if total > 30 or max(errors, notes) > 10 else 0
    assert render("github", found).count("\na.yaml:") == hidden
    if hidden:
        assert shown[-1][2].startswith(f"{hidden} more in the log of this step")


def test_github_ends_with_the_summary() -> None:
    """The log says how it went."""
    assert render("github", findings(ERROR)).splitlines()[-1] == "3 manifests checked: 1 error"


# --- GitLab ---------------------------------------------------------------------------------------


def quality(found: Findings) -> list[dict[str, Any]]:
    report: list[dict[str, Any]] = json.loads(render("gitlab", found))
    return report


@given(reports)
def test_gitlab_has_every_key(found: Findings) -> None:
    """What the merge request widget needs of each problem, and unique fingerprints."""
    report = quality(found)
    assert len(report) == len(found.problems)
    for one in report:
        assert set(one) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert one["location"]["lines"]["begin"] >= 1
    assert len({one["fingerprint"] for one in report}) == len(report)


def test_gitlab_severities() -> None:
    """Each is one that GitLab knows."""
    report = quality(findings(ERROR, WARNING, NOTE))
    assert [one["severity"] for one in report] == ["info", "major", "minor"]


def test_gitlab_has_no_byte_order_mark() -> None:
    """GitLab's reader does not take one."""
    assert render("gitlab", findings()).startswith("[")


@pytest.mark.parametrize("form", ["sarif", "junit", "gitlab", "json"])
def test_hostile_texts_stay_data(form: str) -> None:
    """Names with markup, quotes and escapes are read back as one problem each."""
    printed = render(form, findings(*hostile()))
    if form == "junit":
        assert len(list(ElementTree.fromstring(printed).iter("failure"))) == len(hostile())
    else:
        assert json.loads(printed)
