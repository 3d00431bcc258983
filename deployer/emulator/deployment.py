"""Copies a draft to the scheduling side and takes it off again: what a pipeline's stages do.

A package holds what was saved when the pipeline was made; later edits wait for the next pipeline.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from deployer.emulator import dates, rows, scheduling
from deployer.emulator.scheduling import Fields, OnlineTask, OnlineWorkflow
from deployer.emulator.world import World, resolved

CONFLICT = "can not exported multiple nodes into the same output"
"""How an output that two nodes declare is worded (docs/service.md B-35)."""


def pack(world: World, workflow: rows.Workflow) -> Fields:
    """Return what is to be online of a draft: the workflow, its nodes, outputs and edges."""
    nodes = rows.nodes(world.db, workflow.id)
    query = "SELECT entity, data FROM output WHERE workflow = ? ORDER BY entity, data"
    has: dict[str, list[str]] = {entity: [entity] for entity in _entities(workflow, nodes)}
    for entity, data in world.db.execute(query, (workflow.id,)):
        has.setdefault(entity, []).append(resolved(world, workflow.project, data))
    waits: dict[str, list[list[str]]] = {}
    for edge in rows.edges(world.db, workflow.id):
        output = resolved(world, workflow.project, edge.output)
        waits.setdefault(edge.entity, []).append([edge.type, output])
    return {
        "project": workflow.project,
        "object": workflow.id,
        "kind": workflow.kind,
        "name": workflow.name,
        "owner": workflow.owner,
        "spec": workflow.spec,
        "nodes": [_packed(workflow, node) for node in nodes],
        "outputs": has,
        "edges": waits,
    }


def conflict(world: World, package: Fields, env: str) -> str:
    """Tell which output another object online has, or two nodes of the package; empty for none."""
    seen: set[str] = set()
    for data in declared(package):
        if data in seen or _taken(world, package, env, data):
            return f"{data} {CONFLICT}"
        seen.add(data)
    return ""


def draft_conflict(world: World, project: int, workflow_id: str) -> str:
    """Tell which output of a draft another draft has, or two of its nodes; empty for none."""
    query = (
        "SELECT own.data FROM output AS own JOIN output AS other"
        " ON other.data = own.data AND other.entity <> own.entity"
        " JOIN workflow ON workflow.id = other.workflow WHERE own.workflow = ?"
        " AND (workflow.project = ? OR ?) LIMIT 1"
    )
    everywhere = world.switches.output_scope == "account"
    row = world.db.execute(query, (workflow_id, project, everywhere)).fetchone()
    return f"{row[0]} {CONFLICT}" if row else ""


def changed_command(world: World, package: Fields, env: str) -> str:
    """Tell which node is online with another command (docs/service.md B-25); empty for none."""
    online = {task.object: task.command for task in _online_tasks(world, package, env)}
    for node in package["nodes"]:
        if online.get(node["object"], node["command"]) != node["command"]:
            return f"Node type (command) cannot be changed after creation: {node['name']}"
    return ""


def put_online(world: World, package: Fields, env: str) -> OnlineWorkflow:
    """Make the scheduling side hold a package, and nothing else of its workflow."""
    before = scheduling.workflow_of(world.db, env, package["object"])
    online = OnlineWorkflow(
        env=env,
        id=_id(world, "online_workflow", package["object"]),
        project=package["project"],
        object=package["object"],
        kind=package["kind"],
        name=package["name"],
        owner=package["owner"],
        spec=package["spec"],
        effective=_effective(world, package),
        created=before.created if before else world.now,
        modified=world.now,
    )
    _drop_tasks(world, env, online.id, {node["object"] for node in package["nodes"]})
    scheduling.save(world.db, online)
    _link(world, env, package, online.object, online.id)
    for node in package["nodes"]:
        _put_task(world, online, package, node)
    if env == "Prod":
        _mark(world, package["object"], online=True)
    return online


def take_offline(world: World, object_id: str, env: str) -> None:
    """Remove a workflow from the scheduling side; instances that exist stay."""
    online = scheduling.workflow_of(world.db, env, object_id)
    if online:
        _drop_tasks(world, env, online.id, set())
        scheduling.forget_links(world.db, env, online.id)
        key = (env, online.id)
        world.db.execute("DELETE FROM online_workflow WHERE env = ? AND id = ?", key)
    if env == "Prod":
        _mark(world, object_id, online=False)


def is_online(world: World, object_id: str) -> bool:
    """Tell whether a draft is online in some environment."""
    return scheduling.id_of(world.db, "online_workflow", object_id) is not None


def dependents(world: World, object_id: str) -> list[str]:
    """Return the names of other workflows that wait for this one, draft or online (B-51)."""
    draft = (
        "SELECT DISTINCT other.name FROM edge JOIN workflow AS other ON other.id = edge.workflow"
        " WHERE edge.workflow <> :object AND edge.output IN ("
        " SELECT data FROM output WHERE workflow = :object"
        " UNION SELECT id FROM node WHERE workflow = :object UNION SELECT :object)"
    )
    online = (
        "SELECT DISTINCT coalesce(other.name, task.name) FROM online_workflow AS own"
        " LEFT JOIN online_task AS held ON held.env = own.env AND held.workflow = own.id"
        " JOIN online_output AS has ON has.env = own.env AND has.holder IN (own.id, held.id)"
        " JOIN online_edge AS edge ON edge.env = own.env AND edge.output = has.data"
        " LEFT JOIN online_task AS task ON task.env = own.env AND task.id = edge.holder"
        " LEFT JOIN online_workflow AS other ON other.env = own.env"
        " AND other.id = coalesce(task.workflow, edge.holder)"
        " WHERE own.object = :object AND coalesce(other.object, '') <> :object"
    )
    found = {
        str(row[0])
        for query in (draft, online)
        for row in world.db.execute(query, {"object": object_id})
    }
    return sorted(found)


def declared(package: Fields) -> Iterator[str]:
    """Yield the outputs that an author named, each as often as it is there."""
    for entity, names in package["outputs"].items():
        yield from (data for data in names if data != entity)


def refresh(world: World) -> None:
    """Bring what is online up to its drafts where that needs no publishing (U-26)."""
    if world.switches.publish_needed == "yes":
        return
    query = (
        "SELECT workflow.* FROM workflow JOIN online_workflow AS online"
        " ON online.object = workflow.id AND online.env = 'Prod'"
        " WHERE workflow.modified > online.modified"
    )
    for row in world.db.execute(query).fetchall():
        draft = rows.as_workflow(row)
        put_online(replace(world, now=draft.modified), pack(world, draft), "Prod")


def _entities(workflow: rows.Workflow, nodes: Iterable[rows.Node]) -> list[str]:
    return [workflow.id, *(node.id for node in nodes)]


def _packed(workflow: rows.Workflow, node: rows.Node) -> Fields:
    return {
        "object": node.id,
        "name": node.name,
        "owner": str(node.spec.get("owner", workflow.owner)),
        "command": node.command,
        "spec": node.spec,
    }


def _taken(world: World, package: Fields, env: str, data: str) -> bool:
    query = (
        "SELECT 1 FROM online_output AS has"
        " LEFT JOIN online_task AS task ON task.env = has.env AND task.id = has.holder"
        " JOIN online_workflow AS owner ON owner.env = has.env"
        " AND owner.id = coalesce(task.workflow, has.holder)"
        " WHERE has.env = ? AND has.data = ? AND owner.object <> ?"
    )
    bound: list[Any] = [env, data, package["object"]]
    if world.switches.output_scope == "project":
        query += " AND has.project = ?"
        bound.append(package["project"])
    return world.db.execute(f"{query} LIMIT 1", bound).fetchone() is not None


def _online_tasks(world: World, package: Fields, env: str) -> list[OnlineTask]:
    online = scheduling.workflow_of(world.db, env, package["object"])
    return scheduling.tasks_of(world.db, env, online.id) if online else []


def _put_task(world: World, online: OnlineWorkflow, package: Fields, node: Fields) -> None:
    task_id = _id(world, "online_task", node["object"])
    before = scheduling.task(world.db, online.env, task_id)
    row = OnlineTask(
        env=online.env,
        id=task_id,
        workflow=online.id,
        project=online.project,
        created=before.created if before else world.now,
        modified=world.now,
        **node,
    )
    scheduling.save(world.db, row)
    _link(world, online.env, package, row.object, row.id)


def _link(world: World, env: str, package: Fields, entity: str, holder: int) -> None:
    has = package["outputs"].get(entity, [entity])
    waits = [(kind, output) for kind, output in package["edges"].get(entity, [])]
    scheduling.replace_links(world.db, env, (holder, package["project"]), has, waits)


def _drop_tasks(world: World, env: str, workflow_id: int, kept: set[str]) -> None:
    for task in scheduling.tasks_of(world.db, env, workflow_id):
        if task.object not in kept:
            scheduling.forget_links(world.db, env, task.id)
            key = (env, task.id)
            world.db.execute("DELETE FROM online_task WHERE env = ? AND id = ?", key)


def _id(world: World, table: str, object_id: str) -> int:
    return scheduling.id_of(world.db, table, object_id) or scheduling.new_id(world.db)


def _effective(world: World, package: Fields) -> int:
    if package["spec"].get("strategy", {}).get("instanceMode") == "Immediately":
        # B-81: about ten minutes, whatever the hour.
        return world.now + 600_000
    return dates.effective(world.now, world.switches.publish_window)


def _mark(world: World, object_id: str, *, online: bool) -> None:
    for table, column, source in (
        ("workflow", "id", "online_workflow"),
        ("node", "workflow", "online_task"),
    ):
        known = f"(SELECT id FROM {source} WHERE env = 'Prod' AND object = {table}.id)"
        value = known if online else "NULL"
        world.db.execute(f"UPDATE {table} SET task = {value} WHERE {column} = ?", (object_id,))
