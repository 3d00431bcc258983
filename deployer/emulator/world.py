"""What every operation of the emulator stands on: the project, the hour, the switches, new ids."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field

from deployer.emulator.switches import Switches

ACCOUNT = "1000000000000001"
"""The account that owns whatever names no owner."""

TENANT = "500000000000001"

PLACEHOLDER = "${projectIdentifier}"
"""Text that a document may use for the identifier of its project."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks for what: access key id, request id and action, kept by what happens later."""

    caller: str = ""
    request_id: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """The open transaction and its surroundings; `now` is in ms since the epoch."""

    db: sqlite3.Connection
    now: int
    switches: Switches
    new_id: Callable[[], str]
    job_ms: int = 0
    stage_ms: int = 0
    run_ms: int = 0
    call: Call = field(default_factory=Call)
    memo: dict[tuple[str, int], str] = field(default_factory=dict)
    """Facts of projects that were asked for: each entity of a document names them again."""


def project_identifier(world: World, project: int) -> str:
    """Return a project's identifier; a project nobody registered has none."""
    key = ("identifier", project)
    if key not in world.memo:
        query = "SELECT identifier FROM project WHERE id = ?"
        row = world.db.execute(query, (project,)).fetchone()
        world.memo[key] = str(row[0]) if row else ""
    return world.memo[key]


def resolved(world: World, project: int, text: str) -> str:
    """Return a text in which the project's placeholder is its identifier (docs/service.md U-30)."""
    if PLACEHOLDER not in text:
        return text
    return text.replace(PLACEHOLDER, project_identifier(world, project))
