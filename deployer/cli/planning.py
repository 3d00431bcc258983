"""What plan, apply and publish begin with: the manifests of the project, and the plan for one target."""

import time
from dataclasses import dataclass
from pathlib import Path

from deployer import pipeline
from deployer.cache import Cache
from deployer.cli.connect import connected, run
from deployer.cli.options import chosen
from deployer.cli.words import say
from deployer.errors import InvalidManifests
from deployer.model import Plan, Target
from deployer.refresh import Recollection, anew
from deployer.remote.workspace import Remote


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, what it was made of, and when: in seconds since the epoch, by the target's clock."""

    plan: Plan
    target: Target
    loaded: pipeline.Loaded
    now: float


def planned(name: str | None, publish: bool | None = None, *, remembers: bool = False) -> Planned:
    """The plan for the target of that name, or the default one; wrong files end it before any call.

    `publish` says for all workflows whether they are to be published, None leaves it to each of them.
    One that `remembers` does not read again what the lists show as unmoved: never before a write.
    Raises what `pipeline.load`, `pipeline.plan` and `connected` raise.
    """
    settings, target = chosen(name)
    loaded = pipeline.load(settings, target)
    if loaded.errors:
        raise InvalidManifests(loaded.problems)

    async def main() -> Planned:
        async with connected(target) as connection:
            memory = recollection(settings.root, target, connection.remote) if remembers else None
            recall = memory or anew
            made = await pipeline.plan(loaded, target, connection.remote, publish, recall)
            if memory and memory.taken:
                say(_remembered(memory.taken))
            return Planned(made, target, loaded, connection.now())

    return run(main())


def recollection(root: Path, target: Target, remote: Remote) -> Recollection:
    """What earlier plans of a target kept, below its project folder."""
    cache = Cache(root, remote.client.seal)
    cache.sweep(time.time())
    return Recollection(cache, target, remote.client.now)


def _remembered(count: int) -> str:
    things = "1 workflow" if count == 1 else f"{count} workflows"
    return f"{things} not read again, unmoved by the lists; `--refresh` reads all"
