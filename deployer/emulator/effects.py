"""The effect log: who changed what, and when; read by checkers, never rewritten.

A line is written in the transaction of the change itself, so a change that was undone has none.
What a job, a stage or a run changes is logged when it happens, with the request that asked for it.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from deployer.emulator import rows, writing
from deployer.emulator.world import World

Kind = Literal[
    "create", "update", "delete", "move", "publish", "offline", "abolish", "run", "stop", "rerun"
]

TABLES = (
    """CREATE TABLE IF NOT EXISTS effect (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, caller TEXT NOT NULL,
      request_id TEXT NOT NULL, action TEXT NOT NULL, kind TEXT NOT NULL, object TEXT NOT NULL,
      id TEXT NOT NULL, container TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL)""",
    """CREATE TRIGGER IF NOT EXISTS effect_updated BEFORE UPDATE ON effect
      BEGIN SELECT RAISE(ABORT, 'the effect log is append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS effect_deleted BEFORE DELETE ON effect
      BEGIN SELECT RAISE(ABORT, 'the effect log is append-only'); END""",
)


@dataclass(frozen=True, slots=True)
class Effect:
    """One change: `time` in virtual ms, digests of the object before and after, empty for none.

    `object` is a word for the kind of object (`workflow`, `node`, `pipeline`, ...), `container`
    the id of what it lives in.
    """

    sequence: int
    time: int
    caller: str
    request_id: str
    action: str
    kind: Kind
    object: str
    id: str
    container: str
    before: str
    after: str


def record(
    world: World,
    kind: Kind,
    what: str,
    object_id: str,
    *,
    container: str = "",
    before: Any = None,
    after: Any = None,
) -> None:
    """Append a line for the call that `world` carries out; `before` and `after` are JSON values."""
    call = world.call
    line = (world.now, call.caller, call.request_id, call.action, kind, what, object_id, container)
    world.db.execute(
        "INSERT INTO effect (time, caller, request_id, action, kind, object, id, container,"
        " before, after) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*line, digest(before), digest(after)),
    )


def read(db: sqlite3.Connection, after: int = 0) -> list[Effect]:
    """Return the lines behind the one with this sequence number, in the order of their writing."""
    found = db.execute("SELECT * FROM effect WHERE sequence > ? ORDER BY sequence", (after,))
    return [Effect(**dict(row)) for row in found]


def digest(value: Any) -> str:
    """Return a short digest of a JSON value, whatever the order of its keys; none for None."""
    if value is None:
        return ""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def as_mapping(effect: Effect) -> dict[str, Any]:
    """Return a line as JSON."""
    return asdict(effect)


@contextmanager
def watched(world: World, workflow_id: str) -> Iterator[None]:
    """Record what the block changes of a workflow and its nodes, by comparing before and after.

    The workflow itself always gets a line, so that a write without a change is seen too.
    """
    before = _state(world.db, workflow_id)
    yield
    after = _state(world.db, workflow_id)
    for entity in sorted({*before, *after}, key=lambda entity: (entity != workflow_id, entity)):
        _compare(world, workflow_id, entity, before.get(entity), after.get(entity))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A workflow or node as it was stored: where it was, and the texts of what it was."""

    place: str
    content: tuple[str, ...]
    workflow: rows.Workflow
    node: rows.Node | None = None

    def written(self, world: World) -> list[Any]:
        """Return what a read would have shown, its edges included."""
        if self.node is None:
            shown = writing.workflow_object(world, self.workflow)
        else:
            node = replace(self.node, path=self.place)
            shown = writing.node_object(world, self.workflow, node)
        return [shown, *self.content[1:]]


def _compare(
    world: World, workflow_id: str, entity: str, before: _Seen | None, after: _Seen | None
) -> None:
    own = entity == workflow_id
    moved = before and after and before.place != after.place
    if not own and before and after and not moved and before.content == after.content:
        return
    digests = [seen and seen.written(world) for seen in (before, after)]
    what, container = ("workflow", "") if own else ("node", workflow_id)
    for kind in _kinds(digests, bool(moved), own):
        facts = {"before": digests[0], "after": digests[1]}
        record(world, kind, what, entity, container=container, **facts)


def _kinds(digests: Sequence[Any], moved: bool, own: bool) -> list[Kind]:
    before, after = digests
    if before is None or after is None:
        return ["create" if before is None else "delete"]
    if moved:
        return ["move"]
    return ["update"] if own or before != after else []


def _state(db: sqlite3.Connection, workflow_id: str) -> Mapping[str, _Seen]:
    # The stored texts are compared first: most of a workflow is the same after an import.
    query = "SELECT * FROM workflow WHERE id = ?"
    stored = db.execute(query, (workflow_id,)).fetchone()
    if stored is None:
        return {}
    waits = _waits(db, workflow_id)
    workflow = rows.as_workflow(stored)
    texts = (f"{workflow.kind} {workflow.owner} {stored['spec']}", *waits.get(workflow.id, ()))
    found = {workflow.id: _Seen(workflow.path, texts, workflow)}
    for row in db.execute("SELECT * FROM node WHERE workflow = ?", (workflow_id,)):
        node = rows.as_node(row)
        texts = (f"{node.command} {row['spec']}", *waits.get(node.id, ()))
        # A node that goes along with its workflow has not moved itself.
        place = node.path.removeprefix(f"{workflow.path}/")
        found[node.id] = _Seen(place, texts, workflow, node)
    return found


def _waits(db: sqlite3.Connection, workflow_id: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    query = "SELECT * FROM edge WHERE workflow = ? ORDER BY entity, type, output"
    for row in db.execute(query, (workflow_id,)):
        found.setdefault(row["entity"], []).extend((row["type"], row["output"], row["body"]))
    return found
