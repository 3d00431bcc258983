"""Waiting: even spacing, bounded pauses, and an end to repeating."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.transport.pace import RateLimit, RetryBudget, backoff, retry_after


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def read(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_even_spacing() -> None:
    """Calls go out at the rate, the first one at once; idle time is not saved up for a burst."""

    async def moments() -> list[float]:
        clock = Clock()
        limit = RateLimit(4.0, clock.read, clock.sleep)
        seen = []
        for idle in (0.0, 0.0, 0.0, 10.0, 0.0):
            clock.now += idle
            await limit.turn()
            seen.append(clock.now - 100.0)
        return seen

    assert asyncio.run(moments()) == [0.0, 0.25, 0.5, 10.5, 10.75]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("1", 0.001),
        ("1500", 1.5),
        ("120000", 120.0),
        ("120001", 120.0),
        ("1000000000000", 120.0),
        ("", None),
        ("0", None),
        ("-5", None),
        ("+5", None),
        ("abc", None),
        ("1.5", None),
        ("1_000", None),
        ("٣", None),
        ("1500, 1500", None),
        ("9" * 5000, None),
    ],
    ids=lambda value: str(value)[:12],
)
def test_retry_after(header: str, expected: float | None) -> None:
    """Milliseconds are honoured up to 120 s; nonsense is as good as no header."""
    assert retry_after(header) == expected


@given(st.integers(1, 8), st.floats(0, 1))
def test_backoff(attempt: int, chance: float) -> None:
    """A pause is between nothing and a bound that doubles from 0.5 s up to 20 s."""
    bound = min(20.0, 0.25 * 2**attempt)
    assert backoff(attempt, chance) == chance * bound


def test_budget() -> None:
    """A hundred repetitions without a success use it up; a success pays for one, never for more."""
    budget = RetryBudget()
    budget.refund()
    assert [budget.take() for _ in range(101)] == [True] * 100 + [False]
    budget.refund()
    assert [budget.take(), budget.take()] == [True, False]
