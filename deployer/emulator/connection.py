"""A connection of the served emulator that can end badly: what a Hangup means on a socket."""

import asyncio
import socket
import struct

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from deployer.emulator import replies
from deployer.emulator.replies import Hangup


class BadConnection(H11Protocol):
    """HTTP over one connection, whose application may raise Hangup."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let the application of this connection reach the connection itself."""
        super().connection_made(transport)
        self.app = _Hanging(self.app, transport)


class _Hanging:
    def __init__(self, app: ASGIApp, transport: asyncio.Transport) -> None:
        self._app = app
        self._transport = transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Hangup as hangup:
            if hangup.lost == "truncated":
                await send(replies.start_of(hangup.reply))
                part = {"type": "http.response.body", "body": hangup.part, "more_body": True}
                await send(part)
                self._transport.close()
            elif hangup.lost == "reset":
                _reset(self._transport)
            # Nothing more is said; a silent connection ends when the client or the server gives up.
            while (await receive())["type"] != "http.disconnect":
                pass


def _reset(transport: asyncio.Transport) -> None:
    # With this option closing sends RST, which the client sees as `Connection reset by peer`.
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
