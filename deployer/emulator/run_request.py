"""What a CreateWorkflowInstances call asks for: its parameters read and held against the rules.

A parameter that is missing or wrong is refused with 400 and named as the reference names it
(docs/service.md B-90, B-91, B-93).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from deployer.emulator import dates
from deployer.emulator.failures import invalid, missing
from deployer.emulator.operations import Params

Fields = dict[str, Any]

TYPES = ("SupplementData", "ManualWorkflow", "Manual", "SmokeTest", "TriggerWorkflow")
MODES = ("General", "ManualSelection", "Chain", "AllDownstream")

_MAX_RANGES = 7
_MAX_DAYS = 400
"""More days than anybody backfills at once; no limit is published."""

_RUN = "DefaultRunProperties"
_INTEGER = re.compile(r"[0-9]{1,19}")
_ENUMS: Mapping[str, tuple[str, ...]] = {
    "Mode": MODES,
    "Order": ("Asc", "Desc"),
    "PriorityWeightStrategy": ("Disable", "Upstream"),
    "Alert.NoticeType": ("Sms", "Mail", "SmsMail"),
    "Alert.Type": ("Success", "Failure", "SuccessFailure"),
    "RunPolicy.Type": ("Daily", "Weekend"),
}
_RANGES = {"Parallelism": (1, 10), "Priority": (1, 11)}
_FLAGS = ("Analysis.Blocked", "Analysis.Enabled", "RunPolicy.Immediately")
_IDS = (
    "RootTaskIds",
    "IncludeTaskIds",
    "ExcludeTaskIds",
    "IncludeProjectIds",
    "ExcludeProjectIds",
)


@dataclass(frozen=True, slots=True)
class Policy:
    """When tasks may start: between two seconds of the day, on each day or at weekends."""

    start: int
    end: int
    weekend: bool


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A checked request; `window` are the seconds of the day whose schedule counts."""

    type: str
    mode: str
    workflow: int
    name: str
    env: str
    days: list[str]
    window: tuple[int, int]
    roots: list[int]
    include: list[int]
    exclude: list[int]
    include_projects: list[int]
    exclude_projects: list[int]
    parallelism: int
    descending: bool
    immediately: bool
    policy: Policy | None
    start: bool
    parameters: str
    task_parameters: Fields
    tags: list[Fields]


def read(params: Params, today: date, *, single_dates: bool) -> RunRequest:
    """Return what a call asks for; `single_dates` reads the limit of seven as days (U-36)."""
    kind = params["Type"]
    if kind not in TYPES:
        raise invalid("Type")
    if not params["Name"]:
        raise missing("Name")
    settings = _settings(params.get(_RUN, {}))
    _demand(kind, settings)
    days = _days(kind, params.get("Periods"), today, single_dates)
    policy = _policy(settings.get("RunPolicy"))
    descending = settings.get("Order") == "Desc"
    return RunRequest(
        type=kind,
        mode=settings.get("Mode") or "ManualSelection",
        workflow=params["WorkflowId"],
        name=params["Name"],
        env=env(params),
        days=sorted(days, reverse=descending),
        window=_window(params.get("Periods") or {}),
        roots=settings["RootTaskIds"],
        include=settings["IncludeTaskIds"],
        exclude=settings["ExcludeTaskIds"],
        include_projects=settings["IncludeProjectIds"],
        exclude_projects=settings["ExcludeProjectIds"],
        parallelism=int(settings.get("Parallelism") or 1) if kind == "SupplementData" else 10,
        descending=descending,
        immediately=_at(settings, "RunPolicy.Immediately") is True,
        policy=policy,
        start=params.get("AutoStartEnabled", True),
        parameters=_parameters(kind, params.get("WorkflowParameters", "")),
        task_parameters=_object(params.get("TaskParameters", ""), "TaskParameters"),
        tags=_tags(params),
    )


def env(params: Params, name: str = "EnvType") -> str:
    """Return the environment a call names, production unless it names one."""
    found = params.get(name) or "Prod"
    if found not in ("Prod", "Dev"):
        raise invalid(name)
    return str(found)


def _settings(sent: Fields) -> Fields:
    for name, values in _ENUMS.items():
        _check(name, _at(sent, name), lambda value, allowed=values: value in allowed)
    for name, (low, high) in _RANGES.items():
        value = sent.get(name)
        number = _integer(value)
        if value is not None and (number is None or not low <= number <= high):
            raise invalid(f"{_RUN}.{name}")
    for name in _FLAGS:
        _check(name, _at(sent, name), lambda value: isinstance(value, bool))
    _check("RuntimeResource", sent.get("RuntimeResource"), lambda value: isinstance(value, str))
    mappings = sent.get("DataSourceNameMappings")
    _check("DataSourceNameMappings", mappings, lambda value: isinstance(value, dict))
    numbers = {name: _integer(sent[name]) for name in _RANGES if sent.get(name) is not None}
    return {**sent, **numbers, **{name: _ids(sent, name) for name in _IDS}}


def _check(name: str, value: Any, right: Any) -> None:
    if value is not None and not right(value):
        raise invalid(f"{_RUN}.{name}")


def _at(sent: Fields, name: str) -> Any:
    block, _, key = name.partition(".")
    value = sent.get(block)
    if not key or value is None:
        return value
    if not isinstance(value, dict):
        raise invalid(f"{_RUN}.{block}")
    return value.get(key)


def _ids(sent: Fields, name: str) -> list[int]:
    value = sent.get(name)
    if value is None:
        return []
    found = [_integer(item) for item in value] if isinstance(value, list) else [None]
    if None in found:
        raise invalid(f"{_RUN}.{name}")
    return list(dict.fromkeys(number for number in found if number is not None))


def _integer(value: Any) -> int | None:
    # Ids in JSON come as numbers or as text.
    if isinstance(value, bool):
        return None
    if not isinstance(value, int | str) or not _INTEGER.fullmatch(str(value)):
        return None
    return int(value) if int(value) < 2**63 else None


def _demand(kind: str, settings: Fields) -> None:
    roots, include = settings["RootTaskIds"], settings["IncludeTaskIds"]
    if kind in ("Manual", "SmokeTest") and not roots:
        raise missing(f"{_RUN}.RootTaskIds")
    if kind != "SupplementData":
        return
    for name in ("Mode", "Parallelism", "Analysis", "Analysis.Enabled", "Analysis.Blocked"):
        if _at(settings, name) is None:
            raise missing(f"{_RUN}.{name}")
    mode = settings["Mode"]
    if mode == "Chain":
        if roots:
            raise invalid(f"{_RUN}.RootTaskIds")
        if len(include) != 2:
            raise (
                missing(f"{_RUN}.IncludeTaskIds")
                if not include
                else invalid(f"{_RUN}.IncludeTaskIds")
            )
    elif not roots:
        raise missing(f"{_RUN}.RootTaskIds")
    elif mode in ("General", "AllDownstream") and len(roots) != 1:
        raise invalid(f"{_RUN}.RootTaskIds")


def _days(kind: str, periods: Fields | None, today: date, single_dates: bool) -> list[str]:
    if periods is None:
        if kind == "SupplementData":
            raise missing("Periods")
        return [(today - timedelta(days=1)).isoformat()]
    ranges = periods.get("BizDates")
    if ranges is None or ranges == []:
        raise missing("Periods.BizDates")
    if not isinstance(ranges, list) or len(ranges) > _MAX_RANGES:
        raise invalid("Periods.BizDates")
    spans = [_span(item) for item in ranges]
    count = sum((last - first).days + 1 for first, last in spans)
    if count > (_MAX_RANGES if single_dates else _MAX_DAYS):
        raise invalid("Periods.BizDates")
    return list(dict.fromkeys(day for first, last in spans for day in _each(first, last)))


def _span(item: Any) -> tuple[date, date]:
    if not isinstance(item, dict):
        raise invalid("Periods.BizDates")
    ends = []
    for name in ("StartBizDate", "EndBizDate"):
        if item.get(name) is None:
            raise missing(f"Periods.BizDates.{name}")
        found = dates.day(item[name])
        if found is None:
            raise invalid(f"Periods.BizDates.{name}")
        ends.append(found)
    if ends[0] > ends[1]:
        raise invalid("Periods.BizDates")
    return ends[0], ends[1]


def _each(first: date, last: date) -> Iterable[str]:
    return ((first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1))


def _window(periods: Fields) -> tuple[int, int]:
    sent = {name: periods.get(name) for name in ("StartTime", "EndTime")}
    if all(value is None for value in sent.values()):
        return 0, 86_399
    found = {}
    for name, value in sent.items():
        if value is None:
            raise missing(f"Periods.{name}")
        found[name] = dates.clock(value)
        if found[name] is None:
            raise invalid(f"Periods.{name}")
    start, end = found["StartTime"] or 0, found["EndTime"] or 0
    if start > end:
        raise invalid("Periods.EndTime")
    return start, end


def _policy(sent: Fields | None) -> Policy | None:
    if not sent or set(sent) <= {"Immediately"}:
        return None
    found = {}
    for name in ("StartTime", "EndTime", "Type"):
        if sent.get(name) is None:
            raise missing(f"{_RUN}.RunPolicy.{name}")
        found[name] = dates.clock(sent[name]) if name != "Type" else 0
        if found[name] is None:
            raise invalid(f"{_RUN}.RunPolicy.{name}")
    weekend = sent["Type"] == "Weekend"
    return Policy(found["StartTime"] or 0, found["EndTime"] or 0, weekend)


def _parameters(kind: str, text: str) -> str:
    if kind == "ManualWorkflow":
        _object(text, "WorkflowParameters")
    elif text and any("=" not in line for line in text.split("\n") if line.strip()):
        raise invalid("WorkflowParameters")
    return text


def _object(text: str, name: str) -> Fields:
    if not text:
        return {}
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as err:
        raise invalid(name) from err
    if not isinstance(found, dict):
        raise invalid(name)
    return found


def _tags(params: Params) -> list[Fields]:
    if params.get("TagCreationPolicy", "Append") not in ("Append", "Overwrite"):
        raise invalid("TagCreationPolicy")
    found = []
    for tag in params.get("Tags", []):
        key, value = tag.get("Key"), tag.get("Value") or ""
        if not isinstance(key, str) or not key:
            raise missing("Tags.Key")
        if not isinstance(value, str):
            raise invalid("Tags.Value")
        found.append({"Key": key, "Value": value})
    return found
