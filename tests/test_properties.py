"""Promises that hold for every workflow, tried on random ones.

The emulator is given no defaults of ours, so "apply, then the plan is empty" is a statement about it too.
"""

import random
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deployer import schema
from deployer.classes import classified
from deployer.diff import changes, masked, resolve
from deployer.entities import token
from deployer.fields import Field
from deployer.flowspec import from_wire, to_wire
from deployer.graph import plan_graph
from deployer.model import Observed, Plan, Workflow
from deployer.normalise import ORDER, canonical, complete, keyed, normalise, unkeyed
from deployer.origins import orphaned, removed
from deployer.plan import change
from deployer.render.graph_mermaid import to_mermaid
from deployer.render.plan_json import to_json
from deployer.render.plan_text import to_text
from tests.strategies import KINDS, PATH, Document, documents, json_values
from tests.workflow_kit import Workspace, desired, ids_of, in_workspace, left, live, problems

WORKFLOW = schema.workflow()
PLACES = [
    WORKFLOW,
    schema.node(),
    *WORKFLOW.properties.values(),
    *schema.node().properties.values(),
]

kinds = st.sampled_from(KINDS)
places = st.sampled_from(PLACES)
workflows = documents().map(desired)


def comparable(workflow: Workflow) -> dict[str, Any]:
    value = normalise(workflow.spec, WORKFLOW, workflow.kind)
    assert isinstance(value, dict)
    return value


# --- documents ------------------------------------------------------------------------------------


@given(documents())
def test_random_documents_are_valid(document: Document) -> None:
    """What the other properties are tried on passes schema and rules."""
    assert problems(document) == []


# --- normalise ------------------------------------------------------------------------------------


@given(json_values, places, kinds)
def test_any_value_can_be_normalised(value: Any, place: Field, kind: str) -> None:
    """Neither a manifest that slipped through nor an odd answer makes the core stumble."""
    once = normalise(keyed(value, place), place, kind)
    assert canonical(normalise(once, place, kind)) == canonical(once)
    complete(keyed(value, place), once, place, kind)
    unkeyed(value, place)


@given(workflows)
def test_normalising_twice_changes_nothing(workflow: Workflow) -> None:
    """The comparable form of a comparable form is itself."""
    once = comparable(workflow)
    assert canonical(normalise(once, WORKFLOW, workflow.kind)) == canonical(once)


@given(workflows)
def test_keyed_and_unkeyed_are_inverse(workflow: Workflow) -> None:
    """A keyed spec written out as lists and keyed again is the same; keyed values stay keyed."""
    assert keyed(unkeyed(workflow.spec, WORKFLOW), WORKFLOW) == workflow.spec
    assert keyed(workflow.spec, WORKFLOW) == workflow.spec


@given(documents(), st.randoms(use_true_random=False))
def test_order_of_keyed_lists_means_nothing(document: Document, dice: random.Random) -> None:
    """Shuffled lists are the same workflow, and nothing to do."""
    workflow = desired(document)
    there = to_wire(workflow, ids_of(workflow))
    assert from_wire(shuffled(there, schema.document(), dice)) == live(workflow)
    other = desired(shuffled(document, schema.document(), dice))
    assert comparable(other) == comparable(workflow)
    assert left(change(other, live(workflow))) == ("unchanged", [])


@given(documents(), documents(), st.randoms(use_true_random=False))
def test_order_of_answers_shows_nowhere(
    document: Document, other: Document, dice: random.Random
) -> None:
    """However the service happens to order what it returns, a plan is the same to the byte."""
    there = live(desired(document))
    again = from_wire(shuffled(to_wire(there.workflow, there.ids), schema.document(), dice))
    wanted = replace(desired(other), path=there.workflow.path, kind=there.workflow.kind)
    assert printed(wanted, there) == printed(wanted, again)


def printed(wanted: Workflow, there: Observed) -> list[str]:
    """A plan that compares, one that prunes, and one in which the workflow goes away, in each form."""
    every = list(there.workflow.spec.get("nodes") or {})
    found = [
        change(wanted, there),
        change(wanted, there, every),
        removed(there.workflow, there, "the base", prune=True),
        orphaned("f/w", there),
    ]
    made = Plan("local", "10001", tuple(classified(each) for each in found))
    pages = [to_json(made), to_text(made)]
    return [*pages, *(to_mermaid(plan_graph(each), 60) for each in found)]


def shuffled(value: Any, field: Field | None, dice: random.Random) -> Any:
    if isinstance(value, dict):
        keys = dice.sample(list(value), len(value))
        return {key: shuffled(value[key], field and field.property(key), dice) for key in keys}
    if isinstance(value, list) and field is not None:
        items = [shuffled(item, field.items, dice) for item in value]
        # A node's first output is the one that its name stands for in `dependsOn`.
        free = field.unordered and not any("data" in item for item in items if item)
        return dice.sample(items, len(items)) if free else items
    return value


# --- the way to the service and back --------------------------------------------------------------


@given(workflows)
def test_what_is_sent_is_what_is_read(workflow: Workflow) -> None:
    """Nothing is lost between a workflow and its document, ids included."""
    back = from_wire(to_wire(workflow, ids_of(workflow)))
    assert (back.workflow.spec, back.ids) == (workflow.spec, ids_of(workflow))
    assert (back.workflow.path, back.workflow.name) == (workflow.path, workflow.name)


@given(workflows)
def test_ids_never_show(workflow: Workflow) -> None:
    """Whatever ids the service uses, the spec is the same."""
    others = {ref: f"9{number:018}" for number, ref in enumerate(ids_of(workflow))}
    assert from_wire(to_wire(workflow, others)).workflow == live(workflow).workflow


# --- diff -----------------------------------------------------------------------------------------


@given(workflows)
def test_nothing_differs_from_itself(workflow: Workflow) -> None:
    """No difference is ever made up."""
    assert changes(comparable(workflow), comparable(workflow), WORKFLOW) == []


@given(workflows, workflows)
def test_bytes_differ_exactly_if_a_change_is_reported(one: Workflow, other: Workflow) -> None:
    """The gate on canonical bytes and the report of fields never disagree."""
    before, after = comparable(one), comparable(other)
    found = changes(before, after, WORKFLOW)
    assert bool(found) == (canonical(before) != canonical(after))
    assert all(canonical(each.before) != canonical(each.after) for each in found)


@given(json_values, json_values)
def test_bytes_and_report_agree_on_anything(old: Any, new: Any) -> None:
    """In open maps any values meet: numbers, truth values, text, lists."""
    before = normalise({"script": {"runtime": {"sparkConf": {"k": old}}}}, schema.node(), KINDS[0])
    after = normalise({"script": {"runtime": {"sparkConf": {"k": new}}}}, schema.node(), KINDS[0])
    differ = canonical(before) != canonical(after)
    assert bool(changes(before, after, schema.node())) == differ


Path_ = tuple[str, ...]


def leaves(value: Any, at: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*at, key))
    else:
        yield at, value


def holding(value: Any, at: Path_, new: Any) -> Any:
    if not at:
        return new
    return {**value, at[0]: holding(value[at[0]], at[1:], new)}


def another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value}x" if isinstance(value, str) else [*value, "x"]


@given(workflows, st.data())
def test_a_change_anywhere_is_seen_there_and_nowhere_else(
    workflow: Workflow, data: st.DataObject
) -> None:
    """One leaf changed is one field reported, at its path, with both values."""
    spec = complete(workflow.spec, {}, WORKFLOW, workflow.kind)
    before = normalise(spec, WORKFLOW, workflow.kind)
    places = sorted((leaf for leaf in leaves(before) if ORDER not in leaf[0]), key=itemgetter(0))
    at, old = data.draw(st.sampled_from(places))
    edited = replace(workflow, spec=holding(before, at, another(old)))
    found = change(edited, live(replace(workflow, spec=spec)))
    text, place = resolve(at, WORKFLOW)
    assert [(field.path, field.before, field.after) for field in found.fields] == [
        (text, masked(old, place), masked(another(old), place))
    ]


# --- completion -----------------------------------------------------------------------------------


@given(workflows, workflows)
def test_what_is_sent_converges(old: Workflow, new: Workflow) -> None:
    """Whatever was there, what is sent in its place leaves nothing to do: removals included."""
    new = replace(new, kind=old.kind)
    there = live(replace(old, spec=complete(old.spec, {}, WORKFLOW, old.kind)))
    first = change(new, there)
    if first.after is not None:
        there = live(first.after)
    assert left(change(new, there)) == ("unchanged", [])


@given(workflows)
def test_a_manifest_of_what_is_there_is_no_change(workflow: Workflow) -> None:
    """A workflow as the service has it, taken as desired, needs nothing."""
    there = live(replace(workflow, spec=complete(workflow.spec, {}, WORKFLOW, workflow.kind)))
    assert left(change(there.workflow, there)) == ("unchanged", [])


# --- the emulator ---------------------------------------------------------------------------------


@given(documents(), st.data())
def test_applied_means_nothing_left_to_do(
    tmp_path_factory: Any, document: Document, data: st.DataObject
) -> None:
    """Create, a node made by hand in between, update: after each apply the plan is empty."""
    other = data.draw(documents(kind=document["kind"]))
    folder: Path = tmp_path_factory.mktemp("workspace")

    async def story(workspace: Workspace) -> None:
        await workspace.bring(document)
        await workspace.bring(other)
        if document["kind"] != "TriggerWorkflow":
            await made_by_hand(workspace)
            before = by_hand(await workspace.read())
            await workspace.bring(document)
            assert by_hand(await workspace.read()) == before

    in_workspace(folder / "workspace.db", story)


BY_HAND = "made by hand"


async def made_by_hand(workspace: Workspace) -> None:
    """Somebody adds a node in the console, which waits for the first node there is."""
    _, document = await workspace.read()
    body = deepcopy(document)["spec"]["workflows"][0]
    node = {
        "id": "4242424242424242424",
        "name": BY_HAND,
        "script": {"path": f"{PATH}/{BY_HAND}", "runtime": {"command": "VIRTUAL"}},
        "outputs": {"nodeOutputs": [{"data": "hand.made"}]},
        "rerunTimes": 7,
    }
    upstream = body["nodes"][0]["id"] if body["nodes"] else body["id"]
    edge = {"nodeId": node["id"], "depends": [{"output": upstream}, {"output": "elsewhere.y"}]}
    body |= {"nodes": [*body["nodes"], node], "dependencies": [*body["dependencies"], edge]}
    await workspace.write({**document, "spec": {**document["spec"], "workflows": [body]}})


def by_hand(read: tuple[Any, Document]) -> tuple[Any, Any]:
    observed, _ = read
    spec = observed.workflow.spec
    return spec["nodes"][BY_HAND], spec["dependencies"][token(BY_HAND)]
