"""One node at a time: create it in a workflow, change, rename, move and delete it."""

from collections.abc import Callable
from typing import Any

from deployer.emulator import nodes, rows
from deployer.emulator.actions.jobs import spec_of
from deployer.emulator.actions.nodes import kinds_of
from deployer.emulator.failures import ApiError, SpecError, deployed, invalid, not_found
from deployer.emulator.operations import Operation, Param, Params, form
from deployer.emulator.world import World


def create_node(world: World, params: Params) -> dict[str, Any]:
    """Answer CreateNode: the container decides where the node goes."""
    kinds = kinds_of(params["Scene"])
    document = spec_of(world, params)
    workflow = _container(world, params)
    if workflow.kind not in kinds:
        raise invalid("Scene")
    return {"Id": _done(lambda: nodes.create(world, workflow, document))}


def update_node(world: World, params: Params) -> dict[str, Any]:
    """Answer UpdateNode: only the fields that the spec's node names change."""
    workflow, node = _found(world, params)
    document = spec_of(world, params)
    _done(lambda: nodes.update(world, workflow, node, document))
    return {"Success": True}


def delete_node(world: World, params: Params) -> dict[str, Any]:
    """Answer DeleteNode; a published node is refused (docs/service.md B-50)."""
    workflow, node = _found(world, params)
    if node.task is not None:
        raise deployed("Node", node.id)
    nodes.delete(world, workflow, node)
    return {"Success": True}


def rename_node(world: World, params: Params) -> dict[str, Any]:
    """Answer RenameNode; the last part of the path follows the name."""
    workflow, node = _found(world, params)
    name = params["Name"]
    if not name or "/" in name:
        raise invalid("Name")
    folder = node.path.rpartition("/")[0]
    _done(lambda: nodes.place(world, workflow, node, f"{folder}/{name}"))
    return {"Success": True}


def move_node(world: World, params: Params) -> dict[str, Any]:
    """Answer MoveNode: `Path` is the folder; our pick: a node stays below its workflow."""
    workflow, node = _found(world, params)
    folder = params["Path"].strip("/")
    _done(lambda: nodes.place(world, workflow, node, f"{folder}/{node.name}"))
    return {"Success": True}


def _container(world: World, params: Params) -> rows.Workflow:
    container = params.get("ContainerId", "")
    if not container:
        raise _not_supported("A node outside of a workflow (ContainerId is required)")
    holder = rows.holder(world.db, container)
    workflow = rows.workflow(world.db, holder.workflow) if holder else None
    if holder is None or workflow is None or workflow.project != params["ProjectId"]:
        raise ApiError(400, "Container.NotFound", f"内部节点的容器对象: 未找到 {container}")
    if holder.node:
        raise _not_supported("A single node inside a control block")
    return workflow


def _found(world: World, params: Params) -> tuple[rows.Workflow, rows.Node]:
    holder = rows.holder(world.db, params["Id"])
    node = rows.node(world.db, holder.node) if holder else None
    workflow = rows.workflow(world.db, node.workflow) if node else None
    if node is None or workflow is None or workflow.project != params["ProjectId"]:
        raise not_found("Node", params["Id"])
    if node.id != params["Id"]:
        raise _not_supported("A single node inside a control block")
    return workflow, node


def _done(change: Callable[[], Any]) -> Any:
    try:
        return change()
    except SpecError as err:
        raise err.refused() from err


def _not_supported(what: str) -> ApiError:
    return ApiError(400, "NotSupported", f"{what} is not supported by the emulator.")


_IDENTITY = (form("Id"), form("ProjectId", "integer"))

OPERATIONS = {
    "CreateNode": Operation(
        "POST",
        (
            Param("ContainerId", "formData"),
            form("ProjectId", "integer"),
            form("Scene"),
            form("Spec"),
        ),
        create_node,
    ),
    "UpdateNode": Operation("POST", (*_IDENTITY, form("Spec")), update_node),
    "DeleteNode": Operation("POST", _IDENTITY, delete_node),
    "RenameNode": Operation("POST", (*_IDENTITY, form("Name")), rename_node),
    "MoveNode": Operation("POST", (*_IDENTITY, form("Path")), move_node),
}
