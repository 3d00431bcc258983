"""Instances of a workflow that run, or soon will, while somebody is about to change it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from deployer.days import between, midnight, today
from deployer.errors import NotFound
from deployer.remote.answers import integer, mapping
from deployer.remote.scheduling import NotPublished, Online, Scheduling
from deployer.remote.workspace import Remote
from deployer.transport.client import Operation

PAGE_SIZE = 500
ENDED = ("Success", "Failure")
WAITING = ("NotRun", "WaitTime", "WaitTrigger")

_TASKS = Operation("ListTaskInstances", "POST")


@dataclass(frozen=True, slots=True)
class Busy:
    """A task instance that runs, or is due at `trigger`, in ms since the epoch."""

    address: str
    instance: str
    node: str
    status: str
    trigger: int

    @property
    def running(self) -> bool:
        """Whether it has begun; of an unknown status that is assumed."""
        return self.status not in WAITING


async def busy(addresses: Sequence[str], remote: Remote, now: float, minutes: int) -> list[Busy]:
    """The task instances of these workflows that run now or are due within so many minutes.

    What is not published has none. Looks at the runs of yesterday, which may last, of today, and of
    tomorrow where that is near (docs/service.md B-82); raises what `Client.call` raises.
    """
    scheduling = Scheduling(remote)
    found: list[Busy] = []
    for address in addresses:
        try:
            online = await scheduling.workflow(address)
        except (NotFound, NotPublished):
            continue
        found += [each async for each in _of(online, remote, now, minutes)]
    return found


async def _of(online: Online, remote: Remote, now: float, minutes: int) -> AsyncIterator[Busy]:
    until = (now + minutes * 60) * 1000
    # What runs on a day has the business date before it (docs/service.md B-96).
    first, last = today(now) - timedelta(days=2), today(now + minutes * 60) - timedelta(days=1)
    for day in between(first, last):
        async for each in _tasks(online, remote, midnight(day)):
            if each.status not in ENDED and (each.running or each.trigger <= until):
                yield each


async def _tasks(online: Online, remote: Remote, biz_date: int) -> AsyncIterator[Busy]:
    page, total = 1, 1
    while (page - 1) * PAGE_SIZE < total:
        answer = await remote.client.call(
            _TASKS,
            {
                "ProjectId": remote.project,
                "Bizdate": biz_date,
                "ProjectEnv": "Prod",
                "WorkflowId": online.id,
                "PageNumber": page,
                "PageSize": PAGE_SIZE,
            },
        )
        info = mapping(answer, "PagingInfo")
        total = integer(info.get("TotalCount"))
        for item in info.get("TaskInstances") or []:
            yield Busy(
                address=online.path,
                instance=str(item.get("WorkflowInstanceId") or ""),
                node=str(item.get("TaskName") or ""),
                status=str(item.get("Status") or ""),
                trigger=integer(item.get("TriggerTime")),
            )
        page += 1
