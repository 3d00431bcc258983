"""Why a command begins nothing more: a signal, the end of its time, a quota, a service that is down.

What is under way goes on to where it can be left; what was not begun ends as not attempted.
"""

import asyncio

from deployer.errors import DeployerError, OutcomeUnknown, QuotaUsed, Throttled, Unreachable

NO_PROGRESS = 600.0
"""Seconds in which nothing moved, after which a command ends."""

OUTAGE = 3
"""Workflows that fail in a row for want of an answer, after which no other one is tried."""

_TRANSIENT = (Unreachable, OutcomeUnknown, Throttled)


class Halt(asyncio.Event):
    """Set once nothing more is to be begun; `why` says the reason in a few words.

    `exit_code` is that of what is not attempted for this reason; 0 after a signal, which has its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.why = "interrupted"
        self.exit_code = 0

    @property
    def told(self) -> str:
        """Why nothing more is begun; empty while it still is."""
        return self.why if self.is_set() else ""

    def because(self, why: str, exit_code: int) -> None:
        """Set for a reason, unless it is set already."""
        if not self.is_set():
            self.why, self.exit_code = why, exit_code
            self.set()


class Breaker:
    """Told how each workflow ended; ends the handing out of work while the service does not answer.

    Without it an outage in the middle of hundreds of workflows costs all attempts for each of them.
    """

    def __init__(self, halt: Halt) -> None:
        self._halt = halt
        self._row = 0

    def ended(self, failure: DeployerError | None) -> None:
        """A workflow ended so; a success, or a refusal by a service that answers, ends the row."""
        self._row = self._row + 1 if isinstance(failure, _TRANSIENT) else 0
        if isinstance(failure, QuotaUsed):
            self._halt.because(failure.what, failure.exit_code)
        elif self._row >= OUTAGE:
            why = f"{OUTAGE} workflows in a row failed without a usable answer"
            self._halt.because(why, Unreachable.exit_code)
