"""What writing needs besides the plan, and who is told how it goes; the doing is `deployer.write`."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from deployer.halt import Halt
from deployer.model import Outcome
from deployer.publishing.publisher import Publisher
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
    """What writing needs besides the plan: the project, the time, who is told, and where it is noted.

    `publisher` is for what has to leave production before it can be deleted.
    """

    remote: Remote
    progress: Progress
    settle: float
    sleep: Callable[[float], Awaitable[None]]
    clock: Callable[[], float] = time.monotonic
    stop: Halt = field(default_factory=Halt)
    records: Records = field(default_factory=Unrecorded)
    publisher: Publisher | None = None
