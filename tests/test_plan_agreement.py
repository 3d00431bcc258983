"""All forms of a plan say the same: counts, rows and dangers, read back by a parser of their own."""

import json
from collections import Counter
from dataclasses import replace

from hypothesis import given

from deployer.graph import plan_graphs
from deployer.model import Change, Plan
from deployer.render import plan_html, plan_json, plan_markdown, plan_text
from deployer.render.plan_counts import to_gitlab
from tests.plan_dice import Dice
from tests.plan_pages import CONFLICT, many
from tests.plan_reader import ACTIONS, Read, from_html, from_json, from_markdown, from_text
from tests.plan_strategies import plans


def counted(plan: Plan) -> dict[str, int]:
    number = Counter(change.action for change in plan.changes)
    return {action: number[action] for action in ACTIONS}  # type: ignore[index]


def is_told(change: Change) -> bool:
    """There is something to do, or to say: a node, a danger, something to publish."""
    said = change.nodes or change.dangers or change.publication == "unpublished"
    return change.action != "unchanged" or bool(said)


def all_read(plan: Plan) -> dict[str, Read]:
    graphs = plan_graphs(plan)
    return {
        "text": from_text(plan_text.to_text(plan)),
        "json": from_json(plan_json.to_json(plan)),
        "markdown": from_markdown(plan_markdown.to_markdown(plan, graphs)),
        "html": from_html(plan_html.to_html(plan, graphs)),
    }


def agree(plan: Plan) -> None:
    """Counts, rows and dangers of each form are those of the plan; what is refused is a danger."""
    rows = Counter(change.action for change in plan.changes if is_told(change))
    read = all_read(plan)
    for form, one in read.items():
        assert (form, counted(plan), rows) == (form, one.counts, one.rows)
    found = [
        replace(each, address=each.address or c.address) for c in plan.changes for each in c.dangers
    ]
    refused = sum(bool(change.refused) for change in plan.changes)
    dangers = len(dict.fromkeys([*plan.dangers, *found])) + refused
    assert dict.fromkeys(read, dangers) == {form: one.dangers for form, one in read.items()}


def test_all_forms_agree_on_a_thousand_plans() -> None:
    """Text, JSON, Markdown and HTML say the same counts, rows and dangers."""
    dice = Dice(7)
    for _ in range(1_000):
        agree(dice.plan())


@given(plans())
def test_all_forms_agree(plan: Plan) -> None:
    """The same for plans that are searched for rather than thrown."""
    agree(plan)


@given(plans())
def test_widget_of_gitlab_agrees(plan: Plan) -> None:
    """It knows three numbers; a workflow that moves is updated there."""
    number = counted(plan)
    assert json.loads(to_gitlab(plan)) == {
        "create": number["create"],
        "update": number["update"] + number["move"],
        "delete": number["delete"],
    }


def test_reader_finds_what_there_is() -> None:
    """The parsers read: a plan with something of everything."""
    expected = {"create": 1, "update": 1, "delete": 0, "move": 0, "kept": 1, "unchanged": 0}
    for read in all_read(CONFLICT).values():
        assert (read.counts, read.dangers) == (expected, 2)
        assert read.rows == Counter(["create", "update", "kept"])


def test_counts_survive_every_shortening() -> None:
    """However small a comment must be, counts and dangers are those of the plan."""
    plan = many(400)
    graphs = plan_graphs(plan)
    for limit in (1_000_000, 60_000, 20_000, 3_000, 1):
        read = from_markdown(plan_markdown.to_markdown(plan, graphs, limit))
        assert read.counts == counted(plan)


def test_what_does_not_stay_is_told_first() -> None:
    """Deleted, kept and overwritten workflows and nodes stand above the first change, in each form."""
    graphs = plan_graphs(CONFLICT)
    for page, until in (
        (plan_text.to_text(CONFLICT), "~ update"),
        (plan_markdown.to_markdown(CONFLICT, graphs), "| Action |"),
        (plan_html.to_html(CONFLICT, graphs), "<h2>Changes"),
    ):
        head = page.partition(until)[0]
        assert ("Gone from git, and kept running" in head, until in page) == (True, True)
        assert "Edited in the workspace, which apply overwrites" in head
