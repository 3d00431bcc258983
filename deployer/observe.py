"""Finding and reading the live workflow at a path; a live document is dropped once it is a value."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from deployer.entities import SELF
from deployer.errors import Conflict
from deployer.flowspec import derived_id, from_wire, references
from deployer.model import Observed, Workflow
from deployer.moves import halfway, is_same
from deployer.remote.workspace import LISTED_TYPES, Remote, Summary


async def observe(
    desired: Workflow, listed: Mapping[str, Summary], remote: Remote
) -> Observed | None:
    """The live workflow at the path of a desired one, else at its former path, or None.

    A move that was interrupted left it at a path between the two. `listed` is by path.
    """
    for path in filter(None, (desired.path, desired.moved_from)):
        if path in listed:
            return await read(listed[path].id, remote)
    hidden = desired.kind not in LISTED_TYPES
    if hidden:
        for path in filter(None, (desired.path, desired.moved_from)):
            live = await unlisted(replace(desired, path=path), remote)
            if live is not None:
                return live
    for path in halfway(desired):
        live = await read(listed[path].id, remote) if path in listed else None
        if hidden and live is None:
            live = await unlisted(replace(desired, path=path), remote)
        if live is not None and is_same(live.workflow, desired):
            return live
    return None


async def read(identity: str, remote: Remote) -> Observed | None:
    """The live workflow with that id, or None."""
    document = await remote.definition(identity)
    return None if document is None else from_wire(document)


async def look(identity: str, remote: Remote) -> Observed | None:
    """The same, and when it was changed last: what is asked around a write."""
    found = await remote.dated(identity)
    return found and replace(from_wire(found[0]), modified=found[1])


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


async def every_id(
    after: Workflow, known: Mapping[str, str], remote: Remote, *, fresh: bool
) -> dict[str, str]:
    """An id for every entity of a workflow: the one that is `known`, else one derived from its name.

    Import is an upsert by id (docs/service.md B-01): an id that is taken elsewhere would overwrite
    that object, so it is asked for first; in a workflow made just now (`fresh`) none can be, and one of
    its own needs no call to be known as taken. Raises Conflict if none is free.
    """
    ids = {SELF: known[SELF]}
    taken = frozenset(known.values())
    for reference in references(after.spec)[1:]:
        ids[reference] = known.get(reference) or await _free(
            ids[SELF], reference, remote, taken, fresh
        )
    return ids


async def _free(
    workflow_id: str, reference: str, remote: Remote, taken: Collection[str], fresh: bool
) -> str:
    for attempt in ("", "1", "2"):
        identity = derived_id(remote.project, workflow_id, reference, attempt)
        if identity in taken:
            continue
        if fresh or await remote.node_document(identity) is None:
            return identity
    raise Conflict(f"no free id for node `{reference}`", hint="give the node another name")
