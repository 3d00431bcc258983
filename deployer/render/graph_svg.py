"""A graph as SVG: alone with its own colours, or as a part of a page that has them."""

from collections.abc import Iterator
from html import escape

from deployer.model import Graph
from deployer.render.graph_layout import (
    MAX_ARCS,
    MAX_VERTICES,
    Box,
    Drawing,
    Line,
    Point,
    drawing,
)
from deployer.render.graph_part import Part, part
from deployer.render.visible import visible

STYLE = """\
.graph { --added: #1a7f37; --changed: #8a5d00; --removed: #c01c28; --affected: #0860c4;
  --line: #6a7280; --paper: #ffffff; --ink: #1b1f24; font: 12px system-ui, sans-serif }
@media (prefers-color-scheme: dark) {
  .graph { --added: #4ac26b; --changed: #e0b04a; --removed: #ff8580; --affected: #74b3ff;
    --line: #8b949e; --paper: #161b22; --ink: #e6edf3 }
}
.graph .box { fill: var(--paper); stroke: var(--line); stroke-width: 1.2 }
.graph text { fill: var(--ink); dominant-baseline: central; text-anchor: middle }
.graph .way { fill: none; stroke: var(--line); stroke-width: 1.2 }
.graph .tip { fill: var(--line); stroke: none }
.graph .earlier .way, .graph .output .box { stroke-dasharray: 4 3 }
.graph .workflow .box { stroke-width: 2.4 }
.graph .added .box, .graph .added .way { stroke: var(--added) }
.graph .changed .box { stroke: var(--changed) }
.graph .removed .box, .graph .removed .way { stroke: var(--removed); stroke-dasharray: 4 3 }
.graph .affected .box { stroke: var(--affected) }
.graph :is(.added, .changed, .removed, .affected) .box { stroke-width: 2 }
.graph .added .tip { fill: var(--added) } .graph .removed .tip { fill: var(--removed) }
.graph .added text { fill: var(--added) } .graph .changed text { fill: var(--changed) }
.graph .removed text { fill: var(--removed) } .graph .affected text { fill: var(--affected) }
"""
"""Colours of the parts, for light and for dark surroundings."""

_TIP = 7.0


def to_svg(graph: Graph) -> str:
    """A file of its own; beyond what is drawn at all, the rest is counted below the picture."""
    shown = part(graph, MAX_VERTICES, MAX_ARCS)
    made = drawing(shown.graph)
    note = left_out(shown)
    height = made.height + (30 if note else 0)
    width = max(made.width, 8.0 * len(note))
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" {size} role="img">',
        f"<title>{_text(graph.title)}</title>",
        f"<style>{STYLE}.graph .ground {{ fill: var(--paper) }}</style>",
        '<rect class="ground" width="100%" height="100%"/>',
        *_parts(made),
        *([f'<text x="{width / 2:.0f}" y="{height - 16:.0f}">{note}</text>'] if note else []),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def fragment(shown: Part) -> str:
    """An element to stand in a page whose style holds `STYLE`."""
    made = drawing(shown.graph)
    size = f'width="{made.width:.0f}" height="{made.height:.0f}"'
    view = f'viewBox="0 0 {made.width:.0f} {made.height:.0f}"'
    label = f'role="img" aria-label="{_text(shown.graph.title)}"'
    return "\n".join([f'<svg class="graph" {size} {view} {label}>', *_parts(made), "</svg>"])


def left_out(shown: Part) -> str:
    """What is not drawn, in words; empty if all is."""
    if not shown.vertices_left_out and not shown.arcs_left_out:
        return ""
    return f"not drawn: {shown.vertices_left_out} more parts, {shown.arcs_left_out} more arrows"


def _parts(made: Drawing) -> Iterator[str]:
    yield from (_line(line) for line in made.lines)
    yield from (_box(box) for box in made.boxes)


def _box(box: Box) -> str:
    vertex = box.vertex
    left, top = box.x - box.width / 2, box.y - box.height / 2
    corner = {"node": 6.0, "workflow": 2.0, "output": box.height / 2}[vertex.shape]
    size = f'width="{box.width:.1f}" height="{box.height:.1f}" rx="{corner:.0f}"'
    where = f"{vertex.group}: {vertex.label}" if vertex.group else vertex.label
    return (
        f'<g class="{vertex.shape} {vertex.mark}"><title>{_text(where)}</title>'
        f'<rect class="box" x="{left:.1f}" y="{top:.1f}" {size}/>'
        f'<text x="{box.x:.1f}" y="{box.y:.1f}">{escape(box.text)}</text></g>'
    )


def _line(line: Line) -> str:
    arc = line.arc
    names = f"arc {arc.mark}{' earlier' if arc.earlier else ''}"
    way, end = _loop(line.points[0]) if arc.source == arc.target else _curve(line.points)
    x, y = end
    tip = f"M{x:.1f} {y:.1f}l{-_TIP} -3.5v7z"
    return f'<g class="{names}"><path class="way" d="{way}"/><path class="tip" d="{tip}"/></g>'


def _curve(points: tuple[Point, ...]) -> tuple[str, Point]:
    """Straight stretches with soft turns between them, ending where the tip begins."""
    steps = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for number, (x, y) in enumerate(points[1:], 1):
        before = points[number - 1]
        if number == len(points) - 1:
            x -= _TIP
        if number % 2:
            steps.append(f"H{x:.1f}")
            continue
        bend = max(abs(x - before[0]) / 2, 24.0)
        steps.append(
            f"C{before[0] + bend:.1f} {before[1]:.1f} {x - bend:.1f} {y:.1f} {x:.1f} {y:.1f}"
        )
    return "".join(steps), points[-1]


def _loop(right: Point) -> tuple[str, Point]:
    """From the right of a box over its corner and back to it: it waits for itself."""
    x, y = right
    return f"M{x:.1f} {y - 6:.1f}c16 -4 16 16 {_TIP} 12", (x, y + 6)


def _text(text: str) -> str:
    return escape(visible(text))
