"""The crash matrix: a flow is recorded once, then killed at each point of what was recorded and rerun."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.crash.checker import Judge, extra_reads
from tests.crash.flows import Flow
from tests.crash.world import ON_DISK, ON_THE_WIRE, Image, Lived, Point, World

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recorded:
    """An undisturbed run of a flow and what was wrong with it; from its requests come the points.

    `start` is the workspace before it.
    """

    flow: Flow
    start: Image
    life: Lived
    problems: tuple[str, ...]

    def points(self) -> Iterator[Point]:
        """Every request, and each moment of it at which a process can die."""
        for number in range(1, len(self.life.sent) + 1):
            # Around a read there is nothing to note: before it is before it, after it is after it.
            moments = (*ON_DISK, *ON_THE_WIRE) if number in self.life.noted else ON_THE_WIRE
            yield from (Point(number, moment) for moment in moments)


def recorded(flow: Flow, row: Row | None = None) -> Recorded:
    """A flow as it goes when nobody is killed, and again."""
    with World(row) as world:
        flow.before(world)
        start = world.image()
        judge = Judge(world, flow)
        life = lived(world, judge, flow)
        problems = judge.ended()
        if life.code == 0:
            problems += again(world, judge, flow)
        return Recorded(flow, start, life, tuple(problems))


def lived(world: World, judge: Judge, flow: Flow, point: Point | None = None) -> Lived:
    """One process of a flow, under the eyes of a judge."""
    before = len(world.effects())
    life = world.live(flow.command, point)
    judge.saw(life, before)
    return life


def again(world: World, judge: Judge, flow: Flow) -> list[str]:
    """What keeps a further process from finding nothing left to do."""
    world.settle()
    before = len(world.effects())
    return judge.converged(world.live(flow.command), before)


def killed(usual: Recorded, point: Point) -> list[str]:
    """Everything that is wrong after a kill at a point, one rerun, and one more.

    Where reads may be late, the rerun comes after the settle time. What a row of switches does not let
    an undisturbed run do, a rerun must not claim either.
    """
    flow = usual.flow
    with World.copied(usual.start) as world:
        judge = Judge(world, flow)
        first = lived(world, judge, flow, point)
        problems = [] if first.code is None else [f"lived on after {point}"]
        if world.switches.read_lag != "none":
            world.settle()
        rerun = lived(world, judge, flow)
        if rerun.code != usual.life.code:
            problems.append(f"the rerun ended with {rerun.code}: {rerun.words}")
        problems += [*extra_reads(usual.life, rerun), *judge.ended()]
        return problems + (again(world, judge, flow) if rerun.code == 0 else [])
