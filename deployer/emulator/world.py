"""What every operation of the emulator stands on: the project, the hour, the switches, new ids."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from deployer.emulator.switches import Switches

ACCOUNT = "1000000000000001"
"""The account that owns whatever names no owner."""

TENANT = "500000000000001"


@dataclass(frozen=True, slots=True)
class World:
    """The open transaction and its surroundings; `now` is in ms since the epoch."""

    db: sqlite3.Connection
    now: int
    switches: Switches
    new_id: Callable[[], str]
    job_ms: int = 0


def project_identifier(world: World, project: int) -> str:
    """Return a project's identifier; a project nobody registered has none."""
    query = "SELECT identifier FROM project WHERE id = ?"
    row = world.db.execute(query, (project,)).fetchone()
    return str(row[0]) if row else ""
