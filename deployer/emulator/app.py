"""The emulated DataWorks API as an ASGI application, for `EmulatorTransport` and for `serve`.

Takes requests in and sends replies out, as late or as damaged as they are to be; what is answered
is decided by `engine`, off the event loop.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import ClientDisconnect
from starlette.requests import Request as AsgiRequest
from starlette.types import Receive, Scope, Send

from deployer.emulator import gateway, replies
from deployer.emulator.control import Control
from deployer.emulator.control_http import PREFIX, control_reply
from deployer.emulator.engine import Engine, Waiting
from deployer.emulator.failures import ApiError
from deployer.emulator.gateway import Credentials
from deployer.emulator.replies import Hangup, Reply
from deployer.emulator.settings import keep_switches, register_project
from deployer.emulator.sources import Clock, Ids
from deployer.emulator.store import Store
from deployer.emulator.switches import Switches

MAX_BODY = 34 * 1024 * 1024
"""Bytes of a request body: the largest spec as a form, in which a byte takes up to three."""


def create_app(
    db: str | Path,
    *,
    project: str,
    project_identifier: str,
    credentials: tuple[str, str],
    clock: Clock = time.time,
    ids: Ids | None = None,
    job_seconds: float = 0.0,
    verify: bool = True,
    switches: Switches | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    control: bool = False,
) -> "Emulator":
    """Open a workspace file and return the application over it.

    Several projects may share a file. `switches` left out means those the file was last given;
    `job_seconds` is what their `auto` means. `sleep` passes the time that an answer takes;
    `control` opens the control plane to HTTP. Raises EmulatorStoreError for an unusable file,
    ValueError for a project id that is no number.
    """
    store = Store(db)
    try:
        with store.transaction() as connection:
            register_project(connection, int(project), project_identifier)
            if switches is not None:
                keep_switches(connection, switches)
    except BaseException:
        store.close()
        raise
    known = Credentials(*credentials) if verify else None
    return Emulator(Engine(store, known, clock, ids or Ids(), job_seconds), sleep, control)


class Emulator:
    """The ASGI application; holds the open database until it is closed."""

    def __init__(
        self, engine: Engine, sleep: Callable[[float], Awaitable[None]], open_control: bool
    ) -> None:
        """Answer from `engine`; `open_control` says whether HTTP reaches the control plane."""
        self.engine = engine
        self.control = Control(engine, may_die=open_control)
        self._sleep = sleep
        self._open_control = open_control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; raises Hangup when it is not to be answered in whole."""
        if scope["type"] != "http":
            return
        try:
            request = await _received(AsgiRequest(scope, receive))
        except ClientDisconnect:
            return
        except ApiError as err:
            await _send(self.engine.refused(err), send)
            return
        if self._open_control and request.path.startswith(PREFIX):
            await _send(await asyncio.to_thread(control_reply, self.control, request), send)
            return
        answered = await asyncio.to_thread(self.engine.answer, request)
        if isinstance(answered, Waiting):
            await self._sleep(answered.ms / 1000)
            answered = await asyncio.to_thread(answered.resume)
        if answered.ms:
            await self._sleep(answered.ms / 1000)
        if answered.lost:
            raise Hangup(answered)
        await _send(answered, send)

    def close(self) -> None:
        """Close the database; closing again does nothing."""
        self.engine.store.close()

    async def aclose(self) -> None:
        """Close the database."""
        await asyncio.to_thread(self.close)


async def _received(request: AsgiRequest) -> gateway.Request:
    body, size = [], 0
    async for chunk in request.stream():
        # Read to the end even beyond the limit: a client that still sends would miss the answer.
        size += len(chunk)
        if size <= MAX_BODY:
            body.append(chunk)
    if size > MAX_BODY:
        raise ApiError(400, "RequestTooLarge", f"The request body is larger than {MAX_BODY} bytes.")
    return gateway.Request(
        method=request.method,
        path=request.scope["path"],
        query=gateway.decoded(request.scope["query_string"]),
        headers=dict(request.headers),
        body=b"".join(body),
    )


async def _send(reply: Reply, send: Send) -> None:
    await send(replies.start_of(reply))
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})
