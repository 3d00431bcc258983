"""What a workspace file remembers beside its objects: projects, switches, how far its clock is."""

import json
import sqlite3
from functools import lru_cache

from deployer.emulator.failures import EmulatorStoreError
from deployer.emulator.switches import Switches


def register_project(db: sqlite3.Connection, project: int, identifier: str) -> None:
    """Make a project known to this workspace file, or give it another identifier."""
    db.execute(
        "INSERT INTO project VALUES (?, ?)"
        " ON CONFLICT (id) DO UPDATE SET identifier = excluded.identifier",
        (project, identifier),
    )


def next_count(db: sqlite3.Connection) -> int:
    """Return a running number that this file never gives twice."""
    row = db.execute(
        "INSERT INTO setting VALUES ('count', '1')"
        " ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1 RETURNING value"
    ).fetchall()
    return int(row[0][0])


def read_switches(db: sqlite3.Connection) -> Switches:
    """Return the switches the file was last given, else the defaults; raises EmulatorStoreError."""
    row = db.execute("SELECT value FROM setting WHERE name = 'switches'").fetchone()
    return _switches(row[0]) if row else Switches()


def keep_switches(db: sqlite3.Connection, chosen: Switches) -> None:
    """Remember switches in the file, for every process that uses it."""
    _keep(db, "switches", json.dumps(chosen.as_mapping()))


def read_ahead(db: sqlite3.Connection) -> int:
    """Return how many ms this file's clock is ahead of that of the process."""
    row = db.execute("SELECT value FROM setting WHERE name = 'ahead'").fetchone()
    return int(row[0]) if row else 0


def move_ahead(db: sqlite3.Connection, ms: int) -> int:
    """Move this file's clock forward, and return how far it is ahead now."""
    ahead = read_ahead(db) + ms
    _keep(db, "ahead", str(ahead))
    return ahead


def _keep(db: sqlite3.Connection, name: str, value: str) -> None:
    db.execute(
        "INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


@lru_cache(maxsize=8)
def _switches(text: str) -> Switches:
    # The same text for request after request: checking some thirty values takes longer than a read.
    try:
        return Switches(**json.loads(text))
    except (TypeError, ValueError) as err:
        raise EmulatorStoreError(f"the database holds unusable switches: {err}") from err
