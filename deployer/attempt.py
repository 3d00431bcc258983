"""How one workflow stands while it is worked on, and how a failure is told as its outcome.

What apply and publish share: a write whose answer is lost leaves its effect in doubt, and what went
wrong with one workflow must not keep what became of the others from being told.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from deployer.errors import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    DeployerError,
    NotRecorded,
    OutcomeUnknown,
    UsageError,
)
from deployer.reading.project_files import FileRefused
from deployer.records import Records

_AGAIN = "make room, then run the command again: it reads first and goes on from what is there"
_NO_EFFECT = {1, 3, 4, 64}
"""Codes that say that nothing took effect, which nobody knows while a write is in doubt."""


class Attempt:
    """What is known so far.

    `standing` says at any moment what was written; `unsure`, that it is not known. Every write is
    sent inside `_sending`, which is where `records` hear of it.
    """

    def __init__(self, standing: str, address: str, records: Records) -> None:
        self.standing = standing
        self.unsure = False
        self.written = False
        self._about = address
        self._records = records
        self._in_doubt: set[str] = set()

    @contextmanager
    def _sending(self, doubt: str, what: str, **facts: str) -> Iterator[dict[str, str]]:
        """While a write is under way its effect is in doubt; a refusal leaves all as it was.

        `what` is what is sent, as a noun; it is on disk, with the facts, before the body begins. The
        body may note facts of the answer in what it is given. After a success the caller says how
        things stand. Raises UsageError where nothing was written yet and the intent cannot be recorded,
        NotRecorded where something was.
        """
        lost = what in self._in_doubt
        self._intend(what, facts)
        before = self.standing
        self.standing, self.unsure = doubt, True
        answered: dict[str, str] = {}
        try:
            yield answered
        except OutcomeUnknown:
            raise
        except DeployerError:
            self.standing, self.unsure = before, False
            # The refusal is what must be told; an intent without an end costs the next run a look.
            # It says nothing of an earlier sending whose answer was lost.
            with suppress(FileRefused):
                if not lost:
                    self._over(what, {})
            raise
        self.standing, self.unsure = before, False
        self._noted(lambda: self._over(what, answered))

    def _intend(self, what: str, facts: Mapping[str, str]) -> None:
        with self._recording():
            self._records.intend(self._about, what, **facts)
        self._in_doubt.add(what)

    def _over(self, what: str, facts: Mapping[str, str]) -> None:
        self._records.ended(self._about, what, **facts)
        if "job" not in facts:
            self._in_doubt.discard(what)

    def _settled(self) -> None:
        """A look showed what became of everything that was sent."""
        self._noted(lambda: self._records.settled(self._about))
        self._in_doubt.clear()

    @contextmanager
    def _recording(self) -> Iterator[None]:
        """What must be on disk before a write is sent."""
        try:
            yield
        except FileRefused as refused:
            if not (self.written or self.unsure):
                raise cannot_record(refused) from refused
            raise NotRecorded(
                "cannot record intent; nothing more was sent", why=refused.message, hint=_AGAIN
            ) from refused

    def _noted(self, note: Callable[[], None]) -> None:
        """Makes a note after a write was answered. Raises NotRecorded."""
        try:
            note()
        except FileRefused as refused:
            self.written = True
            raise NotRecorded(
                "cannot record what became of a write",
                why=refused.message,
                written="it was sent and answered",
                hint=_AGAIN,
            ) from refused


def cannot_record(refused: FileRefused) -> UsageError:
    """What is said where not even the first intent can be noted."""
    return UsageError(
        "cannot record intent; nothing sent",
        why=refused.message,
        written="nothing was written",
        hint="make room, give write permission, or put a folder in the place of a link; then run it again",
    )


async def ended(work: Awaitable[None], attempt: Attempt, again: str) -> tuple[str, int]:
    """What went wrong with the work, in words and as an exit code; empty and 0 if nothing did.

    `again` says what to do after an interruption.
    """
    try:
        await work
    except asyncio.CancelledError:
        code = OutcomeUnknown.exit_code if attempt.unsure else EXIT_INTERRUPTED
        return f"interrupted; {attempt.standing}; {again}", code
    except DeployerError as failure:
        lost = attempt.unsure and failure.exit_code in _NO_EFFECT
        code = OutcomeUnknown.exit_code if lost else failure.exit_code
        return _words(failure, attempt.standing), code
    except Exception as bug:  # noqa: BLE001 (what became of the other workflows must still be told)
        at = traceback.extract_tb(bug.__traceback__)[-1]
        text = f"a bug in deployer: {type(bug).__name__}: {bug} ({at.name}, line {at.lineno})"
        return f"{text}; {attempt.standing}", EXIT_BUG
    return "", 0


def _words(failure: DeployerError, standing: str) -> str:
    parts = [failure.what, failure.why, failure.written or standing, failure.hint]
    if failure.request_id:
        parts.append(f"request {failure.request_id}")
    return "; ".join(part for part in parts if part)
