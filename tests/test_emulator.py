"""The operations of the emulator: workflows, nodes, project, jobs, and what a read gives back."""

import json

import pytest

from deployer.emulator.actions import OPERATIONS, unsupported
from deployer.emulator.operations import Operation
from tests.emulator_kit import CONTRACT, IDENTIFIER, PROJECT, START, Service, at, flow, node

MS = int(START * 1000)


def described(operation: Operation) -> dict[str, tuple[str, str, bool]]:
    return {p.name: (p.place, p.type, p.required) for p in operation.params}


def test_operations_follow_the_contract() -> None:
    """Method, place, type and presence of every parameter are those of the official SDK."""
    expected = {
        name: {p: (v["in"], v["type"], v["required"]) for p, v in CONTRACT[name]["params"].items()}
        for name in OPERATIONS
        if name not in unsupported.OPERATIONS
    }
    actual = {name: described(OPERATIONS[name]) for name in expected}
    assert actual == expected


def test_operations_are_those_of_the_contract() -> None:
    """Each has the SDK's method, and a few of them are refused by name."""
    methods = {name: known["method"] for name, known in CONTRACT.items()}
    assert {name: found.method for name, found in OPERATIONS.items()} == methods
    with Service() as service:
        assert {service.refusal(name) for name in unsupported.OPERATIONS} == {(400, "NotSupported")}


def test_create_makes_only_the_shell() -> None:
    """Create answers the id of an empty workflow; nodes of the spec are ignored."""
    with Service() as service:
        workflow = service.workflow(service.create(flow(node("a"))))
    assert (workflow["script"]["path"], workflow["nodes"]) == ("team/flow", [])


def test_create_keeps_a_numeric_id() -> None:
    """An id of the client's own with 16 to 19 digits is the new workflow's id."""
    with Service() as service:
        assert service.create(flow(id="7000000000000000001")) == "7000000000000000001"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (flow(name="other"), "0x5083000000000010"),
        (flow(script={"path": "team/flow", "runtime": {}}), "0x5083000000000005"),
        (flow(script={"runtime": {"command": "WORKFLOW"}}), "0x5083000000000005"),
        ({"version": "1.1.0", "kind": "Node", "spec": {}}, "0x5083000000000004"),
    ],
)
def test_create_refuses_a_mistake(document: dict[str, object], code: str) -> None:
    """A mistake in the spec of a synchronous call is a 400 with the parser's code."""
    with Service() as service:
        spec = json.dumps(document)
        refused = service.refusal("CreateWorkflowDefinition", ProjectId=PROJECT, Spec=spec)
        assert (refused, service.names()) == ((400, code), [])


DEEP = '{"a": ' * 101 + "1" + "}" * 101


@pytest.mark.parametrize(
    "text", [DEEP, "[" * 100_000, "", "{", "[1]", "NaN", '{"a": 1e999}', '{"a": "\\ud800"}']
)
@pytest.mark.parametrize("action", ["ImportWorkflowDefinition", "CreateWorkflowDefinition"])
def test_spec_that_is_no_json_is_refused(action: str, text: str) -> None:
    """What is not a JSON object is refused at once, also by Import."""
    with Service() as service:
        assert service.refusal(action, ProjectId=PROJECT, Spec=text) == (400, "0x5083000000000005")


def test_spec_that_is_too_large_is_refused() -> None:
    """Above 10 MiB the call is refused, whatever the text is."""
    with Service() as service:
        spec = "x" * (10 * 1024 * 1024 + 1)
        refused = service.refusal("ImportWorkflowDefinition", ProjectId=PROJECT, Spec=spec)
    assert refused == (400, "InvalidSpec")


def test_update_changes_only_what_it_names() -> None:
    """Update is incremental, and never touches nodes."""
    with Service() as service:
        workflow_id = service.load(flow(node("a"), description="before"))
        before = service.workflow(workflow_id)
        service.clock.now += 60
        change = {
            "version": "1.1.0",
            "kind": "CycleWorkflow",
            "spec": {"workflows": [{"description": "after", "nodes": []}]},
        }
        service.call(
            "UpdateWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT, Spec=json.dumps(change)
        )
        assert service.workflow(workflow_id) == {**before, "description": "after"}


def test_update_refuses_another_kind() -> None:
    """The kind of a workflow is fixed."""
    with Service() as service:
        workflow_id = service.create(flow())
        spec = json.dumps(flow(kind="ManualWorkflow"))
        refused = service.refusal(
            "UpdateWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT, Spec=spec
        )
    assert refused == (400, "0x5083000000000010")


def test_get_tells_the_facts() -> None:
    """Get answers the workflow's own facts beside its spec, and times in ms."""
    with Service() as service:
        workflow_id = service.create(flow())
        found = service.call("GetWorkflowDefinition", Id=workflow_id)["WorkflowDefinition"]
    spec = json.loads(found.pop("Spec"))
    assert found == {
        "CreateTime": MS,
        "Id": workflow_id,
        "ModifyTime": MS,
        "Name": "flow",
        "Owner": "1000000000000001",
        "ProjectId": PROJECT,
    }
    assert spec["metadata"]["uuid"] == workflow_id


def test_content_only_on_request() -> None:
    """Without IncludeScriptContent no script has its content, also inside a loop."""
    loop = {"nodes": [node("body")], "while": node("end", "CONTROLLER_CYCLE_END")}
    with Service() as service:
        sent = flow(node("a"), node("loop", "CONTROLLER_CYCLE", **{"do-while": loop}))
        workflow_id = service.load(sent)
        with_content = json.dumps(service.document(workflow_id))
        without = json.dumps(service.document(workflow_id, content=False))
    assert (with_content.count('"content"'), without.count('"content"')) == (2, 0)


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("GetWorkflowDefinition", {}),
        ("DeleteWorkflowDefinition", {"ProjectId": PROJECT}),
        ("MoveWorkflowDefinition", {"ProjectId": PROJECT, "Path": "a"}),
        ("RenameWorkflowDefinition", {"ProjectId": PROJECT, "Name": "a"}),
        ("UpdateWorkflowDefinition", {"ProjectId": PROJECT, "Spec": "{}"}),
    ],
)
def test_unknown_workflow_is_not_found(action: str, params: dict[str, str | int]) -> None:
    """Our pick for an unknown id: 404 and a code that says so."""
    with Service() as service:
        expected = (404, "WorkflowDefinition.NotFound")
        assert service.refusal(action, Id="7000000000000000009", **params) == expected


def test_other_unknown_things_are_not_found() -> None:
    """Unknown projects, nodes and jobs are 404s too."""
    with Service() as service:
        assert [
            service.refusal("GetProject", Id=1),
            service.refusal("ListWorkflowDefinitions", ProjectId=1),
            service.refusal("GetNode", Id="7000000000000000009"),
            service.refusal("GetJobStatus", JobId="7000000000000000009"),
        ] == [
            (404, "Project.NotFound"),
            (404, "Project.NotFound"),
            (404, "Node.NotFound"),
            (404, "Job.NotFound"),
        ]


def test_list_shows_one_kind_and_matches_names_loosely() -> None:
    """Without Type only scheduled workflows are listed; triggered ones never are."""
    kinds = {"daily_a": "CycleWorkflow", "daily_b": "ManualWorkflow", "daily_c": "TriggerWorkflow"}
    with Service() as service:
        for name, kind in kinds.items():
            service.create(at(f"team/{name}", kind=kind, trigger={"type": "Custom"}))
        service.create(at("team/weekly"))
        assert [
            service.names(),
            service.names(Name="DAILY"),
            service.names(Type="ManualWorkflow"),
            service.names(Type="TriggerWorkflow"),
            service.names(Owner="nobody"),
            service.names(Name="%"),
        ] == [["daily_a", "weekly"], ["daily_a"], ["daily_b"], [], [], []]


def test_list_item() -> None:
    """A list item has the contract's fields, the full path among them."""
    with Service() as service:
        workflow_id = service.create(flow(description="what it is for"))
        answer = service.call("ListWorkflowDefinitions", ProjectId=PROJECT)["PagingInfo"]
        item = answer["WorkflowDefinitions"][0]
        script_id = service.workflow(workflow_id)["script"]["id"]
    assert item == {
        "CreateTime": MS,
        "Description": "what it is for",
        "Id": workflow_id,
        "ModifyTime": MS,
        "Name": "flow",
        "Owner": "1000000000000001",
        "ProjectId": PROJECT,
        "Script": {"Id": script_id, "Path": "team/flow", "Runtime": {"Command": "WORKFLOW"}},
        "Type": "CycleWorkflow",
    }


def test_pages_cover_everything_once() -> None:
    """Pages of 10 by default, in a stable order, with the total on each."""
    names = [f"w{number:02}" for number in range(12)]
    with Service() as service:
        for name in names:
            service.create(at(f"team/{name}"))
            service.clock.now += 1
        pages = [service.names(PageNumber=number) for number in (1, 2, 3)]
        paging = service.call("ListWorkflowDefinitions", ProjectId=PROJECT, PageSize=100)
    assert pages == [names[:10], names[10:], []]
    assert paging["PagingInfo"]["TotalCount"] == 12


@pytest.mark.parametrize(("name", "value"), [("PageSize", 101), ("PageSize", 0), ("PageNumber", 0)])
@pytest.mark.parametrize("action", ["ListWorkflowDefinitions", "ListNodes"])
def test_pages_have_limits(action: str, name: str, value: int) -> None:
    """Our pick above the documented maximum: refused, not cut."""
    with Service() as service:
        refused = service.refusal(action, ProjectId=PROJECT, **{name: value})
    assert refused == (400, f"Invalid{name}")


def test_delete_takes_the_nodes_along() -> None:
    """A deleted workflow is not found, nor are its nodes."""
    with Service() as service:
        workflow_id = service.load(flow(node("a")))
        node_id = service.nodes(workflow_id)["a"]["id"]
        service.call("DeleteWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT)
        assert service.refusal("GetNode", Id=node_id) == (404, "Node.NotFound")
        assert service.names() == []


def test_move_and_rename_keep_ids() -> None:
    """Move changes the folder, Rename the name; nodes follow, ids and content stay."""
    with Service() as service:
        workflow_id = service.load(flow(node("a")))
        node_id = service.nodes(workflow_id)["a"]["id"]
        service.call("MoveWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT, Path="new/place")
        service.call("RenameWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT, Name="fresh")
        workflow = service.workflow(workflow_id)
        moved = service.nodes(workflow_id)["a"]
    assert workflow["script"]["path"] == "new/place/fresh"
    assert (moved["id"], moved["script"]["path"]) == (node_id, "new/place/fresh/a")
    assert moved["script"]["content"] == "echo a"


def test_move_onto_a_taken_path_is_refused() -> None:
    """A path holds one workflow, and a folder holds none."""
    with Service() as service:
        service.create(flow())
        other = service.create(at("other/flow"))
        spec = json.dumps(at("team"))
        assert [
            service.refusal("MoveWorkflowDefinition", Id=other, ProjectId=PROJECT, Path="team"),
            service.refusal("CreateWorkflowDefinition", ProjectId=PROJECT, Spec=spec),
            service.refusal("RenameWorkflowDefinition", Id=other, ProjectId=PROJECT, Name="a/b"),
        ] == [(400, "0x5083000000000010"), (400, "0x5083000000000010"), (400, "InvalidName")]


def test_get_node_answers_the_whole_workflow() -> None:
    """The spec of an inner node is its workflow's, with content; `uuid` names the node."""
    with Service() as service:
        workflow_id = service.load(flow(node("a"), node("b")))
        node_id = service.nodes(workflow_id)["a"]["id"]
        found = service.call("GetNode", Id=node_id, ProjectId=PROJECT)["Node"]
        document = service.document(workflow_id)
    document["metadata"]["uuid"] = node_id
    assert (found["Name"], json.loads(found["Spec"])) == ("a", document)


def test_get_node_finds_nodes_inside_a_loop() -> None:
    """A node inside a control block has its own id and can be asked for."""
    with Service() as service:
        loop = {"nodes": [node("body", script={"runtime": {"command": "DIDE_SHELL"}})]}
        workflow_id = service.load(flow(node("loop", "CONTROLLER_TRAVERSE", **{"for-each": loop})))
        body = service.nodes(workflow_id)["loop"]["for-each"]["nodes"][0]
        found = service.call("GetNode", Id=body["id"])["Node"]
    assert (found["Name"], body["script"]["path"]) == ("body", "team/flow/loop/body")


def listed(service: Service, **params: str | int) -> list[str]:
    answer = service.call("ListNodes", ProjectId=PROJECT, **params)["PagingInfo"]
    assert answer["TotalCount"] == str(len(answer["Nodes"]))
    return sorted(item["Name"] for item in answer["Nodes"])


def test_list_nodes_filters() -> None:
    """Container, name, recurrence, rerun mode and scene narrow the list, scenes in any spelling."""
    with Service() as service:
        loop = node("loop", "CONTROLLER_TRAVERSE", **{"for-each": {"nodes": [node("body")]}})
        workflow_id = service.load(flow(node("a", rerunMode="Denied"), loop))
        service.load(at("team/manual", node("b", recurrence="Pause"), kind="ManualWorkflow"))
        loop_id = service.nodes(workflow_id)["loop"]["id"]
        assert [
            listed(service),
            listed(service, ContainerId=workflow_id),
            listed(service, ContainerId=loop_id),
            listed(service, ContainerId="7000000000000000009"),
            listed(service, Name="OO"),
            listed(service, RerunMode="Denied"),
            listed(service, Recurrence="Pause"),
            listed(service, Scene="DataworksProject"),
            listed(service, Scene="DATAWORKS_MANUAL_WORKFLOW"),
            listed(service, Scene="DataworksManualTask"),
        ] == [
            ["a", "b", "loop"],
            ["a", "loop"],
            ["body"],
            [],
            ["loop"],
            ["a"],
            ["b"],
            ["a", "loop"],
            ["b"],
            [],
        ]


def test_get_project() -> None:
    """The project's name is the identifier that outputs begin with."""
    with Service() as service:
        project = service.call("GetProject", Id=PROJECT)["Project"]
    assert (project["Id"], project["Name"], project["Status"]) == (PROJECT, IDENTIFIER, "Available")


def test_defect_is_answered_as_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks inside is a 500 with the usual body, and changes nothing."""

    def breaks(*_: object, **__: object) -> str:
        raise ZeroDivisionError

    with Service() as service:
        workflow_id = service.create(flow())
        with monkeypatch.context() as patched:
            patched.setattr("deployer.emulator.writing.workflow_text", breaks)
            refused = service.refusal("GetWorkflowDefinition", Id=workflow_id)
        assert (refused, service.names()) == ((500, "InternalError"), ["flow"])
