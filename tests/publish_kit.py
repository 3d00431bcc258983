"""Publishing on the bench in few words: apply, publish, and what the emulator says of it afterwards."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from deployer import pipeline
from deployer.halt import Halt
from deployer.load import Loaded
from deployer.model import Manifest, Plan, Published, Target
from deployer.publishing.publication import marker
from deployer.publishing.publish import Wanted
from deployer.publishing.publish import publish as publish_all
from deployer.publishing.window import hours_of
from deployer.remote.pipeline_runs import PipelineRuns
from deployer.rules import Subject
from tests.faults import Bench
from tests.strategies import Document
from tests.workflow_kit import NOWHERE

ENVS = ("Dev", "Prod")


def loaded(one: Bench, *documents: Document) -> Loaded:
    """Documents as if they had been read from files."""
    return Loaded(
        tuple(
            Subject(Manifest(f"{number}.yaml", NOWHERE, document), one.target)
            for number, document in enumerate(documents)
        ),
        (),
        {},
    )


def publisher(one: Bench, target: Target | None = None, **said: Any) -> Any:
    """What publishing needs on a bench; nobody is waited for unless `patience` says so."""
    allowed = bool(said.pop("allowed", False))
    made = one.connection.publisher(
        one.watch, hours_of(target or one.target, allowed=allowed), 0.0, Halt()
    )
    return replace(made, **said)


async def saved(one: Bench, *documents: Document) -> Plan:
    """The plan for publishing these, once they are applied."""
    report = await one.run(*documents)
    assert [each.error for each in report.outcomes if each.error] == []
    return await planned(one, *documents)


async def planned(one: Bench, *documents: Document) -> Plan:
    """The plan, with everything to be published."""
    held = loaded(one, *documents)
    return await pipeline.plan(held, one.target, one.connection.remote, publish=True)


async def published(one: Bench, *documents: Document, **said: Any) -> Sequence[Published]:
    """Plan and publish what is saved."""
    held = loaded(one, *documents)
    made = await planned(one, *documents)
    return await pipeline.publish(made, held, one.target, publisher(one, **said))


async def only(one: Bench, document: Document, **said: Any) -> Published:
    """Plan and publish one workflow."""
    (outcome,) = await published(one, document, **said)
    return outcome


async def taken_offline(one: Bench, document: Document, **said: Any) -> Published:
    """Take one workflow out of production."""
    (change,) = (await planned(one, document)).changes
    wanted = Wanted(change.address, change.object_id, change.fingerprint, kind="Offline")
    (outcome,) = await publish_all([wanted], publisher(one, **said))
    return outcome


def effects(one: Bench, *actions: str) -> list[tuple[str, str]]:
    """What the emulator logged of publishing: the kind of change, and in which environment."""
    assert one.app is not None
    log = one.app.control.effects()
    return [
        (each.action, each.kind)
        for each in log
        if each.kind in ("publish", "offline", "abolish") and (not actions or each.kind in actions)
    ]


async def runs(one: Bench, object_id: str) -> list[tuple[str, str]]:
    """Description and status of the pipeline runs of an object, the newest first."""
    found = await PipelineRuns(one.connection.remote.client, one.target.project).of_object(
        object_id
    )
    return [(run.description, run.status) for run in found]


def nonce(plan: Plan, kind: Any = "Online") -> str:
    """The description that the first workflow of a plan is published with."""
    change = plan.changes[0]
    return marker(kind, change.object_id, change.fingerprint)
