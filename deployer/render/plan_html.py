"""A plan as one page that needs no network: the verdict first, then what a reviewer asks about."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deployer.model import Change, Graph, Plan
from deployer.render.graph_layout import MAX_VERTICES
from deployer.render.html.change import change_section
from deployer.render.html.markup import joined, tag
from deployer.render.html.page import page, search
from deployer.render.html.summary import (
    changes_table,
    counts,
    danger_box,
    heading,
    how_to_apply,
    notes,
    verdict_line,
)
from deployer.render.plan_parts import all_dangers, told

_FEW = 5
_MOST_VERTICES = 5_000
_MOST_LINES = 30_000
"""What a page holds at most of pictures and scripts: beyond that browsers and readers give up."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A change with the id of its section, and what of it there is room for."""

    anchor: str
    change: Change
    graph: Graph | None
    scripts: bool


def to_html(plan: Plan, graphs: Mapping[str, Graph]) -> str:
    """The page; `graphs` holds the graph of each change by its address."""
    entries = list(_entries(told(plan), graphs))
    opened = len(entries) <= _FEW
    sections = [
        change_section(each.anchor, each.change, each.graph, scripts=each.scripts, opened=opened)
        for each in entries
    ]
    listed = changes_table([(each.anchor, each.change) for each in entries], all_dangers(plan))
    body = [heading(plan), verdict_line(plan), danger_box(plan), counts(plan)]
    if entries:
        found = [tag("h2", "Changes"), search("workflows, nodes, fields"), listed]
        body.append(joined([*found, tag("h2", "Details"), *sections]))
    return page(f"Plan for {plan.target}", *body, notes(plan), how_to_apply(plan))


def _entries(changes: Sequence[Change], graphs: Mapping[str, Graph]) -> Iterator[_Entry]:
    """The changes in their order, with pictures and scripts until the page is full."""
    vertices = lines = 0
    for number, change in enumerate(changes, 1):
        graph = graphs.get(change.address, Graph(change.address))
        vertices += min(len(graph.vertices), MAX_VERTICES)
        lines += _lines(change)
        yield _Entry(
            f"c{number}",
            change,
            graph if vertices <= _MOST_VERTICES else None,
            lines <= _MOST_LINES,
        )


def _lines(change: Change) -> int:
    """How many lines of text the differences of a change have."""
    sides = (side for field in change.fields for side in (field.before, field.after))
    return sum(side.count("\n") for side in sides if isinstance(side, str))
