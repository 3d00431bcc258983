"""What a refused document is told: message, hint and place of each kind of mistake."""

from collections.abc import Iterable
from typing import Any

import jsonschema
import pytest

from deployer.fields import Field
from deployer.model import Pointer
from deployer.schema import check
from deployer.wording import Violation, one_line, type_name, violations

WORKFLOW = ("spec", "workflows", 0)
NODE = (*WORKFLOW, "nodes", 0)
SOUND = {"name": "w", "script": {"path": "w"}}
Found = list[tuple[Pointer, str, str]]


def told(found: Iterable[Violation]) -> Found:
    return [(one.pointer, one.message, one.hint) for one in found]


def top(**changes: Any) -> Found:
    """What is said about a sound document with other keys at top level."""
    sound = {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [SOUND]}}
    merged = {**sound, **changes}
    return told(check({key: value for key, value in merged.items() if value is not ...}))


def in_workflow(**changes: Any) -> Found:
    """What is said about a workflow with these keys; places from the workflow on."""
    return [
        (pointer[len(WORKFLOW) :], message, hint)
        for pointer, message, hint in top(spec={"workflows": [{**SOUND, **changes}]})
    ]


def in_node(**changes: Any) -> Found:
    """What is said about a node with these keys; places from the node on."""
    node = {"name": "n", "script": {"runtime": {"command": "VIRTUAL"}}, **changes}
    return [(pointer[2:], message, hint) for pointer, message, hint in in_workflow(nodes=[node])]


def in_script(**changes: Any) -> Found:
    script = {"runtime": {"command": "VIRTUAL"}, **changes}
    return [(pointer[1:], message, hint) for pointer, message, hint in in_node(script=script)]


def by(schema: dict[str, Any], value: Any) -> Found:
    """What is said about a value under a schema of its own."""
    errors = jsonschema.Draft202012Validator(schema).iter_errors(value)
    return told(violations(errors, Field.root(schema)))


# --- keys -----------------------------------------------------------------------------------------


def test_an_unknown_key_is_pointed_at() -> None:
    """The place is the key itself, not the value behind it."""
    (violation,) = check(
        {
            "version": "1.1.0",
            "kind": "CycleWorkflow",
            "spec": {"workflows": [{**SOUND, "xyzzy": 1}]},
        }
    )
    pointer = (*WORKFLOW, "xyzzy")
    assert violation == Violation(pointer, "additionalProperties", "unknown key `xyzzy`", "", True)


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("recurence", "recurrence"),
        ("rerunTime", "rerunTimes"),
        ("doWhile", "do-while"),
        ("do_while", "do-while"),
        ("foreach", "for-each"),
        ("forEach", "for-each"),
        ("paramHub", "param-hub"),
        ("resource", "runtimeResource"),
        ("RuntimeResource", "runtimeResource"),
        ("depends", "dependsOn"),
        ("dependencies", "dependsOn"),
    ],
)
def test_a_misspelt_key_of_a_node_gets_a_suggestion(key: str, meant: str) -> None:
    """Typing mistakes, class names and legacy spellings lead to the key that exists."""
    assert in_node(**{key: 1}) == [((key,), f"unknown key `{key}`", f"did you mean `{meant}`?")]


@pytest.mark.parametrize(
    ("block", "key", "meant"),
    [
        ({"outputs": {"outputs": []}}, "outputs", "nodeOutputs"),
        ({"outputs": {"output": []}}, "output", "nodeOutputs"),
        ({"outputs": {"nodeOutputs": [{"data": "d", "output": "d"}]}}, "output", "data"),
        ({"outputs": {"nodeOutputs": [{"data": "d", "type": "x"}]}}, "type", "artifactType"),
        (
            {"inputs": {"variables": [{"name": "v", "variable": {}}]}},
            "variable",
            "referenceVariable",
        ),
        ({"inputs": {"variables": [{"name": "v", "from": {}}]}}, "from", "referenceVariable"),
        ({"for-each": {"nodes": [], "maxIteration": 3}}, "maxIteration", "maxIterations"),
        ({"for-each": {"nodes": [], "dependencies": []}}, "dependencies", "flow"),
        ({"do-while": {"nodes": [], "specWhile": {}}}, "specWhile", "while"),
        ({"trigger": {"type": "None", "delay": 1}}, "delay", "delaySeconds"),
    ],
)
def test_a_legacy_key_in_a_block_gets_a_suggestion(
    block: dict[str, Any], key: str, meant: str
) -> None:
    """Older dialects are understood well enough to say what to write instead."""
    ((pointer, message, hint),) = in_node(**block)
    assert (pointer[-1], message) == (key, f"unknown key `{key}`")
    assert hint == f"did you mean `{meant}`?"


def test_a_legacy_key_of_a_script_gets_a_suggestion() -> None:
    """Version 1.0.0 called the content `code`."""
    assert in_script(code="x") == [(("code",), "unknown key `code`", "did you mean `content`?")]


def test_a_foreign_envelope_gets_a_suggestion() -> None:
    """Other tools call the version `apiVersion`."""
    assert top(version=..., apiVersion="1.1.0") == [
        ((), "missing required key `version`", ""),
        (("apiVersion",), "unknown key `apiVersion`", "did you mean `version`?"),
    ]


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("content", "`content` belongs under `script`"),
        ("cron", "`cron` belongs under `trigger`"),
        ("command", "`command` belongs under `script.runtime`"),
        ("nodeOutputs", "`nodeOutputs` belongs under `inputs` or `outputs`"),
    ],
)
def test_a_key_that_belongs_further_in_is_told_where(key: str, hint: str) -> None:
    """A field that stands too high is known one or two steps below."""
    assert in_node(**{key: 1}) == [((key,), f"unknown key `{key}`", hint)]


def test_a_key_that_belongs_further_out_is_told_where() -> None:
    """The variables of a parameter hub stand on the node, whatever some guides say."""
    hint = "`param-hub` belongs beside `script`, not inside it"
    assert in_script(**{"param-hub": {}}) == [(("param-hub",), "unknown key `param-hub`", hint)]


def test_a_key_that_belongs_to_the_elements_of_a_list_is_told_where() -> None:
    """A resource group is set on each node."""
    hint = "`runtimeResource` belongs under `nodes[]`"
    found = in_workflow(runtimeResource={})
    assert found == [(("runtimeResource",), "unknown key `runtimeResource`", hint)]


def test_each_missing_key_is_named() -> None:
    """One message for each, at the object that lacks it."""
    hint = "a workflow needs its `script.path`, a node its `script.runtime.command`"
    assert in_workflow(nodes=[{}]) == [
        (("nodes", 0), "missing required key `name`", ""),
        (("nodes", 0), "missing required key `script`", hint),
    ]


def test_a_missing_path_is_explained() -> None:
    """It is what the workflow is known by."""
    hint = "the folders of the workflow and its name, such as `sales/daily/load_orders`"
    assert in_workflow(script={}) == [(("script",), "missing required key `path`", hint)]


def test_a_document_with_its_body_at_top_level_is_told_to_move_it() -> None:
    """That is version 1.0.0, which the service no longer imports."""
    hint = "version 1.0.0 had the body at top level: move it under `spec`, write `version: 1.1.0`"
    assert top(version="1.0.0", spec=..., nodes=[]) == [
        ((), "missing required key `spec`", hint),
        (("nodes",), "unknown key `nodes`", "`nodes` belongs under `spec`"),
    ]


def test_nodes_without_a_workflow_are_told_where_to_go() -> None:
    """A document of single nodes is not something that can be deployed."""
    hint = "only workflows are deployed: move the nodes into `workflows[0].nodes`"
    assert top(spec={"nodes": []}) == [(("spec",), "missing required key `workflows`", hint)]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"script": {"runtime": {}}}, "missing required key `command` or `commandTypeId`"),
        ({"trigger": {}}, "missing required key `type` or `recurrence`"),
        ({"trigger": {"type": "Scheduler"}}, "missing required key `cron`"),
        ({"subflow": {}}, "missing required key `id` or `output` or `nodes`"),
        (
            {"script": {"runtime": {"command": "X", "container": {}}}},
            "missing required key `image` or `imageId`",
        ),
    ],
)
def test_conditions_ask_for_the_keys_that_satisfy_them(block: dict[str, Any], message: str) -> None:
    """An alternative is told as what to add, not as a list of failed branches."""
    assert [found[1] for found in in_node(**block)] == [message]


def test_an_edge_needs_an_upstream_unless_it_is_the_nodes_own() -> None:
    """Self and Children have no upstream to name."""
    types = ["Normal", "CrossCycleDependsOnSelf", "CrossCycleDependsOnChildren"]
    depends = [{"type": name} for name in types]
    found = in_workflow(dependencies=[{"nodeId": "n", "depends": depends}])
    place = ("dependencies", 0, "depends", 0)
    assert found == [(place, "missing required key `output` or `nodeId`", "")]


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "message", "hint"),
    [
        ({"rerunTimes": "3"}, "expected integer, found string", "leave out the quotes"),
        ({"rerunTimes": "three"}, "expected integer, found string", ""),
        ({"owner": 64152}, "expected string, found integer", "put the value in quotes"),
        ({"owner": True}, "expected string, found boolean", "put the value in quotes"),
        ({"owner": 1.5}, "expected string, found number", "put the value in quotes"),
        ({"autoParse": "yes"}, "expected boolean, found string", ""),
        ({"outputs": []}, "expected object, found array", ""),
        ({"dependsOn": "load"}, "expected array, found string", "write a list"),
        ({"dependsOn": None}, "expected array, found null", ""),
        ({"recurrence": 1}, "expected string, found integer", "put the value in quotes"),
        ({"priority": 9}, "expected 8 or less, found `9`", ""),
        ({"rerunInterval": -1}, "expected 0 or more, found `-1`", ""),
        ({"dependsOn": [""]}, "must not be empty", ""),
    ],
)
def test_a_wrong_value_is_told_once(block: dict[str, Any], message: str, hint: str) -> None:
    """What was expected and what was found, in JSON Schema's names of types."""
    assert [found[1:] for found in in_node(**block)] == [(message, hint)]


@pytest.mark.parametrize(
    ("block", "meant"),
    [
        ({"rerunMode": "allowed"}, "Allowed"),
        ({"rerunMode": "ALL_ALLOWED"}, "Allowed"),
        ({"rerunMode": "FAILURE_ALLOWED"}, "FailureAllowed"),
        ({"rerunMode": "ALL_DENIED"}, "Denied"),
        ({"instanceMode": "Immediatly"}, "Immediately"),
        ({"strategy": {"priorityWeightStrategy": "Disable"}}, "Disabled"),
        ({"trigger": {"type": "ManualTrigger"}}, "Manual"),
        (
            {"dependsOn": [{"node": "n", "type": "CrossCycleDependsOnOther"}]},
            "CrossCycleDependsOnOtherNode",
        ),
        ({"param-hub": {"variables": [{"name": "v", "scope": "WorkflowParameter"}]}}, "Workflow"),
        ({"param-hub": {"variables": [{"name": "v", "scope": "Context"}]}}, "NodeContext"),
        ({"outputs": {"nodeOutputs": [{"data": "d", "artifactType": "Output"}]}}, "NodeOutput"),
    ],
)
def test_a_misspelt_value_gets_a_suggestion(block: dict[str, Any], meant: str) -> None:
    """Other capitals, typing mistakes and values of other guides lead to the one that exists."""
    ((_, _, hint),) = in_node(**block)
    assert hint == f"did you mean `{meant}`?"


def test_allowed_values_are_listed() -> None:
    """All of them, without the null that asks for removal."""
    message = "expected one of `Allowed`, `Denied`, `FailureAllowed`, found `xyzzy`"
    assert in_node(rerunMode="xyzzy") == [(("rerunMode",), message, "")]


def test_a_long_list_of_values_is_cut() -> None:
    """Twenty are enough to see what is meant."""
    ((_, message, _),) = by({"enum": [f"v{number}" for number in range(25)]}, "xyzzy")
    assert message.startswith("expected one of `v0`, `v1`, ")
    assert message.endswith("`v19` and 5 more, found `xyzzy`")


@pytest.mark.parametrize("time", ["2020-01-01", "2020-01-01 00:00", "2020-01-01 00:00:00\n"])
def test_a_broken_pattern_is_told_in_words(time: str) -> None:
    """The schema says what is expected; a regular expression is no help."""
    found = in_node(trigger={"type": "None", "startTime": time})
    assert [message.split(",")[0] for _, message, _ in found] == [
        "expected a time written as `yyyy-MM-dd HH:mm:ss`"
    ]


def test_a_workflow_too_many_is_refused() -> None:
    """The service would import the first and say nothing about the other."""
    found = top(spec={"workflows": [SOUND, {**SOUND, "name": "b"}]})
    assert found == [(("spec", "workflows"), "expected 1 element at most, found 2", "")]


def test_no_workflow_is_refused() -> None:
    """An empty list is not a workflow either."""
    assert top(spec={"workflows": []}) == [(("spec", "workflows"), "must not be empty", "")]


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"const": 1}, "x", "expected `1`, found `x`"),
        ({"const": {}}, [1], "expected object, found array"),
        ({"minItems": 2}, [1], "expected 2 elements or more, found 1"),
        ({"maxItems": 2}, [1, 2, 3], "expected 2 elements at most, found 3"),
        ({"pattern": "^a$"}, "b", "expected a text of another form, found `b`"),
        ({"minLength": 2}, "b", "expected 2 characters or more, found 1"),
        ({"multipleOf": 2}, 3, "3 is not a multiple of 2"),
        (
            {"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1}]},
            [],
            "must not be empty",
        ),
    ],
)
def test_other_schemas_are_worded_too(schema: dict[str, Any], value: Any, message: str) -> None:
    """Configuration and plan files are checked by the same words."""
    assert [found[1] for found in by(schema, value)] == [message]


# --- order and form -------------------------------------------------------------------------------


def test_violations_are_sorted_by_place() -> None:
    """List positions count as numbers."""
    nodes = [
        {"name": "n", "script": {"runtime": {"command": "VIRTUAL"}}, "z": 1} for _ in range(11)
    ]
    assert [pointer for pointer, _, _ in in_workflow(nodes=nodes, a=1)] == [
        ("a",),
        *(("nodes", number, "z") for number in range(11)),
    ]


def test_a_text_is_shown_on_one_short_line() -> None:
    """Nothing in a file reaches the terminal as a control sequence."""
    assert one_line("a\x1b[31m\n") == "a�[31m�"
    assert one_line("x" * 300) == "x" * 199 + "…"
    ((pointer, message, _),) = in_node(**{"k\x1b" * 40: 1})
    assert pointer == ("k\x1b" * 40,)
    assert message == "unknown key `" + "k�" * 29 + "k…`"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (True, "boolean"),
        (1, "integer"),
        (1.0, "number"),
        ("", "string"),
        ({}, "object"),
        ([], "array"),
        (None, "null"),
        ((), "tuple"),
    ],
)
def test_types_have_the_names_of_json_schema(value: Any, name: str) -> None:
    """A boolean is not an integer, whatever Python says."""
    assert type_name(value) == name
