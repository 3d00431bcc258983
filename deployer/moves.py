"""Renamed things: a workflow or node as it would be, had it always had the name of its manifest. Pure.

`deployer.movedFrom` says the former path of a workflow, the former name of a node. It holds while
something has the former name and nothing the new one; afterwards it says nothing any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from deployer import schema
from deployer.entities import SELF, Node, map_nodes, to_ids, token
from deployer.flowspec import comparable, references
from deployer.model import Observed, Workflow
from deployer.normalise import digest, keyed, unkeyed


@dataclass(frozen=True, slots=True)
class Moves:
    """What a workflow was called where it is not called as its manifest says.

    `path` is its former path, empty if it has the same; `nodes` maps the former references of nodes to
    those that they have now.
    """

    path: str = ""
    nodes: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.path or self.nodes)


def moves(desired: Workflow, there: Workflow) -> Moves:
    """What has to be renamed in a workflow, live or of git's base, to become the desired one."""
    path = there.path if there.path == desired.moved_from != desired.path else ""
    if not desired.moved_nodes:
        return Moves(path)
    found, wanted = set(references(there.spec)), set(references(desired.spec))
    former = {_former(each, desired.moved_nodes): each for each in desired.moved_nodes}
    nodes = {
        old: new
        for old, new in former.items()
        if old in found - wanted and new not in found and new in wanted
    }
    return Moves(path, nodes)


def _former(reference: str, names: Mapping[str, str]) -> str:
    """The reference of a node before it, and what it lies in, was renamed."""
    outer, _, name = reference.rpartition("/")
    own = names.get(reference, name)
    return f"{_former(outer, names)}/{own}" if outer else own


def renamed(there: Workflow, desired: Workflow) -> Workflow:
    """The workflow with the names of the desired one; itself if it has them."""
    found = moves(desired, there)
    if not found:
        return there
    new = {each: _present(each, found.nodes) for each in references(there.spec)}
    head = {"name": desired.name} if found.path else {}
    body: Node = {**unkeyed(there.spec, schema.workflow()), **head}

    def named(reference: str, node: Node) -> Node:
        own = {**node, "name": new[reference].rpartition("/")[2]}
        return _placed(own, f"{there.path}/{reference}", f"{desired.path}/{new[reference]}")

    body = map_nodes(_placed(body, there.path, desired.path), named)
    tokens = {old: token(now) for old, now in new.items() if old != now}
    spec = keyed(to_ids(body, schema.workflow(), tokens), schema.workflow())
    return replace(there, path=desired.path, name=spec.get("name") or "", spec=spec)


def seen_renamed(live: Observed, desired: Workflow) -> Observed:
    """The live workflow with the names of the desired one, its ids under these; itself if it has them."""
    workflow = renamed(live.workflow, desired)
    if workflow is live.workflow:
        return live
    nodes = moves(desired, live.workflow).nodes
    form = comparable(workflow, live.identifier)
    ids = {_present(reference, nodes): identity for reference, identity in live.ids.items()}
    return replace(live, workflow=workflow, ids=ids, comparable=form, fingerprint=digest(form))


def _present(reference: str, nodes: Mapping[str, str]) -> str:
    """The reference that a node has once it, and what it lies in, is renamed."""
    if reference == SELF or reference in nodes:
        return nodes.get(reference, reference)
    outer, slash, name = reference.rpartition("/")
    return f"{_present(outer, nodes)}/{name}" if slash else reference


def _placed(holder: Node, before: str, after: str) -> Node:
    """A workflow or node whose script lies where its new name says, if it lay where the old one did."""
    script = holder.get("script")
    if not isinstance(script, dict) or script.get("path") != before:
        return holder
    return {**holder, "script": {**script, "path": after}}
