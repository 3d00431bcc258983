"""Which differences are found, under which path, and what is never shown."""

from typing import Any

import pytest

from deployer import schema
from deployer.diff import MASK, changes, masked, resolve
from deployer.normalise import keyed, normalise

WORKFLOW, NODE = schema.workflow(), schema.node()

Found = list[tuple[str, Any, Any]]


def diff(before: dict[str, Any], after: dict[str, Any]) -> Found:
    found = changes(comparable(before), comparable(after), WORKFLOW)
    return [(each.path, each.before, each.after) for each in found]


def comparable(value: dict[str, Any]) -> dict[str, Any]:
    form = normalise(keyed({"strategy": None, **value}, WORKFLOW), WORKFLOW, "ManualWorkflow")
    assert isinstance(form, dict)
    return form


def node(name: str, **fields: Any) -> dict[str, Any]:
    return {"nodes": [{"name": name, **fields}]}


def settings(**found: Any) -> dict[str, Any]:
    return node("a", script={"runtime": {"sparkConf": found}})


def test_equal_specs_do_not_differ() -> None:
    """Nothing is made up."""
    assert diff(node("a", priority=1), node("a", priority=1)) == []


def test_a_change_is_reported_at_its_field() -> None:
    """Keys of keyed lists stand in brackets."""
    before, after = (node("load", script={"content": text}) for text in ("a", "b"))
    assert diff(before, after) == [("nodes[load].script.content", "a", "b")]


def test_additions_and_removals_are_told_whole() -> None:
    """One line for a node, not one for each field of it."""
    defaults = {"rerunMode": "Allowed", "rerunTimes": 0, "rerunInterval": 180000}
    new = {"name": "b", **defaults}
    assert diff(node("a"), {"nodes": [*node("a")["nodes"], *node("b")["nodes"]]}) == [
        ("nodes[b]", None, new)
    ]


@pytest.mark.parametrize(
    ("old", "new"), [(True, 1), (1, "1"), (True, "true"), (0, False), (1, 1.5), (1e-13, 2e-13)]
)
def test_values_that_look_equal_are_told_apart(old: Any, new: Any) -> None:
    """Python holds True for 1, and DeepDiff rounds."""
    path = "nodes[a].script.runtime.sparkConf.k"
    assert diff(settings(k=old), settings(k=new)) == [(path, old, new)]


def test_a_number_is_the_same_with_and_without_a_fraction() -> None:
    """YAML, JSON and the service write 1 and 1.0 for the same number."""
    assert diff(settings(k=1), settings(k=1.0)) == []


def test_few_shared_keys_are_still_compared_key_by_key() -> None:
    """With one of ten keys shared DeepDiff would report the parent as one change."""
    before = {"same": 1, **{f"old{number}": number + 1 for number in range(9)}}
    after = {"same": 1, **{f"new{number}": number + 1 for number in range(9)}}
    found = diff(settings(**before), settings(**after))
    assert len(found) == 18
    assert found[0] == ("nodes[a].script.runtime.sparkConf.new0", None, 1)


def test_no_shared_keys_are_compared_key_by_key() -> None:
    """Neither is the parent replaced."""
    assert [path for path, _, _ in diff(settings(a=1), settings(b=1))] == [
        "nodes[a].script.runtime.sparkConf.a",
        "nodes[a].script.runtime.sparkConf.b",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.b", "[a.b]"),
        ("a b", "[a b]"),
        ("it's", "[it's]"),
        ('quo"te', '["quo\\"te"]'),
        ("a[0]", '["a[0]"]'),
        ("a]", '["a]"]'),
        ("__init__", "[__init__]"),
        ("加载", "[加载]"),
        ("root", "[root]"),
    ],
)
def test_names_of_any_form_are_found(name: str, text: str) -> None:
    """What would be ambiguous in brackets is quoted."""
    found = diff(node(name, priority=1), node(name, priority=2))
    assert found == [(f"nodes{text}.priority", 1, 2)]


@pytest.mark.parametrize("key", ["spark.executor.memory", "__private", "a[0]", 'k"', "", "键"])
def test_keys_of_open_maps_are_found(key: str) -> None:
    """DeepDiff passes over keys that start with `__` unless it is told not to."""
    ((path, before, after),) = diff(settings(**{key: 1}), settings(**{key: 2}))
    assert (before, after) == (1, 2)
    assert path.startswith("nodes[a].script.runtime.sparkConf")


def test_a_key_with_dots_stands_in_brackets() -> None:
    """It is one key and not three."""
    text, _ = resolve(("script", "runtime", "sparkConf", "spark.executor.memory"), NODE)
    assert text == "script.runtime.sparkConf[spark.executor.memory]"


def test_swapped_elements_are_no_renames() -> None:
    """Two nodes that trade their scripts are two changes, each at its own node."""

    def both(one: str, other: str) -> dict[str, Any]:
        contents = {"a": one, "b": other}
        return {"nodes": [{"name": n, "script": {"content": c}} for n, c in contents.items()]}

    assert diff(both("1", "2"), both("2", "1")) == [
        ("nodes[a].script.content", "1", "2"),
        ("nodes[b].script.content", "2", "1"),
    ]


def test_a_list_without_keys_is_one_value() -> None:
    """Its elements have no names to report them under."""
    before, after = (
        node("a", script={"runtime": {"container": {"args": args}}})
        for args in (["x", "y"], ["y", "x"])
    )
    path = "nodes[a].script.runtime.container.args"
    assert diff(before, after) == [(path, ["x", "y"], ["y", "x"])]


def test_order_is_a_difference_of_its_own() -> None:
    """Branches are tried in order."""
    branches = [{"when": "1", "output": {"data": name}} for name in ("x", "y")]
    found = diff(
        node("a", branch={"branches": branches}), node("a", branch={"branches": branches[::-1]})
    )
    assert found == [("nodes[a].branch.branches[(order)]", ["x", "y"], ["y", "x"])]


def test_what_cannot_change_is_marked() -> None:
    """The type of a node stays what it was."""
    before, after = (node("a", script={"runtime": {"command": name}}) for name in ("A", "B"))
    (found,) = changes(comparable(before), comparable(after), WORKFLOW)
    assert found.immutable


def test_sensitive_values_are_never_shown() -> None:
    """Neither alone, nor deep inside, nor as part of something bigger."""
    before = node("a", datasource={"name": "d", "config": {"password": "old", "user": {"x": "u"}}})
    after = node("a", datasource={"name": "d", "config": {"password": "new", "user": {"x": "v"}}})
    assert diff(before, after) == [
        ("nodes[a].datasource.config.password", MASK, MASK),
        ("nodes[a].datasource.config.user.x", MASK, MASK),
    ]
    ((_, gone, _),) = diff(before, {"nodes": []})
    assert gone["a"]["datasource"]["config"] == MASK


def test_values_of_environment_variables_are_hidden() -> None:
    """Their names are not."""
    pairs = {"A": {"name": "A", "value": "secret"}}
    field = NODE.at(("script", "runtime", "container"))
    assert masked({"env": pairs}, field) == {"env": {"A": {"name": "A", "value": MASK}}}
