"""Rules about triggers: when something runs, if ever, and whether a reader can tell."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeGuard

from deployer import cron
from deployer.cron import Cron, NotACron, UnknownZone
from deployer.entities import Node
from deployer.model import Pointer, RuleInfo
from deployer.reading import placeholders
from deployer.rules.subject import DocumentRule, Finding, Rule, Subject, near


def cron_can_be_read(subject: Subject) -> Iterator[Finding]:
    """A cron where there is a schedule, nowhere else, and in the form that the service takes."""
    for pointer, trigger in _triggers(subject):
        kind, text = trigger.get("type"), trigger.get("cron")
        if kind == "Scheduler" and not text:
            yield Finding(pointer, "a trigger of type `Scheduler` needs a `cron`")
        elif text and kind not in ("Scheduler", None) and not placeholders.occurs(kind):
            message = f"`cron` has no effect in a trigger of type `{kind}`"
            yield Finding((*pointer, "cron"), message, "remove it, or write `type: Scheduler`")
        elif _said(text) and (finding := _unreadable(text, (*pointer, "cron"))):
            yield finding


def _unreadable(text: str, place: Pointer) -> Finding | None:
    try:
        parsed = cron.parse(text)
    except NotACron as error:
        return Finding(place, f"not a cron: {error.message}", error.hint)
    if parsed.on_the_minute or parsed.every_second:  # the latter has a rule of its own
        return None
    return Finding(place, f"the second is `{text.split()[0]}`, expected `00`", "write `00` first")


def not_every_second(subject: Subject) -> Iterator[Finding]:
    """`*` where the second stands, often a cron of five fields that gained one at the wrong end."""
    for place, text, parsed in _crons(subject):
        if parsed.every_second:
            yield Finding(place, f"`{text}` fires every second")


def fires_at_all(subject: Subject) -> Iterator[Finding]:
    """A schedule without a day looks like one that works."""
    for place, text, parsed in _crons(subject):
        if cron.never_fires(parsed):
            yield Finding(place, f"`{text}` never fires: there is no such day")


def read_in_one_way(subject: Subject) -> Iterator[Finding]:
    """Where Spring and Quartz differ, nobody outside knows which one the service follows."""
    for place, _, parsed in _crons(subject):
        for doubt in parsed.doubts:
            yield Finding(place, doubt.message, doubt.hint)


_ODD = {
    "ManualWorkflow": ("Scheduler", "nothing in a manual workflow runs by a schedule"),
    "CycleWorkflow": ("Manual", "a workflow of this kind runs by a schedule"),
}
"""Kind of workflow → type of trigger that does not fit, and why."""


def trigger_fits_kind(subject: Subject) -> Iterator[Finding]:
    """Manual workflows have no schedule; of scheduled ones single nodes may be started by hand."""
    kind = subject.manifest.document["kind"]
    odd, why = _ODD.get(kind, ("", ""))
    for pointer, trigger in _triggers(subject):
        if trigger.get("type") == odd and (kind == "ManualWorkflow" or len(pointer) == 1):
            message = f"a trigger of type `{odd}` in a {kind}: {why}"
            yield Finding((*pointer, "type"), message)


def times_make_sense(subject: Subject) -> Iterator[Finding]:
    """The schema knows the form of a time, not the calendar."""
    for pointer, trigger in _triggers(subject):
        times: dict[str, datetime] = {}
        for key in ("startTime", "endTime"):
            text = trigger.get(key)
            if not _said(text):
                continue
            try:
                times[key] = datetime.fromisoformat(text)
            except ValueError:
                yield Finding((*pointer, key), f"`{text}` is no date and time of the calendar")
        if len(times) == 2 and times["startTime"] >= times["endTime"]:
            message = (
                f"`endTime` {trigger['endTime']} is not after `startTime` {trigger['startTime']}"
            )
            yield Finding((*pointer, "endTime"), message, "let it end after it begins")


def zone_is_known(subject: Subject) -> Iterator[Finding]:
    """A time zone that nobody knows leaves the time of a run open."""
    for pointer, trigger in _triggers(subject):
        text = trigger.get("timezone")
        if not _said(text):
            continue
        try:
            cron.zone_of(text)
        except UnknownZone:
            hint = near(text, cron.zone_names().values())
            yield Finding((*pointer, "timezone"), f"`{text}` is no known time zone", hint)


def _triggers(subject: Subject) -> Iterator[tuple[Pointer, Node]]:
    """Every trigger of the workflow and its nodes, with its place in the workflow object."""
    holders = [((), subject.workflow), *((pointer, node) for _, pointer, node in subject.entities)]
    for pointer, holder in holders:
        if trigger := holder.get("trigger"):
            yield (*pointer, "trigger"), trigger


def _crons(subject: Subject) -> Iterator[tuple[Pointer, str, Cron]]:
    """Every cron that has an effect and can be read."""
    for pointer, trigger in _triggers(subject):
        text = trigger.get("cron")
        if trigger.get("type") in ("Scheduler", None) and _said(text):
            try:
                yield (*pointer, "cron"), text, cron.parse(text)
            except NotACron:
                continue


def _said(text: Any) -> TypeGuard[str]:
    """Whether there is a text, known already: a placeholder without a target stands for another one."""
    return isinstance(text, str) and text != "" and not placeholders.occurs(text)


SCHEDULE_RULES: tuple[DocumentRule, ...] = (
    Rule(
        RuleInfo(
            "DW111",
            "readable-cron",
            "error",
            "the service takes six fields, beginning with the second, which is `00`",
            "write second, minute, hour, day of month, month and day of week: `00 30 01 * * ?`",
            "A trigger has a `cron` if, and only if, its type is `Scheduler`. The six fields are those of "
            "Spring and Quartz, without a year: to end a schedule write `endTime`. A cron of five fields, "
            "as Unix has it, becomes one with `00` in front. Names such as `MON` and `JAN` are read in "
            "upper and lower case; `L` is the last day of the month, `FRIL` the last Friday, `MON#2` the "
            "second Monday; `?` leaves one of the two day fields open.",
        ),
        cron_can_be_read,
    ),
    Rule(
        RuleInfo(
            "DW112",
            "trigger-fits-kind",
            "warning",
            "a trigger of the wrong type is ignored or refused",
            "remove the trigger, or change `kind`",
            "Told of `Scheduler` anywhere in a ManualWorkflow and of `Manual` as the trigger of a "
            "CycleWorkflow itself. Some old exports have both.",
        ),
        trigger_fits_kind,
    ),
    Rule(
        RuleInfo(
            "DW113",
            "real-times",
            "error",
            "a schedule has to begin before it ends, on days that exist",
            "write a date of the calendar as `yyyy-MM-dd HH:mm:ss`",
            "Checks `startTime` and `endTime` against the calendar, and that the end is the later one.",
        ),
        times_make_sense,
    ),
    Rule(
        RuleInfo(
            "DW150",
            "not-every-second",
            "error",
            "the service has no schedules by the second",
            "write `00` as the first field",
            "Usually a cron of five fields to which a `*` was added in front instead of `00`.",
        ),
        not_every_second,
    ),
    Rule(
        RuleInfo(
            "DW151",
            "fires-at-all",
            "warning",
            "a schedule that never fires looks like one that works",
            "correct day and month, or write `recurrence: Pause` if it is meant to rest",
            "Told of days that no month has, such as 31 February, and of days of month and of week that "
            "never meet, looking fifty years ahead.",
        ),
        fires_at_all,
    ),
    Rule(
        RuleInfo(
            "DW153",
            "cron-without-doubt",
            "warning",
            "Spring and Quartz read it differently, and which one the service follows is not published",
            "",
            "The service names Spring as its model and shows crons in the manner of Quartz. Where the two "
            "differ, the same text means other days: digits as day of week (Spring calls Sunday 0, Quartz "
            "1), both day fields restricted, both `?`, `W`, and `*/n` as day of month.",
        ),
        read_in_one_way,
    ),
    Rule(
        RuleInfo(
            "DW154",
            "known-time-zone",
            "warning",
            "without its time zone nobody can say when it runs",
            "write a name such as `Asia/Shanghai`, or `GMT+8`",
            "Names are those of the time zone database, in any case; a fixed distance is written `GMT+8`.",
        ),
        zone_is_known,
    ),
)
