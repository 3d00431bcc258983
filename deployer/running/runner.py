"""What running needs besides the wish: the project, the time, who is told; and a wish made ready."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from deployer.records import Records, Unrecorded
from deployer.remote.instances import Instances
from deployer.remote.scheduling import Scheduling
from deployer.running.request import RunRequest
from deployer.runs import Watching

POLL_SECONDS = (1.0, 2.0, 3.0, 5.0)


@dataclass(frozen=True, slots=True)
class Runner:
    """The project to run in, the time there, who is told, whether to stop, what is noted."""

    instances: Instances
    scheduling: Scheduling
    watching: Watching
    settle: float
    sleep: Callable[[float], Awaitable[None]]
    now: Callable[[], float]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    records: Records = field(default_factory=Unrecorded)

    async def pause(self, seconds: float) -> None:
        """Waits so long, or until it is to stop."""
        waits = {
            asyncio.ensure_future(self.sleep(seconds)),
            asyncio.ensure_future(self.stop.wait()),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request whose names are looked up: the id of its workflow, and those of its nodes."""

    request: RunRequest
    workflow: str
    ids: Mapping[str, str]

    @property
    def nodes(self) -> int:
        """How many nodes are named to run."""
        chosen = {*self.request.references("nodes", "include")}
        return len(chosen - {*self.request.references("exclude")})
