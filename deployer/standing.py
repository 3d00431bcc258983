"""How one workflow stands while it is written: what is known, what was written, what looks show."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from deployer import schema
from deployer.attempt import Attempt
from deployer.diff import secrets
from deployer.entities import SELF
from deployer.errors import Conflict, DeployerError, OutcomeUnknown, ServiceError
from deployer.flowspec import comparable
from deployer.model import Change, Observed
from deployer.normalise import digest
from deployer.observe import find, look
from deployer.plan import change as replan
from deployer.plan import freed, moved_unmanaged
from deployer.writer import Writer

POLL_SECONDS = (1.0, 2.0, 3.0, 5.0)
SENDINGS = 5
RERUN = "run `deployer apply` again, it reads first and goes on from what is there"
NOTHING = "nothing was written for it"

Seen = TypeVar("Seen")


def declared(change: Change) -> frozenset[str]:
    """The sensitive values of a change, which the service may repeat in its words."""
    sides = (change.after and change.after.spec, change.before and change.before.workflow.spec)
    return frozenset(text for spec in sides for text in secrets(spec, schema.workflow()))


class Sighted(Attempt):
    """A change on its way, and what looks at its live workflow show."""

    def __init__(self, change: Change, writer: Writer) -> None:
        super().__init__(NOTHING, change.address, writer.records)
        self.secrets = declared(change)
        self._change = change
        self._writer = writer
        self._remote = writer.remote
        self.job = ""
        self.deleted: list[str] = []
        self.moved: list[tuple[str, str]] = []

    def _step(self, text: str) -> None:
        self._writer.progress.step(self._change.address, text)

    def _keep(self, kind: str, live: Observed | None, meant: str) -> None:
        """Saves the live workflow, just read, before it is written to; None before a creation.

        `meant` is the fingerprint that it will have if it becomes what is sent, empty if it goes.
        """
        with self._recording():
            self._records.backup(self._about, kind, live, meant)

    def _moved(self, how: str, why: str) -> Conflict:
        return Conflict(
            f"`{self._change.address}` {how}", why=why, hint="run `deployer plan` again"
        )

    async def _unmoved(self, before: Observed) -> Observed:
        """The live workflow, read once more and found as the plan saw it."""
        live = await self._read(before.ids[SELF])
        if live is None:
            raise self._moved("was deleted", "the plan still saw it")
        if live.fingerprint != before.fingerprint:
            raise self._moved("was changed", "it is not as the plan saw it")
        return live

    async def _watched(
        self,
        look: Callable[[], Awaitable[Seen]],
        enough: Callable[[Seen], bool],
        *,
        settle: bool = True,
    ) -> Seen:
        """What looks show at the end, or as soon as it is enough; reads may be late (U-27)."""
        seen = await look()
        for wait in (*POLL_SECONDS, *([self._writer.settle] if settle else [])):
            if enough(seen):
                break
            await self._writer.sleep(wait)
            seen = await look()
        return seen

    async def _seen(self, look: Callable[[], Awaitable[Seen]], lost: OutcomeUnknown) -> Seen:
        """What a look shows; without one, the outcome of the lost write stays unknown."""
        try:
            return await look()
        except DeployerError as blind:
            raise OutcomeUnknown(
                lost.what,
                where=lost.where,
                why=f"and reading failed too: {blind.what}",
                hint=RERUN,
                request_id=lost.request_id,
            ) from blind

    async def _read(self, identity: str) -> Observed | None:
        return await look(identity, self._remote)

    async def _carried_out(
        self,
        what: str,
        send: Callable[[], Awaitable[None]],
        shows: Callable[[], Awaitable[bool]],
        unmoved: Callable[[], Awaitable[object]] | None = None,
        **facts: str,
    ) -> None:
        """Sends a write that a look can show, again only if no look showed it over the settle time.

        `what` is the write as a noun; the caller says how things stand once it is carried out.
        `unmoved` looks, before it is sent again, whether it may be: somebody may have been at work
        meanwhile. By the facts a rerun tells whether it was carried out.
        """
        lost: OutcomeUnknown | None = None
        for _ in range(SENDINGS):
            refused: ServiceError | None = None
            if lost is not None and unmoved is not None:
                await unmoved()
            try:
                with self._sending(
                    f"whether the {what} was carried out is not known", what, **facts
                ):
                    await send()
                self.written = True
                return
            except OutcomeUnknown as error:
                lost = error
            except ServiceError as error:
                # Refused perhaps because an attempt whose answer was lost did it.
                if lost is None:
                    raise
                refused = error
            if await self._seen(lambda: self._watched(shows, bool), lost):
                self.written, self.unsure = True, False
                return
            if refused is not None:
                raise refused
        raise OutcomeUnknown(f"the {what} got no answer {SENDINGS} times", hint=RERUN) from lost


class Standing(Sighted):
    """What is known so far of one workflow that is written, so that an outcome can tell it."""

    def __init__(self, change: Change, writer: Writer) -> None:
        if change.after is None or change.desired is None:
            raise ValueError(f"nothing to write for {change.address}")
        super().__init__(change, writer)
        self._after = change.after
        self._desired = change.desired
        self._freed = freed(change)
        self._is_kept = False

    def _back_up(self, live: Observed | None) -> None:
        """Keeps the live workflow, just read, before the first write to it."""
        if not self._is_kept:
            self._keep(self._after.kind, live, self._meant())
            self._is_kept = True

    def _meant(self) -> str:
        """The fingerprint that the live workflow will have if it becomes what is sent."""
        before = self._change.before
        return digest(comparable(self._after, before.identifier if before else ""))

    def _is_left(self, live: Observed) -> None:
        """Notes how the workflow is after the write: what an undo has to find."""
        self._noted(lambda: self._records.left(self._about, live.fingerprint))

    async def _find(self) -> str:
        return await find(self._after, self._remote)

    async def _shown(self, identity: str, references: set[str]) -> Observed | None:
        """The live workflow once a look shows it with these entities, else as the last one shows it."""
        return await self._watched(
            lambda: self._read(identity),
            lambda live: live is not None and references <= set(live.ids),
        )

    def _is_untouched(self, live: Observed) -> bool:
        """Whether a live workflow is as it was before the import: of a new one, without nodes."""
        before = self._change.before
        if before is None:
            return not live.workflow.spec.get("nodes")
        return live.fingerprint == before.fingerprint

    def _is_desired(self, live: Observed | None) -> bool:
        return live is not None and not self._differences(live)

    def _differences(self, live: Observed) -> list[str]:
        """The fields in which a live workflow is not as it should be, unmanaged nodes included."""
        return [change.path for change in replan(self._desired, live).fields] + [
            f"nodes[{name}]" for name in moved_unmanaged(self._change, live)
        ]
