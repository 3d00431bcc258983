"""Who waits for what a plan changes, and which outputs go away from under them."""

from itertools import pairwise
from typing import Any

import pytest

from deployer.classes import classified
from deployer.downstream import MOST, Lost, lost_outputs, with_downstream
from deployer.model import Change, Downstream, Workflow
from deployer.plan import change
from tests.strategies import IDENTIFIER
from tests.test_plan import node
from tests.workflow_kit import desired, live


def flow(name: str, *nodes: Any, **fields: Any) -> dict[str, Any]:
    """A document of one workflow at `f/NAME`."""
    body = {"name": name, "script": {"path": f"f/{name}"}, "nodes": list(nodes), **fields}
    return {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [body]}}


def reader(name: str, *outputs: str) -> dict[str, Any]:
    return node(name, dependsOn=[f"{IDENTIFIER}.{each}" for each in outputs])


def update(before: Any, after: Any) -> Change:
    made = change(desired(before), None).after
    assert made is not None
    return classified(change(desired(after), live(made)))


def told(changes: list[Change], *others: Workflow) -> list[Downstream]:
    return [each.downstream for each in with_downstream(changes, others)]


RAW = flow("raw", node("land"), node("check", dependsOn=["land"]), node("aside"))
CLEAN = desired(flow("clean", reader("tidy", "land"), node("sum", dependsOn=["tidy"])))
MART = desired(flow("mart", reader("top", "sum")))
TOUCHED = flow(
    "raw", node("land", recurrence="Skip"), node("check", dependsOn=["land"]), node("aside")
)


def test_direct_and_transitive_readers() -> None:
    """By path and node, in the own workflow too; those that wait for nothing touched are not told."""
    assert told([update(RAW, TOUCHED)], CLEAN, MART) == [
        Downstream(("f/clean#tidy", "f/raw#check"), ("f/clean#sum", "f/mart#top"))
    ]


def test_a_description_affects_nobody() -> None:
    """Neither does how runs are treated."""
    told_only = flow(
        "raw",
        node("land", description="x", priority=3),
        node("check", dependsOn=["land"]),
        node("aside"),
    )
    assert told([update(RAW, told_only)], CLEAN, MART) == [Downstream()]


def test_the_workflow_itself_touches_all_of_its_nodes() -> None:
    """They are not told, but who waits for any of them is."""
    cron = {"type": "Scheduler", "cron": "00 00 04 * * ?"}
    changed = update(RAW, {**flow("raw", *RAW["spec"]["workflows"][0]["nodes"], trigger=cron)})
    assert told([changed], CLEAN, MART) == [
        Downstream(("f/clean#tidy",), ("f/clean#sum", "f/mart#top"))
    ]


def test_a_workflow_that_waits_is_told_with_its_nodes() -> None:
    """What a workflow waits for, all of its nodes do."""
    waits = {"nodeId": "late", "depends": [{"type": "Normal", "output": f"{IDENTIFIER}.land"}]}
    document = flow("late", node("one"), node("two"))
    document["spec"]["flow"] = [waits]
    assert told([update(RAW, TOUCHED)], desired(document)) == [
        Downstream(("f/late", "f/raw#check"), ("f/late#one", "f/late#two"))
    ]


def test_the_output_of_a_workflow_carries_what_its_nodes_do() -> None:
    """Who waits for the whole waits for each node."""
    outputs = {"nodeOutputs": [{"data": f"{IDENTIFIER}.raw_done"}]}
    before = flow("raw", node("land"), outputs=outputs)
    after = flow("raw", node("land", recurrence="Skip"), outputs=outputs)
    last = desired(flow("last", reader("end", "raw_done")))
    assert told([update(before, after)], last) == [Downstream(("f/last#end",))]


def test_circles_end() -> None:
    """Live workflows may wait for each other across cycles."""
    one = desired(flow("one", reader("a", "b", "land")))
    two = desired(flow("two", reader("b", "a")))
    assert told([update(RAW, TOUCHED)], one, two) == [
        Downstream(("f/one#a", "f/raw#check"), ("f/two#b",))
    ]


@pytest.mark.parametrize("behind", [MOST - 1, MOST, MOST + 1])
def test_long_chains_are_cut_and_say_so(behind: int) -> None:
    """In a chain of many workflows every change would name all of them."""
    names = ["land", *(f"n{number}" for number in range(behind + 1))]
    chain = [desired(flow(f"w{n}", reader(n, f))) for f, n in pairwise(names)]
    (found,) = with_downstream([update(RAW, TOUCHED)], chain)
    assert len(found.downstream.transitive) == min(behind, MOST)
    assert [danger.code for danger in found.dangers] == ["downstream"] * (behind > MOST)


def test_what_is_made_anew_has_no_downstream_yet() -> None:
    """Nobody ran without it before."""
    assert told([classified(change(desired(RAW), None))], CLEAN) == [Downstream()]


def test_a_lost_output_and_its_readers() -> None:
    """By name, once; an output that nobody waits for is no loss."""
    bare = flow("raw", node("land", outputs={"nodeOutputs": []}), node("check"), node("aside"))
    found = update(RAW, bare)
    states = [desired(bare), CLEAN, MART]
    assert lost_outputs([found], states) == [Lost(f"{IDENTIFIER}.land", "f/raw", ("f/clean#tidy",))]
    assert lost_outputs([found], [desired(bare), MART]) == []


def test_an_output_that_moves_is_not_lost() -> None:
    """Another workflow makes it after the same plan."""
    bare = flow("raw", node("land", outputs={"nodeOutputs": []}), node("check"), node("aside"))
    named = {"nodeOutputs": [{"data": f"{IDENTIFIER}.land"}]}
    other = desired(flow("other", node("taken", outputs=named)))
    assert lost_outputs([update(RAW, bare)], [desired(bare), CLEAN, other]) == []


def test_readers_that_stop_waiting_are_no_readers() -> None:
    """What counts is what holds after the plan."""
    bare = flow("raw", node("land", outputs={"nodeOutputs": []}), node("check"), node("aside"))
    free = desired(flow("clean", node("tidy"), node("sum", dependsOn=["tidy"])))
    assert lost_outputs([update(RAW, bare)], [desired(bare), free]) == []
