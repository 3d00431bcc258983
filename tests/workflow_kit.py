"""What tests of the core share: documents as manifests, as workflows, and a workspace to apply to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from deployer import pipeline, rules, schema
from deployer.asked import Asked
from deployer.cli.connect import Connection, connected
from deployer.desired import from_manifest
from deployer.flowspec import derived_id, from_wire, references, to_wire
from deployer.load import Loaded
from deployer.model import (
    Change,
    Manifest,
    Observed,
    Outcome,
    Plan,
    Problem,
    Report,
    Target,
    Workflow,
)
from deployer.normalise import digest, normalise
from deployer.review import Reviewer
from deployer.rules import Subject
from tests.strategies import IDENTIFIER, PATH, Document

PROJECT = "10001"
NOWHERE = Path("nowhere.yaml")


class Silent:
    """Progress that nobody watches."""

    def step(self, address: str, text: str) -> None:
        """Say nothing."""

    def ended(self, outcome: Outcome) -> None:
        """Say nothing."""


def target(emulator: Path | None = None, **said: Any) -> Target:
    """A workspace on the emulator."""
    return Target("local", PROJECT, IDENTIFIER, emulator=emulator, **said)


def subject(document: Document, **said: Any) -> Subject:
    """A document as if it had been read from a file."""
    return Subject(Manifest(str(NOWHERE), NOWHERE, document), target(**said))


def problems(document: Document, **said: Any) -> list[Problem]:
    """Why a document is refused, whatever the rules are set to: schema and the rules that must hold."""
    assert schema.check(document) == []
    one = subject(document, **said)
    told = [each for each in (*rules.inside(one), *rules.across([one])) if each.info.fixed]
    problems = rules.placed(list(rules.judged(told, {})))
    return [problem for problem in problems if problem.severity == "error"]


def desired(document: Document, **said: Any) -> Workflow:
    """What a document asks for."""
    one = subject(document, **said)
    return from_manifest(one.manifest, one.target)


def ids_of(workflow: Workflow) -> dict[str, str]:
    """An id for every entity of a workflow."""
    return {ref: derived_id("test", ref) for ref in references(workflow.spec)}


def fingerprint(workflow: Workflow) -> str:
    """The same for workflows that do not differ."""
    return digest(normalise(workflow.spec, schema.workflow(), workflow.kind))


def live(workflow: Workflow) -> Observed:
    """A workflow as if the service had stored exactly what it was sent."""
    return from_wire(to_wire(workflow, ids_of(workflow)))


class Workspace:
    """A project on the embedded emulator, and what happens there."""

    def __init__(self, connection: Connection, where: Target) -> None:
        self.connection = connection
        self.target = where

    async def plan(self, *documents: Document) -> Plan:
        """The plan for these documents, which may take the last node away."""
        subjects = tuple(
            Subject(Manifest(f"{number}.yaml", NOWHERE, document), self.target)
            for number, document in enumerate(documents)
        )
        empty = tuple(each.path for each in subjects)
        return await pipeline.plan(
            Loaded(subjects, (), {}),
            self.target,
            self.connection.remote,
            reviewer=Reviewer(Asked(allow_empty=empty)),
        )

    async def apply(self, plan: Plan) -> Report:
        """What becomes of a plan."""
        return await pipeline.apply(plan, self.connection.writer(Silent()))

    async def bring(self, *documents: Document) -> None:
        """Plan, apply, and plan again: nothing may be left to do."""
        report = await self.apply(await self.plan(*documents))
        assert [(each.status, each.error) for each in report.outcomes if each.error] == []
        assert [left(change) for change in (await self.plan(*documents)).changes] == [
            ("unchanged", []) for _ in documents
        ]

    async def read(self, path: str = PATH) -> tuple[Observed, Document]:
        """The live workflow at a path, and its document."""
        summary = (await self.connection.remote.summaries())[path]
        document = await self.connection.remote.definition(summary.id)
        assert document is not None
        return from_wire(document), document

    async def write(self, document: Document) -> None:
        """Import a document as somebody else would."""
        job = await self.connection.remote.start_import(document)
        while not job.ended:
            await self.connection.sleep(1.0)
            job = await self.connection.remote.job(job.id)
        assert (job.status, job.error) == ("Success", "")


def left(change: Change) -> tuple[str, list[tuple[str, Any, Any]]]:
    """What a change still wants."""
    return change.action, [(field.path, field.before, field.after) for field in change.fields]


def in_workspace(db: Path, story: Callable[[Workspace], Awaitable[None]]) -> None:
    """Tell a story in a workspace that is kept in `db`."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Workspace]:
        async with connected(target(db)) as connection:
            yield Workspace(connection, target(db))

    async def told() -> None:
        async with opened() as workspace:
            await story(workspace)

    asyncio.run(told())
