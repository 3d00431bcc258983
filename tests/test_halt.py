"""Why nothing more is begun: the first reason counts, and an outage is one only in a row."""

import pytest

from deployer.errors import (
    Conflict,
    DeployerError,
    OutcomeUnknown,
    QuotaUsed,
    ServiceError,
    Throttled,
    Unreachable,
)
from deployer.halt import Breaker, Halt

LOST, SILENT, BUSY = OutcomeUnknown("lost"), Unreachable("silent"), Throttled("busy")


def halted_by(*failures: DeployerError | None) -> Halt:
    """What a breaker makes of workflows that end so, one after the other."""
    halt = Halt()
    breaker = Breaker(halt)
    for failure in failures:
        breaker.ended(failure)
    return halt


def test_three_in_a_row_are_an_outage() -> None:
    """Whatever it is that keeps an answer away."""
    halt = halted_by(LOST, SILENT, BUSY)
    assert (halt.is_set(), halt.exit_code) == (True, 1)
    assert halt.why == "3 workflows in a row failed without a usable answer"


@pytest.mark.parametrize("between", [None, ServiceError("no"), Conflict("moved")])
def test_a_service_that_answers_is_no_outage(between: DeployerError | None) -> None:
    """A success or a refusal in between ends the row."""
    assert not halted_by(LOST, SILENT, between, BUSY, LOST).is_set()


def test_a_used_up_quota_ends_it_at_once() -> None:
    """No other workflow could be written today."""
    halt = halted_by(QuotaUsed("87 of 100 calls used"))
    assert (halt.why, halt.exit_code) == ("87 of 100 calls used", 8)


def test_the_first_reason_counts() -> None:
    """What comes later does not change why work ended; a signal has no reason of its own."""
    halt = Halt()
    assert (halt.why, halt.exit_code) == ("interrupted", 0)
    halt.because("time", 1)
    halt.because("quota", 8)
    assert (halt.why, halt.exit_code) == ("time", 1)
