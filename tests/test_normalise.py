"""The keyed, the comparable and the completed form, one behaviour of the schema at a time."""

from typing import Any

import pytest

from deployer import schema
from deployer.fields import Field
from deployer.normalise import ORDER, canonical, complete, keyed, merged, normalise, unkeyed

WORKFLOW, NODE = schema.workflow(), schema.node()
CYCLE, MANUAL = "CycleWorkflow", "ManualWorkflow"
DEFAULTS = {
    "recurrence": "Normal",
    "instanceMode": "T+1",
    "rerunMode": "Allowed",
    "rerunTimes": 0,
    "rerunInterval": 180000,
}


def at(*path: str | int) -> Field:
    field = NODE.at(path)
    assert field is not None
    return field


def of_node(node: dict[str, Any], kind: str = CYCLE) -> dict[str, Any]:
    """The comparable form of a node, without its defaults."""
    value = normalise(keyed(node, NODE), NODE, kind)
    return {key: item for key, item in value.items() if DEFAULTS.get(key) != item}


# --- bytes ----------------------------------------------------------------------------------------


def test_values_that_python_holds_equal_have_different_bytes() -> None:
    """True is not 1, and 1 is not "1"; but 1.0 is the number 1."""
    forms = [canonical(normalise(value, None, CYCLE)) for value in (True, 1, 1.0, "1")]
    assert forms == [b"true", b"1", b"1", b'"1"']


def test_large_numbers_keep_every_digit() -> None:
    """Ids have 19 digits, more than a float holds."""
    assert canonical(2**63 + 1) == b"9223372036854775809"


# --- keyed ----------------------------------------------------------------------------------------


def test_lists_with_a_key_become_mappings() -> None:
    """At every depth; other lists stay."""
    node = {"name": "a", "script": {"parameters": [{"name": "p"}]}, "x": [1]}
    assert keyed({"nodes": [node]}, WORKFLOW) == {
        "nodes": {"a": {**node, "script": {"parameters": {"p": {"name": "p"}}}}}
    }


def test_the_key_may_have_several_parts() -> None:
    """The default type of an edge is left out of its key; an upstream has one of two fields."""
    edges = [{"output": "x"}, {"type": "Normal", "nodeId": "y"}, {"type": "Other", "output": "x"}]
    field = WORKFLOW.at(("dependencies", 0, "depends"))
    assert list(keyed(edges, field)) == ["x", "y", "Other:x"]


def test_order_is_kept_where_it_means_something() -> None:
    """The branches of a branch node are tried one after the other."""
    branches = [{"when": "1", "output": {"data": name}} for name in ("b", "a")]
    field = at("branch", "branches")
    assert keyed(branches, field)[ORDER] == ["b", "a"]
    assert unkeyed(keyed(branches, field), field) == branches


def test_an_element_that_is_said_twice_counts_once() -> None:
    """The service repeats edges, with more or fewer facts about them."""
    field = WORKFLOW.at(("dependencies", 0, "depends"))
    edges = [{"output": "x"}, {"output": "x", "type": "Normal", "refTableName": "t"}]
    expected = {"x": {"output": "x", "type": "Normal", "refTableName": "t"}}
    assert keyed(edges, field) == keyed(edges[::-1], field) == expected


def test_elements_that_contradict_each_other_are_both_kept() -> None:
    """Nothing is lost, whatever the order."""
    field = at("script", "parameters")
    rivals = [{"name": "p", "value": "1"}, {"name": "p", "value": "2"}, {"name": "p#2"}]
    expected = {"p": rivals[0], "p#2#": rivals[1], "p#2": rivals[2]}
    assert keyed(rivals, field) == keyed(rivals[::-1], field) == expected


def test_an_element_may_be_called_like_our_own_key() -> None:
    """The name under which the order is kept is nobody's."""
    branches = [{"output": {"data": ORDER}}, {"output": {"data": "a"}}]
    field = at("branch", "branches")
    assert unkeyed(keyed(branches, field), field) == branches


# --- comparable -----------------------------------------------------------------------------------


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_empty_means_absent(empty: Any) -> None:
    """The service leaves such members out or not, as it likes."""
    assert of_node({"description": empty, "outputs": {"variables": empty}}) == {}


def test_facts_of_the_service_are_not_compared() -> None:
    """Nor are they ever sent."""
    node = {"metadata": {"owner": "1"}, "script": {"id": "2", "runtime": {"commandTypeId": 10}}}
    assert of_node(node) == {}


def test_defaults_are_filled_in() -> None:
    """So that leaving a field out and writing its default are the same."""
    assert normalise({}, NODE, CYCLE) == DEFAULTS
    assert normalise({"rerunTimes": None}, NODE, CYCLE) == DEFAULTS


def test_some_defaults_hold_for_some_kinds_only() -> None:
    """A manual workflow is not scheduled."""
    assert set(normalise({}, NODE, MANUAL)) == {"rerunMode", "rerunTimes", "rerunInterval"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a", "a\n", True),
        ("a\r\nb\rc", "a\nb\nc\n", True),
        ("", "\n", True),
        ("a", "a\n\n", False),
        ("a", "a ", False),
        ("a", "\na", False),
    ],
)
def test_line_ends_and_one_at_the_end_do_not_count(one: str, other: str, same: bool) -> None:
    """Everything else in a script does."""
    forms = [canonical(of_node({"script": {"content": text}})) for text in (one, other)]
    assert (forms[0] == forms[1]) is same


def test_cron_is_compared_by_value() -> None:
    """The service writes numbers with two digits."""
    one = of_node({"trigger": {"type": "Scheduler", "cron": "0 0  2 * * ?"}})
    assert one == of_node({"trigger": {"type": "Scheduler", "cron": "00 00 02 * * ?"}})
    assert one != of_node({"trigger": {"type": "Scheduler", "cron": "00 00 20 * * ?"}})


def test_aliases_are_the_same_language() -> None:
    """The service renames them."""
    assert of_node({"script": {"language": "shell"}}) == {"script": {"language": "shell-script"}}


def test_a_set_of_scalars_has_no_order() -> None:
    """But a list of arguments does."""
    accepted = at("join", "branches", 0, "assertion", "in")
    assert normalise(["2", "1"], accepted, CYCLE) == ["1", "2"]
    assert normalise(["2", "1"], at("script", "runtime", "container", "args"), CYCLE) == ["2", "1"]


# --- completion -----------------------------------------------------------------------------------


def completed(desired: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    value = complete(keyed(desired, NODE), keyed(live, NODE), NODE, CYCLE)
    return {key: item for key, item in value.items() if key not in DEFAULTS}


def test_defaults_are_sent_explicitly() -> None:
    """Else a service that merges would keep what was there."""
    assert complete({}, {}, NODE, CYCLE) == DEFAULTS
    assert complete({}, {"rerunTimes": 5}, NODE, CYCLE)["rerunTimes"] == 0


def test_computed_fields_are_sent_back_as_read() -> None:
    """Left open, they belong to the service; set, to the manifest."""
    live = {"priority": 3, "script": {"language": "odps-sql"}}
    assert completed({"script": {}}, live) == live
    assert completed({"priority": 1, "script": {}}, live)["priority"] == 1


def test_fields_that_nobody_knows_are_sent_back_as_read() -> None:
    """The service has more fields than the schema."""
    assert completed({}, {"new": {"a": [1]}}) == {"new": {"a": [1]}}


@pytest.mark.parametrize("explicit", [{}, {"description": None}])
def test_a_removed_text_is_sent_as_empty(explicit: dict[str, Any]) -> None:
    """Whether it was left out or asked for with `null`."""
    assert completed(explicit, {"description": "x"}) == {"description": ""}


def test_null_removes_a_computed_field_too() -> None:
    """Where leaving it out would keep it."""
    assert completed({"priority": None}, {"priority": 3}) == {"priority": None}


def test_null_removes_an_object_but_not_what_the_service_made_in_it() -> None:
    """The default output of a node cannot be removed."""
    made = {"data": "1", "isDefault": True}
    live = {"outputs": {"nodeOutputs": [made, {"data": "x"}]}, "datasource": {"name": "d"}}
    assert completed({"outputs": None, "datasource": None}, live) == {
        "outputs": {"nodeOutputs": {"1": made}},
        "datasource": {},
    }


@pytest.mark.parametrize("none", [[], None])
def test_an_empty_list_removes_all_but_what_the_service_made(none: Any) -> None:
    """`nodeOutputs: []` means none of our own."""
    made = {"data": "1", "sourceType": "System"}
    live = {"outputs": {"nodeOutputs": [made, {"data": "x", "sourceType": "Manual"}]}}
    assert completed({"outputs": {"nodeOutputs": none}}, live) == {
        "outputs": {"nodeOutputs": {"1": made}}
    }


def test_a_setting_that_left_an_open_map_is_removed() -> None:
    """The keys of such a map are the author's, though no schema lists them."""
    live = {"script": {"runtime": {"sparkConf": {"a": 1, "b": 2}, "flinkConf": {"c": 3}}}}
    sent = completed({"script": {"runtime": {"sparkConf": {"a": 1}}}}, live)
    assert sent == {
        "script": {"runtime": {"sparkConf": {"a": 1, "b": None}, "flinkConf": {"c": None}}}
    }
    assert of_node(sent) == {"script": {"runtime": {"sparkConf": {"a": 1}}}}


# --- overrides ------------------------------------------------------------------------------------


def test_overrides_go_into_keyed_lists() -> None:
    """Elements by key, other lists as a whole."""
    base = {"nodes": [{"name": "a", "priority": 1, "x": [1, 2]}, {"name": "b"}]}
    patch = {"nodes": [{"name": "a", "priority": 2, "x": [3]}, {"name": "c"}]}
    both = merged(keyed(base, WORKFLOW), keyed(patch, WORKFLOW), WORKFLOW)
    assert unkeyed(both, WORKFLOW) == {
        "nodes": [{"name": "a", "priority": 2, "x": [3]}, {"name": "b"}, {"name": "c"}]
    }


def test_an_override_may_put_elements_into_an_ordered_list() -> None:
    """New ones come last; the order of the old ones stays."""
    field = at("branch", "branches")
    base = [{"when": "1", "output": {"data": name}} for name in ("b", "a")]
    patch = [{"when": "2", "output": {"data": name}} for name in ("a", "c")]
    both = unkeyed(merged(keyed(base, field), keyed(patch, field), field), field)
    assert [(each["output"]["data"], each["when"]) for each in both] == [
        ("b", "1"),
        ("a", "2"),
        ("c", "2"),
    ]
