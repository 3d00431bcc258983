"""A graph in the DOT language, for Graphviz and what reads its files."""

from collections.abc import Iterable, Iterator, Mapping

from deployer.model import Arc, Graph, Mark, Shape, Vertex
from deployer.render.visible import visible

_SHAPES: Mapping[Shape, str] = {"node": "box", "workflow": "box3d", "output": "ellipse"}
_COLOURS: Mapping[Mark, tuple[str, str]] = {
    "added": ("#dafbe1", "#1a7f37"),
    "changed": ("#fff8c5", "#9a6700"),
    "removed": ("#ffebe9", "#cf222e"),
    "affected": ("#ddf4ff", "#0969da"),
    "plain": ("#ffffff", "#57606a"),
}


def to_dot(graph: Graph) -> str:
    """The whole graph; ids are made up, and names stand in quotes only."""
    ids = {vertex.key: f"n{number}" for number, vertex in enumerate(graph.vertices, 1)}
    lines = [
        f"digraph {_quoted(graph.title)} {{",
        '  rankdir=LR; node [style=filled, fontname="sans-serif"];',
        *_vertices(graph.vertices, ids),
        *(_arc(arc, ids) for arc in graph.arcs),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _vertices(vertices: Iterable[Vertex], ids: Mapping[str, str]) -> Iterator[str]:
    groups: dict[str, list[Vertex]] = {}
    for vertex in vertices:
        groups.setdefault(vertex.group, []).append(vertex)
    for number, (group, members) in enumerate(groups.items(), 1):
        if group:
            yield f"  subgraph cluster_{number} {{ label={_quoted(group)};"
        yield from (_vertex(vertex, ids) for vertex in members)
        if group:
            yield "  }"


def _vertex(vertex: Vertex, ids: Mapping[str, str]) -> str:
    fill, line = _COLOURS[vertex.mark]
    look = f'shape={_SHAPES[vertex.shape]}, fillcolor="{fill}", color="{line}"'
    return f"  {ids[vertex.key]} [label={_quoted(vertex.label)}, {look}];"


def _arc(arc: Arc, ids: Mapping[str, str]) -> str:
    look = ["style=dashed"] if arc.earlier else []
    if arc.mark != "plain":
        look.append(f'color="{_COLOURS[arc.mark][1]}"')
    attributes = f" [{', '.join(look)}]" if look else ""
    return f"  {ids[arc.source]} -> {ids[arc.target]}{attributes};"


def _quoted(text: str) -> str:
    """A quoted string, in which a backslash starts an escape and `&` an entity."""
    shown = visible(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'
