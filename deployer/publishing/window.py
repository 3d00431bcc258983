"""The hours in which a publication would act a day late, told in the workspace's own time.

The instances of the next day are made between 23:30 and 24:00 of the workspace (docs/service.md
B-80): what is published then acts on the third day only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from deployer.errors import RefusedBySafety, UsageError
from deployer.model import Target, Window

_ZONES = {
    "ap-northeast-1": "Asia/Tokyo",
    "ap-northeast-2": "Asia/Seoul",
    "ap-southeast-1": "Asia/Singapore",
    "ap-southeast-3": "Asia/Kuala_Lumpur",
    "ap-southeast-5": "Asia/Jakarta",
    "ap-southeast-6": "Asia/Manila",
    "ap-southeast-7": "Asia/Bangkok",
    "eu-central-1": "Europe/Berlin",
    "eu-west-1": "Europe/London",
    "me-central-1": "Asia/Riyadh",
    "me-east-1": "Asia/Dubai",
    "us-east-1": "America/New_York",
    "us-west-1": "America/Los_Angeles",
}
_CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Told as it is, so that a machine without a time zone database knows it; there is no summer time."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When nothing is published, by the clock of one workspace; `allowed` overrides it."""

    window: Window
    zone: tzinfo
    allowed: bool = False

    def refuse(self, now: float, written: str = "nothing was written") -> None:
        """Raises RefusedBySafety inside the window; `now` in seconds since the epoch."""
        if self.allowed or not self.window.start <= self._second(now) < self.window.end:
            return
        raise RefusedBySafety(
            f"nothing is published between {_clock(self.window.start)} and "
            f"{_clock(self.window.end)} {self.zone}",
            why=f"it is {self._time(now)} there, and the next day's instances are being made: "
            "what is published now acts on the third day only",
            written=written,
            hint="run the command again after the window, or with `--allow-window`",
        )

    def warning(self, now: float) -> str:
        """What to say when the window is near; empty if it is not."""
        if self.allowed or not self.window.warn <= self._second(now) < self.window.start:
            return ""
        return (
            f"it is {self._time(now)} {self.zone}: from {_clock(self.window.start)} on nothing is "
            "published, and what is still under way then waits for the next day"
        )

    def _second(self, now: float) -> int:
        local = datetime.fromtimestamp(now, UTC).astimezone(self.zone)
        return local.hour * 3600 + local.minute * 60 + local.second

    def _time(self, now: float) -> str:
        return datetime.fromtimestamp(now, UTC).astimezone(self.zone).strftime("%H:%M")


def hours_of(target: Target, *, allowed: bool = False) -> Hours:
    """The hours of a target: in its own time zone if it names one, else in that of its region.

    Raises UsageError where this machine does not know the time zone.
    """
    name = target.window.zone or _ZONES.get(target.region, "")
    try:
        zone = ZoneInfo(name) if name else _CHINA
    except (OSError, ZoneInfoNotFoundError) as unknown:
        raise UsageError(
            f"this machine does not know the time zone `{name}`",
            hint="install the time zone database of the system, often called `tzdata`",
        ) from unknown
    return Hours(target.window, zone, allowed)


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second % 3600 // 60:02}"
