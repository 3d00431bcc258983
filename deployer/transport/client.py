"""One call of the DataWorks API: signed, spaced, bounded in time and size, repeated where safe.

Holds the rule that a write is sent again only when the service cannot have carried it out (B-70 and
B-102 in docs/service.md); the shapes of parameters and answers are left to `deployer.remote`.

    call ── attempt ── sign ── send ── read ──▶ Answer ── judge ──▶ Verdict ── done | repeat | raise
"""

import asyncio
import logging
import random
import ssl
import time
from collections.abc import AsyncIterable, Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, cast
from uuid import uuid4

import httpx

from deployer.errors import UsageError
from deployer.transport.answer import Answer, Unreadable, read_body, read_json
from deployer.transport.credentials import Credentials
from deployer.transport.lanes import Lanes, connecting
from deployer.transport.pace import RateLimit, RetryBudget, Sleep, backoff, retry_after
from deployer.transport.quota import Quota
from deployer.transport.request import Operation, Params, Signature, build
from deployer.transport.verdict import Verdict, error_for, judge

__all__ = ["ATTEMPTS", "Client", "Operation", "read_json"]

ATTEMPTS = 8
FEW_ATTEMPTS = 3
"""Attempts where the calls of a day are counted: refused ones count too (docs/service.md B-104)."""

LAST_ATTEMPT = 90.0
"""Seconds of a call after which it is not repeated any more, so that an outage ends a command soon."""

IMPATIENT = 10.0
"""Seconds for an attempt after one that waited in vain."""

_DAY = 24 * 3600.0
_TIMED_OUT = "no complete answer within {:g} s"
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_ONCE = (Verdict.CLOCK, Verdict.TOKEN)

log = logging.getLogger(__name__)


class Client:
    """Calls one endpoint; an async context manager that owns the connections."""

    def __init__(
        self,
        endpoint: str,
        credentials: Callable[[], Credentials],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        rate: float | None = None,
        connections: int = 16,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        nonce: Callable[[], str] = lambda: uuid4().hex,
        now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
        quota: Quota | None = None,
    ) -> None:
        self.calls = 0
        """Requests sent so far; repeated and refused ones count at the service too (B-104)."""
        self.quota = quota
        """What is left of the calls of the day, where these are counted."""
        self.skew: float | None = None
        """Seconds by which the service's clock was ahead of this machine's, as it last told."""
        self._attempts = FEW_ATTEMPTS if quota else ATTEMPTS
        self._url = endpoint.rstrip("/") + "/"
        self._credentials = credentials
        self._clock, self._sleep, self._nonce = clock, sleep, nonce
        self._now, self._chance = now, chance
        self._offset = 0.0
        self._limit = RateLimit(rate, clock, sleep) if rate else None
        self._budget = RetryBudget()
        self._lanes = Lanes(connections, connecting(self._url, transport))

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._lanes.aclose()

    def now(self) -> float:
        """Seconds since the epoch by the service's clock, so far as its refusals told (B-102)."""
        return self._now() + self._offset

    def seal(self, data: bytes) -> str:
        """A digest of data that nobody can make without the credentials of these calls."""
        return self._credentials().seal(data)

    async def call(self, operation: Operation, params: Params) -> dict[str, Any]:
        """Return the service's answer as a JSON object.

        Raises OutcomeUnknown as soon as a write may or may not have been carried out; Unreachable
        when there is no usable answer after all attempts; Throttled, CredentialsError, NotFound or
        another ServiceError when the service refuses; UsageError when a certificate is not trusted;
        QuotaUsed, before anything is sent, when too few calls of the day are left.
        """
        used: set[Verdict] = set()
        began, deadline = self._clock(), operation.deadline
        for attempt in range(1, self._attempts + 1):
            credentials = self._credentials()
            answer = await self._attempt(operation, params, credentials, attempt, deadline)
            self._note_clock(answer)
            deadline = IMPATIENT if answer.slow else deadline
            verdict = judge(answer)
            if verdict is Verdict.DONE:
                answer = _fitting(answer, operation, params)
                verdict = judge(answer)
            if verdict is Verdict.DONE and answer.document is not None:
                self._budget.refund()
                return answer.document
            last = attempt == self._attempts or verdict in used
            late = self._clock() - began > LAST_ATTEMPT
            if last or late or not self._may_repeat(verdict, operation, answer, credentials):
                break
            if verdict in _ONCE:
                used.add(verdict)
            else:
                await self._sleep(self._pause(answer, attempt))
        raise error_for(verdict, answer, operation.name, not operation.reads, credentials)

    def _may_repeat(
        self, verdict: Verdict, operation: Operation, answer: Answer, credentials: Credentials
    ) -> bool:
        match verdict:
            case Verdict.THROTTLED:
                return True
            case Verdict.NOT_SENT | Verdict.UNKNOWN:
                may = operation.reads or verdict is Verdict.NOT_SENT
                return may and self._budget.take(slow=answer.slow)
            case Verdict.CLOCK:
                return self._correct_clock()
            case Verdict.TOKEN:
                return self._credentials() != credentials
            case _:
                return False

    def _pause(self, answer: Answer, attempt: int) -> float:
        asked = retry_after(answer.header("x-acs-retry-after"))
        return backoff(attempt, self._chance()) if asked is None else asked

    def _note_clock(self, answer: Answer) -> None:
        try:
            server = parsedate_to_datetime(answer.header("date")).timestamp()
        except ValueError:
            return
        self.skew = server - self._now()

    def _correct_clock(self) -> bool:
        offset = self.skew
        if offset is None:
            return False
        log.warning("the clock of this machine is off by %.0f min", abs(offset) / 60)
        if abs(offset) > _DAY:
            return False
        self._offset = offset
        return True

    async def _attempt(
        self,
        operation: Operation,
        params: Params,
        credentials: Credentials,
        attempt: int,
        deadline: float,
    ) -> Answer:
        async with self._lanes.one() as http:
            if self._limit:
                await self._limit.turn()
            if self.quota:
                self.quota.take(writes=attempt == 1 and not operation.reads)
            started = self._clock()
            request = build(self._url, operation, params)
            signature = Signature(credentials, self._nonce(), self._now() + self._offset)
            self.calls += 1
            answer = await self._exchange(http, request, signature, deadline)
        log.debug(
            "%s attempt %d: %s in %.0f ms",
            operation.name,
            attempt,
            answer.status or answer.fault,
            (self._clock() - started) * 1000,
        )
        return answer

    async def _exchange(
        self, http: httpx.AsyncClient, request: httpx.Request, signature: Signature, deadline: float
    ) -> Answer:
        try:
            async with asyncio.timeout(deadline):
                return await _received(http, request, signature)
        except _NOT_SENT as error:
            self.calls -= 1
            _refuse_certificate(error, request.url.host)
            return Answer(fault=f"not connected: {error}", sent=False)
        except TimeoutError:
            self._lanes.leave(http)
            return Answer(fault=_TIMED_OUT.format(deadline), slow=True)
        except httpx.TransportError as error:
            # By its type only: some of these quote a header, and with it a secret.
            return Answer(fault=f"the connection failed with {type(error).__name__}")


async def _received(
    http: httpx.AsyncClient, request: httpx.Request, signature: Signature
) -> Answer:
    response = await http.send(request, auth=signature, stream=True)
    status, headers = response.status_code, response.headers
    # The stream itself, not `aiter_raw`, which refuses an answer that a test made in memory.
    chunks = cast("AsyncIterable[bytes]", response.stream)
    try:
        body = await read_body(chunks, headers.get("content-encoding", ""))
    except Unreadable as error:
        return Answer(status, headers, fault=str(error))
    finally:
        await response.aclose()
    document = read_json(body)
    if document is None and response.is_success:
        return Answer(status, headers, fault="the answer is not a JSON object")
    return Answer(status, headers, document)


def _fitting(answer: Answer, operation: Operation, params: Params) -> Answer:
    """The answer, as one that cannot be understood if it is none to what was asked."""
    wrong = operation.fits(answer.document or {}, params)
    return replace(answer, fault=f"the answer does not match: {wrong}") if wrong else answer


def _refuse_certificate(error: BaseException, host: str) -> None:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise UsageError(
                f"the certificate of `{host}` is not trusted",
                why=cause.verify_message,
                written="nothing was sent",
                hint="check the endpoint, and whether a proxy stands in between",
            ) from error
        cause = cause.__cause__ or cause.__context__
