"""Days and schedules as the service counts them: China time, six-field cron (B-80, B-95, B-96)."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
DAY_MS = 86_400_000
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def day_of(ms: int) -> date:
    """Return the day in China at a moment."""
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)).astimezone(CHINA).date()


def midnight(day: date) -> int:
    """Return the first moment of a day in China."""
    return round(datetime.combine(day, time(), CHINA).timestamp() * 1000)


def seconds_of_day(ms: int) -> int:
    """Return how many seconds of the day in China have passed."""
    return (ms - midnight(day_of(ms))) // 1000


def day(text: object) -> date | None:
    """Return the day that `yyyy-mm-dd` names, None for any other text."""
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    # The years at either end of the calendar have neighbours that cannot be written.
    return found if 1900 <= found.year <= 9000 else None


def clock(text: object) -> int | None:
    """Return the second of the day that `hh:mm:ss` names, None for any other text."""
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if not match:
        return None
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)


def effective(now: int, window: str) -> int:
    """Return from when a definition published now acts: the third day inside the window (B-80)."""
    start = {"23:30-24:00": 84_600, "22:00-24:00": 79_200}.get(window, 86_400)
    days = 2 if seconds_of_day(now) >= start else 1
    return midnight(day_of(now) + timedelta(days=days))


def firings(cron: str, on: date) -> list[int] | None:
    """Return the seconds of a day at which a cron fires, None for one that cannot be read."""
    fields = cron.split()
    if len(fields) not in (6, 7):
        return None
    try:
        if not _in(fields[4], on.month, 1, 12, _MONTHS) or not _on_day(fields[3], fields[5], on):
            return []
        hours = list(_values(fields[2], 0, 23))
        minutes = list(_values(fields[1], 0, 59))
        seconds = list(_values(fields[0], 0, 59))
    except ValueError:
        return None
    return sorted({h * 3600 + m * 60 + s for h in hours for m in minutes for s in seconds})


def _on_day(days: str, weekdays: str, on: date) -> bool:
    if days in ("L", "LW"):
        return (on + timedelta(days=1)).day == 1
    return _in(days, on.day, 1, 31) and _on_weekday(weekdays, on)


def _on_weekday(field: str, on: date) -> bool:
    # 1 is Sunday as in Quartz; which numbers the service counts by is not published.
    number = on.isoweekday() % 7 + 1
    if "#" in field:
        name, _, nth = field.partition("#")
        return _in(name, number, 1, 7, _WEEKDAYS) and (on.day - 1) // 7 + 1 == int(nth)
    if field.endswith("L") and len(field) > 1:
        last = (on + timedelta(days=7)).month != on.month
        return last and _in(field[:-1], number, 1, 7, _WEEKDAYS)
    return _in(field, number, 1, 7, _WEEKDAYS)


def _in(field: str, value: int, low: int, high: int, names: tuple[str, ...] = ()) -> bool:
    return value in _values(field, low, high, names)


def _values(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> Iterator[int]:
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, last = low, high
        if span not in ("*", "?"):
            ends = [_number(end, low, names) for end in span.split("-", 1)]
            first, last = ends[0], ends[-1] if len(ends) > 1 or not step else high
        if not low <= first <= high or not low <= last <= high or (step and int(step) < 1):
            raise ValueError(field)
        yield from range(first, last + 1, int(step or 1))


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    upper = text.upper()
    return names.index(upper) + low if upper in names else int(text)
