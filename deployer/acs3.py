"""ACS3-HMAC-SHA256, the request signature of Alibaba Cloud's gateway (docs/service.md B-102).

Pure functions that know how a request becomes a signature; which headers a request carries is left
to `deployer.transport.request`, and what a wrong signature means to whoever verifies it.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"

Pairs = Sequence[tuple[str, str]]

_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} +Credential=(?P<credential>[^,\s]+), ?"
    r"SignedHeaders=(?P<names>[a-z0-9-]+(?:;[a-z0-9-]+)*), ?"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class Authorization:
    """An `Authorization` header taken apart: key id, names of the signed headers, signature."""

    credential: str
    signed_headers: tuple[str, ...]
    signature: str

    def __str__(self) -> str:
        """The header value."""
        names = ";".join(self.signed_headers)
        return (
            f"{ALGORITHM} Credential={self.credential},SignedHeaders={names},"
            f"Signature={self.signature}"
        )


def content_sha256(body: bytes) -> str:
    """Return what `x-acs-content-sha256` holds for these body bytes."""
    return hashlib.sha256(body).hexdigest()


def canonical_request(
    method: str, path: str, query: Pairs, headers: Mapping[str, str], content_sha256: str
) -> str:
    """Return the text that is signed; `query` is decoded, `headers` have lower-case names."""
    names = sorted(headers)
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    return "\n".join(
        [method, path, _canonical_query(query), lines, ";".join(names), content_sha256]
    )


def string_to_sign(canonical: str) -> str:
    """Return the algorithm's name and the digest of a canonical request."""
    return f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def signature(secret: str, to_sign: str) -> str:
    """Return the lower-case hexadecimal signature of a string to sign."""
    return hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def authorization(
    access_key_id: str,
    secret: str,
    method: str,
    path: str,
    query: Pairs,
    headers: Mapping[str, str],
    content_sha256: str,
) -> str:
    """Return the value of the `Authorization` header; every given header is signed."""
    canonical = canonical_request(method, path, query, headers, content_sha256)
    signed = signature(secret, string_to_sign(canonical))
    return str(Authorization(access_key_id, tuple(sorted(headers)), signed))


def parse_authorization(text: str) -> Authorization:
    """Take an `Authorization` header apart; raises ValueError when it is not one of ACS3."""
    match = _AUTHORIZATION.fullmatch(text)
    if match is None:
        raise ValueError(f"not an {ALGORITHM} authorization")
    names = tuple(match["names"].split(";"))
    return Authorization(match["credential"], names, match["signature"])


def _canonical_query(query: Pairs) -> str:
    # Unlike the form style on the wire, a blank is `%20` here; sorted before encoding.
    return "&".join(f"{_bare(key)}={_bare(value)}" for key, value in sorted(query))


def _bare(text: str) -> str:
    return quote(text, safe="-_.~")
