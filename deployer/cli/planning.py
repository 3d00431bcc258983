"""What plan, apply and publish begin with: the manifests of the project, and the plan for one target."""

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from deployer import pipeline
from deployer.asked import Asked
from deployer.base import since
from deployer.cache import Cache
from deployer.cli.choosing import choice, pinned, uncommitted
from deployer.cli.connect import connected, run
from deployer.cli.deadline import Deadline
from deployer.cli.options import chosen
from deployer.cli.words import say
from deployer.consent import refuse_idle
from deployer.errors import InvalidManifests
from deployer.load import nothing_to_load
from deployer.model import Plan, Settings, Target
from deployer.refresh import Recollection, anew
from deployer.remote.workspace import Remote
from deployer.review import Reviewer


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, what it was made of, and when: in seconds since the epoch, by the target's clock."""

    plan: Plan
    settings: Settings
    target: Target
    loaded: pipeline.Loaded
    now: float


def planned(
    name: str | None, asked: Asked, deadline: Deadline, *, remembers: bool = False
) -> Planned:
    """The plan for the target of that name, or the default one; wrong files end it before any call.

    `asked` holds the flags that shape the plan: a new one is a field there, so that a saved plan is
    made again with it. A plan that `remembers` does not read again what the lists show as unmoved: never
    before a write. Raises TimeOver, and what `pipeline.load`, `choice`, `pipeline.plan` and `connected`
    raise.
    """
    settings, target = chosen(name)
    loaded = pipeline.load(settings, target, none=True)
    return planned_of(settings, target, loaded, asked, deadline, remembers=remembers)


def planned_of(
    settings: Settings,
    target: Target,
    loaded: pipeline.Loaded,
    asked: Asked,
    deadline: Deadline,
    *,
    remembers: bool = False,
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
        async with deadline.bounded(), connected(target, deadline) as connection:
            remote = connection.remote
            memory = recollection(settings.root, target, remote) if remembers else None
            reviewer = Reviewer(pinned(asked, settings), connection.now())
            made = await pipeline.plan(
                loaded, target, remote, asked.publish, choose, before, reviewer, memory or anew
            )
            if memory and memory.taken:
                say(_remembered(memory.taken))
            if not loaded.sources and not (made.differs or made.dangers):
                raise nothing_to_load(settings)
            refuse_idle(made, asked)
            return Planned(made, settings, target, loaded, connection.now())

    return run(main())


def recollection(root: Path, target: Target, remote: Remote) -> Recollection:
    """What earlier plans of a target kept, below its project folder."""
    cache = Cache(root, remote.client.seal)
    cache.sweep(time.time())
    return Recollection(cache, target, remote.client.now)


def _remembered(count: int) -> str:
    things = "1 workflow" if count == 1 else f"{count} workflows"
    return f"{things} not read again, unmoved by the lists; `--refresh` reads all"
