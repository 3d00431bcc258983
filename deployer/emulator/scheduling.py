"""The scheduling side: what is online, apart from the drafts, with integer ids of its own (B-24).

Workflows and tasks as values, their rows, and who waits for whom.
"""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from deployer.emulator.settings import next_count

Fields = dict[str, Any]
Env = Literal["Prod", "Dev"]

NO_WORKFLOW = 1
"""The `WorkflowId` of scheduled tasks in calls that do not name their workflow (B-90, U-25)."""

_FIRST_ID = 1_000_000_000


@dataclass(frozen=True, slots=True)
class OnlineWorkflow:
    """A workflow as it is online; `object` is the id of its draft."""

    env: str
    id: int
    project: int
    object: str
    kind: str
    name: str
    owner: str
    spec: Fields
    effective: int
    created: int
    modified: int


@dataclass(frozen=True, slots=True)
class OnlineTask:
    """A node as it is online; `workflow` is the scheduling id of the workflow that holds it."""

    env: str
    id: int
    workflow: int
    project: int
    object: str
    name: str
    owner: str
    command: str
    spec: Fields
    created: int
    modified: int


@dataclass(frozen=True, slots=True)
class Link:
    """Something waited for: an output, and the task that has it if there is one."""

    type: str
    output: str
    task: int | None


_TABLES = {OnlineWorkflow: "online_workflow", OnlineTask: "online_task"}


def new_id(db: sqlite3.Connection) -> int:
    """Return an integer id that this file never gives twice."""
    return _FIRST_ID + next_count(db)


def save(db: sqlite3.Connection, row: OnlineWorkflow | OnlineTask) -> None:
    """Insert a row, or replace the one with its id."""
    values = asdict(row)
    values["spec"] = json.dumps(row.spec, ensure_ascii=False, separators=(",", ":"))
    marks = ", ".join("?" * len(values))
    db.execute(
        f"INSERT OR REPLACE INTO {_TABLES[type(row)]} ({', '.join(values)}) VALUES ({marks})",
        tuple(values.values()),
    )


def workflow(db: sqlite3.Connection, env: str, workflow_id: int) -> OnlineWorkflow | None:
    """Return the online workflow with this id."""
    query = "SELECT * FROM online_workflow WHERE env = ? AND id = ?"
    row = db.execute(query, (env, workflow_id)).fetchone()
    return as_workflow(row) if row else None


def workflow_of(db: sqlite3.Connection, env: str, object_id: str) -> OnlineWorkflow | None:
    """Return what is online of a draft workflow."""
    query = "SELECT * FROM online_workflow WHERE env = ? AND object = ?"
    row = db.execute(query, (env, object_id)).fetchone()
    return as_workflow(row) if row else None


def task(db: sqlite3.Connection, env: str, task_id: int) -> OnlineTask | None:
    """Return the task with this id."""
    query = "SELECT * FROM online_task WHERE env = ? AND id = ?"
    row = db.execute(query, (env, task_id)).fetchone()
    return as_task(row) if row else None


def tasks_of(db: sqlite3.Connection, env: str, workflow_id: int) -> list[OnlineTask]:
    """Return the tasks of an online workflow, by id."""
    query = "SELECT * FROM online_task WHERE env = ? AND workflow = ? ORDER BY id"
    return [as_task(row) for row in db.execute(query, (env, workflow_id))]


def id_of(db: sqlite3.Connection, table: str, object_id: str) -> int | None:
    """Return the id that a draft's object has in either environment."""
    row = db.execute(f"SELECT id FROM {table} WHERE object = ? LIMIT 1", (object_id,)).fetchone()
    return int(row[0]) if row else None


def outputs(db: sqlite3.Connection, env: str, holder: int) -> list[str]:
    """Return the outputs of an online workflow or task."""
    query = "SELECT data FROM online_output WHERE env = ? AND holder = ? ORDER BY data"
    return [str(row[0]) for row in db.execute(query, (env, holder))]


def replace_links(
    db: sqlite3.Connection,
    env: str,
    holder: tuple[int, int],
    has: Iterable[str],
    waits_for: Iterable[tuple[str, str]],
) -> None:
    """Set the outputs of a workflow or task, and what it waits for; `holder` is id and project."""
    forget_links(db, env, holder[0])
    db.executemany(
        "INSERT OR IGNORE INTO online_output VALUES (?, ?, ?, ?)",
        [(env, *holder, data) for data in has],
    )
    db.executemany(
        "INSERT OR IGNORE INTO online_edge VALUES (?, ?, ?, ?)",
        [(env, holder[0], kind, output) for kind, output in waits_for],
    )


def forget_links(db: sqlite3.Connection, env: str, holder: int) -> None:
    """Remove the outputs and edges of a workflow or task."""
    for table in ("online_output", "online_edge"):
        db.execute(f"DELETE FROM {table} WHERE env = ? AND holder = ?", (env, holder))


def waits(db: sqlite3.Connection, env: str, holder: int) -> list[Link]:
    """Return what a workflow or task itself names as what it waits for."""
    query = (
        "SELECT edge.type, edge.output, online_task.id AS task FROM online_edge AS edge"
        " LEFT JOIN online_output ON online_output.env = edge.env"
        " AND online_output.data = edge.output"
        # The output of a workflow stands for all its tasks.
        " LEFT JOIN online_task ON"
        " (online_task.env = edge.env AND online_task.id = online_output.holder)"
        " OR (online_task.env = edge.env AND online_task.workflow = online_output.holder)"
        " WHERE edge.env = ? AND edge.holder = ? ORDER BY edge.output, edge.type, online_task.id"
    )
    found = db.execute(query, (env, holder))
    return [Link(row["type"], row["output"], row["task"]) for row in found]


def upstream(db: sqlite3.Connection, found: OnlineTask) -> list[Link]:
    """Return what a task waits for; the first tasks of a workflow wait for what it waits for."""
    own = waits(db, found.env, found.id)
    inside = {item.id for item in tasks_of(db, found.env, found.workflow)}
    if any(link.task in inside and link.type == "Normal" for link in own):
        return own
    return own + waits(db, found.env, found.workflow)


def downstream(db: sqlite3.Connection, found: OnlineTask) -> list[tuple[str, int]]:
    """Return type and id of the tasks that wait for a task."""
    query = (
        "SELECT DISTINCT edge.holder FROM online_output JOIN online_edge AS edge"
        " ON edge.env = online_output.env AND edge.output = online_output.data"
        " WHERE online_output.env = ? AND online_output.holder IN (?, ?)"
    )
    waiting: dict[int, OnlineTask] = {}
    for (holder,) in db.execute(query, (found.env, found.id, found.workflow)).fetchall():
        one = task(db, found.env, holder)
        for item in [one] if one else tasks_of(db, found.env, holder):
            waiting[item.id] = item
    return [
        (kind, item_id)
        for item_id in sorted(waiting)
        for kind in sorted(
            {link.type for link in upstream(db, waiting[item_id]) if link.task == found.id}
        )
    ]


def as_workflow(row: sqlite3.Row) -> OnlineWorkflow:
    """Return a row of table `online_workflow` as a value."""
    return OnlineWorkflow(**{**dict(row), "spec": json.loads(row["spec"])})


def as_task(row: sqlite3.Row) -> OnlineTask:
    """Return a row of table `online_task` as a value."""
    return OnlineTask(**{**dict(row), "spec": json.loads(row["spec"])})
