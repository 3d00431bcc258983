"""What plan and apply begin with: the manifests of the project, and the plan for one target."""

from deployer import pipeline
from deployer.cli.connect import connected, run
from deployer.cli.options import chosen
from deployer.errors import InvalidManifests
from deployer.model import Plan, Target


def planned(name: str | None) -> tuple[Plan, Target]:
    """The plan for the target of that name, or the default one; wrong files end it before any call.

    Raises what `pipeline.load`, `pipeline.plan` and `connected` raise.
    """
    settings, target = chosen(name)
    loaded = pipeline.load(settings, target)
    if loaded.errors:
        raise InvalidManifests(loaded.problems)

    async def main() -> Plan:
        async with connected(target) as connection:
            return await pipeline.plan(loaded, target, connection.remote)

    return run(main()), target
