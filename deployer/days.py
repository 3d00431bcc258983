"""Days as the service counts them: in China time, whatever the zone of a workflow or of this machine."""

from datetime import UTC, date, datetime, time, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
ONE = timedelta(days=1)

_EPOCH = datetime.fromtimestamp(0, UTC)


def day_of(ms: int) -> date:
    """The day at a moment (docs/service.md B-95)."""
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(CHINA).date()


def midnight(day: date) -> int:
    """The first moment of a day, in ms since the epoch: what `BizDate` is (docs/service.md B-95)."""
    return round(datetime.combine(day, time(), CHINA).timestamp() * 1000)


def today(now: float) -> date:
    """The day at a moment in seconds since the epoch."""
    return day_of(round(now * 1000))


def run_day(biz_date: date) -> date:
    """The day on which a business date runs: the one after it (docs/service.md B-96)."""
    return biz_date + ONE


def between(first: date, last: date) -> list[date]:
    """All days between two, both included."""
    return [first + ONE * n for n in range((last - first).days + 1)]


def moment(ms: int) -> str:
    """A moment as `YYYY-MM-DD HH:MM:SS`."""
    at = (_EPOCH + timedelta(milliseconds=ms)).astimezone(CHINA)
    return at.strftime("%Y-%m-%d %H:%M:%S")
