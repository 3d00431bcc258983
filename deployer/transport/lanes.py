"""The connections of a client: each has a pool of its own, of one.

httpx 0.28 walks its whole pool twice for every request, which with 16 connections costs as much as the
request itself; and it makes a context of TLS for each client that is not given one.
"""

from asyncio import Semaphore
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache

import httpx

from deployer.transport.endpoints import is_loopback

MOST = 32
"""More than this gained nothing, however they are pooled."""

CONNECT_TIMEOUT = 10.0
"""Seconds."""


class Lanes:
    """At most so many requests at a time, each over a connection that nobody else uses meanwhile."""

    def __init__(self, most: int, connect: Callable[[], httpx.AsyncClient]) -> None:
        """`connect` makes what carries one request after the other; it is called when one is missing."""
        self._connect = connect
        self._slots = Semaphore(min(most, MOST))
        self._free: list[httpx.AsyncClient] = []
        self._made: set[httpx.AsyncClient] = set()
        self._left: set[httpx.AsyncClient] = set()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx.AsyncClient]:
        """What a request may use until the block ends; the one used last comes first.

        Where the block raises, nobody uses it again.
        """
        async with self._slots:
            lane = self._free.pop() if self._free else self._new()
            yield lane
            if lane not in self._left:
                self._free.append(lane)

    def leave(self, lane: httpx.AsyncClient) -> None:
        """Use a connection no more of which a request was cut off.

        httpcore 1.0 does not always hear of that: it may hold the only one of a pool to be in use for ever.
        """
        self._left.add(lane)

    def _new(self) -> httpx.AsyncClient:
        lane = self._connect()
        self._made.add(lane)
        return lane

    async def aclose(self) -> None:
        """Close all connections."""
        for lane in self._made:
            await lane.aclose()


def connecting(
    url: str, transport: httpx.AsyncBaseTransport | None
) -> Callable[[], httpx.AsyncClient]:
    """What makes a connection to an address; over a given transport all of them are one."""
    address = httpx.URL(url)
    # Without TLS nothing is verified, and making what would do it takes as long as reading ten manifests.
    verify = httpx.create_ssl_context() if address.scheme == "https" and not transport else False

    def connect() -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=transport,
            verify=verify,
            # The total time is bounded per attempt: httpx only knows a limit for each read.
            timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT, pool=CONNECT_TIMEOUT),
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            follow_redirects=False,
            trust_env=not is_loopback(address.host),
        )

    return cache(connect) if transport else connect
