"""A live workflow as a manifest: nothing is lost, and nothing is said that nobody would write."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from deployer import schema
from deployer.authoring.body import authored
from deployer.authoring.names import spelled
from deployer.desired import from_manifest
from deployer.fields import Field
from deployer.flowspec import from_wire, to_wire
from deployer.model import Manifest, Observed, Workflow
from deployer.normalise import complete
from deployer.plan import change
from tests.strategies import IDENTIFIER, Document, documents
from tests.workflow_kit import desired, ids_of, left, live, problems, target

WORKFLOW = schema.workflow()
SCRIPT = {"runtime": {"command": "DIDE_SHELL"}}


def there(workflow: Workflow) -> Observed:
    """A workflow as the service has it, every default said."""
    return live(replace(workflow, spec=complete(workflow.spec, {}, WORKFLOW, workflow.kind)))


def document(*nodes: Any, **workflow: Any) -> Document:
    body = {"name": "w", "script": {"path": "f/w"}, "nodes": list(nodes), **workflow}
    return {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [body]}}


def body(observed: Observed, **said: Any) -> dict[str, Any]:
    made = spelled(authored(observed, target()), target(**said))
    found: dict[str, Any] = made["spec"]["workflows"][0]
    return found


@given(documents())
def test_nothing_is_lost(found: Document) -> None:
    """The manifest of any workflow is valid, and a plan for it has nothing to do or to note."""
    observed = there(desired(found))
    made = authored(observed, target())
    assert problems(made) == []
    wanted = from_manifest(Manifest("x.yaml", Path("x.yaml"), made), target())
    planned = change(wanted, observed)
    assert (left(planned), planned.nodes) == (("unchanged", []), ())


@given(documents())
def test_no_noise_is_said(found: Document) -> None:
    """No id, nothing that is the service's own, no default, no other spelling of a value."""
    made = authored(there(desired(found)), target())
    kind = made["kind"]
    assert list(noise(made["spec"]["workflows"][0], WORKFLOW, kind)) == []


def noise(value: Any, field: Field | None, kind: str) -> list[str]:
    """The keys of a manifest that nobody needs."""
    if field is None or not isinstance(value, dict | list):
        return [str(value)] if field and isinstance(value, str) and value in field.aliases else []
    if isinstance(value, list):
        return [key for item in value for key in noise(item, field.items, kind)]
    found = []
    for key, item in value.items():
        place = field.property(key)
        if place and (place.read_only or place.noise is True or place.default_in(kind) == item):
            found.append(key)
        found += noise(item, place, kind)
    return found


def test_written_again_as_it_was() -> None:
    """The short form of a document comes back from what the service holds, whole."""
    nodes = [
        {"name": "a", "description": "first", "script": {**SCRIPT, "content": "echo a\n"}},
        {
            "name": "b",
            "dependsOn": ["a", f"{IDENTIFIER}.far", f"{IDENTIFIER}_root"],
            "script": SCRIPT,
        },
        {
            "name": "c",
            "dependsOn": [{"node": "b", "type": "CrossCycleDependsOnOtherNode"}],
            "script": SCRIPT,
            "outputs": {"nodeOutputs": []},
        },
        {"name": "d", "dependsOn": ["c"], "script": SCRIPT},
    ]
    written = document(*nodes, trigger={"type": "Scheduler", "cron": "00 00 01 * * ?"})
    assert authored(there(desired(written)), target())["spec"] == written["spec"]


def test_edges_that_a_name_cannot_say_stay_edges() -> None:
    """A node with a named output that is waited for by its id, as people draw it in the console."""
    nodes = [{"name": "a", "script": SCRIPT}, {"name": "b", "script": SCRIPT}]
    edges = [{"nodeId": "b", "depends": [{"nodeId": "a"}]}]
    made = body(there(desired(document(*nodes, dependencies=edges))))
    assert made["dependencies"] == edges
    assert "dependsOn" not in made["nodes"][1]


def test_a_node_without_the_output_of_its_name_says_so() -> None:
    """Left out, it would be given one."""
    nodes = [{"name": "a", "script": SCRIPT, "outputs": {"nodeOutputs": []}}]
    assert body(there(desired(document(*nodes))))["nodes"] == nodes


def test_a_schedule_that_repeats_the_workflow_is_left_out() -> None:
    """Exports repeat it in each node; another one is the node's own and stays."""
    trigger = {"type": "Scheduler", "cron": "00 00 01 * * ?"}
    other = {"type": "Scheduler", "cron": "00 30 01 * * ?"}
    nodes = [
        {"name": "a", "script": SCRIPT, "trigger": trigger},
        {"name": "b", "script": SCRIPT, "trigger": other},
    ]
    made = body(there(desired(document(*nodes, trigger=trigger))))
    assert [node.get("trigger") for node in made["nodes"]] == [None, other]


def test_nodes_come_after_those_they_wait_for() -> None:
    """Whatever order the service lists them in."""
    nodes = [{"name": name, "script": SCRIPT} for name in "cab"]
    nodes[0]["dependsOn"] = ["b"]
    made = body(there(desired(document(*nodes))))
    assert [node["name"] for node in made["nodes"]] == ["a", "b", "c"]


@pytest.mark.parametrize("place", ["inputs", "outputs"])
def test_values_of_other_nodes_are_told_by_name(place: str) -> None:
    """The id of the node, in the service's text, is its name here."""
    variable = {
        "name": "v",
        "scope": "NodeContext",
        "type": "PassThrough",
        "value": "{{a}}:outputs",
    }
    nodes = [
        {"name": "a", "script": SCRIPT, "outputs": {"nodeOutputs": []}},
        {"name": "b", "script": SCRIPT, place: {"variables": [variable]}},
    ]
    workflow = desired(document(*nodes))
    wire = to_wire(
        replace(workflow, spec=complete(workflow.spec, {}, WORKFLOW, workflow.kind)),
        ids_of(workflow),
    )
    assert f"{ids_of(workflow)['a']}:outputs" in str(wire)
    assert body(from_wire(wire))["nodes"][1][place]["variables"] == [variable]


# --- placeholders ---------------------------------------------------------------------------------


def test_the_name_of_the_workspace_is_put_back() -> None:
    """In outputs that are made or waited for, as a whole first part; in nothing else."""
    outputs = {"nodeOutputs": [{"data": f"{IDENTIFIER}.x"}, {"data": f"{IDENTIFIER}x.y"}]}
    nodes = [
        {"name": "a", "script": SCRIPT, "outputs": outputs, "description": f"{IDENTIFIER}.x"},
        {"name": "b", "dependsOn": [f"{IDENTIFIER}.far", f"{IDENTIFIER}_root"], "script": SCRIPT},
    ]
    one, two = body(there(desired(document(*nodes))))["nodes"]
    assert [each["data"] for each in one["outputs"]["nodeOutputs"]] == [
        "${projectIdentifier}.x",
        f"{IDENTIFIER}x.y",
    ]
    assert one["description"] == f"{IDENTIFIER}.x"
    assert two["dependsOn"] == ["${projectIdentifier}.far", "${projectIdentifier}_root"]


def test_variables_are_put_back_where_they_are_the_whole_text() -> None:
    """Not in names, in short words, in parts of texts, nor where two variables have the value."""
    said = {"source": "warehouse", "day": "EUR", "one": "twice", "two": "twice", "name": "load"}
    nodes = [
        {"name": "load", "script": SCRIPT, "datasource": {"name": "warehouse"}},
        {
            "name": "b",
            "script": SCRIPT,
            "description": "warehouse 2",
            "datasource": {"name": "twice"},
        },
        {"name": "c", "script": SCRIPT, "datasource": {"name": "EUR"}},
    ]
    made = body(there(desired(document(*nodes))), vars=said)["nodes"]
    assert [(node["name"], node["datasource"]["name"]) for node in made] == [
        ("b", "twice"),
        ("c", "EUR"),
        ("load", "${spec.source}"),
    ]
    assert made[0]["description"] == "warehouse 2"
