"""Graphs of what waits for what: of a workflow, of a repository, and of a change with its actions. Pure.

How a graph is drawn is left to `render`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from deployer.edges import makers, node_names, waits
from deployer.entities import SELF
from deployer.model import Arc, Change, Graph, Mark, NodeAction, Plan, Vertex, Workflow

_APART = "\0"
_MARKS: Mapping[NodeAction, Mark] = {
    "create": "added",
    "update": "changed",
    "move": "changed",
    "delete": "removed",
}


# --- one workflow ---------------------------------------------------------------------------------


def workflow_graph(workflow: Workflow) -> Graph:
    """The nodes of one workflow, what they wait for, and the outputs that come from elsewhere."""
    return _completed(workflow.path, *_parts(workflow.path, workflow.name, workflow.spec))


def plan_graph(change: Change) -> Graph:
    """The workflow of a change with everything marked that it adds, changes, removes or affects."""
    old = _parts(change.address, change.address, change.before_value)
    new = _parts(change.address, change.address, change.after_value)
    marks = {node.name: _MARKS.get(node.action, "plain") for node in change.nodes}
    known = dict.fromkeys([*new[0], *old[0], *marks])
    vertices = {name: _vertex(name, change.address) for name in known}
    arcs = [replace(arc, mark=_arc_mark(arc, old[1], new[1])) for arc in {**new[1], **old[1]}]
    graph = _completed(change.address, vertices, dict.fromkeys(arcs))
    marked = [replace(each, mark=marks.get(each.key, "plain")) for each in graph.vertices]
    return _with_affected(replace(graph, vertices=tuple(marked)))


def plan_graphs(plan: Plan) -> dict[str, Graph]:
    """The graph of every change that differs in anything, by its address."""
    changes = (change for change in plan.changes if change.action != "unchanged")
    return {change.address: plan_graph(change) for change in changes}


def _arc_mark(arc: Arc, old: Mapping[Arc, None], new: Mapping[Arc, None]) -> Mark:
    if not old or not new or (arc in old and arc in new):
        return "plain"
    return "added" if arc in new else "removed"


def _parts(path: str, name: str, spec: Any) -> tuple[dict[str, Vertex], dict[Arc, None]]:
    """The vertices of a spec by reference, and its arcs; the source may be an output from elsewhere."""
    made = makers(spec)
    vertices = {reference: _vertex(reference, name) for reference in node_names(spec)}
    arcs: dict[Arc, None] = {}
    for wait in waits(spec):
        source = made.get(wait.output, _output_key(wait.output))
        arcs[Arc(source, wait.entity, earlier=wait.earlier)] = None
    if any(SELF in (arc.source, arc.target) for arc in arcs):
        vertices[SELF] = _vertex(SELF, name or path)
    return vertices, arcs


def _vertex(reference: str, workflow: str) -> Vertex:
    if reference == SELF:
        return Vertex(SELF, workflow, shape="workflow")
    return Vertex(reference, reference)


def _output_key(output: str) -> str:
    """Begins with what no path and no name begins with, so no node is taken for an output."""
    return f"{_APART}{output}"


def _completed(title: str, vertices: Mapping[str, Vertex], arcs: Iterable[Arc]) -> Graph:
    """A graph in which the ends of all arcs are vertices: those that are none yet are outputs."""
    arcs = tuple(arcs)
    ends = dict.fromkeys(key for arc in arcs for key in (arc.source, arc.target))
    others = [
        Vertex(key, key.removeprefix(_APART), shape="output") for key in ends if key not in vertices
    ]
    return Graph(title, (*vertices.values(), *others), arcs)


def _with_affected(graph: Graph) -> Graph:
    """What waits, directly or not, for something marked is affected."""
    readers: dict[str, list[str]] = {}
    for arc in graph.arcs:
        readers.setdefault(arc.source, []).append(arc.target)
    touched = [vertex.key for vertex in graph.vertices if vertex.mark != "plain"]
    reached = set(touched)
    while touched:
        fresh = {key for key in readers.get(touched.pop(), ()) if key not in reached}
        reached |= fresh
        touched += fresh
    return replace(graph, vertices=tuple(_affected(each, reached) for each in graph.vertices))


def _affected(vertex: Vertex, reached: set[str]) -> Vertex:
    if vertex.mark == "plain" and vertex.key in reached:
        return replace(vertex, mark="affected")
    return vertex


# --- the repository -------------------------------------------------------------------------------


def repository_graph(workflows: Iterable[Workflow], title: str) -> Graph:
    """All nodes of several workflows, across files; an output that none of them makes is shown as one."""
    found = list(workflows)
    made = _made_anywhere(found)
    vertices: dict[str, Vertex] = {}
    arcs: dict[Arc, None] = {}
    for workflow in found:
        own, inner = _parts(workflow.path, workflow.name, workflow.spec)
        for vertex in own.values():
            key = _global(workflow.path, vertex.key)
            vertices[key] = replace(vertex, key=key, group=workflow.path)
        for arc in inner:
            source = made.get(arc.source) or _global(workflow.path, arc.source)
            target = _global(workflow.path, arc.target)
            arcs[replace(arc, source=source, target=target)] = None
    for arc in arcs:  # a workflow is drawn as soon as somebody waits for it
        path, _, reference = arc.source.partition(_APART)
        if reference == SELF and arc.source not in vertices:
            vertices[arc.source] = Vertex(arc.source, path, shape="workflow", group=path)
    return _completed(title, vertices, arcs)


def overview_graph(workflows: Iterable[Workflow], title: str) -> Graph:
    """Workflows only: which of them waits for which, and for which outputs from elsewhere."""
    found = list(workflows)
    made = _made_anywhere(found)
    vertices = {each.path: Vertex(each.path, each.path, shape="workflow") for each in found}
    arcs: dict[Arc, None] = {}
    for workflow in found:
        own = makers(workflow.spec)
        for wait in waits(workflow.spec):
            if wait.output not in own:
                key = _output_key(wait.output)
                source = made[key].partition(_APART)[0] if key in made else key
                arcs[Arc(source, workflow.path, earlier=wait.earlier)] = None
    return _completed(title, vertices, arcs)


def _global(path: str, key: str) -> str:
    """The key of a part of a workflow among all workflows; outputs are the same everywhere."""
    return key if key.startswith(_APART) else f"{path}{_APART}{key}"


def _made_anywhere(workflows: Iterable[Workflow]) -> dict[str, str]:
    """Key of an output → key of what makes it, in any of the workflows."""
    return {
        _output_key(output): _global(workflow.path, reference)
        for workflow in workflows
        for output, reference in makers(workflow.spec).items()
        if not output.startswith("{{")
    }
