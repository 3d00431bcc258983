"""Random projects without a single finding, of workflows that use what FlowSpec has."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]

IDENTIFIER = "shop_dev"
ROOT = f"{IDENTIFIER}_root"
FEATURES = ("branch", "join", "for-each", "do-while", "param-hub", "long edges", "own edges")

_words = st.text(alphabet="abdelorst_数据加载", min_size=1, max_size=6)


@dataclass
class Maker:
    """Makes one workflow, node by node; every name ends with a number of its own."""

    draw: Draw
    number: int
    nodes: list[Document] = field(default_factory=list)
    edges: list[Document] = field(default_factory=list)

    def name(self, word: str = "") -> str:
        """A name that nothing else in the project has."""
        return f"{word or self.draw(_words)}_{self.number}_{len(self.nodes)}"

    def add(self, command: str = "VIRTUAL", word: str = "", **more: Any) -> Document:
        """A further node at the end."""
        script = {"runtime": {"command": command}, **more.pop("script", {})}
        node = {"name": self.name(word), "script": script, **more}
        self.nodes.append(node)
        return node

    def plain(self) -> Document:
        """A node that runs code, or none, and waits for some of those before it."""
        command, script, more = self.draw(st.sampled_from(_PLAIN))
        before = [node["name"] for node in self.nodes]
        upstreams = st.lists(st.sampled_from([*before, ROOT]), max_size=2, unique=True)
        if self.draw(st.booleans()):
            more = {**more, "dependsOn": self.draw(upstreams)}
        node = self.add(command, script=dict(script), **json.loads(json.dumps(more)))
        if self.draw(st.booleans()):
            node["outputs"] = {"nodeOutputs": [{"data": output_of(node)}]}
        return node


_PLAIN: list[tuple[str, Document, Document]] = [
    ("VIRTUAL", {}, {}),
    ("DIDE_SHELL", {"content": "echo ${bizdate}\n", "language": "shell-script"}, {"priority": 1}),
    (
        "ODPS_SQL",
        {"content": "select 1;", "language": "odps-sql"},
        {"datasource": {"name": "mc", "type": "odps"}},
    ),
]


def output_of(node: Document) -> str:
    """The first output of a node, left out or not."""
    declared = node.get("outputs", {}).get("nodeOutputs")
    return str(declared[0]["data"]) if declared else f"{IDENTIFIER}.{node['name']}"


@st.composite
def projects(draw: st.DrawFn, needs: tuple[str, ...] = (), files: int = 1) -> list[Document]:
    """Manifests of a project: `files` or one more, each with the features needed and others."""
    count = draw(st.integers(files, files + 1))
    made: list[Document] = []
    for number in range(count):
        more = draw(st.lists(st.sampled_from(FEATURES), max_size=2))
        made.append(_document(Maker(draw, number), {*needs, *more}, made))
    return made


def _document(maker: Maker, features: set[str], before: list[Document]) -> Document:
    for _ in range(maker.draw(st.integers(1, 3))):
        maker.plain()
    for feature in FEATURES:
        if feature in features and feature in _MAKE:
            _MAKE[feature](maker)
    if before and maker.draw(st.booleans()):
        there = maker.draw(st.sampled_from(nodes_of(maker.draw(st.sampled_from(before)))))
        maker.add(dependsOn=[output_of(there)])
    name = maker.name()
    workflow: Document = {
        "name": name,
        "script": {"path": f"{'abcdef'[maker.number]}/folder/{name}"},
        "trigger": {"type": "Scheduler", "cron": "00 30 01 * * ?"},
        "nodes": maker.nodes,
    }
    if maker.edges:
        workflow["dependencies"] = maker.edges
    spec: Document = {"workflows": [workflow]}
    if "own edges" in features:
        spec["flow"] = [{"nodeId": name, "depends": [{"type": "Normal", "output": ROOT}]}]
    return {"version": "1.1.0", "kind": "CycleWorkflow", "spec": spec}


def workflow_of(document: Document) -> Document:
    """The workflow object of a document."""
    workflow: Document = document["spec"]["workflows"][0]
    return workflow


def nodes_of(document: Document) -> list[Document]:
    """The nodes of the workflow itself."""
    nodes: list[Document] = workflow_of(document)["nodes"]
    return nodes


# --- features -------------------------------------------------------------------------------------


def _branch(maker: Maker) -> None:
    node = maker.add("CONTROLLER_BRANCH", "branch")
    outputs = [f"{IDENTIFIER}.{node['name']}_{way}" for way in ("left", "right")]
    node["branch"] = {"branches": [{"when": "1 == 1", "output": {"data": one}} for one in outputs]}
    node["outputs"] = {"nodeOutputs": [{"data": one} for one in outputs]}
    content = [{"condition": "1 == 1", "nodeoutput": one} for one in outputs]
    node["script"]["content"] = json.dumps(content)
    maker.add("VIRTUAL", "way", dependsOn=[outputs[0]])


def _join(maker: Maker) -> None:
    joined = [maker.add("VIRTUAL", "one"), maker.add("VIRTUAL", "two")]
    accepted = {"field": "status", "in": ["1"]}
    branches = [
        {"name": f"b_{number}", "output": {"data": output_of(one)}, "assertion": accepted}
        for number, one in enumerate(joined)
    ]
    node = maker.add("CONTROLLER_JOIN", "join", dependsOn=[one["name"] for one in joined])
    node["join"] = {"branches": branches, "logic": {"expression": "b_0 and (b_1)"}}
    listed = json.dumps([{"node": output_of(one), "runStatus": ["1"]} for one in joined])
    node["script"]["content"] = json.dumps({"branchList": listed, "resultStatus": "1"})


def _for_each(maker: Maker) -> None:
    body = [
        _inner("start", "CONTROLLER_TRAVERSE_START"),
        _inner("body"),
        _inner("end", "CONTROLLER_TRAVERSE_END"),
    ]
    flow = [
        {"nodeId": "body", "depends": [{"nodeId": "start"}]},
        {"nodeId": "end", "depends": [{"nodeId": "body"}]},
    ]
    node = maker.add("CONTROLLER_TRAVERSE", "each")
    node["for-each"] = {"nodes": body, "flow": flow, "maxIterations": 5}


def _do_while(maker: Maker) -> None:
    body = [_inner("start", "CONTROLLER_CYCLE_START"), {**_inner("body"), "dependsOn": ["start"]}]
    node = maker.add("CONTROLLER_CYCLE", "again")
    end = _inner("end", "CONTROLLER_CYCLE_END")
    end["script"] |= {"language": "shell-script", "content": "echo"}
    node["do-while"] = {"nodes": body, "while": {**end, "dependsOn": ["body"]}}


def _inner(name: str, command: str = "VIRTUAL") -> Document:
    return {"name": name, "script": {"runtime": {"command": command}}}


def _param_hub(maker: Maker) -> None:
    variable = {"name": "day", "scope": "NodeContext", "type": "Constant", "value": "1"}
    hub = maker.add("PARAM_HUB", "hub")
    hub["param-hub"] = {"variables": [dict(variable)]}
    hub["outputs"] = {"nodeOutputs": [{"data": output_of(hub)}], "variables": [dict(variable)]}
    taken = {"name": "day", "inputName": "d", "node": {"output": output_of(hub)}}
    maker.add("VIRTUAL", "taker", dependsOn=[hub["name"]], inputs={"variables": [taken]})


def _long_edges(maker: Maker) -> None:
    first, second = maker.add("VIRTUAL", "first"), maker.add("VIRTUAL", "second")
    own = {"type": "CrossCycleDependsOnSelf"}
    depends = [{"type": "Normal", "output": output_of(first)}, own]
    maker.edges.append({"nodeId": second["name"], "depends": depends})


_MAKE: dict[str, Callable[[Maker], None]] = {
    "branch": _branch,
    "join": _join,
    "for-each": _for_each,
    "do-while": _do_while,
    "param-hub": _param_hub,
    "long edges": _long_edges,
}
