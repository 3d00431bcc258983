"""The history of workflows and nodes: what was saved, published or taken offline, and by whom.

A snapshot outlives its object, so that lost content can be found again (docs/service.md B-49,
U-13).
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deployer.emulator import rows, writing
from deployer.emulator.world import ACCOUNT, World

TYPES = ("Saved", "Deployed", "UnDeployed")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An object as it was; `spec` is the text of its whole workflow, empty in lists."""

    id: str
    project: int
    object: str
    type: str
    version: int
    comment: str
    creator: str
    created: int
    spec: str = ""


def take(world: World, object_id: str, kind: str, comment: str = "", creator: str = ACCOUNT) -> str:
    """Keep a workflow or node as it is now and return the snapshot's id, empty for no such object.

    `kind` is one of TYPES.
    """
    holder = rows.holder(world.db, object_id)
    if holder is None:
        return ""
    return take_all(world, holder.workflow, [object_id], kind, comment, creator)[0]


def take_all(
    world: World,
    workflow_id: str,
    objects: Iterable[str],
    kind: str,
    comment: str = "",
    creator: str = ACCOUNT,
    text: str = "",
) -> list[str]:
    """Keep several objects of one workflow, which is written down once; return their ids.

    `text` is the workflow as it is to be kept, left out for the workflow as it is now.
    """
    workflow = rows.workflow(world.db, workflow_id)
    if workflow is None:
        return []
    text = text or writing.workflow_text(world, workflow, content=True)
    packed = zlib.compress(text.encode(errors="replace"), 1)
    spec = world.db.execute("INSERT INTO snapshot_spec (spec) VALUES (?)", (packed,)).lastrowid
    ids = []
    for object_id in objects:
        ids.append(world.new_id())
        world.db.execute(
            "INSERT INTO snapshot VALUES (?, ?, ?, ?, 1 + coalesce("
            "(SELECT max(version) FROM snapshot WHERE object = ?), 0), ?, ?, ?, ?)",
            (
                *(ids[-1], workflow.project, object_id, kind, object_id),
                *(comment, creator, world.now, spec),
            ),
        )
    return ids


def listed(world: World, project: int, object_id: str, types: Sequence[str]) -> list[Snapshot]:
    """Return the snapshots of an object without their specs, the newest first."""
    found = world.db.execute(
        "SELECT id, project, object, type, version, comment, creator, created FROM snapshot"
        " WHERE project = ? AND object = ? ORDER BY version DESC",
        (project, object_id),
    )
    return [Snapshot(**dict(row)) for row in found if row["type"] in types]


def find(world: World, snapshot_id: str) -> Snapshot | None:
    """Return the snapshot with this id."""
    row = world.db.execute(
        "SELECT snapshot.*, snapshot_spec.spec AS packed FROM snapshot"
        " JOIN snapshot_spec ON snapshot_spec.id = snapshot.spec WHERE snapshot.id = ?",
        (snapshot_id,),
    ).fetchone()
    if row is None:
        return None
    facts = {key: value for key, value in dict(row).items() if key != "packed"}
    return Snapshot(**{**facts, "spec": zlib.decompress(row["packed"]).decode()})
