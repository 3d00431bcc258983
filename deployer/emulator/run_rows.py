"""Operations, workflow instances and task instances as values, and their rows."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

Fields = dict[str, Any]

FINAL = ("Success", "Failure")
"""The states that an instance does not leave by itself (docs/service.md B-94)."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An asynchronous creation or rerun of instances; `payload` is what it is to do."""

    id: str
    project: int
    kind: str
    name: str
    status: str
    message: str
    created: int
    due: int
    parallelism: int
    payload: Fields
    asked: Fields


@dataclass(frozen=True, slots=True)
class Run:
    """A workflow instance. `due` is when a waiting one may start, `held` keeps it until Start.

    `turn` is its place among those of its operation; `task_run` its id as a task instance.
    """

    id: int
    operation: str
    turn: int
    project: int
    env: str
    workflow: int
    unified: int
    task_run: int
    name: str
    type: str
    owner: str
    bizdate: int
    status: str
    held: bool
    parameters: str
    tags: list[Fields]
    triggered: int
    due: int | None
    created: int
    modified: int
    started: int | None = None
    finished: int | None = None


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One run of a task in an instance; `due` is when a running one ends, `dry` does nothing."""

    id: int
    number: int
    latest: bool
    run: int
    task: int
    name: str
    owner: str
    command: str
    spec: Fields
    workflow: int
    workflow_name: str
    upstream: list[int]
    status: str
    dry: bool
    message: str
    due: int | None
    created: int
    modified: int
    started: int | None = None
    finished: int | None = None


@dataclass(frozen=True, slots=True)
class DueTask:
    """When the next task ends, and in which instance."""

    run: int
    due: int


_TABLES = {Operation: "operation", Run: "run", TaskRun: "task_run"}
_JSON = ("payload", "asked", "tags", "spec", "upstream")
_FLAGS = ("held", "latest", "dry")


def save(db: sqlite3.Connection, row: Operation | Run | TaskRun) -> None:
    """Insert a row, or change the one with its key."""
    values = {
        name: json.dumps(value, ensure_ascii=False) if name in _JSON else value
        for name, value in asdict(row).items()
    }
    key = ("id", "number") if isinstance(row, TaskRun) else ("id",)
    changes = ", ".join(f"{name} = excluded.{name}" for name in values if name not in key)
    db.execute(
        f"INSERT INTO {_TABLES[type(row)]} ({', '.join(values)})"
        f" VALUES ({', '.join('?' * len(values))})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}",
        tuple(values.values()),
    )


def operation(db: sqlite3.Connection, operation_id: str) -> Operation | None:
    """Return the operation with this id."""
    row = db.execute("SELECT * FROM operation WHERE id = ?", (operation_id,)).fetchone()
    return Operation(**_decoded(row)) if row else None


def due_operation(db: sqlite3.Connection, now: int) -> Operation | None:
    """Return the operation to be carried out first, if its time has come."""
    query = (
        "SELECT * FROM operation WHERE status IN ('Creating', 'NotRun') AND due <= ?"
        " ORDER BY due, rowid LIMIT 1"
    )
    row = db.execute(query, (now,)).fetchone()
    return Operation(**_decoded(row)) if row else None


def name_taken(db: sqlite3.Connection, project: int, name: str) -> bool:
    """Tell whether a creation of instances in this project had this name."""
    query = "SELECT 1 FROM operation WHERE project = ? AND name = ? AND kind = 'create' LIMIT 1"
    return db.execute(query, (project, name)).fetchone() is not None


def run(db: sqlite3.Connection, run_id: int) -> Run | None:
    """Return the workflow instance with this id."""
    row = db.execute("SELECT * FROM run WHERE id = ?", (run_id,)).fetchone()
    return as_run(row) if row else None


def runs_of(db: sqlite3.Connection, operation_id: str) -> list[Run]:
    """Return the workflow instances of an operation, in their turn."""
    query = "SELECT * FROM run WHERE operation = ? ORDER BY turn"
    return [as_run(row) for row in db.execute(query, (operation_id,))]


def runs_on(db: sqlite3.Connection, project: int, bizdate: int) -> list[Run]:
    """Return the workflow instances of a business date."""
    query = "SELECT * FROM run WHERE project = ? AND bizdate = ?"
    return [as_run(row) for row in db.execute(query, (project, bizdate))]


def runs_of_workflow(db: sqlite3.Connection, project: int, workflow: int) -> list[Run]:
    """Return the workflow instances of a workflow, by id."""
    query = "SELECT * FROM run WHERE project = ? AND workflow = ? ORDER BY id"
    return [as_run(row) for row in db.execute(query, (project, workflow))]


def due_run(db: sqlite3.Connection, now: int) -> Run | None:
    """Return the waiting instance that may start first, if its time has come."""
    query = "SELECT * FROM run WHERE status = 'WaitTime' AND due <= ? ORDER BY due, id LIMIT 1"
    row = db.execute(query, (now,)).fetchone()
    return as_run(row) if row else None


def task_runs(db: sqlite3.Connection, run_id: int) -> list[TaskRun]:
    """Return the latest run of each task of an instance, by id."""
    query = "SELECT * FROM task_run WHERE run = ? AND latest ORDER BY id"
    return [as_task_run(row) for row in db.execute(query, (run_id,))]


def task_run(db: sqlite3.Connection, task_run_id: int, number: int | None) -> TaskRun | None:
    """Return a task instance, its latest run unless another one is asked for."""
    condition = "latest" if number is None else "number = ?"
    bound: Sequence[int] = (task_run_id,) if number is None else (task_run_id, number)
    query = f"SELECT * FROM task_run WHERE id = ? AND {condition}"
    row = db.execute(query, bound).fetchone()
    return as_task_run(row) if row else None


def due_task(db: sqlite3.Connection, now: int) -> DueTask | None:
    """Return the running task that ends first, if its time has come."""
    query = (
        "SELECT run, due FROM task_run WHERE status = 'Running' AND due <= ?"
        " ORDER BY due, run LIMIT 1"
    )
    row = db.execute(query, (now,)).fetchone()
    return DueTask(row["run"], row["due"]) if row else None


def as_run(row: sqlite3.Row) -> Run:
    """Return a row of table `run` as a value."""
    return Run(**_decoded(row))


def as_task_run(row: sqlite3.Row) -> TaskRun:
    """Return a row of table `task_run` as a value."""
    return TaskRun(**_decoded(row))


def _decoded(row: sqlite3.Row) -> Fields:
    return {
        name: json.loads(value) if name in _JSON else bool(value) if name in _FLAGS else value
        for name, value in zip(row.keys(), row, strict=True)
    }
