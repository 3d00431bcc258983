"""The operations the emulator knows, in one table; each is a small function beside its kin."""

from collections.abc import Mapping
from dataclasses import replace

from deployer.emulator import lag
from deployer.emulator.actions import (
    catalogue,
    instances,
    jobs,
    nodes,
    pipelines,
    projects,
    single_nodes,
    snapshots,
    task_instances,
    tasks,
    unsupported,
    workflows,
)
from deployer.emulator.operations import Operation

_LATE: Mapping[str, lag.Scope] = {
    "GetWorkflowDefinition": "get",
    "GetNode": "get",
    "ListNodeDependencies": "get",
    "ListWorkflowDefinitions": "list",
    "ListNodes": "list",
}
"""The reads that may lag behind writes (docs/service.md U-27)."""

_PLAIN: Mapping[str, Operation] = {
    **unsupported.OPERATIONS,
    **workflows.OPERATIONS,
    **jobs.OPERATIONS,
    **nodes.OPERATIONS,
    **single_nodes.OPERATIONS,
    **snapshots.OPERATIONS,
    **projects.OPERATIONS,
    **catalogue.OPERATIONS,
    **pipelines.OPERATIONS,
    **tasks.OPERATIONS,
    **instances.OPERATIONS,
    **task_instances.OPERATIONS,
}

OPERATIONS: Mapping[str, Operation] = {
    name: replace(found, handler=lag.late(_LATE[name], found.handler)) if name in _LATE else found
    for name, found in _PLAIN.items()
}
