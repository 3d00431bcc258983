"""What time brings: jobs, stages and runs whose moment has come, done before the next request."""

from deployer.emulator import jobs, publishing, running
from deployer.emulator.world import World


def apply_due(world: World) -> None:
    """Carry out everything that is due."""
    jobs.apply_due(world)
    publishing.apply_due(world)
    running.apply_due(world)
