"""A short look that says "unchanged" is never wrong, and seldom in doubt."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer import schema
from deployer.agreement import agrees
from deployer.fields import Field
from deployer.model import Workflow
from deployer.normalise import canonical, complete, keyed, normalise
from deployer.plan import change, unchanged
from tests.strategies import KINDS, documents, json_values
from tests.test_properties import PLACES, another, holding, leaves, workflows
from tests.workflow_kit import desired, left, live

WORKFLOW = schema.workflow()

kinds = st.sampled_from(KINDS)
places = st.sampled_from(PLACES)


def as_sent(workflow: Workflow) -> Workflow:
    """The workflow as the service holds it once it was written."""
    return replace(workflow, spec=complete(workflow.spec, {}, WORKFLOW, workflow.kind))


@given(json_values, json_values, places, kinds)
def test_agreement_on_anything_is_what_completing_shows(
    wanted: Any, found: Any, place: Field, kind: str
) -> None:
    """Whatever two values are, what is said to agree is the same in the end."""
    one, other = keyed(wanted, place), keyed(found, place)
    for live_one in (other, one, complete(one, other, place, kind)):
        if agrees(one, live_one, place, kind):
            after = normalise(complete(one, live_one, place, kind), place, kind)
            assert canonical(after) == canonical(normalise(live_one, place, kind))


@given(workflows, st.data())
def test_a_workflow_that_was_edited_anywhere_does_not_agree(
    workflow: Workflow, data: st.DataObject
) -> None:
    """Another value at any place, or none: only what a whole comparison finds unchanged agrees."""
    sent = as_sent(workflow)
    at, old = data.draw(st.sampled_from(list(leaves(sent.spec))))
    new = data.draw(st.sampled_from([another(old), None, "", old])) if old is not None else None
    there = live(replace(sent, spec=holding(sent.spec, at, new)))
    if unchanged(workflow, there.workflow):
        assert left(change(workflow, there)) == ("unchanged", [])


@given(workflows, workflows)
def test_another_workflow_does_not_agree(one: Workflow, other: Workflow) -> None:
    """Not even where both have the same name, path and kind."""
    there = live(as_sent(replace(other, path=one.path, name=one.name, kind=one.kind)))
    if unchanged(one, there.workflow):
        assert left(change(one, there)) == ("unchanged", [])


@given(documents())
def test_what_was_written_agrees(document: dict[str, Any]) -> None:
    """The usual case needs one short look: no doubt, and so no further work."""
    workflow = desired(document)
    assert unchanged(workflow, live(as_sent(workflow)).workflow) is not None


@pytest.mark.parametrize("wanted", [1, 1.0, "1"])
def test_true_is_not_one(wanted: object) -> None:
    """Python holds some of these for equal."""
    assert not agrees({"x": wanted}, {"x": True}, None, KINDS[0])
    assert not agrees({"rerunTimes": wanted}, {"rerunTimes": True}, schema.node(), KINDS[0])


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_that_holds_defaults_only(kind: str) -> None:
    """Where it is left out, null or empty on one side only, what completing shows is what counts."""
    for place in PLACES:
        for name in place.properties:
            sides: list[dict[str, Any]] = [{}, {name: None}, {name: {}}]
            for one, other in product(sides, sides):
                if agrees(one, other, place, kind):
                    after = normalise(complete(one, other, place, kind), place, kind)
                    assert (name, after) == (name, normalise(other, place, kind))
