"""The backups of an apply × what the workspace holds → the plan that brings back what was there.

It is a plan like any other: shown, asked about, applied, proven. Nothing of what others did since is
written over: a workflow that is not as that apply left it is a conflict.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from deployer import schema
from deployer.backups import Backup
from deployer.diff import masked
from deployer.entities import SELF
from deployer.errors import Conflict
from deployer.fields import Field
from deployer.model import Change, NodeChange, Observed, Plan, Target, Workflow
from deployer.moves import renamed
from deployer.observe import observe
from deployer.plan import change, ordered
from deployer.publishing.offline import with_offline
from deployer.remote.pipeline_runs import PipelineRuns
from deployer.remote.workspace import Remote, Summary


async def plan(backups: Iterable[Backup], target: Target, remote: Remote) -> Plan:
    """What would bring back the workflows of these backups; reads only.

    Raises Conflict that names every workflow that somebody changed, moved or deleted since.
    """
    listed = await remote.summaries()
    gate = asyncio.Semaphore(target.connections)
    looks = [_look(backup, listed, remote, gate) for backup in backups]
    found = await asyncio.gather(*looks)
    moved = [f"`{each.address}` {why}" for each, _, why in found if why]
    if moved:
        raise Conflict(
            "the workspace is not as the last apply left it",
            why="; ".join(moved),
            written="nothing was written",
            hint="run `deployer plan`, and bring back by hand or from git what is to be as it was",
        )
    inverse = [_change(backup, live) for backup, live, _ in found]
    runs = PipelineRuns(remote.client, remote.project)
    changes = [_refused(each) for each in await with_offline(inverse, runs)]
    return Plan(
        target=target.name,
        project=target.project,
        place=target.place,
        changes=ordered(changes),
        api_calls=remote.calls,
    )


async def _look(
    backup: Backup, listed: Mapping[str, Summary], remote: Remote, gate: asyncio.Semaphore
) -> tuple[Backup, Observed | None, str]:
    """A backup, what is live at its path, and why that is not what the apply left; empty if it is."""
    async with gate:
        live = await observe(_sought(backup), listed, remote)
    return _named(backup, live), live, _moved(backup, live)


def _named(backup: Backup, live: Observed | None) -> Backup:
    """The backup, its workflow with the names that nodes have now, which are told by their ids."""
    if backup.before is None or live is None:
        return backup
    now = {identity: name.rpartition("/")[2] for name, identity in live.ids.items() if name != SELF}
    names = {
        name: now[identity]
        for name, identity in backup.ids.items()
        if name != SELF and now.get(identity, name.rpartition("/")[2]) != name.rpartition("/")[2]
    }
    return replace(backup, before=replace(_sought(backup), moved_nodes=names))


def _sought(backup: Backup) -> Workflow:
    before, address = backup.before, backup.address
    if before is not None:
        return before if before.path == address else replace(before, moved_from=address)
    name = backup.address.rpartition("/")[2]
    return Workflow(backup.address, name, backup.kind, {"nodes": {}})


def _moved(backup: Backup, live: Observed | None) -> str:
    if live is None:
        is_to_be_gone = backup.before is None or not backup.left
        return "" if is_to_be_gone else "was deleted or moved"
    if backup.ids and live.ids[SELF] != backup.ids.get(SELF):
        return "is another workflow now"
    if live.fingerprint in {backup.fingerprint, *backup.left}:
        return ""
    return "was changed since, or was written in part only"


def _change(backup: Backup, live: Observed | None) -> Change:
    if backup.before is None:
        return _removal(backup, live)
    if live is None or live.fingerprint == backup.fingerprint:
        return change(backup.before, live)
    there = renamed(live.workflow, backup.before)
    spec = _whole(backup.before.spec, there.spec, schema.workflow())
    added = set(_nodes(there)) - set(_nodes(backup.before))
    return replace(
        change(replace(backup.before, spec=spec), live, added),
        reason="as it was before the last apply",
        object_id=live.ids[SELF],
        fingerprint=live.fingerprint,
    )


def _whole(before: Any, live: Any, field: Field | None) -> Any:
    """What was there, keyed, in which everything that only the live value holds is asked to go.

    In a manifest a field that is left open may be the service's own; a backup leaves nothing open.
    """
    if field is None or not isinstance(before, dict) or not isinstance(live, dict):
        return before
    if field.merge_key:
        return {key: _whole(item, live.get(key), field.items) for key, item in before.items()}
    gone = {key: None for key in live if key not in before}
    kept = {key: _whole(value, live.get(key), field.property(key)) for key, value in before.items()}
    return {**gone, **kept}


def _removal(backup: Backup, live: Observed | None) -> Change:
    """A workflow that the apply created: undoing deletes it."""
    if live is None:
        return Change(backup.address, "unchanged", "not in the workspace, as before the last apply")
    reason = "the last apply created it"
    return Change(
        backup.address,
        "delete",
        reason,
        nodes=tuple(NodeChange(name, "delete", reason=reason) for name in _nodes(live.workflow)),
        before_value=masked(live.comparable, schema.workflow()),
        before=live,
        object_id=live.ids[SELF],
        fingerprint=live.fingerprint,
    )


def _refused(found: Change) -> Change:
    """The change; refused where nodes go from a workflow that would not be published again here."""
    if not any(each.blocks for each in found.dangers):
        return found
    names = ", ".join(f"`{name}`" for name in found.deletes)
    why = (
        f"it is published, and the last apply added {names}: to take it back, revert the manifests "
        "in git and run `deployer apply --prune --publish`"
    )
    return replace(found, dangers=(), refused=why)


def _nodes(workflow: Workflow) -> Mapping[str, object]:
    return workflow.spec.get("nodes") or {}
