"""Signed requests as bytes, and a client that does little more than write and read them."""

import asyncio
import hashlib
import time
import uuid
from collections.abc import Iterable
from urllib.parse import urlencode

from deployer import acs3

KEY = ("emulator", "emulator-secret")


def signed(method: str, action: str, address: str, params: dict[str, str]) -> bytes:
    """Return a request as it goes over the wire; a GET has its parameters in the query."""
    query = tuple(params.items()) if method == "GET" else ()
    body = b"" if method == "GET" else urlencode(params).encode()
    digest = hashlib.sha256(body).hexdigest()
    headers = {
        "host": address,
        "x-acs-action": action,
        "x-acs-version": "2024-05-18",
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-content-sha256": digest,
    }
    if body:
        headers["content-type"] = "application/x-www-form-urlencoded"
    signature = acs3.authorization(*KEY, method, "/", query, headers, digest)
    lines = [f"{method} /?{urlencode(query)} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"authorization: {signature}", f"content-length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def send_all(address: str, requests: Iterable[bytes], connections: int) -> tuple[float, bytes]:
    """Send every request and return the seconds it took, and the last body.

    Requests are taken as connections become free, so an iterator may sign each just before.
    """
    return asyncio.run(_send_all(address, requests, connections))


async def _send_all(
    address: str, requests: Iterable[bytes], connections: int
) -> tuple[float, bytes]:
    host, _, port = address.partition(":")
    pairs = [await asyncio.open_connection(host, int(port)) for _ in range(connections)]
    waiting = iter(requests)
    last = b""

    async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal last
        for request in waiting:
            writer.write(request)
            last = await _answer(reader)

    begun = time.perf_counter()
    await asyncio.gather(*(work(*pair) for pair in pairs))
    taken = time.perf_counter() - begun
    for _, writer in pairs:
        writer.close()
    return taken, last


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(body.decode())
    return body
