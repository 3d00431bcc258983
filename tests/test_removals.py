"""Deletions and moves: what is written, in which order, what is kept, and what a lost answer leaves."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from deployer.emulator import Switches
from deployer.emulator.faults import Fault
from deployer.errors import DeployerError
from deployer.model import Outcome, Plan, Window
from tests.faults import Bench, answer_lost, bench, request_lost, story, workflow
from tests.flow_check import held
from tests.flow_documents import body, changed, moved, other_script, shell, with_node
from tests.flow_stage import Stage
from tests.pairs import Row
from tests.publish_kit import published, saved
from tests.removal_kit import carried_out, deployed, nodes_of, paths, planned, written
from tests.strategies import IDENTIFIER, Document
from tests.test_flows import chosen

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
DAILY = workflow("daily", "load", "report")
CHAIN = with_node(DAILY, "report", dependsOn=["load"])
LATER = workflow("later", "sum", waits_for=f"{IDENTIFIER}.load")
SHORT = workflow("daily", "load")
MOVED = moved(DAILY, "retail/nightly", "team/daily", fetch="load")


def told(outcomes: tuple[Outcome, ...]) -> list[tuple[str, str, int, str]]:
    """Address, status, exit code and words of each outcome."""
    return [(each.address, each.status, each.exit_code, each.error) for each in outcomes]


def actions(plan: Plan) -> list[tuple[str, str]]:
    """What a plan says of each workflow."""
    return [(each.address, each.action) for each in plan.changes]


async def console_node(one: Bench, path: str, name: str = "theirs") -> None:
    """Somebody makes a node in the console."""
    node = {"name": name, "script": {**other_script("echo theirs"), "path": f"{path}/{name}"}}
    spec = {"version": "1.1.0", "kind": "Node", "spec": {"nodes": [node]}}
    params = {"ContainerId": paths(one)[path], "Scene": "DataworksProject"}
    Stage(one).act("CreateNode", **params, Spec=json.dumps(spec))


# --- workflows that go ----------------------------------------------------------------------------


def test_readers_go_first() -> None:
    """What waits for an output goes before what makes it; each by one call."""

    async def tell(one: Bench) -> None:
        await one.bring(CHAIN, LATER, workflow("other", "stays"))
        count = len(written(one))
        other = workflow("other", "stays")
        outcomes = await deployed(one, [CHAIN, LATER, other], other)
        assert told(outcomes) == [("team/later", "done", 0, ""), ("team/daily", "done", 0, "")]
        assert [each.deleted for each in outcomes] == [("team/later",), ("team/daily",)]
        assert {each[:2] for each in written(one, count)} == {
            ("DeleteWorkflowDefinition", "delete")
        }
        assert set(paths(one)) == {"team/other"}
        assert actions(await planned(one, [CHAIN, LATER, other], other)) == [
            ("team/other", "unchanged")
        ]

    story(tell)


def test_a_workflow_edited_after_the_plan_stays() -> None:
    """Exit 4, and nothing is written for it."""

    async def tell(one: Bench) -> None:
        await one.bring(DAILY, LATER)
        plan = await planned(one, [DAILY, LATER], DAILY)
        await one.bring(with_node(LATER, "sum", priority=3))
        count = len(written(one))
        (outcome,) = (await carried_out(one, plan)).outcomes
        assert (outcome.exit_code, outcome.written, outcome.deleted) == (4, False, ())
        assert (written(one, count), "team/later" in paths(one)) == ([], True)

    story(tell)


def test_nodes_first_where_the_service_wants_it_so() -> None:
    """A workflow that must be empty (U-14) loses its nodes one by one."""

    async def tell(one: Bench) -> None:
        await one.bring(CHAIN, LATER)
        (outcome,) = await deployed(
            one, [CHAIN, LATER], LATER, allow_output=(f"{IDENTIFIER}.load",)
        )
        assert (outcome.status, outcome.error) == ("done", "")
        assert set(outcome.deleted) == {"team/daily#load", "team/daily#report", "team/daily"}
        assert set(paths(one)) == {"team/later"}

    story(tell, switches=Switches(delete_workflow="reject_nonempty"))


def test_what_is_published_leaves_production_first() -> None:
    """One offline run, then the deletion; the plan says so."""

    async def tell(one: Bench) -> None:
        await saved(one, DAILY, LATER)
        await published(one, DAILY, LATER)
        count = len(written(one))
        plan = await planned(one, [DAILY, LATER], DAILY)
        (gone,) = plan.pending
        assert (gone.offline, [each.code for each in gone.dangers]) == (True, ["offline"])
        (outcome,) = (await carried_out(one, plan)).outcomes
        assert (outcome.status, outcome.error) == ("done", "")
        assert [each[:2] for each in written(one, count)][:2] == [
            ("ExecPipelineRunStage", "offline"),
            ("DeleteWorkflowDefinition", "delete"),
        ]

    story(tell)


def test_published_after_the_plan() -> None:
    """What the plan did not say is not done: exit 4."""

    async def tell(one: Bench) -> None:
        await saved(one, DAILY, LATER)
        plan = await planned(one, [DAILY, LATER], DAILY)
        await published(one, DAILY, LATER)
        (outcome,) = (await carried_out(one, plan)).outcomes
        assert (outcome.exit_code, outcome.written) == (4, False)
        assert "was published" in outcome.error

    story(tell)


def test_nodes_that_git_never_held_are_told() -> None:
    """They go with their workflow, and the plan names them."""

    async def tell(one: Bench) -> None:
        await one.bring(DAILY, LATER)
        await console_node(one, "team/later")
        (gone,) = (await planned(one, [DAILY, LATER], DAILY)).pending
        assert ["`theirs`" in each.message for each in gone.dangers] == [True]

    story(tell)


# --- nodes that go --------------------------------------------------------------------------------


def test_a_node_goes_and_the_others_stay() -> None:
    """By DeleteNode, after the import; a node of the console is the same byte for byte."""

    async def tell(one: Bench) -> None:
        await one.bring(CHAIN)
        await console_node(one, "team/daily")
        assert one.app is not None
        (before,) = held(one.app, 10001)
        now = with_node(SHORT, "load", priority=3)
        (outcome,) = await deployed(one, [CHAIN], now)
        assert (outcome.status, outcome.deleted) == ("done", ("team/daily#report",))
        (after,) = held(one.app, 10001)
        assert set(after.nodes) == {"load", "theirs"}
        assert after.nodes["theirs"] == before.nodes["theirs"]
        assert [name for name, _ in one.line.calls if name.startswith(("Imp", "Del"))][-2:] == [
            "ImportWorkflowDefinition",
            "DeleteNode",
        ]
        assert actions(await planned(one, [CHAIN], now)) == [("team/daily", "unchanged")]

    story(tell)


def test_a_node_whose_output_another_one_takes_goes_first() -> None:
    """No two nodes may make the same output (B-35)."""

    async def tell(one: Bench) -> None:
        await one.bring(SHORT)
        output = {"nodeOutputs": [{"data": f"{IDENTIFIER}.load"}]}
        now = changed(SHORT, nodes=[shell("fetch", "echo other", outputs=output)])
        (outcome,) = await deployed(one, [SHORT], now)
        assert (outcome.status, outcome.error) == ("done", "")
        assert [name for name, _ in one.line.calls if name.startswith(("Imp", "Del"))][-2:] == [
            "DeleteNode",
            "ImportWorkflowDefinition",
        ]

    story(tell, switches=Switches(output_conflict_at="import"))


def test_a_node_of_another_type_is_made_anew() -> None:
    """Deleted and made, once its name was said."""

    async def tell(one: Bench) -> None:
        await one.bring(CHAIN)
        sql = {"runtime": {"command": "ODPS_SQL"}, "content": "select 1"}
        now = with_node(CHAIN, "load", script=sql)
        refused = await planned(one, [CHAIN], now)
        assert [each.code for each in refused.changes[0].dangers if each.blocks] == [
            "node-replaced"
        ]
        outcomes = await deployed(one, [CHAIN], now, allow_replace=("load",))
        assert told(outcomes) == [("team/daily", "done", 0, "")]
        assert outcomes[0].deleted == ("team/daily#load",)
        assert actions(await planned(one, [CHAIN], now)) == [("team/daily", "unchanged")]

    story(tell)


def test_a_node_of_a_published_workflow() -> None:
    """The workflow leaves production, so it has to be published again, or apply refuses."""

    async def tell(one: Bench) -> None:
        await saved(one, CHAIN)
        await published(one, CHAIN)
        (kept,) = (await planned(one, [CHAIN], SHORT)).pending
        assert [(each.code, each.blocks) for each in kept.dangers] == [("offline", True)]
        plan = await planned(one, [CHAIN], SHORT, publish=True)
        (outcome,) = (await carried_out(one, plan)).outcomes
        assert (outcome.status, outcome.error) == ("done", "")
        assert [each.status for each in await published(one, SHORT)] == ["done"]

    story(tell)


# --- other names ----------------------------------------------------------------------------------


def test_ids_survive_a_move() -> None:
    """Folder, name and a node's name change; nothing is made anew."""

    async def tell(one: Bench) -> None:
        await one.bring(DAILY)
        before, ids = paths(one)["team/daily"], nodes_of(one, "team/daily")
        (outcome,) = await deployed(one, [DAILY], MOVED)
        assert (outcome.status, outcome.error) == ("done", "")
        assert outcome.moved == (
            ("team/daily", "retail/nightly"),
            ("retail/nightly#load", "retail/nightly#fetch"),
        )
        assert paths(one) == {"retail/nightly": before}
        assert nodes_of(one, "retail/nightly") == {"fetch": ids["load"], "report": ids["report"]}
        assert actions(await planned(one, [DAILY], MOVED)) == [("retail/nightly", "unchanged")]

    story(tell)


def test_a_path_taken_after_the_plan() -> None:
    """Exit 4, nothing is written."""

    async def tell(one: Bench) -> None:
        await one.bring(DAILY)
        plan = await planned(one, [DAILY], MOVED)
        await one.bring(moved(workflow("x", "other"), "retail/nightly", "nowhere/x"))
        count = len(written(one))
        (outcome,) = (await carried_out(one, plan)).outcomes
        assert (outcome.exit_code, outcome.written, written(one, count)) == (4, False, [])
        assert "another workflow is at `retail/nightly` by now" in outcome.error

    story(tell)


def test_a_taken_path_on_the_way() -> None:
    """The name goes first where the new folder holds one of the old name."""

    async def tell(one: Bench) -> None:
        await one.bring(DAILY)
        await one.bring(moved(workflow("x", "other"), "retail/daily", "nowhere/x"))
        (outcome,) = await deployed(one, [DAILY], MOVED)
        assert (outcome.status, outcome.error) == ("done", "")
        assert set(paths(one)) == {"retail/daily", "retail/nightly"}

    story(tell)


def test_a_likely_rename_is_told_and_not_done() -> None:
    """With the line to write, for a workflow and for a node."""

    async def tell(one: Bench) -> None:
        await one.bring(DAILY)
        other = changed(DAILY, name="nightly", script={"path": "retail/nightly"})
        plan = await planned(one, [DAILY], other)
        (new,) = [each for each in plan.changes if each.action == "create"]
        assert "`deployer: {movedFrom: team/daily}`" in new.dangers[0].message
        node = changed(DAILY, nodes=[{**body(DAILY)["nodes"][0], "name": "fetch"}])
        (change,) = (await planned(one, [SHORT], node)).changes
        words = [each.message for each in change.dangers if each.code == "renamed"]
        assert ["`deployer: {movedFrom: load}` on the node" in each for each in words] == [True]

    story(tell)


# --- lost answers ---------------------------------------------------------------------------------

PRUNED = with_node(SHORT, "load", priority=3)
Flow = tuple[list[Document], list[Document]]
FLOWS: dict[str, Flow] = {
    "prune": ([CHAIN, LATER], [PRUNED]),
    "move": (
        [CHAIN],
        [
            moved(
                with_node(CHAIN, "report", dependsOn=["fetch"]),
                "retail/nightly",
                "team/daily",
                fetch="load",
            )
        ],
    ),
}
REQUESTS = {"prune": 25, "move": 24}
"""More than an undisturbed apply takes: see the test below."""
ALLOWED = {"allow_output": (f"{IDENTIFIER}.load",)}


async def to_the_end(one: Bench, flow: Flow) -> list[Outcome]:
    """Plan and apply again until nothing is left, as somebody does who reads exit code 7."""
    outcomes: list[Outcome] = []
    for _ in range(3):
        with suppress(DeployerError):  # a fault may befall the plan as well
            outcomes += await deployed(one, flow[0], *flow[1], **ALLOWED)
        if not (await planned(one, flow[0], *flow[1])).pending:
            return outcomes
    raise AssertionError([each.error for each in outcomes])


async def settled(one: Bench, flow: Flow) -> None:
    """Both sides agree, nothing is there twice, and nothing was deleted that the plan did not name."""
    documents = flow[1]
    assert sorted(paths(one)) == sorted(body(each)["script"]["path"] for each in documents)
    for each in documents:
        assert set(nodes_of(one, body(each)["script"]["path"])) == {
            node["name"] for node in body(each)["nodes"]
        }
    count = len(written(one))
    await deployed(one, flow[0], *documents)
    assert written(one, count) == []


@pytest.mark.parametrize("name", FLOWS)
def test_how_many_requests_there_are(name: str) -> None:
    """The cases below reach every request; a changed workflow costs no more than it may."""

    async def tell(one: Bench) -> None:
        await one.bring(*FLOWS[name][0])
        before = len(one.line.calls)
        plan = await planned(one, FLOWS[name][0], *FLOWS[name][1])
        outcomes = (await carried_out(one, plan)).outcomes
        assert {each.exit_code for each in outcomes} == {0}
        assert len(one.line.calls) - before < REQUESTS[name]

    story(tell)


@pytest.mark.parametrize("moment", ["before", "after"] if SOAK else ["after"])
@pytest.mark.parametrize("kind", ["reset", "truncated", "status", "hang"] if SOAK else ["reset"])
@pytest.mark.parametrize(
    ("name", "nth"), [(name, nth) for name in FLOWS for nth in range(1, REQUESTS[name])]
)
def test_a_lost_answer_at_each_request(name: str, nth: int, kind: str, moment: str) -> None:
    """Whichever request is struck, before or after it took effect: a rerun ends as planned, ids kept."""

    async def tell(one: Bench) -> None:
        await one.bring(*FLOWS[name][0])
        ids = nodes_of(one, "team/daily")
        assert one.app is not None
        one.app.control.add_fault(Fault(kind, nth=nth, moment=moment, times=1))
        outcomes = await to_the_end(one, FLOWS[name])
        assert {each.exit_code for each in outcomes} <= {0, 7}
        await settled(one, FLOWS[name])
        left = nodes_of(one, body(FLOWS[name][1][0])["script"]["path"])
        assert set(left.values()) <= set(ids.values())

    story(tell)


WRITES = (
    ("prune", "DeleteWorkflowDefinition"),
    ("prune", "DeleteNode"),
    ("move", "MoveWorkflowDefinition"),
    ("move", "RenameWorkflowDefinition"),
    ("move", "RenameNode"),
)


@pytest.mark.parametrize("fault", [answer_lost, request_lost])
@pytest.mark.parametrize(("name", "write"), WRITES)
def test_a_lost_write_is_looked_for(name: str, write: str, fault: object) -> None:
    """No rerun is needed: a look tells whether it was carried out, and only else it is sent again."""

    async def tell(one: Bench) -> None:
        await one.bring(*FLOWS[name][0])
        one.line.next(write, fault)  # type: ignore[arg-type]
        outcomes = await deployed(one, FLOWS[name][0], *FLOWS[name][1], **ALLOWED)
        assert [each.error for each in outcomes if each.error] == []
        assert one.line.count(write) == (1 if fault is answer_lost else 2)
        await settled(one, FLOWS[name])

    story(tell)


@pytest.mark.parametrize("write", ["DeleteWorkflowDefinition", "DeleteNode"])
def test_an_edit_while_a_lost_deletion_is_looked_for(write: str) -> None:
    """It is not sent again: what somebody saved meanwhile stays, and the outcome is told as unknown."""

    async def tell(one: Bench) -> None:
        await one.bring(CHAIN, LATER)
        after = (SHORT, LATER) if write == "DeleteNode" else (CHAIN,)
        path, name = ("team/daily", "report") if write == "DeleteNode" else ("team/later", "sum")

        async def save(forward: Callable[[], Awaitable[object]]) -> object:
            await console_node(one, path)
            return await request_lost(forward)  # type: ignore[arg-type]

        one.line.next(write, save)  # type: ignore[arg-type]
        outcomes = await deployed(one, [CHAIN, LATER], *after)
        (outcome,) = [each for each in outcomes if each.address == path]
        assert (outcome.exit_code, outcome.deleted) == (7, ()), outcome.error
        assert (one.line.count(write), name in nodes_of(one, path)) == (1, True)

    story(tell)


class Died(BaseException):
    """The process is gone: nothing is caught, nothing is told."""


async def killed(work: Awaitable[object]) -> None:
    """Work that dies, and with it everything else that was under way."""
    with suppress(Died):
        await work
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize(("name", "write"), WRITES)
def test_a_crash_at_each_write(name: str, write: str, arrives: bool) -> None:
    """A rerun goes on from what is there: also between the two calls of a move."""

    async def die(forward: Callable[[], Awaitable[object]]) -> object:
        if arrives:
            await forward()
        raise Died

    async def tell(one: Bench) -> None:
        await one.bring(*FLOWS[name][0])
        identity = paths(one)["team/daily"]
        one.line.next(write, die)  # type: ignore[arg-type]
        await killed(deployed(one, FLOWS[name][0], *FLOWS[name][1], **ALLOWED))
        await to_the_end(one, FLOWS[name])
        await settled(one, FLOWS[name])
        assert list(paths(one).values()) == [identity]

    story(tell)


# --- what nobody knows of the service -------------------------------------------------------------


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize(("number", "row"), list(chosen()))
def test_under_switch_rows(name: str, number: str, row: Row) -> None:
    """The same end, or a truthful failure that lost nothing, whatever the service does."""

    async def tell() -> None:
        async with bench(0.0, Switches(**row)) as one:
            stage = Stage(one)
            for document in FLOWS[name][0]:
                if await stage.deploy(document):
                    return  # the other flows tell of what cannot even be made there
            outcomes = await deployed(one, FLOWS[name][0], *FLOWS[name][1], **ALLOWED)
            stage.settle()
            assert [each.error for each in outcomes if each.error] == []
            await settled(one, FLOWS[name])

    asyncio.run(tell())


# --- further shapes -------------------------------------------------------------------------------

TRIGGER = {
    **changed(workflow("on_event", "react"), trigger={"type": "Custom"}),
    "kind": "TriggerWorkflow",
}


@pytest.mark.parametrize("listed", ["no", "yes"])
def test_a_workflow_that_no_list_shows(listed: str) -> None:
    """It is moved, and deleted, all the same (U-35)."""

    async def tell(one: Bench) -> None:
        await one.bring(TRIGGER)
        identity = paths(one)["team/on_event"]
        now = moved(TRIGGER, "retail/on_call", "team/on_event")
        assert told(await deployed(one, [TRIGGER], now)) == [("retail/on_call", "done", 0, "")]
        assert paths(one) == {"retail/on_call": identity}
        (gone,) = await deployed(one, [now], allow_empty=("local",))
        assert (gone.status, gone.error, paths(one)) == ("done", "", {})

    story(tell, switches=Switches(list_trigger_workflows=listed))


LOOP = {
    "name": "each",
    "script": {"runtime": {"command": "CONTROLLER_TRAVERSE"}},
    "for-each": {
        "nodes": [
            {"name": "begin", "script": {"runtime": {"command": "CONTROLLER_TRAVERSE_START"}}},
            shell("one", dependsOn=["begin"]),
            {
                "name": "end",
                "script": {"runtime": {"command": "CONTROLLER_TRAVERSE_END"}},
                "dependsOn": ["one"],
            },
        ]
    },
}


def test_a_node_inside_a_loop_is_renamed_under_its_id() -> None:
    """The import of the loop does it; nothing is made anew."""

    async def tell(one: Bench) -> None:
        await one.bring(changed(SHORT, nodes=[LOOP]))
        before, _ = await one.read("team/daily")
        begin, _, end = LOOP["for-each"]["nodes"]  # type: ignore[index]
        two = {**shell("two", "echo one", dependsOn=["begin"]), "deployer": {"movedFrom": "one"}}
        inner = {"nodes": [begin, two, {**end, "dependsOn": ["two"]}]}
        now = changed(SHORT, nodes=[{**LOOP, "for-each": inner}])
        assert told(await deployed(one, [], now)) == [("team/daily", "done", 0, "")]
        after, _ = await one.read("team/daily")
        assert after.ids["each/two"] == before.ids["each/one"]
        assert one.line.count("RenameNode") == 0

    story(tell)


def test_moved_and_published() -> None:
    """What was published under the old name is published under the new one, as the same object."""

    async def tell(one: Bench) -> None:
        await saved(one, DAILY)
        await published(one, DAILY)
        identity = paths(one)["team/daily"]
        assert [each.status for each in await deployed(one, [DAILY], MOVED)] == ["done"]
        (outcome,) = await published(one, MOVED)
        assert (outcome.status, outcome.object_id, outcome.error) == ("done", identity, "")

    story(tell)


@pytest.mark.parametrize("write", ["RenameNode", "RenameWorkflowDefinition", "DeleteNode"])
def test_an_edit_between_two_steps(write: str) -> None:
    """What somebody saves in the middle is not written over: the rest is not done."""

    async def tell(one: Bench) -> None:
        name = "prune" if write == "DeleteNode" else "move"
        await one.bring(*FLOWS[name][0])
        assert one.app is not None
        edited: list[object] = []

        async def edit(forward: Callable[[], Awaitable[object]]) -> object:
            done = await forward()
            node = nodes_of(one, one_path(one))["report" if name == "move" else "load"]
            spec = {"spec": {"nodes": [{"name": "x", "priority": 7}]}}
            spec["spec"]["nodes"][0].pop("name")
            text = json.dumps({"version": "1.1.0", "kind": "Node", **spec})
            edited.append(Stage(one).act("UpdateNode", Id=node, Spec=text))
            return done

        one.line.next(write, edit)  # type: ignore[arg-type]
        outcomes = await deployed(one, FLOWS[name][0], *FLOWS[name][1], **ALLOWED)
        assert len(edited) == 1
        assert {each.exit_code for each in outcomes} & {1, 4}, outcomes
        assert one.app is not None
        live = held(one.app, 10001)[0].nodes["report" if name == "move" else "load"]
        assert live["priority"] == 7

    story(tell)


def one_path(one: Bench) -> str:
    """The path of the workflow that is left."""
    return next(path for path in paths(one) if path != "team/later")


# --- out of production ----------------------------------------------------------------------------


def test_inside_the_window_nothing_leaves_production() -> None:
    """Exit 3, nothing is written; the deletion waits for another hour."""

    async def tell(one: Bench) -> None:
        await saved(one, DAILY, LATER)
        await published(one, DAILY, LATER)
        plan = await planned(one, [DAILY, LATER], DAILY)
        count = len(written(one))
        always = replace(one.target, window=Window(0, 86_400, 0))
        (outcome,) = (await carried_out(one, plan, always)).outcomes
        assert (outcome.exit_code, outcome.written, written(one, count)) == (3, False, [])

    story(tell)


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize(
    "write", ["CreatePipelineRun", "ExecPipelineRunStage", "DeleteWorkflowDefinition", "DeleteNode"]
)
def test_a_crash_on_the_way_out_of_production(write: str, arrives: bool) -> None:
    """A rerun goes on with the same pipeline run, and deletes once it is through."""

    async def die(forward: Callable[[], Awaitable[object]]) -> object:
        if arrives:
            await forward()
        raise Died

    async def tell(one: Bench) -> None:
        await saved(one, CHAIN, LATER)
        await published(one, CHAIN, LATER)
        flow = [CHAIN, LATER], [PRUNED]
        runs = one.line.count("CreatePipelineRun")
        one.line.next(write, die)  # type: ignore[arg-type]
        await killed(deployed(one, flow[0], *flow[1], publish=True, **ALLOWED))
        for _ in range(2):
            outcomes = await deployed(one, flow[0], *flow[1], publish=True, **ALLOWED)
        assert [each.error for each in outcomes if each.error] == []
        await settled(one, flow)
        made = one.line.count("CreatePipelineRun") - runs
        assert made == (3 if write == "CreatePipelineRun" and not arrives else 2)

    story(tell)
