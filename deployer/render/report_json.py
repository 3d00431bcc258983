"""The outcomes of an apply as one JSON document."""

from collections import Counter
from typing import Any

from deployer.model import Published, Report
from deployer.render.json_text import json_text


def to_json(report: Report) -> str:
    """`outcomes`, their `summary` by status, what was `published`, what `halted` it, and `api_calls`."""
    number = Counter(outcome.status for outcome in report.outcomes)
    document = {
        "outcomes": [
            {
                "address": outcome.address,
                "action": outcome.action,
                "status": outcome.status,
                "written": outcome.written,
                "deleted": list(outcome.deleted),
                "moved": [{"from": old, "to": new} for old, new in outcome.moved],
                "job": outcome.job,
                "error": outcome.error,
                "seconds": outcome.seconds,
            }
            for outcome in report.outcomes
        ],
        "published": [_published(each) for each in report.published],
        "summary": {
            "done": number["done"],
            "failed": number["failed"],
            "waiting": number["waiting"],
            "not_attempted": number["not attempted"],
        },
        "halted": report.halted,
        "api_calls": report.api_calls,
    }
    return json_text(document)


def _published(published: Published) -> dict[str, Any]:
    return {
        "address": published.address,
        "status": published.status,
        "written": published.written,
        "pipeline_run": published.run,
        "version": published.version,
        "error": published.error,
        "seconds": published.seconds,
    }
