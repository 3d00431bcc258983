"""A plan as JSON, in the form of `schemas/plan.schema.json`."""

from collections.abc import Sequence
from typing import Any

from deployer.in_order import in_order
from deployer.model import Change, Danger, FieldChange, NodeChange, Plan, Runs, Schedule
from deployer.render.json_text import json_text
from deployer.render.plan_counts import tally
from deployer.render.plan_parts import all_dangers, speaks
from deployer.render.problems_json import problem_object

FORMAT_VERSION = "1.1"


def to_json(plan: Plan) -> str:
    """One JSON document; its shape changes only with `format_version`."""
    document = {
        "format_version": FORMAT_VERSION,
        "target": plan.target,
        "project": plan.project,
        "place": plan.place,
        "commit": plan.commit,
        "uncommitted": plan.uncommitted,
        "base": plan.base,
        "base_commit": plan.base_commit,
        "selection": plan.selection,
        "left_out": list(plan.left_out),
        "summary": tally(plan),
        "dangers": _dangers(all_dangers(plan)),
        "resource_changes": [_change(change) for change in plan.changes if speaks(change)],
        "orphans": list(plan.orphans),
        "outside_scope": plan.outside,
        "diagnostics": [problem_object(problem) for problem in plan.diagnostics],
        "api_calls": plan.api_calls,
    }
    return json_text(document)


def _change(change: Change) -> dict[str, Any]:
    return {
        "address": change.address,
        "previous_address": change.moved_from,
        "file": change.file,
        "line": change.line,
        "change": {
            "actions": ["no-op" if change.action == "unchanged" else change.action],
            "before": in_order(change.before_value),
            "after": in_order(change.after_value),
            "fields": [_field(field) for field in change.fields],
        },
        "action_reason": change.reason,
        "refused": change.refused,
        "publish": change.publish,
        "publication": change.publication,
        "nodes": [_node(node) for node in change.nodes],
        "schedule": None if change.schedule is None else _schedule(change.schedule),
        "downstream": {
            "direct": list(change.downstream.direct),
            "transitive": list(change.downstream.transitive),
        },
    }


def _field(field: FieldChange) -> dict[str, Any]:
    return {
        "path": field.path,
        "before": in_order(field.before),
        "after": in_order(field.after),
        "base": in_order(field.base),
        "origin": field.origin,
        "class": field.field_class,
        "reason": field.reason,
        "file": field.file,
    }


def _node(node: NodeChange) -> dict[str, Any]:
    return {
        "name": node.name,
        "action": node.action,
        "previous_name": node.moved_from,
        "class": node.field_class,
        "reason": node.reason,
    }


def _dangers(dangers: Sequence[Danger]) -> list[dict[str, Any]]:
    return [
        {
            "code": danger.code,
            "address": danger.address,
            "message": danger.message,
            "override": danger.override,
            "blocks": danger.blocks,
        }
        for danger in dangers
    ]


def _schedule(schedule: Schedule) -> dict[str, Any]:
    return {
        "before": _runs(schedule.before),
        "after": _runs(schedule.after),
        "notes": list(schedule.notes),
    }


def _runs(runs: Runs | None) -> dict[str, Any] | None:
    if runs is None:
        return None
    return {
        "cron": runs.cron,
        "timezone": runs.timezone,
        "next": list(runs.next),
        "per_week": runs.per_week,
    }
