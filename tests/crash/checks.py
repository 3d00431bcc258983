"""Checks of the whole programme, each small: what a wrong deployer does is a problem of at least one.

A check tells the problems that it sees; for a deployer that is right it sees none.
"""

from collections.abc import Mapping

from deployer import pipeline
from deployer.apply import exit_code
from deployer.emulator.faults import Fault
from deployer.errors import DeployerError
from deployer.flowspec import derived_id
from deployer.model import Report
from tests.crash.checker import Judge
from tests.crash.console import EDITS
from tests.crash.flows import CHAIN, DAILY, FLOWS, LATER, OLD, WIDER, a_workflow, applied
from tests.crash.matrix import again, killed, lived, recorded
from tests.crash.racing import UPDATE, held, raced, untold
from tests.crash.world import LOST, Desk, Point, World
from tests.faults import workflow
from tests.flow_documents import with_node
from tests.publish_kit import loaded, planned, publisher
from tests.removal_kit import carried_out
from tests.removal_kit import planned as planned_since
from tests.workflow_kit import PROJECT

PATH = "team/daily"
Row = Mapping[str, str]


def tidy(name: str, row: Row | None = None, job_seconds: float = 0.0) -> list[str]:
    """A flow that nobody disturbs, under some switches."""
    flow = FLOWS[name]
    with World(row, job_seconds) as world:
        flow.before(world)
        judge = Judge(world, flow)
        life = lived(world, judge, flow)
        wrong = [] if life.code == 0 else [f"exit {life.code}: {life.words}"]
        return [*wrong, *judge.ended(), *again(world, judge, flow)]


def crashed(name: str, row: Row | None = None) -> list[str]:
    """A flow that is killed at each of its writes, once it took effect."""
    usual = recorded(FLOWS[name], row)
    writes = [n for n, one in enumerate(usual.life.sent, start=1) if one.writes]
    points = [Point(number, LOST) for number in writes]
    return [*usual.problems, *(each for point in points for each in killed(usual, point))]


def disturbed(name: str, *faults: Fault, row: Row | None = None) -> list[str]:
    """A flow that meets faults, and is run once more if that is what its exit code says."""
    flow = FLOWS[name]
    with World(row) as world:
        flow.before(world)
        for fault in faults:
            world.control.add_fault(fault)
        judge = Judge(world, flow)
        first = lived(world, judge, flow)
        world.control.clear_faults()
        world.settle()
        code = first.code if first.code == 0 else lived(world, judge, flow).code
        wrong = [] if code == 0 else [f"exit {code}"]
        return [*wrong, *judge.ended(), *again(world, judge, flow)]


def lost(name: str, action: str) -> list[str]:
    """A flow whose write takes effect, and whose answer never comes."""
    return disturbed(name, Fault("reset", action=action, moment="after", times=1))


def edited(name: str) -> list[str]:
    """An edit between plan and apply."""
    (edit,) = [one for one in EDITS if one.name == name]
    with World() as world:
        a_workflow(world)

        async def command(desk: Desk) -> tuple[int, str]:
            plan = await desk.plan(LATER)
            edit.act(world)
            report = await pipeline.apply(plan, desk.connection.writer(desk.watch, desk.notes))
            return exit_code(report), "; ".join(one.error for one in report.outcomes)

        ended = world.live(command)
    return [] if (ended.code, ended.writes) == (4, []) else [f"exit {ended.code}: {ended.writes}"]


def edited_and_gone() -> list[str]:
    """An edit, between plan and apply, of a workflow that the plan shows as deleted."""
    flow = FLOWS["prune"]
    with World() as world:
        flow.before(world)

        async def command(desk: Desk) -> tuple[int, str]:
            plan = await planned_since(desk, [CHAIN, OLD], CHAIN)
            world.act("RenameNode", Id=world.at("team/old").nodes["sum"]["id"], Name="total")
            report = await carried_out(desk, plan, doing=publisher(desk, records=desk.notes))
            return exit_code(report), "; ".join(one.error for one in report.outcomes)

        ended = world.live(command)
    return [] if (ended.code, ended.writes) == (4, []) else [f"exit {ended.code}: {ended.writes}"]


def race(order: str) -> list[str]:
    """Two applies of different content whose steps have this order."""
    with World() as world:
        a_workflow(world)
        ends = raced(world, applied(LATER), applied(WIDER), UPDATE, order)
        winners = held(world)
        return untold(order, winners[0], ends) if len(winners) == 1 else [f"it is {winners}"]


def waits_as_asked() -> list[str]:
    """A pause that the service asks for in milliseconds is that long."""
    with World() as world:
        a_workflow(world)
        fault = Fault("throttled", action="GetWorkflowDefinition", retry_after=("1500",), times=1)
        world.control.add_fault(fault)
        began = world.clock()
        world.live(applied(LATER))
        took = world.clock() - began
    return [] if 1.5 <= took < 30 else [f"a pause of 1.5 s took {took:.0f} s"]


async def _refused(desk: Desk) -> tuple[int, str]:
    try:
        return await applied(LATER)(desk)
    except DeployerError as error:
        return error.exit_code, str(error)


def asks_once() -> list[str]:
    """What is refused for good is not asked again."""
    with World() as world:
        a_workflow(world)
        code = "Forbidden.Not.Server"
        world.control.add_fault(Fault("status", action="ListWorkflowDefinitions", code=code))
        ended = world.live(_refused)
    return [] if len(ended.sent) <= 2 else [f"asked {len(ended.sent)} times"]


def gives_up() -> list[str]:
    """A job that never ends is not followed for ever, and is no success."""
    with World(job_seconds=1e6) as world:
        ended = world.live(applied(workflow("daily", "load")))
    return [] if ended.code == 7 else [f"exit {ended.code} after {len(ended.sent)} requests"]


def leaves_taken_ids() -> list[str]:
    """An id that a node elsewhere has is not given to a new node."""
    flow = FLOWS["add node"]
    with World() as world:
        flow.before(world)
        taken = derived_id(PROJECT, world.at(PATH).id, "check", "")
        document = with_node(workflow("taken", "own"), "own", id=taken)
        body = document["spec"]["workflows"][0]
        body["script"] = {"path": "team/taken", "runtime": {"command": "WORKFLOW"}}
        body["nodes"][0]["script"]["path"] = "team/taken/own"
        world.save(document)
        judge = Judge(world, flow)
        writes = lived(world, judge, flow).writes
        once = writes == ["ImportWorkflowDefinition"]
        return [*([] if once else [f"sent {writes}"]), *judge.ended()]


def told_of_an_end() -> list[str]:
    """A pipeline run that a person ended is no success."""
    with World() as world:
        a_workflow(world)

        async def command(desk: Desk) -> tuple[int, str]:
            made = await planned(desk, DAILY)
            desk.watch.on_step = lambda text: _terminate(world) if text == "stage PROD" else None
            doing = publisher(desk, allowed=True)
            outcomes = await pipeline.publish(made, loaded(desk, DAILY), desk.target, doing)
            return exit_code(Report((), 0, outcomes)), outcomes[0].error

        ended = world.live(command)
    return ["exit 0"] if ended.code in (0, None) else []


def _terminate(world: World) -> None:
    ((run,),) = world.rows("SELECT id FROM pipeline WHERE status = 'Running'")
    world.control.terminate("person", str(run))
