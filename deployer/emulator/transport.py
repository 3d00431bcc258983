"""The emulator as a transport of httpx: the application in this process, with bad connections."""

from collections.abc import AsyncIterator

import httpx
from starlette.types import ASGIApp

from deployer.emulator.replies import Hangup


class EmulatorTransport(httpx.AsyncBaseTransport):
    """Carries requests to an ASGI application; a Hangup of it is what a socket would show.

    Raises httpx.ReadError for a reset connection and httpx.ReadTimeout for a silent one, at once;
    a body that is cut ends in httpx.RemoteProtocolError when it is read.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Call this application; closing it stays with the caller."""
        self._inner = httpx.ASGITransport(app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the application's answer."""
        try:
            return await self._inner.handle_async_request(request)
        except Hangup as hangup:
            if hangup.lost == "reset":
                raise httpx.ReadError("Connection reset by peer", request=request) from hangup
            if hangup.lost == "hang":
                raise httpx.ReadTimeout("No answer came", request=request) from hangup
            return _cut(hangup, request)


def _cut(hangup: Hangup, request: httpx.Request) -> httpx.Response:
    reply = hangup.reply
    headers = [*reply.headers, ("content-length", str(len(reply.body)))]
    stream = _Cut(hangup.part, len(reply.body), request)
    return httpx.Response(reply.status, headers=headers, stream=stream)


class _Cut(httpx.AsyncByteStream):
    def __init__(self, part: bytes, promised: int, request: httpx.Request) -> None:
        self._part = part
        self._promised = promised
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._part
        raise httpx.RemoteProtocolError(
            "peer closed connection without sending complete message body"
            f" (received {len(self._part)} bytes, expected {self._promised})",
            request=self._request,
        )
