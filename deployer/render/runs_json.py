"""Instances, and what became of a run, as JSON: one document, or one line for each event."""

from collections.abc import Mapping, Sequence
from typing import Any

from deployer.days import day_of, run_day
from deployer.render.json_text import json_text
from deployer.runs import Instance, Result, RunReport, Stopped, TaskInstance


def reports(told: Sequence[RunReport], api_calls: int) -> str:
    """What runs are made of, and how they ended so far as they were watched."""
    return json_text({"runs": [report(each) for each in told], "api_calls": api_calls})


def report(told: RunReport) -> dict[str, Any]:
    """What one run is made of."""
    return {
        "workflow": told.workflow,
        "type": told.type,
        "calls": [
            {"name": call.name, "found": call.found, "instances": list(call.instances)}
            for call in told.calls
        ],
        "calls_planned": told.planned,
        "results": [result(each) for each in told.results],
        "error": told.failure.what if told.failure else "",
    }


def results(told: Sequence[Result]) -> str:
    """How instances ended."""
    return json_text({"results": [result(each) for each in told]})


def page(instances: Sequence[Instance], total: int) -> str:
    """Instances of a list, and how many there are in all."""
    return json_text({"instances": [instance(each) for each in instances], "total": total})


def stopped(told: Mapping[str, Stopped]) -> str:
    """What became of requests to stop instances: the status of each, or why it was refused."""
    return json_text(
        {
            "instances": [
                {
                    "id": identity,
                    "stopped": how.taken,
                    "status": how.message if how.taken else "",
                    "error": "" if how.taken else how.message,
                }
                for identity, how in told.items()
            ]
        }
    )


def line(event: str, facts: Mapping[str, Any]) -> str:
    """One event on one line, fit for a terminal."""
    return json_text({"event": event, **facts}, indent=None)


def result(told: Result) -> dict[str, Any]:
    """How one instance ended, with its tasks and the end of the logs of those that failed."""
    return {
        "instance": instance(told.instance),
        "nothing_ran": told.nothing_ran,
        "tasks": [{**task(each), "nothing_ran": each.name in told.idle} for each in told.tasks],
        "logs": dict(told.logs),
    }


def instance(told: Instance) -> dict[str, Any]:
    """One instance; moments in ms since the epoch."""
    day = day_of(told.biz_date)
    return {
        "id": told.id,
        "name": told.name,
        "type": told.type,
        "status": told.status,
        "biz_date": day.isoformat(),
        "run_date": run_day(day).isoformat(),
        "env": told.env,
        "owner": told.owner,
        "workflow_id": told.workflow,
        "unified_workflow_instance_id": told.unified,
        "workflow_task_instance_id": told.task_instance,
        "parameters": told.parameters,
        "tags": dict(told.tags),
        "created": told.created,
        "created_by": told.created_by,
        "modified": told.modified,
        "modified_by": told.modified_by,
        "started": told.started,
        "finished": told.finished,
    }


def task(told: TaskInstance) -> dict[str, Any]:
    """One task of an instance."""
    return {
        "id": told.id,
        "name": told.name,
        "type": told.type,
        "status": told.status,
        "run_number": told.number,
        "started": told.started,
        "finished": told.finished,
    }
