"""The operations the emulator knows, in one table; each is a small function beside its kin."""

from collections.abc import Mapping

from deployer.emulator.actions import jobs, nodes, projects, workflows
from deployer.emulator.operations import Operation

OPERATIONS: Mapping[str, Operation] = {
    **workflows.OPERATIONS,
    **jobs.OPERATIONS,
    **nodes.OPERATIONS,
    **projects.OPERATIONS,
}
