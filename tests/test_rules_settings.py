"""Severities in `deployer.yaml`, and findings that a manifest accepts with a reason."""

from pathlib import Path

import pytest

from deployer import config
from deployer.errors import UsageError
from deployer.load import load
from deployer.model import Problem
from deployer.validate import validate
from tests.cli_kit import CONFIG, Project

MUTE = "- name: land\n          outputs: {nodeOutputs: []}"
"""A node that DW114 warns about."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one workflow, and one finding in it."""
    made = Project(tmp_path)
    made.change("flows/raw.yaml", "- name: land", MUTE)
    return made


def found(project: Project) -> list[Problem]:
    return list(validate(config.load(project.root)).problems)


def told(project: Project) -> list[tuple[str, str, str]]:
    return [(one.rule, one.severity, str(one.location)) for one in found(project)]


def silence(project: Project, *entries: str) -> None:
    """Adds `deployer.silence` with these entries at the top of the manifest, in one line each."""
    lines = "".join(f"    - {{{entry}, reason: fine}}\n" for entry in entries)
    project.change("flows/raw.yaml", "kind:", f"deployer:\n  silence:\n{lines}kind:")


def test_without_settings(project: Project) -> None:
    """The severity is that of the rule."""
    assert told(project) == [("DW114", "warning", "flows/raw.yaml:10:11")]


@pytest.mark.parametrize("severity", ["error", "info"])
def test_a_severity_is_set_for_all_manifests(project: Project, severity: str) -> None:
    """By the id of the rule, in deployer.yaml."""
    project.write("deployer.yaml", f"rules: {{DW114: {severity}}}\n{CONFIG}")
    assert told(project) == [("DW114", severity, "flows/raw.yaml:10:11")]


def test_a_rule_is_turned_off(project: Project) -> None:
    """It says nothing any more."""
    project.write("deployer.yaml", f'rules: {{DW114: "off"}}\n{CONFIG}')
    assert found(project) == []


def test_a_rule_raised_to_an_error_stops_a_plan(project: Project) -> None:
    """As any error of a manifest does."""
    project.write("deployer.yaml", f"rules: {{DW114: error}}\n{CONFIG}")
    settings = config.load(project.root)
    assert load(settings, settings.targets["local"]).errors


@pytest.mark.parametrize(
    ("rule", "what", "hint"),
    [
        ("DW14", "there is no rule `DW14`", "did you mean `DW1"),
        ("outputs-are-declared", "there is no rule", "did you mean `DW114`?"),
        ("unheard", "there is no rule `unheard`", "docs/rules.md"),
        ("DW010", "the severity of `DW010` cannot be changed", "the schema refuses"),
        ("DW102", "the severity of `DW102` cannot be changed", "two nodes of one name"),
    ],
)
def test_a_severity_that_cannot_be_set(project: Project, rule: str, what: str, hint: str) -> None:
    """A mistake of usage, at its line."""
    project.write("deployer.yaml", f"rules:\n  {rule}: info\n{CONFIG}")
    with pytest.raises(UsageError) as raised:
        found(project)
    assert what in raised.value.what
    assert hint in raised.value.hint
    assert raised.value.where.endswith("deployer.yaml:2:3")


@pytest.mark.parametrize(
    "entry",
    [
        "rule: DW114",
        'rule: DW114, path: "nodes[land].outputs"',
        'rule: DW114, path: "nodes[land]"',
        'rule: DW114, path: "nodes[*].outputs"',
        'rule: DW114, path: "nodes[*]"',
        'rule: DW114, path: "nodes"',
    ],
)
def test_a_finding_is_silenced_at_its_place(project: Project, entry: str) -> None:
    """A path covers what lies below it."""
    silence(project, entry)
    assert found(project) == []


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('rule: DW114, path: "nodes[lan]"', "there is no finding of `DW114` at `nodes[lan]`"),
        ('rule: DW114, path: "nodes[land].out"', "there is no finding of `DW114` at"),
        ("rule: DW107", "there is no finding of `DW107` to silence"),
        ("rule: DW1114", "there is no rule `DW1114`"),
    ],
)
def test_a_silence_without_effect_is_told(project: Project, entry: str, message: str) -> None:
    """The finding stays, and the entry is named."""
    silence(project, entry)
    first, second = sorted(found(project), key=lambda one: one.rule)
    assert (first.rule, second.rule, str(second.location)) == (
        "DW114",
        "DW139",
        "flows/raw.yaml:4:14",
    )
    assert second.message.startswith(message)


def test_each_silence_counts_for_itself(project: Project) -> None:
    """One of use does not hide one of no use."""
    silence(project, "rule: DW114", 'rule: DW114, path: "nodes[lnad]"')
    assert told(project) == [("DW139", "warning", "flows/raw.yaml:5:14")]


def test_errors_of_the_schema_cannot_be_silenced(project: Project) -> None:
    """The entry says so once the file is sound."""
    silence(project, "rule: DW010", "rule: DW114")
    assert [one.message for one in found(project)] == ["`DW010` cannot be silenced"]
    project.change("flows/raw.yaml", "nodes:", "nodse:")
    assert [one.rule for one in found(project)] == ["DW010"]


def test_a_silence_needs_a_reason(project: Project) -> None:
    """Whoever reads it later wants to know."""
    project.change("flows/raw.yaml", "kind:", "deployer: {silence: [{rule: DW114}]}\nkind:")
    ((rule, severity, _),) = told(project)
    assert (rule, severity) == ("DW010", "error")


def test_a_silence_for_one_target_is_of_use(project: Project) -> None:
    """It may be needed on one target only."""
    mute = "{nodes: {land: {outputs: {nodeOutputs: []}}}}"
    two = f"  prod: {{emulator: p.db, project: 2, projectIdentifier: s, overrides: {{shop/raw: {mute}}}}}\n"
    project.write("deployer.yaml", CONFIG + two)
    project.change("flows/raw.yaml", MUTE, "- name: land")
    silence(project, "rule: DW114")
    assert found(project) == []


def test_findings_across_files_are_silenced_where_they_are_told(project: Project) -> None:
    """`spec.flow` and the rest of the document go by their own paths."""
    waits = "  flow: [{nodeId: raw, depends: [{output: shop_dev.by_hand}]}]\n"
    text = (project.root / "flows/raw.yaml").read_text()
    project.write("flows/raw.yaml", text.replace(MUTE, "- name: land") + waits)
    assert [one.rule for one in found(project)] == ["DW142"]
    silence(project, "rule: DW142, path: spec.flow")
    assert found(project) == []


@pytest.mark.parametrize("there", ["orders_df", "orders_di_v2", "orders_di_2", "order_items_di"])
def test_a_name_much_like_another_may_be_one_of_its_own(project: Project, there: str) -> None:
    """Another code, number or word is another name: a warning, because it may be made by hand."""
    outputs = "- {name: orders_di, script: {runtime: {command: VIRTUAL}}}\n        - name: land"
    waits = f"- name: land\n          dependsOn: [shop_dev.{there}]"
    project.change("flows/raw.yaml", MUTE, outputs)
    project.change("flows/raw.yaml", "- name: land", waits)
    assert [(one.rule, one.severity) for one in found(project)] == [("DW142", "warning")]


def test_what_is_there_by_hand_is_told_with_what_may_be_meant(project: Project) -> None:
    """The warning has the near name, so that a slip is seen all the same."""
    outputs = "- {name: orders_1, script: {runtime: {command: VIRTUAL}}}\n        - name: land"
    project.change("flows/raw.yaml", MUTE, outputs)
    project.change(
        "flows/raw.yaml", "- name: land", "- name: land\n          dependsOn: [shop_dev.orders_2]"
    )
    (one,) = found(project)
    assert (one.rule, one.hint) == ("DW142", "did you mean `shop_dev.orders_1`?")


@pytest.mark.parametrize("written", ["oders_di", "orderss_di", "odrers_di"])
def test_a_misspelt_word_of_an_output_is_an_error(project: Project, written: str) -> None:
    """The service would lose the edge without a word."""
    outputs = "- {name: orders_di, script: {runtime: {command: VIRTUAL}}}\n        - name: land"
    waits = f"- name: land\n          dependsOn: [shop_dev.{written}]"
    project.change("flows/raw.yaml", MUTE, outputs)
    project.change("flows/raw.yaml", "- name: land", waits)
    (one,) = found(project)
    assert (one.rule, one.severity, one.hint) == (
        "DW105",
        "error",
        "did you mean `shop_dev.orders_di`?",
    )
