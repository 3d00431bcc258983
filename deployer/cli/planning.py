"""What plan, apply and publish begin with: the manifests of the project, and the plan for one target."""

from dataclasses import dataclass

from deployer import pipeline
from deployer.cli.connect import connected, run
from deployer.cli.options import chosen
from deployer.errors import InvalidManifests
from deployer.model import Plan, Settings, Target


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, what it was made of, and when: in seconds since the epoch, by the target's clock."""

    plan: Plan
    settings: Settings
    target: Target
    loaded: pipeline.Loaded
    now: float


def planned(name: str | None, publish: bool | None = None) -> Planned:
    """The plan for the target of that name, or the default one; wrong files end it before any call.

    `publish` says for all workflows whether they are to be published, None leaves it to each of them.
    Raises what `pipeline.load`, `pipeline.plan` and `connected` raise.
    """
    settings, target = chosen(name)
    loaded = pipeline.load(settings, target)
    if loaded.errors:
        raise InvalidManifests(loaded.problems)

    async def main() -> Planned:
        async with connected(target) as connection:
            made = await pipeline.plan(loaded, target, connection.remote, publish)
            return Planned(made, settings, target, loaded, connection.now())

    return run(main())
