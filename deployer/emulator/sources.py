"""Where time and new ids come from: both can be fixed, so that a test sees the same twice."""

import hashlib
import random
import secrets
import time
import uuid
from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds since the epoch."""

_SMALLEST, _BEYOND = 10**18, 2**63


class VirtualClock:
    """A clock that runs along with `base` and can be moved forward."""

    def __init__(self, base: Clock = time.time) -> None:
        self._base = base
        self._ahead = 0.0

    def __call__(self) -> float:
        """Return the time here."""
        return self._base() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move this clock forward; what was due in between is due now."""
        self._ahead += seconds


class Ids:
    """Makes 19-digit ids below 2^63 as the service does (docs/service.md B-21), and request ids.

    With a seed the n-th number is always the same; the database counts, so a restart repeats none.
    """

    def __init__(self, seed: str | None = None) -> None:
        self._seed = secrets.token_hex(16) if seed is None else seed
        self._random = random.Random(self._seed)

    def number(self, count: int) -> str:
        """Return the id with this running number."""
        return derived(self._seed, str(count))

    def request_id(self) -> str:
        """Return a UUID in capitals."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4)).upper()


def derived(*parts: str) -> str:
    """Return a 19-digit id that is always the same for these texts."""
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return str(_SMALLEST + int.from_bytes(digest[:8], "big") % (_BEYOND - _SMALLEST))
