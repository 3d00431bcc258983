"""Finding and reading the live workflow at a path; a live document is dropped once it is a value."""

from collections.abc import Mapping

from deployer.entities import SELF
from deployer.flowspec import derived_id, from_wire
from deployer.model import Observed, Workflow
from deployer.remote import LISTED_TYPES, Remote, Summary


async def observe(
    desired: Workflow, listed: Mapping[str, Summary], remote: Remote
) -> Observed | None:
    """The live workflow at the path of a desired one, or None; `listed` is by path."""
    if desired.path in listed:
        return await read(listed[desired.path].id, remote)
    return None if desired.kind in LISTED_TYPES else await unlisted(desired, remote)


async def read(identity: str, remote: Remote) -> Observed | None:
    """The live workflow with that id, or None."""
    document = await remote.definition(identity)
    return None if document is None else from_wire(document)


async def find(desired: Workflow, remote: Remote) -> str:
    """The id of the live workflow at the path of a desired one; empty if there is none."""
    if desired.kind not in LISTED_TYPES:
        live = await unlisted(desired, remote)
        return "" if live is None else live.ids[SELF]
    named = await remote.named(desired.name, desired.kind)
    return next((summary.id for summary in named if summary.path == desired.path), "")


def chosen_id(desired: Workflow, project: str) -> str:
    """The id that a workflow of a kind that no list shows is created with, so as to find it again."""
    return "" if desired.kind in LISTED_TYPES else derived_id(project, desired.path)


async def unlisted(desired: Workflow, remote: Remote) -> Observed | None:
    """A workflow that no list shows (docs/service.md U-35): by the id it was given, else by a node."""
    live = await read(chosen_id(desired, remote.project), remote)
    if live is not None and live.workflow.path == desired.path:
        return live
    for name in list(desired.spec.get("nodes") or {})[:1]:
        for identity in await remote.node_ids_at(f"{desired.path}/{name}", name):
            document = await remote.node_document(identity)
            live = None if document is None else from_wire(document)
            if live is not None and live.workflow.path == desired.path:
                return live
    return None
