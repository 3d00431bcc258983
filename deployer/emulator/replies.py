"""What goes back to a caller: an answer as bytes, and the ways in which a fault spoils it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deployer.emulator.failures import ApiError
from deployer.emulator.faults import Fault

HOST_ID = "dataworks.emulator.aliyuncs.com"
_JSON = "application/json;charset=utf-8"
_TROUBLESHOOT = "https://api.aliyun.com/troubleshoot"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer on its way: status, headers, body, and how long it takes.

    `sent` is how many bytes of the body arrive before the connection ends, None for all of them.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    ms: int = 0
    sent: int | None = None
    lost: str = ""


class Hangup(Exception):
    """The connection ends or stays silent instead of an answer; told to the client by a transport.

    `lost` is `reset`, `hang` or `truncated`; only for the last of them is there a part of `reply`.
    """

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.lost)
        self.reply = reply
        self.lost = reply.lost
        self.part = reply.body[: reply.sent]


def start_of(reply: Reply) -> dict[str, Any]:
    """Return the ASGI message that begins a reply."""
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in reply.headers]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    return {"type": "http.response.start", "status": reply.status, "headers": headers}


def answer(request_id: str, content: str) -> Reply:
    """Return a success; `content` is a JSON object without the `RequestId`."""
    rest = "" if content == "{}" else f"{content[1:-1]}, "
    body = f'{{{rest}"RequestId": "{request_id}"}}'
    return _reply(200, request_id, body)


def refusal(request_id: str, error: ApiError) -> Reply:
    """Return a refusal with the gateway's five fields."""
    link = f"{_TROUBLESHOOT}?q={error.code}&product=dataworks-public&requestId={request_id}"
    fields = {
        "RequestId": request_id,
        "HostId": HOST_ID,
        "Code": error.code,
        "Message": error.message,
        "Recommend": link,
    }
    reply = _reply(error.status, request_id, json.dumps(fields, ensure_ascii=False))
    more = tuple(("x-acs-retry-after", value) for value in error.retry_after)
    return replace(reply, headers=(*reply.headers, *more))


def refused(fault: Fault) -> ApiError | None:
    """Return the error that a fault answers instead of carrying out or answering a call."""
    if fault.kind == "status":
        return ApiError(fault.status, fault.code, "The request processing has failed.")
    if fault.kind == "throttled":
        message = "Request was denied due to user flow control."
        return ApiError(429, f"Throttling.{fault.scope}", message, fault.retry_after)
    if fault.kind == "quota":
        message = "The daily quota of API calls is used up."
        return ApiError(429, "Throttling.Api.Risk", message, fault.retry_after)
    return None


def spoiled(fault: Fault, reply: Reply, last: bytes) -> Reply:
    """Return what becomes of an answer; `last` is the body of the answer before it."""
    if fault.kind == "late":
        return replace(reply, ms=fault.ms) if fault.moment == "after" else reply
    if fault.kind in ("reset", "hang"):
        return replace(reply, sent=0, lost=fault.kind)
    if fault.kind == "truncated":
        return replace(reply, sent=len(reply.body) // 2, lost=fault.kind)
    if fault.kind == "other":
        return replace(reply, body=last or reply.body)
    if fault.kind == "html":
        page = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
        return replace(reply, status=200, headers=(("content-type", "text/html"),), body=page)
    spoil = _BODIES.get(fault.kind)
    return replace(reply, status=200, body=spoil(reply.body)) if spoil else reply


def _reply(status: int, request_id: str, body: str) -> Reply:
    headers = (("content-type", _JSON), ("x-acs-request-id", request_id))
    return Reply(status, headers, body.encode(errors="replace"))


def _all_text(body: bytes) -> bytes:
    def written(value: Any) -> Any:
        return {key: written(v) for key, v in value.items()} if isinstance(value, dict) else "text"

    return json.dumps(written(json.loads(body))).encode()


def _keys_twice(body: bytes) -> bytes:
    fields: dict[str, Any] = json.loads(body)
    once = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in fields.items()]
    again = [f"{json.dumps(key)}: null" for key in fields]
    return ("{" + ", ".join([*once, *again]) + "}").encode()


_BODIES: Mapping[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "list": lambda _: b"[]",
    "text": _all_text,
    "twice": lambda body: body + body,
    "keys": _keys_twice,
}
