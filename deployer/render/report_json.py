"""The outcomes of an apply as one JSON document."""

from collections import Counter

from deployer.model import Report
from deployer.render.json_text import json_text


def to_json(report: Report) -> str:
    """`outcomes`, their `summary` by status, and `api_calls`."""
    number = Counter(outcome.status for outcome in report.outcomes)
    document = {
        "outcomes": [
            {
                "address": outcome.address,
                "action": outcome.action,
                "status": outcome.status,
                "written": outcome.written,
                "job": outcome.job,
                "error": outcome.error,
                "seconds": outcome.seconds,
            }
            for outcome in report.outcomes
        ],
        "summary": {
            "done": number["done"],
            "failed": number["failed"],
            "not_attempted": number["not attempted"],
        },
        "api_calls": report.api_calls,
    }
    return json_text(document)
