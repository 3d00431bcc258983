"""What the emulator makes of a document: ids, references, facts of its own, another order."""

import json

import pytest

from tests.emulator_kit import (
    IDENTIFIER,
    PROJECT,
    A,
    B,
    Fields,
    Service,
    flow,
    node,
    upstreams,
    waits,
)

# --- ids and references ---------------------------------------------------------------------------


def test_ids_that_are_no_numbers_are_replaced_and_followed() -> None:
    """Every reference to a replaced id names the new one: edges, outputs, variables (U-03)."""
    reads = {
        "name": "outputs",
        "inputName": "given",
        "scope": "NodeContext",
        "type": "NodeOutput",
        "value": "first:outputs",
        "node": {"nodeId": "first", "output": "first"},
    }
    taken = node("b", id="second", inputs={"variables": [reads]})
    taken["outputs"]["nodeOutputs"].append({"data": "second", "refTableName": "b"})
    branch = {"branches": [{"when": "1", "output": {"data": "first"}}]}
    sent = flow(
        node("a", id="first", branch=branch),
        taken,
        id="flow",
        dependencies=[waits("second", "first"), {"nodeId": "first", "depends": []}],
    )
    with Service() as service:
        workflow_id = service.load(sent)
        nodes = service.nodes(workflow_id)
        first, second = nodes["a"]["id"], nodes["b"]["id"]
        workflow = service.workflow(workflow_id)
    assert all(len(found) == 19 and int(found) < 2**63 for found in (workflow_id, first, second))
    assert upstreams(workflow) == {"b": [("Normal", first)]}
    variable = nodes["b"]["inputs"]["variables"][0]
    assert variable["value"] == f"{first}:outputs"
    assert variable["node"] == {"nodeId": first, "output": first}
    assert nodes["a"]["branch"]["branches"][0]["output"]["data"] == first
    outputs = [item["data"] for item in nodes["b"]["outputs"]["nodeOutputs"]]
    assert outputs == sorted([second, f"{IDENTIFIER}.b"])
    assert nodes["a"]["script"]["content"] == "echo a"


def test_dependencies_may_name_nodes() -> None:
    """`nodeId` may be a node's name; an upstream by `nodeId` means its default output."""
    edge = {"nodeId": "b", "depends": [{"nodeId": "a"}, {"nodeId": A, "type": "Normal"}]}
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A), node("b"), dependencies=[edge]))
        assert upstreams(service.workflow(workflow_id)) == {"b": [("Normal", A)]}


@pytest.mark.parametrize("key", ["flow", "dependencies"])
def test_upstreams_of_the_workflow(key: str) -> None:
    """What the workflow itself waits for may be sent under either name and is read in `flow`."""
    sent = flow(id=A)
    sent["spec"][key] = [
        {
            "nodeId": A,
            "depends": [
                {"output": f"{IDENTIFIER}_root"},
                {"type": "CrossCycleDependsOnSelf"},
            ],
        }
    ]
    with Service() as service:
        service.load(sent)
        found = service.document(A)["spec"]["flow"]
    assert [(d["type"], d["output"]) for d in found[0]["depends"]] == [
        ("CrossCycleDependsOnSelf", A),
        ("Normal", f"{IDENTIFIER}_root"),
    ]


def test_edges_said_twice_are_kept_once() -> None:
    """Equal edges collapse; an unknown output is kept (U-34)."""
    with Service() as service:
        edges = [waits("a", "x.y", "x.y"), waits("a", "x.y", type="CrossCycleDependsOnOtherNode")]
        workflow_id = service.load(flow(node("a"), dependencies=edges))
        assert upstreams(service.workflow(workflow_id)) == {
            "a": [("CrossCycleDependsOnOtherNode", "x.y"), ("Normal", "x.y")]
        }


def test_loop_is_replaced_as_a_whole() -> None:
    """The nodes inside a block belong to it: they get ids, and one left out is gone."""

    def sent(*body: Fields) -> Fields:
        flows = [{"nodeId": "end", "depends": [{"nodeId": "one"}]}]
        end = node("end", "CONTROLLER_CYCLE_END")
        block = {"nodes": list(body), "while": end, "flow": flows, "maxIterations": 3}
        return flow(node("loop", "CONTROLLER_CYCLE", id=A, **{"do-while": block}), id=B)

    with Service() as service:
        service.load(sent(node("one"), node("two")))
        service.load(sent(node("one")))
        block = service.nodes(B)["loop"]["do-while"]
        inner = block["nodes"][0]
        names = [item["name"] for item in block["nodes"]]
        listing = service.call("ListNodes", ProjectId=PROJECT, ContainerId=A)["PagingInfo"]
    assert (names, listing["TotalCount"]) == (["one"], "2")
    assert block["flow"][0]["nodeId"] == block["while"]["id"]
    assert block["flow"][0]["depends"][0]["output"] == inner["id"]
    assert inner["outputs"]["nodeOutputs"][0]["data"] == inner["id"]


# --- reading back ---------------------------------------------------------------------------------


def test_defaults_of_a_workflow() -> None:
    """The strategy, the schedule and the default output are filled in (B-42, B-43)."""
    with Service() as service:
        workflow_id = service.load(flow())
        workflow = service.workflow(workflow_id)
    assert workflow["strategy"] == {
        "timeout": 0,
        "instanceMode": "T+1",
        "rerunMode": "Allowed",
        "rerunTimes": 3,
        "rerunInterval": 180000,
        "failureStrategy": "Break",
    }
    assert (workflow["trigger"]["delaySeconds"], workflow["inputs"]) == (0, {})
    assert workflow["outputs"]["nodeOutputs"] == [
        {
            "data": workflow_id,
            "artifactType": "NodeOutput",
            "sourceType": "System",
            "refTableName": "flow",
            "isDefault": True,
        }
    ]


def test_facts_about_a_node() -> None:
    """Type code, language, ids and resource group are the server's own (B-44)."""
    sent = node("a", runtimeResource={"resourceGroup": "group_1"})
    sent["script"]["language"] = "shell"
    with Service() as service:
        workflow_id = service.load(flow(sent))
        found = service.nodes(workflow_id)["a"]
    assert found["script"]["runtime"] == {"command": "DIDE_SHELL", "commandTypeId": 6}
    assert found["script"]["language"] == "shell-script"
    assert found["script"]["id"].isdigit()
    assert found["runtimeResource"]["resourceGroupId"].isdigit()
    assert found["metadata"]["container"] == {"type": "Flow", "uuid": workflow_id}


def test_manual_workflows_have_no_schedule() -> None:
    """Nodes of a manual workflow get a manual trigger and neither recurrence nor instance mode."""
    with Service() as service:
        workflow_id = service.load(flow(node("a"), kind="ManualWorkflow", trigger=None))
        workflow = service.workflow(workflow_id)
        found = workflow["nodes"][0]
    assert [key for key in ("recurrence", "instanceMode") if key in found] == []
    assert (found["trigger"]["type"], "strategy" in workflow) == ("Manual", False)


def test_unknown_fields_are_dropped() -> None:
    """What the service does not know is lost without a word, except inside open maps (U-31)."""
    sent = node("a", descripton="typo", metadata={"mine": 1})
    sent["script"]["runtime"]["sparkConf"] = {"spark.anything": 1}
    with Service() as service:
        workflow_id = service.load(flow(sent))
        text = json.dumps(service.document(workflow_id))
    assert ("descripton" in text, "mine" in text, "spark.anything" in text) == (False, False, True)


def test_lists_come_back_in_another_order() -> None:
    """Nodes come by id; cases of a branch, whose order matters, come as they were sent."""
    cases = [{"when": "2", "output": {"data": "z"}}, {"when": "1", "output": {"data": "a"}}]
    sent = flow(node("b", id=B), node("a", id=A, branch={"branches": cases}))
    with Service() as service:
        nodes = service.workflow(service.load(sent))["nodes"]
    assert [item["id"] for item in nodes] == [A, B]
    assert [case["when"] for case in nodes[0]["branch"]["branches"]] == ["2", "1"]


@pytest.mark.parametrize("path", ["a", "team/flow/a", "/team/flow/a"])
def test_paths_come_back_in_full(path: str) -> None:
    """A bare name is a place below the workflow (B-31)."""
    sent = node("a", script={"path": path, "runtime": {"command": "VIRTUAL"}})
    with Service() as service:
        found = service.nodes(service.load(flow(sent)))["a"]
    assert found["script"]["path"] == "team/flow/a"
