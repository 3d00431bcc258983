"""Graphs: what is in them, that they are drawn in any form, and that no name becomes syntax."""

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given

from deployer.graph import overview_graph, plan_graph, plan_graphs, repository_graph, workflow_graph
from deployer.model import Arc, Change, Graph, NodeChange, Plan, Vertex, Workflow
from deployer.render import graph_dot, graph_html, graph_mermaid, graph_svg
from deployer.render.graph_layout import Box, drawing
from tests.cli_kit import CLEAN, Project, Shell
from tests.plan_pages import UPDATE, large_graph
from tests.plan_strategies import plans

SVG = "{http://www.w3.org/2000/svg}"


def workflow(path: str, edges: dict[str, list[str]], **output: str) -> Workflow:
    """A workflow whose nodes wait for outputs; a node `a` makes `shop.a`."""
    nodes = {name: {"outputs": {"nodeOutputs": {"x": {"data": f"shop.{name}"}}}} for name in edges}
    waiting = {
        f"{{{{{name}}}}}": {"depends": {each: {"output": each, **output} for each in sources}}
        for name, sources in edges.items()
    }
    return Workflow(path, path, "CycleWorkflow", {"nodes": nodes, "dependencies": waiting})


RAW = workflow("raw", {"land": ["root"], "clean": ["shop.land"]})
MART = workflow("mart", {"sum": ["shop.clean", "other.rates"]})


def marks(graph: Graph) -> dict[str, str]:
    return {vertex.label: vertex.mark for vertex in graph.vertices}


def arcs(graph: Graph) -> list[tuple[str, str]]:
    labels = {vertex.key: vertex.label for vertex in graph.vertices}
    return [(labels[arc.source], labels[arc.target]) for arc in graph.arcs]


# --- what is in a graph ---------------------------------------------------------------------------


def test_graph_of_a_workflow() -> None:
    """Its nodes, what they wait for, and outputs from elsewhere in a shape of their own."""
    graph = workflow_graph(RAW)
    assert [(vertex.label, vertex.shape) for vertex in graph.vertices] == [
        ("land", "node"),
        ("clean", "node"),
        ("root", "output"),
    ]
    assert arcs(graph) == [("root", "land"), ("land", "clean")]


def test_graph_of_a_repository_joins_files() -> None:
    """A node that waits for an output of another workflow waits for the node that makes it."""
    graph = repository_graph([RAW, MART], "all")
    assert ("clean", "sum") in arcs(graph)
    assert ("other.rates", "sum") in arcs(graph)
    assert {vertex.group for vertex in graph.vertices} == {"raw", "mart", ""}


def test_overview_shows_workflows_only() -> None:
    """An arrow between two workflows stands for all between their nodes."""
    graph = overview_graph([RAW, MART], "all")
    assert arcs(graph) == [("root", "raw"), ("raw", "mart"), ("other.rates", "mart")]


def test_earlier_cycle_is_another_kind_of_arrow() -> None:
    """A node that waits for its own run of an earlier cycle has a dashed arrow to itself."""
    own = workflow("w", {"a": ["shop.a"]}, type="CrossCycleDependsOnSelf")
    assert workflow_graph(own).arcs == (Arc("a", "a", earlier=True),)


def test_graph_of_a_change_has_its_actions() -> None:
    """Nodes are marked by what happens to them, what waits for them is affected, what is new is seen."""
    graph = plan_graph(UPDATE)
    assert marks(graph) == {
        "root": "plain",
        "load": "changed",
        "check": "added",
        "sum": "affected",
        "by_hand": "affected",
        "legacy": "removed",
        "shop_root": "plain",
        "other.rates": "plain",
    }
    labels = {vertex.key: vertex.label for vertex in graph.vertices}
    changed = {
        (labels[a.source], labels[a.target]): a.mark for a in graph.arcs if a.mark != "plain"
    }
    assert changed[("load", "legacy")] == "removed"
    assert changed[("check", "sum")] == "added"


def test_change_without_values_shows_its_nodes() -> None:
    """A change of which only the nodes are known is still drawn."""
    graph = plan_graph(Change("a", "delete", "", nodes=(NodeChange("x", "delete"),)))
    assert marks(graph) == {"x": "removed"}


# --- every form -----------------------------------------------------------------------------------

_ID = r"(n\d+|more)"
_LABEL = r'"(?:[\w ./…-]|#\d+;|,)*"'
_MERMAID = re.compile(
    rf"flowchart LR|  end|  subgraph g\d+\[{_LABEL}\]|  classDef .*|  class [n\d,]+ \w+"
    rf"|  {_ID}(\[|\[\[|\(\[){_LABEL}(\]|\]\]|\]\))(:::stub)?|  n\d+ (-->|-\.->)(\|\w+\|)? n\d+"
)
_DOT_TEXT = r'"(?:[^"\\\n]|\\.)*"'
_DOT = re.compile(
    rf"digraph {_DOT_TEXT} \{{|  rankdir=.*|\}}|  \}}|  subgraph cluster_\d+ \{{ label={_DOT_TEXT};"
    rf"|  n\d+ \[label={_DOT_TEXT}, shape=\w+, fillcolor=\"#\w+\", color=\"#\w+\"\];"
    r"|  n\d+ -> n\d+( \[[^\]]*\])?;"
)


@given(plans())
def test_every_graph_is_drawn_in_every_form(plan: Plan) -> None:
    """Whatever names hold: lines are those of the format, and SVG is well-formed without scripts."""
    for graph in plan_graphs(plan).values():
        lines = graph_mermaid.to_mermaid(graph, 100).splitlines()
        assert [line for line in lines if not _MERMAID.fullmatch(line)] == []
        assert [
            line for line in graph_dot.to_dot(graph).splitlines() if not _DOT.fullmatch(line)
        ] == []
        root = ElementTree.fromstring(graph_svg.to_svg(graph))
        names = {element.tag.removeprefix(SVG) for element in root.iter()}
        assert names <= {"svg", "title", "style", "rect", "g", "text", "path"}
        assert graph_html.to_html(graph).encode()


def test_mermaid_beyond_its_limit_counts_the_rest() -> None:
    """What is marked stays, the others are counted in a stub."""
    graph = large_graph()
    text = graph_mermaid.to_mermaid(graph, 100)
    marked = sum(vertex.mark != "plain" for vertex in graph.vertices)
    assert marked <= 100
    assert text.count("-->") <= graph_mermaid.MAX_ARCS
    assert 'more["200 more and' in text
    assert len(text) < 50_000


def test_mermaid_of_hostile_names() -> None:
    """Quotes, brackets and keywords are codes; nothing ends the label or the block."""
    graph = Graph("t", (Vertex("a", '"];end```'), Vertex("b", "@x <b>")), (Arc("a", "b"),))
    text = graph_mermaid.to_mermaid(graph, 10)
    assert '  n1["#34;#93;#59;end#96;#96;#96;"]' in text
    assert '  n2["#64;x #60;b#62;"]' in text


# --- layout ---------------------------------------------------------------------------------------


def overlapping(boxes: tuple[Box, ...]) -> list[tuple[str, str]]:
    return [
        (one.text, other.text)
        for one, other in combinations(boxes, 2)
        if abs(one.x - other.x) < (one.width + other.width) / 2
        and abs(one.y - other.y) < (one.height + other.height) / 2
    ]


@given(plans())
def test_boxes_never_overlap(plan: Plan) -> None:
    """Boxes lie apart from each other and inside the picture, and so do the lines."""
    for graph in plan_graphs(plan).values():
        made = drawing(graph)
        assert overlapping(made.boxes) == []
        for box in made.boxes:
            assert box.width / 2 <= box.x <= made.width - box.width / 2
            assert box.height / 2 <= box.y <= made.height - box.height / 2
        assert len(made.lines) == len(graph.arcs)


def _star(size: int) -> list[tuple[int, int]]:
    return [pair for n in range(1, size - 1) for pair in ((0, n), (n, size - 1))]


def _chain(size: int) -> list[tuple[int, int]]:
    return [(n, n + 1) for n in range(size - 1)]


def _dense(size: int) -> list[tuple[int, int]]:
    return list(combinations(range(size), 2))[:2_000]


def _circle(size: int) -> list[tuple[int, int]]:
    return [*_chain(size), (size - 1, 0)]


@pytest.mark.parametrize("shape", [_star, _chain, _dense, _circle])
def test_large_graphs_of_any_shape_are_laid_out(shape: object) -> None:
    """The largest that is drawn: wide, deep, dense or in a circle, the same each time."""
    pairs = shape(400)  # type: ignore[operator]
    graph = Graph(
        "t",
        tuple(Vertex(str(n), f"node {n}") for n in range(400)),
        tuple(Arc(str(a), str(b)) for a, b in pairs),
    )
    made = drawing(graph)
    assert made == drawing(graph)
    assert overlapping(made.boxes) == []
    assert len(made.lines) == len(pairs)


def test_long_names_keep_both_ends() -> None:
    """Names that begin alike can still be told apart; the whole one is in the title."""
    name = "dwd_trade_order_detail_of_everything_by_day_01"
    text = graph_svg.to_svg(Graph("t", (Vertex("a", name),)))
    assert f"<title>{name}</title>" in text
    assert "dwd_trade_orde…hing_by_day_01" in text


def test_picture_beyond_what_is_drawn_counts_the_rest() -> None:
    """A picture of a thousand nodes holds 400, and says how many it does not."""
    text = graph_svg.to_svg(large_graph(1_000, 1_500))
    assert text.count('class="box"') == 400
    assert "not drawn: 600 more parts" in text


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    project = Project(tmp_path)
    project.write("flows/clean.yaml", CLEAN)
    return Shell(project, monkeypatch, capsys)


def test_command_draws_the_repository(shell: Shell) -> None:
    """Without paths: everything, joined across files; no workspace is asked."""
    ended = shell("graph")
    assert (ended.code, ended.err) == (0, "")
    assert '["land"]' in ended.out
    assert '["tidy"]' in ended.out
    assert " --> " in ended.out
    assert not (shell.project.root / "data").exists()


@pytest.mark.parametrize("path", ["shop/clean", "flows/clean.yaml"])
def test_command_draws_one_workflow(shell: Shell, path: str) -> None:
    """A path of a workflow or of a manifest: its nodes, and what they wait for as outputs."""
    ended = shell("graph", path)
    assert '(["shop#95;dev.land"])' in ended.out or '(["shop_dev.land"])' in ended.out
    assert "subgraph" not in ended.out


@pytest.mark.parametrize(
    ("form", "begin"),
    [("mermaid", "flowchart"), ("dot", "digraph"), ("svg", "<svg"), ("html", "<!doctype html>")],
)
def test_command_has_four_forms(shell: Shell, form: str, begin: str) -> None:
    """Each is printed whole on standard output."""
    assert shell("graph", "--format", form).out.startswith(begin)


def test_command_draws_workflows_only(shell: Shell) -> None:
    """On the level of workflows there are no nodes."""
    ended = shell("graph", "--level", "workflows")
    assert '[["shop/raw"]]' in ended.out
    assert "tidy" not in ended.out


def test_command_with_a_wrong_path(shell: Shell) -> None:
    """It is wrong usage, and the nearest path is told."""
    ended = shell("graph", "shop/claen")
    assert ended.code == 64
    assert "did you mean" in ended.err
    assert "shop/clean" in ended.err


def test_command_with_wrong_manifests(shell: Shell) -> None:
    """Manifests that cannot be read end it with their problems."""
    shell.project.change("flows/clean.yaml", "kind: CycleWorkflow", "kind: Nothing")
    assert shell("graph").code == 1


def test_plan_as_a_page(shell: Shell) -> None:
    """`plan --format html` prints the page of the plan."""
    ended = shell("plan", "--format", "html")
    assert (ended.code, ended.out[:15]) == (0, "<!doctype html>")
    assert "2 to create" in ended.out
