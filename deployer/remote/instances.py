"""The shapes of running: CreateWorkflowInstances and what lists, shows, stops and repeats instances.

Everything a caller gets back is a value of its own; paging and the spellings of the wire stay in
here. Which instances a run needs, and what a lost answer means, is for the caller to decide.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from deployer.days import midnight
from deployer.remote.answers import about, given, integer, mapping
from deployer.remote.workspace import Remote
from deployer.runs import Instance, Stopped, TaskInstance
from deployer.transport.client import Operation

PAGE_SIZE = 100
_TASK_PAGE_SIZE = 500

_CREATE = Operation("CreateWorkflowInstances", "POST")
_CREATED = Operation("GetCreateWorkflowInstancesResult", "GET", fits=about("Result"))
_LIST = Operation("ListWorkflowInstances", "POST", fits=about("PagingInfo"))
_GET = Operation("GetWorkflowInstance", "GET", fits=about("WorkflowInstance"))
_TASKS = Operation("ListTaskInstances", "POST", fits=about("PagingInfo"))
_LOG = Operation("GetTaskInstanceLog", "GET")
_STOP = Operation("StopWorkflowInstances", "POST")
_RERUN = Operation("RerunWorkflowInstances", "POST")
_RERUN_RESULT = Operation("GetRerunWorkflowInstancesResult", "POST", frozenset({"OperationId"}))

Params = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class Search:
    """Which instances of a business date are meant; what is left empty does not narrow (B-95)."""

    biz_date: date
    env: str = ""
    ids: tuple[str, ...] = ()
    name: str = ""
    owner: str = ""
    type: str = ""
    workflow: str = ""
    unified: str = ""
    tags: tuple[str, ...] = ()
    status: str = ""
    executed_on: date | None = None
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and how many instances there are on all pages."""

    instances: tuple[Instance, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Creation:
    """How far the making of instances is: `Creating`, `Created`, `CreateFailure` (B-92)."""

    status: str
    instances: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """What of finished instances of a manual workflow is to run again (B-99)."""

    workflow: str
    ids: tuple[str, ...]
    env: str = ""
    nodes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    downstream: bool = False


@dataclass(frozen=True, slots=True)
class Instances:
    """The instances of one project. Methods raise what `Client.call` raises."""

    remote: Remote = field(repr=False)

    async def create(self, params: Params) -> str:
        """Asks for instances; the id of the operation that makes them."""
        answer = await self.remote.client.call(
            _CREATE, {"ProjectId": self.remote.project, **params}
        )
        return given(answer.get("OperationId"), answer, _CREATE)

    async def creation(self, operation: str) -> Creation:
        """How far an operation is."""
        answer = await self.remote.client.call(_CREATED, {"OperationId": operation})
        result = mapping(answer, "Result")
        return Creation(
            status=str(result.get("Status") or ""),
            instances=tuple(str(each) for each in result.get("WorkflowInstanceIds") or ()),
            message=str(result.get("FailureMessage") or ""),
        )

    async def page(self, search: Search, number: int = 1, size: int = PAGE_SIZE) -> Page:
        """One page of the instances that a search means."""
        params = {**self._search(search), "PageNumber": number, "PageSize": size}
        info = mapping(await self.remote.client.call(_LIST, params), "PagingInfo")
        found = tuple(_instance(item) for item in info.get("WorkflowInstances") or ())
        return Page(found, integer(info.get("TotalCount")))

    async def every(self, search: Search) -> AsyncIterator[Instance]:
        """All instances that a search means, each once: new ones move the pages while one reads."""
        number, seen = 1, set[str]()
        while True:
            page = await self.page(search, number)
            for instance in page.instances:
                if instance.id not in seen:
                    seen.add(instance.id)
                    yield instance
            if not page.instances or number * PAGE_SIZE >= page.total:
                return
            number += 1

    async def get(self, identity: str) -> Instance:
        """The instance with that id; raises NotFound."""
        answer = await self.remote.client.call(_GET, {"Id": identity})
        return _instance(mapping(answer, "WorkflowInstance"))

    async def tasks(self, instance: Instance) -> tuple[TaskInstance, ...]:
        """The task instances of an instance, in the order of their ids."""
        found: list[TaskInstance] = []
        page, total = 1, 1
        while (page - 1) * _TASK_PAGE_SIZE < total:
            params: Params = {
                "ProjectId": self.remote.project,
                # Spelt so here, and `BizDate` in the list of workflow instances.
                "Bizdate": instance.biz_date,
                "ProjectEnv": instance.env or None,
                "WorkflowInstanceId": instance.id,
                "SortBy": "Id Asc",
                "PageNumber": page,
                "PageSize": _TASK_PAGE_SIZE,
            }
            info = mapping(await self.remote.client.call(_TASKS, params), "PagingInfo")
            found += [_task(item) for item in info.get("TaskInstances") or ()]
            total, page = integer(info.get("TotalCount")), page + 1
        return tuple(found)

    async def log(self, task_instance: str) -> str:
        """What the latest run of a task wrote."""
        answer = await self.remote.client.call(_LOG, {"Id": task_instance})
        return str(answer.get("TaskInstanceLog") or "")

    async def stop(self, ids: Sequence[str], comment: str = "") -> dict[str, Stopped]:
        """Asks for the end of instances; the service's answer for each id."""
        params = {"Ids": _numbers(ids), "Comment": comment or None}
        answers = mapping(await self.remote.client.call(_STOP, params), "SuccessInfo")
        return {identity: _stopped(answers.get(identity)) for identity in ids}

    async def rerun(self, again: Again) -> str:
        """Asks for another run; the id of the operation that begins it."""
        wish = {
            "TaskInstanceStatuses": list(again.statuses),
            "TaskIds": [int(each) for each in again.nodes],
            "RerunDownstreamEnabled": again.downstream,
        }
        params = {
            "ProjectId": self.remote.project,
            "Type": "ManualWorkflow",
            "WorkflowId": again.workflow,
            "Ids": _numbers(again.ids),
            "EnvType": again.env or None,
            "Filter": compact({key: value for key, value in wish.items() if value}),
        }
        answer = await self.remote.client.call(_RERUN, params)
        return given(answer.get("OperationId"), answer, _RERUN)

    async def rerun_result(self, operation: str) -> Creation:
        """How far the beginning of another run is: `NotRun`, `Success`, `Failure`."""
        answer = await self.remote.client.call(_RERUN_RESULT, {"OperationId": operation})
        result = mapping(answer, "Result")
        message = str(result.get("FailureMessage") or "")
        return Creation(status=str(result.get("Status") or ""), message=message)

    def _search(self, search: Search) -> dict[str, str | int | None]:
        executed = search.executed_on and str(midnight(search.executed_on))
        narrowed = {"status": search.status, "executionDate": executed}
        narrowed = {key: value for key, value in narrowed.items() if value}
        return {
            "ProjectId": self.remote.project,
            "BizDate": midnight(search.biz_date),
            "EnvType": search.env or None,
            "Ids": _numbers(search.ids) if search.ids else None,
            "Name": search.name or None,
            "Owner": search.owner or None,
            "Type": search.type or None,
            "WorkflowId": search.workflow or None,
            "UnifiedWorkflowInstanceId": search.unified or None,
            "Tags": compact(list(search.tags)) if search.tags else None,
            "Filter": compact(narrowed) if narrowed else None,
            "SortBy": search.sort or None,
        }


def compact(value: Any) -> str:
    """JSON as the wire has it: without blanks, text as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _numbers(ids: Sequence[str]) -> str:
    return compact([int(each) for each in ids])


def _stopped(answer: Any) -> Stopped:
    if not isinstance(answer, dict):
        return Stopped(taken=False, message="the answer does not tell")
    taken = str(answer.get("Success")).lower() == "true"
    return Stopped(taken, str(answer.get("Message") or ""))


def _instance(item: Mapping[str, Any]) -> Instance:
    return Instance(
        id=_text(item, "Id"),
        name=_text(item, "Name"),
        type=_text(item, "Type"),
        status=_text(item, "Status"),
        biz_date=_moment(item, "BizDate") or 0,
        env=_text(item, "EnvType"),
        owner=_text(item, "Owner"),
        workflow=_text(item, "WorkflowId"),
        unified=_text(item, "UnifiedWorkflowInstanceId"),
        task_instance=_text(item, "WorkflowTaskInstanceId"),
        parameters=_text(item, "WorkflowParameters"),
        tags={_text(tag, "Key"): _text(tag, "Value") for tag in item.get("Tags") or ()},
        created=_moment(item, "CreateTime"),
        created_by=_text(item, "CreateUser"),
        modified=_moment(item, "ModifyTime"),
        modified_by=_text(item, "ModifyUser"),
        started=_moment(item, "StartedTime"),
        finished=_moment(item, "FinishedTime"),
    )


def _task(item: Mapping[str, Any]) -> TaskInstance:
    return TaskInstance(
        id=_text(item, "Id"),
        name=_text(item, "TaskName"),
        type=_text(item, "TaskType"),
        status=_text(item, "Status"),
        task=_text(item, "TaskId"),
        workflow=_text(item, "WorkflowName"),
        number=_moment(item, "RunNumber") or 1,
        started=_moment(item, "StartedTime"),
        finished=_moment(item, "FinishedTime"),
    )


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    return "" if value is None else str(value)


def _moment(item: Mapping[str, Any], key: str) -> int | None:
    """A number, which some answers write as text."""
    text = _text(item, key)
    return int(text) if text.isdecimal() else None
