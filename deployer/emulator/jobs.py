"""Asynchronous jobs: made by Import, carried out by the next request once they are due."""

import json
import logging
import sqlite3
from dataclasses import replace
from typing import Any

from deployer.emulator import importing, lag, pipeline_rows, reading, rows
from deployer.emulator.failures import ApiError, SpecError, not_found
from deployer.emulator.store import savepoint
from deployer.emulator.world import Call, World

# Zero seconds after its end a job is gone already.
_RETENTION_MS = {"7d": 7 * 86_400_000, "1h": 3_600_000, "0s": -1}
logger = logging.getLogger(__name__)


class _Undo(Exception):
    """Ends a dry run: what it wrote is to be undone."""


def start(world: World, project: int, document: dict[str, Any], dry_run: bool) -> rows.Job:
    """Store a running import job; its target is decided here, its work is done when it is due.

    Raises ApiError when the target is busy and the service is one that refuses (U-28).
    """
    target = importing.target_of(world, project, document)
    if world.switches.busy == "reject" and _busy(world, target):
        raise ApiError(400, "WorkflowDefinition.Busy", f"Another operation is running: {target}")
    exists = rows.workflow(world.db, target) is not None
    job = rows.Job(
        id=world.new_id(),
        project=project,
        type="Update" if exists else "Create",
        status="Running",
        error="",
        target=target,
        dry_run=dry_run,
        created=world.now,
        due=world.now + world.job_ms,
        ended=None,
        payload=json.dumps(document, ensure_ascii=False),
        caller=world.call.caller,
        request_id=world.call.request_id,
    )
    rows.save(world.db, job)
    if world.switches.busy == "last_wins":
        state = lag.state_of(world.db, target)
        world.db.execute("INSERT INTO job_base VALUES (?, ?)", (job.id, state))
    return job


def find(world: World, job_id: str) -> rows.Job:
    """Return a job that can still be asked for (docs/service.md B-15, U-06); raises ApiError."""
    job = rows.job(world.db, job_id)
    if job is None:
        raise not_found("Job", job_id)
    kept = _RETENTION_MS[world.switches.job_retention]
    if job.ended is not None and job.ended + kept < world.now:
        raise not_found("Job", job_id)
    return job


def apply_due(world: World) -> None:
    """Carry out every job whose time has come, each wholly or not at all but for U-02."""
    for job in rows.due_jobs(world.db, world.now):
        hour = _hour(world, job)
        error = _outcome(hour, job)
        if error:
            _leave_part(hour, job)
        _end(hour, job, "Fail" if error else "Success", error)


def cancel(world: World, job_id: str) -> None:
    """End a running job before it is due (docs/service.md B-16); another one stays as it is."""
    job = rows.job(world.db, job_id)
    if job and job.status == "Running":
        _leave_part(replace(_hour(world, job), now=world.now), job)
        _end(world, job, "Cancel", "")


def _hour(world: World, job: rows.Job) -> World:
    call = Call(job.caller, job.request_id, "ImportWorkflowDefinition")
    return replace(world, now=job.due, call=call)


def _end(world: World, job: rows.Job, status: str, error: str) -> None:
    ended = replace(job, status=status, error=error, ended=world.now, payload=None)
    rows.save(world.db, ended)
    world.db.execute("DELETE FROM job_base WHERE job = ?", (job.id,))


def _busy(world: World, target: str) -> bool:
    query = "SELECT 1 FROM job WHERE target = ? AND status = 'Running'"
    importing_now = world.db.execute(query, (target,)).fetchone() is not None
    return importing_now or bool(pipeline_rows.active_on(world.db, target))


def _leave_part(world: World, job: rows.Job) -> None:
    policy = world.switches.import_atomic
    if policy == "atomic" or job.dry_run:
        return
    # The more nodes are sound, the more are left; a document that cannot be read leaves none.
    for count in range(int(policy[len("partial(") : -1]), 0, -1):
        try:
            with savepoint(world.db):
                document = json.loads(job.payload or "{}")
                importing.apply_partly(world, job.project, document, job.target, count)
                return
        except (SpecError, LookupError, AttributeError, TypeError, ValueError):
            continue


def _outcome(world: World, job: rows.Job) -> str:
    try:
        with savepoint(world.db):
            _carry_out(world, job)
            if job.dry_run:
                raise _Undo
    except _Undo:
        return ""
    except SpecError as err:
        return err.worded(world.switches.error_format)
    except sqlite3.OperationalError:
        raise
    except Exception:
        # A defect of the emulator must not block every later request, which would meet it again.
        logger.exception("import job %s", job.id)
        return "InternalError: the job could not be carried out"
    return ""


def _carry_out(world: World, job: rows.Job) -> None:
    document = json.loads(job.payload or "{}")
    if job.dry_run and world.switches.dryrun_depth == "schema_only":
        reading.read(document, world.switches)
        return
    base = world.db.execute("SELECT state FROM job_base WHERE job = ?", (job.id,)).fetchone()
    if base:
        lag.restart_from(world.db, job.target, base["state"])
    importing.apply(world, job.project, document, job.target)
