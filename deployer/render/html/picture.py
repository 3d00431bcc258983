"""A graph in a page: the drawing, what its colours mean, and what is not drawn."""

from deployer.model import Graph
from deployer.render.graph_layout import MAX_ARCS, MAX_VERTICES
from deployer.render.graph_part import SIGNS, part
from deployer.render.graph_svg import fragment, left_out
from deployer.render.html.markup import Html, joined, raw, tag, void

_FEW = 12
_MEANINGS = {
    "added": "added",
    "changed": "changed",
    "removed": "removed",
    "affected": "waits for something that changes",
}


def picture(graph: Graph) -> Html:
    """The drawing of a graph; beyond what can be read in a picture, the rest is counted."""
    shown = part(graph, MAX_VERTICES, MAX_ARCS)
    note = left_out(shown)
    drawn = tag("div", raw(fragment(shown)), class_="picture", tabindex="0")
    fit = _fit() if len(shown.graph.vertices) > _FEW else ""
    return joined([fit, drawn, _legend(shown.graph), tag("p", note, class_="soft") if note else ""])


def _fit() -> Html:
    """A box that shrinks the whole picture to the width of the page; the style does it, no script."""
    box = void("input", type="checkbox", class_="fit")
    return tag("label", box, " the whole picture at once", class_="soft")


def _legend(graph: Graph) -> Html:
    """Only what occurs in the picture."""
    marks = {vertex.mark for vertex in graph.vertices}
    entries = [
        tag("li", tag("b", SIGNS[mark]), f" {meaning}", class_=mark)
        for mark, meaning in _MEANINGS.items()
        if mark in marks and mark in SIGNS
    ]
    if any(vertex.shape == "output" for vertex in graph.vertices):
        entries.append(tag("li", tag("b", "( )"), " output made elsewhere"))
    if any(arc.earlier for arc in graph.arcs):
        entries.append(tag("li", tag("b", "- -"), " waits for an earlier cycle"))
    return tag("ul", *entries, class_="legend") if entries else raw("")
