"""The emulator stores objects, and the deployer sees every field of them.

For every writable place of the schema: changing just that in the manifest, or in the emulator's database,
is exactly one difference at that place.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from deployer import schema
from deployer.emulator import Switches
from deployer.fields import MISSING
from tests import fields_samples as samples
from tests.fields_bench import SOME, Bench, Difference, desired, differences
from tests.fields_samples import ELEMENT, Object, Place, Steps

FOLDER = "Every/Field"
EDGES = [
    ("dependencies", ELEMENT, "depends", ELEMENT),
    ("nodes", ELEMENT, "for-each", "flow", ELEMENT, "depends", ELEMENT),
]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """An emulated workspace, shared: each case has a workflow of its own."""
    made = Bench(Switches())
    yield made
    made.close()


# --- expected differences ---------------------------------------------------------------------------


def expected(place: Place, before: Object, after: Object, new: Any) -> list[Difference]:
    """The one difference at a place where `new` replaces what was there. An element that gets another
    key by that is one that goes and one that comes."""
    old_way = samples.address(place.steps, before)
    new_way = samples.address(place.steps, after)
    for end, (old, other) in enumerate(zip(old_way, new_way, strict=True), start=1):
        if old != other:
            return _replaced(place, end, "".join(old_way[:end]), "".join(new_way[:end]))
    old = samples.value_at(place.steps, before)
    if old == new:
        return []
    old, new = (_shown(value, place.steps, body) for value, body in ((old, before), (new, after)))
    found: list[Difference] = [("".join(old_way), old, new)]
    if place.steps[-2:] == ("while", "name"):
        was, becomes = (
            _path(samples.nodes_along(place.steps, body), body) for body in (before, after)
        )
        found.append(("".join(old_way[:-1]) + ".script.path", was, becomes))
    return found


def _shown(value: Any, steps: Steps, body: Object) -> Any:
    if value is None or isinstance(value, dict):
        return value and SOME
    return samples.shown(value, steps, body)


def _replaced(place: Place, end: int, old: str, new: str) -> list[Difference]:
    found: list[Difference] = [(new, None, SOME)]
    if place.steps != ("nodes", ELEMENT, "name"):  # A node that no manifest names is kept.
        found.append((old, SOME, None))
    field = samples.field_at(place.steps[: end - 1])
    if field is not None and not field.unordered:
        keys = [way[way.rindex("[") + 1 : -1] for way in (old, new)]
        found.append((f"{old[: old.rindex('[')]}[(order)]", [keys[0]], [keys[1]]))
    return sorted(found, key=lambda difference: difference[0])


def expected_removal(place: Place, before: Object, after: Object) -> list[Difference]:
    """What the rules of comparison say about a value that the manifest does not set any more."""
    field = place.field
    default = MISSING if field is None else field.default_in(place.kind)
    if default is not MISSING:
        return expected(place, before, after, default)
    if field is not None and field.computed_in(place.kind):
        return []
    if samples.of_node(place.steps) == ("script", "path"):
        return expected(
            place, before, after, _path(samples.nodes_along(place.steps, before), before)
        )
    return expected(samples.emptied(place, after), before, after, None)


def _path(reference: list[str], body: Object) -> str:
    """Where a node lies that does not say so."""
    return "/".join([FOLDER, body["name"], *reference])


# --- the manifest changes ---------------------------------------------------------------------------


@pytest.mark.parametrize("place", samples.values(), ids=str)
def test_a_value_of_the_manifest(place: Place, bench: Bench) -> None:
    """A change is one difference with both values, and nothing once it is applied. Left out, the value
    becomes its default, or stays as it is if the service fills it in, else it goes."""
    name = bench.new_name()
    chosen = samples.choices(place.steps)
    bodies = [samples.workflow(place.steps, value, name, FOLDER) for value in chosen]
    assert bench.apply(bench.plan(desired(bodies[0], place.kind))) == []
    for value, before, after in zip(chosen[1:], bodies, bodies[1:], strict=False):
        planned = bench.plan(desired(after, place.kind))
        assert differences(planned) == expected(place, before, after, value)
        if place.field is not None and place.field.immutable:
            assert len(planned.deletes) == 1
            return
        assert bench.apply(planned) == []
    shorter = samples.without(bodies[-1], place.steps)
    if schema.check(samples.document(shorter, place.kind)) == []:
        planned = bench.plan(desired(shorter, place.kind))
        assert differences(planned) == expected_removal(place, bodies[-1], shorter)
        assert not planned.fields or bench.apply(planned) == []


# --- the workspace changes --------------------------------------------------------------------------


@pytest.mark.parametrize("place", samples.values(), ids=str)
def test_a_value_of_the_workspace(place: Place, bench: Bench) -> None:
    """A value that is edited in the database is one difference, back to what the manifest says."""
    name = bench.new_name()
    wanted, *others = samples.choices(place.steps)
    found = others[0] if others else "edited"
    body = samples.workflow(place.steps, wanted, name, FOLDER)
    edited = samples.workflow(place.steps, found, name, FOLDER)
    workflow = desired(body, place.kind)
    assert bench.apply(bench.plan(workflow)) == []
    bench.edit(workflow, lambda stored: samples.put(stored, place.steps, found))
    assert differences(bench.plan(workflow)) == expected(place, edited, body, wanted)


@pytest.mark.parametrize("place", samples.lists(), ids=str)
def test_the_order_of_a_list_in_the_workspace(place: Place, bench: Bench) -> None:
    """Where order means nothing, another order is no difference; elsewhere it is the only one."""
    elements = samples.two_elements(place.steps)
    body = samples.workflow(place.steps, elements, bench.new_name(), FOLDER)
    workflow = desired(body, place.kind)
    assert bench.apply(bench.plan(workflow)) == []
    bench.edit(workflow, lambda stored: samples.edited(stored, place.steps, _reversed))
    assert differences(bench.plan(workflow)) == _expected_order(place, elements, body)


def _reversed(items: list[Any]) -> list[Any]:
    return items[::-1]


def _expected_order(place: Place, elements: list[Any], body: Object) -> list[Difference]:
    field, path = place.field, "".join(samples.address(place.steps, body))
    if field is None or field.unordered:
        return []
    if not field.merge_key:
        return [(path, elements[::-1], elements)]
    keys = [samples.key_of(element, place.steps, body) for element in elements]
    return [(f"{path}[(order)]", keys[::-1], keys)]


@pytest.mark.parametrize("place", samples.objects(), ids=str)
def test_facts_of_the_service_change_nothing(place: Place, bench: Bench) -> None:
    """What the manifest leaves open and the service fills in, or adds one day, is no difference."""
    value = samples.smallest(place.field, place.steps)
    body = samples.workflow(place.steps, value, bench.new_name(), FOLDER)
    workflow = desired(body, place.kind)
    assert bench.apply(bench.plan(workflow)) == []
    facts = samples.facts(place.steps, place.kind)
    bench.edit(
        workflow,
        lambda stored: samples.edited(stored, place.steps, lambda held: {**facts, **(held or {})}),
    )
    assert differences(bench.plan(workflow)) == []


# --- what may be said twice ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", samples.KINDS)
def test_a_workflow_may_repeat_its_kind(kind: str, bench: Bench) -> None:
    """`type` says no more than the kind of the document, so it is neither compared nor sent."""
    body = {**samples.workflow((), {}, bench.new_name(), FOLDER), "type": kind}
    assert bench.apply(bench.plan(desired(body, kind))) == []


@pytest.mark.parametrize("steps", EDGES, ids=".".join)
def test_an_upstream_may_be_told_by_output_and_by_node(steps: Steps, bench: Bench) -> None:
    """The output is what counts: the service keeps nothing else."""
    both = {"output": "other.output", "nodeId": samples.choices((*steps, "nodeId"))[0]}
    body = samples.workflow(steps, both, bench.new_name(), FOLDER)
    assert bench.apply(bench.plan(desired(body, samples.CYCLE))) == []


# --- coverage ---------------------------------------------------------------------------------------


def test_no_place_is_lost() -> None:
    """There are at least as many writable places as there were when this was written."""
    places = samples.values()
    assert len(places) >= 1335
    assert len({str(place) for place in places}) == len(places)
