"""The emulator's gateway: which calls never reach the service, and with which code."""

import hashlib
from collections.abc import Callable

import httpx
import pytest

from tests.emulator_kit import PROJECT, Service, flow, refusal, signed

Change = Callable[[httpx.Request], object]


def sent(change: Change, **key: tuple[str, str]) -> tuple[int, str]:
    """What comes of a GetProject call that is changed before it is signed."""
    with Service() as service:
        request = service.request("GetProject", {"Id": PROJECT})
        change(request)
        signed(request, **key)
        return refusal(service.send(request))


def header(name: str, value: str) -> Change:
    def change(request: httpx.Request) -> None:
        request.headers[name] = value

    return change


def without(name: str) -> Change:
    return lambda request: request.headers.pop(name)


def nothing(_: httpx.Request) -> None:
    pass


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (header("x-acs-action", "GetNothing"), (404, "InvalidAction.NotFound")),
        (without("x-acs-action"), (404, "InvalidAction.NotFound")),
        (header("x-acs-version", "2020-05-18"), (400, "InvalidVersion")),
        (header("x-acs-action", "ImportWorkflowDefinition"), (400, "UnsupportedHTTPMethod")),
        (header("x-acs-date", "yesterday"), (400, "InvalidTimeStamp.Format")),
        (header("x-acs-date", "2025-02-30T00:00:00Z"), (400, "InvalidTimeStamp.Format")),
        (header("x-acs-date", "2025-10-09T08:38:19Z"), (400, "InvalidTimeStamp.Expired")),
        (header("x-acs-date", "2025-10-09T09:08:21Z"), (400, "InvalidTimeStamp.Expired")),
        (without("x-acs-signature-nonce"), (400, "MissingSignatureNonce")),
        (header("x-acs-content-sha256", "0" * 64), (400, "SignatureDoesNotMatch")),
    ],
)
def test_signed_but_wrong(change: Change, expected: tuple[int, str]) -> None:
    """A correct signature does not help a call that names something unknown or out of time."""
    assert sent(change) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (without("authorization"), (400, "MissingAccessKeyId")),
        (header("authorization", "Basic abc"), (400, "IncompleteSignature")),
        (header("x-acs-date", "2025-10-09T08:53:21Z"), (400, "SignatureDoesNotMatch")),
        (header("x-acs-extra", "1"), (400, "IncompleteSignature")),
        (header("content-type", "text/plain"), (400, "IncompleteSignature")),
        (header("accept", "text/plain"), None),
    ],
)
def test_changed_after_signing(change: Change, expected: tuple[int, str] | None) -> None:
    """What must be signed cannot be changed, added or taken away afterwards; the rest may."""
    with Service() as service:
        request = signed(service.request("GetProject", {"Id": PROJECT}))
        change(request)
        response = service.send(request)
    assert (None if response.status_code == 200 else refusal(response)) == expected


@pytest.mark.parametrize("header_name", ["host", "x-acs-date", "x-acs-content-sha256"])
def test_signature_must_cover_what_matters(header_name: str) -> None:
    """A signature that leaves out a header that is there proves nothing about it."""
    with Service() as service:
        request = service.request("GetProject", {"Id": PROJECT})
        signed(request, leave_out=(header_name,))
        assert refusal(service.send(request)) == (400, "IncompleteSignature")


def test_keys() -> None:
    """An unknown key id and a wrong secret are told apart."""
    assert sent(nothing, key=("someone", "emulator-secret")) == (404, "InvalidAccessKeyId.NotFound")
    assert sent(nothing, key=("emulator", "guessed")) == (400, "SignatureDoesNotMatch")


def test_signature_mismatch_tells_what_was_signed() -> None:
    """The message holds the server's string to sign, which is how real clients are debugged."""
    with Service() as service:
        request = signed(service.request("GetProject", {"Id": PROJECT}), ("emulator", "guessed"))
        message = service.send(request).json()["Message"]
    assert "server StringToSign is [ACS3-HMAC-SHA256\n" in message


def test_tampered_body() -> None:
    """A body that is not the signed one is refused."""
    with Service() as service:
        request = service.request("DeleteWorkflowDefinition", {"Id": "1", "ProjectId": PROJECT})
        signed(request)
        headers = dict(request.headers)
        forged = httpx.Request("POST", request.url, headers=headers, content=request.content + b"1")
        forged.headers["content-length"] = str(len(request.content) + 1)
        assert refusal(service.send(forged)) == (400, "SignatureDoesNotMatch")


def test_nonce_is_good_for_one_call() -> None:
    """The same bytes again are refused, also when the first call was; a key's nonces expire."""
    with Service() as service:
        first = signed(service.request("GetNode", {"Id": "1"}))
        assert refusal(service.send(first)) == (404, "Node.NotFound")
        assert refusal(service.send(first)) == (400, "SignatureNonceUsed")
        nonce = first.headers["x-acs-signature-nonce"]
        service.clock.now += 31 * 60
        later = service.request("GetNode", {"Id": "1"})
        later.headers["x-acs-signature-nonce"] = nonce
        assert refusal(service.send(signed(later))) == (404, "Node.NotFound")


def test_path_is_the_root() -> None:
    """Operations are named by a header, so any other path is unknown."""
    with Service() as service:
        request = service.request("GetProject", {"Id": PROJECT})
        other = httpx.Request("GET", request.url.copy_with(path="/x"), headers=request.headers)
        assert refusal(service.send(signed(other))) == (404, "InvalidApi.NotFound")


@pytest.mark.parametrize(
    ("action", "params", "code"),
    [
        ("GetWorkflowDefinition", {}, "MissingId"),
        ("ListWorkflowDefinitions", {"Name": "x"}, "MissingProjectId"),
        ("ListWorkflowDefinitions", {"ProjectId": "x"}, "InvalidProjectId"),
        ("ListWorkflowDefinitions", {"ProjectId": "9" * 19}, "InvalidProjectId"),
        ("ListWorkflowDefinitions", {"ProjectId": PROJECT, "Type": "Workflow"}, "InvalidType"),
        ("ListNodes", {"ProjectId": PROJECT, "Scene": "Somewhere"}, "InvalidScene"),
        ("GetWorkflowDefinition", {"Id": "1", "IncludeScriptContent": "2"}, None),
    ],
)
def test_parameters(action: str, params: dict[str, str | int], code: str | None) -> None:
    """Missing and malformed parameters are named in the code."""
    expected = (400, code or "InvalidIncludeScriptContent")
    with Service() as service:
        assert service.refusal(action, **params) == expected


@pytest.mark.parametrize("text", ["True", "true", "FALSE"])
def test_booleans_in_any_case(text: str) -> None:
    """Python clients write True, others true."""
    with Service() as service:
        workflow_id = service.create(flow())
        response = service.raw("GetWorkflowDefinition", Id=workflow_id, IncludeScriptContent=text)
    assert response.status_code == 200


def test_parameters_count_only_where_they_belong() -> None:
    """A mandatory form parameter in the query is missing."""
    with Service() as service:
        request = service.request("DeleteWorkflowDefinition", {"ProjectId": PROJECT})
        moved = httpx.Request(
            "POST",
            request.url.copy_merge_params({"Id": "1"}),
            headers=request.headers,
            content=request.content,
        )
        moved.headers["x-acs-content-sha256"] = hashlib.sha256(request.content).hexdigest()
        assert refusal(service.send(signed(moved))) == (400, "MissingId")


def test_answers_carry_a_request_id() -> None:
    """Every answer has a new UUID in capitals, in the body and in a header."""
    with Service() as service:
        first, second = (service.raw("GetProject", Id=PROJECT) for _ in range(2))
    ids = [first.json()["RequestId"], second.json()["RequestId"]]
    assert [first.headers["x-acs-request-id"], second.headers["x-acs-request-id"]] == ids
    assert ids == [found.upper() for found in ids]
    assert len(set(ids)) == 2


def test_request_that_is_too_large() -> None:
    """A body beyond any spec is read to its end and refused."""
    with Service() as service:
        spec = "x" * (35 * 1024 * 1024)
        refused = service.refusal("ImportWorkflowDefinition", ProjectId=PROJECT, Spec=spec)
    assert refused == (400, "RequestTooLarge")
