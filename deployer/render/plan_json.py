"""A plan as JSON, in the form of `schemas/plan.schema.json`."""

from collections import Counter
from typing import Any

from deployer.model import Change, FieldChange, Plan
from deployer.render.json_text import json_text
from deployer.render.problems_json import problem_object

FORMAT_VERSION = "1.1"


def to_json(plan: Plan) -> str:
    """One JSON document; its shape changes only with `format_version`."""
    number = Counter(change.action for change in plan.changes)
    document = {
        "format_version": FORMAT_VERSION,
        "target": plan.target,
        "project": plan.project,
        "place": plan.place,
        "summary": {
            "create": number["create"],
            "update": number["update"],
            "delete": 0,
            "move": 0,
            "unchanged": number["unchanged"],
        },
        "resource_changes": [
            _change(change)
            for change in plan.changes
            if change.action != "unchanged" or change.nodes or change.publication == "unpublished"
        ],
        "orphans": list(plan.orphans),
        "outside_scope": plan.outside,
        "diagnostics": [problem_object(problem) for problem in plan.diagnostics],
        "api_calls": plan.api_calls,
    }
    return json_text(document)


def _change(change: Change) -> dict[str, Any]:
    return {
        "address": change.address,
        "file": change.file,
        "line": change.line,
        "change": {
            "actions": ["no-op" if change.action == "unchanged" else change.action],
            "before": change.before_value,
            "after": change.after_value,
            "fields": [_field(field) for field in change.fields],
        },
        "action_reason": change.reason,
        "refused": change.refused,
        "publish": change.publish,
        "publication": change.publication,
        "nodes": [{"name": node.name, "action": node.action} for node in change.nodes],
    }


def _field(field: FieldChange) -> dict[str, Any]:
    return {
        "path": field.path,
        "before": field.before,
        "after": field.after,
        "origin": "change",
        "file": field.file,
    }
