"""The gateway in front of the service: is this call well-formed, signed by a known key, and new?

Refusals carry the gateway's own codes (docs/service.md B-102).
"""

import binascii
import calendar
import hashlib
import hmac
import re
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from deployer import acs3
from deployer.emulator.failures import ApiError
from deployer.emulator.operations import Operation

VERSION = "2024-05-18"
_WINDOW_S = 15 * 60
# A date may lie 15 minutes ahead, so its nonce could come again for twice that long.
_REMEMBERED_MS = 2 * _WINDOW_S * 1000
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})|[\r\n]")
_ESCAPED = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in: decoded query pairs, lower-case header names, body bytes."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        """Return the parameters of a form body, none for another kind of body."""
        kind = self.headers.get("content-type", "")
        if not kind.startswith("application/x-www-form-urlencoded"):
            return {}
        return dict(decoded(self.body))


_REAL = 16
"""Real access key ids have at least so many characters."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The one key pair the gateway knows."""

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)

    @property
    def caller(self) -> str:
        """Whose key it is, for logs: a made-up name as it is, a real id as a digest.

        A database is passed on more easily than a credential.
        """
        if len(self.access_key_id) < _REAL:
            return self.access_key_id
        return f"key {hashlib.sha256(self.access_key_id.encode()).hexdigest()[:12]}"


def decoded(data: bytes) -> tuple[tuple[str, str], ...]:
    """Return the pairs of a query string or a form body, empty values included."""
    # The standard library takes seven times as long for a spec in Chinese: it cuts at every escape.
    pairs = (pair.partition(b"=") for pair in data.split(b"&") if pair)
    return tuple((_unescaped(name), _unescaped(value)) for name, _, value in pairs)


def operation_of(request: Request, operations: Mapping[str, Operation]) -> Operation:
    """Return the operation that a request names; raises ApiError."""
    operation = operations.get(request.headers.get("x-acs-action", ""))
    if request.path != "/":
        raise _no_such("InvalidApi.NotFound")
    if operation is None:
        raise _no_such("InvalidAction.NotFound")
    if request.headers.get("x-acs-version") != VERSION:
        raise ApiError(400, "InvalidVersion", "Specified parameter Version is not valid.")
    if request.method != operation.method:
        raise ApiError(400, "UnsupportedHTTPMethod", "This http method is not supported.")
    return operation


def verify(request: Request, credentials: Credentials, now: float) -> str:
    """Check date, key and signature and return the nonce; raises ApiError."""
    headers = request.headers
    if "authorization" not in headers:
        raise ApiError(400, "MissingAccessKeyId", "AccessKeyId is mandatory for this action.")
    try:
        sent = acs3.parse_authorization(headers["authorization"])
    except ValueError as err:
        raise _incomplete("the Authorization header") from err
    _check_date(headers.get("x-acs-date", ""), now)
    if sent.credential != credentials.access_key_id:
        raise ApiError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    _check_signed_headers(headers, sent)
    _check_signature(request, credentials, sent)
    nonce = headers.get("x-acs-signature-nonce", "")
    if not nonce:
        raise ApiError(400, "MissingSignatureNonce", "SignatureNonce is mandatory for this action.")
    return nonce


def claim(db: sqlite3.Connection, key_id: str, nonce: str, now: int) -> None:
    """Remember a nonce; raises ApiError when the key has used it already."""
    db.execute("DELETE FROM nonce WHERE seen < ?", (now - _REMEMBERED_MS,))
    row = (key_id, nonce, now)
    if not db.execute("INSERT OR IGNORE INTO nonce VALUES (?, ?, ?)", row).rowcount:
        raise ApiError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")


def _unescaped(data: bytes) -> str:
    plain = data.replace(b"+", b" ")
    if _BROKEN_ESCAPE.search(plain):
        return _ESCAPED.sub(_escaped_bytes, plain).decode(errors="replace")
    # Quoted-printable is the same with another sign, and is decoded in C: a spec has thousands.
    quoted = plain.replace(b"=", b"=3D").replace(b"%", b"=")
    return binascii.a2b_qp(quoted).decode(errors="replace")


def _escaped_bytes(run: re.Match[bytes]) -> bytes:
    return bytes.fromhex(run[0].replace(b"%", b"").decode())


def _check_date(text: str, now: float) -> None:
    try:
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        sent = calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError as err:
        raise ApiError(
            400,
            "InvalidTimeStamp.Format",
            "Specified time stamp or date value is not well formatted.",
        ) from err
    if abs(sent - now) > _WINDOW_S:
        raise ApiError(
            400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."
        )


def _check_signed_headers(headers: Mapping[str, str], sent: acs3.Authorization) -> None:
    signed = set(sent.signed_headers)
    for name in headers:
        if name not in signed and (name in ("host", "content-type") or name.startswith("x-acs-")):
            raise _incomplete(f"the unsigned header {name}")
    for name in ("host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-version"):
        if name not in signed:
            raise _incomplete(f"the list of signed headers without {name}")


def _check_signature(request: Request, credentials: Credentials, sent: acs3.Authorization) -> None:
    digest = hashlib.sha256(request.body).hexdigest()
    signed = {name: request.headers.get(name, "") for name in sent.signed_headers}
    canonical = acs3.canonical_request(
        request.method, request.path, request.query, signed, signed["x-acs-content-sha256"]
    )
    to_sign = acs3.string_to_sign(canonical)
    right = acs3.signature(credentials.access_key_secret, to_sign)
    intact = hmac.compare_digest(digest, signed["x-acs-content-sha256"])
    if not hmac.compare_digest(right, sent.signature) or not intact:
        raise ApiError(
            400,
            "SignatureDoesNotMatch",
            "Specified signature does not match our calculation."
            f" server StringToSign is [{to_sign}] server CanonicalRequest is [{canonical}]",
        )


def _incomplete(what: str) -> ApiError:
    message = f"The request signature does not conform to Aliyun standards: {what}."
    return ApiError(400, "IncompleteSignature", message)


def _no_such(code: str) -> ApiError:
    return ApiError(404, code, "Specified api is not found, please check your url and method.")
