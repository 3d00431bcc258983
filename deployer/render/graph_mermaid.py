"""A graph as a Mermaid flowchart, for places that draw one: pull requests, wikis."""

from collections.abc import Iterable, Iterator, Mapping

from deployer.model import Arc, Graph, Mark, Shape, Vertex
from deployer.render.graph_part import Part, part
from deployer.render.visible import visible

MAX_ARCS = 400
"""Mermaid gives up at 500 edges and at 50,000 characters; up to 100 vertices stay well away from both."""

_LONGEST = 40
_BRACKETS: Mapping[Shape, tuple[str, str]] = {
    "node": ("[", "]"),
    "workflow": ("[[", "]]"),
    "output": ("([", "])"),
}
_CLASSES = """\
  classDef added fill:#dafbe1,stroke:#1a7f37,color:#0a3d1a
  classDef changed fill:#fff8c5,stroke:#9a6700,color:#4d2d00
  classDef removed fill:#ffebe9,stroke:#cf222e,color:#82071e,stroke-dasharray:4 3
  classDef affected fill:#ddf4ff,stroke:#0969da,color:#0a3069
  classDef stub stroke-dasharray:2 2"""


def to_mermaid(graph: Graph, limit: int) -> str:
    """The flowchart, ending with a line end; at most `limit` vertices, the rest counted in a stub.

    Ids are made up and names are written as character codes where they are not plain, so that nothing
    in a name is syntax. What is marked comes before what is plain.
    """
    shown = part(graph, max(limit, 0), MAX_ARCS)
    ids = {vertex.key: f"n{number}" for number, vertex in enumerate(shown.graph.vertices, 1)}
    lines = [
        "flowchart LR",
        *_vertices(shown.graph.vertices, ids),
        *(_arc(arc, ids) for arc in shown.graph.arcs),
        *_stub(shown),
        *_classes(shown.graph.vertices, ids),
    ]
    return "\n".join(lines) + "\n"


def _vertices(shown: Iterable[Vertex], ids: Mapping[str, str]) -> Iterator[str]:
    groups: dict[str, list[Vertex]] = {}
    for vertex in shown:
        groups.setdefault(vertex.group, []).append(vertex)
    for number, (group, members) in enumerate(groups.items(), 1):
        if group:
            yield f'  subgraph g{number}["{_escaped(group)}"]'
        yield from (f"  {ids[vertex.key]}{_box(vertex)}" for vertex in members)
        if group:
            yield "  end"


def _box(vertex: Vertex) -> str:
    opening, closing = _BRACKETS[vertex.shape]
    return f'{opening}"{_escaped(vertex.label)}"{closing}'


def _arc(arc: Arc, ids: Mapping[str, str]) -> str:
    line = "-.->" if arc.earlier else "-->"
    note = {"added": "|added|", "removed": "|removed|"}.get(arc.mark, "")
    return f"  {ids[arc.source]} {line}{note} {ids[arc.target]}"


def _stub(shown: Part) -> Iterator[str]:
    if shown.vertices_left_out or shown.arcs_left_out:
        text = f"{shown.vertices_left_out} more and {shown.arcs_left_out} arrows, not drawn"
        yield f'  more["{text}"]:::stub'


def _classes(shown: Iterable[Vertex], ids: Mapping[str, str]) -> Iterator[str]:
    marked: dict[Mark, list[str]] = {}
    for vertex in shown:
        if vertex.mark != "plain":
            marked.setdefault(vertex.mark, []).append(ids[vertex.key])
    yield _CLASSES
    yield from (f"  class {','.join(members)} {mark}" for mark, members in marked.items())


def _escaped(text: str) -> str:
    """A name as a label: what is neither letter, digit, blank nor one of `_-./` becomes a code."""
    shown = visible(text)
    if len(shown) > _LONGEST:
        shown = shown[: _LONGEST - 1] + "…"
    return "".join(c if c.isalnum() or c in " _-./" else f"#{ord(c)};" for c in shown) or " "
