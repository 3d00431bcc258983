"""Asynchronous jobs: made by Import, carried out by the next request once they are due."""

import json
import logging
import sqlite3
from dataclasses import replace
from typing import Any

from deployer.emulator import importing, rows
from deployer.emulator.failures import SpecError, not_found
from deployer.emulator.store import savepoint
from deployer.emulator.world import World

_RETENTION_MS = {"7d": 7 * 86_400_000, "1h": 3_600_000, "0s": 0}
logger = logging.getLogger(__name__)


class _Undo(Exception):
    """Ends a dry run: what it wrote is to be undone."""


def start(world: World, project: int, document: dict[str, Any], dry_run: bool) -> rows.Job:
    """Store a running import job; its target is decided here, its work is done when it is due."""
    target = importing.target_of(world, project, document)
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
    )
    rows.save(world.db, job)
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
    """Carry out every job whose time has come, each wholly or not at all."""
    for job in rows.due_jobs(world.db, world.now):
        error = _outcome(replace(world, now=job.due), job)
        ended = replace(
            job, status="Fail" if error else "Success", error=error, ended=job.due, payload=None
        )
        rows.save(world.db, ended)


def _outcome(world: World, job: rows.Job) -> str:
    try:
        with savepoint(world.db):
            importing.apply(world, job.project, json.loads(job.payload or "{}"), job.target)
            if job.dry_run:
                raise _Undo
    except _Undo:
        return ""
    except SpecError as err:
        return str(err)
    except sqlite3.OperationalError:
        raise
    except Exception:
        # A defect of the emulator must not block every later request, which would meet it again.
        logger.exception("import job %s", job.id)
        return "InternalError: the job could not be carried out"
    return ""
