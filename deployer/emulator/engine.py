"""One request, one database transaction: checks, due work, the operation, planned faults.

The nonce is taken, due jobs are carried out, the operation is run. Whatever goes wrong inside is
answered as a 500, never raised into the caller; how bytes come and go is left to `app`.
"""

import json
import logging
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import TypeVar

from deployer.emulator import due, faults, gateway, lag, limits, replies
from deployer.emulator.actions import OPERATIONS
from deployer.emulator.failures import ApiError
from deployer.emulator.faults import Fault
from deployer.emulator.gateway import Credentials
from deployer.emulator.operations import Operation, check_project, values
from deployer.emulator.replies import Reply
from deployer.emulator.settings import next_count, read_ahead, read_switches
from deployer.emulator.sources import Clock, Ids
from deployer.emulator.store import Store, savepoint
from deployer.emulator.world import Call, World

logger = logging.getLogger(__name__)
Answered = TypeVar("Answered")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that is carried out only after so many ms."""

    ms: int
    resume: Callable[[], Reply]


@dataclass(frozen=True, slots=True)
class _Admitted:
    """A request that passed the gateway."""

    request: gateway.Request
    operation: Operation
    call: Call
    nonce: str
    now: float


class Engine:
    """Answers requests from an open database; any thread may ask."""

    def __init__(
        self,
        store: Store,
        credentials: Credentials | None,
        clock: Clock,
        ids: Ids,
        auto_seconds: float,
    ) -> None:
        """Answer calls signed with `credentials`, any call when they are None."""
        self.store = store
        self._credentials = credentials
        self._clock = clock
        self._ids = ids
        self._auto_seconds = auto_seconds
        self._last = b""

    def answer(self, request: gateway.Request) -> Reply | Waiting:
        """Answer one request, at once unless a fault delays what it does; raises nothing."""
        request_id = self._ids.request_id()
        return _guarded(request_id, lambda: self._begin(request, request_id))

    def refused(self, error: ApiError) -> Reply:
        """Answer a request that could not even be read."""
        return replies.refusal(self._ids.request_id(), error)

    def world(self, db: sqlite3.Connection, call: Call) -> World:
        """Return what an operation stands on, inside an open transaction."""
        switches = read_switches(db)
        job, stage, run = (
            round(switches.amount(name, self._auto_seconds) * 1000)
            for name in ("job_seconds", "stage_seconds", "run_seconds")
        )
        return World(
            db=db,
            now=int(self._clock() * 1000) + read_ahead(db),
            switches=switches,
            new_id=lambda: self._ids.number(next_count(db)),
            job_ms=job,
            stage_ms=stage,
            run_ms=run,
            call=call,
        )

    def request_id(self) -> str:
        """Return the id of a request that does not come through the gateway."""
        return self._ids.request_id()

    def _begin(self, request: gateway.Request, request_id: str) -> Reply | Waiting:
        admitted = self._admit(request, request_id)
        fault = self._struck(admitted.call.action)
        if fault and fault.is_("late", "before"):
            resume = partial(_guarded, request_id, lambda: self._finish(admitted, None))
            return Waiting(fault.ms, resume)
        return self._finish(admitted, fault)

    def _admit(self, request: gateway.Request, request_id: str) -> _Admitted:
        operation = gateway.operation_of(request, OPERATIONS)
        now = self._clock()
        nonce = gateway.verify(request, self._credentials, now) if self._credentials else ""
        caller = self._credentials.caller if self._credentials else ""
        call = Call(caller, request_id, request.headers["x-acs-action"])
        return _Admitted(request, operation, call, nonce, now)

    def _struck(self, action: str) -> Fault | None:
        # Its own transaction: a fault that ends the process must not strike again after that.
        with self.store.reading() as db:
            if not db.execute("SELECT 1 FROM fault LIMIT 1").fetchone():
                return None
        with self.store.transaction() as db:
            fault = faults.strike(db, faults.planned(db), action)
        if fault and fault.is_("die", "before"):
            _die()
        return fault

    def _finish(self, admitted: _Admitted, fault: Fault | None) -> Reply:
        with self.store.transaction() as db, _mortal(db, fault):
            world = self.world(db, admitted.call)
            reply = self._reply(world, admitted, fault)
        if fault and fault.is_("die", "after"):
            _die()
        latency = round(world.switches.amount("latency_ms"))
        spoilt = replies.spoiled(fault, reply, self._last) if fault else reply
        self._last = reply.body
        return replace(spoilt, ms=spoilt.ms + latency) if latency else spoilt

    def _reply(self, world: World, admitted: _Admitted, fault: Fault | None) -> Reply:
        call = admitted.call
        try:
            limits.count(world)
            if self._credentials:
                gateway.claim(world.db, call.caller, admitted.nonce, int(admitted.now * 1000))
            due.apply_due(world)
            content = "{}"
            if fault is None or fault.carried_out:
                content = _run(world, admitted, fault)
            error = replies.refused(fault) if fault else None
            if error:
                raise error
        except ApiError as err:
            # A refused call used up its nonce, and due jobs stay done.
            lag.settle(world, err)
            return replies.refusal(call.request_id, err)
        return replies.answer(call.request_id, content)


def _run(world: World, admitted: _Admitted, fault: Fault | None) -> str:
    request, operation = admitted.request, admitted.operation
    with savepoint(world.db):
        params = values(operation, dict(request.query), request.form())
        check_project(world, operation, params)
        content = json.dumps(operation.handler(world, params), ensure_ascii=False)
    if operation.method == "GET" and faults.remembers(world.db):
        question = json.dumps([admitted.call.action, params], sort_keys=True)
        stale = fault is not None and fault.kind == "stale"
        return faults.earlier(world.db, question, content, stale)
    return content


def _guarded(request_id: str, step: Callable[[], Answered]) -> Answered | Reply:
    try:
        return step()
    except ApiError as err:
        return replies.refusal(request_id, err)
    except Exception:
        logger.exception("request %s", request_id)
        failure = ApiError(500, "InternalError", "The request processing has failed.")
        return replies.refusal(request_id, failure)


@contextmanager
def _mortal(db: sqlite3.Connection, fault: Fault | None) -> Iterator[None]:
    """End the process at the statement that a fault names, before it is carried out."""
    if fault is None or not fault.is_("die", "within"):
        yield
        return
    seen = count(1)

    def statement(_: str) -> None:
        if next(seen) == fault.statement:
            _die()

    db.set_trace_callback(statement)
    try:
        yield
    finally:
        db.set_trace_callback(None)


def _die() -> None:
    # As the kernel's out-of-memory killer does it: nothing is flushed, nothing is closed.
    os.kill(os.getpid(), signal.SIGKILL)
