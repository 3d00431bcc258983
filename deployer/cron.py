"""Cron expressions as DataWorks takes them: what they say, whether they ever fire, when they fire next.

Six fields: second, minute, hour, day of month, month, day of week (docs/service.md B-120). The calendar
work is done by `cronsim`, imported only when there is a cron to read; this module knows where the
service's form differs from the library's.

In the day of week names are safe. Digits are read as Spring reads them, 0 and 7 for Sunday, 1 for Monday,
because the service names Spring as its model; Quartz calls Sunday 1, and which of them the service follows
is unknown (U-37). What the two read differently is told as a `Doubt`.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cronsim import CronSim

LONGEST = 500
"""Characters; a list of all minutes and all hours has fewer than 250."""

_NAMES = ("second", "minute", "hour", "day of month", "month", "day of week")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_NEAREST = re.compile(r"([1-9]|[12][0-9]|3[01])W")
_LAST = re.compile(rf"({'|'.join(_DAYS)})L")
_NO_DAY = re.compile(r"#\d*|/\d*|L$")
_STEPS = re.compile(r"(?:^|,)\*/(?!1(?:,|$))")
_OFFSET = re.compile(r"(?:GMT|UTC)([+-])(\d{1,2})(?::?([0-5]\d))?")
_CYCLE = (date(2001, 1, 1), 10_227)
"""Years after which weekdays and leap years repeat, 28 of them: first day, number of days."""


class NotACron(ValueError):
    """A text that is no cron of this form: why, and the cure."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UnknownZone(ValueError):
    """A text that names no time zone."""


class Doubt(NamedTuple):
    """Something that Spring and Quartz read differently, and how to write it without doubt."""

    message: str
    hint: str


class Cron(NamedTuple):
    """A cron that can be read.

    `fields` are its six texts in the library's form. `nearest` is the day of month of `15W`, the weekday
    nearest to the 15th, else 0. `seconds` and `runs_a_day` count on a day on which it fires.
    """

    fields: tuple[str, ...]
    nearest: int
    seconds: frozenset[int]
    runs_a_day: int
    doubts: tuple[Doubt, ...]

    @property
    def every_second(self) -> bool:
        """Whether it fires in each second of its minutes."""
        return len(self.seconds) == 60

    @property
    def on_the_minute(self) -> bool:
        """Whether it fires in second 00 only, as the service wants it (docs/service.md B-120)."""
        return self.seconds == {0}


@lru_cache(maxsize=4096)
def parse(text: str) -> Cron:
    """What a cron says. Raises NotACron with the first thing that is wrong; refuses long texts unread."""
    if len(text) > LONGEST:
        raise NotACron(f"a cron of {len(text)} characters, at most {LONGEST} are read")
    fields = _six(text)
    _question_marks(fields)
    doubts = tuple(_doubts(fields))
    plain, nearest = _plain(fields)
    from cronsim import CronSim, CronSimError  # not every command reads a cron

    for index, (name, field) in enumerate(zip(_NAMES, plain, strict=True)):
        alone = ["*"] * index + [field] + ["*"] * (5 - index)
        try:
            CronSim(" ".join(alone), datetime(2000, 1, 1))
        except CronSimError:
            raise NotACron(f"`{fields[index]}` is no {name}", _ALLOWED[name]) from None
    clock = CronSim(" ".join([*plain[:3], "*", "*", "*"]), datetime(2000, 1, 1))
    runs = len(clock.hours) * len(clock.minutes) * len(clock.seconds)
    return Cron(tuple(plain), nearest, frozenset(clock.seconds), runs, doubts)


_ALLOWED = {
    "second": "write `00`",
    "minute": "use `0` to `59`, `*`, ranges such as `10-20`, lists, and steps such as `*/15`",
    "hour": "use `0` to `23`, `*`, ranges such as `8-18`, lists, and steps such as `*/6`",
    "day of month": "use `1` to `31`, `*`, `?`, ranges, lists, steps, or `L` for the last day",
    "month": "use `1` to `12` or `JAN` to `DEC`, `*`, ranges, lists and steps",
    "day of week": "use `SUN` to `SAT`, `*`, `?`, rising ranges, lists, `FRIL` for the last Friday, "
    "`MON#2` for the second Monday",
}


def _six(text: str) -> list[str]:
    fields = text.upper().split()
    if len(fields) == 5:
        whole = " ".join(["00", *text.split()])
        raise NotACron("five fields, expected six, beginning with the second", f"write `{whole}`")
    if len(fields) == 7:
        whole = " ".join(text.split()[:6])
        raise NotACron("seven fields: the service knows no year", f"write `{whole}`")
    if len(fields) != 6:
        hint = "write second, minute, hour, day of month, month and day of week: `00 30 01 * * ?`"
        raise NotACron(f"expected six fields, found {len(fields)}", hint)
    return fields


def _question_marks(fields: list[str]) -> None:
    """`?` leaves one of the two day fields open; nowhere else does it mean anything."""
    for index, field in enumerate(fields):
        if "?" in field and (field != "?" or index not in (3, 5)):
            hint = (
                "`?` stands alone, as the day of month or the day of week; write `*` for every one"
            )
            raise NotACron(f"`{field}` is no {_NAMES[index]}", hint)


def _plain(fields: list[str]) -> tuple[list[str], int]:
    """The fields in the library's form, and the day of a `15W`, which the library does not know."""
    plain = ["*" if field == "?" else field for field in fields]
    plain[5] = _LAST.sub(lambda match: f"{_DAYS.index(match[1])}L", plain[5])
    match = _NEAREST.fullmatch(plain[3])
    if match is None:
        return plain, 0
    day = int(match[1])
    # No weekday is further away than two days: from Saturday the 1st it is Monday the 3rd.
    plain[3] = f"{max(1, day - 2)}-{min(31, day + 2)}"
    return plain, day


def _doubts(fields: list[str]) -> Iterator[Doubt]:
    day, weekday = fields[3], fields[5]
    if any(re.search(r"\d", _NO_DAY.sub("", part)) for part in weekday.split(",")):
        yield Doubt(
            f"day of week `{weekday}`: Sunday is 0 in Spring and 1 in Quartz",
            "write names, `SUN` to `SAT`",
        )
    if not {day, weekday} & {"*", "?"}:
        message = f"day of month `{day}` and day of week `{weekday}`: both must hold, or Quartz refuses it"
        yield Doubt(message, "leave one of them open with `?`")
    if day == weekday == "?":
        message = "day of month and day of week are both `?`, which Quartz refuses"
        yield Doubt(message, "write `*` as the day of month")
    if "W" in day:
        message = f"the day of month `{day}` is Quartz's own, Spring does not know `W`"
        yield Doubt(message, "write days, `L`, or a day of week such as `MON#1`")
    if _STEPS.search(day):
        message = f"the day of month `{day}` begins at 1 in Quartz, at 0 in Spring"
        yield Doubt(message, "write the first day: `1/2` instead of `*/2`")


# --- when it fires --------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def never_fires(cron: Cron) -> bool:
    """Whether no day of the next fifty years is meant, such as 31 February."""
    return next(_walls(cron, datetime(2000, 1, 1)), None) is None


def runs_per_week(cron: Cron) -> float:
    """How often it fires in a week, on average over 28 years; switching of clocks left aside."""
    return _days_per_week(cron.fields[3:], cron.nearest) * cron.runs_a_day


@lru_cache(maxsize=4096)
def _days_per_week(fields: tuple[str, ...], nearest: int) -> float:
    """On how many days, by the fields for days alone: many a cron differs in its hour only."""
    midnight = Cron(("0", "0", "0", *fields), nearest, frozenset((0,)), 1, ())
    first, days = _CYCLE
    simulation = _simulation(midnight, datetime(2001, 1, 1))
    if simulation is None:
        return 0.0
    fires = sum(
        day.month in simulation.months and simulation.match_day(day) and _is_nearest(midnight, day)
        for day in (first + timedelta(days=number) for number in range(days))
    )
    return fires * 7 / days


def next_runs(cron: Cron, zone: tzinfo, start: datetime, count: int) -> list[datetime]:
    """The first `count` times after `start` at which it fires, in `zone`; fewer if it ends before.

    `start` is aware. Where clocks are switched, the clock on the wall counts (docs/service.md B-122): in
    an hour that is skipped a schedule of several runs a day has none, a run once a day is one hour later
    and then a dry run; of an hour that comes twice only the second counts.
    """
    found: list[datetime] = []
    # An hour may come twice: going back a little meets the second one as well.
    for wall in _walls(cron, start.astimezone(zone).replace(tzinfo=None) - timedelta(hours=3)):
        run = _in_zone(wall, zone, several=cron.runs_a_day > 1)
        if run is not None and run > start:
            found.append(run)
        if len(found) >= count:
            break
    return found[:count]


def _in_zone(wall: datetime, zone: tzinfo, *, several: bool) -> datetime | None:
    """The moment at which clocks in a zone show that time; None for one that is not there."""
    second = wall.replace(tzinfo=zone, fold=1)
    if _shown(second, zone) == wall:
        return second
    return None if several else wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)


def _shown(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0)


def _walls(cron: Cron, after: datetime) -> Iterator[datetime]:
    """Every time after that one, as clocks on the wall show it."""
    simulation = _simulation(cron, after)
    try:
        yield from (wall for wall in simulation or () if _is_nearest(cron, wall.date()))
    except OverflowError:  # the end of the calendar
        return


def _simulation(cron: Cron, after: datetime) -> "CronSim | None":
    """The library's view of it; None where no month has the day."""
    from cronsim import CronSim, CronSimError

    try:
        simulation = CronSim(" ".join(cron.fields), after)
    except CronSimError:
        return None
    # The library joins the two day fields by `or` as Unix does, Spring always by `and`.
    simulation.day_and = True
    return simulation


def _is_nearest(cron: Cron, day: date) -> bool:
    """Whether a day is the weekday nearest to the one that `W` names, within the month."""
    if not cron.nearest:
        return True
    try:
        wanted = day.replace(day=cron.nearest)
    except ValueError:  # that month is too short
        return False
    shift = {5: -1, 6: 1}.get(wanted.weekday(), 0)
    found = wanted + timedelta(days=shift)
    if found.month != wanted.month:
        found = wanted - timedelta(days=2 * shift)
    return day == found


# --- time zones -----------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def zone_of(text: str) -> tzinfo:
    """The zone that a trigger names: `Asia/Shanghai` in any case, or `GMT+8`. Raises UnknownZone."""
    match = _OFFSET.fullmatch(text)
    if match and int(match[2]) < 24:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        return timezone(-offset if match[1] == "-" else offset, text)
    from zoneinfo import ZoneInfo  # few triggers name one

    for name in _spellings(text):
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):  # unknown, no file name, a folder
            continue
    raise UnknownZone(text)


def _spellings(text: str) -> Iterator[str]:
    """The name as written, then as it should be: listing all zones takes longer than a manifest."""
    yield text
    yield zone_names().get(text.casefold(), "")


@lru_cache(maxsize=1)
def zone_names() -> dict[str, str]:
    """Every known time zone by its name in lower case."""
    from zoneinfo import available_timezones

    return {name.casefold(): name for name in available_timezones()}
