"""The official Python SDK drives the served emulator: a client that nobody here wrote."""

import json
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest
from alibabacloud_dataworks_public20240518 import models
from alibabacloud_dataworks_public20240518.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config

from deployer.emulator import create_app
from deployer.emulator.loopback import LoopbackServer
from tests.emulator_kit import (
    CONTRACT,
    IDENTIFIER,
    KEY,
    PROJECT,
    A,
    Fields,
    at,
    deviations,
    node,
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where an emulator is served; its clock is the real one, as the SDK's is."""
    app = create_app(
        ":memory:", project=str(PROJECT), project_identifier=IDENTIFIER, credentials=KEY
    )
    with LoopbackServer(app) as server:
        thread = threading.Thread(target=server.run_until_stopped)
        thread.start()
        httpx.get(f"http://{server.address}/", trust_env=False)
        yield server.address
        server.stop()
        thread.join()
    app.close()


def client(address: str, key: tuple[str, str] = KEY) -> Client:
    return Client(
        Config(
            access_key_id=key[0],
            access_key_secret=key[1],
            endpoint=address,
            protocol="http",
            no_proxy="127.0.0.1",
        )
    )


class Sdk:
    """Calls of the SDK by operation name; every answer is held against the contract."""

    def __init__(self, address: str) -> None:
        self.client = client(address)

    def __call__(self, action: str, **params: Any) -> Fields:
        request = getattr(models, f"{action}Request")(**params)
        response = getattr(self.client, CONTRACT[action]["sdk_method"])(request)
        answer: Fields = response.body.to_map()
        assert deviations(answer, CONTRACT[action]["response"]) == []
        assert response.headers["x-acs-request-id"] == answer["RequestId"]
        return answer

    def load(self, document: Fields) -> str:
        """Import → the workflow's id, after the job has succeeded."""
        spec = json.dumps(document, ensure_ascii=False)
        job = self("ImportWorkflowDefinition", project_id=PROJECT, spec=spec)["AsyncJob"]
        status = self("GetJobStatus", job_id=job["Id"])["JobStatus"]
        assert (status["Status"], status["Error"]) == ("Success", "")
        return str(job["Response"])

    def workflow(self, workflow_id: str) -> Fields:
        """Get with content → the document."""
        answer = self("GetWorkflowDefinition", id=workflow_id, include_script_content=True)
        document: Fields = json.loads(answer["WorkflowDefinition"]["Spec"])
        return document

    def refusal(self, action: str, **params: Any) -> tuple[int, str]:
        """Status and code of the SDK's exception."""
        with pytest.raises(ClientException) as caught:
            self(action, **params)
        return caught.value.status_code, caught.value.code


@pytest.fixture(scope="module")
def sdk(address: str) -> Sdk:
    """The SDK with the right key."""
    return Sdk(address)


def test_create_get_update_delete(sdk: Sdk) -> None:
    """The life of a workflow shell."""
    workflow_id = sdk(
        "CreateWorkflowDefinition", project_id=PROJECT, spec=json.dumps(at("life/one"))
    )["Id"]
    change = json.dumps(at("life/one", description="later"))
    updated = sdk("UpdateWorkflowDefinition", project_id=PROJECT, id=workflow_id, spec=change)
    assert updated["Success"] is True
    found = sdk.workflow(workflow_id)["spec"]["workflows"][0]
    assert found["description"] == "later"
    assert sdk("DeleteWorkflowDefinition", project_id=PROJECT, id=workflow_id)["Success"] is True
    refused = sdk.refusal("GetWorkflowDefinition", id=workflow_id)
    assert refused == (404, "WorkflowDefinition.NotFound")


def test_import_and_read_nodes(sdk: Sdk) -> None:
    """Import, the nodes one by one and listed, and the content on request only."""
    workflow_id = sdk.load(at("nodes/flow", node("a", id=A), node("b")))
    listing = sdk(
        "ListNodes",
        project_id=PROJECT,
        container_id=workflow_id,
        scene="DataworksProject",
        recurrence="Normal",
        rerun_mode="Allowed",
    )["PagingInfo"]
    assert sorted(item["Name"] for item in listing["Nodes"]) == ["a", "b"]
    assert (listing["TotalCount"], listing["PageSize"]) == ("2", "10")
    found = sdk("GetNode", id=A, project_id=PROJECT)["Node"]
    assert (found["Name"], json.loads(found["Spec"])["kind"]) == ("a", "CycleWorkflow")
    bare = sdk("GetWorkflowDefinition", id=workflow_id)["WorkflowDefinition"]["Spec"]
    assert "content" not in bare


def test_move_and_rename(sdk: Sdk) -> None:
    """Rename's parameters travel in the query of a POST."""
    workflow_id = sdk.load(at("old/name", node("a")))
    sdk("MoveWorkflowDefinition", project_id=PROJECT, id=workflow_id, path="somewhere/else")
    sdk("RenameWorkflowDefinition", project_id=PROJECT, id=workflow_id, name="other 名字")
    found = sdk.workflow(workflow_id)["spec"]["workflows"][0]
    assert found["nodes"][0]["script"]["path"] == "somewhere/else/other 名字/a"


def test_dry_run(sdk: Sdk) -> None:
    """A dry run's verdict comes through the job, and nothing is there afterwards."""
    spec = json.dumps(at("dry/run", node("a"), node("a")))
    job = sdk("ImportWorkflowDefinition", project_id=PROJECT, spec=spec, dry_run=True)["AsyncJob"]
    status = sdk("GetJobStatus", job_id=job["Id"])["JobStatus"]
    assert (status["Status"], status["Completed"]) == ("Fail", "True")
    assert status["Error"].endswith("at $.spec.workflows[0].nodes[1]")
    listing = sdk("ListWorkflowDefinitions", project_id=PROJECT, name="run")["PagingInfo"]
    assert listing["TotalCount"] == 0


def test_list_pages_and_filters(sdk: Sdk) -> None:
    """Pages with filters by fuzzy name, kind and owner."""
    for number in range(11):
        sdk.load(at(f"paged/paged_{number:02}", owner="1234"))
    sdk.load(at("paged/paged_manual", kind="ManualWorkflow"))

    def names(**params: Any) -> list[str]:
        answer = sdk("ListWorkflowDefinitions", project_id=PROJECT, name="paged_", **params)
        return [item["Name"] for item in answer["PagingInfo"]["WorkflowDefinitions"]]

    pages = [names(page_number=number, page_size=5) for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [5, 5, 1]
    assert sorted(chain.from_iterable(pages)) == [f"paged_{number:02}" for number in range(11)]
    assert (len(names()), names(type="ManualWorkflow")) == (10, ["paged_manual"])
    assert (len(names(owner="1234", page_size=100)), names(owner="4321")) == (11, [])


def test_get_project(sdk: Sdk) -> None:
    """The project as the SDK sees it."""
    assert sdk("GetProject", id=PROJECT)["Project"]["Name"] == IDENTIFIER


def test_refusals_reach_the_sdk(sdk: Sdk) -> None:
    """Codes and statuses arrive as the SDK's own exception."""
    assert [
        sdk.refusal("GetWorkflowDefinition", id="7"),
        sdk.refusal("GetWorkflowDefinition"),
        sdk.refusal("ListWorkflowDefinitions", project_id=PROJECT, page_size=101),
        sdk.refusal("ListNodes", project_id=1),
        sdk.refusal("ImportWorkflowDefinition", project_id=PROJECT, spec="{"),
    ] == [
        (404, "WorkflowDefinition.NotFound"),
        (400, "MissingId"),
        (400, "InvalidPageSize"),
        (404, "Project.NotFound"),
        (400, "0x5083000000000005"),
    ]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (("emulator", "wrong"), "SignatureDoesNotMatch"),
        (("nobody", "emulator-secret"), "InvalidAccessKeyId.NotFound"),
    ],
)
def test_wrong_keys(address: str, key: tuple[str, str], code: str) -> None:
    """A wrong key is told apart from a wrong signature."""
    with pytest.raises(ClientException) as caught:
        client(address, key).get_project(models.GetProjectRequest(id=PROJECT))
    assert caught.value.code == code


# --- real documents -------------------------------------------------------------------------------

_SERVER_FACTS = {"metadata", "commandTypeId"}
_IDS_OF_PARTS = ("script", "trigger", "runtimeResource")


def author_fields(value: Any, ids: dict[str, str], key: str = "") -> Any:
    """A value in a form in which only what an author cares about is left: no facts, no order."""
    if isinstance(value, dict):
        return {
            name: author_fields(item, ids, name)
            for name, item in value.items()
            if name not in _SERVER_FACTS and not (name == "id" and key in _IDS_OF_PARTS)
        }
    if isinstance(value, list):
        items = [author_fields(item, ids, key) for item in value]
        return items if key in ("branches", "args") else sorted(items, key=repr)
    return ids.get(value, value) if isinstance(value, str) else value


def lost(sent: Any, found: Any, at: str = "$") -> list[str]:
    """What `found` lacks of `sent`; more than was sent is the server's right."""
    if isinstance(sent, dict) and isinstance(found, dict):
        return [gap for k, v in sent.items() for gap in lost(v, found.get(k), f"{at}.{k}")]
    if isinstance(sent, list) and isinstance(found, list):
        if at.endswith(("branches", "args")):
            return [] if sent == found else [at]
        return [f"{at}: {item}" for item in sent if all(lost(item, other) for other in found)]
    return [] if sent == found or (sent in ([], {}) and not found) else [f"{at}: {sent} → {found}"]


def ids_of(sent: Fields, found: Fields) -> dict[str, str]:
    """Sent id → id read, by name, for the workflow and its nodes."""
    names = {item["name"]: item["id"] for item in [found, *found["nodes"]]}
    return {item["id"]: names[item["name"]] for item in [sent, *sent["nodes"]] if item.get("id")}


REAL = (
    "wf-create-page",
    "wf-depends-other-cycle",
    "wf-depends-self-children",
    "wf-export-nine-nodes",
    "wf-import-page",
    "wf-trigger-export",
    "wf-two-sql",
)


def real(corpus: Path, name: str) -> Any:
    return json.loads((corpus / "valid" / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", REAL)
def test_real_document_comes_back_whole(sdk: Sdk, corpus: Path, name: str) -> None:
    """Documents that others wrote are imported and read back with no field of theirs lost."""
    sent = real(corpus, name)
    workflow_id = sdk.load(sent)
    found = sdk.workflow(workflow_id)
    ids = ids_of(sent["spec"]["workflows"][0], found["spec"]["workflows"][0])
    assert lost(author_fields(sent, ids), author_fields(found, {})) == []
    sdk("DeleteWorkflowDefinition", project_id=PROJECT, id=workflow_id)


@pytest.mark.parametrize("name", REAL)
def test_reading_and_sending_back_changes_nothing(sdk: Sdk, corpus: Path, name: str) -> None:
    """What a read gives can be imported as it stands: no change, no new revision."""
    workflow_id = sdk.load(real(corpus, name))
    before = sdk.workflow(workflow_id)
    assert sdk.load(before) == workflow_id
    after = sdk.workflow(workflow_id)
    del before["metadata"]["gmtModified"], after["metadata"]["gmtModified"]
    assert after == before
    sdk("DeleteWorkflowDefinition", project_id=PROJECT, id=workflow_id)


def test_comparer_sees_losses() -> None:
    """The comparison above is no rubber stamp."""
    sent = {"a": [{"x": 1}, {"x": 2}], "b": {"c": "id"}}
    assert lost(sent, {"a": [{"x": 2, "y": 3}, {"x": 1}], "b": {"c": "id"}, "d": 4}) == []
    assert lost(sent, {"a": [{"x": 1}], "b": {}}) == ["$.a: {'x': 2}", "$.b.c: id → None"]
