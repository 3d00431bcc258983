"""What is shown of plans, reports and problems; nothing in it can steer a terminal."""

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer import schema
from deployer.model import (
    Change,
    FieldChange,
    Location,
    NodeChange,
    Outcome,
    Plan,
    Problem,
    Published,
    Report,
)
from deployer.plan import change, ordered
from deployer.render import (
    plan_json,
    plan_text,
    problems_text,
    report_json,
    report_text,
)
from deployer.render.visible import visible
from tests.plan_strategies import plans
from tests.strategies import documents
from tests.workflow_kit import desired, live

Golden = Callable[[str, str], None]

WARNING = Problem(
    rule="DW006",
    severity="warning",
    message="`yes` is text here, true elsewhere",
    location=Location("workflows/daily_sales.yaml", 12, 9),
    hint="quote it",
    pointer="/spec/workflows/0/owner",
)
CREATE = Change(
    address="retail/sales/restate_sales",
    action="create",
    reason="not in the workspace",
    file="workflows/restate_sales.yaml",
    line=8,
    nodes=(NodeChange("restate", "create"), NodeChange("announce", "create")),
    after_value={"name": "restate_sales"},
)
UPDATE = Change(
    address="retail/sales/daily_sales",
    action="update",
    reason="6 fields differ",
    file="workflows/daily_sales.yaml",
    line=7,
    fields=(
        FieldChange("dependencies[{{alert}}]", None, {"nodeId": "{{alert}}"}),
        FieldChange("description", "Sales", None),
        FieldChange("nodes[alert]", None, {"name": "alert"}),
        FieldChange("nodes[check].rerunTimes", 6, 4),
        FieldChange("nodes[check].script.runtime.container.env[KEY].value", None, "(sensitive)"),
        FieldChange(
            "nodes[load].script.content",
            "\n".join(f"select {number};" for number in range(12)),
            "\n".join(f"select {number};" for number in range(12) if number != 5) + "\nselect 99;",
            file="workflows/sql/load.sql",
        ),
        FieldChange("nodes[notify].script.content", None, "echo one\necho two"),
        FieldChange("trigger.cron", "0 0 2 * * ?", "0 30 2 * * ?"),
    ),
    nodes=(
        NodeChange("check", "update"),
        NodeChange("load", "update"),
        NodeChange("alert", "create"),
        NodeChange("by_hand", "unmanaged"),
    ),
    before_value={"name": "daily_sales", "description": "Sales"},
    after_value={"name": "daily_sales"},
)
NOTED = Change(
    address="retail/reference/stores",
    action="unchanged",
    reason="the workspace holds what the manifest says",
    file="workflows/stores.yaml",
    nodes=(NodeChange("legacy", "unmanaged"),),
)
REFUSED = Change(
    address="retail/sales/hourly",
    action="update",
    reason="1 field differs",
    file="workflows/hourly.yaml",
    line=7,
    fields=(FieldChange("nodes[a].script.runtime.command", "DIDE_SHELL", "ODPS_SQL", True),),
    nodes=(NodeChange("a", "update"),),
    refused="`nodes[a].script.runtime.command` cannot change from DIDE_SHELL to ODPS_SQL",
    before_value={"name": "hourly"},
    after_value={"name": "hourly"},
)
QUIET = Change("retail/quiet", "unchanged", "the workspace holds what the manifest says")
SAVED = replace(QUIET, address="retail/saved", publish=True, publication="unpublished")
PLAN = Plan(
    target="dev",
    project="10001",
    place="region cn-shanghai",
    changes=(NOTED, CREATE, replace(UPDATE, publish=True), REFUSED, SAVED, QUIET),
    diagnostics=(WARNING,),
    api_calls=7,
)
REPORT = Report(
    outcomes=(
        Outcome("retail/a", "create", "done", written=True, job="42", seconds=2.5),
        Outcome(
            "retail/b",
            "update",
            "failed",
            written=False,
            job="43",
            error="import job 43 ended as Fail; no such data source; the workflow is as it was",
            exit_code=1,
            seconds=1.0,
        ),
        Outcome("retail/c", "create", "not attempted", error="it waits for `retail/b`"),
    ),
    published=(
        Published("retail/a", "done", "7", "9e1c", version=3, written=True, seconds=4.0),
        Published(
            "retail/d",
            "waiting",
            "8",
            "77aa",
            version=1,
            written=True,
            error="stage APPROVAL of pipeline run 77aa waits for a person",
            exit_code=9,
            seconds=1800.0,
        ),
    ),
    api_calls=12,
)


def marked(style: str, text: str) -> str:
    """A paint that can be read."""
    return f"<{style}>{text}</{style}>"


def test_plan_as_text(golden: Golden) -> None:
    """Every kind of line that a plan can have."""
    golden("plan.txt", plan_text.to_text(PLAN))


def test_plan_in_colours(golden: Golden) -> None:
    """The same plan with its styles."""
    golden("plan-painted.txt", plan_text.to_text(PLAN, marked))


def test_plan_without_changes(golden: Golden) -> None:
    """It says so."""
    golden(
        "plan-empty.txt", plan_text.to_text(Plan("dev", "10001", (QUIET,), place="emulator w.db"))
    )


def test_plan_as_json(golden: Golden) -> None:
    """The public form; a difference here is a difference for programs."""
    golden("plan.json", plan_json.to_json(PLAN))


def test_report_as_text(golden: Golden) -> None:
    """One line for each change, and why."""
    golden("report.txt", report_text.to_text(REPORT))


def test_report_as_json(golden: Golden) -> None:
    """The public form."""
    golden("report.json", report_json.to_json(REPORT))


def test_text_that_replaces_another_value() -> None:
    """A text of several lines in the place of a number or a list is shown as lines."""
    for before in (7, ["a"], {"k": 1}, True):
        plan = Plan("t", "1", (_update(FieldChange("x", before, "one\ntwo")),))
        assert "      +one\n      +two\n" in plan_text.to_text(plan)


def _update(*fields: FieldChange) -> Change:
    return Change("a/b", "update", "differs", fields=fields)


def test_long_values_are_cut() -> None:
    """A value that fills screens is shown by its beginning and its length."""
    plan = Plan("t", "1", (_update(FieldChange("x", "a", "b" * 5000)),))
    line = next(line for line in plan_text.to_text(plan).splitlines() if "~ x" in line)
    assert line.endswith("… (5002 characters)")
    assert len(line) < 300


def test_fields_of_a_new_node_are_not_repeated() -> None:
    """A new node is told by its own line."""
    fields = (FieldChange('nodes["a[b]"]', None, {}), FieldChange("nodes[a]", None, {}))
    assert "nodes[" not in plan_text.to_text(Plan("t", "1", (_update(*fields),)))


# --- the schema of the plan -----------------------------------------------------------------------


@given(plans())
def test_json_of_any_plan_fits_the_schema(plan: Plan) -> None:
    """What is printed is what schemas/plan.schema.json says, whatever is in it."""
    assert schema.check(json.loads(plan_json.to_json(plan)), "plan") == []


@given(documents(), documents())
def test_json_of_computed_plans_fits_the_schema(first: Any, second: Any) -> None:
    """The same for plans computed from workflows."""
    made = ordered([change(desired(first), live(desired(second)))])
    created = ordered([change(desired(first), None)])
    for found in (made, created):
        printed = json.loads(plan_json.to_json(Plan("t", "1", found)))
        assert schema.check(printed, "plan") == []


def test_plan_schema_is_closed() -> None:
    """A key that it does not know is refused, wherever it stands."""
    printed = json.loads(plan_json.to_json(PLAN))
    holders = [
        printed,
        printed["summary"],
        printed["diagnostics"][0],
        printed["resource_changes"][0],
        printed["resource_changes"][0]["change"],
        printed["resource_changes"][0]["nodes"][0],
        printed["resource_changes"][2]["change"]["fields"][0],
        printed["resource_changes"][0]["downstream"],
    ]
    for holder in holders:
        holder["surprise"] = 1
        assert schema.check(printed, "plan") != []
        del holder["surprise"]
    assert schema.check(printed, "plan") == []


def test_plan_schema_asks_for_every_key() -> None:
    """Readers can rely on every key being there."""

    def walk(place: Any) -> None:
        if isinstance(place, dict):
            if place.get("additionalProperties") is False:
                assert sorted(place["required"]) == sorted(place["properties"])
            for value in place.values():
                walk(value)

    walk(schema.load("plan"))


def test_plan_schema_names_its_version() -> None:
    """A document of another version is another document."""
    printed = json.loads(plan_json.to_json(PLAN))
    assert printed["format_version"] == plan_json.FORMAT_VERSION == "1.1"
    assert schema.check({**printed, "format_version": "2.0"}, "plan") != []


# --- nothing steers the terminal ------------------------------------------------------------------

HOSTILE = "a\x1b[31mred\x1b]0;title\x07\r\x9b2J\u202etxt.exe\u2028b\x00\ud800"
STEERING = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@given(st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "L", "N", "P", "S", "Zs"])))
def test_visible_text_is_one_harmless_line(text: str) -> None:
    """Control, format and line-breaking characters appear as escapes; all others as they are."""
    text = text.replace(":", "").replace("#", "")  # commands of a CI are another matter
    shown = visible(text)
    harmful = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert [c for c in shown if unicodedata.category(c) in harmful] == []
    assert visible(shown) == shown
    if not any(unicodedata.category(c) in harmful for c in text):
        assert shown == text


COMMANDS = {
    "::set-env name=PATH::/x": "\\x3a:set-env name=PATH::/x",
    " \u00a0::stop-commands::x": " \u00a0\\x3a:stop-commands::x",
    "\r::add-mask::x": "\\r::add-mask::x",
    "a ##[error]b": "a #\\x23[error]b",
    "###[group]": "##\\x23[group]",
    "##vso[task.setvariable]x": "#\\x23vso[task.setvariable]x",
    "##VSO[x]": "#\\x23VSO[x]",
    "select a::int": "select a::int",
    "## heading": "## heading",
}


@pytest.mark.parametrize("text", COMMANDS)
def test_no_text_is_a_command_of_a_ci(text: str) -> None:
    """What a runner would obey is broken by an escape; blanks in front protect nobody."""
    assert visible(text) == COMMANDS[text]
    assert visible(COMMANDS[text]) == COMMANDS[text]


@pytest.mark.parametrize("hostile", [HOSTILE, f"first\n{HOSTILE}\nlast"])
def test_no_text_of_a_plan_reaches_the_terminal_raw(hostile: str) -> None:
    """Wherever files or the service put such a text, it is shown escaped."""
    place = Location(hostile, 1, 1)
    problem = Problem(hostile, "error", hostile, place, hostile, hostile)
    fields = (
        FieldChange(hostile, hostile, hostile + "x", file=hostile),
        FieldChange(hostile, None, {hostile: hostile}),
        FieldChange(hostile, [hostile], None),
    )
    nodes = (NodeChange(hostile, "unmanaged"), NodeChange(hostile, "update"))
    one = Change(hostile, "update", hostile, hostile, 3, fields, nodes, refused=hostile)
    plan = Plan(hostile, hostile, (one,), (problem,), place=hostile)
    outcome = Outcome(hostile, "update", "failed", job=hostile, error=hostile)
    shown = [
        plan_text.to_text(plan),
        "\n".join(problems_text.lines([problem])),
        report_text.to_text(Report((outcome,))),
    ]
    assert [STEERING.findall(text) for text in shown] == [[], [], []]


def test_json_escapes_what_it_must() -> None:
    """JSON keeps the text as it is, in a form that does not steer either."""
    plan = Plan("t", "1", (_update(FieldChange("x", "a", HOSTILE)),))
    printed = plan_json.to_json(plan)
    assert STEERING.findall(printed) == []
    (only,) = json.loads(printed)["resource_changes"]
    assert only["change"]["fields"][0]["after"] == HOSTILE


def test_json_holds_no_command_of_a_ci() -> None:
    """The same for what a runner looks for anywhere in a line."""
    before, after = "a ##[error]b", "##vso[x]"
    printed = plan_json.to_json(Plan("t", "1", (_update(FieldChange("x", before, after)),)))
    assert "##" not in printed
    (only,) = json.loads(printed)["resource_changes"]
    field = only["change"]["fields"][0]
    assert (field["before"], field["after"]) == (before, after)


def test_script_cannot_command_a_ci() -> None:
    """A line of a script that is shown as context of a diff stays text."""
    old, new = "::stop-commands::x\na", "::stop-commands::x\nb"
    shown = plan_text.to_text(Plan("t", "1", (_update(FieldChange("x", old, new)),)))
    assert [line for line in shown.splitlines() if line.lstrip().startswith("::")] == []
