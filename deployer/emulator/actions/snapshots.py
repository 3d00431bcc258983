"""The history of an object: list its snapshots, read one (docs/service.md B-49)."""

import json
from typing import Any

from deployer.emulator import reading, snapshots
from deployer.emulator.actions.paging import page
from deployer.emulator.failures import invalid, not_found
from deployer.emulator.operations import Operation, Param, Params, query
from deployer.emulator.snapshots import Snapshot
from deployer.emulator.world import World


def list_snapshots(world: World, params: Params) -> dict[str, Any]:
    """Answer ListSnapshots, the newest first; `Type` may name several types with commas."""
    asked = page(params)
    if not params["Namespace"].isascii() or not params["Namespace"].isdigit():
        raise invalid("Namespace")
    types = [part.strip() for part in params["Type"].split(",")]
    if not set(types) <= set(snapshots.TYPES):
        raise invalid("Type")
    project = min(int(params["Namespace"]), 2**63 - 1)
    found = snapshots.listed(world, project, params["ObjectId"], types)
    return {
        "PagingInfo": {
            "PageNumber": asked.number,
            "PageSize": asked.size,
            "Snapshots": [_item(one) for one in found[asked.offset : asked.offset + asked.size]],
            "TotalCount": len(found),
        }
    }


def get_snapshot(world: World, params: Params) -> dict[str, Any]:
    """Answer GetSnapshot: the workflow's spec, for a node also its script."""
    snapshot = snapshots.find(world, params["Id"])
    if snapshot is None:
        raise not_found("Snapshot", params["Id"])
    script = _script(snapshot)
    content = {"Spec": snapshot.spec, **({} if script is None else {"Content": script})}
    return {"Snapshot": {**_item(snapshot), "Content": content}}


def _item(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "Comment": snapshot.comment,
        "CreateTime": snapshot.created,
        "Creator": snapshot.creator,
        "Id": snapshot.id,
        "Namespace": str(snapshot.project),
        "ObjectId": snapshot.object,
        "Type": snapshot.type,
        "Version": snapshot.version,
    }


def _script(snapshot: Snapshot) -> str | None:
    nodes = json.loads(snapshot.spec)["spec"]["workflows"][0]["nodes"]
    for node in nodes:
        for one in (node, *reading.nested(node)):
            if one["id"] == snapshot.object:
                return str(one["script"].get("content", ""))
    return None


OPERATIONS = {
    "ListSnapshots": Operation(
        "POST",
        (
            Param("Namespace", "query", required=True),
            Param("ObjectId", "query", required=True),
            query("PageNumber", "integer"),
            query("PageSize", "integer"),
            Param("Type", "query", required=True),
        ),
        list_snapshots,
    ),
    "GetSnapshot": Operation("POST", (Param("Id", "query", required=True),), get_snapshot),
}
