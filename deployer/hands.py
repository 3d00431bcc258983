"""Processes that do the processor's work while this one talks to the network.

Each holds one worker, an object that lives as long as it does, and calls its methods one after the other.
They have to be made before anything runs at the same time here: where the system can, they are copies of
this process, with everything loaded. They end when this process does, however it ends.
"""

import asyncio
import gc
import multiprocessing
import os
import pickle
import signal
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any

from deployer.errors import DeployerError

MOST = 4
"""More processes than this wait for the network, not for each other."""

_LENGTH = struct.Struct("!Q")
_BUFFER = 1 << 20
_PATIENCE = 1.0
_NICE = 10
"""Who talks to the network comes first: an answer that waits for a processor is a slower network."""


def count() -> int:
    """How many processes are of use here: none on a machine with one processor."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(cores, MOST) if cores > 1 else 0


class Hand:
    """One process."""

    def __init__(self, make: Callable[[], object]) -> None:
        """`make` is called in the process for its worker. DeployerError if no process can be made."""
        self._link, theirs = socket.socketpair()
        alone = sys.platform == "linux" and threading.active_count() == 1
        context: Any = multiprocessing.get_context("fork" if alone else "spawn")
        self._process = context.Process(target=_serve, args=(theirs, self._link, make), daemon=True)
        try:
            self._process.start()
        except OSError as error:
            self._link.close()
            raise _unmade(error) from error
        finally:
            theirs.close()
        self.load = 0
        """How much it has still to do."""
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None

    async def do(self, method: str, *given: Any) -> Any:
        """What a method of the worker returns for what is given; raises what it raises.

        DeployerError if the process has ended.
        """
        # Its line does not close with the process: only who listens knows that it is gone.
        if self._writer is None or self._listener is None or self._listener.done():
            raise _ended()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        self._writer.write(_framed((method, given)))
        self.load += 1
        try:
            return await answer
        finally:
            self.load -= 1

    async def open(self) -> None:
        """Begin to listen to the process."""
        reader, self._writer = await asyncio.open_connection(sock=self._link, limit=_BUFFER)
        self._listener = asyncio.create_task(self._listen(reader))

    async def close(self) -> None:
        """Hear no more of the process; it ends by that."""
        if self._writer and self._listener:
            self._listener.cancel()
            self._writer.transport.abort()  # closed, it would wait for what was not sent yet
            await asyncio.wait([self._listener])

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                (size,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                done, result = pickle.loads(await reader.readexactly(size))
                waiting = self._waiting.popleft()
                if waiting.cancelled():
                    continue
                if done:
                    waiting.set_result(result)
                else:
                    waiting.set_exception(_raised(*result))
        except (asyncio.IncompleteReadError, ConnectionError):
            for each in self._waiting:
                if not each.done():
                    each.set_exception(_ended())

    def let_go(self) -> None:
        """Close its line, if that is still open."""
        self._link.close()

    def end(self) -> None:
        """End the process, which was let go of."""
        self._process.join(_PATIENCE)
        self._process.kill()
        self._process.join()
        self._process.close()


def _ended() -> DeployerError:
    return DeployerError(
        "a process that read manifests has ended",
        why="something outside of deployer ended it; most often the machine is short of memory",
        written="nothing was written",
        hint="run the command again, with more memory or one processor",
    )


def _unmade(error: OSError) -> DeployerError:
    return DeployerError(
        "a process to read manifests could not be made",
        why=error.strerror or "",
        written="nothing was written",
        hint="run the command again, where more processes are allowed, or with one processor",
    )


class Hands:
    """Some processes with a worker each.

    A context manager twice over: without `async` for the processes, to be entered while nothing else
    runs, and inside of that with `async`, for talking to them.
    """

    def __init__(self, make: Callable[[], object], many: int) -> None:
        """`make` is called in each of so many processes for its worker."""
        self._make = make
        self._many = many
        self._hands: list[Hand] = []

    def __enter__(self) -> "Hands":
        gc.freeze()  # What is shared with the copies stays so: a look at it would copy it.
        try:
            for _ in range(self._many):
                self._hands.append(Hand(self._make))
        except DeployerError:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        for hand in self._hands:  # Each process holds the lines of those before it open, too.
            hand.let_go()
        for hand in self._hands:
            hand.end()

    async def __aenter__(self) -> "Hands":
        for hand in self._hands:
            await hand.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for hand in self._hands:
            await hand.close()

    def idlest(self) -> Hand:
        """The one with the least to do."""
        return min(self._hands, key=lambda hand: hand.load)


# --- in the process -------------------------------------------------------------------------------


def _serve(link: socket.socket, other: socket.socket, make: Callable[[], object]) -> None:
    """Answers until the other end is gone: with what made this process, or before."""
    other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is meant for the command, which will end this
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.set_threshold(50_000, 20, 100)
    os.nice(_NICE)
    worker = make()
    stream = link.makefile("rwb")
    try:
        while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
            (size,) = _LENGTH.unpack(head)
            if len(data := stream.read(size)) < size:
                break
            method, given = pickle.loads(data)
            try:
                answer = _framed((True, getattr(worker, method)(*given)))
            except Exception as error:  # noqa: BLE001 — raised again where it was asked for
                answer = _framed((False, (type(error), error.args, vars(error))))
            stream.write(answer)
            stream.flush()
    except (OSError, EOFError):
        os._exit(0)


def _framed(value: object) -> bytes:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(data)) + data


def _raised(kind: type[Exception], said: tuple[Any, ...], facts: dict[str, Any]) -> Exception:
    """The error as it was, whatever its constructor asks for."""
    error = kind.__new__(kind, *said)
    error.args = said
    vars(error).update(facts)
    return error
