"""Calls that only a probe makes, and answers as they come: what the service is like shows in them.

The shapes that commands rely on are in `workspace`; nothing here is read by them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployer.errors import NotFound
from deployer.remote.answers import given, mapping
from deployer.transport.client import Client, Operation, read_json
from deployer.transport.request import Params

_PROJECT = Operation("GetProject", "GET")
_IMPORT = Operation("ImportWorkflowDefinition", "POST", deadline=60.0)
_JOB = Operation("GetJobStatus", "GET")
_GET = Operation("GetWorkflowDefinition", "GET")
_UPDATE_NODE = Operation("UpdateNode", "POST")
_DELETE_NODE = Operation("DeleteNode", "POST")
_DELETE = Operation("DeleteWorkflowDefinition", "POST")
_SNAPSHOTS = Operation(
    "ListSnapshots",
    "POST",
    query=frozenset(("Namespace", "ObjectId", "Type", "PageNumber", "PageSize")),
)


@dataclass(frozen=True, slots=True)
class Live:
    """A workflow as a read shows it: when it says that it was changed, and its document."""

    modified: str
    document: Mapping[str, Any]


class Trials:
    """One project of DataWorks. Raises what `Client.call` raises."""

    def __init__(self, client: Client, project: str) -> None:
        self._client = client
        self._project = project

    async def access(self) -> None:
        """Calls that anybody who may read can make."""
        await self._client.call(_PROJECT, {"Id": self._project})

    async def start(self, document: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        """Starts an import, or its validation alone; the job as the answer shows it, with its id."""
        params = {"ProjectId": self._project, "Spec": _text(document)}
        answer = await self._client.call(_IMPORT, {**params, "DryRun": True if dry_run else None})
        job = dict(mapping(answer, "AsyncJob"))
        given(job.get("Id"), answer, _IMPORT)
        return job

    async def job(self, identity: str) -> dict[str, Any] | None:
        """The job as it stands; None if the service knows it no more."""
        try:
            return dict(mapping(await self._client.call(_JOB, {"JobId": identity}), "JobStatus"))
        except NotFound:
            return None

    async def live(self, identity: str) -> Live | None:
        """The workflow as it stands; None if a read shows none."""
        params: Params = {
            "Id": identity,
            "ProjectId": self._project,
            "IncludeScriptContent": True,
        }
        try:
            answer = await self._client.call(_GET, params)
        except NotFound:
            return None
        found = mapping(answer, "WorkflowDefinition")
        document = read_json(str(found.get("Spec")))
        if not isinstance(document, dict):
            return None
        return Live(str(found.get("ModifyTime")), document)

    async def update_node(self, identity: str, document: Mapping[str, Any]) -> None:
        """Changes one node to what a document of kind Node says."""
        params = {"Id": identity, "ProjectId": self._project, "Spec": _text(document)}
        await self._client.call(_UPDATE_NODE, params)

    async def snapshots(self, identity: str) -> int:
        """How many snapshots of what was saved there are of an object."""
        params = {"Namespace": self._project, "ObjectId": identity, "Type": "Saved"}
        answer = await self._client.call(_SNAPSHOTS, {**params, "PageNumber": 1, "PageSize": 10})
        return int(mapping(answer, "PagingInfo").get("TotalCount") or 0)

    async def delete_node(self, identity: str) -> None:
        """Deletes a node that is not published."""
        await self._client.call(_DELETE_NODE, {"Id": identity, "ProjectId": self._project})

    async def delete(self, identity: str) -> None:
        """Deletes a workflow that is not published."""
        await self._client.call(_DELETE, {"Id": identity, "ProjectId": self._project})


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
