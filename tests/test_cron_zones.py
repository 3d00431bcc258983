"""Crons where clocks are switched, and the names of time zones."""

from datetime import UTC, datetime, timedelta

import pytest

from deployer import cron
from deployer.cron import UnknownZone

NEW_YORK = cron.zone_of("America/New_York")


def instants(text: str, start: datetime, count: int) -> list[str]:
    return [run.isoformat() for run in cron.next_runs(cron.parse(text), NEW_YORK, start, count)]


FORWARD = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
"""Half an hour before clocks in New York go from 02:00 to 03:00."""

BACK = datetime(2026, 11, 1, 4, 45, tzinfo=UTC)
"""A quarter of an hour before 01:00, which comes twice."""


def test_a_skipped_hour_has_no_hourly_run() -> None:
    """23 runs on that day (docs/service.md B-122)."""
    assert instants("00 00 * * * ?", FORWARD, 2) == [
        "2026-03-08T03:00:00-04:00",
        "2026-03-08T04:00:00-04:00",
    ]


def test_a_daily_run_in_a_skipped_hour_is_an_hour_late() -> None:
    """As a dry run (docs/service.md B-122)."""
    assert instants("00 30 02 * * ?", FORWARD, 2) == [
        "2026-03-08T03:30:00-04:00",
        "2026-03-09T02:30:00-04:00",
    ]


def test_of_a_repeated_hour_the_second_counts() -> None:
    """24 runs on a day of 25 hours (docs/service.md B-122)."""
    assert instants("00 */30 * * * ?", BACK, 3) == [
        "2026-11-01T01:00:00-05:00",
        "2026-11-01T01:30:00-05:00",
        "2026-11-01T02:00:00-05:00",
    ]


def test_looking_on_from_within_a_repeated_hour() -> None:
    """Its second half is still to come."""
    within = datetime(2026, 11, 1, 5, 45, tzinfo=UTC)
    assert instants("00 30 01 * * ?", within, 1) == ["2026-11-01T01:30:00-05:00"]


@pytest.mark.parametrize(
    ("name", "hours"),
    [("Asia/Shanghai", 8), ("asia/shanghai", 8), ("GMT+8", 8), ("UTC-03:30", -3.5), ("UTC", 0)],
)
def test_zones_are_names_in_any_case_or_distances(name: str, hours: float) -> None:
    """As exports print them."""
    assert cron.zone_of(name).utcoffset(datetime(2026, 1, 1)) == timedelta(hours=hours)


@pytest.mark.parametrize(
    "name", ["", "Asia", "Mars/Base", "GMT+99", "../../etc/passwd", "\0", "x" * 100_000]
)
def test_other_zones_are_unknown(name: str) -> None:
    """Never a file outside of the database, never a crash."""
    with pytest.raises(UnknownZone):
        cron.zone_of(name)
