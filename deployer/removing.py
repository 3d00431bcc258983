"""What is deleted: a workflow, and the steps that the deletion of a node shares with that.

What is published leaves production first (docs/service.md B-50). A deletion is sent only if the request
just before it showed what the plan saw, and is done only when reads show that it is gone.
"""

import re
from collections.abc import Awaitable, Callable, Collection
from functools import partial

from deployer.edges import node_names
from deployer.entities import SELF
from deployer.errors import NotFound, RefusedBySafety, ServiceError, VerificationFailed
from deployer.model import Observed
from deployer.moves import seen_renamed
from deployer.normalise import canonical
from deployer.publishing.offline import is_online, taking_offline
from deployer.remote.scheduling import NotPublished, Scheduling
from deployer.remote.workspace import LISTED_TYPES
from deployer.standing import Sighted

GONE = "it is deleted"

_HOLDS_NODES = re.compile(r"empty|node|节点", re.IGNORECASE)
"""A refusal because there are nodes in a workflow, in the words of any service (docs/service.md U-14)."""
_OF_WORKFLOW = ("name", "script", "outputs", "nodes", "dependencies")
"""Fields of a workflow that follow from its name and from its nodes."""


class Offline(Sighted):
    """A change that may have to wait until its workflow has left production."""

    async def _leave_production(self, before: Observed) -> None:
        """Takes the workflow offline where the plan says so; a rerun goes on with the same run.

        Raises Conflict if it is published and the plan did not say so, and what driving raises.
        """
        publisher = self._writer.publisher
        if not self._change.offline:
            if publisher is not None and await is_online(before.ids[SELF], publisher.runs):
                raise self._moved("was published", "the plan saw it unpublished")
            return
        if publisher is None:
            raise RefusedBySafety(
                f"`{self._change.address}` cannot be taken out of production here",
                hint="run `deployer apply`",
            )
        await self._unmoved(before)
        self._step("taking it out of production")
        drive = taking_offline(self._change, publisher)
        try:
            await drive.to_end()
        finally:
            self.written |= drive.written
            self.unsure, self.standing = drive.unsure, drive.standing
        self.standing = "it is out of production, and not deleted yet"
        await self._check_offline()

    async def _check_offline(self) -> None:
        """Raises VerificationFailed if the workflow is still scheduled in production."""
        before = self._change.before
        path = before.workflow.path if before else self._change.address
        try:
            online = await Scheduling(self._remote).workflow(path)
        except (NotPublished, NotFound):
            return
        raise VerificationFailed(
            f"`{path}` is still in production",
            why=f"the scheduling side knows it as {online.id}, though its pipeline run succeeded",
            hint="look at it in Operation Center, then run `deployer apply` again",
        )

    async def _delete_node(
        self, owner: str, identity: str, name: str, unmoved: Callable[[], Awaitable[object]]
    ) -> None:
        """Deletes a node of a workflow, at which the caller has just looked by `unmoved` or so."""
        self._step(f"deleting node {name}")

        async def shows() -> bool:
            live = await self._read(owner)
            return live is None or identity not in live.ids.values()

        await self._carried_out(
            "deletion", lambda: self._remote.delete_node(identity), shows, unmoved, node=name
        )
        self.standing = f"node `{name}` is deleted"
        self.deleted.append(f"{self._change.address}#{name}")

    async def _same_but(
        self,
        before: Observed,
        gone: Collection[str],
        called: Collection[str] = (),
        arrived: Callable[[Observed], bool] = lambda _: True,
    ) -> Observed:
        """The workflow as it is now: as it was, without the nodes that are gone; raises Conflict.

        `before` has the names of the manifest; of the nodes `called` otherwise only the scripts are
        compared, for more follows from a name. Looks are late until one has `arrived`.
        """

        def is_there(live: Observed | None) -> bool:
            return live is not None and arrived(live) and self._is_same(live, before, gone, called)

        live = await self._watched(lambda: self._read(before.ids[SELF]), is_there)
        if live is None or not is_there(live):
            raise self._moved("was changed", "somebody else was at work on it meanwhile")
        return live

    def _is_same(
        self, live: Observed, before: Observed, gone: Collection[str], called: Collection[str]
    ) -> bool:
        desired = self._change.desired
        now = live if desired is None else seen_renamed(live, desired)
        left = set(gone) & set(node_names(now.comparable))
        return not left and _rest(now, gone, called) == _rest(before, gone, called)


def _rest(live: Observed, gone: Collection[str], called: Collection[str]) -> bytes:
    """What of a workflow does not follow from its names, or from nodes that go or are renamed."""
    form = live.comparable
    nodes = {
        name: (node.get("script") or {}).get("content") if name in called else node
        for name, node in (form.get("nodes") or {}).items()
        if name not in gone
    }
    own = {key: value for key, value in form.items() if key not in _OF_WORKFLOW}
    return canonical([own, nodes])


class Removal(Offline):
    """A workflow on its way out."""

    async def run(self) -> None:
        """Returns when no read shows the workflow any more."""
        before = self._change.before
        if before is None:
            raise ValueError(f"nothing to delete for {self._change.address}")
        self._keep(before.workflow.kind, await self._unmoved(before), "")
        await self._leave_production(before)
        await self._unmoved(before)
        try:
            await self._delete(before, partial(self._unmoved, before))
        except ServiceError as refused:
            if not node_names(before.comparable) or not _HOLDS_NODES.search(_said(refused)):
                raise
            await self._empty(before)
            names = node_names(before.comparable)
            await self._delete(before, partial(self._same_but, before, names))
        self.standing = GONE
        self.deleted.append(self._change.address)
        await self._check_gone(before)
        self._noted(lambda: self._records.left(self._about, ""))
        if self._in_doubt:
            self._settled()

    async def _delete(self, before: Observed, unmoved: Callable[[], Awaitable[object]]) -> None:
        identity = before.ids[SELF]
        self._step("deleting it")

        async def shows() -> bool:
            return await self._read(identity) is None

        await self._carried_out("deletion", lambda: self._remote.delete(identity), shows, unmoved)

    async def _empty(self, before: Observed) -> None:
        """Deletes the nodes first, where the service does not take them along (U-14)."""
        gone: set[str] = set()
        for name in node_names(before.comparable):
            unmoved = partial(self._same_but, before, frozenset(gone))
            await unmoved()
            await self._delete_node(before.ids[SELF], before.ids[name], name, unmoved)
            gone.add(name)
        await self._same_but(before, gone)

    async def _check_gone(self, before: Observed) -> None:
        """Raises VerificationFailed unless reads and lists agree that there is nothing any more."""
        identity, workflow = before.ids[SELF], before.workflow

        async def is_gone() -> bool:
            if await self._read(identity) is not None:
                return False
            listed = workflow.kind in LISTED_TYPES
            named = await self._remote.named(workflow.name, workflow.kind) if listed else []
            return identity not in [summary.id for summary in named]

        self._step("looking whether it is gone")
        if not await self._watched(is_gone, bool):
            raise VerificationFailed(
                f"`{workflow.path}` was deleted, and is still shown",
                why=f"its id is {identity}",
                hint="run `deployer plan`: it tells what is there",
            )


def _said(refused: ServiceError) -> str:
    return f"{refused.code} {refused.why}"
