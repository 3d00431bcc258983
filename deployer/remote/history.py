"""The history of a workflow: its snapshots (docs/service.md B-49), which not every service keeps (U-13)."""

from dataclasses import dataclass

from deployer.errors import Unreachable
from deployer.flowspec import from_wire
from deployer.model import Observed
from deployer.remote.answers import integer, mapping
from deployer.remote.workspace import PAGE_SIZE, Remote
from deployer.transport.client import Operation, read_json

_LIST = Operation("ListSnapshots", "POST", query=frozenset({"Namespace", "ObjectId", "Type"}))
_GET = Operation("GetSnapshot", "POST", query=frozenset({"Id"}))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was saved once: its number, who saved it, and when in ms since the epoch."""

    id: str
    version: int
    creator: str
    created: int


async def saved(identity: str, remote: Remote) -> list[Snapshot]:
    """What was saved of a workflow lately, the newest last."""
    params = {"Namespace": remote.project, "ObjectId": identity, "Type": "Saved"}
    paging = {"PageNumber": 1, "PageSize": PAGE_SIZE}
    answer = await remote.client.call(_LIST, {**params, **paging})
    found = mapping(answer, "PagingInfo").get("Snapshots") or []
    snapshots = [
        Snapshot(
            id=str(one.get("Id")),
            version=integer(one.get("Version")),
            creator=str(one.get("Creator") or ""),
            created=integer(one.get("CreateTime")),
        )
        for one in found
    ]
    return sorted(snapshots, key=lambda one: one.version)


async def content(snapshot: Snapshot, remote: Remote) -> Observed:
    """The workflow as it was saved; raises Unreachable where that is no FlowSpec document."""
    answer = await remote.client.call(_GET, {"Id": snapshot.id})
    spec = mapping(mapping(answer, "Snapshot"), "Content").get("Spec")
    document = read_json(spec) if isinstance(spec, str) else None
    if isinstance(document, dict) and isinstance(document.get("spec"), dict):
        return from_wire(document)
    raise Unreachable("the service returned a snapshot whose Spec is not a FlowSpec document")
