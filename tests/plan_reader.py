"""Reads the counts of a plan back from what was printed, knowing only what a reader knows.

Nothing of the renderers is imported: what two of them count differently shows up here.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser

ACTIONS = ("create", "update", "delete", "move", "kept", "unchanged")


@dataclass(frozen=True)
class Read:
    """What a form says: workflows by action, the actions of the rows it shows, and all its dangers."""

    counts: dict[str, int]
    rows: Counter[str]
    dangers: int


def from_json(printed: str) -> Read:
    """From the document of `--format json`."""
    document = json.loads(printed)
    actions = [change["change"]["actions"][0] for change in document["resource_changes"]]
    return Read(
        document["summary"],
        Counter("unchanged" if action == "no-op" else action for action in actions),
        len(document["dangers"]),
    )


# --- text -----------------------------------------------------------------------------------------

_ROW = re.compile(r"(?:[+~>!-] |  )(create|update|delete|move|kept|unchanged) ")
_NUMBERS = re.compile(r"(\d+) (?:to )?(create|update|delete|move|kept|unchanged)")


def from_text(printed: str) -> Read:
    """From the text for people: the last line holds the counts, each change begins a line."""
    lines = printed.splitlines()
    found = {action: int(number) for number, action in _NUMBERS.findall(lines[-1])}
    body = lines[: lines.index("Found by validation")] if "Found by validation" in lines else lines
    rows = Counter(match[1] for match in map(_ROW.match, body[1:]) if match)
    rows["unchanged"] += sum(line.startswith("↑ publish ") for line in body)
    dangers = [re.match(r"Dangers: (\d+)", line) for line in body]
    return Read(
        {action: found.get(action, 0) for action in ACTIONS},
        +rows,
        next((int(match[1]) for match in dangers if match), 0),
    )


# --- Markdown -------------------------------------------------------------------------------------


def from_markdown(printed: str) -> Read:
    """From a comment: the table of counts, the table of changes, the box."""
    lines = printed.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("| create | update |"))
    names, numbers = (lines[n].strip("| ").split(" | ") for n in (at, at + 2))
    rows = Counter(
        match[1] for match in (re.match(r"\| \*\*(\w+)\*\* \|", line) for line in lines) if match
    )
    box = [re.match(r"> \*\*(\d+) dangers?\*\*", line) for line in lines]
    return Read(
        {name: int(number) for name, number in zip(names, numbers, strict=True) if name in ACTIONS},
        rows,
        next((int(match[1]) for match in box if match), 0),
    )


# --- HTML -----------------------------------------------------------------------------------------


class _Page(HTMLParser):
    """The texts of a page with the classes of the elements that they stand in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "input", "col"):
            self._open.append(f"{tag}.{dict(attrs).get('class') or ''}")
        if tag == "li":
            self.texts.append((" ".join(self._open), ""))

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append((" ".join(self._open), data))


def from_html(printed: str) -> Read:
    """From a page: the list of counts, the first cell of each row, the entries of the box."""
    texts = _Page(printed).texts
    inside = [text for where, text in texts if "ul.counts" in where and text]
    counts = {action: int(number) for number, action in zip(inside[::2], inside[1::2], strict=True)}
    rows: Counter[str] = Counter()
    for where, text in texts:
        if re.search(rf"tr\.item td\. span\.pill {re.escape(text)}$", where) and text in ACTIONS:
            rows[text] += 1
    dangers = sum(
        "section.dangers" in where and where.endswith("li.") and not text for where, text in texts
    )
    return Read(counts, rows, dangers)
