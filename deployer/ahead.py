"""Live workflows are fetched while manifests are still being read: what a large project's plan begins with.

Many manifests are read by several processes (see `hands`), each of which compares what it read with the
live text that comes in meanwhile. So nothing is kept but what differs, and the time is that of the network
or of the processors, not of both. Where any manifest is wrong no more is asked for.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deployer.base import Since
from deployer.checking import Checked
from deployer.comparing import Asked, Compared, wished
from deployer.errors import DeployerError
from deployer.hands import Hand, Hands
from deployer.load import Loaded, together
from deployer.model import Settings, Target, Workflow
from deployer.refresh import Recall
from deployer.remote.workspace import Remote, Summary

MANY = 200
"""From so many manifests on, what the processes save is more than what they cost to make."""

_ROOM = 64
"""Workflows that are between being read and being compared: each is held as a whole."""


Live = tuple[dict[str, Summary], Remote]
"""The live workflows by path, and the project as it is to be read."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is known before a plan is made: what manifests ask for, and what was found of it already.

    `listed` are the live workflows by path, None if nobody has asked yet. A workflow of which something
    was found, by path, may be told by its edges only.
    """

    desired: Sequence[Workflow]
    listed: Mapping[str, Summary] | None = None
    found: Mapping[str, Compared] = field(default_factory=dict)


class Looking:
    """Looks at the workflows of one target."""

    def __init__(
        self,
        settings: Settings,
        target: Target,
        since: Since,
        remote: Remote,
        recall: Recall,
        hands: Hands,
        publish: bool | None = None,
    ) -> None:
        """`publish` as for `pipeline.plan`: the content of a workflow is told apart where that counts."""
        self._settings, self._target, self._since = settings, target, since
        self._remote, self._recall, self._hands = remote, recall, hands
        self._checked: dict[int, Checked] = {}
        self._failure: DeployerError | None = None
        self._stopped = False
        self._publish = publish
        self._desired: dict[str, Workflow] = {}
        self._found: dict[str, Compared] = {}

    async def look(self, files: Sequence[Path]) -> tuple[Loaded, Ahead]:
        """What the manifests at these paths say together, and how far each is what is live.

        Nothing of the latter where `Loaded` has errors. Raises what reading, and the service, raise.
        """
        listing = asyncio.create_task(self._live())
        try:
            left = iter(enumerate(files))
            await asyncio.gather(*(self._through(left, listing) for _ in range(_ROOM)))
            if not self._stopped:
                await asyncio.wait(
                    [listing]
                )  # Though no manifest was looked up in it: what is gone?
        finally:
            listing.cancel()  # Where nobody wanted it, nobody hears how it ended either.
            await asyncio.wait([listing])
        checked = [self._checked[number] for number in sorted(self._checked)]
        loaded = together(checked, self._settings, self._target)
        if loaded.errors and len(checked) == len(files):
            return loaded, Ahead(())
        if self._failure:
            raise self._failure
        listed, _ = listing.result()
        desired = [self._desired[subject.manifest.file] for subject in loaded.subjects]
        return loaded, Ahead(desired, listed, self._found)

    async def _live(self) -> Live:
        listed = await self._remote.summaries()
        return listed, await self._recall(self._remote, listed.values())

    async def _through(
        self, files: Iterator[tuple[int, Path]], listing: asyncio.Task[Live]
    ) -> None:
        """One manifest after the other, as far as that makes sense: a failure ends the asking."""
        for number, path in files:
            hand = self._hands.idlest()
            try:
                checked, head = await hand.do("check", path)
                subject = checked.subject and checked.subject.on(self._target)
                self._checked[number] = checked._replace(subject=subject)
                self._stopped = self._stopped or checked.broken
                if head is not None and not self._stopped:
                    await self._look(hand, checked.file, head, listing)
            except DeployerError as failure:
                self._failure = self._failure or failure
                self._stopped = True

    async def _look(
        self, hand: Hand, file: str, head: Workflow, listing: asyncio.Task[Live]
    ) -> None:
        listed, remote = await asyncio.shield(listing)
        summary = listed.get(head.path)
        text = await remote.spec(summary.id) if summary else None
        if summary is None or text is None:
            self._desired[file] = await hand.do("take", file)
            return
        told = wished(head, self._target, self._publish)
        asked = Asked(told, remote.may_keep(summary.id))
        found: Compared = await hand.do("compare", file, text, self._since.of(head), asked)
        if found.nodes is not None:
            remote.learnt(summary.id, text, found.nodes)
        self._desired[file] = found.desired
        self._found[head.path] = found._replace(nodes=None)
