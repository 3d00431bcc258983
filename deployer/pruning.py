"""Nodes that go, and names that change, on the way of a workflow that is imported otherwise.

(offline) → what makes room → new names → … the import … → what nothing waits for any more. A node is
never deleted by leaving it out of an import, whose meaning nobody knows (docs/service.md U-01).
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from deployer.edges import makers, node_names, waits
from deployer.entities import SELF
from deployer.flowspec import produced
from deployer.model import Change, Observed, Spec
from deployer.moves import seen_renamed
from deployer.moving import Moving
from deployer.plan import change as replan
from deployer.plan import freed
from deployer.removing import Offline
from deployer.writer import Writer


class Pruning(Moving, Offline):
    """A workflow on its way that loses nodes, or has to be called otherwise, besides what is imported.

    A node goes after the import, when nothing waits for it any more and all else has arrived; before it
    only if something takes its place there.
    """

    def __init__(self, change: Change, writer: Writer) -> None:
        super().__init__(change, writer)
        self._gone: set[str] = set()
        self._late: list[str] = []

    def _has_steps(self, before: Observed) -> bool:
        """Whether there is anything to do besides an import."""
        return bool(self._change.deletes) or not self._is_called_so(before)

    async def _prepared(self, before: Observed) -> Observed:
        """Does what goes before the import; the workflow as it is then, under the names it has then.

        Raises Conflict if somebody changes the workflow meanwhile.
        """
        here = seen_renamed(before, self._desired)
        early = self._early(here)
        going = [name for name in self._change.deletes if name not in early]
        self._late = readers_first(here.comparable, going)
        if self._change.moved_from:
            await self._check_free(before.ids[SELF])
        self._back_up(await self._unmoved(before))
        if self._change.deletes:
            await self._leave_production(before)
            await self._unmoved(before)
        called = self._renamed(before).values()
        gone: set[str] = set()
        for name in early:
            unmoved = partial(self._same_but, here, frozenset(gone), called)
            await unmoved()
            await self._delete_node(before.ids[SELF], here.ids[name], name, unmoved)
            gone.add(name)
        await self._relocate(before)
        await self._rename_nodes(before, {here.ids[name] for name in gone})
        self._gone = gone - set(node_names(self._desired.spec))
        return await self._same_but(here, gone, called, self._is_called_so)

    def _early(self, here: Observed) -> list[str]:
        """The nodes whose name or output something else is to have."""
        taken = produced(self._after.spec)
        nodes = here.comparable.get("nodes") or {}
        return [
            name
            for name in self._change.deletes
            if name in node_names(self._desired.spec)
            or produced({"nodes": {name: nodes.get(name) or {}}}) & taken
        ]

    def _adopted(self, before: Observed) -> bool:
        """Plans the import once more, from what is there now; whether there is anything to import.

        What is to go after it is in it, as it was read.
        """
        made = replan(self._desired, before)
        self._after = made.after or self._after
        self._change = replace(self._change, before=before, after=self._after, nodes=made.nodes)
        self._freed = freed(self._change)
        return made.after is not None

    def _differences(self, live: Observed) -> list[str]:
        """Those of any write, and the nodes that should be gone."""
        there = [f"nodes[{name}]" for name in sorted(self._gone) if name in live.ids]
        return super()._differences(live) + there


def readers_first(spec: Spec, names: Iterable[str]) -> list[str]:
    """Names of nodes such that none comes before another one of them that waits for it."""
    left = list(names)
    made = makers(spec)
    waiting = [(wait.entity, made.get(wait.output)) for wait in waits(spec)]
    result: list[str] = []
    while left:
        read = {maker for reader, maker in waiting if reader in left and maker != reader}
        free = [name for name in left if name not in read] or left
        result += free
        left = [name for name in left if name not in free]
    return result
