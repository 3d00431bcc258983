"""What looks renamed: one thing gone, another one new, and both do the same. Pure.

It is only told, with the line to write: what is deleted and made anew loses its id and history, and what
merely looks alike must not be moved on a guess.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from deployer.edges import node_names
from deployer.flowspec import produced
from deployer.model import Change, Danger
from deployer.normalise import canonical

CODE = "renamed"


def with_likely(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes, each that makes something told of what it looks like under another name."""
    gone = [each for each in changes if each.before and each.action in ("delete", "kept")]
    new = [each for each in changes if each.action == "create"]
    twins = _pairs(
        {each.address: _likeness(each.after_value) for each in new},
        {each.address: _likeness(each.before_value) for each in gone},
    )
    by_address = {each.address: each for each in changes}
    # The service adds outputs of its own, so the live one may have more of them.
    same = {
        address: old
        for address, old in twins.items()
        if produced(by_address[address].after_value) <= produced(by_address[old].before_value)
    }
    return tuple(_told(each, same.get(each.address, "")) for each in changes)


def _likeness(spec: Any) -> bytes:
    """What two workflows have in common if one is the other: the scripts of nodes; empty for none."""
    scripts = {name: _script(spec["nodes"][name]) for name in node_names(spec)}
    return canonical(scripts) if scripts else b""


def _script(node: Any) -> list[Any]:
    script = node.get("script") or {}
    return [(script.get("runtime") or {}).get("command"), script.get("content")]


def _pairs(new: dict[str, bytes], gone: dict[str, bytes]) -> dict[str, str]:
    """New → gone, where exactly one of each looks so."""
    found = {}
    for name, likeness in new.items():
        same = [old for old, other in gone.items() if likeness and other == likeness]
        others = [each for each in new if new[each] == likeness]
        if len(same) == 1 and len(others) == 1:
            found[name] = same[0]
    return found


def _told(change: Change, twin: str) -> Change:
    dangers = [_danger("the workflow", twin, "at the top of the manifest", change)] if twin else []
    for new, old in _renamed_nodes(change).items():
        dangers.append(_danger(f"node `{new}`", old, "on the node", change))
    return replace(change, dangers=(*change.dangers, *dangers)) if dangers else change


def _renamed_nodes(change: Change) -> dict[str, str]:
    """Node that is new → node that is gone, of one workflow, with the same script."""
    by_action: dict[str, list[str]] = {}
    for node in change.nodes:
        by_action.setdefault(node.action, []).append(node.name)
    created, deleted = by_action.get("create", []), by_action.get("delete", [])
    lost = {*deleted, *by_action.get("kept", [])} - set(created)
    if not (created and lost and change.after_value and change.before_value):
        return {}
    return _pairs(
        _contents(change.after_value, set(created) - set(deleted)),
        _contents(change.before_value, lost),
    )


def _contents(spec: Any, names: Collection[str]) -> dict[str, bytes]:
    nodes = {name: _script(spec["nodes"][name]) for name in names if name in node_names(spec)}
    return {name: canonical(script) if script[1] else b"" for name, script in nodes.items()}


def _danger(what: str, old: str, where: str, change: Change) -> Danger:
    message = (
        f"{what} looks like `{old}` under another name: to keep its id and history, write "
        f"`deployer: {{movedFrom: {old}}}` {where}"
    )
    return Danger(CODE, message, address=change.address)
