"""Creates and changes one node of a workflow: what CreateNode and its kin do.

Nodes inside control blocks are part of the node that holds them and are not changed alone here.
"""

from collections.abc import Sequence
from dataclasses import replace

from deployer.emulator import edges, failures, lag, reading, rows, saving, snapshots
from deployer.emulator.failures import SpecError
from deployer.emulator.identities import Identities
from deployer.emulator.reading import Draft, Fields, NodeDraft
from deployer.emulator.saving import Named
from deployer.emulator.world import World

_AT = ("spec", "nodes", 0)


def create(world: World, workflow: rows.Workflow, document: Fields) -> str:
    """Create the first node of a document in a workflow and return its id; raises SpecError."""
    sent, waits = reading.read_node(document, world.switches)
    # The container wins over the path that was sent.
    node = replace(sent, path=f"{workflow.path}/{sent.name}")
    _check_free(world, workflow.project, node.name, "")
    if node.id and rows.holder(world.db, node.id):
        raise SpecError(failures.DUPLICATE_ID, f"id {node.id} exists", _AT)
    known, draft = _identities(world, workflow, node, waits)
    with lag.changing(world, workflow.id):
        named = Named(known.node(node), node, None)
        _save(world, workflow, known, draft, named, partial=False)
    return named.id


def update(world: World, workflow: rows.Workflow, before: rows.Node, document: Fields) -> None:
    """Change what a document says of a node; raises SpecError."""
    sent, waits = reading.read_node(document, world.switches, partial=True)
    name = sent.name or before.name
    if sent.path and sent.path.rpartition("/")[2] != name:
        at = (*_AT, "script", "path")
        raise SpecError(failures.INVALID, "Script path must end with node name", at)
    if name != before.name:
        _check_free(world, workflow.project, name, before.id)
    folder = before.path.rpartition("/")[0]
    node = replace(sent, id=before.id, name=name, path=f"{folder}/{name}")
    _check_command(before, node)
    known, draft = _identities(world, workflow, node, waits)
    with lag.changing(world, workflow.id):
        named = Named(known.node(node), node, before)
        world.db.execute("DELETE FROM inner_node WHERE node = ?", (before.id,))
        _save(world, workflow, known, draft, named, partial=True)


def place(world: World, workflow: rows.Workflow, before: rows.Node, path: str) -> None:
    """Give a node another path, and with its last part another name; raises SpecError."""
    name = path.rpartition("/")[2]
    if name != before.name:
        _check_free(world, workflow.project, name, before.id)
    if not path.startswith(f"{workflow.path}/"):
        raise SpecError(failures.INVALID, f"目录层级校验未通过: {path}")
    with lag.changing(world, workflow.id):
        after = replace(
            before, name=name, path=path, modified=world.now, revision=before.revision + 1
        )
        rows.save(world.db, after)
        _touch(world, workflow)
    snapshots.take_all(world, workflow.id, (workflow.id, before.id), "Saved")


def delete(world: World, workflow: rows.Workflow, node: rows.Node) -> None:
    """Remove a node; what waited for it keeps its dependency on an output that nobody has."""
    with lag.changing(world, workflow.id):
        rows.delete_node(world.db, node.id)
        _touch(world, workflow)


def _identities(
    world: World, workflow: rows.Workflow, node: NodeDraft, waits: Sequence[Fields]
) -> tuple[Identities, Draft]:
    draft = Draft(
        kind=workflow.kind,
        id=workflow.id,
        name=workflow.name,
        path=workflow.path,
        fields={},
        nodes=(node,),
        edges=tuple(waits),
    )
    return Identities(world, draft, workflow.id, existing=True), draft


def _save(
    world: World,
    workflow: rows.Workflow,
    known: Identities,
    draft: Draft,
    node: Named,
    *,
    partial: bool,
) -> None:
    fields = known.followed(known.inside(node.draft.fields, node.draft.at))
    # A dependency that names another node than the one sent is lost without a word (B-37).
    own = [edge for edge in draft.edges if known.entity(edge.get("nodeId", "")) == node.id]
    waits = edges.sent(known, replace(draft, edges=tuple(own)), (node.id,))
    saving.save_node(world, workflow, draft, node, fields, waits[node.id], partial=partial)
    if own or not partial:
        edges.save(world, workflow.project, workflow.id, waits)
    _touch(world, workflow)
    snapshots.take_all(world, workflow.id, (workflow.id, node.id), "Saved")


def _touch(world: World, workflow: rows.Workflow) -> None:
    if world.switches.modify_time_on_node_edit == "yes":
        rows.save(world.db, replace(workflow, modified=world.now))


def _check_free(world: World, project: int, name: str, node_id: str) -> None:
    taken = world.db.execute(
        "SELECT 1 FROM node JOIN workflow ON workflow.id = node.workflow"
        " WHERE workflow.project = ? AND node.name = ? AND node.id != ?",
        (project, name, node_id),
    ).fetchone()
    if taken:
        message = "Node with the same name already exists in the project"
        raise SpecError(failures.INVALID, message, (*_AT, "name"))


def _check_command(before: rows.Node, node: NodeDraft) -> None:
    sent = node.fields.get("script", {}).get("runtime", {}).get("command", before.command)
    if sent != before.command:
        at = (*_AT, "script", "runtime", "command")
        message = "Node type (command) cannot be changed after creation"
        raise SpecError(failures.INVALID, message, at)
