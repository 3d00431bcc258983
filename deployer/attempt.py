"""How one workflow stands while it is worked on, and how a failure is told as its outcome.

What apply and publish share: a write whose answer is lost leaves its effect in doubt, and what went
wrong with one workflow must not keep what became of the others from being told.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager

from deployer.diff import without
from deployer.errors import EXIT_BUG, EXIT_INTERRUPTED, DeployerError, OutcomeUnknown

_NO_EFFECT = {1, 3, 4}
"""Codes that say that nothing took effect, which nobody knows while a write is in doubt."""


class Attempt:
    """What is known so far.

    `standing` says at any moment what was written; `unsure`, that it is not known. `secrets` are values
    that the service may repeat in its words, and no outcome may.
    """

    def __init__(self, standing: str) -> None:
        self.standing = standing
        self.unsure = False
        self.written = False
        self.secrets: frozenset[str] = frozenset()

    @contextmanager
    def _sending(self, doubt: str) -> Iterator[None]:
        """While a write is under way its effect is in doubt; a refusal leaves all as it was.

        After a success the caller says how things stand.
        """
        before = self.standing
        self.standing, self.unsure = doubt, True
        try:
            yield
        except OutcomeUnknown:
            raise
        except DeployerError:
            self.standing, self.unsure = before, False
            raise
        self.standing, self.unsure = before, False


async def ended(work: Awaitable[None], attempt: Attempt, again: str) -> tuple[str, int]:
    """What went wrong with the work, in words and as an exit code; empty and 0 if nothing did.

    `again` says what to do after an interruption.
    """
    text, code = await _ended(work, attempt, again)
    return without(text, attempt.secrets), code


async def _ended(work: Awaitable[None], attempt: Attempt, again: str) -> tuple[str, int]:
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
