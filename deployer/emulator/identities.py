"""Gives the entities of a sent document their ids and makes the document's references follow.

Known ids stay; which new ones a client may choose is unknown (docs/service.md U-03).
"""

import re
from collections.abc import Mapping
from typing import Any

from deployer.emulator import failures, rows
from deployer.emulator.failures import SpecError
from deployer.emulator.fields import BLOCKS
from deployer.emulator.reading import Draft, Fields, NodeDraft, Place
from deployer.emulator.world import World

_CLIENT_ID = re.compile(r"[1-9][0-9]{15,18}")
_REFERENCES = ("nodeId", "output", "data")
_EDGES = ("flow", "dependencies")


def acceptable(world: World, sent: str) -> bool:
    """Tell whether a new object may have the id that its sender chose."""
    policy = world.switches.client_ids
    return bool(sent) and (policy == "keep_all" or _numeric(policy, sent))


def _numeric(policy: str, sent: str) -> bool:
    return policy == "numeric" and _CLIENT_ID.fullmatch(sent) is not None


class Identities:
    """The ids of one document: each entity is named once, then the references can be followed."""

    def __init__(self, world: World, draft: Draft, target: str, existing: bool) -> None:
        """Name the workflow; `target` is the id it has or will have. Raises SpecError."""
        self._world = world
        self.target = target
        self._given: set[str] = {target}
        self._by_name = {draft.name: target}
        self.ids: dict[str, str] = {}
        if draft.id and draft.id != target:
            self.ids[draft.id] = target
        if draft.id and not existing and world.switches.client_ids == "reject":
            raise _rejected(("spec", "id"))
        self._held = {node.name: node.id for node in rows.nodes(world.db, target)}
        self._inner = {
            str(row[0])
            for row in world.db.execute(
                "SELECT inner_node.id FROM inner_node JOIN node ON node.id = inner_node.node"
                " WHERE node.workflow = ?",
                (target,),
            )
        }

    def node(self, draft: NodeDraft) -> str:
        """Return the id of a node of the workflow; raises SpecError when another object has it."""
        sent = draft.id
        if not sent and self._world.switches.name_conflict == "update_by_path":
            sent = self._held.get(draft.name, "")
        holder = rows.holder(self._world.db, sent) if sent else None
        if holder and (holder.workflow != self.target or holder.node != sent):
            raise SpecError(failures.DUPLICATE_ID, f"id {sent} belongs to another object", draft.at)
        found = self._register(sent, holder is not None, draft.at)
        self._by_name[draft.name] = found
        return found

    def inside(self, node: Fields, at: Place) -> Fields:
        """Return a node's fields with an id on every node inside its control blocks."""
        blocks = {key: self._block(node[key], (*at, key)) for key in BLOCKS if key in node}
        return {**node, **blocks}

    def followed(self, value: Any) -> Any:
        """Return a value in which every reference to a replaced id names the new one."""
        return _followed(value, self.ids) if self.ids else value

    def entity(self, sent: str) -> str:
        """Return the stored id behind the `nodeId` of a dependency: an id, or a name as in 2.x."""
        return self.ids.get(sent) or (
            sent if sent in self._given else self._by_name.get(sent, self._held.get(sent, sent))
        )

    def _block(self, block: Fields, at: Place) -> Fields:
        named = dict(block)
        if "nodes" in block:
            named["nodes"] = [self._child(child, at) for child in block["nodes"]]
        if "while" in block:
            named["while"] = self._child(block["while"], at)
        children = [*named.get("nodes", ()), *([named["while"]] if "while" in named else [])]
        local = {child["name"]: child["id"] for child in children}
        for key in _EDGES:
            if key in block:
                named[key] = [_named(edge, {**local, **self.ids}) for edge in block[key]]
        return named

    def _child(self, child: Fields, at: Place) -> Fields:
        sent = child.get("id", "")
        known = sent in self._inner
        if sent and not known and rows.holder(self._world.db, sent):
            raise SpecError(failures.DUPLICATE_ID, f"id {sent} belongs to another object", at)
        return {**self.inside(child, at), "id": self._register(sent, known, at)}

    def _register(self, sent: str, known: bool, at: Place) -> str:
        if (sent and sent in self.ids) or sent in self._given:
            raise SpecError(failures.DUPLICATE_ID, f"duplicate id: {sent}", at)
        if sent and not known and self._world.switches.client_ids == "reject":
            raise _rejected(at)
        keep = known or acceptable(self._world, sent)
        found = sent if keep else self._world.new_id()
        if sent and found != sent:
            self.ids[sent] = found
        self._given.add(found)
        return found


def _named(edge: Fields, ids: Mapping[str, str]) -> Fields:
    # A dependency that names its upstream by id or name means that node's default output.
    depends = []
    for depend in edge.get("depends", ()):
        found = {key: value for key, value in depend.items() if key != "nodeId"}
        if "nodeId" in depend:
            found.setdefault("output", ids.get(depend["nodeId"], depend["nodeId"]))
        depends.append(found)
    sent = edge.get("nodeId", "")
    return {**edge, "nodeId": ids.get(sent, sent), "depends": depends}


def _followed(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_followed(item, ids) for item in value]
    if isinstance(value, dict):
        return {key: _member(key, item, ids) for key, item in value.items()}
    return value


def _member(key: str, value: Any, ids: Mapping[str, str]) -> Any:
    if not isinstance(value, str):
        return _followed(value, ids)
    if key in _REFERENCES:
        return ids.get(value, value)
    head, colon, rest = value.partition(":")
    if key == "value" and colon and head in ids:
        return f"{ids[head]}:{rest}"
    return value


def _rejected(at: Place) -> SpecError:
    return SpecError(failures.INVALID, "an id cannot be chosen for a new object", at)
