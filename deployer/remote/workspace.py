"""The shapes of the DataWorks API: which operation, which parameters, what of the answer counts.

Everything a caller gets back is a value of its own; JSON inside strings, paging and the two forms
of a job stay in here. What a lost answer means is for the caller to decide.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from deployer.errors import NotFound, Unreachable
from deployer.remote.answers import about, given, integer, mapping
from deployer.transport.client import Client, Operation, read_json
from deployer.transport.request import Params

PAGE_SIZE = 100
Line = TypeVar("Line")

LISTED_TYPES = ("CycleWorkflow", "ManualWorkflow")
"""The types that ListWorkflowDefinitions can be asked for: not TriggerWorkflow (U-35)."""


def _page(answer: Mapping[str, Any], params: Params) -> str:
    """An answer fits that is a list, of the type that was asked for."""
    wrong = about("PagingInfo")(answer, params)
    if wrong:
        return wrong
    items = answer["PagingInfo"].get("WorkflowDefinitions") or []
    types = {item.get("Type") or params["Type"] for item in items if isinstance(item, dict)}
    return "" if types <= {params["Type"]} else "it lists another type"


_LIST = Operation("ListWorkflowDefinitions", "GET", fits=_page)
_GET = Operation("GetWorkflowDefinition", "GET", fits=about("WorkflowDefinition", same="Id"))
_CREATE = Operation("CreateWorkflowDefinition", "POST")
_IMPORT = Operation("ImportWorkflowDefinition", "POST", deadline=60.0)
_JOB = Operation("GetJobStatus", "GET", fits=about("JobStatus"))
_GET_NODE = Operation("GetNode", "GET", fits=about("Node", same="Id"))
_LIST_NODES = Operation("ListNodes", "GET", fits=about("PagingInfo"))
_DELETE = Operation("DeleteWorkflowDefinition", "POST")
_MOVE = Operation("MoveWorkflowDefinition", "POST")
_RENAME = Operation(
    "RenameWorkflowDefinition", "POST", query=frozenset({"ProjectId", "Id", "Name"})
)
_DELETE_NODE = Operation("DeleteNode", "POST")
_RENAME_NODE = Operation("RenameNode", "POST")


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the list of workflow definitions.

    `modified` is its ModifyTime in ms, 0 where it has none; `line` a digest of all that it says.
    """

    id: str
    name: str
    path: str
    kind: str
    modified: int = field(default=0, compare=False)
    line: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class NodeLine:
    """One line of the list of nodes; `modified` as in `Summary`."""

    id: str
    path: str
    modified: int


@dataclass(frozen=True, slots=True)
class Job:
    """An asynchronous job as last seen; `workflow_id` only where the service told it."""

    id: str
    status: str
    error: str = ""
    workflow_id: str = ""

    @property
    def ended(self) -> bool:
        """Whether the status is final; an unknown status is not (docs/service.md B-12)."""
        return self.status in ("Success", "Fail", "Cancel")


class Remote:
    """One project of DataWorks, seen through a `Client`. Raises what `Client.call` raises."""

    def __init__(self, client: Client, project: str) -> None:
        self._client = client
        self.project = project

    @property
    def client(self) -> Client:
        """What carries the calls, for other shapes of the same API."""
        return self._client

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self._client.calls

    async def summaries(self) -> dict[str, Summary]:
        """All listed workflow definitions by path; both types, all pages."""
        kinds = [await self._every(kind) for kind in LISTED_TYPES]
        return {summary.path: summary for listed in kinds for summary in listed}

    async def named(self, name: str, kind: str) -> list[Summary]:
        """The listed definitions of exactly that name: the service's own filter is fuzzy (B-33)."""
        return [each for each in await self._every(kind, name) if each.name == name]

    async def _every(self, kind: str, name: str | None = None) -> list[Summary]:
        """All pages of the list of a type."""
        return await _all_pages(lambda number: self._page(kind, name, number))

    async def _page(self, kind: str, name: str | None, number: int) -> tuple[list[Summary], int]:
        params = {"ProjectId": self.project, "Type": kind, "Name": name}
        paging = {"PageNumber": number, "PageSize": PAGE_SIZE}
        answer = await self._client.call(_LIST, {**params, **paging})
        info = mapping(answer, "PagingInfo")
        items = info.get("WorkflowDefinitions") or []
        return [_summary(item, kind) for item in items], int(info.get("TotalCount") or 0)

    async def definition(self, identity: str) -> dict[str, Any] | None:
        """The FlowSpec document of a workflow with its scripts; None if there is none."""
        text = await self.spec(identity)
        return None if text is None else document_of(text)

    async def spec(self, identity: str) -> str | None:
        """The same as the text that the service holds, for `document_of`."""
        found = await self._definition(identity)
        return None if found is None else str(found.get("Spec"))

    async def dated(self, identity: str) -> tuple[dict[str, Any], int] | None:
        """Document and ModifyTime in ms, 0 where the service does not tell it; None if there is none."""
        found = await self._definition(identity)
        if found is None:
            return None
        return document_of(str(found.get("Spec"))), integer(found.get("ModifyTime"))

    async def _definition(self, identity: str) -> Mapping[str, Any] | None:
        params: dict[str, str | bool] = {"Id": identity, "ProjectId": self.project}
        try:
            answer = await self._client.call(_GET, {**params, "IncludeScriptContent": True})
        except NotFound:
            return None
        return mapping(answer, "WorkflowDefinition")

    def may_keep(self, identity: str) -> bool:
        """Whether the text of a workflow was read just now, and is to be kept if it holds no secret."""
        return False

    def learnt(self, identity: str, text: str, nodes: tuple[str, ...]) -> None:
        """Hear of the ids of the nodes in a text that `may_keep` wants; nothing is kept here."""

    async def node_document(self, identity: str) -> dict[str, Any] | None:
        """The document that holds a node, its workflow's if it is in one (B-46), or None."""
        try:
            answer = await self._client.call(_GET_NODE, {"Id": identity, "ProjectId": self.project})
        except NotFound:
            return None
        return document_of(str(mapping(answer, "Node").get("Spec")))

    async def node_ids_at(self, path: str, name: str) -> list[str]:
        """The ids of the nodes with exactly that script path."""
        answer = await self._client.call(
            _LIST_NODES,
            {"ProjectId": self.project, "Name": name, "PageNumber": 1, "PageSize": PAGE_SIZE},
        )
        nodes = mapping(answer, "PagingInfo").get("Nodes") or []
        return [str(n.get("Id")) for n in nodes if (n.get("Script") or {}).get("Path") == path]

    async def node_lines(self, most: int) -> list[NodeLine]:
        """All listed nodes of the project; none, after one call, if that takes more than `most`."""
        return await _all_pages(self._node_page, most)

    async def _node_page(self, number: int) -> tuple[list[NodeLine], int]:
        paging = {"PageNumber": number, "PageSize": PAGE_SIZE}
        answer = await self._client.call(_LIST_NODES, {"ProjectId": self.project, **paging})
        info = mapping(answer, "PagingInfo")
        lines = [_node_line(item) for item in info.get("Nodes") or []]
        return lines, integer(info.get("TotalCount"))

    async def create(self, document: Mapping[str, Any]) -> str:
        """Creates the workflow without its nodes; its id."""
        answer = await self._client.call(_CREATE, self._spec(document))
        return given(answer.get("Id"), answer, _CREATE)

    async def start_import(self, document: Mapping[str, Any], *, dry_run: bool = False) -> Job:
        """Starts an import, or its validation alone; the job to poll."""
        params = {**self._spec(document), "DryRun": True if dry_run else None}
        answer = await self._client.call(_IMPORT, params)
        told = answer.get("AsyncJob")
        job = told if isinstance(told, dict) else {}
        return Job(
            id=given(job.get("Id"), answer, _IMPORT),
            status=str(job.get("Status") or ""),
            error=str(job.get("Error") or ""),
            workflow_id=str(job.get("Response") or ""),
        )

    async def job(self, identity: str) -> Job:
        """The job as it stands."""
        job = mapping(await self._client.call(_JOB, {"JobId": identity}), "JobStatus")
        return Job(
            id=identity, status=str(job.get("Status") or ""), error=str(job.get("Error") or "")
        )

    async def delete(self, identity: str) -> None:
        """Deletes a workflow; refused while it is published (docs/service.md B-50)."""
        await self._client.call(_DELETE, self._of(identity))

    async def move(self, identity: str, folder: str) -> None:
        """Puts a workflow with its nodes into another folder, under the name that it has."""
        await self._client.call(_MOVE, {**self._of(identity), "Path": folder})

    async def rename(self, identity: str, name: str) -> None:
        """Gives a workflow another name in the folder where it is."""
        await self._client.call(_RENAME, {**self._of(identity), "Name": name})

    async def delete_node(self, identity: str) -> None:
        """Deletes a node of a workflow; refused while it is published (docs/service.md B-50)."""
        await self._client.call(_DELETE_NODE, self._of(identity))

    async def rename_node(self, identity: str, name: str) -> None:
        """Gives a node another name in the workflow where it is."""
        await self._client.call(_RENAME_NODE, {**self._of(identity), "Name": name})

    def _of(self, identity: str) -> dict[str, str]:
        return {"Id": identity, "ProjectId": self.project}

    def _spec(self, document: Mapping[str, Any]) -> dict[str, Any]:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        return {"ProjectId": self.project, "Spec": text}


def _node_line(item: Mapping[str, Any]) -> NodeLine:
    path = str((item.get("Script") or {}).get("Path") or "")
    return NodeLine(str(item.get("Id")), path, integer(item.get("ModifyTime")))


def _digest(item: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()


async def _all_pages(
    page: Callable[[int], Awaitable[tuple[list[Line], int]]], most: int | None = None
) -> list[Line]:
    """The lines of all pages of a list, which each tells how many there are; none if it has too many.

    The first is read alone, the others together.
    """
    found, total = await page(1)
    read = 1
    while read * PAGE_SIZE < total and (most is None or total <= most * PAGE_SIZE):
        numbers = range(read + 1, -(-total // PAGE_SIZE) + 1)
        pages = await asyncio.gather(*map(page, numbers))
        found += [line for lines, _ in pages for line in lines]
        read, total = numbers[-1], max(each for _, each in pages)
    return found if most is None or total <= most * PAGE_SIZE else []


def _summary(item: Mapping[str, Any], kind: str) -> Summary:
    script = item.get("Script") or {}
    return Summary(
        id=str(item.get("Id")),
        name=str(item.get("Name") or ""),
        path=str(script.get("Path") or item.get("Name") or ""),
        kind=str(item.get("Type") or kind),
        modified=integer(item.get("ModifyTime")),
        line=_digest(item),
    )


def document_of(spec: str) -> dict[str, Any]:
    """The FlowSpec document that a text holds; raises Unreachable if it holds none."""
    document = read_json(spec)
    if document is not None and isinstance(document.get("spec"), dict):
        return document
    raise Unreachable("the service returned a workflow whose Spec is not a FlowSpec document")
