"""One call of GitHub's API: sent with the token, bounded in time, repeated where that is safe.

    request ── send ── judge ──▶ answer | repeat after a pause | raise

A call that makes something new is sent once only unless GitHub said that it refused it; what became of a
lost one has to be looked for.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import httpx

from deployer.errors import CredentialsError, DeployerError, ServiceError, Throttled, Unreachable
from deployer.transport.credentials import without
from deployer.transport.pace import Sleep, backoff

ATTEMPTS = 6
LONGEST_WAIT = 120.0
"""Seconds: a job of CI that waits longer for a rate limit is better run again."""

_DEADLINE = 30.0
_MINUTE = 60.0
"""What GitHub asks for where it names no time."""
_REFUSED = (403, 404)
_MAY_NOT = (
    "a pull request from a fork gets a token that only reads; any other needs "
    "`permissions: {pull-requests: write}` in its job"
)


class Lost(Unreachable):
    """A call was sent, and whether it was carried out is not known."""


class GitHub:
    """Calls GitHub's API with one token; an async context manager that owns the connections."""

    def __init__(
        self,
        token: str,
        *,
        sleep: Sleep = asyncio.sleep,
        now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
        loopback: bool = False,
    ) -> None:
        self.sleep = sleep
        self._now, self._chance = now, chance
        headers = {
            "accept": "application/vnd.github+json",
            "authorization": f"Bearer {token}",
            "user-agent": "deployer",
            "x-github-api-version": "2022-11-28",
        }
        self._http = httpx.AsyncClient(
            headers=headers, timeout=_DEADLINE, follow_redirects=False, trust_env=not loopback
        )

    async def __aenter__(self) -> "GitHub":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def call(
        self, method: str, url: str, body: object = None, *, once: bool = False, **params: int
    ) -> Any:
        """The JSON value of GitHub's answer.

        `once` says that a second call would make a second thing: Lost is raised as soon as the first
        one may have been carried out. Raises Throttled, CredentialsError, ServiceError or
        Unreachable.
        """
        for attempt in range(1, ATTEMPTS + 1):
            answer, fault = await self._send(method, url, body, params)
            if answer is not None and answer.is_success:
                return _value(answer)
            wait = self._refused_for(answer) if answer is not None else None
            if wait is not None:
                if wait > LONGEST_WAIT or attempt == ATTEMPTS:
                    raise _throttled(wait)
                await self.sleep(wait)
                continue
            if answer is not None and not answer.is_server_error:
                raise _refusal(answer, reads=method == "GET")
            if once:
                raise Lost("no answer of GitHub", why=fault)
            await self.sleep(self.pause(attempt))
        raise _unreachable(fault)

    def pause(self, attempt: int) -> float:
        """How many seconds to wait after attempt 1, 2, …"""
        return backoff(attempt, self._chance())

    async def _send(
        self, method: str, url: str, body: object, params: dict[str, int]
    ) -> tuple[httpx.Response | None, str]:
        """The answer, or none and why."""
        try:
            async with asyncio.timeout(_DEADLINE):
                answer = await self._http.request(method, url, json=body, params=params or None)
        except TimeoutError:
            return None, f"no complete answer within {_DEADLINE:g} s"
        except httpx.HTTPError as error:
            # By its type only: some of these quote a header, and with it the token.
            return None, f"the connection failed with {type(error).__name__}"
        return answer, f"it answered with status {answer.status_code}"

    def _refused_for(self, answer: httpx.Response) -> float | None:
        """Seconds after which GitHub takes the call again; None if no limit was met."""
        headers = answer.headers
        spent = headers.get("x-ratelimit-remaining") == "0"
        told = headers.get("retry-after")
        limited = spent or told or "rate limit" in _message(answer)
        if answer.status_code != 429 and not (answer.status_code == 403 and limited):
            return None
        if told and told.isascii() and told.isdigit():
            return float(told)
        reset = headers.get("x-ratelimit-reset", "")
        if spent and reset.isascii() and reset.isdigit():
            return max(0.0, float(reset) - self._now())
        return _MINUTE


def _value(answer: httpx.Response) -> Any:
    try:
        return _told(answer)
    except (ValueError, RecursionError) as error:
        raise Unreachable(
            "GitHub's answer cannot be understood", where=str(answer.request.url)
        ) from error


def _told(answer: httpx.Response) -> Any:
    """What was answered, without the token wherever it is repeated."""
    token = answer.request.headers["authorization"].removeprefix("Bearer ")
    return json.loads(without(answer.text, [token]))


def _throttled(wait: float) -> Throttled:
    return Throttled(
        "GitHub takes no more calls of this token for now",
        why=f"its rate limit is used up for another {wait:.0f} s",
        hint="run the job again later",
    )


def _unreachable(fault: str) -> Unreachable:
    return Unreachable(
        "GitHub does not answer",
        why=fault,
        hint="run the job again: the comment is found and replaced, never made twice",
    )


def _refusal(answer: httpx.Response, reads: bool) -> DeployerError:
    """What a status that repeating cannot cure means."""
    status, why = answer.status_code, _message(answer)
    where = f"{answer.request.method} {answer.request.url}"
    number = answer.headers.get("x-github-request-id", "")
    if status == 401:
        return CredentialsError(
            "GitHub does not know the token", where=where, why=why, request_id=number
        )
    if status in _REFUSED:
        what = "read the comments of" if reads else "comment on"
        return CredentialsError(
            f"the token may not {what} this pull request",
            where=where,
            why=why,
            hint=_MAY_NOT,
            request_id=number,
        )
    what = f"GitHub refused the call with status {status}"
    return ServiceError(what, status=status, where=where, why=why, request_id=number)


def _message(answer: httpx.Response) -> str:
    try:
        told = _told(answer)
    except (ValueError, RecursionError):
        return ""
    return str(told.get("message", "")) if isinstance(told, dict) else ""
