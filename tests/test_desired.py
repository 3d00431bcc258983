"""From a manifest to what it asks for: what may be left out, `dependsOn`, overrides."""

from pathlib import Path
from typing import Any

import pytest

from deployer.desired import from_manifest
from deployer.model import Manifest
from tests.strategies import IDENTIFIER, Document
from tests.workflow_kit import desired, fingerprint, live, problems, subject

SCRIPT = {"runtime": {"command": "VIRTUAL"}}


def document(*nodes: Any, **workflow: Any) -> Document:
    body = {"name": "w", "script": {"path": "f/w"}, "nodes": list(nodes), **workflow}
    return {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [body]}}


def node(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "script": SCRIPT, **fields}


def nodes_of(found: Document) -> dict[str, Any]:
    nodes: dict[str, Any] = desired(found).spec["nodes"]
    return nodes


def upstreams(found: Document, name: str) -> list[dict[str, Any]]:
    edges = desired(found).spec.get("dependencies", {})
    return list(edges.get(f"{{{{{name}}}}}", {}).get("depends", {}).values())


# --- what may be left out -------------------------------------------------------------------------


@pytest.mark.parametrize("path", [None, "", "a", "f/w/a", ...])
def test_a_node_lies_below_its_workflow(path: Any) -> None:
    """A bare name counts as left out."""
    script = SCRIPT if path is ... else {**SCRIPT, "path": path}
    assert nodes_of(document(node("a") | {"script": script}))["a"]["script"]["path"] == "f/w/a"


def test_nodes_in_loops_lie_below_the_loop() -> None:
    """At every depth."""
    loop = {"nodes": [node("body")]}
    found = nodes_of(document(node("a", **{"for-each": loop})))
    assert found["a"]["for-each"]["nodes"]["body"]["script"]["path"] == "f/w/a/body"


def test_a_node_declares_an_output() -> None:
    """Named after the project and the node, unless something is said about it."""
    spec = nodes_of(
        document(
            node("a"),
            node("b", outputs={}),
            node("c", outputs={"nodeOutputs": []}),
            node("d", outputs={"nodeOutputs": [{"data": "x.d"}]}),
            node("e", outputs={"variables": [{"name": "v"}]}),
        )
    )
    found = {name: list(one["outputs"]["nodeOutputs"]) for name, one in spec.items()}
    assert found == {
        "a": [f"{IDENTIFIER}.a"],
        "b": [f"{IDENTIFIER}.b"],
        "c": [],
        "d": ["x.d"],
        "e": [f"{IDENTIFIER}.e"],
    }


def test_nodes_in_loops_keep_the_outputs_of_the_service() -> None:
    """Nobody outside of the loop can wait for them."""
    found = nodes_of(document(node("a", **{"for-each": {"nodes": [node("body")]}})))
    assert "outputs" not in found["a"]["for-each"]["nodes"]["body"]


def test_settings_of_the_deployer_are_not_sent() -> None:
    """They are about the manifest, not about the workflow."""
    found = document(node("a", deployer={}, dependsOn=[]))
    assert set(nodes_of({**found, "deployer": {"protect": True}})["a"]) == {
        "name",
        "script",
        "outputs",
    }


# --- dependsOn ------------------------------------------------------------------------------------


def test_a_name_is_the_output_of_that_node() -> None:
    """The first one, where it declares several; any other text is an output's full name."""
    first = node("a", outputs={"nodeOutputs": [{"data": "x.a"}, {"data": "x.b"}]})
    found = document(first, node("b"), node("c", dependsOn=["a", "b", "other.z"]))
    assert upstreams(found, "c") == [
        {"output": "x.a"},
        {"output": f"{IDENTIFIER}.b"},
        {"output": "other.z"},
    ]


def test_the_long_form_names_the_type() -> None:
    """For what a node waits for besides the same cycle."""
    waits = [{"node": "a", "type": "CrossCycleDependsOnOtherNode"}, {"node": "a"}]
    assert upstreams(document(node("a"), node("b", dependsOn=waits)), "b") == [
        {"type": "CrossCycleDependsOnOtherNode", "output": f"{IDENTIFIER}.a"},
        {"output": f"{IDENTIFIER}.a"},
    ]


def test_both_ways_to_say_an_edge_are_one_edge() -> None:
    """`dependsOn` adds to `dependencies`."""
    edge = {"nodeId": "b", "depends": [{"type": "Normal", "output": f"{IDENTIFIER}.a"}]}
    found = document(node("a"), node("b", dependsOn=["a"]), dependencies=[edge])
    assert upstreams(found, "b") == [{"type": "Normal", "output": f"{IDENTIFIER}.a"}]


def test_depends_on_adds_to_the_legacy_list() -> None:
    """`flow` counts while `dependencies` is empty, and `dependsOn` must not be what fills it."""
    edge = {"nodeId": "c", "depends": [{"type": "Normal", "output": f"{IDENTIFIER}.a"}]}
    nodes = (node("a"), node("b", dependsOn=["a"]), node("c"))
    found = document(*nodes, flow=[edge])
    assert fingerprint(desired(found)) == fingerprint(
        desired(document(*nodes, dependencies=[edge]))
    )
    assert upstreams(found, "c") == [{"type": "Normal", "output": f"{IDENTIFIER}.a"}]


@pytest.mark.parametrize("key", ["dependencies", "flow"])
def test_in_a_sub_process_depends_on_adds_to_the_given_list(key: str) -> None:
    """Of its two lists only one counts."""
    edge = {"nodeId": "z", "depends": [{"nodeId": "x"}]}
    nodes = [node("x"), node("y", dependsOn=["x"]), node("z")]
    found = nodes_of(document(node("a", subflow={"nodes": nodes, key: [edge]})))["a"]["subflow"]
    assert set(found) == {"nodes", key}
    assert list(found[key]) == ["{{a/z}}", "{{a/y}}"]


def test_waiting_for_nothing_is_said_with_an_empty_list() -> None:
    """It is the same as leaving it out: no root edge is made up."""
    one, other = document(node("a", dependsOn=[])), document(node("a"))
    assert fingerprint(desired(one)) == fingerprint(desired(other))
    assert upstreams(one, "a") == []


def test_in_a_loop_an_upstream_is_told_by_node() -> None:
    """Outputs there have no names of their own."""
    loop = {"nodes": [node("x"), node("y", dependsOn=["x"])], "while": node("z", dependsOn=["y"])}
    found = nodes_of(document(node("a", **{"do-while": loop})))["a"]["do-while"]
    edges = {name: list(edge["depends"]) for name, edge in found["flow"].items()}
    assert edges == {"{{a/y}}": ["{{a/x}}"], "{{a/z}}": ["{{a/y}}"]}


# --- pasted documents -----------------------------------------------------------------------------


def test_ids_of_a_pasted_document_are_followed_and_forgotten() -> None:
    """Only that of the workflow is kept, to be compared."""
    edges = [{"nodeId": "2", "depends": [{"output": "1"}]}]
    found = document(node("a", id="1"), node("b", id="2"), id="9", dependencies=edges)
    workflow = desired(found)
    assert workflow.pasted_id == "9"
    assert upstreams(found, "b") == [{"output": "{{a}}"}]
    assert "id" not in workflow.spec["nodes"]["a"]


def test_a_flat_manual_manifest_is_a_workflow() -> None:
    """With the same additions as any other."""
    flat = {
        "version": "1.1.0",
        "kind": "ManualWorkflow",
        "spec": {
            "name": "w",
            "nodes": [
                {"name": "a", "script": {**SCRIPT, "path": "f/w/a"}},
                {"name": "b", "script": SCRIPT, "dependsOn": ["a"]},
            ],
        },
    }
    assert problems(flat) == []
    workflow = desired(flat)
    assert (workflow.path, workflow.name, workflow.kind) == ("f/w", "w", "ManualWorkflow")
    assert upstreams(flat, "b") == [{"output": f"{IDENTIFIER}.a"}]
    assert live(workflow).workflow.spec == workflow.spec


def test_the_file_of_a_script_is_known_by_its_node() -> None:
    """Also inside a loop."""
    found = document(node("a", **{"for-each": {"nodes": [node("b")]}}))
    at = ("spec", "workflows", 0, "nodes", 0)
    scripts = {
        (*at, "script", "content"): "sql/a.sql",
        (*at, "for-each", "nodes", 0, "script", "content"): "sql/b.sql",
    }
    manifest = Manifest("m.yaml", Path("m.yaml"), found, scripts)
    workflow = from_manifest(manifest, subject(found).target)
    assert (workflow.file, workflow.scripts) == (
        "m.yaml",
        {"a": "sql/a.sql", "a/b": "sql/b.sql"},
    )


# --- overrides ------------------------------------------------------------------------------------


def test_a_target_overrides_by_path() -> None:
    """Deep in mappings and in lists with keys; other workflows are not touched."""
    patch = {"strategy": {"rerunTimes": 1}, "nodes": [{"name": "a", "priority": 8}]}
    found = document(node("a", priority=1, timeout=3), node("b"), strategy={"rerunMode": "Denied"})
    spec = desired(found, overrides={"f/w": patch, "f/other": {"description": "x"}}).spec
    assert spec["strategy"] == {"rerunMode": "Denied", "rerunTimes": 1}
    assert {key: spec["nodes"]["a"][key] for key in ("priority", "timeout")} == {
        "priority": 8,
        "timeout": 3,
    }
    assert list(spec["nodes"]) == ["a", "b"]


def test_an_override_may_add_a_node_that_others_wait_for() -> None:
    """It is merged before `dependsOn` is read."""
    patch = {"nodes": [node("extra"), {"name": "a", "dependsOn": ["extra"]}]}
    found = document(node("a"))
    workflow = desired(found, overrides={"f/w": patch})
    assert list(workflow.spec["dependencies"]["{{a}}"]["depends"]) == [f"{IDENTIFIER}.extra"]


def test_a_name_means_the_output_that_the_service_made() -> None:
    """A node that declares no output is waited for by its id, whatever that is."""
    made = document(node("a", outputs={"nodeOutputs": []}), node("b", dependsOn=["a"]))
    assert upstreams(made, "b") == [{"output": "{{a}}"}]
