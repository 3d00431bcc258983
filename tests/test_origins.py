"""Who moved what: three sides of one workflow, from any documents, and things that changed their names."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.model import Change, NodeChange, Workflow
from deployer.moves import Moves, moves, renamed
from deployer.origins import base_of, drifted, dropped, gone, removed, traced
from deployer.plan import change
from tests.strategies import Document, documents
from tests.workflow_kit import desired, live

SINCE = "commit 0123"
SHELL = {"runtime": {"command": "DIDE_SHELL"}}


def document(*nodes: Any, name: str = "w", **more: Any) -> Document:
    body = {"name": name, "script": {"path": f"f/{name}"}, "nodes": list(nodes)}
    return {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [body]}, **more}


def node(name: str, content: str = "", **fields: Any) -> dict[str, Any]:
    return {"name": name, "script": {**SHELL, "content": content}, **fields}


def made(found: Document) -> Workflow:
    """A workflow as the service has it after it was created from a document."""
    created = change(desired(found), None).after
    assert created is not None
    return created


def planned(base: Document, there: Document, now: Document, *, prune: bool = False) -> Change:
    """The traced change from what is live to what is desired, git having held `base`."""
    wanted, before, found = desired(now), desired(base), live(made(there))
    names = dropped(before, wanted, found) if prune else ()
    return traced(change(wanted, found, names), before, SINCE)


def origins(found: Change) -> dict[str, str]:
    return {field.path: field.origin for field in found.fields}


def actions(found: Change) -> list[tuple[str, str, str]]:
    return [(each.action, each.name, each.moved_from) for each in found.nodes]


# --- the three sides ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "there", "now", "expected"),
    [
        ("1", "1", "2", "change"),
        ("1", "2", "1", "drift"),
        ("1", "2", "3", "conflict"),
        (None, "2", "3", "conflict"),
        ("1", "1", None, "change"),
        (None, "2", None, "drift"),
        ("1", None, "1", "drift"),
        ("1", "2", None, "conflict"),
    ],
)
def test_a_field_on_three_sides(
    base: str | None, there: str | None, now: str | None, expected: str
) -> None:
    """A value that one side lacks is a value like any other."""
    texts = (base, there, now)
    sides = [document(node("a", **({"description": each} if each else {}))) for each in texts]
    found = planned(*sides)
    assert origins(found) == {"nodes[a].description": expected}
    assert [field.base for field in found.fields] == [base]


def test_a_field_that_the_base_left_to_the_service() -> None:
    """It was nobody's then: the manifest takes it over."""
    sides = (document(node("a")), document(node("a", timeout=2)), document(node("a", timeout=3)))
    assert origins(planned(*sides)) == {"nodes[a].timeout": "change"}


@given(documents("CycleWorkflow"), documents("CycleWorkflow"))
def test_two_sides_that_agree(one: Document, other: Document) -> None:
    """Live as the base: all is of this change. Desired as the base: all is drift. Nothing else moves."""
    found = planned(one, one, other)
    assert set(origins(found).values()) <= {"change"}
    back = planned(other, one, other)
    assert set(origins(back).values()) <= {"drift"}
    plain = change(desired(other), live(made(one)))
    for each in (found, back):
        assert [replace(f, origin="change", base=None) for f in each.fields] == list(plain.fields)


@given(documents("CycleWorkflow"), documents("CycleWorkflow"), documents("CycleWorkflow"))
def test_any_three_sides(base: Document, there: Document, now: Document) -> None:
    """Never an error, and never a difference more or less than without a base."""
    found = planned(base, there, now)
    plain = change(desired(now), live(made(there)))
    assert [(f.path, f.before, f.after) for f in found.fields] == [
        (f.path, f.before, f.after) for f in plain.fields
    ]


def test_without_a_base_all_is_of_this_change() -> None:
    """Git did not hold the workflow then."""
    plain = change(desired(document(node("a", "x"))), live(made(document(node("a", "y")))))
    assert traced(plain, None, SINCE) == plain


def test_sensitive_values_are_compared_and_hidden() -> None:
    """The base is masked as the other sides are."""
    first, second, third = (
        document(node("a", datasource={"name": "d", "type": "odps"}), node("b", content))
        for content in ("1", "2", "3")
    )
    assert origins(planned(first, second, third)) == {"nodes[b].script.content": "conflict"}


def test_what_the_manifest_ignores_stays_out_of_it() -> None:
    """Ignored fields are no difference, whatever the base held."""
    ignoring = document(node("a", "3"), deployer={"ignore": ["nodes[*].script.content"]})
    assert origins(planned(document(node("a", "1")), document(node("a", "2")), ignoring)) == {}


# --- nodes ----------------------------------------------------------------------------------------

ONE, BOTH = document(node("a")), document(node("a"), node("b"))


def test_a_node_that_somebody_deleted() -> None:
    """Git holds it as before: making it anew undoes what somebody did."""
    found = planned(BOTH, ONE, BOTH)
    assert set(origins(found).values()) == {"drift"}
    (each,) = found.nodes
    assert (each.action, each.reason) == (
        "create",
        f"not in the workspace, though git held it at {SINCE}",
    )


def test_a_node_that_is_gone_from_git() -> None:
    """Kept where it runs, deleted with `--prune`; the rest of the workflow changes as ever."""
    assert actions(planned(BOTH, BOTH, ONE)) == [("kept", "b", "")]
    found = planned(BOTH, BOTH, document(node("a", "new")))
    assert (found.action, actions(found)) == ("update", [("update", "a", ""), ("kept", "b", "")])
    pruned = planned(BOTH, BOTH, ONE, prune=True)
    assert (pruned.action, actions(pruned)) == ("update", [("delete", "b", "")])
    assert list((pruned.after_value or {})["nodes"]) == ["a"]
    assert pruned.after is not None
    assert list(pruned.after.spec["nodes"]) == ["a"]


def test_a_node_that_git_never_held() -> None:
    """Is nobody's business, with or without `--prune`."""
    for prune in (False, True):
        found = planned(ONE, BOTH, ONE, prune=prune)
        assert (found.action, actions(found)) == ("unchanged", [("unmanaged", "b", "")])


def test_a_pruned_node_takes_its_edges_along() -> None:
    """What it waited for goes with it; whoever waits for it is of this change."""
    both = document(node("a"), node("b", dependsOn=["a"]))
    found = planned(both, both, ONE, prune=True)
    assert [path.partition("[")[0] for path in origins(found)] == ["dependencies", "nodes"]
    assert set(origins(found).values()) == {"change"}


# --- names that changed ---------------------------------------------------------------------------


def moved_node(content: str = "") -> dict[str, Any]:
    return node("new", content, deployer={"movedFrom": "old"})


def test_a_renamed_node() -> None:
    """One move, its script compared with that of its former name."""
    before = document(node("old", "1"), node("next", dependsOn=["old"]))
    now = document(moved_node("2"), node("next", dependsOn=["new"]))
    found = planned(before, before, now)
    assert ("move", "new", "old") in actions(found)
    assert [each for each in actions(found) if each[0] in ("create", "kept", "unmanaged")] == []
    assert "nodes[new].script.content" in origins(found)
    assert set(origins(found).values()) == {"change"}
    live_edit = document(node("old", "3"), node("next", dependsOn=["old"]))
    assert origins(planned(before, live_edit, now))["nodes[new].script.content"] == "conflict"


def test_a_rename_that_is_done() -> None:
    """Says nothing: by now the former name is nobody's, or somebody else's."""
    done = document(node("new"))
    assert planned(document(node("old")), done, document(moved_node())).action == "unchanged"
    both = document(node("old"), node("new"))
    found = planned(document(node("old")), both, document(moved_node()))
    assert (found.action, actions(found)) == ("kept", [("kept", "old", "")])


def test_a_renamed_node_and_its_pruning() -> None:
    """What is renamed is not gone."""
    before = document(node("old"))
    found = planned(before, before, document(moved_node()), prune=True)
    assert actions(found) == [("move", "new", "old")]


def test_a_node_inside_a_renamed_loop() -> None:
    """Both find their former selves."""

    def loop(name: str, inner: str, **more: Any) -> dict[str, Any]:
        body = [{"name": inner, "script": SHELL, **more.pop("inside", {})}]
        script = {"runtime": {"command": "CONTROLLER_TRAVERSE"}}
        return {"name": name, "script": script, "for-each": {"nodes": body}, **more}

    before = desired(document(loop("lp", "in")))
    inside = {"deployer": {"movedFrom": "in"}}
    now = desired(document(loop("loop", "body", inside=inside, deployer={"movedFrom": "lp"})))
    assert moves(now, before) == Moves("", {"lp/in": "loop/body", "lp": "loop"})
    assert list(renamed(before, now).spec["nodes"]["loop"]["for-each"]["nodes"]) == ["body"]


MOVED = document(node("a", "1"), name="fresh", deployer={"movedFrom": "f/w"})


def test_a_moved_workflow() -> None:
    """A move, and the fields that differ beside its names."""
    before = document(node("a", "1"))
    found = planned(before, before, MOVED)
    assert (found.action, found.address, found.moved_from) == ("move", "f/fresh", "f/w")
    assert (found.fields, found.nodes) == ((), ())
    assert found.before is not None
    assert found.before.workflow.path == "f/w"
    edited = document(node("a", "2"))
    assert origins(planned(before, edited, MOVED)) == {"nodes[a].script.content": "drift"}


@given(documents("CycleWorkflow"), st.data())
def test_a_name_and_back(found: Document, data: st.DataObject) -> None:
    """Renaming a node and the workflow loses nothing: renamed back, all is as it was."""
    before = desired(found)
    names = list(before.spec.get("nodes") or {})
    name = data.draw(st.sampled_from(names)) if names else ""
    there = made(found)
    forth = _called(found, {name: "elsewhere now"} if name else {}, "a/new/path")
    goal = replace(desired(forth), moved_from=there.path)
    goal = replace(goal, moved_nodes={"elsewhere now": name} if name else {})
    away = renamed(there, goal)
    assert (away.path, away.name) == ("a/new/path", "path")
    back = replace(
        before, moved_from=away.path, moved_nodes={name: "elsewhere now"} if name else {}
    )
    assert renamed(away, back) == there


def _called(found: Document, names: dict[str, str], path: str) -> Document:
    """The document with other names for some nodes and the workflow; what refers to them is left."""
    result = deepcopy(found)
    body = result["spec"]["workflows"][0]
    body["name"] = path.rpartition("/")[2]
    body["script"]["path"] = path
    for each in body.get("nodes") or []:
        each["name"] = names.get(each["name"], each["name"])
    return result


# --- workflows ------------------------------------------------------------------------------------


def test_what_is_gone() -> None:
    """Held at the base, in no manifest now, and not merely moved."""
    base = {each: Workflow(each, each, "CycleWorkflow", {}) for each in ("a", "b", "c", "d")}
    now = [
        Workflow("a", "a", "CycleWorkflow", {}),
        Workflow("new", "new", "CycleWorkflow", {}, moved_from="b"),
        Workflow("late", "late", "CycleWorkflow", {}, moved_from="c"),
    ]
    assert [each.path for each in gone(base, now, {"a", "b", "c", "late", "d"})] == ["c", "d"]
    assert base_of(now[1], base) == base["b"]
    assert base_of(Workflow("x", "x", "CycleWorkflow", {}), base) is None


def test_a_workflow_that_is_gone() -> None:
    """Kept unless it is to be pruned; its nodes share its fate."""
    base, there = desired(BOTH), live(made(BOTH))
    kept, deleted = (removed(base, there, SINCE, prune=prune) for prune in (False, True))
    assert (kept.action, deleted.action) == ("kept", "delete")
    assert "`--prune` deletes it" in kept.reason
    reason = f"gone from git since {SINCE}"
    assert deleted.nodes == tuple(NodeChange(n, "delete", reason=reason) for n in ("a", "b"))
    assert deleted.before_value is not None


def test_what_counts_as_drift() -> None:
    """Fields that somebody else moved, and workflows that somebody else deleted."""
    edited = planned(document(node("a", "1")), document(node("a", "2")), document(node("a", "1")))
    vanished = traced(change(desired(ONE), None), desired(ONE), SINCE)
    own = planned(document(node("a", "1")), document(node("a", "1")), document(node("a", "2")))
    assert drifted([edited]) == {"f/w": 1}
    assert drifted([vanished]) == {"f/w": 1}
    assert drifted([own]) == {}
