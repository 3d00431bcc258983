"""A save by somebody else between the last look and our import: always told, never where there was none.

The history is asked once, after the import; what times leave open is told by contents. The emulator's
clock moves only where a test or a wait moves it, so that times may be equal.
"""

from typing import Any

import httpx
import pytest

from deployer.emulator import Switches
from deployer.emulator.faults import Fault as Planned
from deployer.model import Outcome
from tests.faults import (
    Bench,
    Fault,
    Forward,
    edited,
    passed,
    refused,
    request_lost,
    story,
    workflow,
)
from tests.flow_documents import changed, moved, shell, with_node
from tests.strategies import Document
from tests.workflow_kit import PROJECT

GET = "GetWorkflowDefinition"
IMPORT = "ImportWorkflowDefinition"
HISTORY = "ListSnapshots"
CONTENT = "GetSnapshot"
SAVED = "was saved by somebody else just before the import"

DAILY = workflow("daily", "load", "report")
WANTED = with_node(DAILY, "load", priority=5)

NO_NODE_TIMES = Switches(modify_time_on_node_edit="no")
UNRECORDED = Switches(modify_time_on_node_edit="no", snapshots_on_import="no")
REAL_TIMES = pytest.mark.parametrize("seconds", [0.0, 0.25, 1.0, 90.0])
"""How long after the last change of a workflow the next one comes."""


def script(one: Bench, content: str) -> None:
    """Somebody saves the node `report` in the console."""
    assert one.app is not None
    identity = _id(one, "report")
    runtime = {"command": "DIDE_SHELL"}
    node = {"id": identity, "name": "report", "script": {"runtime": runtime, "content": content}}
    spec = {"version": "1.1.0", "kind": "Node", "spec": {"nodes": [node]}}
    call = {"ProjectId": PROJECT, "Id": identity, "Spec": spec}
    one.app.control.act("person", "UpdateNode", call)


def _id(one: Bench, node: str) -> str:
    ((identity,),) = _rows(one, f"SELECT id FROM node WHERE name = '{node}'")
    return str(identity)


def _rows(one: Bench, query: str) -> list[tuple[Any, ...]]:
    assert one.app is not None
    with one.app.engine.store.reading() as db:
        return [tuple(row) for row in db.execute(query)]


def after_the_look(one: Bench, wait: float = 0.0) -> Fault:
    """The moment before an import: the request is on its way when somebody saves."""

    async def fault(forward: Forward) -> httpx.Response:
        one.clock.advance(wait)
        script(one, "echo theirs")
        one.clock.advance(wait)
        return await forward()

    return fault


async def raced(one: Bench, document: Document, wait: float = 0.0) -> Outcome:
    """An apply into whose last moment somebody saves."""
    one.line.next(IMPORT, after_the_look(one, wait))
    return await one.outcome(document)


def is_told(one: Bench, outcome: Outcome) -> None:
    """It was written, and what it replaced is told with the version that keeps it: the last but one."""
    newest = "SELECT max(version) FROM snapshot JOIN workflow ON workflow.id = object"
    ((version,),) = _rows(one, newest)
    assert (outcome.exit_code, outcome.written) == (4, True)
    assert SAVED in outcome.error
    assert f"version {version - 1} is kept in the history" in outcome.error


def is_well(outcome: Outcome) -> None:
    """Nothing is told where nobody else was at work."""
    assert (outcome.status, outcome.error) == ("done", "")


@REAL_TIMES
@pytest.mark.parametrize("switches", [Switches(), NO_NODE_TIMES], ids=["moves", "does not move"])
def test_a_save_in_the_last_moment(seconds: float, switches: Switches) -> None:
    """It is told, whatever the clock shows, and whether a saved node moves ModifyTime or not (U-07)."""

    async def tell(one: Bench) -> None:
        is_well(await one.outcome(DAILY))
        one.clock.advance(seconds)
        is_told(one, await raced(one, WANTED, seconds))

    story(tell, switches=switches)


@REAL_TIMES
@pytest.mark.parametrize("switches", [Switches(), NO_NODE_TIMES], ids=["moves", "does not move"])
def test_nobody_else_was_there(seconds: float, switches: Switches) -> None:
    """Applies and saves of others one after the other, each of which the next plan saw: all is well."""

    async def tell(one: Bench) -> None:
        is_well(await one.outcome(DAILY))
        for number in range(3):
            one.clock.advance(seconds)
            is_well(await one.outcome(with_node(DAILY, "load", priority=number + 2)))
            one.clock.advance(seconds)
            script(one, f"echo theirs {number}")
            one.clock.advance(seconds)

    story(tell, switches=switches)


@pytest.mark.parametrize(
    ("job_seconds", "contents"), [(0.5, 0), (0.0, 1)], ids=["times differ", "times are equal"]
)
def test_what_the_history_costs(job_seconds: float, contents: int) -> None:
    """One call; another one where what the look showed is as old as an earlier version."""

    async def tell(one: Bench) -> None:
        is_well(await one.outcome(DAILY))
        is_well(await one.outcome(WANTED))
        assert [one.line.count(each) for each in (HISTORY, CONTENT)] == [1, contents]

    story(tell, job_seconds=job_seconds)


@pytest.mark.parametrize("looks_too", [True, False], ids=["looks too", "looks are exact"])
def test_a_history_of_whole_seconds(looks_too: bool) -> None:
    """Two saves within a second of each other are told apart by what they hold."""

    async def tell(one: Bench) -> None:
        is_well(await one.outcome(DAILY))
        one.line.always(HISTORY, edited(_in_seconds))
        if looks_too:
            one.line.always(GET, edited(_seen_in_seconds))
        one.clock.advance(0.1)
        script(one, "echo known")
        one.clock.advance(0.1)
        is_told(one, await raced(one, WANTED, 0.2))

    story(tell)


def _in_seconds(answer: Any) -> None:
    for each in answer["PagingInfo"]["Snapshots"]:
        each["CreateTime"] -= each["CreateTime"] % 1000


def _seen_in_seconds(answer: Any) -> None:
    held = answer["WorkflowDefinition"]
    held["ModifyTime"] -= held["ModifyTime"] % 1000


@pytest.mark.parametrize(
    ("first", "policy"),
    [(request_lost, "numeric"), (passed, "reject")],
    ids=["the first one was lost", "the first one was refused"],
)
def test_a_save_before_the_second_import(first: Fault, policy: str) -> None:
    """An import that left nothing behind does not count as one that left a version."""

    async def tell(one: Bench) -> None:
        is_well(await one.outcome(DAILY))
        one.clock.advance(60)
        before = one.imports
        one.line.next(IMPORT, first)
        wanted = changed(DAILY, nodes=[shell("load"), shell("report"), shell("mail")])
        is_told(one, await raced(one, wanted, 1.0))
        assert one.imports - before == 2

    story(tell, job_seconds=0.5, switches=Switches(client_ids=policy))


def test_a_save_before_an_import_that_is_refused() -> None:
    """What somebody saved meanwhile is seen before the second import, which is not sent then."""

    async def tell(one: Bench) -> None:
        is_well(await one.outcome(DAILY))
        one.clock.advance(60)
        before = one.imports
        wanted = changed(DAILY, nodes=[shell("load"), shell("report"), shell("mail")])
        outcome = await raced(one, wanted, 1.0)
        assert (outcome.exit_code, outcome.written) == (4, False)
        assert "was changed" in outcome.error
        assert "nothing was written" in outcome.error
        assert "in part" not in outcome.error
        assert one.imports - before == 1

    story(tell, job_seconds=0.5, switches=Switches(client_ids="reject"))


def test_a_late_look() -> None:
    """A look that shows the state before somebody's save is found out by the history (U-27)."""

    async def tell(one: Bench) -> None:
        assert one.app is not None
        is_well(await one.outcome(DAILY))
        one.app.control.add_fault(Planned("stale", action=GET, nth=2, times=1))
        plan = await one.plan(WANTED)
        one.clock.advance(60)
        script(one, "echo theirs")
        one.clock.advance(60)
        (outcome,) = (await one.carry_out(plan)).outcomes
        is_told(one, outcome)

    story(tell)


def test_a_save_after_a_change_without_a_version() -> None:
    """Somebody deleted a node, of which there is no version; what another one saved later is told."""

    async def tell(one: Bench) -> None:
        assert one.app is not None
        is_well(await one.outcome(workflow("daily", "load", "report", "by_hand")))
        one.clock.advance(60)
        call = {"ProjectId": PROJECT, "Id": _id(one, "by_hand")}
        one.app.control.act("person", "DeleteNode", call)
        one.clock.advance(60)
        is_told(one, await raced(one, WANTED, 1.0))

    story(tell)


@pytest.mark.parametrize("saved", [True, False], ids=["somebody saved", "nobody saved"])
def test_a_service_that_tells_no_time(saved: bool) -> None:
    """Without a ModifyTime in the answer the contents of the last versions tell it."""

    async def tell(one: Bench) -> None:
        is_well(await one.outcome(DAILY))
        one.clock.advance(60)
        one.line.always(GET, edited(_without_time))
        if saved:
            is_told(one, await raced(one, WANTED, 1.0))
        else:
            is_well(await one.outcome(WANTED))

    story(tell)


def _without_time(answer: dict[str, dict[str, object]]) -> None:
    answer["WorkflowDefinition"].pop("ModifyTime")


def test_a_history_that_holds_only_what_people_saved() -> None:
    """Where imports leave no version and nodes move no time, old versions are nobody's fault (U-13)."""

    async def tell(one: Bench) -> None:
        is_well(await one.outcome(DAILY))
        for content in ("echo a", "echo b", "echo c"):
            one.clock.advance(60)
            script(one, content)
        for priority in (2, 3, 4):
            one.clock.advance(60)
            is_well(await one.outcome(with_node(DAILY, "load", priority=priority)))

    story(tell, switches=UNRECORDED)


NEW_NAME = moved(DAILY, "retail/nightly", "team/daily", fetch="load")
ONE_NODE = moved(DAILY, "team/daily", "team/daily", fetch="load")
NEW_PLACE = moved(DAILY, "retail/daily", "team/daily")


@REAL_TIMES
@pytest.mark.parametrize("document", [NEW_NAME, ONE_NODE, NEW_PLACE], ids=["both", "node", "path"])
def test_what_was_renamed_before(seconds: float, document: Document) -> None:
    """A move and an import in one apply: our own steps are not taken for somebody else's."""

    async def tell(one: Bench) -> None:
        is_well(await one.outcome(DAILY))
        one.clock.advance(seconds)
        is_well(await one.outcome(changed(document, description="nightly")))

    story(tell)


@REAL_TIMES
def test_a_save_after_a_move(seconds: float) -> None:
    """What somebody saves after our move, and before the import that follows it, is told too."""

    async def tell(one: Bench) -> None:
        is_well(await one.outcome(DAILY))
        one.clock.advance(seconds)
        is_told(one, await raced(one, changed(NEW_PLACE, description="nightly"), seconds))

    story(tell)


def test_a_save_of_the_same() -> None:
    """Somebody saved just what was to be imported: nothing was replaced."""

    async def tell(one: Bench) -> None:
        is_well(await one.outcome(DAILY))
        wanted = changed(DAILY, nodes=[shell("load"), shell("report", "echo theirs")])
        is_well(await raced(one, wanted))

    story(tell)


@pytest.mark.parametrize("operation", [HISTORY, CONTENT])
def test_a_history_that_cannot_be_read(operation: str) -> None:
    """It stops nothing: what was written is proven all the same."""

    async def tell(one: Bench) -> None:
        is_well(await one.outcome(DAILY))
        one.line.always(operation, refused(403, "Forbidden.Access"))
        is_well(await raced(one, WANTED))

    story(tell)
