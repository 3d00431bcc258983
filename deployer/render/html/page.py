"""The frame of a page: one file that asks nothing of the network and runs no script but its own."""

import base64
import hashlib
from functools import cache
from pathlib import Path

from deployer.render.graph_svg import STYLE
from deployer.render.html.markup import Html, joined, raw, tag, void

_HERE = Path(__file__).parent


def page(title: str, *body: str) -> str:
    """A whole document; its policy admits the one style and the one script that it holds."""
    style, script = _style(), _script()
    head = tag(
        "head",
        void("meta", charset="utf-8"),
        void("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        void("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", raw(style)),
    )
    content = tag("body", tag("main", *body), tag("script", raw(script)))
    return f"<!doctype html>\n{tag('html', head, content, lang='en')}\n"


def search(what: str, *, folds: bool = True) -> Html:
    """The field that narrows a page to what holds a text, and buttons for what folds; needs scripts."""
    hint = f"Search {what}"
    field = void("input", id="search", type="search", placeholder=hint, aria_label=hint)
    buttons = [
        tag("button", "Open all", id="open", type="button"),
        tag("button", "Close all", id="close", type="button"),
    ]
    found = tag("span", id="found", role="status")
    return tag("div", field, *(buttons if folds else []), found, class_="tools")


def table(headings: list[str], rows: list[Html], class_: str = "") -> Html:
    """A table that scrolls by itself where it is wider than the screen."""
    head = tag("thead", tag("tr", *(tag("th", each, scope="col") for each in headings)))
    return tag(
        "div", tag("table", head, tag("tbody", *rows), class_=class_), class_="scroll", tabindex="0"
    )


def pill(text: str, kind: str = "") -> Html:
    """A word in a frame; `kind` is a class of the style."""
    return tag("span", text, class_=f"pill {kind}".strip())


def pills(texts: list[str]) -> Html:
    """Several words in frames, each of its own kind."""
    return joined(pill(text, text) for text in texts)


@cache
def _style() -> str:
    return STYLE + (_HERE / "page.css").read_text(encoding="utf-8")


@cache
def _script() -> str:
    return (_HERE / "page.js").read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
