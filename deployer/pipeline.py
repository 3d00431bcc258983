"""The straight line: files → documents → desired → plan → apply → proof. Read this file first.

load      files → documents, checked by schema and rules: `deployer.load`, all that validate needs
plan      desired × what the workspace holds → a Plan
apply     a Plan → the workspace, read back and planned again: `deployer.apply`
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

from deployer import apply as applying
from deployer.desired import from_manifest
from deployer.errors import Conflict, InvalidManifests
from deployer.load import Loaded, load
from deployer.manifest import locate
from deployer.model import Change, Plan, Report, Target, Workflow
from deployer.observe import observe
from deployer.plan import change, ordered
from deployer.remote import Remote, Summary
from deployer.rules.subject import Subject
from deployer.scope import refuse_outside, surroundings
from deployer.writer import Writer

__all__ = ["Loaded", "apply", "load", "plan"]


# --- plan -----------------------------------------------------------------------------------------


async def plan(loaded: Loaded, target: Target, remote: Remote) -> Plan:
    """What would bring the workspace to the state of the manifests; reads only.

    Raises InvalidManifests if a manifest has an error, RefusedBySafety if one lies outside `scope:`,
    Conflict if a pasted id belongs elsewhere.
    """
    if loaded.errors:
        raise InvalidManifests(loaded.problems)
    desired = [from_manifest(subject.manifest, target) for subject in loaded.subjects]
    places = {subject.path: subject for subject in loaded.subjects}
    refuse_outside(((workflow.path, workflow.file) for workflow in desired), loaded.scope)
    listed = await remote.summaries()
    _check_pasted(desired, listed)
    gate = asyncio.Semaphore(target.connections)
    changes = await asyncio.gather(
        *(_change(workflow, listed, remote, gate) for workflow in desired)
    )
    around = surroundings(listed, {*places, *loaded.elsewhere}, loaded.scope)
    return Plan(
        target=target.name,
        project=target.project,
        place=target.place,
        changes=tuple(_placed(change, places) for change in ordered(changes)),
        diagnostics=loaded.problems,
        api_calls=remote.calls,
        orphans=around.orphans,
        outside=around.outside,
    )


async def _change(
    desired: Workflow, listed: dict[str, Summary], remote: Remote, gate: asyncio.Semaphore
) -> Change:
    """The change of one workflow; the live document is dropped as soon as it is compared."""
    async with gate:
        return change(desired, await observe(desired, listed, remote))


def _placed(found: Change, places: Mapping[str, Subject]) -> Change:
    """The change with the line of its workflow; lines are looked up only for what is shown."""
    if found.action == "unchanged":
        return found
    manifest = places[found.address].manifest
    return replace(found, line=locate(manifest, ("spec", "workflows", 0)).line)


def _check_pasted(desired: Iterable[Workflow], listed: dict[str, Summary]) -> None:
    owners = {summary.id: path for path, summary in listed.items()}
    for workflow in desired:
        path = owners.get(workflow.pasted_id, workflow.path)
        if path != workflow.path:
            raise Conflict(
                f"the id {workflow.pasted_id} belongs to the workflow at `{path}`",
                where=workflow.file,
                written="nothing was written",
                hint="delete the `id` from the manifest to make a new workflow",
            )


# --- apply ----------------------------------------------------------------------------------------


async def apply(made: Plan, writer: Writer) -> Report:
    """Writes a plan and proves each change by reading it back."""
    return await applying.apply(made, writer)
