"""Where the parts of a graph are drawn: in columns from left to right, each after what it waits for.

Order and places come from grandalf's layered layout; this module gives it what it takes well (a part
without circles, of bounded size) and turns its answer on the side, so that names can be read.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deployer.model import Arc, Graph, Vertex
from deployer.render.graph_part import SIGNS
from deployer.render.visible import visible

Point = tuple[float, float]
Points = tuple[Point, ...]

MAX_VERTICES = 400
MAX_ARCS = 2_000
_MAX_TURNS = 2_500
"""The layout takes time by the columns that arcs cross; arcs beyond this are drawn straight."""

_LONGEST = 30
_HEIGHT, _LETTER, _PADDING = 30.0, 7.3, 24.0
_BETWEEN_ROWS, _BETWEEN_COLUMNS, _MARGIN = 14.0, 56.0, 16.0
_TURN = 8.0
_SHELF = 1100.0


@dataclass(frozen=True, slots=True)
class Box:
    """A vertex with its text, cut to what a box can hold, and the middle and size of its box."""

    vertex: Vertex
    text: str
    x: float
    y: float
    width: float
    height: float = _HEIGHT


@dataclass(frozen=True, slots=True)
class Line:
    """An arc and its way from the right of one box to the left of the other.

    Points come in pairs, the ends of a straight stretch; between the pairs it turns.
    """

    arc: Arc
    points: Points


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes and lines in pixels; nothing lies outside `width` × `height`."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def drawing(graph: Graph) -> Drawing:
    """A graph of at most `MAX_VERTICES` vertices as boxes and lines, the same at every call."""
    boxes = {vertex.key: _box(vertex) for vertex in graph.vertices}
    forward = _without_circles(boxes, [arc for arc in graph.arcs if arc.source != arc.target])
    laid = list(_within_turns(boxes, forward))
    placed: dict[str, Box] = {}
    routes: dict[tuple[str, str], Points] = {}
    width = height = _MARGIN
    for part in _shelved(_components(boxes, laid)):
        placed |= part.boxes
        routes |= part.routes
        width, height = max(width, part.right), max(height, part.bottom)
    lines = (
        Line(arc, routes.get((arc.source, arc.target)) or _direct(arc, placed))
        for arc in graph.arcs
    )
    shown = tuple(placed[vertex.key] for vertex in graph.vertices)
    return Drawing(width + _MARGIN, height + _MARGIN, shown, tuple(lines))


# --- boxes ----------------------------------------------------------------------------------------


def _box(vertex: Vertex) -> Box:
    sign = SIGNS.get(vertex.mark, "")
    label = f"{sign} {vertex.label}" if sign else vertex.label
    text = _cut(visible(label))
    return Box(vertex, text, 0, 0, _PADDING + _LETTER * max(_cells(text), 3))


def _cut(text: str) -> str:
    """The beginning and the end of a long name: names of one workflow often begin alike."""
    if _cells(text) <= _LONGEST:
        return text
    head, tail, length = "", "", 1
    for left, right in zip(text, reversed(text), strict=True):
        length += _cells(left) + _cells(right)
        if length > _LONGEST:
            break
        head, tail = head + left, right + tail
    return f"{head}…{tail}"


def _cells(text: str) -> int:
    """The width of a text in letters; Chinese ones are twice as wide."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


# --- what the layout is given ---------------------------------------------------------------------


def _without_circles(keys: Iterable[str], arcs: Sequence[Arc]) -> list[Arc]:
    """The arcs without those that close a circle; before and after together may hold one."""
    leaving: dict[str, list[Arc]] = {}
    for arc in arcs:
        leaving.setdefault(arc.source, []).append(arc)
    closing: set[Arc] = set()
    state: dict[str, int] = {}
    for start in keys:
        _search(start, leaving, state, closing)
    return [arc for arc in arcs if arc not in closing]


def _search(
    start: str, leaving: Mapping[str, list[Arc]], state: dict[str, int], closing: set[Arc]
) -> None:
    """Depth first, without recursion; `state` is 1 while a vertex is on the way, 2 when done."""
    if start in state:
        return
    state[start] = 1
    stack: list[tuple[str, Iterator[Arc]]] = [(start, iter(leaving.get(start, ())))]
    while stack:
        key, rest = stack[-1]
        arc = next(rest, None)
        if arc is None:
            state[key] = 2
            stack.pop()
        elif state.get(arc.target) == 1:
            closing.add(arc)
        elif arc.target not in state:
            state[arc.target] = 1
            stack.append((arc.target, iter(leaving.get(arc.target, ()))))


def _within_turns(keys: Iterable[str], arcs: Sequence[Arc]) -> Iterator[Arc]:
    """The arcs that are laid out, shortest first, until all the room for turns is used up."""
    column = _columns(keys, arcs)
    left = _MAX_TURNS
    for arc in sorted(arcs, key=lambda each: column[each.target] - column[each.source]):
        left -= column[arc.target] - column[arc.source] - 1
        if left < 0:
            return
        yield arc


def _columns(keys: Iterable[str], arcs: Sequence[Arc]) -> dict[str, int]:
    """The longest way to each vertex."""
    from graphlib import TopologicalSorter

    before: dict[str, set[str]] = {key: set() for key in keys}
    for arc in arcs:
        before[arc.target].add(arc.source)
    result: dict[str, int] = {}
    for key in TopologicalSorter(before).static_order():
        result[key] = max((result[source] + 1 for source in before[key]), default=0)
    return result


# --- places ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """Vertices that hang together, placed, with the ways of their arcs."""

    boxes: dict[str, Box]
    routes: dict[tuple[str, str], Points]

    @property
    def left(self) -> float:
        return min(box.x - box.width / 2 for box in self.boxes.values())

    @property
    def right(self) -> float:
        return max(box.x + box.width / 2 for box in self.boxes.values())

    @property
    def top(self) -> float:
        return min([*(box.y - box.height / 2 for box in self.boxes.values()), *self._heights()])

    @property
    def bottom(self) -> float:
        return max([*(box.y + box.height / 2 for box in self.boxes.values()), *self._heights()])

    def _heights(self) -> Iterator[float]:
        return (y for way in self.routes.values() for _, y in way)

    def moved(self, x: float, y: float) -> "_Part":
        """The same part elsewhere."""
        boxes = {key: replace(box, x=box.x + x, y=box.y + y) for key, box in self.boxes.items()}
        routes = {arc: tuple((a + x, b + y) for a, b in way) for arc, way in self.routes.items()}
        return _Part(boxes, routes)


def _shelved(parts: Iterable[_Part]) -> Iterator[_Part]:
    """Parts beside each other as long as there is room, then on the next shelf; large ones first."""
    x = y = _MARGIN
    bottom = y
    for part in sorted(parts, key=lambda each: -len(each.boxes)):
        if x > _MARGIN and x + part.right > _SHELF:
            x, y = _MARGIN, bottom + 2 * _BETWEEN_ROWS
        moved = part.moved(x, y)
        yield moved
        x = moved.right + 2 * _BETWEEN_ROWS
        bottom = max(bottom, moved.bottom)


class _View:
    """The size of a vertex as the layout sees it, which draws from top to bottom; it sets `xy`."""

    def __init__(self, box: Box) -> None:
        self.w, self.h = box.height, box.width
        self.xy: Point = (0.0, 0.0)


def _components(boxes: Mapping[str, Box], arcs: Sequence[Arc]) -> Iterator[_Part]:
    """Each connected part, laid out by itself with its corner at 0, 0."""
    leaving: dict[str, list[str]] = {}
    beside: dict[str, list[str]] = {key: [] for key in boxes}
    for source, target in dict.fromkeys((arc.source, arc.target) for arc in arcs):
        leaving.setdefault(source, []).append(target)
        beside[source].append(target)
        beside[target].append(source)
    seen: set[str] = set()
    for key, box in boxes.items():
        if not beside[key]:
            yield _Part({key: replace(box, x=box.width / 2, y=box.height / 2)}, {})
        elif key not in seen:
            together = _together(key, beside)
            seen |= together
            yield _laid_out({each: boxes[each] for each in boxes if each in together}, leaving)


def _together(start: str, beside: Mapping[str, list[str]]) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        fresh = [key for key in beside[waiting.pop()] if key not in found]
        found.update(fresh)
        waiting += fresh
    return found


def _laid_out(boxes: Mapping[str, Box], leaving: Mapping[str, list[str]]) -> _Part:
    """One connected part as grandalf places it: its layers are our columns.

    Its graph class is passed over: that one puts edges into sets, and draws a graph anew each time.
    """
    from grandalf.graphs import Edge, Vertex, graph_core
    from grandalf.layouts import SugiyamaLayout

    made = {key: Vertex(key) for key in boxes}
    for key, corner in made.items():
        corner.view = _View(boxes[key])
    edges = [Edge(made[key], made[target]) for key in boxes for target in leaving.get(key, ())]
    layout = SugiyamaLayout(graph_core(list(made.values()), edges))
    layout.xspace, layout.yspace, layout.dw = _BETWEEN_ROWS, _BETWEEN_COLUMNS, _TURN
    targets = {target for key in boxes for target in leaving.get(key, ())}
    layout.init_all(roots=[made[key] for key in boxes if key not in targets], inverted_edges=[])
    layout.draw()
    placed = {key: _turned(boxes[key], made[key].view.xy) for key in boxes}
    return _cornered(placed, _routes(layout, edges, placed))


def _routes(
    layout: Any, edges: Iterable[Any], placed: Mapping[str, Box]
) -> dict[tuple[str, str], Points]:
    columns: dict[int, list[Box]] = {}
    for corner, place in layout.grx.items():
        if hasattr(corner, "data"):  # the others are where an edge turns
            columns.setdefault(place.rank, []).append(placed[corner.data])
    spans = [_span(columns[rank]) for rank in sorted(columns)]
    routes = {}
    for edge in edges:
        source, target = edge.v
        turns = layout.ctrls.get(edge) or {}
        first, last = layout.grx[source].rank, layout.grx[target].rank
        heights = [
            placed[source.data].y,
            *(turns[rank].view.xy[0] for rank in range(first + 1, last)),
            placed[target.data].y,
        ]
        way = _way(placed[source.data], placed[target.data], heights, spans[first : last + 1])
        routes[source.data, target.data] = way
    return routes


def _cornered(boxes: dict[str, Box], routes: dict[tuple[str, str], Points]) -> _Part:
    part = _Part(boxes, routes)
    return part.moved(-part.left, -part.top)


def _way(
    source: Box, target: Box, heights: Sequence[float], spans: Sequence[tuple[float, float]]
) -> Points:
    """Straight through each column at its height; the turns are between the columns."""
    ends = [[left, right] for left, right in spans]
    ends[0][0], ends[-1][1] = source.x + source.width / 2, target.x - target.width / 2
    return tuple((x, y) for y, both in zip(heights, ends, strict=True) for x in both)


def _direct(arc: Arc, placed: Mapping[str, Box]) -> Points:
    """The way of an arc that was not laid out."""
    source, target = placed[arc.source], placed[arc.target]
    start, end = (source.x + source.width / 2, source.y), (target.x - target.width / 2, target.y)
    return (start, start, end, end)


def _turned(box: Box, xy: Point) -> Box:
    return replace(box, x=xy[1], y=xy[0])


def _span(column: Sequence[Box]) -> tuple[float, float]:
    """Left and right end of a column."""
    return (
        min(box.x - box.width / 2 for box in column),
        max(box.x + box.width / 2 for box in column),
    )
