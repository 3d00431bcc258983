"""Pages of plans: total, escaped, of bounded size; what a browser makes of them is in test_browser."""

import re
from html.parser import HTMLParser

from hypothesis import given

from deployer.graph import plan_graphs
from deployer.model import Change, FieldChange, Plan
from deployer.render import plan_html
from deployer.render.html.markup import joined, raw, tag
from deployer.render.html.sides import compared, side_by_side
from tests.plan_pages import CONFLICT, LARGE, QUIET, large_graph, many
from tests.plan_strategies import plans, scripts

OURS = {
    *("html", "head", "meta", "title", "style", "body", "main", "script", "div", "span", "section"),
    *(
        "p",
        "h1",
        "h2",
        "h3",
        "a",
        "b",
        "ul",
        "li",
        "code",
        "pre",
        "details",
        "summary",
        "del",
        "ins",
    ),
    *("table", "colgroup", "col", "thead", "tbody", "tr", "th", "td", "input", "label", "button"),
    *("svg", "g", "rect", "path", "text"),
}
EMPTY = {"meta", "input", "col"}


class Seen(HTMLParser):
    """The elements of a page, their attributes, and the texts inside scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)


def page_of(plan: Plan) -> str:
    return plan_html.to_html(plan, plan_graphs(plan))


OWN = Seen(page_of(QUIET)).scripts


@given(plans())
def test_every_plan_has_a_page(plan: Plan) -> None:
    """Any plan is shown, every element is one of ours and closed, no script or address is the data's."""
    page = page_of(plan)
    page.encode()
    seen = Seen(page)
    assert seen.open == []
    assert set(seen.elements) <= OURS
    assert seen.scripts == OWN
    assert [name for name, _ in seen.attributes if name.startswith("on") or name == "src"] == []
    links = [value for name, value in seen.attributes if name in ("href", "xlink:href")]
    assert [link for link in links if not re.fullmatch(r"#c\d+", link or "")] == []


@given(plans())
def test_page_is_the_same_each_time(plan: Plan) -> None:
    """A page made twice is the same page: artefacts can be compared."""
    assert page_of(plan) == page_of(plan)


def test_verdict_comes_before_everything() -> None:
    """The first screen says what will change and that apply refuses it; dangers come before counts."""
    page = page_of(CONFLICT)
    places = [page.index(text) for text in ("1 to create", "Dangers", 'class="counts"', "tr class")]
    assert places == sorted(places)
    assert "apply refuses this: 1 danger that nobody allowed" in page


def test_plan_without_changes() -> None:
    """It says so, and shows neither a table nor a command."""
    page = page_of(QUIET)
    assert "No changes: 1 unchanged" in page
    assert "deployer apply" not in page
    assert "tr class" not in page


def test_target_in_the_command_is_quoted() -> None:
    """A command can be copied into a shell whatever the target is called."""
    page = page_of(Plan("a; rm -rf .", "1", CONFLICT.changes))
    assert "deployer apply --target &#x27;a; rm -rf .&#x27;" in page


def test_drift_and_conflict_stand_apart() -> None:
    """What somebody edited in the workspace has its own part, with the value of the base for conflicts."""
    page = page_of(CONFLICT)
    conflict = page.partition('class="origin conflict"')[2].partition("</section>")[0]
    drift = page.partition('class="origin drift"')[2].partition("</section>")[0]
    assert "nodes[load].rerunTimes" in conflict
    assert "In git at the base" in conflict
    assert "nodes[load].timeout" in drift


def test_page_of_very_many_changes_is_bounded() -> None:
    """Beyond what a browser can take, pictures and scripts are left out, which is said; rows never are."""
    page = page_of(many(1_500))
    assert page.count('<tr class="item">') == 1_500
    assert 0 < page.count("<svg") < 1_000
    assert "its picture is left out" in page
    assert "the text of scripts is left out" in page
    assert len(page) < 15_000_000


def test_page_of_a_large_workflow() -> None:
    """300 nodes are all drawn; a thousand are drawn in part, and the others counted."""
    plan = Plan("prod", "1", (LARGE,))
    assert plan_html.to_html(plan, {LARGE.address: large_graph()}).count('class="box"') == 300
    page = plan_html.to_html(plan, {LARGE.address: large_graph(1_000, 1_200)})
    assert page.count('class="box"') == 400
    assert "not drawn: 600 more parts" in page


# --- side by side ---------------------------------------------------------------------------------


@given(scripts, scripts)
def test_both_texts_can_be_read_from_their_rows(old: str, new: str) -> None:
    """Every line is in its column once, in order, or counted as folded."""
    left, right = old.split("\n"), new.split("\n")
    rows = list(compared(left, right))
    assert sum(bool(row.left) + row.folded for row in rows) == len(left)
    assert sum(bool(row.right) + row.folded for row in rows) == len(right)
    assert all(left[row.left[0] - 1] == row.left[1] for row in rows if row.left)
    assert all(right[row.right[0] - 1] == row.right[1] for row in rows if row.right)


def test_equal_lines_are_folded() -> None:
    """Three lines around a difference are shown, the others are counted."""
    old = [str(number) for number in range(40)]
    rows = list(compared(old, [*old[:20], "new", *old[21:]]))
    assert [row.folded for row in rows if row.folded] == [17, 16]
    assert len(rows) == 9


def test_what_differs_in_a_line_is_marked() -> None:
    """Only the middle of a line in which it differs is marked."""
    table = side_by_side(["select a, b"], ["select x, b"])
    assert "select <del>a</del>, b" in table
    assert "select <ins>x</ins>, b" in table


def test_texts_without_anything_in_common_are_bounded() -> None:
    """Very long texts that differ everywhere are not compared line by line, and not shown whole."""
    table = side_by_side([f"a{n}" for n in range(5_000)], [f"b{n}" for n in range(5_000)])
    assert "4600 more rows are not shown" in table


def test_very_long_line_is_cut() -> None:
    """A line that fills screens is shown by its beginning and its length."""
    plan = Plan("t", "1", (Change("a", "update", "r", fields=(_field("x" * 50_000 + "\n"),)),))
    assert "x" * 500 + "… (50000 characters)" in page_of(plan)
    assert "x" * 501 not in page_of(plan)


def _field(after: str) -> FieldChange:
    return FieldChange("nodes[a].script.content", "", after)


# --- markup ---------------------------------------------------------------------------------------


def test_markup_escapes_what_is_not_markup() -> None:
    """Text and attributes are escaped, elements are not, control characters can be seen."""
    inner = tag("b", "<i>")
    assert (
        tag("p", "a<b", inner, title='"x"') == '<p title="&quot;x&quot;">a&lt;b<b>&lt;i&gt;</b></p>'
    )
    assert joined(["\x1b", raw("<hr>")]) == "\\x1b<hr>"
