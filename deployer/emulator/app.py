"""The emulated DataWorks API as an ASGI application, for `httpx.ASGITransport` and for `serve`.

One request is one database transaction: the nonce is taken, due jobs are carried out, the operation
is run. Whatever goes wrong inside is answered as a 500, never raised into the caller.
"""

import asyncio
import json
import logging
import time
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.requests import Request as AsgiRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from deployer.emulator import gateway, jobs
from deployer.emulator.actions import OPERATIONS
from deployer.emulator.failures import ApiError
from deployer.emulator.gateway import Credentials
from deployer.emulator.operations import check_project, values
from deployer.emulator.sources import Clock, Ids
from deployer.emulator.store import (
    Store,
    keep_switches,
    next_count,
    read_switches,
    register_project,
    savepoint,
)
from deployer.emulator.switches import Switches
from deployer.emulator.world import World

MAX_BODY = 34 * 1024 * 1024
"""Bytes of a request body: the largest spec as a form, in which a byte takes up to three."""

HOST_ID = "dataworks.emulator.aliyuncs.com"
logger = logging.getLogger(__name__)


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
) -> "Emulator":
    """Open a workspace file and return the application over it.

    Several projects may share a file. `switches` left out means those the file was last given.
    Raises EmulatorStoreError for an unusable file, ValueError for a project id that is no number.
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
    return Emulator(store, known, clock, ids or Ids(), job_seconds)


class Emulator:
    """The ASGI application; holds the open database until it is closed."""

    def __init__(
        self,
        store: Store,
        credentials: Credentials | None,
        clock: Clock,
        ids: Ids,
        job_seconds: float,
    ) -> None:
        """Answer calls signed with `credentials`, any call when they are None."""
        self._store = store
        self._credentials = credentials
        self._clock = clock
        self._ids = ids
        self._job_ms = round(job_seconds * 1000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        request_id = self._ids.request_id()
        try:
            request = await _received(AsgiRequest(scope, receive))
            status, answer = 200, await asyncio.to_thread(self._answer, request)
        except ClientDisconnect:
            return
        except ApiError as err:
            status, answer = err.status, _refusal(err, request_id)
        except Exception:
            logger.exception("request %s", request_id)
            failure = ApiError(500, "InternalError", "The request processing has failed.")
            status, answer = 500, _refusal(failure, request_id)
        await _response(status, {**answer, "RequestId": request_id})(scope, receive, send)

    def close(self) -> None:
        """Close the database; closing again does nothing."""
        self._store.close()

    async def aclose(self) -> None:
        """Close the database."""
        await asyncio.to_thread(self.close)

    def _answer(self, request: gateway.Request) -> dict[str, Any]:
        operation = gateway.operation_of(request, OPERATIONS)
        now = self._clock()
        nonce = gateway.verify(request, self._credentials, now) if self._credentials else ""
        with self._store.transaction() as db:
            world = World(
                db=db,
                now=int(now * 1000),
                switches=read_switches(db),
                new_id=lambda: self._ids.number(next_count(db)),
                job_ms=self._job_ms,
            )
            if self._credentials:
                gateway.claim(db, self._credentials.access_key_id, nonce, world.now)
            jobs.apply_due(world)
            try:
                with savepoint(db):
                    params = values(operation, dict(request.query), request.form())
                    check_project(world, operation, params)
                    return operation.handler(world, params)
            except ApiError as err:
                # A refused call used up its nonce, and due jobs stay done.
                refused = err
        raise refused


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


def _refusal(error: ApiError, request_id: str) -> dict[str, Any]:
    link = "https://api.aliyun.com/troubleshoot"
    return {
        "HostId": HOST_ID,
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"{link}?q={error.code}&product=dataworks-public&requestId={request_id}",
    }


def _response(status: int, answer: dict[str, Any]) -> Response:
    return Response(
        json.dumps(answer, ensure_ascii=False).encode(errors="replace"),
        status_code=status,
        headers={
            "content-type": "application/json;charset=utf-8",
            "x-acs-request-id": str(answer["RequestId"]),
        },
    )
