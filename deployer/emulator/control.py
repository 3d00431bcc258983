"""What no client of the service can do, and a test wants to: as functions on an open emulator.

Switches, faults, time, the effect log, and what people do in the console. The same is reached over
HTTP through `control_http` where it is asked for.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deployer.emulator import console, dates, due, effects, faults, importing, periodic, stages
from deployer.emulator.actions import OPERATIONS
from deployer.emulator.effects import Effect
from deployer.emulator.engine import Engine
from deployer.emulator.failures import ApiError, SpecError, invalid
from deployer.emulator.faults import Fault, Planned
from deployer.emulator.operations import check_project, values
from deployer.emulator.settings import keep_switches, move_ahead, read_switches
from deployer.emulator.store import empty
from deployer.emulator.switches import Switches
from deployer.emulator.world import Call, World


class Control:
    """The control plane of one open emulator."""

    def __init__(self, engine: Engine, may_die: bool) -> None:
        """Control the emulator behind `engine`; `may_die` allows faults that end this process."""
        self._engine = engine
        self._store = engine.store
        self._may_die = may_die

    def switches(self) -> Switches:
        """Return the value of every switch."""
        with self._store.reading() as db:
            return read_switches(db)

    def set(self, chosen: Mapping[str, str]) -> Switches:
        """Change some switches from the next call on; raises ValueError for an unknown one."""
        with self._store.transaction() as db:
            after = read_switches(db).changed(chosen)
            keep_switches(db, after)
        return after

    def add_fault(self, fault: Fault) -> int:
        """Plan a fault and return its id; raises ValueError where one may not be planned."""
        if fault.kind == "die" and not self._may_die:
            raise ValueError("only an emulator that is served with its control plane may die")
        with self._store.transaction() as db:
            return faults.add(db, fault)

    def faults(self) -> list[Planned]:
        """Return the planned faults, and how often each has struck."""
        with self._store.reading() as db:
            return faults.planned(db)

    def clear_faults(self) -> None:
        """Forget every planned fault."""
        with self._store.transaction() as db:
            faults.clear(db)

    def now(self) -> int:
        """Return the emulator's time in ms since the epoch."""
        with self._store.reading() as db:
            return self._engine.world(db, Call()).now

    def advance(self, seconds: float) -> int:
        """Move the emulator's clock forward, not that of its gateway, and return the time in ms."""
        if not 0 <= seconds <= 10**9:
            raise ValueError("a clock moves forward by a number of seconds")
        with self._store.transaction() as db:
            move_ahead(db, round(seconds * 1000))
        return self.now()

    def effects(self, after: int = 0) -> list[Effect]:
        """Return the effect log behind the line with this number."""
        with self._store.reading() as db:
            return effects.read(db, after)

    def settle(self) -> None:
        """Carry out what is due, as the next call would."""
        with self._store.transaction() as db:
            due.apply_due(self._engine.world(db, Call()))

    def act(self, user: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out an operation as somebody in the console would; raises ApiError."""
        operation = OPERATIONS.get(action)
        if operation is None:
            raise ApiError(404, "InvalidAction.NotFound", f"There is no operation {action}.")
        texts = {name: _text(value) for name, value in params.items()}
        with self._store.transaction() as db:
            world = self._engine.world(db, Call(user, self._engine.request_id(), action))
            due.apply_due(world)
            typed = values(operation, texts, texts)
            check_project(world, operation, typed)
            return operation.handler(world, typed)

    def save(self, user: str, project: int, document: dict[str, Any]) -> str:
        """Store a document as somebody in the console would, at once, and return the workflow's id.

        Raises ApiError for a mistake in the document.
        """
        call = Call(user, self._engine.request_id(), "Console")
        with self._store.transaction() as db:
            world = replace(self._engine.world(db, call), job_ms=0)
            due.apply_due(world)
            if not db.execute("SELECT 1 FROM project WHERE id = ?", (project,)).fetchone():
                raise invalid("project")
            try:
                target = importing.target_of(world, project, document)
                importing.apply(world, project, document, target)
            except SpecError as err:
                raise err.refused() from err
        return target

    def fail_task(self, name: str, message: str, times: int = 1) -> None:
        """Let the next runs of tasks with this name end in failure."""
        with self._store.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO planned_failure (name, message, remaining)"
                " VALUES (?, ?, ?)",
                (name, message, times),
            )

    def approve(self, user: str, pipeline: str) -> None:
        """Pass the stage of a pipeline that waits for a person; raises ApiError for none."""
        with self._store.transaction() as db:
            console.approve(self._visit(db, user), pipeline)

    def reject(self, user: str, pipeline: str) -> None:
        """Turn down the stage of a pipeline that waits for a person; raises ApiError for none."""
        with self._store.transaction() as db:
            console.reject(self._visit(db, user), pipeline)

    def terminate(self, user: str, pipeline: str) -> None:
        """End a pipeline whatever its stages say; raises ApiError for an unknown one."""
        with self._store.transaction() as db:
            console.terminate(self._visit(db, user), pipeline)

    def set_mode(self, project: int, mode: stages.Mode) -> None:
        """Give a project a development environment (`standard`) or none (`simple`)."""
        with self._store.transaction() as db:
            console.set_mode(self._visit(db, ""), project, mode)

    def _visit(self, db: sqlite3.Connection, user: str) -> World:
        world = self._engine.world(db, Call(user, self._engine.request_id(), "Console"))
        due.apply_due(world)
        return world

    def generate(self, project: int, day: str) -> list[int]:
        """Make the instances that a day of the schedule has, and return their ids (B-80).

        Raises ValueError for a `day` that is not `yyyy-mm-dd`.
        """
        found = dates.day(day)
        if found is None:
            raise ValueError("a day is yyyy-mm-dd")
        with self._store.transaction() as db:
            made = periodic.generate(self._visit(db, ""), project, found)
        self.settle()
        return made

    def reset(self) -> None:
        """Empty the workspace, its log and its faults; projects and switches stay as they are."""
        with self._store.transaction() as db:
            empty(db)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
