"""Brings the workspace to what a sent document says: what Import does when its job is due.

Create and Update use the same steps for the workflow alone. Everything happens in the caller's
transaction; a SpecError means that the caller undoes it (docs/service.md U-02: atomic).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from deployer.emulator import deployment, edges, failures, lag, reading, rows, saving, snapshots
from deployer.emulator.failures import SpecError
from deployer.emulator.identities import Identities, acceptable
from deployer.emulator.reading import Draft, Fields
from deployer.emulator.saving import Named
from deployer.emulator.world import World

_WORKFLOW = ("spec", "workflows", 0)


def target_of(world: World, project: int, document: Fields) -> str:
    """Return the id of the workflow that a document is about, a new one where it has none."""
    sent = reading.workflow_id(document)
    if rows.workflow(world.db, sent) or (
        acceptable(world, sent) and not rows.holder(world.db, sent)
    ):
        return sent
    if world.switches.name_conflict == "update_by_path":
        found = _by_path(world, project, document)
        if found:
            return found.id
    return world.new_id()


def apply(world: World, project: int, document: Fields, target: str) -> None:
    """Create or update the workflow `target` and its nodes; raises SpecError."""
    with lag.changing(world, target):
        changed = _apply(world, project, document, target)
    if world.switches.snapshots_on_import == "yes":
        snapshots.take_all(world, target, (target, *changed), "Saved")


def apply_partly(world: World, project: int, document: Fields, target: str, count: int) -> None:
    """Write the first nodes of a document and none of its dependencies; raises SpecError.

    What a failed import leaves behind where imports are not atomic (docs/service.md U-02).
    """
    spec = document.get("spec", {})
    first = dict(spec["workflows"][0])
    first["nodes"] = first.get("nodes", [])[:count]
    for key in ("dependencies", "flow"):
        first.pop(key, None)
    kept = {key: value for key, value in spec.items() if key not in ("dependencies", "flow")}
    part = {**document, "spec": {**kept, "workflows": [first]}}
    # Nothing is removed yet either, and what the written nodes waited for stays.
    switches = replace(world.switches, import_missing_nodes="keep", import_fields="merge")
    apply(replace(world, switches=switches), project, part, target)


def _apply(world: World, project: int, document: Fields, target: str) -> list[str]:
    draft = reading.read(document, world.switches)
    before = _checked(world, project, draft, target)
    known = Identities(world, draft, target, before is not None)
    nodes = _named(world, known, draft, target)
    _drop_missing(world, target, nodes)
    # Nodes may change the block they live in; those of the sent nodes are all given anew.
    world.db.executemany("DELETE FROM inner_node WHERE node = ?", [(node.id,) for node in nodes])
    inside = [known.inside(node.draft.fields, node.draft.at) for node in nodes]
    waits = edges.sent(known, draft, (target, *(node.id for node in nodes)))
    after = saving.save_workflow(world, project, known, draft, before)
    changed = [
        node.id
        for node, fields in zip(nodes, inside, strict=True)
        if saving.save_node(world, after, draft, node, known.followed(fields), waits[node.id])
    ]
    moved = edges.save(world, project, target, waits)
    _check_outputs(world, project, target)
    only_nodes = bool(nodes) and target not in moved
    if before and only_nodes and world.switches.modify_time_on_node_edit == "no":
        _restore_time(world, before, after)
    return changed


def create(world: World, project: int, document: Fields) -> str:
    """Create a workflow without its nodes and return its id; raises SpecError."""
    draft = _shell(reading.read(document, world.switches))
    if draft.id and rows.holder(world.db, draft.id):
        raise SpecError(failures.DUPLICATE_ID, f"id {draft.id} exists", _WORKFLOW)
    _path_free(world, project, draft.path, "")
    target = draft.id if acceptable(world, draft.id) else world.new_id()
    known = Identities(world, draft, target, existing=False)
    with lag.changing(world, target):
        saving.save_workflow(world, project, known, draft, None)
        _save_own_edges(world, project, known, draft)
    snapshots.take(world, target, "Saved")
    return target


def update(world: World, before: rows.Workflow, document: Fields) -> None:
    """Change what a document says of a workflow, none of its nodes; raises SpecError."""
    draft = _shell(reading.read(document, world.switches, partial=True))
    if draft.kind != before.kind:
        raise SpecError(failures.INVALID, "spec kind and request not match", ("kind",))
    path = saving.path_after(world, draft, before)
    if path != before.path:
        _path_free(world, before.project, path, before.id)
    known = Identities(world, draft, before.id, existing=True)
    with lag.changing(world, before.id):
        saving.save_workflow(world, before.project, known, draft, before, partial=True)
        _save_own_edges(world, before.project, known, draft)
    snapshots.take(world, before.id, "Saved")


def relocate(world: World, before: rows.Workflow, path: str) -> None:
    """Give a workflow another path and with it its nodes; raises SpecError when it is taken."""
    _path_free(world, before.project, path, before.id)
    after = replace(before, name=path.rpartition("/")[2], path=path, modified=world.now)
    with lag.changing(world, before.id):
        rows.save(world.db, after)
        saving.move_nodes(world, before, after)


def _shell(draft: Draft) -> Draft:
    return replace(draft, nodes=())


def _save_own_edges(world: World, project: int, known: Identities, draft: Draft) -> None:
    found = edges.sent(known, draft, ())
    if known.target in found:
        edges.save(world, project, known.target, {known.target: found[known.target]})


def _by_path(world: World, project: int, document: Fields) -> rows.Workflow | None:
    try:
        draft = reading.read(document, world.switches)
    except SpecError:
        return None
    found = rows.at_path(world.db, project, draft.path, _any_case(world))
    return found if found and found.path == draft.path else None


def _checked(world: World, project: int, draft: Draft, target: str) -> rows.Workflow | None:
    before = rows.workflow(world.db, target)
    if before is None:
        _path_free(world, project, draft.path, target)
        return None
    if before.project != project:
        raise SpecError(failures.DUPLICATE_ID, f"id {target} belongs to another object", _WORKFLOW)
    if before.kind != draft.kind:
        raise SpecError(
            failures.INVALID, "Workflow type cannot be changed after creation", ("kind",)
        )
    if draft.path != before.path and world.switches.import_move == "fail":
        at = (*_WORKFLOW, "script", "path")
        raise SpecError(failures.INVALID, "Workflow cannot be moved", at)
    if saving.path_after(world, draft, before) != before.path:
        _path_free(world, project, draft.path, target)
    return before


def _path_free(world: World, project: int, path: str, target: str) -> None:
    if world.switches.name_conflict == "duplicate":
        return
    found = rows.at_path(world.db, project, path, _any_case(world))
    if found and found.id != target:
        name = path.rpartition("/")[2]
        raise SpecError(failures.INVALID, f"target folder already exists: {name}")


def _any_case(world: World) -> bool:
    return world.switches.name_case == "insensitive"


def _named(world: World, known: Identities, draft: Draft, target: str) -> list[Named]:
    held = {node.id: node for node in rows.nodes(world.db, target)}
    found = []
    for node in draft.nodes:
        node_id = known.node(node)
        found.append(Named(node_id, node, held.pop(node_id, None)))
    _check_names(draft, [node for node in held.values() if not _goes(world, node)])
    for entry in found:
        _check_command(entry)
    return found


def _check_names(draft: Draft, others: Iterable[rows.Node]) -> None:
    taken = {node.name for node in others}
    for node in draft.nodes:
        if node.name in taken:
            message = "Node with the same name already exists in the project"
            raise SpecError(failures.INVALID, message, node.at)
        taken.add(node.name)


def _check_command(node: Named) -> None:
    if node.before and node.before.command != saving.command(node.draft.fields):
        at = (*node.draft.at, "script", "runtime", "command")
        message = "Node type (command) cannot be changed after creation"
        raise SpecError(failures.INVALID, message, at)


def _check_outputs(world: World, project: int, target: str) -> None:
    if world.switches.output_conflict_at != "import":
        return
    found = deployment.draft_conflict(world, project, target)
    if found:
        raise SpecError(failures.INVALID, found, (*_WORKFLOW, "nodes"))


def _drop_missing(world: World, target: str, nodes: Sequence[Named]) -> None:
    sent = {node.id for node in nodes}
    missing = [node for node in rows.nodes(world.db, target) if node.id not in sent]
    if missing and world.switches.import_missing_nodes == "fail":
        message = f"node is missing: {missing[0].name}"
        raise SpecError(failures.TARGET_MISSING, message, (*_WORKFLOW, "nodes"))
    for node in missing:
        if _goes(world, node):
            rows.delete_node(world.db, node.id)


def _goes(world: World, missing: rows.Node) -> bool:
    policy = world.switches.import_missing_nodes
    return policy == "delete" or (policy == "delete_unpublished" and missing.task is None)


def _restore_time(world: World, before: rows.Workflow, after: rows.Workflow) -> None:
    if (before.spec, before.path, before.owner) == (after.spec, after.path, after.owner):
        rows.save(world.db, replace(after, modified=before.modified))
