"""What the service fills in where a sent object leaves it open (docs/service.md B-42, B-44)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployer.emulator.commands import COMMANDS, LANGUAGES
from deployer.emulator.fields import BLOCKS

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """One set of defaults: of a workflow's strategy, a node's policy, and a schedule."""

    strategy: Mapping[str, Any]
    node: Mapping[str, Any]
    schedule: Mapping[str, Any]


TABLES: Mapping[str, Table] = {
    "documented": Table(
        strategy={
            "timeout": 0,
            "instanceMode": "T+1",
            "rerunMode": "Allowed",
            "rerunTimes": 3,
            "rerunInterval": 180000,
            "failureStrategy": "Break",
        },
        node={
            "recurrence": "Normal",
            "timeout": 0,
            "instanceMode": "T+1",
            "rerunMode": "Allowed",
            "rerunTimes": 0,
            "rerunInterval": 180000,
        },
        schedule={
            "startTime": "1970-01-01 00:00:00",
            "endTime": "9999-01-01 00:00:00",
            "timezone": "Asia/Shanghai",
            "delaySeconds": 0,
        },
    ),
    # Plausible and nowhere said: what a release after the published examples may have changed.
    "alternate": Table(
        strategy={
            "timeout": 72,
            "timeoutUnit": "HOURS",
            "priority": 1,
            "instanceMode": "Immediately",
            "rerunMode": "FailureAllowed",
            "rerunTimes": 1,
            "rerunInterval": 120000,
            "failureStrategy": "Continue",
        },
        node={
            "recurrence": "Normal",
            "timeout": 72,
            "timeoutUnit": "HOURS",
            "priority": 1,
            "instanceMode": "Immediately",
            "rerunMode": "FailureAllowed",
            "rerunTimes": 3,
            "rerunInterval": 120000,
            "autoParse": False,
        },
        schedule={
            "startTime": "1970-01-01 00:00:00",
            "endTime": "9999-12-31 23:59:59",
            "timezone": "UTC",
            "delaySeconds": 0,
            "cycleType": "Daily",
        },
    ),
}
"""The published defaults, and others (docs/service.md U-33)."""

_MANUAL = {"type": "Manual"}
_ONLY_SCHEDULED = ("recurrence", "instanceMode")


def workflow(kind: str, sent: Fields, table: Table) -> Fields:
    """Return a workflow's fields as the service keeps them.

    The published defaults are those of a scheduled workflow; exports of the other kinds show none
    that was not sent, nor an instance mode.
    """
    filled = dict(sent)
    if kind == "CycleWorkflow" or "strategy" in sent:
        filled["strategy"] = {**_of_kind(table.strategy, kind), **sent.get("strategy", {})}
    return _triggered(filled, kind, table)


def node(kind: str, sent: Fields, table: Table) -> Fields:
    """Return a node's fields as the service keeps them, the nodes inside its blocks included."""
    filled = {**_of_kind(table.node, kind), **sent, "script": _script(sent.get("script", {}))}
    filled.update({key: _block(kind, sent[key], table) for key in BLOCKS if key in sent})
    if kind == "ManualWorkflow":
        filled.setdefault("trigger", {**_MANUAL, "timezone": table.schedule["timezone"]})
    return _triggered(filled, kind, table)


def _block(kind: str, sent: Fields, table: Table) -> Fields:
    filled = dict(sent)
    # Nodes inside a block have no schedule of their own, so they get no trigger either.
    for child in ("while", "nodes"):
        if child in sent:
            value = sent[child]
            filled[child] = (
                [_inner(kind, item, table) for item in value]
                if isinstance(value, list)
                else _inner(kind, value, table)
            )
    return filled


def _inner(kind: str, sent: Fields, table: Table) -> Fields:
    filled = node(kind, sent, table)
    return filled if "trigger" in sent else {k: v for k, v in filled.items() if k != "trigger"}


def _of_kind(defaults: Mapping[str, Any], kind: str) -> Fields:
    left_out = () if kind == "CycleWorkflow" else _ONLY_SCHEDULED
    return {key: value for key, value in defaults.items() if key not in left_out}


def _triggered(sent: Fields, kind: str, table: Table) -> Fields:
    trigger = sent.get("trigger")
    if trigger is None or trigger.get("type") in ("Manual", "None") or kind == "ManualWorkflow":
        return sent
    return {**sent, "trigger": {**table.schedule, **trigger}}


def _script(sent: Fields) -> Fields:
    runtime = dict(sent.get("runtime", {}))
    known = COMMANDS.get(runtime.get("command", ""))
    filled = {**sent, "runtime": runtime}
    if known:
        runtime["commandTypeId"] = known.code
    language = LANGUAGES.get(sent.get("language", ""), sent.get("language", ""))
    language = language or (known.language if known else "")
    return {**filled, "language": language} if language else filled
