"""The scheduling side: from the path of a workflow and the names of its nodes to the ids they run by.

Those ids are not the ones of Data Studio and exist only after publishing (docs/service.md B-24, B-98).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployer.errors import DeployerError, NotFound, UsageError
from deployer.flowspec import derived_id, from_wire
from deployer.model import Workflow
from deployer.nearest import nearest
from deployer.remote.answers import integer
from deployer.remote.workspace import LISTED_TYPES, Remote
from deployer.transport.client import Operation, read_json

PAGE_SIZE = 100

_DEFINITION = Operation("GetWorkflowDefinition", "GET")
_WORKFLOW = Operation("GetWorkflow", "GET")
_LIST = Operation("ListWorkflows", "POST")
_TASKS = Operation("ListTasks", "POST")
_DOWNSTREAM = Operation("ListDownstreamTasks", "GET")


class NotPublished(DeployerError):
    """What is to run exists, but nothing of it is published yet."""


@dataclass(frozen=True, slots=True)
class Online:
    """A published workflow: its scheduling id, and those of its tasks by node name."""

    path: str
    kind: str
    id: str
    tasks: Mapping[str, str]

    def task(self, node: str) -> str:
        """The id of the task of a node; raises UsageError that names the nearest."""
        if node in self.tasks:
            return self.tasks[node]
        near = nearest(node, self.tasks)
        listed = ", ".join(f"`{name}`" for name in sorted(self.tasks)[:10])
        raise UsageError(
            f"no published node `{node}`",
            where=self.path,
            written="nothing was started",
            hint=f"did you mean `{near}`?" if near else f"its published nodes are {listed}",
        )


class Scheduling:
    """What of one project is published. Methods raise what `Client.call` raises."""

    def __init__(self, remote: Remote, env: str = "Prod") -> None:
        self._remote = remote
        self._env = env
        self._known: dict[str, Online] = {}

    async def workflow(self, path: str) -> Online:
        """The published workflow at a path; raises NotFound or NotPublished. Asks once per path."""
        if path not in self._known:
            self._known[path] = await self._read(path)
        return self._known[path]

    async def task(self, reference: str, home: str) -> str:
        """The id of a node: by its name in the workflow at `home`, or by the node's full path."""
        path, _, name = reference.rpartition("/")
        return (await self.workflow(path or home)).task(name)

    async def manual_task(self, path: str) -> str:
        """The id of a published task that is in no workflow, by its path.

        The scheduling side tells names only: of several with that name none is meant.
        """
        name = path.rpartition("/")[2]
        found = [task for task in await self._tasks_named(name) if task.get("Name") == name]
        if len(found) == 1:
            return str(found[0].get("Id"))
        if not found:
            raise self._missing(path)
        raise UsageError(
            f"{len(found)} published tasks are called `{name}`",
            where=path,
            written="nothing was started",
            hint="give the path of the workflow that holds it, and the node with `--node`",
        )

    async def downstream(self, task: str) -> list[str]:
        """The ids of the tasks that wait for a task."""
        found: list[str] = []
        page, total = 1, 1
        while (page - 1) * PAGE_SIZE < total:
            params = {"Id": task, "ProjectEnv": self._env}
            paging = {"PageNumber": page, "PageSize": PAGE_SIZE}
            answer = await self._remote.client.call(_DOWNSTREAM, {**params, **paging})
            info = answer.get("PagingInfo") or {}
            links = info.get("DownstreamTasks") or []
            found += [_linked(link) for link in links if link.get("DependencyType") == "Normal"]
            total, page = integer(info.get("TotalCount")), page + 1
        return found

    async def _read(self, path: str) -> Online:
        for identity in await self._candidates(path):
            definition = await self._definition(identity)
            drafted = None if definition is None else _drafted(definition)
            if definition is None or drafted is None or drafted.path != path:
                continue
            if not definition.get("WorkflowId"):
                raise _not_published(path)
            return await self._online(path, str(definition["WorkflowId"]), drafted.kind)
        return await self._unlisted(path)

    async def _candidates(self, path: str) -> list[str]:
        """Ids of Data Studio that may be at a path; no list shows triggered workflows (U-35)."""
        name = path.rpartition("/")[2]
        named = [each for kind in LISTED_TYPES for each in await self._remote.named(name, kind)]
        listed = [each.id for each in named if each.path == path]
        return listed or [derived_id(self._remote.project, path)]

    async def _definition(self, identity: str) -> Mapping[str, Any] | None:
        params = {"Id": identity, "ProjectId": self._remote.project}
        try:
            answer = await self._remote.client.call(_DEFINITION, params)
        except NotFound:
            return None
        found: Mapping[str, Any] = answer.get("WorkflowDefinition") or {}
        return found

    async def _online(self, path: str, identity: str, kind: str) -> Online:
        params = {"Id": identity, "EnvType": self._env}
        try:
            answer = await self._remote.client.call(_WORKFLOW, params)
        except NotFound as missing:
            raise _not_published(path, self._env) from missing
        tasks = (answer.get("Workflow") or {}).get("Tasks") or []
        named = {str(task.get("Name")): str(task.get("Id")) for task in tasks}
        return Online(path, kind, identity, named)

    async def _unlisted(self, path: str) -> Online:
        """A published workflow that Data Studio does not list: its nodes tell whether it is the one."""
        name = path.rpartition("/")[2]
        params = {"ProjectId": self._remote.project, "EnvType": self._env, "Name": name}
        paging = {"PageNumber": 1, "PageSize": PAGE_SIZE}
        answer = await self._remote.client.call(_LIST, {**params, **paging})
        for item in (answer.get("PagingInfo") or {}).get("Workflows") or []:
            if item.get("Name") != name:
                continue
            online = await self._online(path, str(item.get("Id")), "TriggerWorkflow")
            node = next(iter(online.tasks), "")
            if node and await self._remote.node_ids_at(f"{path}/{node}", node):
                return online
        raise self._missing(path)

    async def _tasks_named(self, name: str) -> list[Mapping[str, Any]]:
        params = {"ProjectId": self._remote.project, "ProjectEnv": self._env, "Name": name}
        paging = {"PageNumber": 1, "PageSize": PAGE_SIZE}
        answer = await self._remote.client.call(_TASKS, {**params, **paging})
        found: list[Mapping[str, Any]] = (answer.get("PagingInfo") or {}).get("Tasks") or []
        return found

    def _missing(self, path: str) -> NotFound:
        return NotFound(
            f"there is no workflow at `{path}`",
            where=f"project {self._remote.project}",
            hint="give the path that `deployer plan` shows",
        )


def _linked(link: Mapping[str, Any]) -> str:
    return str((link.get("Task") or {}).get("Id"))


def _drafted(definition: Mapping[str, Any]) -> Workflow | None:
    """The workflow that a definition's document describes, None where it is none."""
    document = read_json(str(definition.get("Spec") or ""))
    sound = document is not None and isinstance(document.get("spec"), dict)
    return from_wire(document).workflow if document is not None and sound else None


def _not_published(path: str, env: str = "") -> NotPublished:
    place = " for development" if env == "Dev" else ""
    return NotPublished(
        f"`{path}` is not published{place}",
        written="nothing was started",
        hint=f"publish it first: `deployer publish {path}`",
    )
