"""What a document is, and the ways between FlowSpec documents and name space."""

from typing import Any

import pytest

from deployer.entities import SELF
from deployer.flowspec import (
    consumed,
    derived_id,
    foreign_reason,
    from_wire,
    lift,
    nested,
    produced,
    references,
    resolved,
    shell,
    to_wire,
    with_unmanaged,
)
from deployer.model import Spec
from tests.strategies import Document

SCRIPT = {"runtime": {"command": "VIRTUAL"}}


def document(*nodes: Any, kind: str = "CycleWorkflow", **workflow: Any) -> Document:
    body = {"name": "w", "script": {"path": "f/w"}, "nodes": list(nodes), **workflow}
    return {"version": "1.1.0", "kind": kind, "spec": {"workflows": [body]}}


def node(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "script": SCRIPT, **fields}


def spec_of(found: Document) -> Spec:
    return from_wire(found).workflow.spec


# --- what a document is ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ({}, "it has no `kind`"),
        ({"kind": 7}, "its kind is `7`"),
        ({"kind": ["CycleWorkflow"]}, "its kind is `['CycleWorkflow']`"),
        ({"kind": "Node", "spec": {}}, "its kind is `Node`"),
        ({"kind": "CycleWorkflow"}, "it has no `spec`"),
        ({"kind": "CycleWorkflow", "spec": []}, "it has no `spec`"),
        ({"kind": "CycleWorkflow", "spec": {"nodes": [1]}}, "it has nothing in `spec.workflows`"),
        ({"kind": "ManualWorkflow", "spec": {"nodes": []}}, "it has nothing in `spec.workflows`"),
        ({"kind": "ManualWorkflow", "spec": {"nodes": [1]}}, ""),
        ({"kind": "TriggerWorkflow", "spec": {"workflows": [1]}}, ""),
    ],
)
def test_what_is_no_workflow_is_told_why(found: Any, reason: str) -> None:
    """By what it is, before anything is said about its fields."""
    assert foreign_reason(found).startswith(reason)
    assert bool(foreign_reason(found)) == bool(reason)


def test_a_flat_manual_workflow_is_nested() -> None:
    """Older exports: the nodes lie in a folder named after the workflow, edges stand in `flow`."""
    variables = [{"name": "day"}]
    edge = {"nodeId": "2", "depends": [{"type": "Normal", "output": "1"}]}
    flat: Document = {
        "version": "1.1.0",
        "kind": "ManualWorkflow",
        "spec": {
            "id": "9",
            "name": "w",
            "strategy": {"failureStrategy": "Break"},
            "variables": variables,
            "nodes": [
                {"id": "1", "name": "a", "script": {**SCRIPT, "path": "f/w/a"}},
                {"id": "2", "name": "b", "script": {**SCRIPT, "path": "f/w/b"}},
            ],
            "flow": [edge],
        },
    }
    observed = from_wire(flat)
    spec = observed.workflow.spec
    assert observed.ids == {SELF: "9", "a": "1", "b": "2"}
    assert (observed.workflow.path, observed.workflow.name) == ("f/w", "w")
    assert spec["script"] == {"path": "f/w", "parameters": {"day": {"name": "day"}}}
    assert spec["dependencies"]["{{b}}"]["depends"]["{{a}}"]["output"] == "{{a}}"
    assert spec["strategy"] == {"failureStrategy": "Break"}


def test_a_flat_workflow_gets_the_folder_of_its_name() -> None:
    """Nodes of old business flows lie anywhere; in the workspace they move below the workflow."""
    flat = {
        "kind": "ManualWorkflow",
        "spec": {"name": "w", "nodes": [node("a") | {"script": {**SCRIPT, "path": "old/x/a"}}]},
    }
    body = nested(flat)["spec"]["workflows"][0]
    assert body["script"]["path"] == "old/x/w"
    assert body["nodes"][0]["script"]["path"] == "old/x/w/a"


# --- ids and names --------------------------------------------------------------------------------


def test_ids_become_references() -> None:
    """Alone, before a colon, in loops, and as the workflow's own."""
    body = node("body", id="3", dependsOn=None)
    end = node("end", id="4")
    flow = [{"nodeId": "4", "depends": [{"output": "3"}]}]
    loop = {"nodes": [body], "while": end, "flow": flow}
    uses = {"variables": [{"name": "v", "value": "1:v", "node": {"output": "1"}}]}
    found = document(
        node("a", id="1"),
        node("b", id="2", **{"do-while": loop}, inputs=uses),
        id="9",
        dependencies=[{"nodeId": "2", "depends": [{"output": "1"}, {"output": "9"}]}],
    )
    spec, ids = lift(found)
    assert ids == {".": "9", "a": "1", "b": "2", "b/body": "3", "b/end": "4"}
    (variable,) = spec["nodes"]["b"]["inputs"]["variables"].values()
    assert (variable["value"], variable["node"]) == ("{{a}}:v", {"output": "{{a}}"})
    assert list(spec["dependencies"]["{{b}}"]["depends"]) == ["{{a}}", "{{.}}"]
    inner = spec["nodes"]["b"]["do-while"]["flow"]
    assert list(inner["{{b/end}}"]["depends"]) == ["{{b/body}}"]
    assert from_wire(to_wire(from_wire(found).workflow, ids)).workflow.spec == spec


@pytest.mark.parametrize("name", ["{x}", "}}", "a}}:b", "{{", "x:y"])
def test_names_with_braces_are_told_from_references(name: str) -> None:
    """Names are free, and so is what stands around them."""
    edge = {"nodeId": "1", "depends": [{"output": "1"}]}
    found = document(node(name, id="1"), id="9", dependencies=[edge])
    observed = from_wire(found)
    body = to_wire(observed.workflow, observed.ids)["spec"]["workflows"][0]
    assert body["dependencies"] == [edge]


def test_text_that_is_no_id_stays() -> None:
    """Times and numbers look like ids and hold colons."""
    parameters = [{"name": "p", "value": "12:30"}, {"name": "q", "value": "1"}]
    script = {**SCRIPT, "parameters": parameters}
    spec = spec_of(document({"name": "a", "id": "77", "script": script}))
    values = [one["value"] for one in spec["nodes"]["a"]["script"]["parameters"].values()]
    assert values == ["12:30", "1"]


def test_an_own_edge_of_the_workflow_stays_its_own() -> None:
    """Also if one of its nodes has the same name, and whichever key it stood under."""
    for key in ("flow", "dependencies"):
        found = document(node("w"))
        found["spec"][key] = [{"nodeId": "w", "depends": [{"output": "x.y"}]}]
        assert list(spec_of(found)["dependencies"]) == ["{{.}}"]
        flow = to_wire(from_wire(found).workflow, {SELF: "9", "w": "1"})["spec"]["flow"]
        assert flow == [{"nodeId": "9", "depends": [{"output": "x.y"}]}]


def test_edges_of_one_node_are_gathered() -> None:
    """Entries for the same node are one; an entry without upstreams is none."""
    edges = [
        {"nodeId": "a", "depends": [{"output": "x"}]},
        {"nodeId": "a", "depends": [{"output": "y"}, {"output": "x"}]},
        {"nodeId": "b", "depends": []},
    ]
    spec = spec_of(document(node("a"), node("b"), dependencies=edges))
    assert {name: list(edge["depends"]) for name, edge in spec["dependencies"].items()} == {
        "{{a}}": ["x", "y"]
    }


def test_an_upstream_told_by_id_is_its_own_output() -> None:
    """And an edge to oneself needs no upstream at all."""
    edges = [{"nodeId": "2", "depends": [{"nodeId": "1"}, {"type": "CrossCycleDependsOnSelf"}]}]
    spec = spec_of(document(node("a", id="1"), node("b", id="2"), dependencies=edges))
    assert spec["dependencies"]["{{b}}"]["depends"] == {
        "{{a}}": {"output": "{{a}}"},
        "CrossCycleDependsOnSelf:{{b}}": {"type": "CrossCycleDependsOnSelf", "output": "{{b}}"},
    }


# --- out ------------------------------------------------------------------------------------------


def test_what_is_sent_is_version_one_with_every_known_id() -> None:
    """The only form of import that is documented."""
    workflow = from_wire(document(node("a"))).workflow
    sent = to_wire(workflow, {SELF: "9", "a": "1"})
    assert (sent["version"], sent["kind"]) == ("1.1.0", "CycleWorkflow")
    assert {key: sent["spec"][key] for key in ("id", "name", "type")} == {
        "id": "9",
        "name": "w",
        "type": "CycleWorkflow",
    }
    body = sent["spec"]["workflows"][0]
    assert (body["id"], body["nodes"][0]["id"]) == ("9", "1")


def test_a_shell_has_no_nodes() -> None:
    """What creates a workflow before it is filled."""
    edges = [{"nodeId": "a", "depends": [{"output": "x"}]}]
    workflow = from_wire(document(node("a"), dependencies=edges)).workflow
    body = shell(workflow, "")["spec"]["workflows"][0]
    assert body == {"name": "w", "script": {"path": "f/w"}}


def test_derived_ids_are_stable_and_apart() -> None:
    """19 digits, from all parts and their boundaries."""
    ids = {derived_id("1", "a"), derived_id("1", "a"), derived_id("1a"), derived_id("", "1a")}
    assert len(ids) == 3
    assert {len(one) for one in ids} == {19}
    assert all(int(one) < 2**63 for one in ids)


# --- unmanaged nodes, inputs, outputs -------------------------------------------------------------


def test_unmanaged_nodes_come_with_their_edges() -> None:
    """They are sent back as they were; what waits for whom does not change either."""
    edges = [{"nodeId": name, "depends": [{"output": "x.y"}]} for name in ("a", "by hand")]
    live = spec_of(document(node("a"), node("by hand", priority=3), dependencies=edges))
    wanted, names = with_unmanaged(spec_of(document(node("a"))), live)
    assert names == ("by hand",)
    assert wanted["nodes"]["by hand"] == live["nodes"]["by hand"]
    assert list(wanted["dependencies"]) == ["{{by hand}}"]
    assert list(references(wanted)) == [".", "a", "by hand"]


def test_edges_that_the_service_found_are_kept() -> None:
    """Analysis of the code adds them; the manifest neither asked for them nor removes them."""
    depends = [{"output": "x.y", "sourceType": "CodeParse"}, {"output": "gone.z"}]
    live = spec_of(document(node("a"), dependencies=[{"nodeId": "a", "depends": depends}]))
    wanted, _ = with_unmanaged(spec_of(document(node("a"))), live)
    assert wanted["dependencies"] == {"{{a}}": {"nodeId": "{{a}}", "depends": {}}}


def test_what_a_workflow_makes_and_waits_for() -> None:
    """By output name; edges of other cycles do not put workflows in order."""
    outputs = {"nodeOutputs": [{"data": "p.a"}]}
    waits = [{"output": "q.b"}, {"output": "q.c", "type": "CrossCycleDependsOnOtherNode"}]
    edges = [{"nodeId": "a", "depends": waits}]
    spec = spec_of(document(node("a", outputs=outputs), outputs=outputs, dependencies=edges))
    assert produced(spec) == {"p.a"}
    assert consumed(spec) == {"q.b"}


def test_placeholder_of_the_project_is_one_spelling_in_outputs_only() -> None:
    """A script that holds `${projectIdentifier}` is another script: the service resolves none there."""
    written = "${projectIdentifier}.a"
    spec = {
        "nodes": {
            "a": {
                "script": {"content": f"echo {written}"},
                "outputs": {"nodeOutputs": {written: {"data": written}}},
            }
        }
    }
    assert resolved(spec, "shop") == {
        "nodes": {
            "a": {
                "script": {"content": f"echo {written}"},
                "outputs": {"nodeOutputs": {"shop.a": {"data": "shop.a"}}},
            }
        }
    }
