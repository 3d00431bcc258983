"""Calls over real connections: servers that break off, talk nonsense, flood, or are not there."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx
import pytest

from deployer.errors import DeployerError, OutcomeUnknown, Unreachable
from deployer.transport.client import ATTEMPTS, Client, Operation
from deployer.transport.credentials import Credentials
from deployer.transport.lanes import Lanes, connecting

READ = Operation("GetProject", "GET")
WRITE = Operation("CreatePipelineRun", "POST")

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def no_pause(seconds: float) -> None:
    await asyncio.sleep(0)


async def failed_call(address: tuple[str, int], operation: Operation) -> tuple[DeployerError, int]:
    url = f"http://{address[0]}:{address[1]}"
    async with Client(url, lambda: Credentials("key-id", "secret"), sleep=no_pause) as client:
        with pytest.raises(DeployerError) as caught:
            await client.call(operation, {})
        return caught.value, client.calls


def call(handler: Handler, operation: Operation) -> tuple[DeployerError, int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await handler(reader, writer)
        finally:
            writer.close()

    async def main() -> tuple[DeployerError, int]:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            return await failed_call(server.sockets[0].getsockname(), operation)

    return asyncio.run(main())


async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\x01\x02 nonsense\r\n\r\n")


async def cut_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"Id": 1}')


async def endless_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n" + b"x-a: b\r\n" * 50_000)


async def bomb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n"
    writer.write(head + gzip.compress(bytes(40 << 20)))


@pytest.mark.parametrize(
    "handler", [close, reset, garbage, cut_body, endless_headers, bomb], ids=lambda h: h.__name__
)
def test_broken_servers(handler: Handler) -> None:
    """Over real connections too, a broken answer is repeated for a read and not for a write."""
    written, calls = call(handler, WRITE)
    assert (type(written), calls) == (OutcomeUnknown, 1)
    read, calls = call(handler, READ)
    assert (type(read), calls) == (Unreachable, ATTEMPTS)


def test_nobody_listens() -> None:
    """A port without a server is tried eight times and never sent to."""

    async def main() -> tuple[DeployerError, int]:
        server = await asyncio.start_server(close, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        server.close()
        await server.wait_closed()
        return await failed_call(address, WRITE)

    error, calls = asyncio.run(main())
    assert (type(error), calls) == (Unreachable, 0)
    assert "not connected" in error.why


def test_a_connection_whose_request_was_cut_off_is_used_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cut off at the wrong moment, it may never be free again: what follows would wait in vain."""
    used: list[httpx.AsyncClient] = []

    async def send(lane: httpx.AsyncClient, *_: object, **__: object) -> httpx.Response:
        used.append(lane)
        if len(used) == 1:
            await asyncio.Event().wait()
        return httpx.Response(200, json={})

    async def main() -> None:
        async with Client(
            "http://127.0.0.1", lambda: Credentials("key-id", "secret"), sleep=no_pause
        ) as client:
            for _ in range(3):
                await client.call(replace(READ, deadline=0.01), {})

    monkeypatch.setattr(httpx.AsyncClient, "send", send)
    asyncio.run(main())
    cut_off, *others = used
    assert (len(others), len(set(others)), cut_off in others) == (3, 1, False)


def test_a_connection_in_use_at_an_interrupt_is_used_no_more() -> None:
    """Whatever ends a request early leaves its connection to nobody."""

    async def main() -> list[httpx.AsyncClient]:
        lanes = Lanes(1, connecting("http://127.0.0.1/", None))
        with pytest.raises(asyncio.CancelledError):
            async with lanes.one() as first:
                raise asyncio.CancelledError
        async with lanes.one() as second:
            pass
        async with lanes.one() as third:
            pass
        await lanes.aclose()
        assert first.is_closed
        return [first, second, third]

    first, second, third = asyncio.run(main())
    assert first is not second
    assert second is third
