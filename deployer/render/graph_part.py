"""The part of a graph that is drawn when all of it would be too much."""

from collections.abc import Mapping
from dataclasses import dataclass

from deployer.model import Graph, Mark

_RANK: Mapping[Mark, int] = {"added": 0, "changed": 0, "removed": 0, "affected": 1, "plain": 2}

SIGNS: Mapping[Mark, str] = {"added": "+", "changed": "~", "removed": "-", "affected": "!"}
"""What stands before a marked name, for those who cannot tell the colours apart."""


@dataclass(frozen=True, slots=True)
class Part:
    """A graph without what is left out, and how many vertices and arcs that is."""

    graph: Graph
    vertices_left_out: int
    arcs_left_out: int


def part(graph: Graph, vertices: int, arcs: int) -> Part:
    """At most so many vertices and arcs, in the order of the graph; what is marked comes first."""
    shown = graph.vertices
    if len(shown) > vertices:
        by_need = sorted(range(len(shown)), key=lambda number: _RANK[shown[number].mark])
        shown = tuple(shown[number] for number in sorted(by_need[:vertices]))
    keys = {vertex.key for vertex in shown}
    kept = [arc for arc in graph.arcs if arc.source in keys and arc.target in keys][:arcs]
    left_out = len(graph.vertices) - len(shown), len(graph.arcs) - len(kept)
    return Part(Graph(graph.title, shown, tuple(kept)), *left_out)
