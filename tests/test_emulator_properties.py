"""Whatever is sent, the emulator answers: a mistake is refused or fails a job, never a defect."""

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulator_kit import CONTRACT, DATA, PROJECT, Fields, Service, deviations, flow, node

DOCUMENTS = [
    json.loads((DATA / "every-block.json").read_text("utf-8")),
    flow(node("load"), node("check")),
]
ODD: list[Any] = [
    None,
    "",
    "x",
    "a/b",
    1,
    -1,
    1.5,
    10**30,
    True,
    [],
    [None],
    [1],
    {},
    {"nodes": [{}]},
]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        yield (*at, key)
        yield from places(item, (*at, key))


def mutated(random: Random) -> Fields:
    """A sound document with one to three of its values replaced by odd ones."""
    document: Fields = copy.deepcopy(random.choice(DOCUMENTS))
    for _ in range(random.randint(1, 3)):
        *way, last = random.choice(list(places(document)))
        holder: Any = document
        for key in way:
            holder = holder[key]
        holder[last] = copy.deepcopy(random.choice(ODD))
    return document


@given(st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_odd_documents_are_answered(random: Random) -> None:
    """A damaged document is never a defect, and what is accepted can be read and listed."""
    document = mutated(random)
    with Service() as service:
        spec = json.dumps(document)
        created = service.raw("CreateWorkflowDefinition", ProjectId=PROJECT, Spec=spec)
        assert created.status_code in (200, 400)
        if created.status_code == 200:
            workflow_id = created.json()["Id"]
            service.call("DeleteWorkflowDefinition", Id=workflow_id, ProjectId=PROJECT)
        job = service.start(document)
        status, error = service.job(job)
        assert not error.startswith("InternalError")
        if status == "Success":
            service.document(job["Response"])
            answer = service.call("ListNodes", ProjectId=PROJECT, ContainerId=job["Response"])
            assert deviations(answer, CONTRACT["ListNodes"]["response"]) == []
