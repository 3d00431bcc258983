"""How a call becomes a signed request: where its parameters travel, what goes with them.

The wire is that of the gateway (docs/service.md B-102); nothing is sent besides what it needs.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx

from deployer import acs3
from deployer.transport.credentials import Credentials

VERSION = "2024-05-18"

Params = Mapping[str, str | int | bool | None]
Fits = Callable[[Mapping[str, Any], Params], str]
"""What is wrong with an answer to these parameters, in words; empty if it can be one."""


def anything(_: Mapping[str, Any], __: Params) -> str:
    """Every answer fits."""
    return ""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the API: a GET carries all in its query, a POST all but `query` in a form.

    An answer that does not fit is none: a read is repeated then.
    """

    name: str
    method: str
    query: frozenset[str] = frozenset()
    deadline: float = 30.0
    fits: Fits = anything

    @property
    def reads(self) -> bool:
        """Whether it changes nothing: its name tells; its method does not, many reads are POST."""
        return self.name.startswith(("Get", "List"))


class Signature(httpx.Auth):
    """Signs one attempt with a nonce and a date of its own."""

    requires_request_body = True

    def __init__(self, credentials: Credentials, nonce: str, date: float) -> None:
        self._credentials = credentials
        self._nonce = nonce
        self._date = date

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the headers of the signature; the request is signed as it leaves."""
        body_hash = acs3.content_sha256(request.content)
        request.headers["x-acs-date"] = datetime.fromtimestamp(self._date, UTC).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
        request.headers["x-acs-signature-nonce"] = self._nonce
        request.headers["x-acs-content-sha256"] = body_hash
        if self._credentials.security_token:
            request.headers["x-acs-accesskey-id"] = self._credentials.access_key_id
            request.headers["x-acs-security-token"] = self._credentials.security_token
        request.headers["authorization"] = acs3.authorization(
            self._credentials.access_key_id,
            self._credentials.access_key_secret,
            request.method,
            request.url.path,
            parse_qsl(request.url.query.decode(), keep_blank_values=True),
            {name: value for name, value in request.headers.items() if _must_be_signed(name)},
            body_hash,
        )
        yield request


def build(url: str, operation: Operation, params: Params) -> httpx.Request:
    """Return the request, unsigned; a parameter that is None is not sent."""
    values = {key: _text(value) for key, value in params.items() if value is not None}
    posts = operation.method == "POST"
    form = {k: v for k, v in values.items() if posts and k not in operation.query}
    query = urlencode({k: v for k, v in values.items() if k not in form})
    headers = {
        "x-acs-action": operation.name,
        "x-acs-version": VERSION,
        "accept": "application/json",
        "accept-encoding": "gzip",
        "user-agent": "deployer",
    }
    if form:
        headers["content-type"] = "application/x-www-form-urlencoded"
    # Not built by the httpx client, which adds headers of its own and the cookies it was given.
    return httpx.Request(
        operation.method,
        f"{url}?{query}" if query else url,
        headers=headers,
        content=urlencode(form).encode() if posts else None,
    )


def _text(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _must_be_signed(name: str) -> bool:
    return name in ("host", "content-type") or name.startswith("x-acs-")
