"""A workflow and its nodes get the names of their manifest, by operations that keep ids and history.

First the workflow, folder and name in a call each, then its nodes. A node inside a loop or sub-process
has no operation of its own here: it is renamed by the import of what holds it, under the id that it has.
"""

from collections.abc import Collection
from dataclasses import replace

from deployer.entities import SELF
from deployer.errors import Conflict
from deployer.model import Observed
from deployer.moves import joined, moves
from deployer.observe import find
from deployer.standing import Standing

MOVED = "it has its new name, what else the plan shows was not written"


class Moving(Standing):
    """A workflow on its way that may have to be called otherwise first."""

    def _renamed(self, live: Observed) -> dict[str, str]:
        """Former name → name of the nodes of the workflow that have to be renamed."""
        found = moves(self._desired, live.workflow).nodes
        return {old: new for old, new in found.items() if "/" not in old}

    def _is_called_so(self, live: Observed) -> bool:
        """Whether a live workflow and its nodes have the names of the manifest."""
        return live.workflow.path == self._desired.path and not self._renamed(live)

    async def _check_free(self, identity: str) -> None:
        """Raises Conflict if another workflow is where this one is to be."""
        if await self._taken(self._desired.path, identity):
            raise Conflict(
                f"another workflow is at `{self._desired.path}` by now",
                why="it was made or moved there after the plan",
                hint="run `deployer plan` again",
            )

    async def _taken(self, path: str, identity: str) -> bool:
        sought = replace(self._desired, path=path, name=path.rpartition("/")[2])
        return await find(sought, self._remote) not in ("", identity)

    async def _relocate(self, live: Observed) -> None:
        """Brings the workflow to the path of its manifest; the name last, unless that place is taken."""
        identity, path = live.ids[SELF], live.workflow.path
        if path == self._desired.path:
            return
        (old, _, was), (new, _, now) = (each.rpartition("/") for each in (path, self._desired.path))
        legs = [joined(new, was), self._desired.path]
        if old != new and was != now and await self._taken(legs[0], identity):
            legs[0] = joined(old, now)
            if await self._taken(legs[0], identity):
                raise Conflict(
                    f"`{path}` cannot be moved to `{self._desired.path}`",
                    why=f"both `{joined(new, was)}` and `{legs[0]}`, on the way, are taken",
                    hint="move one of these workflows first",
                )
        for leg in legs:
            if leg != path:
                await self._leg(identity, path, leg)
                path = leg
        self.moved.append((live.workflow.path, path))

    async def _leg(self, identity: str, path: str, leg: str) -> None:
        """One call: either the folder or the name becomes another one."""
        (old, _, _), (folder, _, name) = path.rpartition("/"), leg.rpartition("/")
        self._step(f"moving it from {path} to {leg}")

        async def send() -> None:
            if folder != old:
                await self._remote.move(identity, folder)
            else:
                await self._remote.rename(identity, name)

        async def shows() -> bool:
            live = await self._read(identity)
            if live is None or live.workflow.path not in (path, leg):
                where = "gone" if live is None else f"at `{live.workflow.path}`"
                raise Conflict(f"`{path}` is {where} now", why="somebody else was faster")
            return live.workflow.path == leg

        await self._carried_out("move", send, shows, to=leg)
        self.standing = f"it was moved to `{leg}`, what else the plan shows was not written"

    async def _rename_nodes(self, live: Observed, gone: Collection[str]) -> None:
        """Gives the nodes of the workflow the names of its manifest, but for ids that are `gone`."""
        for old, new in self._renamed(live).items():
            if live.ids[old] not in gone:
                await self._rename_node(live.ids[SELF], live.ids[old], old, new)

    async def _rename_node(self, owner: str, identity: str, old: str, new: str) -> None:
        self._step(f"renaming node {old} to {new}")

        async def shows() -> bool:
            seen = await self._read(owner)
            return seen is not None and seen.ids.get(new) == identity

        await self._carried_out(
            "renaming", lambda: self._remote.rename_node(identity, new), shows, node=new
        )
        self.standing = MOVED
        path = self._desired.path
        self.moved.append((f"{path}#{old}", f"{path}#{new}"))
