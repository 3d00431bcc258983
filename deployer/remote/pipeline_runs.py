"""The shapes of publishing: pipeline runs, their stages, and what they carry (docs/service.md B-60..).

Everything a caller gets back is a value; paging and FlowSpec inside strings stay in here. What a
lost answer means, and which stage comes next, is for the caller to decide.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from deployer.remote.answers import about, given, integer, mapping
from deployer.transport.client import Client, Operation, read_json

PAGE_SIZE = 100
SUCCESS = "Success"
ENDED = frozenset({SUCCESS, "Fail", "Termination", "Cancel", "Terminated", "Canceled", "Cancelled"})
"""The statuses that a pipeline or a stage does not leave; an unknown one is none of them (B-62, U-15)."""

ChangeType = Literal["Online", "Offline"]

_CREATE = Operation("CreatePipelineRun", "POST")
_GET = Operation("GetPipelineRun", "GET", fits=about("Pipeline", same="Id"))
_LIST = Operation("ListPipelineRuns", "GET", fits=about("PagingInfo"))
_ITEMS = Operation("ListPipelineRunItems", "GET", fits=about("PagingInfo"))
_EXEC = Operation("ExecPipelineRunStage", "POST", query=frozenset({"ProjectId"}))
_ABOLISH = Operation("AbolishPipelineRun", "POST")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a pipeline run; `step` is 0 where the service told none."""

    code: str
    type: str
    status: str
    step: int = 0
    name: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """A pipeline run as last seen; `created` and `modified` in ms since the epoch."""

    id: str
    status: str
    stages: tuple[Stage, ...] = ()
    message: str = ""
    description: str = ""
    creator: str = ""
    created: int = 0
    modified: int = 0

    @property
    def ended(self) -> bool:
        """Whether the status is final; only `Success` is success (docs/service.md B-66)."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a pipeline run carries; `document` is its FlowSpec, None where not told."""

    name: str
    type: str
    status: str
    version: int
    document: dict[str, Any] | None


class PipelineRuns:
    """The pipeline runs of one project. Raises what `Client.call` raises."""

    def __init__(self, client: Client, project: str) -> None:
        self._client = client
        self.project = project

    @property
    def client(self) -> Client:
        """What carries the calls."""
        return self._client

    async def create(self, object_id: str, kind: ChangeType, description: str) -> str:
        """Makes a run for one object, as only the first of several counts (B-60); its id."""
        answer = await self._client.call(
            _CREATE,
            {
                "ProjectId": self.project,
                "Type": kind,
                "ObjectIds": json.dumps([object_id]),
                "Description": description,
            },
        )
        return given(answer.get("Id"), answer, _CREATE)

    async def get(self, identity: str) -> PipelineRun:
        """The run as it stands, with its stages."""
        answer = await self._client.call(_GET, {"Id": identity, "ProjectId": self.project})
        return _run(mapping(answer, "Pipeline"))

    async def of_object(self, object_id: str) -> list[PipelineRun]:
        """All runs about one object, the newest first."""
        pages = [page async for page, _ in self.pages(object_id)]
        return newest_first([run for page in pages for run in page])

    async def items(self, identity: str) -> list[Item]:
        """What a run carries, on all pages."""
        found: list[Item] = []
        page, total = 1, 1
        while (page - 1) * PAGE_SIZE < total:
            params = {"ProjectId": self.project, "PipelineRunId": identity}
            answer = await self._client.call(_ITEMS, {**params, **_paging(page)})
            info = mapping(answer, "PagingInfo")
            total = integer(info.get("TotalCount"))
            found += [_item(each) for each in info.get("PipelineRunItems") or []]
            page += 1
        return found

    async def execute(self, identity: str, code: str) -> None:
        """Sets a stage going; success says no more than that it was triggered (B-63)."""
        params = {"Id": identity, "Code": code, "ProjectId": self.project}
        await self._client.call(_EXEC, params)

    async def abolish(self, identity: str) -> None:
        """Ends a run without success (B-71)."""
        await self._client.call(_ABOLISH, {"Id": identity, "ProjectId": self.project})

    async def pages(
        self, object_id: str | None = None
    ) -> AsyncIterator[tuple[list[PipelineRun], bool]]:
        """The runs of one object, or of all, page by page as told; and whether it is the last page."""
        page, total = 1, 1
        while (page - 1) * PAGE_SIZE < total:
            params = {"ProjectId": self.project, "ObjectId": object_id}
            answer = await self._client.call(_LIST, {**params, **_paging(page)})
            info = mapping(answer, "PagingInfo")
            total = integer(info.get("TotalCount"))
            found = [_run(each) for each in info.get("PipelineRuns") or []]
            yield found, page * PAGE_SIZE >= total
            page += 1


def newest_first(runs: list[PipelineRun]) -> list[PipelineRun]:
    """By the last change, then by creation; the service's own order only breaks ties."""
    return sorted(runs, key=lambda run: (-run.modified, -run.created))


def _run(told: Mapping[str, Any]) -> PipelineRun:
    return PipelineRun(
        id=str(told.get("Id") or ""),
        status=str(told.get("Status") or ""),
        stages=tuple(_stage(each) for each in told.get("Stages") or []),
        message=str(told.get("Message") or ""),
        description=str(told.get("Description") or ""),
        creator=str(told.get("Creator") or ""),
        created=integer(told.get("CreateTime")),
        modified=integer(told.get("ModifyTime")),
    )


def _stage(told: Mapping[str, Any]) -> Stage:
    return Stage(
        code=str(told.get("Code") or ""),
        type=str(told.get("Type") or ""),
        status=str(told.get("Status") or ""),
        step=integer(told.get("Step")),
        name=str(told.get("Name") or ""),
        message=str(told.get("Message") or ""),
    )


def _item(told: Mapping[str, Any]) -> Item:
    spec = told.get("Spec")
    document = read_json(spec) if isinstance(spec, str) else None
    return Item(
        name=str(told.get("Name") or ""),
        type=str(told.get("Type") or ""),
        status=str(told.get("Status") or ""),
        version=integer(told.get("Version")),
        document=document if isinstance(document, dict) else None,
    )


def _paging(page: int) -> dict[str, int]:
    return {"PageNumber": page, "PageSize": PAGE_SIZE}
