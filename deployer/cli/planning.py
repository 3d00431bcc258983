"""What plan, apply and publish begin with: the manifests of the project, and the plan for one target."""

import os
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from deployer import hands, pipeline
from deployer.ahead import MANY, Ahead, Looking
from deployer.asked import Asked
from deployer.base import Since, since
from deployer.cache import Cache
from deployer.cli.choosing import choice, pinned, uncommitted
from deployer.cli.connect import Connection, connected, run
from deployer.cli.deadline import Deadline
from deployer.cli.options import chosen
from deployer.cli.words import say
from deployer.comparing import Comparer
from deployer.consent import refuse_idle
from deployer.errors import InvalidManifests
from deployer.load import nothing_to_load
from deployer.model import Plan, Settings, Target
from deployer.reading.tree import Folder
from deployer.refresh import Recollection, anew
from deployer.remote.workspace import Remote
from deployer.review import Reviewer
from deployer.selection import Choose, everything


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, what it was made of, and when: in seconds since the epoch, by the target's clock."""

    plan: Plan
    settings: Settings
    target: Target
    loaded: pipeline.Loaded
    now: float


def planned(
    name: str | None,
    asked: Asked,
    deadline: Deadline,
    *,
    remembers: bool = False,
    shown: bool = False,
) -> Planned:
    """The plan for the target of that name, or the default one; wrong files end it before any call.

    `asked` holds the flags that shape the plan: a new one is a field there, so that a saved plan is
    made again with it. A plan that `remembers` does not read again what the lists show as unmoved: never
    before a write. One that is only `shown`, neither saved nor carried out, may be of so many manifests
    that the service is asked while they are read (see `ahead`): nothing is left of their documents then,
    and of what is unchanged. Raises TimeOver, and what `pipeline.load`, `choice`, `pipeline.plan` and
    `connected` raise.
    """
    settings, target = chosen(name)
    if shown and (many := _many(settings, target, asked)):
        return _planned_ahead(many, settings, target, asked, deadline, remembers=remembers)
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
    before = _before(settings, target, asked)

    async def main() -> Planned:
        async with deadline.bounded(), connected(target, deadline) as connection:
            memory = recollection(settings.root, target, connection.remote) if remembers else None
            making = _Making(settings, target, asked, before, connection, memory)
            return await making.plan(loaded, choose)

    return run(main())


def _many(settings: Settings, target: Target, asked: Asked) -> list[Path]:
    """The manifests, if there are so many that they are read while the service is asked.

    Not where calls are counted, for wrong files should cost none; nor where only some are meant.
    """
    if asked.select or asked.exclude or "apiCallsPerDay" in target.limits or not hands.count():
        return []
    found = pipeline.files(settings, (), Folder(settings.root), none=True)
    return found if len(found) >= MANY else []


def _planned_ahead(
    manifests: list[Path],
    settings: Settings,
    target: Target,
    asked: Asked,
    deadline: Deadline,
    *,
    remembers: bool,
) -> Planned:
    before = _before(settings, target, asked)

    with hands.Hands(partial(Comparer, settings, target), hands.count()) as working:

        async def main() -> Planned:
            async with deadline.bounded(), connected(target, deadline) as connection:
                remote = connection.remote
                memory = recollection(settings.root, target, remote) if remembers else None
                recall = memory or anew
                looking = Looking(settings, target, before, remote, recall, working, asked.publish)
                async with working:
                    loaded, ahead = await looking.look(manifests)
                if loaded.errors:
                    raise InvalidManifests(loaded.problems)
                making = _Making(settings, target, asked, before, connection, memory)
                return await making.plan(loaded, everything, ahead)

        return run(main())


def _before(settings: Settings, target: Target, asked: Asked) -> Since:
    before = since(settings, target, asked.base, os.environ)
    if asked.prune and before.base is None:
        say("`--prune` deletes nothing: without a base nobody knows what is gone from git")
    return replace(before, prune=asked.prune)


@dataclass(frozen=True, slots=True)
class _Making:
    """All that a plan is made with, but for the manifests."""

    settings: Settings
    target: Target
    asked: Asked
    before: Since
    connection: Connection
    memory: Recollection | None

    async def plan(
        self, loaded: pipeline.Loaded, choose: Choose, ahead: Ahead | None = None
    ) -> Planned:
        """The plan of what is loaded; says what was not read again."""
        settings, target, asked, memory = self.settings, self.target, self.asked, self.memory
        now = self.connection.now()
        before = replace(self.before, uncommitted=uncommitted(self.before.commit, settings, loaded))
        reviewer = Reviewer(pinned(asked, settings), now)
        made = await pipeline.plan(
            loaded,
            target,
            self.connection.remote,
            asked.publish,
            choose,
            before,
            reviewer,
            memory or anew,
            ahead,
        )
        if memory and memory.taken:
            say(_remembered(memory.taken))
        if not loaded.sources and not (made.differs or made.dangers):
            raise nothing_to_load(settings)
        refuse_idle(made, asked)
        return Planned(made, settings, target, loaded, self.connection.now())


def recollection(root: Path, target: Target, remote: Remote) -> Recollection:
    """What earlier plans of a target kept, below its project folder."""
    cache = Cache(root, remote.client.seal)
    cache.sweep(time.time())
    return Recollection(cache, target, remote.client.now)


def _remembered(count: int) -> str:
    things = "1 workflow" if count == 1 else f"{count} workflows"
    return f"{things} not read again, unmoved by the lists; `--refresh` reads all"
