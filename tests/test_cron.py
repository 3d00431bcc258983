"""Crons: what can be read, what Spring and Quartz disagree on, and when a schedule fires."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deployer import cron
from deployer.cron import NotACron

NEW_YORK = cron.zone_of("America/New_York")
MONDAY = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""


def runs(
    text: str, count: int = 3, zone: str = "Asia/Shanghai", start: datetime = MONDAY
) -> list[str]:
    found = cron.next_runs(cron.parse(text), cron.zone_of(zone), start, count)
    return [run.strftime("%a %Y-%m-%d %H:%M") for run in found]


# --- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "0 4 * * *",
            "five fields, expected six, beginning with the second",
            "write `00 0 4 * * *`",
        ),
        ("0 0 4 * * ? *", "seven fields: the service knows no year", "write `0 0 4 * * ?`"),
        (
            "daily",
            "expected six fields, found 1",
            "write second, minute, hour, day of month, month and day of week: `00 30 01 * * ?`",
        ),
        (
            "00 ? 01 * * ?",
            "`?` is no minute",
            "`?` stands alone, as the day of month or the day of week; write `*` for every one",
        ),
        (
            "00 00 01 ?/2 * ?",
            "`?/2` is no day of month",
            "`?` stands alone, as the day of month or the day of week; write `*` for every one",
        ),
        (
            "00 00 24 * * ?",
            "`24` is no hour",
            "use `0` to `23`, `*`, ranges such as `8-18`, lists, and steps such as `*/6`",
        ),
        (
            "00,00 00 00 * FOO ?",
            "`FOO` is no month",
            "use `1` to `12` or `JAN` to `DEC`, `*`, ranges, lists and steps",
        ),
    ],
)
def test_what_is_no_cron_is_told_with_its_cure(text: str, message: str, hint: str) -> None:
    """The first thing that is wrong, and what to write instead."""
    with pytest.raises(NotACron) as caught:
        cron.parse(text)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "00 60 00 * * ?",
        "00 */0 00 * * ?",
        "00 00 00 32 * ?",
        "00 00 00 0W * ?",
        "00 00 00 1-5W * ?",
        "00 00 00 ? * L",
        "00 00 00 ? * 8",
        "00 00 00 ? * FRI-MON",
        "00 00 00 ? * MON#6",
        "00 00 00 * 13 ?",
        "-1 00 00 * * ?",
        "00 ² 00 * * ?",
        "00 00 00 L-3 * ?",
    ],
)
def test_out_of_range_is_no_cron(text: str) -> None:
    """Nothing that the service could not read either is let through."""
    with pytest.raises(NotACron):
        cron.parse(text)


@pytest.mark.parametrize("text", ["0 " * 500_000, "*" * 1_000_000, "00 00 00 * * " + "1," * 300])
def test_a_very_long_text_is_refused_unread(text: str) -> None:
    """Its length is told, its content is not repeated."""
    with pytest.raises(NotACron) as caught:
        cron.parse(text)
    assert caught.value.message == f"a cron of {len(text)} characters, at most 500 are read"


@given(st.text(max_size=30) | st.text("0123456789*?/-,#LW MONFRI", max_size=40))
def test_any_text_is_a_cron_or_refused(text: str) -> None:
    """There is no third end."""
    try:
        words = cron.parse(text).fields
    except NotACron as error:
        words = (error.message,)
    assert len(words) in (1, 6)
    assert all(words)


@pytest.mark.parametrize(
    "text", ["00 00 00 * * ?", "0 0 0 * * *", "00  00\t00 * * ?", "00 00 00 * jan mon"]
)
def test_padding_blanks_and_case_mean_nothing(text: str) -> None:
    """The service pads numbers, people write names as they like."""
    assert cron.parse(text).on_the_minute


@pytest.mark.parametrize(
    ("second", "every"), [("*", True), ("0/1", True), ("*/2", False), ("00", False)]
)
def test_every_second_is_noticed(second: str, every: bool) -> None:
    """However it is written."""
    assert cron.parse(f"{second} * * * * *").every_second is every


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "00 00 00 ? * 2",
            "day of week `2`: Sunday is 0 in Spring and 1 in Quartz",
            "write names, `SUN` to `SAT`",
        ),
        (
            "00 00 00 ? * FRI,6#3",
            "day of week `FRI,6#3`: Sunday is 0 in Spring and 1 in Quartz",
            "write names, `SUN` to `SAT`",
        ),
        (
            "00 00 00 1 * MON",
            "day of month `1` and day of week `MON`: both must hold, or Quartz refuses it",
            "leave one of them open with `?`",
        ),
        (
            "00 00 00 ? * ?",
            "day of month and day of week are both `?`, which Quartz refuses",
            "write `*` as the day of month",
        ),
        (
            "00 00 00 15W * ?",
            "the day of month `15W` is Quartz's own, Spring does not know `W`",
            "write days, `L`, or a day of week such as `MON#1`",
        ),
        (
            "00 00 00 */2 * ?",
            "the day of month `*/2` begins at 1 in Quartz, at 0 in Spring",
            "write the first day: `1/2` instead of `*/2`",
        ),
    ],
)
def test_what_two_schedulers_read_differently_is_a_doubt(
    text: str, message: str, hint: str
) -> None:
    """With a spelling that both read in one way."""
    (doubt,) = cron.parse(text).doubts
    assert (doubt.message, doubt.hint) == (message, hint)


@pytest.mark.parametrize(
    "text",
    [
        "00 00 00 * * ?",
        "00 */30 00-23 * * ?",
        "00 00 02 L * ?",
        "00 00 01 ? * MON-FRI",
        "00 0 0 1/2 * ?",
        "00 00 02 1 1,4,7,10 ?",
        "00 00 01 ? * FRIL",
        "00 00 01 ? * MON#2",
        "00 0 0 */1 * ?",
    ],
)
def test_what_they_read_alike_is_none(text: str) -> None:
    """The service's own examples, and names."""
    assert cron.parse(text).doubts == ()


# --- firing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00 30 01 * * ?", ["Tue 2026-11-24 01:30", "Wed 2026-11-25 01:30"]),
        ("00 */30 00-23 * * ?", ["Mon 2026-11-23 12:30", "Mon 2026-11-23 13:00"]),
        ("00 00 */6 * * ?", ["Mon 2026-11-23 18:00", "Tue 2026-11-24 00:00"]),
        ("00 00 01 ? * MON", ["Mon 2026-11-30 01:00", "Mon 2026-12-07 01:00"]),
        ("00 00 02 L * ?", ["Mon 2026-11-30 02:00", "Thu 2026-12-31 02:00"]),
        ("00 00 02 1 1,4,7,10 ?", ["Fri 2027-01-01 02:00", "Thu 2027-04-01 02:00"]),
        ("00 00 00 ? * FRIL", ["Fri 2026-11-27 00:00", "Fri 2026-12-25 00:00"]),
        ("00 00 00 ? * MON#2", ["Mon 2026-12-14 00:00", "Mon 2027-01-11 00:00"]),
        ("00 00 00 LW * ?", ["Mon 2026-11-30 00:00", "Thu 2026-12-31 00:00"]),
        ("00 00 00 1/10 * ?", ["Tue 2026-12-01 00:00", "Fri 2026-12-11 00:00"]),
        ("00 00 00 1 * MON", ["Mon 2027-02-01 00:00", "Mon 2027-03-01 00:00"]),
        ("00 00 00 ? * 1", ["Mon 2026-11-30 00:00", "Mon 2026-12-07 00:00"]),
        ("00 00 00 29 2 ?", ["Tue 2028-02-29 00:00", "Sun 2032-02-29 00:00"]),
    ],
)
def test_the_next_runs(text: str, expected: list[str]) -> None:
    """After the moment given, in the zone given."""
    assert runs(text, 2) == expected


@pytest.mark.parametrize(
    ("day", "start", "expected"),
    [
        (15, date(2024, 6, 1), "Fri 2024-06-14 00:00"),
        (15, date(2024, 9, 1), "Mon 2024-09-16 00:00"),
        (1, date(2024, 6, 1), "Mon 2024-06-03 00:00"),
        (31, date(2024, 3, 1), "Fri 2024-03-29 00:00"),
        (31, date(2024, 4, 1), "Fri 2024-05-31 00:00"),
    ],
)
def test_the_nearest_weekday_stays_in_its_month(day: int, start: date, expected: str) -> None:
    """A month without that day has no run."""
    moment = datetime(start.year, start.month, start.day, tzinfo=UTC) - timedelta(days=1)
    assert runs(f"00 00 00 {day}W * ?", 1, "UTC", moment) == [expected]


@pytest.mark.parametrize("text", ["00 00 00 31 2 ?", "00 00 00 31 4,6 ?", "00 00 00 30 2 MON"])
def test_days_that_do_not_exist_never_fire(text: str) -> None:
    """No run, no runs per week, and it is said."""
    parsed = cron.parse(text)
    assert (cron.never_fires(parsed), cron.runs_per_week(parsed), runs(text)) == (True, 0.0, [])


def test_days_that_never_meet_never_fire() -> None:
    """The fifth Monday of a month is never its first day."""
    assert cron.never_fires(cron.parse("00 00 00 1 * MON#5"))


def test_a_rare_day_fires() -> None:
    """A Monday that is 29 February comes every 28 years."""
    assert not cron.never_fires(cron.parse("00 00 00 29 2 MON"))


def test_the_calendar_ends() -> None:
    """Looking on from its last day finds nothing and breaks nothing."""
    assert runs("00 00 00 * * ?", 5, "UTC", datetime(9999, 12, 30, 12, tzinfo=UTC)) == [
        "Fri 9999-12-31 00:00"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00 30 01 * * ?", 7.0),
        ("00 */30 00-23 * * ?", 336.0),
        ("00 00 01 ? * MON,FRI", 2.0),
        ("00 * * * * ?", 10080.0),
        ("00 00 02 L * ?", pytest.approx(12 * 28 / 1461)),
        ("00 00 02 29 2 ?", pytest.approx(7 / 1461)),
    ],
)
def test_runs_per_week_are_an_average(text: str, expected: float) -> None:
    """Over 28 years, after which weekdays and leap years repeat."""
    assert cron.runs_per_week(cron.parse(text)) == expected


# --- against another way of finding runs ----------------------------------------------------------

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


@st.composite
def _field(draw: st.DrawFn, low: int, high: int) -> tuple[str, frozenset[int]]:
    """A field and the values that it means, found without any cron library."""
    one, other = sorted(draw(st.tuples(*[st.integers(low, high)] * 2)))
    step = draw(st.integers(1, 20))
    values = draw(st.lists(st.integers(low, high), min_size=1, max_size=4))
    return draw(
        st.sampled_from(
            [
                ("*", frozenset(range(low, high + 1))),
                (f"{one}-{other}", frozenset(range(one, other + 1))),
                (f"{one}-{other}/{step}", frozenset(range(one, other + 1, step))),
                (f"*/{step}", frozenset(range(low, high + 1, step))),
                (",".join(f"{value:02}" for value in values), frozenset(values)),
            ]
        )
    )


@st.composite
def _crons(draw: st.DrawFn) -> tuple[str, list[frozenset[int]]]:
    fields = [draw(_field(low, high)) for low, high in _FIELDS]
    return " ".join(["00", *(text for text, _ in fields)]), [values for _, values in fields]


def _matches(wall: datetime, fields: list[frozenset[int]]) -> bool:
    parts = (wall.minute, wall.hour, wall.day, wall.month, wall.isoweekday() % 7)
    return all(part in values for part, values in zip(parts, fields, strict=True))


@given(_crons(), st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)))
def test_runs_are_those_that_looking_at_each_minute_finds(
    made: tuple[str, list[frozenset[int]]], start: datetime
) -> None:
    """Two days of minutes, each of them asked whether it fits."""
    text, fields = made
    first = start.replace(second=0, microsecond=0) + timedelta(minutes=1)
    minutes = (first + timedelta(minutes=number) for number in range(2 * 24 * 60))
    expected = [minute for minute in minutes if _matches(minute, fields)][:40]
    found = cron.next_runs(cron.parse(text), UTC, start.replace(tzinfo=UTC), 40)
    end = first + timedelta(days=2)
    assert [run.replace(tzinfo=None) for run in found if run.replace(tzinfo=None) < end] == expected


@given(_crons(), st.datetimes(datetime(2026, 3, 6), datetime(2026, 3, 9)))
@example(("00 30 2 * * *", []), datetime(2026, 3, 8))
@example(("00 */20 * * * *", []), datetime(2026, 10, 31, 20))
def test_runs_rise_whatever_the_clocks_do(
    made: tuple[str, list[frozenset[int]]], start: datetime
) -> None:
    """Each later than the one before, and all after the start."""
    moment = start.replace(tzinfo=UTC)
    found = cron.next_runs(cron.parse(made[0]), NEW_YORK, moment, 30)
    assert [
        one for one, other in pairwise([moment, *found]) if not one.timestamp() < other.timestamp()
    ] == []
