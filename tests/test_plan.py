"""What is planned for one workflow, what is refused, what is left alone, and in which order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.model import Change, NodeChange, Workflow
from deployer.normalise import canonical
from deployer.plan import change, ordered
from tests.strategies import Document
from tests.workflow_kit import desired, left, live

SCRIPT = {"runtime": {"command": "VIRTUAL"}}


def document(*nodes: Any, kind: str = "CycleWorkflow", **workflow: Any) -> Document:
    body = {"name": "w", "script": {"path": "f/w"}, "nodes": list(nodes), **workflow}
    return {"version": "1.1.0", "kind": kind, "spec": {"workflows": [body]}}


def node(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "script": SCRIPT, **fields}


def made(found: Document) -> Workflow:
    """A workflow as the service has it after it was created from a document."""
    created = change(desired(found), None).after
    assert created is not None
    return created


def planned(now: Document, before: Document) -> Change:
    return change(desired(now), live(made(before)))


def test_what_does_not_exist_is_created() -> None:
    """With every default said explicitly, as it is sent."""
    found = change(desired(document(node("a"))), None)
    assert (found.action, found.address) == ("create", "f/w")
    assert found.nodes == (NodeChange("a", "create"),)
    assert found.after is not None
    assert found.after.spec["nodes"]["a"]["rerunInterval"] == 180000
    assert found.after_value["strategy"]["failureStrategy"] == "Break"


def test_what_is_as_it_should_be_is_unchanged() -> None:
    """And carries nothing along."""
    found = planned(document(node("a")), document(node("a")))
    assert left(found) == ("unchanged", [])
    assert (found.desired, found.after, found.before_value) == (None, None, None)


def test_an_update_says_what_changes_and_where() -> None:
    """Fields by path, nodes by what happens to them."""
    found = planned(
        document(node("a", priority=2), node("b", dependsOn=["a"]), node("c")),
        document(node("a", priority=1), node("b")),
    )
    assert [field.path for field in found.fields] == [
        "dependencies",
        "nodes[a].priority",
        "nodes[c]",
    ]
    assert found.nodes == (
        NodeChange("a", "update"),
        NodeChange("b", "update"),
        NodeChange("c", "create"),
    )
    assert found.reason == "3 fields differ"


def test_nodes_that_are_live_only_are_left_as_they_are() -> None:
    """A note and no change; their edges stay too."""
    before = document(node("a"), node("by hand", priority=7, dependsOn=["a"]))
    found = planned(document(node("a")), before)
    assert left(found) == ("unchanged", [])
    assert found.nodes == (NodeChange("by hand", "unmanaged"),)
    changed = planned(document(node("a", priority=2)), before)
    assert changed.after is not None
    there = live(made(before)).workflow.spec
    assert canonical(changed.after.spec["nodes"]["by hand"]) == canonical(there["nodes"]["by hand"])
    edges = changed.after.spec["dependencies"]
    assert edges["{{by hand}}"] == there["dependencies"]["{{by hand}}"]


def test_another_kind_is_refused() -> None:
    """The service does not let it change."""
    found = planned(document(node("a"), kind="ManualWorkflow"), document(node("a")))
    assert found.action == "update"
    assert "the kind of an existing workflow cannot change" in found.refused


def test_a_node_with_another_command_is_made_anew() -> None:
    """Neither does it let the type of a node change: one is deleted, another one made."""
    other = {"script": {"runtime": {"command": "ODPS_SQL"}}}
    found = planned(document(node("a") | other), document(node("a")))
    why = "nodes[a].script.runtime.command: VIRTUAL -> ODPS_SQL"
    assert [(each.name, each.action, each.reason) for each in found.nodes] == [
        ("a", "delete", why),
        ("a", "create", why),
    ]
    assert (found.refused, found.deletes) == ("", ("a",))


# --- ignore ---------------------------------------------------------------------------------------


def ignoring(now: Document, before: Document, *paths: str) -> Change:
    return planned({**now, "deployer": {"ignore": list(paths)}}, before)


NOW = document(node("a", priority=1), node("b[0]", priority=1), description="new")
BEFORE = document(node("a", priority=8), node("b[0]", priority=8), description="old")


@pytest.mark.parametrize(
    ("paths", "rest"),
    [
        ([], ["description", "nodes[a].priority", 'nodes["b[0]"].priority']),
        (["description"], ["nodes[a].priority", 'nodes["b[0]"].priority']),
        (["nodes[a].priority"], ["description", 'nodes["b[0]"].priority']),
        (['nodes["b[0]"].priority'], ["description", "nodes[a].priority"]),
        (["nodes[*].priority"], ["description"]),
        (["nodes[*]", "description"], []),
        (["nodes[a*].priority", "nodes"], ["description"]),
        (
            ["priority", "nodes[a]priority", "nodes[.].priority"],
            ["description", "nodes[a].priority", 'nodes["b[0]"].priority'],
        ),
    ],
)
def test_ignored_fields_stay_as_they_are(paths: list[str], rest: list[str]) -> None:
    """Named as the plan names them; `*` in brackets is any key."""
    assert [field.path for field in ignoring(NOW, BEFORE, *paths).fields] == rest


def test_an_ignored_field_is_sent_as_it_was_read() -> None:
    """Also when the manifest does not say it, and when it holds nothing else beside it."""
    before = document(node("a"), description="d", strategy={"rerunTimes": 9})
    found = ignoring(document(node("a")), before, "description", "strategy.rerunTimes")
    assert left(found) == ("unchanged", [])
    changed = ignoring(document(node("a", priority=1)), before, "description", "strategy[*]")
    assert changed.after is not None
    assert changed.after.spec["description"] == "d"


def test_an_ignored_field_of_a_removed_element_does_not_bring_it_back() -> None:
    """Half an element would be worse than none."""

    def with_output(*names: str) -> Document:
        declared = [{"data": name, "refTableName": "t"} for name in names]
        return document(node("a", outputs={"nodeOutputs": declared}))

    path = "nodes[a].outputs.nodeOutputs[*].refTableName"
    found = ignoring(with_output("x"), with_output("x", "y"), path)
    assert [field.path for field in found.fields] == ["nodes[a].outputs.nodeOutputs[y]"]


# --- order ----------------------------------------------------------------------------------------


def test_a_workflow_comes_after_those_it_waits_for() -> None:
    """Else by address."""

    def workflow(name: str, *upstreams: str) -> Change:
        waits = [f"shop_dev.n{upstream}" for upstream in upstreams]
        found = document(node(f"n{name}", dependsOn=waits))
        body = found["spec"]["workflows"][0]
        return change(desired(with_name(found, body, name)), None)

    found = ordered([workflow("a", "c"), workflow("c"), workflow("b", "a", "c"), workflow("d")])
    assert [(one.address, one.waits_for) for one in found] == [
        ("f/c", ()),
        ("f/d", ()),
        ("f/a", ("f/c",)),
        ("f/b", ("f/a", "f/c")),
    ]


def test_unmanaged_nodes_order_nothing() -> None:
    """They are live already, and no rule has looked at what they wait for."""
    one = with_name(document(node("a")), document(node("a"))["spec"]["workflows"][0], "one")
    body = document(node("a"), node("old", dependsOn=["shop_dev.b"]))["spec"]["workflows"][0]
    held = live(made(with_name(one, body, "one")))
    body = document(node("b", dependsOn=["shop_dev.a"]))["spec"]["workflows"][0]
    two = change(desired(with_name(one, body, "two")), None)
    body = document(node("a", priority=2))["spec"]["workflows"][0]
    found = ordered([change(desired(with_name(one, body, "one")), held), two])
    assert [(each.address, each.waits_for) for each in found] == [
        ("f/one", ()),
        ("f/two", ("f/one",)),
    ]


def with_name(found: Document, body: dict[str, Any], name: str) -> Document:
    workflow = {**body, "name": name, "script": {"path": f"f/{name}"}}
    return {**found, "spec": {"workflows": [workflow]}}


@given(st.lists(st.sets(st.integers(0, 7)), max_size=8), st.randoms(use_true_random=False))
def test_every_change_comes_after_those_it_waits_for(graph: list[set[int]], dice: Any) -> None:
    """In every graph without circles, whatever the order of the manifests."""
    found = []
    for number, wanted in enumerate(graph):
        waits = [f"shop_dev.n{upstream}" for upstream in wanted if upstream < number]
        text = document(node(f"n{number}", dependsOn=waits))
        body = text["spec"]["workflows"][0]
        found.append(change(desired(with_name(text, body, f"w{-number}")), None))
    dice.shuffle(found)
    done: set[str] = set()
    for one in ordered(found):
        assert set(one.waits_for) <= done
        done.add(one.address)
    expected = [f"f/w{-number}" for number in range(len(graph))]
    assert sorted(done) == sorted(expected)
    waits_for = {one.address: set(one.waits_for) for one in ordered(found)}
    assert waits_for == {
        f"f/w{-number}": {f"f/w{-upstream}" for upstream in wanted if upstream < number}
        for number, wanted in enumerate(graph)
    }
