"""The recorded answers of a workspace, served by a process that does little more than write bytes.

Lists and Gets only, each answered `--delay` ms after it came; above `--qps` calls in a second the
answer is a refusal, as the gateway gives it, and is counted apart. No signature is checked: what is
measured shares its processors with this process. `GET /counted` says how many calls of each operation
there were since it was asked last.
"""

import argparse
import asyncio
import json
import mmap
import re
import signal
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from benchmarks.recorded import Twin
from benchmarks.serving import REFUSED

PAGE = 100
_ACTION = re.compile(r"^x-acs-action: *(\w+)", re.IGNORECASE | re.MULTILINE)
_REFUSED = {"Code": "Throttling.User", "Message": "Request was denied due to user flow control."}
_UNKNOWN = {"Code": "InvalidAction.NotFound", "Message": "Nothing of the kind was recorded."}


class Answers:
    """What is answered to each call; `counted` counts them by operation."""

    def __init__(self, recorded: Twin, qps: float) -> None:
        """Answer what was recorded; `qps` 0 is no limit."""
        self.counted: Counter[str] = Counter()
        self._qps = qps
        self._second: deque[float] = deque()
        with recorded.answers.open("rb") as file:
            self._bodies = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._places = {each["id"]: (each["offset"], each["length"]) for each in recorded.index}
        lines = [each["line"] for each in recorded.index]
        self._workflows = _pages("WorkflowDefinitions", lines, int)
        # Counters of this list are texts, those of the other one numbers.
        self._nodes = _pages(
            "Nodes", (one for each in recorded.index for one in each["nodes"]), str
        )
        self._none = _pages("WorkflowDefinitions", (), int)

    def to(self, action: str, query: str) -> bytes:
        """The whole answer to a call, with its head."""
        if self._is_too_many():
            self.counted[REFUSED] += 1
            return _answer(429, json.dumps(_REFUSED).encode())
        self.counted[action] += 1
        body = self._body(action, dict(parse_qsl(query)))
        return _answer(404, json.dumps(_UNKNOWN).encode()) if body is None else _answer(200, body)

    def _body(self, action: str, params: Mapping[str, str]) -> bytes | None:
        """What was recorded; None for what was not, such as a Get without scripts or a filter."""
        if action == "GetWorkflowDefinition":
            place = self._places.get(params.get("Id", ""))
            whole = params.get("IncludeScriptContent", "").lower() == "true"
            return self._bodies[place[0] : sum(place)] if place and whole else None
        plain = not params.keys() - {"ProjectId", "Type", "PageNumber", "PageSize"}
        if not plain or not action.startswith("List") or params.get("PageSize") != str(PAGE):
            return None
        pages = self._nodes if action == "ListNodes" else self._listed(params.get("Type", ""))
        return pages[min(int(params.get("PageNumber", 1)), len(pages)) - 1]

    def _listed(self, kind: str) -> list[bytes]:
        return self._workflows if kind == "CycleWorkflow" else self._none

    def _is_too_many(self) -> bool:
        if not self._qps:
            return False
        now = time.monotonic()
        while self._second and self._second[0] <= now - 1:
            self._second.popleft()
        self._second.append(now)
        return len(self._second) > self._qps


def _pages(key: str, lines: Iterable[Any], number: type[int] | type[str]) -> list[bytes]:
    """Every page of a list; behind the last one comes an empty one."""
    found = list(lines)
    starts = range(0, len(found) + PAGE, PAGE)
    return [
        json.dumps(
            {
                "PagingInfo": {
                    "PageNumber": number(start // PAGE + 1),
                    "PageSize": number(PAGE),
                    "TotalCount": number(len(found)),
                    key: found[start : start + PAGE],
                },
                "RequestId": "00000000-0000-0000-0000-000000000000",
            }
        ).encode()
        for start in starts
    ]


def _answer(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} .\r\ncontent-type: application/json;charset=utf-8\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


class Connection(asyncio.Protocol):
    """One kept connection; a request is a head without a body."""

    def __init__(self, answers: Answers, delay: float) -> None:
        """Answer from `answers`, `delay` seconds after each request."""
        self._answers, self._delay = answers, delay
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        *heads, self._data = (self._data + data).split(b"\r\n\r\n")
        for head in heads:
            self._answer(head.decode("latin-1"))

    def _answer(self, head: str) -> None:
        named = _ACTION.search(head)
        if named is None:
            counted, self._answers.counted = self._answers.counted, Counter()
            self._write(_answer(200, json.dumps(counted).encode()))
            return
        query = head.partition(" ")[2].partition(" ")[0].partition("?")[2]
        answer = self._answers.to(named[1], query)
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._write, answer)
        else:
            self._write(answer)

    def _write(self, answer: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(answer)


async def serve(answers: Answers, delay: float, ready: Path) -> None:
    """Answer on a free port of loopback, written to `ready`, until SIGTERM."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(answers, delay), "127.0.0.1", 0)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    part = ready.with_name(f"{ready.name}.part")
    part.write_text(address, "utf-8")
    part.replace(ready)
    await ended.wait()
    server.close()


def main() -> None:
    """Serve a twin until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("twin", type=Path, help="folder of the recorded answers")
    parser.add_argument("ready", type=Path, help="gets the address once it answers")
    parser.add_argument("--delay", type=float, default=0.0, help="ms before each answer")
    parser.add_argument("--qps", type=float, default=0.0, help="calls a second, 0 for no limit")
    given = parser.parse_args()
    answers = Answers(Twin(given.twin), given.qps)
    asyncio.run(serve(answers, given.delay / 1000, given.ready))


if __name__ == "__main__":
    main()
