"""Requests: where parameters travel, how they are written, which headers go with them."""

from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer import acs3
from deployer.transport.credentials import Credentials
from deployer.transport.request import Operation, Params, Signature, build

URL = "https://dataworks.cn-hangzhou.aliyuncs.com/"
GET = Operation("GetProject", "GET")
IMPORT = Operation("ImportWorkflowDefinition", "POST", deadline=60.0)
EXEC = Operation("ExecPipelineRunStage", "POST", frozenset({"ProjectId"}))
RENAME = Operation("RenameWorkflowDefinition", "POST", frozenset({"ProjectId", "Id", "Name"}))

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUE = st.one_of(TEXT, st.sampled_from(["", " ", "+", "~", "*", "%20", "&=?#/"]))


def signed(request: httpx.Request, credentials: Credentials | None = None) -> httpx.Request:
    given = credentials or Credentials("key-id", "secret")
    return next(Signature(given, "nonce-1", 1_768_465_800.9).auth_flow(request))


def test_get_carries_all_in_the_query() -> None:
    """A GET has no body, no content type, and every value as text; None is not sent."""
    params: Params = {"Id": 10**18, "Yes": True, "No": False, "Empty": "", "Off": None}
    request = build(URL, GET, params)
    assert str(request.url) == f"{URL}?Id=1000000000000000000&Yes=true&No=false&Empty="
    assert request.content == b""
    assert "content-type" not in request.headers


def test_no_parameters() -> None:
    """Without parameters there is no question mark."""
    assert str(build(URL, GET, {}).url) == URL


def test_post_carries_a_form() -> None:
    """A POST is a form in UTF-8: a blank is a plus, `~` stays, `*` is escaped."""
    request = build(URL, IMPORT, {"ProjectId": "1", "Spec": "a b~c*中+&"})
    assert str(request.url) == URL
    assert request.content == b"ProjectId=1&Spec=a+b~c%2A%E4%B8%AD%2B%26"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


def test_named_parameters_stay_in_the_query() -> None:
    """A POST may carry some of its parameters, or all, in the query; then no form is announced."""
    mixed = build(URL, EXEC, {"ProjectId": 1, "Id": "r", "Code": "PROD"})
    assert (mixed.url.query, mixed.content) == (b"ProjectId=1", b"Id=r&Code=PROD")
    bare = build(URL, RENAME, {"ProjectId": 1, "Id": 2, "Name": "新 名"})
    assert (bare.url.query, bare.content) == (
        b"ProjectId=1&Id=2&Name=%E6%96%B0+%E5%90%8D",
        b"",
    )
    assert "content-type" not in bare.headers
    assert bare.headers["content-length"] == "0"


def test_headers_sent() -> None:
    """Nothing is sent but what the gateway needs."""
    request = signed(build(URL, IMPORT, {"Spec": "x"}))
    assert sorted(request.headers) == [
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "x-acs-action",
        "x-acs-content-sha256",
        "x-acs-date",
        "x-acs-signature-nonce",
        "x-acs-version",
    ]
    assert request.headers["x-acs-action"] == "ImportWorkflowDefinition"
    assert request.headers["x-acs-version"] == "2024-05-18"
    assert request.headers["x-acs-date"] == "2026-01-15T08:30:00Z"
    assert request.headers["x-acs-signature-nonce"] == "nonce-1"


def test_temporary_credentials() -> None:
    """A token travels with its key id, and both are signed."""
    request = signed(build(URL, GET, {}), Credentials("key-id", "secret", "token"))
    assert request.headers["x-acs-accesskey-id"] == "key-id"
    assert request.headers["x-acs-security-token"] == "token"
    names = acs3.parse_authorization(request.headers["authorization"]).signed_headers
    assert {"x-acs-accesskey-id", "x-acs-security-token"} <= set(names)


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("GetProject", True),
        ("ListWorkflowInstances", True),
        ("GetRerunWorkflowInstancesResult", True),
        ("ImportWorkflowDefinition", False),
        ("CreatePipelineRun", False),
        ("ExecPipelineRunStage", False),
    ],
)
def test_reads(name: str, reads: bool) -> None:
    """Whether a call reads is told by its name, whatever its method."""
    assert Operation(name, "POST").reads is reads


@given(st.sampled_from([GET, IMPORT, EXEC]), st.dictionaries(st.text("abAB_.9", min_size=1), VALUE))
def test_signature_fits_what_is_sent(operation: Operation, params: dict[str, str]) -> None:
    """A verifier that only sees the wire computes the same signature, and reads the same values."""
    request = signed(build(URL, operation, params))
    query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
    form = parse_qsl(request.content.decode(), keep_blank_values=True)
    assert dict(query + form) == params
    given = acs3.parse_authorization(request.headers["authorization"])
    headers = {name: request.headers[name] for name in given.signed_headers}
    must = {n for n in request.headers if n in ("host", "content-type") or n[:6] == "x-acs-"}
    assert set(headers) == must
    digest = acs3.content_sha256(request.content)
    assert request.headers["x-acs-content-sha256"] == digest
    canonical = acs3.canonical_request(request.method, "/", query, headers, digest)
    assert given.signature == acs3.signature("secret", acs3.string_to_sign(canonical))
