"""Comments on pull requests: never too long, never broken by a name, folds intact."""

import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from deployer.graph import plan_graphs
from deployer.model import Change, Danger, FieldChange, NodeChange, Plan
from deployer.render.markdown.inline import cell, code, fenced, prose
from deployer.render.plan_markdown import COMMENT, shortened, to_markdown
from deployer.render.visible import visible
from tests.plan_pages import CONFLICT, LARGE, QUIET, SMALL, large_graph, many
from tests.plan_strategies import HOSTILE, plans, texts

Golden = Callable[[str, str], None]

OURS = {
    *(
        "h3",
        "h4",
        "p",
        "a",
        "strong",
        "code",
        "pre",
        "ul",
        "li",
        "blockquote",
        "details",
        "summary",
    ),
    *("table", "thead", "tbody", "tr", "th", "td", "b"),
}
RUN = "https://forge.example/o/r/actions/runs/1"
READER = MarkdownIt("gfm-like", {"html": True, "linkify": False})
"""Reads what forges read: CommonMark and tables, with HTML as it stands."""


class Seen(HTMLParser):
    """The elements of a rendered comment; texts that are neither code nor a diagram stand apart."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.comments: list[str] = []
        self.summaries: list[str] = []
        self.prose: list[str] = []
        self.open: list[str] = []
        self.depth = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        self.open.append(tag)
        self.depth = max(self.depth, self.open.count("details"))
        if tag == "summary":
            self.summaries.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if "summary" in self.open:
            self.summaries[-1] += data
        if "code" not in self.open:
            self.prose.append(data)


def comment(plan: Plan, limit: int = COMMENT) -> str:
    return to_markdown(plan, plan_graphs(plan), limit, RUN)


def seen(plan: Plan, limit: int = COMMENT) -> Seen:
    return Seen(READER.render(comment(plan, limit)))


# --- nothing breaks out ---------------------------------------------------------------------------

TALKING = re.compile(r"[@#`<>|\\]|https?:|www\.|:\w+:|\$|&\w+;")
"""What a forge makes links, mentions, emoji and formulas of, outside of code."""


@given(plans(), st.sampled_from([COMMENT, 4_000, 1]))
def test_every_plan_has_a_comment(plan: Plan, limit: int) -> None:
    """Any plan is shown: our elements only, all closed, one hidden line, no link but to the run."""
    found = seen(plan, limit)
    assert found.open == []
    assert set(found.elements) <= OURS
    assert set(found.attributes) <= {
        *(("open", None), ("href", RUN), ("style", "text-align:right")),
        *(("class", f"language-{name}") for name in ("diff", "mermaid", "sh")),
    }
    assert [text[:19] for text in found.comments] == [" deployer:plan targ"]
    assert [text for text in found.prose if TALKING.search(text)] == []


@given(plans())
def test_folds_are_intact(plan: Plan) -> None:
    """Every change that is told has its fold, named after it; none stands inside another."""
    found = seen(plan, limit=10**9)
    assert found.depth <= 1
    assert found.elements.count("details") == len(found.summaries)
    named = Counter(
        f"{change.action} {_cut(visible(change.address))}"
        for change in plan.changes
        if change.action != "unchanged" or change.nodes or change.dangers
    )
    assert named - Counter(found.summaries) == Counter()


def _cut(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"


@given(plans(), st.integers(2_000, 80_000))
def test_comment_is_never_too_long(plan: Plan, limit: int) -> None:
    """Bytes are what is counted, which are never fewer than characters; the verdict is always there."""
    text, missing = shortened(plan, plan_graphs(plan), limit)
    assert len(text.encode()) <= limit or missing == "all but dangers and counts"
    assert "\n| create | update | delete | move | kept | unchanged | to publish |\n" in text


@given(st.text(max_size=40) | texts)
def test_text_in_a_comment_reads_as_it_is(text: str) -> None:
    """Whatever a name or a sentence holds, the reader sees just that, escapes aside."""
    shown = visible(text)
    for made in (code(text, 10_000), prose(text, 10_000)):
        read = Seen(READER.render(f"x: {made}."))
        assert set(read.elements) <= {"p", "code"}
        plain = re.sub("<[^>]*>", "", READER.renderInline(f"x: {made}."))
        assert _letters(plain) == _letters(_escaped(f"x: {shown}."))


def _letters(text: str) -> str:
    """Blanks and backticks apart: a sentence may gain blanks between spans, and lose their fences."""
    return re.sub(r"[\s`]", "", text)


def _escaped(text: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text


@given(st.lists(texts, min_size=1, max_size=4))
def test_cells_of_a_table_stay_apart(found: list[str]) -> None:
    """A row has as many cells as were put into it, whatever stands in them."""
    lines = ["| a " * len(found) + "|", "|---" * len(found) + "|"]
    row = f"| {' | '.join(cell(text) for text in found)} |"
    read = Seen(READER.render("\n".join([*lines, row])))
    assert read.elements.count("td") == len(found)
    assert read.elements.count("code") == len(found)


@given(st.lists(texts, max_size=6))
def test_fence_is_longer_than_what_it_holds(lines: list[str]) -> None:
    """Nothing inside a block of code ends it."""
    block = "\n".join(fenced("diff", [f" {visible(line)}" for line in lines]))
    read = Seen(READER.render(f"{block}\n\nafter\n"))
    assert [element for element in read.elements if element != "p"] == ["pre", "code"]
    assert "after" in read.prose


@pytest.mark.parametrize("target", HOSTILE)
def test_marker_is_one_comment_for_any_target(target: str) -> None:
    """The hidden line of a target is like no other one's and ends where it should."""
    first = comment(Plan(target, "1", ())).splitlines()[0]
    assert re.fullmatch(r"<!-- deployer:plan target=[\w.~%-]* -->", first, re.ASCII)


def test_markers_of_targets_differ() -> None:
    """Each target has its own comment."""
    lines = {comment(Plan(name, "1", ())).splitlines()[0] for name in ("prod", "dev", "prod%20")}
    assert len(lines) == 3


# --- what a reviewer sees -------------------------------------------------------------------------


def test_comment_on_a_plan(golden: Golden) -> None:
    """All that a comment can hold."""
    golden("plan.md", comment(CONFLICT))


def test_comment_on_a_plan_without_changes(golden: Golden) -> None:
    """It says so in a few lines."""
    golden("plan-empty.md", comment(QUIET))


def test_dangers_come_first() -> None:
    """The box stands before counts and table, what stops apply first in it."""
    text = comment(CONFLICT)
    parts = ("[!CAUTION]", "**stops apply**", "`kept`:", "| create |", "| Action |", "#### Edited")
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_refused_change_is_a_danger() -> None:
    """What apply cannot do at all stands in the box."""
    change = Change("a/b", "update", "differs", refused="`x` cannot change from A to B")
    assert "> - **stops apply** `refused` in `a/b`: `x` cannot change from A to B" in comment(
        Plan("t", "1", (change,))
    ).replace("`A`", "A").replace("`B`", "B")


def test_quiet_plan_has_no_box() -> None:
    """Where there is no danger, nothing shouts."""
    assert "[!" not in comment(SMALL)


def test_fields_of_conflicts_show_three_values() -> None:
    """Base, workspace and git stand side by side, without unfolding anything."""
    assert "| conflict | `3` | `6` | `4` |" in comment(CONFLICT)
    assert "| drift | `2` | `4` | `2` |" in comment(CONFLICT)


# --- the ladder -----------------------------------------------------------------------------------


def test_least_needed_goes_first() -> None:
    """The smaller a comment must be, the more is left out, in this order, each time said."""
    told = [shortened(CONFLICT, plan_graphs(CONFLICT), limit) for limit in range(6_000, 500, -100)]
    missing = list(dict.fromkeys(missing for _, missing in told))
    assert missing[0] == ""
    assert missing[-1] == "all but dangers and counts"
    assert all(each in text for text, each in told)
    assert [len(text.encode()) for text, _ in told] == sorted(
        (len(text.encode()) for text, _ in told), reverse=True
    )


def test_large_workflow_fits() -> None:
    """300 nodes, each with a script of its own."""
    script = "\n".join(f"select {number}" for number in range(60))
    fields = tuple(
        FieldChange(f"nodes[node_{number}].script.content", script, f"{script}\nlimit 1")
        for number in range(300)
    )
    change = Change("retail/large", "update", "differs", fields=fields, nodes=LARGE.nodes)
    text = to_markdown(Plan("prod", "1", (change,)), {"retail/large": large_graph()})
    assert len(text.encode()) <= COMMENT
    assert "| **update** | `retail/large` |" in text


def test_thousands_of_changes_fit() -> None:
    """Counts stay exact, rows that are left out are counted by action."""
    plan = many(2_000)
    text = comment(plan)
    assert len(text.encode()) <= COMMENT
    assert "| 0 | 2000 | 0 | 0 | 0 | 0 | 0 |" in text
    assert "and 1940 more: update" in text


def test_thousands_of_dangers_fit() -> None:
    """All are counted; what stops apply is shown, the rest is counted by kind."""
    some = [Danger("drift", "edited " * 500, address=f"a/{number}") for number in range(3_000)]
    stop = Danger("deletes", "5 of 9 nodes", "--allow-deletes", "a/1", blocks=True)
    text = comment(Plan("prod", "1", (), dangers=(*some, stop)))
    assert len(text.encode()) <= COMMENT
    assert "> **3001 dangers**, 1 stops apply" in text
    assert "`deletes` in `a/1`: 5 of 9 nodes (allowed by `--allow-deletes`)" in text
    assert re.search(r"and \d+ more: \d+ `drift`", text)


def test_chinese_text_is_counted_in_bytes() -> None:
    """A comment of few characters may have many bytes."""
    nodes = tuple(NodeChange("数据" * 40, "update", reason="加载" * 50) for _ in range(60))
    changes = tuple(Change(f"销售/{n}", "update", "r", nodes=nodes) for n in range(5))
    assert len(comment(Plan("prod", "1", changes)).encode()) <= COMMENT
