"""When a workflow runs before and after a change of a trigger, and when the change acts. Pure.

The few fields of a trigger that say when something runs are read here, as `deployer.rules` reads them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from deployer import cron
from deployer.classes import class_of
from deployer.cron import Cron, NotACron, UnknownZone
from deployer.model import Change, Runs, Schedule, Window
from deployer.normalise import canonical

COUNT = 5

_ZONE = "Asia/Shanghai"
_TIME = "%Y-%m-%d %H:%M:%S"
_IMMEDIATE = "Immediately"
_EVERY_HOUR = 24 * 7
"""Runs in a week of what runs each hour; what runs more often makes many instances."""
_MOST_NODES = 5

_NOW = Window()


def previewed(change: Change, now: datetime, window: Window = _NOW) -> Change:
    """The change with the next runs before and after, where the schedule changes in anything.

    `now` is aware and in the time zone of the workspace, `window` when its instances are made.
    """
    if change.action not in ("create", "update", "delete", "move"):
        return change
    before, after = _mapping(change.before_value), _mapping(change.after_value)
    notes = [*_of_nodes(before, after, now)]
    if not notes and _when(before) == _when(after):
        return change
    old, new = (_runs(each.get("trigger"), now) for each in (before, after))
    if old is None and new is None and not notes:
        return change
    schedule = Schedule(
        old, new, (*_notes(before, after, old, new), *notes, *_acts(after, now, window))
    )
    return replace(change, schedule=schedule)


# --- runs -----------------------------------------------------------------------------------------


def _runs(trigger: Any, now: datetime) -> Runs | None:
    """The next runs of a trigger; None where it has no schedule."""
    said = _mapping(trigger)
    text, name = said.get("cron"), str(said.get("timezone") or _ZONE)
    if not isinstance(text, str) or not text or said.get("type", "Scheduler") != "Scheduler":
        return None
    try:
        parsed, zone = cron.parse(text), cron.zone_of(name)
    except (NotACron, UnknownZone):
        return Runs(text, name)
    start, end = (_time(said.get(key)) for key in ("startTime", "endTime"))
    after = now.astimezone(zone)
    if start is not None and start > after.replace(tzinfo=None):
        after = (start - timedelta(seconds=1)).replace(tzinfo=zone)
    found = cron.next_runs(parsed, zone, after, COUNT)
    shown = [run for run in found if end is None or run.replace(tzinfo=None) <= end]
    times = tuple(run.strftime("%Y-%m-%d %H:%M") for run in shown)
    return Runs(text, name, times, round(cron.runs_per_week(parsed), 2))


def _time(text: Any) -> datetime | None:
    """A time of a trigger, as clocks in its zone show it; None for what is no such time."""
    try:
        return datetime.strptime(text, _TIME) if isinstance(text, str) else None
    except ValueError:
        return None


def _when(spec: Mapping[str, Any]) -> bytes:
    """Everything about the workflow itself that says when it runs, to be compared."""
    trigger = _mapping(spec.get("trigger"))
    return canonical(
        {key: trigger[key] for key in trigger if class_of(("trigger", key)) == "schedule"}
    )


# --- notes ----------------------------------------------------------------------------------------


def _notes(
    before: Mapping[str, Any], after: Mapping[str, Any], old: Runs | None, new: Runs | None
) -> Iterator[str]:
    """What the two lists of runs do not say by themselves."""
    if old is not None and new is None:
        yield "it has no schedule any more"
    if new is None:
        return
    parsed = _parsed(new.cron)
    if parsed is None:
        yield f"the cron `{new.cron}` cannot be read here"
        return
    for doubt in parsed.doubts:
        yield f"{doubt.message}; shown as Spring reads it (docs/service.md U-37)"
    if not new.next:
        yield "it has no further run: it never fires, or its end time has passed"
    if new.per_week > _EVERY_HOUR and (old is None or old.per_week < new.per_week):
        nodes = len(_mapping(after.get("nodes")))
        each = f" for each of {nodes} nodes" if nodes > 1 else ""
        yield f"{new.per_week / 7:.5g} runs a day, each makes an instance{each}"
    if 0 < new.per_week < 7:
        yield "a backfill of a day on which it does not run is a dry run (docs/service.md B-96)"
    zones = {each.timezone for each in (old, new) if each is not None}
    if len(zones) > 1:
        yield "the time zone changes: each line is told in its own"


def _of_nodes(before: Mapping[str, Any], after: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """A line for each node whose own trigger changes."""
    old, new = (_mapping(each.get("nodes")) for each in (before, after))
    if not old:  # of a new workflow everything is new
        return
    found = [name for name in new if name in old and _when(old[name]) != _when(new[name])]
    for name in found[:_MOST_NODES]:
        first, then = (_short(_runs(each[name].get("trigger"), now)) for each in (old, new))
        if first != then:
            yield f"node {name}: {first} -> {then}"
    if len(found) > _MOST_NODES:
        yield f"and {len(found) - _MOST_NODES} more nodes with triggers of their own"


def _short(runs: Runs | None) -> str:
    if runs is None:
        return "as the workflow"
    first = f", next {runs.next[0]}" if runs.next else ", no further run"
    return f"`{runs.cron}` {runs.timezone}{first}"


def _acts(after: Mapping[str, Any], now: datetime, window: Window) -> Iterator[str]:
    """When the change acts, once it is published (docs/service.md B-80, B-81)."""
    if not after:
        return
    if _mapping(after.get("strategy")).get("instanceMode") == _IMMEDIATE:
        yield "instances are made at once: it acts some ten minutes after it is published"
        return
    second = now.hour * 3600 + now.minute * 60 + now.second
    begin, end = _clock(window.start), _clock(window.end)
    if window.start == window.end or second < window.warn:
        yield "today's instances are made already: published today, it acts from tomorrow on (T+1)"
    elif second < window.start:
        yield (
            f"it is {now:%H:%M} there: published before {begin} it acts from tomorrow on, "
            "after that a day later"
        )
    elif second < window.end:
        yield (
            f"it is {now:%H:%M} there, and tomorrow's instances are made between {begin} and {end}: "
            "published now, it acts on the third day only"
        )
    else:
        yield "tomorrow's instances are made already: it acts from the day after tomorrow on (T+1)"


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second % 3600 // 60:02}"


def _parsed(text: str) -> Cron | None:
    try:
        return cron.parse(text)
    except NotACron:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
