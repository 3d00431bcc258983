"""What publishing needs besides the runs, and what it is asked for; see `deployer.publishing.publish`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from deployer.publishing.window import Hours
from deployer.records import Records, Unrecorded
from deployer.remote.pipeline_runs import ChangeType, PipelineRuns


@dataclass(frozen=True, slots=True)
class Wanted:
    """One workflow to publish: the content with this fingerprint, after those it waits for.

    `Offline` takes it out of production instead; its fingerprint is then that of what is saved.
    """

    address: str
    object_id: str
    fingerprint: str
    waits_for: tuple[str, ...] = ()
    kind: ChangeType = "Online"


class Steps(Protocol):
    """Told how far a publication has come; returns at once."""

    def step(self, address: str, text: str) -> None:
        """A workflow has reached a step."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """What publishing needs: the runs of the project, the time there, and who wants to be told.

    `clock` counts seconds, `now` is the time of day in seconds since the epoch. An approval is waited
    for as many seconds as `patience` says.
    """

    runs: PipelineRuns
    progress: Steps
    hours: Hours
    settle: float
    patience: float
    sleep: Callable[[float], Awaitable[None]]
    clock: Callable[[], float]
    now: Callable[[], float]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    records: Records = field(default_factory=Unrecorded)
