"""The flows whose every request is a place to be killed at; one line in FLOWS makes another one."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from deployer import pipeline
from deployer.apply import exit_code
from deployer.cli.planning import Planned
from deployer.cli.publishing import publish_applied
from deployer.model import Plan, Report, Settings
from deployer.publishing.publisher import Publisher
from deployer.resuming import in_doubt, waited
from tests.crash.world import Command, Desk, World
from tests.faults import Bench, workflow
from tests.flow_documents import changed, moved, other_script, shell, with_node
from tests.publish_kit import loaded, planned, publisher
from tests.removal_kit import carried_out
from tests.removal_kit import planned as planned_since
from tests.run_kit import Stage
from tests.strategies import IDENTIFIER, Document
from tests.workflow_kit import NOWHERE, PROJECT

DAILY = workflow("daily", "load", "report")
LATER = changed(DAILY, trigger={"type": "Scheduler", "cron": "00 30 04 * * ?"})
LATER = with_node(LATER, "load", priority=7)
LATER = with_node(LATER, "report", dependsOn=["load"], script=other_script("echo new"))
WIDER = changed(
    DAILY, nodes=[shell("load"), shell("check", dependsOn=["load"]), shell("report", "echo other")]
)
CHAIN = with_node(DAILY, "report", dependsOn=["load"])
SHORT = workflow("daily", "load")
OLD = workflow("old", "sum")
NIGHTLY = moved(DAILY, "retail/nightly", "team/daily", summary="report")
THEIRS = workflow("daily_theirs", "own")
NO_FILES = Settings(NOWHERE, None, (), {})
DAYS = ("2025-10-01", "2025-10-02")


# --- commands -------------------------------------------------------------------------------------


def applied(*documents: Document) -> Command:
    """`deployer apply`."""

    async def command(desk: Desk) -> tuple[int, str]:
        made = await _begun(desk, lambda: desk.plan(*documents))
        report = await pipeline.apply(made, desk.connection.writer(desk.watch, desk.notes))
        desk.notes.end()
        return _told(report)

    return command


def published(*documents: Document) -> Command:
    """`deployer publish`."""

    async def command(desk: Desk) -> tuple[int, str]:
        made = await _begun(desk, lambda: planned(desk, *documents))
        doing = _publisher(desk)
        outcomes = await pipeline.publish(made, loaded(desk, *documents), desk.target, doing)
        desk.notes.end()
        return _told(Report((), 0, outcomes))

    return command


def applied_and_published(*documents: Document) -> Command:
    """`deployer apply --publish`."""

    async def command(desk: Desk) -> tuple[int, str]:
        made = await _begun(desk, lambda: planned(desk, *documents))
        found = Planned(made, NO_FILES, desk.target, loaded(desk, *documents), desk.clock())
        report = await pipeline.apply(made, desk.connection.writer(desk.watch, desk.notes))
        outcomes = await publish_applied(found, report, desk.connection, _publisher(desk))
        desk.notes.end()
        return _told(replace(report, published=outcomes))

    return command


def since(*before: Document) -> Callable[..., Command]:
    """`deployer apply --prune` where git held these documents before."""

    def pruned(*documents: Document) -> Command:
        async def command(desk: Desk) -> tuple[int, str]:
            made = await _begun(desk, lambda: planned_since(desk, before, *documents))
            report = await carried_out(desk, made, doing=_publisher(desk))
            desk.notes.end()
            return _told(report)

        return command

    return pruned


async def _begun(desk: Desk, plan: Callable[[], Awaitable[Plan]]) -> Plan:
    """The plan, made again where the journal of an earlier run leaves something in doubt."""
    made, intents = await plan(), desk.notes.kept.journal.history().intents
    if unsure := in_doubt(intents, made):
        connection, now = desk.connection, desk.clock()
        await waited(unsure, connection.remote, connection.settle, connection.sleep, now)
        made = await plan()
    desk.notes.begin()
    return made


def _told(report: Report) -> tuple[int, str]:
    errors = [one.error for one in report.outcomes] + [one.error for one in report.published]
    return exit_code(report), "; ".join(error for error in errors if error)


def _publisher(desk: Desk) -> Publisher:
    desk.watch.on_step = lambda text: _approve(desk) if "waits for a person" in text else None
    doing: Publisher = publisher(desk, allowed=True, patience=600.0, records=desk.notes)
    return doing


def _approve(bench: Bench) -> None:
    """The person who was waited for passes the stage in the console."""
    assert bench.app is not None
    query = "SELECT id FROM pipeline WHERE status = 'Running'"
    with bench.app.engine.store.reading() as db:
        waiting = [str(row["id"]) for row in db.execute(query).fetchall()]
    for run in waiting:
        bench.app.control.approve("person", run)


def filled_in(path: str) -> Command:
    """`deployer backfill --wait`."""

    async def command(desk: Desk) -> tuple[int, str]:
        report = await Stage(desk).backfill(workflow=path, dates=list(DAYS), wait=True)
        return report.exit_code, str(report.failure or "")

    return command


# --- what there is before -------------------------------------------------------------------------


def a_neighbour(world: World) -> None:
    """Somebody else's workflow, which nothing of this concerns."""
    world.live(applied(THEIRS))


def a_workflow(world: World) -> None:
    """The workflow of an apply before, in which a person has made a node since."""
    a_neighbour(world)
    world.live(applied(DAILY))
    by_hand(world)


def a_standard_workflow(world: World) -> None:
    """The same in a workspace with a development environment."""
    world.control.set_mode(int(PROJECT), "standard")
    a_workflow(world)


def a_published_workflow(world: World) -> None:
    """The same, published."""
    a_workflow(world)
    world.live(published(DAILY))
    world.settle(300.0)


def an_old_workflow(world: World) -> None:
    """A workflow of two nodes and one of a person, and another one, which is published."""
    a_neighbour(world)
    world.live(applied(CHAIN, OLD))
    by_hand(world)
    world.live(published(OLD))
    world.settle(300.0)


def by_hand(world: World) -> None:
    """A person adds a node that waits for ours."""
    script = {**other_script("echo by hand"), "path": "team/daily/by_hand"}
    node: dict[str, Any] = {"name": "by_hand", "script": script}
    node["outputs"] = {"nodeOutputs": [{"data": f"{IDENTIFIER}.by_hand"}]}
    waits = [{"nodeId": "by_hand", "depends": [{"output": f"{IDENTIFIER}.load"}]}]
    spec = {"version": "1.1.0", "kind": "Node", "spec": {"nodes": [node], "flow": waits}}
    owner = world.at("team/daily").id
    world.act("CreateNode", ContainerId=owner, Scene="DataworksProject", Spec=json.dumps(spec))


# --- the table ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Flow:
    """A command and what there is before it.

    `documents` are what its author wants held afterwards, `online` whether in production too, and
    `days` the business dates that are run. `deletes` are the objects that its plan shows as deleted,
    `PATH` or `PATH#NODE`; `moves` maps those that it moves to what they are called then. `noted` says
    whether it keeps a journal.
    """

    name: str
    before: Callable[[World], None]
    command: Command
    documents: tuple[Document, ...] = ()
    online: bool = False
    days: tuple[str, ...] = ()
    deletes: tuple[str, ...] = ()
    moves: Mapping[str, str] = field(default_factory=dict)
    noted: bool = True


FLOWS = {
    flow.name: flow
    for flow in (
        Flow("create", a_neighbour, applied(DAILY), (DAILY,)),
        Flow("update", a_workflow, applied(LATER), (LATER,)),
        Flow("add node", a_workflow, applied(WIDER), (WIDER,)),
        Flow("publish", a_workflow, published(DAILY), (DAILY,), online=True),
        Flow("publish standard", a_standard_workflow, published(DAILY), (DAILY,), online=True),
        Flow("apply --publish", a_neighbour, applied_and_published(DAILY), (DAILY,), online=True),
        Flow(
            "prune",
            an_old_workflow,
            since(CHAIN, OLD)(SHORT),
            (SHORT,),
            deletes=("team/old", "team/daily#report"),
        ),
        Flow(
            "move",
            a_workflow,
            since(DAILY)(NIGHTLY),
            (NIGHTLY,),
            moves={
                "team/daily": "retail/nightly",
                "team/daily#report": "retail/nightly#summary",
            },
        ),
        Flow("backfill", a_published_workflow, filled_in("team/daily"), (), days=DAYS, noted=False),
    )
}
