"""What plan, apply and publish begin with: the manifests of the project, and the plan for one target."""

import os
from dataclasses import dataclass, replace

from deployer import pipeline
from deployer.asked import Asked
from deployer.base import since
from deployer.cli.choosing import choice, pinned, uncommitted
from deployer.cli.connect import connected, run
from deployer.cli.options import chosen
from deployer.cli.words import say
from deployer.consent import refuse_idle
from deployer.errors import InvalidManifests
from deployer.load import nothing_to_load
from deployer.model import Plan, Settings, Target
from deployer.review import Reviewer

NOTHING = Asked()


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, what it was made of, and when: in seconds since the epoch, by the target's clock."""

    plan: Plan
    settings: Settings
    target: Target
    loaded: pipeline.Loaded
    now: float


def planned(name: str | None, asked: Asked = NOTHING) -> Planned:
    """The plan for the target of that name, or the default one; wrong files end it before any call.

    `asked` holds the flags that shape the plan: a new one is a field there, so that a saved plan is
    made again with it. Raises what `pipeline.load`, `choice`, `pipeline.plan` and `connected` raise.
    """
    settings, target = chosen(name)
    return planned_of(settings, target, pipeline.load(settings, target, none=True), asked)


def planned_of(
    settings: Settings, target: Target, loaded: pipeline.Loaded, asked: Asked
) -> Planned:
    """The plan for a target of what is loaded; raises as `planned` does."""
    if loaded.errors:
        raise InvalidManifests(loaded.problems)
    choose = choice(asked, settings, loaded)
    before = since(settings, target, asked.base, os.environ)
    edited = uncommitted(before.commit, settings, loaded)
    before = replace(before, prune=asked.prune, uncommitted=edited)
    if asked.prune and before.base is None:
        say("`--prune` deletes nothing: without a base nobody knows what is gone from git")

    async def main() -> Planned:
        async with connected(target) as connection:
            remote = connection.remote
            reviewer = Reviewer(pinned(asked, settings), connection.now())
            made = await pipeline.plan(
                loaded, target, remote, asked.publish, choose, before, reviewer
            )
            if not loaded.sources and not (made.differs or made.dangers):
                raise nothing_to_load(settings)
            refuse_idle(made, asked)
            return Planned(made, settings, target, loaded, connection.now())

    return run(main())
