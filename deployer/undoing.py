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
from deployer.entities import SELF
from deployer.errors import Conflict
from deployer.fields import Field
from deployer.model import Change, Observed, Plan, Target, Workflow
from deployer.observe import observe
from deployer.plan import change, ordered
from deployer.remote.workspace import Remote, Summary

_NOT_WRITTEN = (
    "undo deletes nothing: take it out of git and run `deployer apply --prune`, or delete it in the "
    "console"
)


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
    changes = [_change(backup, live) for backup, live, _ in found]
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
    return backup, live, _moved(backup, live)


def _sought(backup: Backup) -> Workflow:
    if backup.before is not None:
        return replace(backup.before, path=backup.address)
    name = backup.address.rpartition("/")[2]
    return Workflow(backup.address, name, backup.kind, {"nodes": {}})


def _moved(backup: Backup, live: Observed | None) -> str:
    if live is None:
        return "" if backup.before is None else "was deleted or moved"
    if backup.ids and live.ids[SELF] != backup.ids.get(SELF):
        return "is another workflow now"
    if live.fingerprint in {backup.fingerprint, *backup.left}:
        return ""
    return "was changed since, or was written in part only"


def _change(backup: Backup, live: Observed | None) -> Change:
    if backup.before is None:
        return _removal(backup, live)
    if live is not None and backup.before.path != backup.address:
        return _return(backup, backup.before.path, live)
    if live is None or live.fingerprint == backup.fingerprint:
        return change(backup.before, live)
    spec = _whole(backup.before.spec, live.workflow.spec, schema.workflow())
    found = replace(
        change(replace(backup.before, spec=spec), live),
        reason="as it was before the last apply",
        object_id=live.ids[SELF],
        fingerprint=live.fingerprint,
    )
    added = [name for name in _nodes(live.workflow) if name not in _nodes(backup.before)]
    return replace(found, action="update", refused=_of_nodes(added)) if added else found


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
    """A workflow that the apply created, and that undoing would delete."""
    if live is None:
        return Change(backup.address, "unchanged", "not in the workspace, as before the last apply")
    return Change(
        backup.address,
        "delete",
        "the last apply created it",
        before=live,
        refused=f"the last apply created it; {_NOT_WRITTEN}",
        object_id=live.ids[SELF],
        fingerprint=live.fingerprint,
    )


def _return(backup: Backup, former: str, live: Observed) -> Change:
    """A workflow that the apply moved, and that undoing would move back."""
    return Change(
        backup.address,
        "update",
        f"the last apply moved it from `{former}`",
        before=live,
        refused=f"the last apply moved it from `{former}`; undo moves nothing: give it that path in git, "
        f"with `deployer: {{movedFrom: {backup.address}}}`, and run `deployer apply`",
        object_id=live.ids[SELF],
        fingerprint=live.fingerprint,
    )


def _of_nodes(added: Iterable[str]) -> str:
    names = ", ".join(f"`{name}`" for name in added)
    return f"the last apply added {names}; {_NOT_WRITTEN}"


def _nodes(workflow: Workflow) -> Mapping[str, object]:
    return workflow.spec.get("nodes") or {}
