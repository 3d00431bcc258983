"""Deletions and moves on the bench: a base that git held, plans against it, and what was written."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from deployer import pipeline
from deployer.apply import apply_late, parted
from deployer.asked import Asked
from deployer.base import Base, Since
from deployer.desired import from_manifest
from deployer.emulator import rows
from deployer.model import Outcome, Plan, Report, Target, Workflow
from deployer.publishing.publisher import Publisher
from deployer.review import Reviewer
from tests.faults import Bench
from tests.publish_kit import loaded, publisher
from tests.strategies import Document


def base(one: Bench, *documents: Document) -> Since:
    """What git held, and that what is gone from it is to be deleted."""
    found: dict[str, Workflow] = {}
    for subject in loaded(one, *documents).subjects:
        held = from_manifest(subject.manifest, one.target)
        found[held.path] = held
    return Since(Base("main", "0" * 40, found), prune=True)


async def planned(
    one: Bench, before: Sequence[Document], *after: Document, publish: bool = False, **said: Any
) -> Plan:
    """The plan from what git held before to what it holds now."""
    held = loaded(one, *after)
    reviewer = Reviewer(Asked(prune=True, **said))
    since = base(one, *before)
    remote = one.connection.remote
    return await pipeline.plan(held, one.target, remote, publish, since=since, reviewer=reviewer)


async def carried_out(
    one: Bench, plan: Plan, where: Target | None = None, doing: Publisher | None = None
) -> Report:
    """Apply as the command does it, without publishing; `doing` says how production is left."""
    doing = doing or publisher(one, where)
    writer = replace(one.connection.writer(one.watch, doing.records), publisher=doing)
    now, late = parted(plan)
    return await apply_late(late, await pipeline.apply(now, writer), writer)


async def deployed(
    one: Bench, before: Sequence[Document], *after: Document, **said: Any
) -> tuple[Outcome, ...]:
    """Plan and apply."""
    return (await carried_out(one, await planned(one, before, *after, **said))).outcomes


def written(one: Bench, since: int = 0) -> list[tuple[str, str, str]]:
    """What the emulator logged: the operation, the kind of change and of object."""
    assert one.app is not None
    return [(each.action, each.kind, each.object) for each in one.app.control.effects(since)]


def nodes_of(one: Bench, path: str) -> dict[str, str]:
    """Name → id of the nodes of the workflow at a path, told by the database."""
    assert one.app is not None
    with one.app.engine.store.reading() as db:
        found = db.execute("SELECT * FROM workflow WHERE path = ?", (path,)).fetchone()
        return {node.name: node.id for node in rows.nodes(db, found["id"])}


def paths(one: Bench) -> dict[str, str]:
    """Path → id of all workflows, told by the database."""
    assert one.app is not None
    with one.app.engine.store.reading() as db:
        return dict(db.execute("SELECT path, id FROM workflow").fetchall())
