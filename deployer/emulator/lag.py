"""Older states of a workflow: for reads that lag behind a write, and imports that start too early.

A state is every row of a workflow as text. A late read puts the old rows back, answers from them
and undoes that, so that whatever it shows fits together (docs/service.md U-27, U-28).
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from deployer.emulator import effects, rows
from deployer.emulator.failures import ApiError
from deployer.emulator.operations import Handler, Params
from deployer.emulator.store import savepoint
from deployer.emulator.world import World

Scope = Literal["get", "list"]
_LAG = re.compile(r"(get|list)\(([0-9]+)(reads|s)\)")
_OWNED = {"node": "workflow", "edge": "workflow", "output": "workflow"}
_INNER = "SELECT inner_node.* FROM inner_node JOIN node ON node.id = node WHERE workflow = ?"


class LateRefusal(ApiError):
    """A refusal that was read from an older state; `reads` are the states that it used up once."""

    def __init__(self, refused: ApiError, reads: list[int]) -> None:
        super().__init__(refused.status, refused.code, refused.message)
        self.reads = reads


class _Shown(Exception):
    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__()
        self.answer = answer


@contextmanager
def changing(world: World, workflow_id: str) -> Iterator[None]:
    """Every change of a workflow happens inside: it is logged, and reads may be late to see it."""
    for scope, number, unit in _LAG.findall(world.switches.read_lag):
        until = world.now + int(number) * 1000 if unit == "s" else 0
        reads = int(number) if unit == "reads" else 0
        state = state_of(world.db, workflow_id)
        world.db.execute(
            "INSERT INTO past (workflow, scope, until, reads, state) VALUES (?, ?, ?, ?, ?)",
            (workflow_id, scope, until, reads, state),
        )
    with effects.watched(world, workflow_id):
        yield


def late(scope: Scope, handler: Handler) -> Handler:
    """Return the handler of a reading operation, which may answer from older states."""

    def answer(world: World, params: Params) -> dict[str, Any]:
        if world.switches.read_lag == "none":
            return handler(world, params)
        return _late_answer(world, scope, params, lambda: handler(world, params))

    return answer


def settle(world: World, refused: ApiError) -> None:
    """Count the reads of a call whose work was undone because it was refused."""
    if isinstance(refused, LateRefusal):
        _count(world.db, refused.reads)


def state_of(db: sqlite3.Connection, workflow_id: str) -> str:
    """Return all that is stored of a workflow, as text; of none, too."""
    found = {"workflow": _rows(db, "SELECT * FROM workflow WHERE id = ?", workflow_id)}
    for table, column in _OWNED.items():
        found[table] = _rows(db, f"SELECT * FROM {table} WHERE {column} = ?", workflow_id)
    found["inner_node"] = _rows(db, _INNER, workflow_id)
    return json.dumps(found)


def put_back(db: sqlite3.Connection, workflow_id: str, state: str) -> None:
    """Make a workflow what it was in this state."""
    found: Mapping[str, list[dict[str, Any]]] = json.loads(state)
    if not found["workflow"]:
        rows.delete_workflow(db, workflow_id)
        return
    for table, column in _OWNED.items():
        db.execute(f"DELETE FROM {table} WHERE {column} = ?", (workflow_id,))
    rows.save(db, rows.Workflow(**_parsed(found["workflow"][0])))
    for node in found["node"]:
        rows.save(db, rows.Node(**_parsed(node)))
    for table in ("edge", "output", "inner_node"):
        for row in found[table]:
            marks = ", ".join("?" * len(row))
            db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", tuple(row.values()))


def restart_from(db: sqlite3.Connection, workflow_id: str, state: str) -> None:
    """Put back a state, but for what is published: a writer that has not seen what came since."""
    query = (
        "SELECT task, id FROM workflow WHERE id = :id"
        " UNION ALL SELECT task, id FROM node WHERE workflow = :id"
    )
    tasks = [tuple(row) for row in db.execute(query, {"id": workflow_id})]
    put_back(db, workflow_id, state)
    for table in ("workflow", "node"):
        db.executemany(f"UPDATE {table} SET task = ? WHERE id = ?", tasks)


def _late_answer(
    world: World, scope: Scope, params: Params, answer: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    states = _past(world, scope, params.get("Id", "") if scope == "get" else "")
    reads = [int(row["id"]) for row in states]
    oldest = {row["workflow"]: row["state"] for row in reversed(states)}
    try:
        with savepoint(world.db):
            for workflow_id, state in oldest.items():
                put_back(world.db, workflow_id, state)
            raise _Shown(answer())
    except _Shown as shown:
        _count(world.db, reads)
        return shown.answer
    except ApiError as err:
        raise LateRefusal(err, reads) from err


def _past(world: World, scope: Scope, object_id: str) -> list[sqlite3.Row]:
    world.db.execute("DELETE FROM past WHERE reads = 0 AND until <= ?", (world.now,))
    query = "SELECT * FROM past WHERE scope = ? ORDER BY id"
    found = world.db.execute(query, (scope,)).fetchall()
    if not object_id:
        return found
    now = rows.holder(world.db, object_id)
    about = now.workflow if now else ""
    return [row for row in found if about == row["workflow"] or f'"{object_id}"' in row["state"]]


def _count(db: sqlite3.Connection, reads: list[int]) -> None:
    for number in reads:
        db.execute("UPDATE past SET reads = reads - 1 WHERE id = ? AND reads > 0", (number,))


def _rows(db: sqlite3.Connection, query: str, workflow_id: str) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute(query, (workflow_id,))]


def _parsed(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "spec": json.loads(row["spec"])}
