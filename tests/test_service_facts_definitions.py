"""The facts of docs/service.md about names, reading, deleting and lists, one test for each number.

What only the console can do (B-52) has none.
"""

import json

import pytest

from deployer.emulator import Switches
from tests.emulator_kit import (
    IDENTIFIER,
    PROJECT,
    A,
    B,
    Service,
    at,
    flow,
    node,
    upstreams,
    waits,
)
from tests.facts_kit import alone, create_node, modified, publish, update_node

# --- names, outputs, dependencies -----------------------------------------------------------------


def test_b30_path_ends_with_the_name() -> None:
    """Otherwise the job fails in the observed words."""
    with Service() as service:
        assert "Script path must end with node name" in service.failure(flow(name="other"))


def test_b31_bare_path_is_completed() -> None:
    """A read shows the full path."""
    script = {"path": "a", "runtime": {"command": "VIRTUAL"}}
    with Service() as service:
        workflow_id = service.load(flow(node("a", script=script)))
        assert service.nodes(workflow_id)["a"]["script"]["path"] == "team/flow/a"


def test_b32_node_names_are_unique_in_the_project() -> None:
    """CreateNode refuses a name of another workflow; Import looks at its own nodes only (U-04)."""
    with Service() as service:
        service.load(flow(node("a")))
        other = service.load(at("team/other", node("a")))
        params: dict[str, str | int] = {
            "ProjectId": PROJECT,
            "Scene": "DATAWORKS_PROJECT",
            "ContainerId": other,
        }
        answer = service.raw("CreateNode", **params, Spec=alone(node("a"))).json()
        assert "Node with the same name already exists in the project" in answer["Message"]
        assert "same name" in service.failure(at("team/third", node("b"), node("b")))


def test_b33_lists_are_fuzzy_and_paged() -> None:
    """The name is a part of names, a page has 10 elements, 100 at most, cycle workflows only."""
    with Service() as service:
        for number in range(11):
            service.create(at(f"team/w{number:02}"))
        service.create(at("team/w_manual", kind="ManualWorkflow"))
        assert (len(service.names()), len(service.names(PageSize=100))) == (10, 11)
        assert (service.names(Name="10"), service.names(Type="ManualWorkflow")) == (
            ["w10"],
            ["w_manual"],
        )
        refused = service.refusal("ListWorkflowDefinitions", ProjectId=PROJECT, PageSize=101)
        assert refused == (400, "InvalidPageSize")


def test_b34_move_and_rename_are_operations() -> None:
    """They keep the ids; our pick for Import with a known id and another path: it moves."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A)))
        service.call("MoveWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT, Path="new")
        service.call("RenameWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT, Name="name")
        assert service.workflow(workflow_id)["script"]["path"] == "new/name"
        service.load(at("third/place", id=workflow_id))
        assert service.nodes(workflow_id)["a"]["script"]["path"] == "third/place/a"


def test_b35_output_used_twice_fails_at_production() -> None:
    """Import takes it; publishing the second fails at the stage PROD, in the observed words."""
    same = {"nodeOutputs": [{"data": f"{IDENTIFIER}.same"}]}
    with Service() as service:
        first = service.load(flow(node("a", outputs=same)))
        second = service.load(at("team/other", node("b", outputs=same)))
        assert publish(service, first)[0] == "Success"
        status, stages = publish(service, second)
    assert (status, stages[-1]["Code"]) == ("Fail", "PROD")
    assert "can not exported multiple nodes into the same output" in stages[-1]["Message"]


def test_b36_dependency_belongs_to_the_waiting_node() -> None:
    """`nodeId` is the node that waits, and what it waits for is an output, to the letter."""
    edges = [waits("b", f"{IDENTIFIER}.a"), waits("a", f"{IDENTIFIER}.A")]
    with Service() as service:
        workflow = service.workflow(service.load(flow(node("a"), node("b"), dependencies=edges)))
    names = [edge["depends"][0].get("refTableName") for edge in workflow["dependencies"]]
    assert sorted(names, key=str) == [None, "a"]
    assert set(upstreams(workflow)) == {"a", "b"}


def test_b37_create_node_loses_dependencies() -> None:
    """One whose `nodeId` is neither the node's id nor its name is gone without a word."""
    with Service() as service:
        workflow_id = service.load(flow(node("a")))
        kept = create_node(service, workflow_id, node("b"), waits("b", f"{IDENTIFIER}.a"))
        lost = create_node(service, workflow_id, node("c"), waits("else", f"{IDENTIFIER}.a"))
        asked = {"ProjectId": PROJECT}
        counts = [
            service.call("ListNodeDependencies", Id=found, **asked)["PagingInfo"]["TotalCount"]
            for found in (kept, lost)
        ]
    assert counts == ["1", "0"]


def test_b38_root_output_of_the_project() -> None:
    """A node may wait for the root of its project, which nobody has to declare."""
    edge = waits("a", f"{IDENTIFIER}_root")
    with Service() as service:
        workflow_id = service.load(flow(node("a"), dependencies=[edge]))
        assert upstreams(service.workflow(workflow_id)) == {"a": [("Normal", f"{IDENTIFIER}_root")]}
        assert publish(service, workflow_id)[0] == "Success"


def test_b39_removed_output_leaves_its_waiters_alone() -> None:
    """The dependency stays and names an output that nobody has, without a word."""
    with Service() as service:
        first = service.load(flow(node("a", id=A)))
        edge = waits("b", f"{IDENTIFIER}.a")
        second = service.load(at("team/other", node("b", id=B), dependencies=[edge]))
        service.load(flow(node("a", id=A, outputs={}), id=first))
        assert upstreams(service.workflow(second)) == {"b": [("Normal", f"{IDENTIFIER}.a")]}
        found = service.call("ListNodeDependencies", Id=B, ProjectId=PROJECT)["PagingInfo"]
        assert found["TotalCount"] == "0"


# --- what a read returns --------------------------------------------------------------------------


def test_b40_document_gains_facts() -> None:
    """`metadata` at the top; `spec` has name, id, type and owner."""
    with Service() as service:
        workflow_id = service.load(flow())
        document = service.document(workflow_id)
    assert {"tenantId", "projectId", "uuid"} <= set(document["metadata"])
    spec = document["spec"]
    assert (spec["name"], spec["id"], spec["type"]) == ("flow", workflow_id, "CycleWorkflow")
    assert spec["owner"]


def test_b41_workflow_gains_facts() -> None:
    """Owner, metadata with its project, ids of script and trigger, and the delay."""
    with Service() as service:
        workflow = service.workflow(service.load(flow()))
    project = workflow["metadata"]["project"]
    assert (project["projectIdentifier"], project["mode"]) == (IDENTIFIER, "SIMPLE")
    assert workflow["trigger"]["delaySeconds"] == 0
    assert [bool(workflow[key].get("id")) for key in ("script", "trigger")] == [True, True]
    assert workflow["owner"] == workflow["metadata"]["owner"]


def test_b42_strategy_has_defaults() -> None:
    """Policy that nobody sent reads as published."""
    with Service() as service:
        strategy = service.workflow(service.load(flow()))["strategy"]
    assert strategy == {
        "timeout": 0,
        "instanceMode": "T+1",
        "rerunMode": "Allowed",
        "rerunTimes": 3,
        "rerunInterval": 180000,
        "failureStrategy": "Break",
    }


def test_b43_every_object_has_a_default_output() -> None:
    """Named by its id, marked as default."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A)))
        workflow = service.workflow(workflow_id)
    for found in (workflow, workflow["nodes"][0]):
        outputs = found["outputs"]["nodeOutputs"]
        own = [item for item in outputs if item["isDefault"]]
        assert [(item["data"], item["refTableName"]) for item in own] == [
            (found["id"], found["name"])
        ]


def test_b44_nodes_gain_facts() -> None:
    """Type number, language, ids, resource group, metadata; dependencies under either key."""
    sent = node("a", runtimeResource={"resourceGroup": "group_1"})
    with Service() as service:
        for key in ("flow", "dependencies"):
            document = at(f"team/{key}", sent)
            document["spec"]["workflows"][0][key] = [waits("a", "x.y")]
            workflow = service.workflow(service.load(document))
            assert upstreams(workflow) == {"a": [("Normal", "x.y")]}
    found = workflow["nodes"][0]
    assert found["script"]["runtime"]["commandTypeId"] == 6
    assert found["script"]["language"] == "shell-script"
    assert found["runtimeResource"]["resourceGroupId"]
    assert found["metadata"]["container"]["type"] == "Flow"


def test_b45_datasource_type_is_corrected() -> None:
    """`flink` reads as `flink_serverless`, and may be sent back like that."""
    with Service() as service:
        source = {"name": "stream", "type": "flink"}
        workflow_id = service.load(flow(node("a", datasource=source)))
        assert service.nodes(workflow_id)["a"]["datasource"]["type"] == "flink_serverless"
        assert service.load(service.document(workflow_id)) == workflow_id


def test_b46_node_reads_as_its_whole_workflow() -> None:
    """GetNode of an inner node answers a document of kind CycleWorkflow."""
    with Service() as service:
        service.load(flow(node("a", id=A), node("b")))
        document = json.loads(service.call("GetNode", Id=A)["Node"]["Spec"])
    assert (document["kind"], len(document["spec"]["workflows"][0]["nodes"])) == (
        "CycleWorkflow",
        2,
    )


def test_b47_content_on_request_only() -> None:
    """Without IncludeScriptContent no script has any."""
    with Service() as service:
        workflow_id = service.load(flow(node("a")))
        shown = [
            "content" in json.dumps(service.document(workflow_id, content=asked))
            for asked in (True, False)
        ]
    assert shown == [True, False]


def test_b48_modify_time_moves_with_a_node() -> None:
    """Our pick; U-07 is the other way."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A)))
        before = modified(service, workflow_id)
        service.clock.now += 60
        update_node(service, A, {"description": "x"})
        assert modified(service, workflow_id) == before + 60_000


def test_b48_modify_time_of_a_node_moves_with_what_it_waits_for() -> None:
    """An edge belongs to the node or workflow that waits: U-07 does not ask about edges."""
    switches = Switches(modify_time_on_node_edit="no")
    with Service(switches=switches) as service:
        waits = {"nodeId": "a", "depends": [{"type": "Normal", "output": "shop_dev.x"}]}
        workflow_id = service.load(flow(node("a", id=A), dependencies=[waits]))
        before = (modified(service, workflow_id), node_modified(service))
        service.clock.now += 60
        service.load(flow(node("a", id=A), id=workflow_id))
        assert (modified(service, workflow_id), node_modified(service)) == (
            before[0],
            before[1] + 60_000,
        )
        own = {"nodeId": workflow_id, "depends": [{"type": "Normal", "output": "shop_dev.y"}]}
        service.load(flow(node("a", id=A), id=workflow_id, dependencies=[own]))
        assert modified(service, workflow_id) == before[0] + 60_000


def node_modified(service: Service) -> int:
    """When the only node was changed last."""
    [line] = service.call("ListNodes", ProjectId=PROJECT)["PagingInfo"]["Nodes"]
    return int(line["ModifyTime"])


def test_b49_snapshots_are_the_history() -> None:
    """Each save adds one with its author, time and FlowSpec, and outlives its object."""
    with Service() as service:
        workflow_id = service.load(flow(node("a")))
        service.call("DeleteWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT)
        asked = {"Namespace": str(PROJECT), "ObjectId": workflow_id, "Type": "Saved"}
        [item] = service.call("ListSnapshots", **asked)["PagingInfo"]["Snapshots"]
        content = service.call("GetSnapshot", Id=item["Id"])["Snapshot"]["Content"]
    assert (item["Version"], item["Type"], bool(item["Creator"])) == (1, "Saved", True)
    assert "echo a" in content["Spec"]


# --- deleting -------------------------------------------------------------------------------------


def test_b50_published_objects_cannot_be_deleted() -> None:
    """Neither a node nor its workflow, until they are taken offline."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A)))
        publish(service, workflow_id)
        for action, object_id in (("DeleteNode", A), ("DeleteWorkflowDefinition", workflow_id)):
            assert service.refusal(action, Id=object_id, ProjectId=PROJECT)[0] == 400
        publish(service, workflow_id, "Offline")
        service.call("DeleteNode", Id=A, ProjectId=PROJECT)
        service.call("DeleteWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT)


def test_b51_offline_needs_that_nothing_waits() -> None:
    """While a published node of another workflow waits for it, taking it offline fails."""
    with Service() as service:
        first = service.load(flow(node("a")))
        edge = waits("b", f"{IDENTIFIER}.a")
        second = service.load(at("team/other", node("b"), dependencies=[edge]))
        publish(service, first)
        publish(service, second)
        assert publish(service, first, "Offline")[0] == "Fail"


def test_b53_stages_of_going_offline() -> None:
    """A check by itself, then PROD_CHECK and PROD of type Offline."""
    with Service() as service:
        workflow_id = service.load(flow(node("a")))
        publish(service, workflow_id)
        status, stages = publish(service, workflow_id, "Offline")
    assert (status, [stage["Code"] for stage in stages]) == (
        "Success",
        ["OfflineCheck", "PROD_CHECK", "PROD"],
    )
    assert stages[-1]["Type"] == "Offline"


def test_b54_deleting_a_workflow_deletes_its_nodes() -> None:
    """Our pick for unpublished ones; U-14 is the other way."""
    with Service() as service:
        workflow_id = service.load(flow(node("a", id=A)))
        service.call("DeleteWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT)
        assert service.refusal("GetNode", Id=A) == (404, "Node.NotFound")


# --- lists ----------------------------------------------------------------------------------------


def test_b107_resource_groups_without_types() -> None:
    """Only general-purpose groups are listed."""
    with Service() as service:
        groups = service.call("ListResourceGroups")["PagingInfo"]["ResourceGroupList"]
    assert {group["ResourceGroupType"] for group in groups} == {"CommonV2"}


@pytest.mark.parametrize("scene", ["DataworksProject", "DATAWORKS_PROJECT"])
def test_b108_scenes_in_both_spellings(scene: str) -> None:
    """Everywhere a scene is named."""
    with Service() as service:
        workflow_id = service.load(flow())
        create_node(service, workflow_id, node("a"), scene=scene)
        found = service.call("ListNodes", ProjectId=PROJECT, Scene=scene)["PagingInfo"]
    assert [item["Name"] for item in found["Nodes"]] == ["a"]
