"""The official SDK drives nodes, snapshots, and the lists of what a workspace has."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator_kit import IDENTIFIER, PROJECT, A, Fields, at, node, waits
from tests.sdk_kit import Sdk, served


@pytest.fixture(scope="module")
def sdk() -> Iterator[Sdk]:
    """The SDK against an emulator of its own."""
    with served() as found:
        yield found


def alone(name: str, command: str = "DIDE_SHELL", *edges: Fields, **fields: Any) -> str:
    """The text of a document of kind Node."""
    spec = {"nodes": [node(name, command, **fields)], "dependencies": list(edges)}
    return json.dumps({"version": "1.1.0", "kind": "Node", "spec": spec})


def change(**fields: Any) -> str:
    """The text of a document that changes some fields of a node."""
    return json.dumps({"version": "1.1.0", "kind": "Node", "spec": {"nodes": [fields]}})


def create(sdk: Sdk, container: str, spec: str, **params: Any) -> str:
    """CreateNode → the node's id."""
    asked = {"Scene": "DATAWORKS_PROJECT", "ContainerId": container, "Spec": spec, **params}
    return str(sdk("CreateNode", **asked)["Id"])


def read(sdk: Sdk, node_id: str) -> Fields:
    """GetNode → the node's object in the spec of its workflow."""
    document = json.loads(sdk("GetNode", Id=node_id)["Node"]["Spec"])
    nodes = document["spec"]["workflows"][0]["nodes"]
    found: Fields = next(item for item in nodes if item["id"] == node_id)
    return found


def test_a_node_lives_and_is_deleted(sdk: Sdk) -> None:
    """Create, read, change, rename, move and delete, all by the node's id."""
    workflow_id = sdk.load(at("life/flow"))
    node_id = create(sdk, workflow_id, alone("life_a"))
    sdk("UpdateNode", Id=node_id, Spec=change(description="later"))
    found = read(sdk, node_id)
    assert (found["description"], found["script"]["content"]) == ("later", "echo life_a")
    sdk("RenameNode", Id=node_id, Name="life_b")
    sdk("MoveNode", Id=node_id, Path="life/flow/inner")
    found = read(sdk, node_id)
    assert (found["name"], found["script"]["path"]) == ("life_b", "life/flow/inner/life_b")
    assert sdk("DeleteNode", Id=node_id)["Success"] is True
    assert sdk.refusal("GetNode", Id=node_id) == (404, "Node.NotFound")


def test_scenes_in_both_spellings(sdk: Sdk) -> None:
    """CreateNode and ListNodes take either spelling; the scene has to fit the container (B-108)."""
    cycle = sdk.load(at("scenes/cycle"))
    manual = sdk.load(at("scenes/manual", kind="ManualWorkflow"))
    create(sdk, cycle, alone("scene_a"), Scene="DataworksProject")
    create(sdk, manual, alone("scene_b"), Scene="DATAWORKS_MANUAL_WORKFLOW")
    for scene in ("DataworksManualWorkflow", "DATAWORKS_MANUAL_WORKFLOW"):
        nodes = sdk("ListNodes", Scene=scene, ContainerId=manual)["PagingInfo"]["Nodes"]
        assert [item["Name"] for item in nodes] == ["scene_b"]
    refused = [
        sdk.refusal("CreateNode", Scene=scene, ContainerId=container, Spec=alone("scene_c"))
        for scene, container in (
            ("DATAWORKS_MANUAL_WORKFLOW", cycle),
            ("DATAWORKS_PROJECT", manual),
            ("SOMEWHERE", cycle),
        )
    ]
    assert refused == [(400, "InvalidScene")] * 3


def test_container_decides_where_a_node_goes(sdk: Sdk) -> None:
    """The path of the spec gives way to the container; an unknown container is refused."""
    workflow_id = sdk.load(at("contained/flow"))
    node_id = create(sdk, workflow_id, alone("contained"))
    assert read(sdk, node_id)["script"]["path"] == "contained/flow/contained"
    scene = {"Scene": "DATAWORKS_PROJECT", "Spec": alone("nowhere")}
    assert [
        sdk.refusal("CreateNode", **scene, ContainerId="7"),
        sdk.refusal("CreateNode", **scene),
        sdk.refusal("CreateNode", **{**scene, "Scene": "DATAWORKS_MANUAL_TASK"}),
    ] == [(400, "Container.NotFound"), (400, "NotSupported"), (400, "NotSupported")]


def test_mistakes_are_refused(sdk: Sdk) -> None:
    """A spec of another kind, a name that is taken, another command, a path without the name."""
    workflow_id = sdk.load(at("wrong/flow"))
    node_id = create(sdk, workflow_id, alone("wrong_a"))
    create(sdk, workflow_id, alone("wrong_b"))
    scene = {"Scene": "DATAWORKS_PROJECT", "ContainerId": workflow_id}
    elsewhere = {"path": "x/other", "runtime": {"command": "DIDE_SHELL"}}
    messages = [
        sdk.message("CreateNode", **scene, Spec=json.dumps(at("wrong/flow"))),
        sdk.message("CreateNode", **scene, Spec=alone("wrong_a")),
        sdk.message("CreateNode", **scene, Spec=alone("")),
        sdk.message("UpdateNode", Id=node_id, Spec=json.dumps(at("wrong/flow"))),
        sdk.message("UpdateNode", Id=node_id, Spec=alone("wrong_a", "VIRTUAL")),
        sdk.message("UpdateNode", Id=node_id, Spec=change(script=elsewhere)),
        sdk.message("RenameNode", Id=node_id, Name="wrong_b"),
        sdk.message("RenameNode", Id=node_id, Name="a/b"),
        sdk.message("MoveNode", Id=node_id, Path="somewhere/else"),
    ]
    parts = [
        "spec kind and request not match",
        "Node with the same name already exists in the project",
        "name is empty",
        "spec kind and request not match",
        "Node type (command) cannot be changed after creation",
        "Script path must end with node name",
        "Node with the same name already exists in the project",
        "Specified parameter Name is not valid.",
        "目录层级校验未通过",
    ]
    assert [part in message for part, message in zip(parts, messages, strict=True)] == [True] * 9


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("UpdateNode", {"Spec": change(description="x")}),
        ("RenameNode", {"Name": "x"}),
        ("MoveNode", {"Path": "x"}),
        ("DeleteNode", {}),
        ("ListNodeDependencies", {}),
    ],
)
def test_unknown_node_is_not_found(sdk: Sdk, action: str, params: Fields) -> None:
    """Our pick for an unknown id: 404 and a code that says so."""
    assert sdk.refusal(action, Id="7000000000000000009", **params) == (404, "Node.NotFound")


def test_nodes_inside_a_block_are_not_changed_alone(sdk: Sdk) -> None:
    """A node inside a loop belongs to the loop: single changes are not supported, and said so."""
    loop = node("block_loop", "CONTROLLER_CYCLE", **{"do-while": {"nodes": [node("block_in")]}})
    workflow_id = sdk.load(at("block/flow", loop))
    listed = sdk("ListNodes", ContainerId=workflow_id)["PagingInfo"]["Nodes"][0]
    inner = read(sdk, listed["Id"])["do-while"]["nodes"][0]["id"]
    scene = {"Scene": "DATAWORKS_PROJECT", "ContainerId": listed["Id"]}
    assert [
        sdk.refusal("UpdateNode", Id=inner, Spec=change(description="x")),
        sdk.refusal("CreateNode", **scene, Spec=alone("block_new")),
    ] == [(400, "NotSupported")] * 2


def test_published_node_cannot_be_deleted(sdk: Sdk) -> None:
    """Both the node and its workflow have to be taken offline first (B-50)."""
    workflow_id = sdk.load(at("online/flow", node("online_a", id=A)))
    sdk.publish(workflow_id)
    assert [
        sdk.refusal("DeleteNode", Id=A),
        sdk.refusal("DeleteWorkflowDefinition", Id=workflow_id),
    ] == [(400, "Node.Deployed"), (400, "WorkflowDefinition.Deployed")]
    sdk.publish(workflow_id, "Offline")
    assert sdk("DeleteNode", Id=A)["Success"] is True


def test_dependencies_of_a_node(sdk: Sdk) -> None:
    """The nodes behind the outputs it waits for, of other workflows too; counters are texts."""
    sdk.load(at("before/flow", node("upstream_other")))
    workflow_id = sdk.load(at("after/flow", node("upstream_own")))
    edge = waits("waiting", f"{IDENTIFIER}.upstream_other", f"{IDENTIFIER}.upstream_own", "no.such")
    node_id = create(sdk, workflow_id, alone("waiting", "VIRTUAL", edge))
    paging = sdk("ListNodeDependencies", Id=node_id)["PagingInfo"]
    assert sorted(item["Name"] for item in paging["Nodes"]) == ["upstream_other", "upstream_own"]
    assert (paging["TotalCount"], paging["PageNumber"]) == ("2", "1")


def test_snapshots(sdk: Sdk) -> None:
    """Each saved version is kept with its spec and script; only what changed gets one."""
    workflow_id = sdk.load(at("history/flow", node("old", id="7000000000000000031")))
    sdk.load(
        at(
            "history/flow",
            node("old", id="7000000000000000031"),
            node("new", id="7000000000000000032"),
            id=workflow_id,
        )
    )
    sdk("UpdateNode", Id="7000000000000000031", Spec=change(script={"content": "echo 2"}))

    def listed(object_id: str, kinds: str = "Saved") -> list[Fields]:
        asked = {"Namespace": str(PROJECT), "ObjectId": object_id, "Type": kinds}
        found: list[Fields] = sdk("ListSnapshots", **asked)["PagingInfo"]["Snapshots"]
        return found

    assert [item["Version"] for item in listed(workflow_id)] == [3, 2, 1]
    assert len(listed("7000000000000000032")) == 1
    contents = [
        sdk("GetSnapshot", Id=item["Id"])["Snapshot"]["Content"]["Content"]
        for item in listed("7000000000000000031")
    ]
    assert contents == ["echo 2", "echo old"]
    newest = sdk("GetSnapshot", Id=listed(workflow_id)[0]["Id"])["Snapshot"]
    assert json.loads(newest["Content"]["Spec"])["spec"]["id"] == workflow_id
    sdk.publish(workflow_id)
    sdk.publish(workflow_id, "Offline")
    kinds = [item["Type"] for item in listed(workflow_id, "Saved,Deployed,UnDeployed")]
    assert kinds == ["UnDeployed", "Deployed", "Saved", "Saved", "Saved"]
    assert sdk.refusal("GetSnapshot", Id="7") == (404, "Snapshot.NotFound")


def test_projects(sdk: Sdk) -> None:
    """The workspaces, filtered by id, name and state."""

    def names(**params: Any) -> list[str]:
        projects = sdk("ListProjects", **params)["PagingInfo"]["Projects"]
        return [project["Name"] for project in projects]

    assert [
        names(),
        names(Ids=[PROJECT], Names=[IDENTIFIER], Status="Available"),
        names(Ids=[1]),
        names(Names=["other"]),
        names(Status="Frozen"),
    ] == [[IDENTIFIER], [IDENTIFIER], [], [], []]
    assert sdk("GetProject", Id=PROJECT)["Project"]["Name"] == IDENTIFIER


def test_resource_groups(sdk: Sdk) -> None:
    """Without types only general-purpose groups are listed (B-107)."""

    def kinds(**params: Any) -> list[str]:
        groups = sdk("ListResourceGroups", ProjectId=PROJECT, **params)["PagingInfo"]
        return [group["ResourceGroupType"] for group in groups["ResourceGroupList"]]

    assert [
        kinds(),
        kinds(ResourceGroupTypes=["ExclusiveScheduler", "CommonV2"], SortBy="Id Desc") != [],
        kinds(ResourceGroupTypes=["ExclusiveScheduler"]),
        kinds(Name="nothing"),
        kinds(PaymentType="PrePaid"),
        kinds(Statuses=["Stop"]),
    ] == [["CommonV2"], True, ["ExclusiveScheduler"], [], [], []]
    assert sdk.refusal("ListResourceGroups", SortBy="Nothing") == (400, "InvalidSortBy")


def test_data_sources(sdk: Sdk) -> None:
    """By name, by comma-joined types, sorted; a simple workspace has none for development."""

    def names(**params: Any) -> list[str]:
        sources = sdk("ListDataSources", **params)["PagingInfo"]["DataSources"]
        return [source["Name"] for source in sources]

    assert [
        names(SortBy="Name", Order="Asc"),
        names(Types=["odps", "mysql"], SortBy="Name", Order="Desc"),
        names(Name="HOLO"),
        names(EnvType="Dev"),
        names(PageSize=10, PageNumber=2),
    ] == [
        ["holo_first", "odps_first", "orders_mysql"],
        ["orders_mysql", "odps_first"],
        ["holo_first"],
        [],
        [],
    ]
