"""What each difference is about, as the schema says it, and why."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from deployer import schema
from deployer.classes import GRAVEST, class_of, classified, touched
from deployer.fields import Field
from deployer.model import Change, FieldClass
from deployer.plan import change
from tests.test_plan import document, node
from tests.workflow_kit import desired, live

SQL = {"runtime": {"command": "ODPS_SQL"}}


def compared(before: Any, after: Any) -> Change:
    """What is planned for a workflow that was made from one document and is to become another."""
    made = change(desired(before), None).after
    assert made is not None
    return classified(change(desired(after), live(made)))


def classes(found: Change) -> dict[str, str]:
    return {each.path: each.field_class for each in found.fields}


def places(field: Field, path: tuple[str, ...] = (), depth: int = 7) -> Iterator[tuple[str, ...]]:
    """The keys to every field below the workflow, elements of keyed lists under `x`."""
    if path:
        yield path
    if not depth or field.read_only:
        return
    if field.merge_key and field.items is not None:
        yield from places(field.items, (*path, "x"), depth - 1)
    for name, inner in field.properties.items():
        yield from places(inner, (*path, name), depth - 1)


def said(path: tuple[str, ...]) -> str:
    """The class that the schema says for a path, without any fallback."""
    found, field = "", schema.workflow()
    for key in path:
        inner = field.items if field.merge_key else field.property(key)
        assert inner is not None
        found, field = inner.class_here or found, inner
    return found


def test_every_field_has_a_class() -> None:
    """The schema says it for every place of a workflow, and only in words that exist."""
    words = {path: said(path) for path in places(schema.workflow())}
    assert [path for path, word in words.items() if word not in get_args(FieldClass)] == []
    assert sorted(GRAVEST) == sorted(get_args(FieldClass))
    assert len(words) > 500


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("trigger.cron", "schedule"),
        ("strategy.rerunTimes", "policy"),
        ("strategy.instanceMode", "schedule"),
        ("description", "format-only"),
        ("nodes.a.description", "format-only"),
        ("nodes.a.script.content", "script"),
        ("nodes.a.script.parameters.day.value", "script"),
        ("nodes.a.script.parameters.day.description", "format-only"),
        ("nodes.a.script.runtime.command", "destructive"),
        ("nodes.a.script.runtime.cu", "resources"),
        ("nodes.a.script.runtime.sparkConf", "resources"),
        ("nodes.a.runtimeResource.resourceGroup", "resources"),
        ("nodes.a.datasource.name", "resources"),
        ("nodes.a.recurrence", "schedule"),
        ("nodes.a.priority", "policy"),
        ("nodes.a.outputs.nodeOutputs.x", "dependency"),
        ("nodes.a.inputs.variables.x.value", "dependency"),
        ("nodes.a.for-each.nodes.body.script.content", "script"),
        ("nodes.a.for-each.nodes.body.timeout", "policy"),
        ("dependencies.{{a}}.depends.x", "dependency"),
        ("no.such.field", "policy"),
    ],
)
def test_the_class_is_that_of_the_nearest_place(path: str, expected: FieldClass) -> None:
    """A field has the class of the place that says one, itself or above it."""
    assert class_of(tuple(path.split("."))) == expected


def test_a_removed_output_is_destructive() -> None:
    """One that is added is not; neither is one whose facts change."""
    first, second = ({"nodeOutputs": [{"data": name}]} for name in ("p.one", "p.two"))
    found = compared(document(node("a", outputs=first)), document(node("a", outputs=second)))
    assert classes(found) == {
        "nodes[a].outputs.nodeOutputs[p.one]": "destructive",
        "nodes[a].outputs.nodeOutputs[p.two]": "dependency",
    }
    assert [each.reason for each in found.fields] == [
        "it goes away: what waits for it finds nothing",
        "what it waits for, or what can wait for it",
    ]
    assert [(each.name, each.field_class) for each in found.nodes] == [("a", "destructive")]


def test_another_command_is_destructive() -> None:
    """The service keeps the command of a node."""
    found = compared(
        document(node("a", script={"runtime": {"command": "VIRTUAL"}})),
        document(node("a", script={"runtime": {"command": "ODPS_SQL"}})),
    )
    assert classes(found) == {"nodes[a].script.runtime.command": "destructive"}


def test_layout_of_sql_is_told_from_its_meaning() -> None:
    """In a node whose type speaks SQL, wherever it is; in a shell script every blank may count."""
    loop: dict[str, Any] = {"runtime": {"command": "CONTROLLER_TRAVERSE"}}

    def of(content: str, command: str) -> Any:
        script = {"runtime": {"command": command}, "content": content}
        return document(node("a", script=script))

    def inner(content: str) -> Any:
        body = node("body", script={**SQL, "content": content})
        return document(node("a", script=loop, **{"for-each": {"nodes": [body]}}))

    old, new, other = "select 1", "-- one\nselect  1", "select 2"
    path = "nodes[a].script.content"
    assert classes(compared(of(old, "ODPS_SQL"), of(new, "ODPS_SQL"))) == {path: "format-only"}
    assert classes(compared(of(old, "ODPS_SQL"), of(other, "ODPS_SQL"))) == {path: "script"}
    assert classes(compared(of(old, "DIDE_SHELL"), of(new, "DIDE_SHELL"))) == {path: "script"}
    assert classes(compared(inner(old), inner(new))) == {
        "nodes[a].for-each.nodes[body].script.content": "format-only"
    }


def test_nodes_and_reason_tell_the_gravest() -> None:
    """A node has the gravest class of what differs in it, edges included; the reason counts all."""
    found = compared(
        document(node("a", priority=1), node("b")),
        document(node("a", priority=2, description="x", dependsOn=["b"]), node("b"), node("c")),
    )
    assert {each.name: (each.action, each.field_class, each.reason) for each in found.nodes} == {
        "a": ("update", "dependency", "what it waits for, or what can wait for it"),
        "c": ("create", "script", "a new node"),
    }
    assert found.reason == "4 fields differ (1 dependency, 1 script, 1 policy, 1 format-only)"


def test_what_is_touched() -> None:
    """Nodes by their class, the workflow itself where a field of its own differs."""
    found = compared(
        document(node("a"), node("b"), description="x"),
        document(node("a", timeout=3), node("b"), strategy={"priority": 3}, description="y"),
    )
    assert touched(found) == {"a": "policy", ".": "policy"}


def test_odd_names_of_nodes_are_found_again() -> None:
    """A name may hold what paths are written with."""
    found = compared(document(node('a.b["c"]', priority=1)), document(node('a.b["c"]', priority=2)))
    assert [(each.name, each.field_class) for each in found.nodes] == [('a.b["c"]', "policy")]


def test_nothing_is_said_of_what_is_unchanged() -> None:
    """An unchanged workflow stays as it was planned."""
    found = change(desired(document(node("a"))), None)
    assert found.after is not None
    same = change(desired(document(node("a"))), live(found.after))
    assert classified(same) is same
