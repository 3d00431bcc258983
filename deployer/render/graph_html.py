"""A graph as one page that needs no network: the picture, and a list that can be searched."""

from collections.abc import Mapping, Sequence

from deployer.model import Graph, Vertex
from deployer.render.html.markup import Html, tag
from deployer.render.html.page import page, search, table
from deployer.render.html.picture import picture

_MOST = 12
_KINDS = {"node": "node", "workflow": "workflow", "output": "output made elsewhere"}


def to_html(graph: Graph) -> str:
    """The page; the list holds everything, also what is not drawn."""
    labels = {vertex.key: vertex.label for vertex in graph.vertices}
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for arc in graph.arcs:
        before.setdefault(arc.target, []).append(labels[arc.source])
        after.setdefault(arc.source, []).append(labels[arc.target])
    rows = [_row(vertex, before, after) for vertex in graph.vertices]
    size = f"{len(graph.vertices)} parts, {len(graph.arcs)} arrows"
    return page(
        graph.title,
        tag("h1", graph.title),
        tag("p", size, class_="soft"),
        picture(graph),
        tag("h2", "Everything in it"),
        search("names", folds=False),
        table(["Name", "Kind", "Workflow", "Waits for", "Waited for by"], rows),
    )


def _row(
    vertex: Vertex, before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> Html:
    return tag(
        "tr",
        tag("td", vertex.label, class_="path"),
        tag("td", _KINDS[vertex.shape]),
        tag("td", vertex.group, class_="path"),
        tag("td", _names(before.get(vertex.key, ())), class_="path"),
        tag("td", _names(after.get(vertex.key, ())), class_="path"),
        class_="item",
    )


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
