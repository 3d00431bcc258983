"""The rows of the emulator's tables as values, and the few queries that read and write them."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow without its nodes and edges; `task` is its id in the scheduling system."""

    id: str
    project: int
    kind: str
    name: str
    path: str
    owner: str
    spec: Fields
    created: int
    modified: int
    task: int | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a workflow; the nodes inside its control blocks are part of its `spec`."""

    id: str
    workflow: str
    name: str
    path: str
    command: str
    spec: Fields
    created: int
    modified: int
    revision: int = 1
    task: int | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """`entity` (a workflow or a node of it) waits for `output`; `body` is the rest of the edge."""

    workflow: str
    entity: str
    type: str
    output: str
    body: Fields


@dataclass(frozen=True, slots=True)
class Job:
    """An asynchronous job; `payload` is what it is to do, gone once it ended. Times are in ms.

    `caller` and `request_id` are of the call that asked for it.
    """

    id: str
    project: int
    type: str
    status: str
    error: str
    target: str
    dry_run: bool
    created: int
    due: int
    ended: int | None
    payload: str | None
    caller: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has an id: a workflow, a node, or a node inside a control block of `node`."""

    workflow: str
    node: str = ""


def save(db: sqlite3.Connection, row: Workflow | Node | Job) -> None:
    """Insert a row, or replace the columns of the one with its id."""
    values = {field.name: _encoded(getattr(row, field.name)) for field in fields(row)}
    names = ", ".join(values)
    marks = ", ".join("?" * len(values))
    changes = ", ".join(f"{name} = excluded.{name}" for name in values if name != "id")
    db.execute(
        f"INSERT INTO {type(row).__name__.lower()} ({names}) VALUES ({marks})"
        f" ON CONFLICT (id) DO UPDATE SET {changes}",
        tuple(values.values()),
    )


def workflow(db: sqlite3.Connection, workflow_id: str) -> Workflow | None:
    """Return the workflow with this id."""
    row = db.execute("SELECT * FROM workflow WHERE id = ?", (workflow_id,)).fetchone()
    return as_workflow(row) if row else None


def nodes(db: sqlite3.Connection, workflow_id: str) -> list[Node]:
    """Return the nodes of a workflow, by id."""
    query = "SELECT * FROM node WHERE workflow = ? ORDER BY id"
    return [as_node(row) for row in db.execute(query, (workflow_id,))]


def node(db: sqlite3.Connection, node_id: str) -> Node | None:
    """Return the node with this id."""
    row = db.execute("SELECT * FROM node WHERE id = ?", (node_id,)).fetchone()
    return as_node(row) if row else None


def edges(db: sqlite3.Connection, workflow_id: str) -> list[Edge]:
    """Return the edges of a workflow and its nodes, in a stable order of no meaning."""
    query = "SELECT * FROM edge WHERE workflow = ? ORDER BY entity, output, type"
    found = db.execute(query, (workflow_id,))
    return [Edge(**{**dict(row), "body": json.loads(row["body"])}) for row in found]


def job(db: sqlite3.Connection, job_id: str) -> Job | None:
    """Return the job with this id."""
    row = db.execute("SELECT * FROM job WHERE id = ?", (job_id,)).fetchone()
    return as_job(row) if row else None


def due_jobs(db: sqlite3.Connection, now: int) -> list[Job]:
    """Return the running jobs whose time has come, the oldest first."""
    query = "SELECT * FROM job WHERE status = 'Running' AND due <= ? ORDER BY due, rowid"
    return [as_job(row) for row in db.execute(query, (now,))]


def at_path(db: sqlite3.Connection, project: int, path: str, insensitive: bool) -> Workflow | None:
    """Return a workflow at this path, or one below it, which makes the path a folder."""
    exact, below = "path = :path", "path > :path || '/' AND path < :path || '0'"
    if insensitive:
        exact, below = "path LIKE :pattern ESCAPE '!'", "path LIKE :pattern || '/%' ESCAPE '!'"
    pattern = path.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    for condition in (exact, below):
        row = db.execute(
            f"SELECT * FROM workflow WHERE project = :project AND {condition} LIMIT 1",
            {"project": project, "path": path, "pattern": pattern},
        ).fetchone()
        if row:
            return as_workflow(row)
    return None


def holder(db: sqlite3.Connection, entity_id: str) -> Holder | None:
    """Return who has this id, of whichever workflow."""
    row = db.execute(
        "SELECT id AS workflow, '' AS node FROM workflow WHERE id = :id"
        " UNION ALL SELECT workflow, id FROM node WHERE id = :id"
        " UNION ALL SELECT node.workflow, node.id FROM inner_node"
        " JOIN node ON node.id = inner_node.node WHERE inner_node.id = :id",
        {"id": entity_id},
    ).fetchone()
    return Holder(row["workflow"], row["node"]) if row else None


def producers(db: sqlite3.Connection, workflow_id: str, mark: str, value: str) -> dict[str, str]:
    """Return the name of the workflow or node behind each output that a workflow's edges name.

    `mark` in an edge stands for `value`, which outputs are stored with.
    """
    found = db.execute(
        "SELECT DISTINCT edge.output, coalesce(node.name, workflow.name) AS name FROM edge"
        " LEFT JOIN output ON output.data = replace(edge.output, :mark, :value)"
        " LEFT JOIN node ON node.id = coalesce(output.entity, edge.output)"
        " LEFT JOIN workflow ON workflow.id = coalesce(output.entity, edge.output)"
        " WHERE edge.workflow = :workflow",
        {"workflow": workflow_id, "mark": mark, "value": value},
    )
    return {row["output"]: row["name"] for row in found if row["name"]}


def producer(db: sqlite3.Connection, data: str) -> str:
    """Return the id of the workflow or node that has this output, empty when nobody has."""
    known = db.execute("SELECT entity FROM output WHERE data = ? LIMIT 1", (data,)).fetchone()
    return str(known["entity"]) if known else (data if holder(db, data) else "")


def named(db: sqlite3.Connection, project: int, name: str) -> str:
    """Return the id of the node, else of the workflow, with this name in a project, or nothing."""
    row = db.execute(
        "SELECT node.id FROM node JOIN workflow ON workflow.id = node.workflow"
        " WHERE workflow.project = :project AND node.name = :name"
        " UNION ALL SELECT id FROM workflow WHERE project = :project AND name = :name",
        {"project": project, "name": name},
    ).fetchone()
    return str(row["id"]) if row else ""


def replace_outputs(
    db: sqlite3.Connection, workflow_id: str, entity: str, data: Iterable[str]
) -> None:
    """Set the declared outputs of a workflow or node."""
    db.execute("DELETE FROM output WHERE entity = ?", (entity,))
    rows = [(workflow_id, entity, name) for name in dict.fromkeys(data)]
    db.executemany("INSERT INTO output VALUES (?, ?, ?)", rows)


def replace_edges(db: sqlite3.Connection, entity: str, found: Iterable[Edge]) -> None:
    """Set what a workflow or node waits for; of edges that say the same, the first is kept."""
    db.execute("DELETE FROM edge WHERE entity = ?", (entity,))
    db.executemany(
        "INSERT OR IGNORE INTO edge VALUES (?, ?, ?, ?, ?)",
        [(e.workflow, e.entity, e.type, e.output, _encoded(e.body)) for e in found],
    )


def touch_nodes(db: sqlite3.Connection, ids: Iterable[str], now: int) -> None:
    """Set the time, in ms, at which nodes were changed last; other ids are passed over."""
    db.executemany("UPDATE node SET modified = ? WHERE id = ?", [(now, each) for each in ids])


def replace_inner(db: sqlite3.Connection, node_id: str, inner: Iterable[str]) -> None:
    """Set which nodes live inside the control blocks of a node."""
    db.execute("DELETE FROM inner_node WHERE node = ?", (node_id,))
    rows = [(inner_id, node_id) for inner_id in inner]
    db.executemany("INSERT INTO inner_node VALUES (?, ?)", rows)


def delete_node(db: sqlite3.Connection, node_id: str) -> None:
    """Remove a node with what belongs to it."""
    for table, column in (("edge", "entity"), ("output", "entity"), ("node", "id")):
        db.execute(f"DELETE FROM {table} WHERE {column} = ?", (node_id,))


def delete_workflow(db: sqlite3.Connection, workflow_id: str) -> None:
    """Remove a workflow; its nodes, edges and outputs go with it."""
    db.execute("DELETE FROM workflow WHERE id = ?", (workflow_id,))


def as_workflow(row: sqlite3.Row) -> Workflow:
    """Return a row of table `workflow` as a value."""
    return Workflow(**_decoded(row))


def as_node(row: sqlite3.Row) -> Node:
    """Return a row of table `node` as a value."""
    return Node(**_decoded(row))


def as_job(row: sqlite3.Row) -> Job:
    """Return a row of table `job` as a value."""
    return Job(**{**dict(row), "dry_run": bool(row["dry_run"])})


def _decoded(row: sqlite3.Row) -> Mapping[str, Any]:
    return {**dict(row), "spec": json.loads(row["spec"])}


def _encoded(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value
