"""Classes of answers: what may be repeated, and which error ends a call."""

from typing import Any

import pytest

from deployer.errors import (
    CredentialsError,
    DeployerError,
    NotFound,
    OutcomeUnknown,
    QuotaUsed,
    ServiceError,
    Throttled,
    Unreachable,
)
from deployer.transport.answer import Answer
from deployer.transport.credentials import Credentials
from deployer.transport.verdict import Verdict, error_for, judge

CREDENTIALS = Credentials("LTAI5tExampleKeyId00", "sec+ret/=", "tok+en/=")


def refusal(status: int, code: str, message: str = "") -> Answer:
    document = {"Code": code, "Message": message, "RequestId": "R-1", "HostId": "h"}
    return Answer(status, {}, document)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(fault="refused", sent=False), Verdict.NOT_SENT),
        (Answer(fault="reset"), Verdict.UNKNOWN),
        (Answer(200, {}, None, "not JSON"), Verdict.UNKNOWN),
        (Answer(400, {}, None, "cut short"), Verdict.UNKNOWN),
        (Answer(204, {}, None), Verdict.UNKNOWN),
        (Answer(200, {}, {"RequestId": "R"}), Verdict.DONE),
        (Answer(200, {}, {"Success": True}), Verdict.DONE),
        (Answer(200, {}, {"Success": None}), Verdict.DONE),
        (Answer(200, {}, {"Success": False}), Verdict.REFUSED),
        (Answer(200, {}, {"Success": "false"}), Verdict.REFUSED),
        (Answer(200, {}, {"Success": False, "Code": "Throttling.User"}), Verdict.THROTTLED),
        (Answer(200, {}, {"Success": False, "Message": "not found"}), Verdict.MISSING),
        (Answer(302, {}, None), Verdict.REFUSED),
        (Answer(404, {}, None), Verdict.REFUSED),
        (Answer(404, {}, {"error": "no route"}), Verdict.REFUSED),
        (Answer(403, {}, None), Verdict.CREDENTIALS),
        (Answer(408, {}, None), Verdict.UNKNOWN),
        (Answer(429, {}, None), Verdict.THROTTLED),
        (Answer(502, {}, None), Verdict.UNKNOWN),
    ],
)
def test_without_code(answer: Answer, expected: Verdict) -> None:
    """Where the service gives no code, the status and the document decide."""
    assert judge(answer) is expected


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "SignatureDoesNotMatch", Verdict.CREDENTIALS),
        (403, "SignatureDoesNotMatch", Verdict.CREDENTIALS),
        (400, "IncompleteSignature", Verdict.CREDENTIALS),
        (404, "InvalidAccessKeyId.NotFound", Verdict.CREDENTIALS),
        (400, "InvalidAccessKeyId.Inactive", Verdict.CREDENTIALS),
        (400, "MissingAccessKeyId", Verdict.CREDENTIALS),
        (400, "MissingSecurityToken", Verdict.TOKEN),
        (400, "InvalidSecurityToken.Expired", Verdict.TOKEN),
        (403, "InvalidSecurityToken.MismatchWithAccessKey", Verdict.TOKEN),
        (400, "InvalidTimeStamp.Format", Verdict.CREDENTIALS),
        (400, "InvalidTimeStamp.Expired", Verdict.CLOCK),
        (400, "SignatureNonceUsed", Verdict.UNKNOWN),
        (404, "InvalidApi.NotFound", Verdict.REFUSED),
        (404, "InvalidAction.NotFound", Verdict.REFUSED),
        (400, "InvalidVersion", Verdict.REFUSED),
        (403, "UnsupportedHTTPMethod", Verdict.REFUSED),
        (400, "MissingScene", Verdict.REFUSED),
        (400, "InvalidPageSize", Verdict.REFUSED),
        (400, "Throttling", Verdict.THROTTLED),
        (429, "Throttling.User", Verdict.THROTTLED),
        (429, "Throttling.Api", Verdict.THROTTLED),
        (429, "Throttling.System", Verdict.THROTTLED),
        (503, "Throttling.System", Verdict.THROTTLED),
        (400, "9990020002", Verdict.THROTTLED),
        (429, "Throttling.Api.Risk", Verdict.QUOTA),
        (429, "Throttling.Resource", Verdict.QUOTA),
        (503, "ServiceUnavailable", Verdict.UNKNOWN),
        (500, "InternalError", Verdict.UNKNOWN),
        (500, "InternalError.UserId.Missing", Verdict.UNKNOWN),
        (500, "Forbidden.Not.Server", Verdict.REFUSED),
        (403, "Forbidden.Access", Verdict.CREDENTIALS),
        (403, "ResourceNotAuthorized.Api", Verdict.CREDENTIALS),
        (400, "403030", Verdict.CREDENTIALS),
        (400, "9990010001", Verdict.REFUSED),
        (400, "58014884415", Verdict.REFUSED),
        (404, "WorkflowDefinition.NotFound", Verdict.MISSING),
        (400, "Entity.NotExist", Verdict.MISSING),
        (404, "1201111431", Verdict.MISSING),
    ],
)
def test_known_codes(status: int, code: str, expected: Verdict) -> None:
    """Every known code has its class; it counts more than the status (B-100 to B-102)."""
    assert judge(refusal(status, code, "words")) is expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Throttling.User: slow down", Verdict.THROTTLED),
        ("Throttling.Resource", Verdict.QUOTA),
        ('未找到发布对象: [["1"]]', Verdict.MISSING),
        ("workflow 1 does not exist", Verdict.MISSING),
        ("Job Not Found", Verdict.MISSING),
        ("Node with the same name already exists in the project", Verdict.REFUSED),
        ("流水线不是正在运行", Verdict.REFUSED),
    ],
)
def test_known_messages(message: str, expected: Verdict) -> None:
    """Where the code is only a number, the message decides."""
    assert judge(refusal(400, "5801489541076353033", message)) is expected


def ended(verdict: Verdict, answer: Answer, writes: bool = False) -> DeployerError:
    return error_for(verdict, answer, "GetProject", writes, CREDENTIALS)


@pytest.mark.parametrize(
    ("verdict", "writes", "expected", "exit_code"),
    [
        (Verdict.NOT_SENT, False, Unreachable, 1),
        (Verdict.NOT_SENT, True, Unreachable, 1),
        (Verdict.UNKNOWN, False, Unreachable, 1),
        (Verdict.UNKNOWN, True, OutcomeUnknown, 7),
        (Verdict.THROTTLED, True, Throttled, 8),
        (Verdict.QUOTA, False, QuotaUsed, 8),
        (Verdict.CLOCK, False, CredentialsError, 6),
        (Verdict.TOKEN, False, CredentialsError, 6),
        (Verdict.CREDENTIALS, True, CredentialsError, 6),
        (Verdict.MISSING, False, NotFound, 1),
        (Verdict.REFUSED, True, ServiceError, 1),
    ],
)
def test_errors(
    verdict: Verdict, writes: bool, expected: type[DeployerError], exit_code: int
) -> None:
    """Each class ends in its error, which names operation, code, reason and request id."""
    error = ended(verdict, refusal(400, "Some.Code", "the words"), writes)
    assert (type(error), error.exit_code) == (expected, exit_code)
    assert "`GetProject` (Some.Code)" in error.what
    assert (error.where, error.why, error.request_id) == ("GetProject", "the words", "R-1")


def test_service_error_facts() -> None:
    """A refusal carries code and status as they came."""
    error = ended(Verdict.REFUSED, refusal(400, "9990010001"))
    assert isinstance(error, ServiceError)
    assert (error.code, error.status) == ("9990010001", 400)
    assert error.hint == "activate DataWorks for this account and region"


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("SignatureDoesNotMatch", "check that the secret belongs to the access key id"),
        ("InvalidTimeStamp.Expired", "set the clock of this machine"),
        (
            "Forbidden.Access",
            "allow `dataworks:GetProject` in RAM, and make the identity a member of the workspace",
        ),
    ],
)
def test_hints(code: str, hint: str) -> None:
    """What to do about credentials depends on what is wrong with them."""
    assert ended(Verdict.CREDENTIALS, refusal(403, code)).hint == hint


def test_redirect_is_told() -> None:
    """S-55: a redirect ends a call, and says so."""
    error = ended(Verdict.REFUSED, Answer(302, {}, None))
    assert (error.what, error.why) == (
        "`GetProject` (HTTP 302) was refused",
        "redirect not followed",
    )


def test_long_words_are_cut() -> None:
    """S-43: of a text of 10 MB the first 2,000 characters are kept, raw."""
    words = "\x1b[2J节" + "x" * 10_000_000
    assert ended(Verdict.REFUSED, refusal(400, "A", words)).why == words[:2000]


@pytest.mark.parametrize("field", ["Code", "Message"])
def test_secrets_are_masked(field: str) -> None:
    """A service that echoes what was signed does not bring a secret into an error, not even cut."""
    echo = "x-acs-security-token:tok+en/=\nsec+ret/= sec%2Bret%2F%3D LTAI5tExampleKeyId00"
    document: dict[str, Any] = {field: "y" * 1990 + echo + echo, "RequestId": "R"}
    for padding in range(20):
        document[field] = "y" * (1900 + 5 * padding) + echo
        error = ended(Verdict.CREDENTIALS, Answer(400, {}, document))
        told = f"{error.what} {error.why} {error!r}"
        assert [s for s in ("tok+", "sec+", "sec%2B", "LTAI5t") if s in told] == []
