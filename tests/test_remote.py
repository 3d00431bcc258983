"""The API's shapes: paging, exact names, JSON in strings, answers that lack what matters."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from deployer.errors import NotFound, OutcomeUnknown, Unreachable
from deployer.remote.workspace import Job, Remote, Summary
from deployer.transport.client import Operation

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Answers:
    """A client whose answers are written down; remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.calls = 0
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def call(self, operation: Operation, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.calls += 1
        self.asked.append((operation.name, {k: v for k, v in params.items() if v is not None}))
        return self._answer(params)


def remote(answer: Answer | Mapping[str, Any]) -> tuple[Remote, Answers]:
    """A project whose service answers so, and the record of what it was asked."""
    client = Answers(answer if callable(answer) else lambda _: answer)
    return Remote(client, "10001"), client  # type: ignore[arg-type]


def listed(number: int, kind: str = "CycleWorkflow") -> dict[str, Any]:
    """An entry of ListWorkflowDefinitions."""
    path = f"team/w{number}"
    return {"Id": 10**18 + number, "Name": f"w{number}", "Type": kind, "Script": {"Path": path}}


def pages(total: int) -> Answer:
    """A service with that many workflows of each type."""

    def answer(params: Mapping[str, Any]) -> Mapping[str, Any]:
        first = (params["PageNumber"] - 1) * params["PageSize"]
        offset = 0 if params["Type"] == "CycleWorkflow" else 10_000
        numbers = range(first, min(first + params["PageSize"], total))
        found = [listed(offset + number, params["Type"]) for number in numbers]
        return {"PagingInfo": {"TotalCount": str(total), "WorkflowDefinitions": found}}

    return answer


@pytest.mark.parametrize(("total", "calls"), [(0, 2), (1, 2), (100, 2), (101, 4), (250, 6)])
def test_all_pages_of_both_types(total: int, calls: int) -> None:
    """Every listed workflow is found, with no page more than there are."""
    project, client = remote(pages(total))
    found = asyncio.run(project.summaries())
    assert (len(found), client.calls, project.calls) == (2 * total, calls, calls)
    assert {params["Type"] for _, params in client.asked} == {"CycleWorkflow", "ManualWorkflow"}


def test_ids_are_text() -> None:
    """A number of nineteen digits keeps all of them."""
    project, _ = remote(pages(1))
    found = asyncio.run(project.summaries())
    assert found["team/w0"] == Summary("1000000000000000000", "w0", "team/w0", "CycleWorkflow")


def test_names_are_compared_here() -> None:
    """The service's filter by name is fuzzy (docs/service.md B-33)."""
    project, client = remote(pages(30))
    found = asyncio.run(project.named("w2", "CycleWorkflow"))
    assert [each.name for each in found] == ["w2"]
    assert client.asked[0][1]["Name"] == "w2"


def test_entry_without_a_path() -> None:
    """A workflow at the top may be listed by its name alone."""
    entry = {"Id": "1", "Name": "top", "Type": "CycleWorkflow"}
    project, _ = remote({"PagingInfo": {"TotalCount": 1, "WorkflowDefinitions": [entry]}})
    assert set(asyncio.run(project.summaries())) == {"top"}


def test_definition_is_read_with_its_scripts() -> None:
    """Without the scripts a plan would see all of them as removed (docs/service.md B-47)."""
    document = {"kind": "CycleWorkflow", "spec": {"workflows": []}}
    project, client = remote({"WorkflowDefinition": {"Spec": json.dumps(document)}})
    assert asyncio.run(project.definition("7")) == document
    asked = {"Id": "7", "ProjectId": "10001", "IncludeScriptContent": True}
    assert client.asked == [("GetWorkflowDefinition", asked)]


def refuse(_: Mapping[str, Any]) -> Mapping[str, Any]:
    """A service that does not know the object."""
    raise NotFound("no such thing")


def test_what_does_not_exist_is_none() -> None:
    """A workflow or node that is not there is no error."""
    project, _ = remote(refuse)
    assert asyncio.run(project.definition("7")) is None
    assert asyncio.run(project.node_document("7")) is None


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"WorkflowDefinition": None},
        {"WorkflowDefinition": {}},
        {"WorkflowDefinition": {"Spec": None}},
        {"WorkflowDefinition": {"Spec": "not JSON"}},
        {"WorkflowDefinition": {"Spec": '["a list"]'}},
        {"WorkflowDefinition": {"Spec": '{"spec": []}'}},
    ],
)
def test_definition_that_cannot_be_understood(answer: Mapping[str, Any]) -> None:
    """It is an error of the line, never an absent workflow."""
    project, _ = remote(answer)
    with pytest.raises(Unreachable):
        asyncio.run(project.definition("7"))


def test_nodes_at_a_path() -> None:
    """Only exact paths count."""
    nodes = [{"Id": 5, "Script": {"Path": "a/b"}}, {"Id": 6, "Script": {"Path": "a/bb"}}, {}]
    project, _ = remote({"PagingInfo": {"Nodes": nodes}})
    assert asyncio.run(project.node_ids_at("a/b", "b")) == ["5"]


def test_create_sends_compact_json() -> None:
    """The document travels as one text, unescaped."""
    project, client = remote({"Id": 10**18})
    assert asyncio.run(project.create({"kind": "数"})) == "1000000000000000000"
    assert client.asked == [
        ("CreateWorkflowDefinition", {"ProjectId": "10001", "Spec": '{"kind":"数"}'})
    ]


@pytest.mark.parametrize("answer", [{}, {"Id": None}, {"Id": ""}])
def test_create_without_an_id(answer: Mapping[str, Any]) -> None:
    """A write whose answer tells nothing may have happened."""
    project, _ = remote(answer)
    with pytest.raises(OutcomeUnknown):
        asyncio.run(project.create({}))


def test_import_starts_a_job() -> None:
    """Its id is text, the workflow's is kept if told; DryRun is sent only if meant."""
    job = {"Id": 9, "Status": "Running", "Response": 10**18}
    project, client = remote({"AsyncJob": job})
    started = asyncio.run(project.start_import({}))
    assert started == Job("9", "Running", workflow_id="1000000000000000000")
    assert "DryRun" not in client.asked[0][1]
    asyncio.run(project.start_import({}, dry_run=True))
    assert client.asked[1][1]["DryRun"] is True


@pytest.mark.parametrize("answer", [{}, {"AsyncJob": None}, {"AsyncJob": []}, {"AsyncJob": {}}])
def test_import_without_a_job(answer: Mapping[str, Any]) -> None:
    """A write whose answer tells nothing may have happened."""
    project, _ = remote({**answer, "RequestId": "R-7"})
    with pytest.raises(OutcomeUnknown) as caught:
        asyncio.run(project.start_import({}))
    assert caught.value.request_id == "R-7"


@pytest.mark.parametrize(
    ("status", "ended"),
    [("Success", True), ("Fail", True), ("Cancel", True), ("Running", False), ("New", False)],
)
def test_job_by_its_status(status: str, ended: bool) -> None:
    """An unknown status is not the end; `Completed` does not count (docs/service.md B-12)."""
    job = {"JobId": 9, "Status": status, "Completed": "True", "Error": None}
    project, _ = remote({"JobStatus": job})
    found = asyncio.run(project.job("9"))
    assert (found, found.ended) == (Job("9", status), ended)
