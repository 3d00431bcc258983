"""A bare ASGI application that answers every request with the bytes of a file: the floor."""

import sys
from pathlib import Path
from typing import Any

from deployer.emulator.loopback import LoopbackServer


def echo(payload: bytes) -> Any:
    """Return the application."""
    headers = [
        (b"content-type", b"application/json;charset=utf-8"),
        (b"content-length", str(len(payload)).encode()),
    ]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body", False):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": payload})

    return app


if __name__ == "__main__":
    with LoopbackServer(echo(Path(sys.argv[1]).read_bytes())) as server:
        server.run_until_stopped(Path(sys.argv[2]))
