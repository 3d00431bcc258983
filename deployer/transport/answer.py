"""What came back from one attempt of a call: a body read within bounds, the fields of an error.

Knows nothing of retries; what an answer means for the call is decided in `deployer.transport.verdict`.
"""

import json
import math
import re
import zlib
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

MAX_BODY = 32 * 1024 * 1024
MAX_DEPTH = 64

_GZIP = 31
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Unreadable(Exception):
    """A body that cannot be taken in: too large, cut, or packed in a way that is not ours."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One attempt's result; `status` is 0 when there was no answer, `fault` says what went wrong.

    `document` is the JSON object of the body, None when there is none that can be understood;
    `sent` is False only when it is certain that the service has not seen the request; `slow` says that
    all the time of the attempt passed without an answer.
    """

    status: int = 0
    headers: Mapping[str, str] | None = None
    document: dict[str, Any] | None = None
    fault: str = ""
    sent: bool = True
    slow: bool = False

    @property
    def code(self) -> str:
        """The service's own name or number of an error, empty if it gave none."""
        return self._text("Code", "code")

    @property
    def message(self) -> str:
        """The service's own words about an error."""
        return self._text("Message", "message")

    @property
    def request_id(self) -> str:
        """The service's number of the call, from the body or the header."""
        return self._text("RequestId", "requestId") or self.header("x-acs-request-id")

    def header(self, name: str) -> str:
        """Return a header, empty if absent."""
        return (self.headers or {}).get(name, "")

    def _text(self, *keys: str) -> str:
        document = self.document or {}
        return next((str(document[key]) for key in keys if document.get(key) is not None), "")


async def read_body(chunks: AsyncIterable[bytes], encoding: str) -> bytes:
    """Collect a body as it arrives, unpacked; raises Unreadable above 32 MiB or when it is broken.

    Unpacking is done here, not by httpx, because only so a small chunk that unpacks to gigabytes
    stops at the limit.
    """
    if encoding not in ("", "identity", "gzip"):
        raise Unreadable("the answer is packed in an unknown way")
    unpack = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
    body = bytearray()
    async for chunk in chunks:
        body += _unpacked(unpack, chunk, MAX_BODY + 1 - len(body)) if unpack else chunk
        if len(body) > MAX_BODY:
            raise Unreadable("the answer is larger than 32 MiB")
    if unpack and not unpack.eof:
        raise Unreadable("the answer was cut short")
    return bytes(body)


def read_json(text: str | bytes) -> dict[str, Any] | None:
    """Return the JSON object that a text holds, or None when it does not hold exactly one.

    Refused besides broken JSON: a key given twice, numbers that are not finite, nesting deeper than
    64, lone surrogates. Integers keep all their digits.
    """
    try:
        text = text if isinstance(text, str) else text.decode()
        document = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_float=_finite,
            parse_constant=_refuse,
        )
        if _SURROGATE.search(text):
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and _is_shallow(document) else None


def _unpacked(unpack: Any, chunk: bytes, room: int) -> bytes:
    try:
        data: bytes = unpack.decompress(chunk, room)
    except zlib.error:
        raise Unreadable("the answer cannot be unpacked") from None
    if unpack.unused_data:
        raise Unreadable("the answer goes on after its end")
    return data


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a key is given twice")
    return mapping


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("not a finite number")
    return number


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_shallow(parent: dict[str, Any] | list[Any], room: int = MAX_DEPTH) -> bool:
    if not room:
        return False
    for child in parent.values() if isinstance(parent, dict) else parent:
        if isinstance(child, dict | list) and not _is_shallow(child, room - 1):
            return False
    return True
