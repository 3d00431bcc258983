"""Import and the state of its job: the same job in two shapes (docs/service.md B-03..B-13)."""

from typing import Any

from deployer.emulator import jobs, reading, rows
from deployer.emulator.failures import ApiError, invalid
from deployer.emulator.operations import Operation, Param, Params, form
from deployer.emulator.world import World

_MIB = 1024 * 1024
# Size and status of the refusal.
_MAX_SPEC = {"10MiB": (10 * _MIB, 400), "1MiB": (_MIB, 400), "1MiB_413": (_MIB, 413)}


def import_workflow_definition(world: World, params: Params) -> dict[str, Any]:
    """Answer ImportWorkflowDefinition with a job that is still running."""
    dry_run = params.get("DryRun", False)
    if dry_run and world.switches.dryrun == "error":
        raise invalid("DryRun")
    dry_run = dry_run and world.switches.dryrun == "honoured"
    job = jobs.start(world, params["ProjectId"], spec_of(world, params), dry_run)
    if world.switches.response_id == "on_success":
        jobs.apply_due(world)
        job = rows.job(world.db, job.id) or job
    return {
        "AsyncJob": {
            "Completed": job.status != "Running",
            "CreateTime": job.created,
            "Error": job.error,
            "Id": job.id,
            "Progress": 0 if job.status == "Running" else 100,
            "Response": _response(world, job),
            "Status": job.status,
            "Type": "Create",
        }
    }


def get_job_status(world: World, params: Params) -> dict[str, Any]:
    """Answer GetJobStatus; it never tells the id of what the job made."""
    job = jobs.find(world, params["JobId"])
    return {
        "JobStatus": {
            "Completed": _completed(world, job),
            "CreateTime": str(job.created),
            "Error": job.error,
            "JobId": job.id,
            "JobType": job.type,
            "Status": job.status,
        }
    }


def spec_of(world: World, params: Params) -> dict[str, Any]:
    """Return the document in parameter `Spec`; raises ApiError when it is too large or no JSON."""
    text: str = params["Spec"]
    limit, status = _MAX_SPEC[world.switches.max_spec]
    if len(text) > limit or len(text.encode(errors="replace")) > limit:
        message = f"Specified parameter Spec is not valid: larger than {limit} bytes."
        raise ApiError(status, "InvalidSpec", message)
    return reading.parse(text)


def _response(world: World, job: rows.Job) -> str:
    shown = {"at_once": True, "on_success": job.status == "Success", "never": False}
    kept = job.type == "Update" or not job.dry_run
    return job.target if shown[world.switches.response_id] and kept else ""


def _completed(world: World, job: rows.Job) -> str | bool:
    done = job.status != "Running"
    if world.switches.completed_type == "bool":
        return done
    return "True" if done and world.switches.completed_type == "text" else "False"


OPERATIONS = {
    "ImportWorkflowDefinition": Operation(
        "POST",
        (Param("DryRun", "formData", "boolean"), form("ProjectId", "integer"), form("Spec")),
        import_workflow_definition,
    ),
    "GetJobStatus": Operation("GET", (Param("JobId", "query", required=True),), get_job_status),
}
