"""Serves the emulator over HTTP, on this machine's loopback address only."""

import json
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from deployer.emulator.app import create_app
from deployer.emulator.connection import BadConnection

_HOST = "127.0.0.1"
_NAMES = ("127.0.0.1", "localhost", "[::1]")


def serve(
    db: str | Path,
    *,
    project: str,
    project_identifier: str,
    credentials: tuple[str, str],
    port: int = 0,
    ready_file: Path | None = None,
    job_seconds: float = 0.2,
    switches: Mapping[str, str] | None = None,
    control: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT, then close the database and return.

    `switches` are changes to those the file was last given; `control` opens the control plane.
    Writes `127.0.0.1:PORT` to `ready_file` once it answers. Raises EmulatorStoreError for an
    unusable database, OSError for an unusable port or ready file, ValueError for an unknown switch,
    KeyboardInterrupt after SIGINT.
    """
    app = create_app(
        db,
        project=project,
        project_identifier=project_identifier,
        credentials=credentials,
        job_seconds=job_seconds,
        control=control,
    )
    try:
        app.control.set(switches or {})
        with LoopbackServer(app, port) as server, _terminable():
            server.run_until_stopped(ready_file)
    finally:
        app.close()


class LoopbackServer:
    """An application bound to a port of 127.0.0.1; port 0 takes a free one."""

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        """Bind the port; raises OSError when it is taken."""
        # Only where the protocol is named does asyncio switch off Nagle's algorithm, which would
        # hold back each answer for 40 ms: its head and its body are written one after the other.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((_HOST, port))
            # From here on callers wait for an answer instead of being turned away.
            self._socket.listen()
        except BaseException:
            self._socket.close()
            raise
        self.address = f"{_HOST}:{self._socket.getsockname()[1]}"
        self._app = app
        self._server: _Server | None = None
        self._stopped = False

    def __enter__(self) -> "LoopbackServer":
        """Return this server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give the port back."""
        self._socket.close()

    def run_until_stopped(self, ready_file: Path | None = None) -> None:
        """Answer requests until `stop` or a signal; `ready_file` is written once it does."""
        if ready_file:
            ready_file.unlink(missing_ok=True)
        config = uvicorn.Config(
            LoopbackOnly(self._app),
            http=BadConnection,
            lifespan="off",
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        self._server = _Server(config, self.address, ready_file)
        if self._stopped:
            return
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Let `run_until_stopped` return after the requests in hand; any thread may call it."""
        self._stopped = True
        if self._server:
            self._server.should_exit = True


class LoopbackOnly:
    """Refuses requests whose `Host` is another name than this machine's own.

    A page in a browser could otherwise reach the emulator by a name that resolves to 127.0.0.1.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Guard this application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403."""
        host = dict(scope.get("headers", ())).get(b"host", b"").decode("latin-1")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name.lower() in _NAMES:
            await self._app(scope, receive, send)
        else:
            refusal = {"Code": "InvalidHost", "Message": "The emulator answers to 127.0.0.1 only."}
            kind = "application/json;charset=utf-8"
            await Response(json.dumps(refusal), 403, media_type=kind)(scope, receive, send)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, address: str, ready_file: Path | None) -> None:
        super().__init__(config)
        self._address = address
        self._ready_file = ready_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready_file:
            _write_whole(self._ready_file, self._address)


def _write_whole(path: Path, text: str) -> None:
    # Renamed into place, so that whoever waits for the file never reads half of it.
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


@contextmanager
def _terminable() -> Iterator[None]:
    # uvicorn stops on SIGTERM, then raises it anew for whoever handled it before: for nobody here.
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
