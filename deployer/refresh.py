"""Which live workflows a plan has to read again, and which it may take as they were read before.

Taken from the cache is only what ListWorkflowDefinitions and ListNodes both show as unmoved: the same line
in the list of workflows; each of its nodes listed and changed before the reading, and no other node below
its path. Whether the first alone would tell is unknown (docs/service.md U-07); what neither shows cannot be
known without reading, hence `plan --refresh`, and an end to each entry. Only `plan` may use this: what is
written is read just before.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer import __version__, schema
from deployer.cache import Cache
from deployer.diff import holds_secret
from deployer.entities import SELF
from deployer.errors import CredentialsError, ServiceError
from deployer.flowspec import nested, read_live
from deployer.model import Target
from deployer.normalise import digest
from deployer.reading.source import access_key
from deployer.remote.workspace import NodeLine, Remote, Summary, document_of

SETTLED = 20 * 60.0
"""How long before its reading a workflow must have been changed last, in seconds.

Clocks may differ by 15 minutes before the service refuses a call (docs/service.md B-102), and a read may
show the state of a little before (U-27).
"""

LONGEST = 24 * 3600.0
"""How long an entry serves, in seconds: nothing that the lists hide stays hidden for more than a day."""

_FORM = "a line about the text, the text"
"""How an entry is written; entries of another form are none."""

Document = dict[str, Any]
Recall = Callable[[Remote, Iterable[Summary]], Awaitable[Remote]]
"""Gives the project as it is to be read, for the listed workflows that are wanted."""


async def anew(remote: Remote, wanted: Iterable[Summary]) -> Remote:
    """Everything is read: what `--refresh` asks for, and all commands that write."""
    return remote


@dataclass(slots=True)
class Recollection:
    """A `Recall` that takes from a cache what did not move; `taken` counts that.

    `now` is the time of the service, in seconds since the epoch.
    """

    cache: Cache = field(repr=False)
    target: Target
    now: Callable[[], float]
    taken: int = 0
    _maker: str = field(init=False)

    def __post_init__(self) -> None:
        self._maker = digest([__version__, _FORM, schema.load("manifest")])

    async def __call__(self, remote: Remote, wanted: Iterable[Summary]) -> Remote:
        """The project, in which reading an unmoved workflow costs no call."""
        listed = {each.id: each for each in wanted}
        kept = {key: found[0] for key, each in listed.items() if (found := self._kept(each))}
        # The list of nodes costs a call itself: for one workflow there is nothing to gain.
        lines = await _lines(remote, len(kept)) if len(kept) > 1 else []
        return _Recalled(remote, listed, _unmoved(listed, kept, lines), self)

    def text(self, summary: Summary) -> str | None:
        """The document that was kept, as it was read, if it is still there."""
        found = self._kept(summary)
        if found is None:
            return None
        self.taken += 1
        return found[1].decode()

    def keep(self, summary: Summary, text: str, nodes: tuple[str, ...], read: float) -> None:
        """Keep what was asked for at `read`, with these nodes; never what was changed just before."""
        if not summary.modified or not _settled(summary.modified, read):
            return
        head = {"maker": self._maker, "read": read, "line": summary.line, "nodes": nodes}
        data = json.dumps(head).encode() + b"\n" + text.encode()
        self.cache.put(self._key(summary), data)

    def _kept(self, summary: Summary) -> tuple[dict[str, Any], bytes] | None:
        """What is said of an entry, and its text, where the list still says the same."""
        data = self.cache.get(self._key(summary))
        if data is None:
            return None
        said, _, text = data.partition(b"\n")
        head: dict[str, Any] = json.loads(said)
        same = (head["maker"], head["line"]) == (self._maker, summary.line)
        return (head, text) if same and 0 <= self.now() - head["read"] <= LONGEST else None

    def _key(self, summary: Summary) -> str:
        target = self.target
        where = (target.region, target.endpoint, str(target.emulator or ""), target.project)
        return json.dumps([*where, summary.id])


class _Recalled(Remote):
    """A project of which some workflows are known already."""

    def __init__(
        self,
        remote: Remote,
        listed: Mapping[str, Summary],
        unmoved: set[str],
        memory: Recollection,
    ) -> None:
        super().__init__(remote.client, remote.project)
        self._listed, self._unmoved, self._memory = listed, unmoved, memory
        self._read: dict[str, float] = {}

    def may_keep(self, identity: str) -> bool:
        """See `Remote`."""
        return identity in self._read

    def learnt(self, identity: str, text: str, nodes: tuple[str, ...]) -> None:
        """See `Remote`."""
        self._memory.keep(self._listed[identity], text, nodes, self._read[identity])

    async def spec(self, identity: str) -> str | None:
        """The text of a workflow, from the service unless it is known not to have moved."""
        summary = self._listed.get(identity)
        if summary is not None and identity in self._unmoved:
            kept = self._memory.text(summary)
            if kept is not None:
                return kept
        if summary is not None:
            self._read[identity] = self._memory.now()
        return await super().spec(identity)

    async def definition(self, identity: str) -> Document | None:
        """The document of a workflow; what the service was asked for is kept for the next plan."""
        text = await self.spec(identity)
        if text is None:
            return None
        document = document_of(text)
        if self.may_keep(identity):
            nodes = worth_keeping(document, read_live(document).ids)
            if nodes is not None:
                self.learnt(identity, text, nodes)
        return document


async def _lines(remote: Remote, most: int) -> list[NodeLine]:
    """The listed nodes; none where it is not allowed to list them, or costs more than it saves."""
    try:
        return await remote.node_lines(most)
    except (ServiceError, CredentialsError):
        return []


def _unmoved(
    listed: Mapping[str, Summary], kept: Mapping[str, dict[str, Any]], lines: Iterable[NodeLine]
) -> set[str]:
    """The ids of the workflows whose every node is listed as changed before it was read."""
    by_id: dict[str, NodeLine] = {}
    below: dict[str, set[str]] = {}
    for line in lines:
        by_id[line.id] = line
        for folder in _folders(line.path):
            below.setdefault(folder, set()).add(line.id)
    return {
        identity
        for identity, entry in kept.items()
        if entry["nodes"]
        and below.get(listed[identity].path, set()) <= set(entry["nodes"]) <= by_id.keys()
        and all(_settled(by_id[node].modified, entry["read"]) for node in entry["nodes"])
    }


def _folders(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts)))


def _settled(modified: int, read: float) -> bool:
    """Whether a change, in ms since the epoch, was long over when something was read."""
    return 0 < modified / 1000 < read - SETTLED


def worth_keeping(document: Document, ids: Mapping[str, str]) -> tuple[str, ...] | None:
    """The ids of the nodes in a document that has these ids; None if it is not to lie on a disk.

    That is one with a sensitive value, or a key in one of its texts.
    """
    if holds_secret(nested(document), schema.document()) or access_key("\n".join(_texts(document))):
        return None
    return tuple(each for key, each in ids.items() if key != SELF)


def _texts(value: Any) -> Iterator[str]:
    """Every text in a document; in the answer itself, the letter of an escape may stand before it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
