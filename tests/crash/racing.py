"""Two processes whose critical steps happen in an order that a test chooses, one step at a time."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import combinations

import httpx

from deployer.emulator import EmulatorTransport
from tests import flow_check
from tests.crash.flows import LATER, WIDER
from tests.crash.world import Command, Life, Lived, World
from tests.strategies import IDENTIFIER

CONTENTS = {"A": LATER, "B": WIDER}
SAVED = "was saved by somebody else"
"""What an import says that replaced what nobody was shown."""

Step = tuple[str, int]
"""A critical step begins with a request: an operation, and the how-manieth of that operation."""

UPDATE: Sequence[Step] = (
    ("GetWorkflowDefinition", 1),  # what the plan is made of
    ("GetWorkflowDefinition", 2),  # still as the plan saw it?
    ("ImportWorkflowDefinition", 1),
    ("GetJobStatus", 1),  # and the proof
)
CREATE: Sequence[Step] = (
    ("ListWorkflowDefinitions", 3),  # still nothing there?
    ("CreateWorkflowDefinition", 1),
    ("ImportWorkflowDefinition", 1),
    ("GetJobStatus", 1),
)


class Racer(Life):
    """A process on a machine of its own that waits for its turn before each critical step."""

    def __init__(self, world: World, steps: Sequence[Step], machine: str) -> None:
        super().__init__(EmulatorTransport(world.app), None, world.clock)
        self.machine = machine
        self._steps = steps
        self._met: dict[str, int] = {}
        self._go = asyncio.Semaphore(0)
        self._rests = asyncio.Event()
        self.over = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        action = request.headers["x-acs-action"]
        self._met[action] = self._met.get(action, 0) + 1
        if (action, self._met[action]) in self._steps:
            self._rests.set()
            await self._go.acquire()
        return await super().handle_async_request(request)

    async def rest(self) -> None:
        """Returns when the next step is reached, or the end."""
        await self._rests.wait()

    async def take(self) -> None:
        """Takes one step; nothing if it has ended."""
        if not self.over:
            self._rests.clear()
            self._go.release()
            await self.rest()

    def end(self) -> None:
        """There is no further step."""
        self.over = True
        self._rests.set()


def orders(steps: int = 4) -> Iterator[str]:
    """Every order of the steps of two processes: 70 for four each."""
    for chosen in combinations(range(2 * steps), steps):
        yield "".join("A" if number in chosen else "B" for number in range(2 * steps))


def raced(
    world: World, first: Command, second: Command, steps: Sequence[Step], order: str
) -> dict[str, Lived]:
    """How two processes A and B ended whose steps were taken in this order."""
    return asyncio.run(_raced(world, {"A": first, "B": second}, steps, order))


async def _raced(
    world: World, commands: dict[str, Command], steps: Sequence[Step], order: str
) -> dict[str, Lived]:
    racers = {name: Racer(world, steps, name) for name in commands}
    ends = {
        name: asyncio.create_task(_run(world, commands[name], racers[name])) for name in commands
    }
    for racer in racers.values():
        await racer.rest()
    for name in order:
        await racers[name].take()
    return {name: await end for name, end in ends.items()}


async def _run(world: World, command: Command, racer: Racer) -> Lived:
    try:
        code, words = await world.lived(command, racer)
    finally:
        racer.end()
    return Lived(code, tuple(racer.sent), words)


def held(world: World) -> list[str]:
    """Whose content the workspace holds, whole and without any of the other's."""
    found = world.held()
    return [
        name
        for name, document in CONTENTS.items()
        if flow_check.missing(found, document, IDENTIFIER) == []
    ]


def untold(order: str, winner: str, ends: dict[str, Lived]) -> list[str]:
    """What a race did that nobody was told."""
    loser = "B" if winner == "A" else "A"
    problems = []
    # Only a plan that was made after the other's import has shown what it replaces.
    shown = order.index(winner) > [n for n, name in enumerate(order) if name == loser][2]
    if ends[winner].code != 0 and SAVED not in ends[winner].words:
        problems.append(f"the winner ended with {ends[winner].code}: {ends[winner].words}")
    if ends[loser].code == 0 and not shown and SAVED not in ends[winner].words:
        problems.append("what was replaced was shown to nobody")
    for name, end in ends.items():
        if end.code not in (0, 1, 4, 5) or (end.code and not end.words):
            problems.append(f"{name} ended with {end.code}: {end.words}")
        if end.code == 4 and end.writes:
            problems.append(f"{name} wrote {end.writes} and ended with 4")
    return problems
