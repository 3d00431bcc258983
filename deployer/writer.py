"""What writing needs besides the plan, and who is told how it goes; the doing is `deployer.write`."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from deployer.model import Outcome
from deployer.records import Records, Unrecorded
from deployer.remote.workspace import Remote


class Progress(Protocol):
    """Told what happens while an apply runs; all methods return at once."""

    def step(self, address: str, text: str) -> None:
        """A change has reached a step."""

    def ended(self, outcome: Outcome) -> None:
        """A change has ended, or will not be attempted."""


@dataclass(frozen=True, slots=True)
class Writer:
    """What writing needs besides the plan: the project, the time, who is told, and where it is noted."""

    remote: Remote
    progress: Progress
    settle: float
    sleep: Callable[[float], Awaitable[None]]
    clock: Callable[[], float] = time.monotonic
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    records: Records = field(default_factory=Unrecorded)
