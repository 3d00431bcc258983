"""Pipelines with their stages and items as values, and the queries that read and write them."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from deployer.emulator.operations import Params

ENDED = ("Success", "Fail", "Termination", "Cancel")
"""The states that a pipeline does not leave."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline run; `object` is what it is about, `auto_until` where it runs by itself to."""

    id: str
    project: int
    type: str
    object: str
    description: str
    creator: str
    status: str
    message: str
    auto_until: str
    created: int
    modified: int


@dataclass(frozen=True, slots=True)
class StageRow:
    """The state of a stage; `due` is when a running one ends, `asked` the call that began it."""

    pipeline: str
    step: int
    code: str
    status: str = "Init"
    message: str = ""
    detail: str = "{}"
    asked: str = "[]"
    due: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """What a pipeline publishes of one object: the version and the text of its definition."""

    id: str
    pipeline: str
    object: str
    type: str
    name: str
    version: int
    spec: str
    status: str
    message: str
    created: int
    modified: int


_TABLES = {Pipeline: "pipeline", StageRow: "stage", Item: "item"}


def save(db: sqlite3.Connection, row: Pipeline | StageRow | Item) -> None:
    """Insert a row, or change the one with its key."""
    values = asdict(row)
    key = ("pipeline", "step") if isinstance(row, StageRow) else ("id",)
    changes = ", ".join(f"{name} = excluded.{name}" for name in values if name not in key)
    db.execute(
        f"INSERT INTO {_TABLES[type(row)]} ({', '.join(values)})"
        f" VALUES ({', '.join('?' * len(values))})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}",
        tuple(values.values()),
    )


def pipeline(db: sqlite3.Connection, pipeline_id: str) -> Pipeline | None:
    """Return the pipeline with this id."""
    row = db.execute("SELECT * FROM pipeline WHERE id = ?", (pipeline_id,)).fetchone()
    return Pipeline(**dict(row)) if row else None


def active_on(db: sqlite3.Connection, object_id: str) -> list[Pipeline]:
    """Return the pipelines about this object that have not ended."""
    query = "SELECT * FROM pipeline WHERE object = ? AND status IN ('Init', 'Running')"
    return [Pipeline(**dict(row)) for row in db.execute(query, (object_id,))]


def stages(db: sqlite3.Connection, pipeline_id: str) -> list[StageRow]:
    """Return the stages of a pipeline in their order."""
    query = "SELECT * FROM stage WHERE pipeline = ? ORDER BY step"
    return [StageRow(**dict(row)) for row in db.execute(query, (pipeline_id,))]


def due_stage(db: sqlite3.Connection, now: int) -> StageRow | None:
    """Return the running stage that ends first, if its time has come."""
    query = (
        "SELECT * FROM stage WHERE status = 'Running' AND due <= ? ORDER BY due, pipeline LIMIT 1"
    )
    row = db.execute(query, (now,)).fetchone()
    return StageRow(**dict(row)) if row else None


def page_of_pipelines(
    db: sqlite3.Connection, params: Params, size: int, offset: int
) -> tuple[int, list[Pipeline]]:
    """Return how many pipelines a ListPipelineRuns call means, and those of its page."""
    columns = {"Creator": "creator", "Status": "status", "ObjectId": "item.object"}
    sent = {name: column for name, column in columns.items() if params.get(name)}
    where = "".join(f" AND {column} = ?" for column in sent.values())
    if "ObjectId" in sent:
        # An object is that of a pipeline, or one of the nodes that were published with it.
        inside = "id IN (SELECT pipeline FROM item WHERE item.object = ?)"
        where = where.replace("item.object = ?", inside)
    source = f"FROM pipeline WHERE project = ?{where}"
    bound = [params["ProjectId"], *(params[name] for name in sent)]
    total = db.execute(f"SELECT count(*) {source}", bound).fetchone()[0]
    query = f"SELECT * {source} ORDER BY created DESC, rowid DESC LIMIT ? OFFSET ?"
    found = db.execute(query, (*bound, size, offset))
    return total, [Pipeline(**dict(row)) for row in found]


def items(db: sqlite3.Connection, pipeline_id: str) -> list[Item]:
    """Return what a pipeline publishes, its object first."""
    query = "SELECT * FROM item WHERE pipeline = ? ORDER BY rowid"
    return [Item(**dict(row)) for row in db.execute(query, (pipeline_id,))]


def page_of_items(
    db: sqlite3.Connection, pipeline_id: str, size: int, offset: int
) -> tuple[int, list[Item]]:
    """Return how many items a pipeline has, and those of a page."""
    total = db.execute("SELECT count(*) FROM item WHERE pipeline = ?", (pipeline_id,)).fetchone()[0]
    query = "SELECT * FROM item WHERE pipeline = ? ORDER BY rowid LIMIT ? OFFSET ?"
    found = db.execute(query, (pipeline_id, size, offset))
    return total, [Item(**dict(row)) for row in found]


def mark_items(
    db: sqlite3.Connection, pipeline_id: str, status: str, message: str, at: int
) -> None:
    """Give every item of a pipeline a state."""
    db.execute(
        "UPDATE item SET status = ?, message = ?, modified = ? WHERE pipeline = ?",
        (status, message, at, pipeline_id),
    )


def next_version(db: sqlite3.Connection, object_id: str) -> int:
    """Return the version that the next package of an object has."""
    query = "SELECT coalesce(max(version), 0) + 1 FROM item WHERE object = ?"
    return int(db.execute(query, (object_id,)).fetchone()[0])


def keep_package(db: sqlite3.Connection, pipeline_id: str, content: Mapping[str, Any]) -> None:
    """Remember what a pipeline is to copy to the scheduling side."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    db.execute("INSERT INTO package VALUES (?, ?)", (pipeline_id, text))


def package(db: sqlite3.Connection, pipeline_id: str) -> dict[str, Any]:
    """Return what a pipeline is to copy to the scheduling side."""
    query = "SELECT content FROM package WHERE pipeline = ?"
    content: dict[str, Any] = json.loads(db.execute(query, (pipeline_id,)).fetchone()[0])
    return content
