"""Pages as a browser shows them: light and dark, wide and narrow, without network and without errors."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployer.graph import plan_graphs
from deployer.model import Change, FieldChange, Plan
from deployer.render import graph_html, plan_html
from tests.browser_kit import Browser, Page, browsing
from tests.plan_pages import CONFLICT, LARGE, SMALL, large_graph
from tests.plan_strategies import HOSTILE

WIDTHS, SCHEMES = (1280, 400), ("light", "dark")

CONTRASTS = """(() => {
  const number = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const shine = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const box = one.querySelector(":scope > rect.box");
      const colour = number(box ? getComputedStyle(box).fill : getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const holder = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || ["SCRIPT", "STYLE", "title"].includes(holder.tagName)) continue;
    const style = getComputedStyle(holder);
    const ink = number(holder.tagName === "text" ? style.fill : style.color);
    const both = [shine(ink), shine(behind(holder))].sort((a, b) => b - a);
    const ratio = (both[0] + 0.05) / (both[1] + 0.05);
    const kind = holder.tagName + "." + (holder.getAttribute("class") || "");
    if (ratio < 4.5) found[kind] = ratio.toFixed(2);
  }
  return found;
})()"""
"""Every kind of text whose contrast to what is behind it is below 4.5."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> "Show":
    return Show(browser, tmp_path / "page.html")


class Show:
    """Writes a page and opens it."""

    def __init__(self, browser: Browser, file: Path) -> None:
        self._browser, self._file = browser, file

    def __call__(self, text: str, width: int = 1280, scheme: str = "light") -> Page:
        self._file.write_text(text, encoding="utf-8")
        page = self._browser.page()
        page.show(self._file, width, scheme)
        return page


def page_of(plan: Plan) -> str:
    return plan_html.to_html(plan, plan_graphs(plan))


def pixels(png: bytes) -> int:
    """How many different rows of pixels a picture has; a blank one has one."""
    width, _, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (depth, colour) in ((8, 2), (8, 6))
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        data += png[at + 8 : at + 8 + length] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += length + 12
    raw, row = zlib.decompress(data), 1 + width * (3 if colour == 2 else 4)
    return len({raw[start : start + row] for start in range(0, len(raw), row)})


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_plan_is_readable(shown: Show, width: int, scheme: str) -> None:
    """No network, no complaint, nothing outside the window, contrast everywhere, not blank."""
    page = shown(page_of(CONFLICT), width, scheme)
    assert [url for url in page.requests if not url.startswith("file:")] == []
    assert len(page.requests) == 1
    assert page.complaints == []
    assert page.ask("document.documentElement.scrollWidth") <= width
    assert page.ask(CONTRASTS) == {}
    assert pixels(page.picture()) > 50


@pytest.mark.parametrize("scheme", SCHEMES)
def test_large_plan_is_readable(shown: Show, scheme: str) -> None:
    """A workflow of 300 nodes: every node is drawn in letters of full size, inside a box that scrolls."""
    graph = large_graph()
    text = plan_html.to_html(Plan("prod", "1", (LARGE,)), {LARGE.address: graph})
    page = shown(text, 1280, scheme)
    assert page.ask("document.querySelectorAll('.picture rect.box').length") == 300
    assert page.ask("document.querySelector('.picture text').getBoundingClientRect().height") > 10
    assert page.ask("document.documentElement.scrollWidth") <= 1280
    assert page.ask(CONTRASTS) == {}


def test_names_fit_their_boxes(shown: Show) -> None:
    """No name is wider than the box around it, Chinese ones neither."""
    page = shown(graph_html.to_html(large_graph(60, 90)))
    wider = """[...document.querySelectorAll('.picture g')].filter((one) => one.querySelector('text'))
      .filter((one) => one.querySelector('text').getBoundingClientRect().width
                     > one.querySelector('rect').getBoundingClientRect().width)
      .map((one) => one.querySelector('text').textContent)"""
    assert page.ask(wider) == []


def test_counts_and_rows(shown: Show) -> None:
    """The page says what the plan says: the verdict, a row and a section for each change."""
    page = shown(page_of(CONFLICT))
    assert page.ask("document.querySelectorAll('tr.item').length") == 3
    assert page.ask("document.querySelectorAll('details.change').length") == 3
    assert page.ask("document.querySelectorAll('.origin.drift, .origin.conflict').length") == 2
    assert page.ask("document.querySelector('.counts .update b').textContent") == "1"


def test_search_narrows_the_page(shown: Show) -> None:
    """What does not hold the text is hidden, the number of rows is told; empty shows all again."""
    page = shown(page_of(CONFLICT))
    typed = "search.value = %r; search.dispatchEvent(new Event('input'))"
    left = "[...document.querySelectorAll('.item')].filter((one) => !one.hidden).length"
    page.ask(typed % "RESTATE")
    assert (page.ask(left), page.ask("found.textContent")) == (2, "1 found")
    page.ask(typed % "")
    assert (page.ask(left), page.ask("found.textContent")) == (6, "")


def test_link_opens_the_details(shown: Show) -> None:
    """A row of the table leads into a section, which opens for it."""
    page = shown(page_of(CONFLICT))
    page.ask("document.getElementById('close').click()")
    assert page.ask("document.querySelectorAll('details.change[open]').length") == 0
    page.ask("document.querySelector('a[href=\"#c2\"]').click()")
    assert page.ask("document.querySelectorAll('details.change[open]').length") == 1


def test_large_picture_begins_where_something_changes(shown: Show) -> None:
    """The first changed node is in sight without scrolling inside the picture."""
    text = plan_html.to_html(Plan("prod", "1", (LARGE,)), {LARGE.address: large_graph()})
    inside = """(() => {
      const picture = document.querySelector('.picture');
      const box = picture.querySelector(':is(.added, .changed, .removed) > .box').getBoundingClientRect();
      const frame = picture.getBoundingClientRect();
      return box.left >= frame.left && box.right <= frame.right
          && box.top >= frame.top && box.bottom <= frame.bottom;
    })()"""
    assert shown(text).ask(inside) is True


def test_page_works_without_its_script(shown: Show) -> None:
    """A page whose script is not run shows everything; only the search is not there."""
    page = shown(page_of(SMALL).replace("script-src &#x27;sha256-", "script-src &#x27;sha256-x"))
    assert page.ask("getComputedStyle(document.querySelector('.tools')).display") == "none"
    assert page.ask("document.querySelectorAll('details.change[open]').length") == 1


def test_hostile_text_stays_text(shown: Show) -> None:
    """Nothing of what names and scripts hold becomes an element, a request or a script."""
    fields = tuple(FieldChange(f"nodes[{text}].x", text, f"{text}\n{text}") for text in HOSTILE)
    changes = tuple(
        Change(f"{number}{text}", "update", text, fields=fields)
        for number, text in enumerate(HOSTILE)
    )
    page = shown(page_of(Plan("t", "1", changes)))
    assert page.complaints == []
    assert len(page.requests) == 1
    assert page.ask("document.querySelectorAll('img, iframe, object, link, form').length") == 0
    assert page.ask("document.scripts.length") == 1
