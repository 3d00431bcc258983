"""Calls: repeated where that is safe, ended where it is not, bounded in time, size and number."""

import asyncio
import gzip
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from typing import Any

import httpx
import pytest

from deployer import acs3
from deployer.errors import (
    CredentialsError,
    DeployerError,
    NotFound,
    OutcomeUnknown,
    QuotaUsed,
    ServiceError,
    Throttled,
    Unreachable,
    UsageError,
)
from deployer.transport.client import ATTEMPTS, Client, Operation
from deployer.transport.credentials import Credentials
from deployer.transport.lanes import connecting
from tests.virtual import virtually

READ = Operation("GetProject", "GET")
WRITE = Operation("CreatePipelineRun", "POST")
IMPORT = Operation("ImportWorkflowDefinition", "POST", deadline=60.0)
NOW = 1_768_465_800.0
KEY = Credentials("key-id", "secret-value")
OK = {"RequestId": "R-1", "Id": 463497880880954000}

Step = httpx.Response | Exception | Callable[[httpx.Request], Awaitable[httpx.Response]]


@dataclass
class Service(httpx.AsyncBaseTransport):
    """Answers with the given steps, the last one for ever, and keeps what it was sent."""

    steps: list[Step]
    requests: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        step = self.steps[min(len(self.requests), len(self.steps) - 1)]
        self.requests.append(request)
        if isinstance(step, Exception):
            raise step
        if not isinstance(step, httpx.Response):
            return await step(request)
        # A copy: a response is used up by its reader, and the steps are shared by tests.
        return httpx.Response(step.status_code, headers=step.headers, stream=step.stream)


@dataclass
class Result:
    """What became of one call: its document or its error, the pauses, the requests."""

    document: dict[str, Any] | None
    error: DeployerError | None
    pauses: list[float]
    service: Service
    calls: int
    seconds: float


def call(
    *steps: Step,
    operation: Operation = READ,
    credentials: Callable[[], Credentials] = lambda: KEY,
    **options: Any,
) -> Result:
    service = Service(list(steps))
    pauses: list[float] = []
    nonces = count()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(seconds)

    async def main() -> Result:
        loop = asyncio.get_running_loop()
        document = error = None
        async with Client(
            "http://127.0.0.1:1",
            credentials,
            transport=service,
            clock=loop.time,
            sleep=sleep,
            nonce=lambda: f"nonce-{next(nonces)}",
            now=lambda: NOW + loop.time(),
            chance=lambda: 1.0,
            **options,
        ) as client:
            try:
                document = await client.call(operation, {"Id": 1})
            except DeployerError as raised:
                error = raised
        return Result(document, error, pauses, service, client.calls, loop.time())

    return virtually(main())


def answer(document: object = OK, status: int = 200, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=document, headers=names)


def refusal(status: int, code: str, message: str = "words", **headers: str) -> httpx.Response:
    document = {"Code": code, "Message": message, "RequestId": "R-9"}
    return answer(document, status, **headers)


def raw(content: bytes, status: int = 200, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=names, stream=Pieces([content]))


@dataclass
class Pieces(httpx.AsyncByteStream):
    """A body in pieces, with a wait before each."""

    pieces: list[bytes]
    wait: float = 0.0
    closed: bool = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await asyncio.sleep(self.wait)
            yield piece

    async def aclose(self) -> None:
        self.closed = True


async def hang(request: httpx.Request) -> httpx.Response:
    await asyncio.sleep(3600)
    return answer()


NOT_SENT: dict[str, Step] = {
    "refused": httpx.ConnectError("connection refused"),
    "connect timeout": httpx.ConnectTimeout("slow"),
    "pool timeout": httpx.PoolTimeout("full"),
    "proxy": httpx.ProxyError("502 Bad Gateway"),
}
UNKNOWN: dict[str, Step] = {
    "read timeout": httpx.ReadTimeout("slow"),
    "reset": httpx.ReadError("reset"),
    "early close": httpx.RemoteProtocolError("closed"),
    "write error": httpx.WriteError("broken pipe"),
    "hang": hang,
    "500": refusal(500, "InternalError"),
    "502 of a proxy": raw(b"<html>bad gateway</html>", 502),
    "503": refusal(503, "ServiceUnavailable"),
    "504": answer({}, 504),
    "nonce used": refusal(400, "SignatureNonceUsed"),
    "html": raw(b"<html>hello</html>"),
    "empty": raw(b""),
    "no content": raw(b"", 204),
    "list": answer([]),
    "cut": raw(b'{"RequestId": "R'),
    "duplicate keys": raw(b'{"Id": 1, "Id": 2}'),
    "NaN": raw(b'{"Id": NaN}'),
    "deep": raw(b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "not UTF-8": raw(b'{"a": "\xff"}'),
    "too large": raw(b" " * (33 << 20)),
    "bomb": raw(gzip.compress(b" " * (40 << 20)), content_encoding="gzip"),
    "cut while packed": raw(gzip.compress(b'{"RequestId": "R"}')[:-9], content_encoding="gzip"),
}


def each(cases: Mapping[str, Step]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("step", cases.values(), ids=cases.keys())


def test_answer() -> None:
    """A good answer comes back as it is, with ids whole, after one request."""
    result = call(answer({"RequestId": "R", "Id": 4634978808809540001}))
    assert result.document == {"RequestId": "R", "Id": 4634978808809540001}
    assert (result.calls, result.pauses) == (1, [])


def test_packed_answer() -> None:
    """A packed answer is unpacked."""
    packed = raw(gzip.compress(b'{"Id": "1"}'), content_encoding="gzip")
    assert call(packed).document == {"Id": "1"}


@each(NOT_SENT)
@pytest.mark.parametrize("operation", [READ, WRITE], ids=["read", "write"])
def test_not_sent_is_repeated(step: Step, operation: Operation) -> None:
    """What never left is sent again, a write too, and does not count as a call."""
    result = call(step, step, answer(), operation=operation)
    assert (result.document, len(result.service.requests), result.calls) == (OK, 3, 1)


@each(UNKNOWN)
def test_unknown_read_is_repeated(step: Step) -> None:
    """A read whose answer was lost or makes no sense is sent again."""
    result = call(step, answer())
    assert (result.document, result.calls) == (OK, 2)


@each(UNKNOWN)
def test_unknown_write_is_not_repeated(step: Step) -> None:
    """A write that may have been carried out is never sent again."""
    result = call(step, operation=WRITE)
    assert type(result.error) is OutcomeUnknown
    assert (result.calls, result.error.where) == (1, "CreatePipelineRun")


@each({name: step for name, step in UNKNOWN.items() if name != "hang"})
def test_endless_failure(step: Step) -> None:
    """A read gives up after eight attempts with full pauses up to 20 s between them."""
    result = call(step)
    assert type(result.error) is Unreachable
    assert (result.calls, result.pauses) == (ATTEMPTS, [0.5, 1, 2, 4, 8, 16, 20])


def test_endless_silence() -> None:
    """A service that never answers is given up within 180 s: no attempt begins after the first 90 s."""
    result = call(hang)
    assert type(result.error) is Unreachable
    assert (result.calls, result.pauses, result.seconds) == (6, [0.5, 1, 2, 4, 8], 95.5)


def test_endless_patience_is_not_asked_for() -> None:
    """A service that asks for 120 s again and again is obeyed once, and then given up."""
    result = call(refusal(429, "Throttling.User", x_acs_retry_after="120000"))
    assert type(result.error) is Throttled
    assert (result.calls, result.pauses, result.seconds) == (2, [120], 120)


def test_write_never_connected() -> None:
    """A write that never left is no unknown outcome, and says that nothing was sent."""
    result = call(httpx.ConnectError("refused"), operation=WRITE)
    assert type(result.error) is Unreachable
    assert result.error.written == "the request did not leave this machine"
    assert (len(result.service.requests), result.calls) == (ATTEMPTS, 0)


@pytest.mark.parametrize("operation", [READ, WRITE], ids=["read", "write"])
@pytest.mark.parametrize(
    "step",
    [
        refusal(429, "Throttling.User"),
        refusal(429, "Throttling.Api"),
        refusal(429, "Throttling.System"),
        refusal(400, "9990020002", "Throttling.User"),
        raw(b"", 429),
    ],
)
def test_throttled_is_repeated(step: Step, operation: Operation) -> None:
    """A throttled call was not carried out: reads and writes are sent again, then exit 8."""
    assert call(step, answer(), operation=operation).document == OK
    ended = call(step, operation=operation)
    assert type(ended.error) is Throttled
    assert ended.calls == ATTEMPTS


@pytest.mark.parametrize("code", ["Throttling.Api.Risk", "Throttling.Resource"])
def test_quota_is_not_repeated(code: str) -> None:
    """A quota that is used up is not asked again."""
    result = call(refusal(429, code))
    assert type(result.error) is QuotaUsed
    assert (result.calls, result.error.request_id) == (1, "R-9")


@pytest.mark.parametrize(
    ("header", "pause"),
    [("1500", 1.5), ("120000", 120), (f"{10**12}", 120), ("0", 0.5), ("-5", 0.5), ("abc", 0.5)],
)
def test_retry_after(header: str, pause: float) -> None:
    """The service's own pause is kept to, up to 120 s; nonsense means our own."""
    step = refusal(429, "Throttling.User", x_acs_retry_after=header)
    assert call(step, answer()).pauses == [pause]
    assert call(refusal(503, "Busy", x_acs_retry_after=header), answer()).pauses == [pause]


def test_two_retry_after_headers() -> None:
    """Two headers that contradict each other are nonsense."""
    headers = [("x-acs-retry-after", "1500"), ("x-acs-retry-after", "9000")]
    step = httpx.Response(429, json={"Code": "Throttling"}, headers=headers)
    assert call(step, answer()).pauses == [0.5]


@pytest.mark.parametrize(
    ("step", "expected", "code"),
    [
        (refusal(400, "58014884415"), ServiceError, "58014884415"),
        (refusal(404, "Workflow.NotFound"), NotFound, "Workflow.NotFound"),
        (refusal(500, "Forbidden.Not.Server"), ServiceError, "Forbidden.Not.Server"),
        (refusal(403, "Forbidden.Access"), CredentialsError, "Forbidden.Access"),
        (refusal(400, "SignatureDoesNotMatch"), CredentialsError, "SignatureDoesNotMatch"),
        (answer({"Success": False, "RequestId": "R-9", "Code": "X"}), ServiceError, "X"),
    ],
)
def test_refused(step: Step, expected: type[DeployerError], code: str) -> None:
    """A refusal ends the call at once, with operation, code and request id."""
    result = call(step)
    assert type(result.error) is expected
    assert result.error.what == f"`GetProject` ({code}) was refused"
    assert (result.error.where, result.error.request_id) == ("GetProject", "R-9")
    assert result.calls == 1


def test_each_attempt_is_signed_anew() -> None:
    """No two attempts share a nonce; each has its own date and a signature that fits."""
    requests = call(refusal(500, "InternalError")).service.requests
    assert [r.headers["x-acs-signature-nonce"] for r in requests] == [
        f"nonce-{number}" for number in range(ATTEMPTS)
    ]
    assert len({r.headers["authorization"] for r in requests}) == ATTEMPTS
    assert len({r.headers["x-acs-date"] for r in requests}) > 4
    nothing = acs3.content_sha256(b"")
    for request in requests:
        given = acs3.parse_authorization(request.headers["authorization"])
        headers = {name: request.headers[name] for name in given.signed_headers}
        canonical = acs3.canonical_request("GET", "/", [("Id", "1")], headers, nothing)
        to_sign = acs3.string_to_sign(canonical)
        assert given.signature == acs3.signature(KEY.access_key_secret, to_sign)


def expired(offset: float) -> httpx.Response:
    date = format_datetime(datetime.fromtimestamp(NOW + offset, UTC), usegmt=True)
    return refusal(400, "InvalidTimeStamp.Expired", date=date)


@pytest.mark.parametrize("operation", [READ, WRITE], ids=["read", "write"])
def test_clock_is_corrected_once(operation: Operation, caplog: pytest.LogCaptureFixture) -> None:
    """A call that was signed with a wrong time is signed once more, with the service's."""
    result = call(expired(1020), answer(), operation=operation)
    dates = [request.headers["x-acs-date"] for request in result.service.requests]
    assert dates == ["2026-01-15T08:30:00Z", "2026-01-15T08:47:00Z"]
    assert (result.document, result.pauses) == (OK, [])
    assert "the clock of this machine is off by 17 min" in caplog.text


@pytest.mark.parametrize(
    ("step", "calls"),
    [
        (expired(1020), 2),
        (expired(90_000), 1),
        (refusal(400, "InvalidTimeStamp.Expired"), 1),
        (refusal(400, "InvalidTimeStamp.Expired", date="yesterday"), 1),
    ],
)
def test_clock_beyond_help(step: Step, calls: int) -> None:
    """A time that stays wrong, is a day off or cannot be learnt ends with exit 6."""
    result = call(step)
    assert type(result.error) is CredentialsError
    assert (result.error.hint, result.calls) == ("set the clock of this machine", calls)


def test_expired_token_is_renewed_once() -> None:
    """With fresh credentials the call is made again, once."""
    tokens = (Credentials("key-id", "secret", f"token-{number}") for number in count())
    step = refusal(400, "InvalidSecurityToken.Expired")
    assert call(step, answer(), credentials=lambda: next(tokens)).document == OK
    ended = call(step, credentials=lambda: next(tokens))
    assert type(ended.error) is CredentialsError
    assert ended.calls == 2


def test_expired_token_without_a_fresh_one() -> None:
    """The same credentials are not tried twice."""
    result = call(refusal(400, "InvalidSecurityToken.Expired"))
    assert type(result.error) is CredentialsError
    assert result.calls == 1


@pytest.mark.parametrize(("operation", "deadline"), [(WRITE, 30.0), (IMPORT, 60.0)])
def test_deadline(operation: Operation, deadline: float) -> None:
    """The whole exchange has a deadline, also with a transport that knows no timeouts."""
    result = call(hang, operation=operation)
    assert type(result.error) is OutcomeUnknown
    assert (result.seconds, result.error.why) == (
        deadline,
        f"no complete answer within {deadline:g} s",
    )


def test_dripping_answer() -> None:
    """A body that arrives byte by byte does not hold the call beyond its deadline."""
    body = Pieces([b" "] * 1000, wait=1.0)
    result = call(httpx.Response(200, stream=body), operation=WRITE)
    assert type(result.error) is OutcomeUnknown
    assert result.seconds == 30.0
    assert body.closed


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("content", [b"{}", b"<html>", b" " * (33 << 20)], ids=len)
def test_connection_is_given_back(status: int, content: bytes) -> None:
    """Whatever an answer is worth, its stream is closed."""
    body = Pieces([content])
    call(httpx.Response(status, stream=body), answer())
    assert body.closed


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("html", "the answer is not a JSON object"),
        ("too large", "the answer is larger than 32 MiB"),
        ("bomb", "the answer is larger than 32 MiB"),
        ("cut while packed", "the answer was cut short"),
        ("reset", "the connection failed with ReadError"),
        ("503", "words"),
    ],
)
def test_reason_of_unknown(name: str, why: str) -> None:
    """What is known of an unknown outcome is told."""
    error = call(UNKNOWN[name], operation=WRITE).error
    assert error is not None
    assert error.why == why


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("location", ["http://evil.example/", "https://x.aliyuncs.com/"])
def test_redirects_are_not_followed(status: int, location: str) -> None:
    """S-55: a signed request never goes where an answer points to."""
    result = call(raw(b"", status, location=location))
    assert type(result.error) is ServiceError
    assert (result.calls, result.error.why) == (1, "redirect not followed")


def test_cookies_are_not_kept() -> None:
    """What a server wants remembered is not sent back."""
    result = call(refusal(500, "InternalError", set_cookie="a=b"), answer())
    assert "cookie" not in result.service.requests[1].headers


def test_certificate() -> None:
    """S-57: a certificate that is not trusted is a matter of set-up: exit 64, no second try."""
    error = httpx.ConnectError("tls")
    error.__cause__ = ssl.SSLCertVerificationError(1, "self-signed certificate")
    error.__cause__.verify_message = "self-signed certificate"
    result = call(error)
    assert type(result.error) is UsageError
    assert (result.error.what, result.error.why) == (
        "the certificate of `127.0.0.1` is not trusted",
        "self-signed certificate",
    )
    assert len(result.service.requests) == 1


def test_budget_is_shared() -> None:
    """In a long outage the calls together repeat a hundred times, not eight times each."""
    service = Service([httpx.ReadError("reset")])

    async def main() -> int:
        async with quick_client(service) as client:
            calls = [client.call(READ, {}) for _ in range(50)]
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(result) for result in results} == {Unreachable}
            return client.calls

    assert virtually(main()) == 50 + 100


@asynccontextmanager
async def quick_client(service: Service, **options: Any) -> AsyncIterator[Client]:
    clock = asyncio.get_running_loop().time
    async with Client(
        "http://127.0.0.1:1", lambda: KEY, transport=service, clock=clock, **options
    ) as client:
        yield client


def test_rate() -> None:
    """With a rate, calls and repetitions together keep to it."""
    moments: list[float] = []

    async def note(request: httpx.Request) -> httpx.Response:
        moments.append(asyncio.get_running_loop().time())
        return answer()

    async def main() -> None:
        async with quick_client(Service([note]), rate=5) as client:
            await asyncio.gather(*(client.call(READ, {}) for _ in range(11)))

    virtually(main())
    assert moments == pytest.approx([number / 5 for number in range(11)])


@pytest.mark.parametrize(("connections", "expected"), [(4, 4), (16, 16), (500, 32)])
def test_connections(connections: int, expected: int) -> None:
    """Never more requests at a time than connections, and never more than 32."""
    running = most = 0

    async def work(request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(1)
        running -= 1
        return answer()

    async def main() -> None:
        async with quick_client(Service([work]), connections=connections) as client:
            await asyncio.gather(*(client.call(READ, {}) for _ in range(100)))

    virtually(main())
    assert most == expected


def test_pause_gives_the_connection_free() -> None:
    """A call that waits for its repetition does not keep others from being made."""
    busy = refusal(429, "Throttling.User", x_acs_retry_after="60000")
    ended: list[float] = []

    async def main() -> None:
        clock = asyncio.get_running_loop().time

        async def one(client: Client) -> None:
            await client.call(READ, {})
            ended.append(clock())

        async with quick_client(Service([busy, answer()]), connections=1) as client:
            await asyncio.gather(one(client), one(client))

    virtually(main())
    assert ended == [0.0, 60.0]


def test_cancelled_call_is_counted() -> None:
    """A call that is cancelled while it runs was sent."""

    async def main() -> int:
        async with quick_client(Service([hang])) as client:
            task = asyncio.ensure_future(client.call(WRITE, {}))
            await asyncio.sleep(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return client.calls

    assert virtually(main()) == 1


def test_log_holds_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """The log tells operation, attempt, status and time: no header, no body, no parameter."""
    caplog.set_level(logging.DEBUG, "deployer")
    token = Credentials("key-id", "secret-value", "token-value")
    call(httpx.ReadError("secret-value"), answer(), credentials=lambda: token)
    lines = [record.getMessage() for record in caplog.records if record.name[:8] == "deployer"]
    assert lines == [
        "GetProject attempt 1: the connection failed with ReadError in 0 ms",
        "GetProject attempt 2: 200 in 0 ms",
    ]


def test_errors_hold_no_secret() -> None:
    """A transport that quotes a header does not bring it into the error."""
    quoted = httpx.LocalProtocolError("Illegal header value b'secret-value'")
    error = call(quoted).error
    assert error is not None
    chain = [error, error.__cause__, error.__context__]
    assert "secret-value" not in repr([(str(link), vars(link)) for link in chain if link])


def test_loopback_bypasses_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """S-56: proxies of the environment are for the service, not for this machine."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    local = connecting("http://127.0.0.1:1", None)()
    remote = connecting("https://dataworks.cn-hangzhou.aliyuncs.com", None)()
    assert [http.trust_env for http in (local, remote)] == [False, True]
