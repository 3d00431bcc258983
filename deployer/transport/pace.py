"""How long to wait: between calls for a rate limit, before a repetition, and when to give up."""

import re
from collections.abc import Awaitable, Callable

LONGEST_PAUSE = 20.0
LONGEST_RETRY_AFTER = 120.0

_FIRST_PAUSE = 0.5
_MILLISECONDS = re.compile(r"[0-9]{1,15}", re.ASCII)

Sleep = Callable[[float], Awaitable[object]]


class RateLimit:
    """Spaces calls evenly, so that a limit of calls a second is never met."""

    def __init__(self, rate: float, clock: Callable[[], float], sleep: Sleep) -> None:
        self._spacing = 1.0 / rate
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    async def turn(self) -> None:
        """Wait for the next free moment; callers get theirs in the order in which they came."""
        now = self._clock()
        mine = max(now, self._next)
        self._next = mine + self._spacing
        if mine > now:
            await self._sleep(mine - now)


class RetryBudget:
    """Repetitions that all calls share: ends the repeating when nothing succeeds any more.

    Without it an outage in the middle of a thousand workflows costs a thousand times all attempts.
    """

    CAPACITY = 500
    PRICE = 5
    PRICE_SLOW = 10

    def __init__(self) -> None:
        self._left = self.CAPACITY

    def take(self, *, slow: bool = False) -> bool:
        """Pay for one repetition, twice as much after a wait in vain; False when too little is left."""
        price = self.PRICE_SLOW if slow else self.PRICE
        if self._left < price:
            return False
        self._left -= price
        return True

    def refund(self) -> None:
        """Give back the price of one repetition, for a call that succeeded."""
        self._left = min(self.CAPACITY, self._left + self.PRICE)


def backoff(attempt: int, chance: float) -> float:
    """Return the pause in seconds after attempt 1, 2, …: anything up to a bound that doubles.

    `chance` is a random number from 0 to 1 (full jitter).
    """
    return chance * min(LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (attempt - 1))


def retry_after(header: str) -> float | None:
    """Return the pause that `x-acs-retry-after` asks for in milliseconds (docs/service.md B-103).

    At most 120 s; None when the header is absent or makes no sense.
    """
    if not _MILLISECONDS.fullmatch(header) or int(header) == 0:
        return None
    return min(int(header) / 1000, LONGEST_RETRY_AFTER)
