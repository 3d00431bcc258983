"""What an answer means: whether the call may be repeated, and which error it is when it may not.

The classes are those of docs/service.md B-101 to B-103. Codes known only by hearsay are matched
loosely, and a code always counts more than an HTTP status.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

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

MAX_TEXT = 2_000


class Verdict(Enum):
    """The classes of answers."""

    DONE = auto()
    NOT_SENT = auto()
    UNKNOWN = auto()
    THROTTLED = auto()
    QUOTA = auto()
    CLOCK = auto()
    TOKEN = auto()
    CREDENTIALS = auto()
    MISSING = auto()
    REFUSED = auto()


_QUOTA = ("Throttling.Api.Risk", "Throttling.Resource")
_THROTTLED = ("Throttling", "9990020002", "9990040001")
_TOKEN = ("InvalidSecurityToken.Expired", "MissingSecurityToken", "InvalidSecurityToken")
_CREDENTIALS = (
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "MissingAccessKeyId",
    "InvalidTimeStamp",
    "ResourceNotAuthorized",
    "Forbidden",
    "NoPermission",
    "403030",
)
# Not about the object that was asked for, in spite of their 404 or 403.
_NOT_OURS = ("InvalidApi", "InvalidAction", "InvalidVersion", "UnsupportedHTTPMethod")
_BY_CODE = {
    Verdict.QUOTA: _QUOTA,
    Verdict.THROTTLED: _THROTTLED,
    Verdict.CLOCK: ("InvalidTimeStamp.Expired",),
    Verdict.TOKEN: _TOKEN,
    # The same bytes arrived twice: the first copy may have been carried out (B-102).
    Verdict.UNKNOWN: ("SignatureNonceUsed",),
    # A 500 that says "not in this region" for good (B-101).
    Verdict.REFUSED: ("Forbidden.Not.Server", *_NOT_OURS),
    Verdict.CREDENTIALS: _CREDENTIALS,
}
_MISSING = re.compile(
    r"not ?found|not ?exists?\b|does not exist|doesn't exist|未找到|不存在", re.IGNORECASE
)
_HINTS = {
    "SignatureDoesNotMatch": "check that the secret belongs to the access key id",
    "InvalidAccessKeyId": "check the access key id, and that the key is active",
    "InvalidTimeStamp": "set the clock of this machine",
    "InvalidSecurityToken": "get fresh temporary credentials",
    "MissingSecurityToken": "give the token that belongs to the temporary credentials",
    "Forbidden.Not.Server": "check the region of the target",
    "9990010001": "activate DataWorks for this account and region",
}


def judge(answer: Answer) -> Verdict:
    """Return the class of an answer."""
    if not answer.sent:
        return Verdict.NOT_SENT
    if answer.fault or not answer.status:
        return Verdict.UNKNOWN
    if 200 <= answer.status < 300:
        return _judge_success(answer)
    return _by_code(answer) or _by_status(answer)


def error_for(
    verdict: Verdict, answer: Answer, operation: str, writes: bool, credentials: Credentials
) -> DeployerError:
    """Return the error to raise for an answer that ends its call.

    The service's own words are kept as they are, but for the secrets of the credentials, which it
    may echo with a signature, and for what goes beyond 2,000 characters.
    """
    call = _Ended(
        operation,
        code=credentials.mask(answer.code)[:MAX_TEXT],
        status=answer.status,
        facts={
            "where": operation,
            "why": credentials.mask(_why(answer))[:MAX_TEXT],
            "request_id": credentials.mask(answer.request_id)[:MAX_TEXT],
        },
    )
    if verdict in (Verdict.NOT_SENT, Verdict.UNKNOWN):
        return _lost(call, verdict is Verdict.UNKNOWN, writes)
    if verdict in (Verdict.QUOTA, Verdict.THROTTLED):
        return _throttled(call, verdict is Verdict.QUOTA)
    return _refused(call, verdict)


@dataclass(frozen=True, slots=True)
class _Ended:
    operation: str
    code: str
    status: int
    facts: dict[str, str]

    def __str__(self) -> str:
        told = self.code or (f"HTTP {self.status}" if self.status else "")
        return f"`{self.operation}`" + (f" ({told})" if told else "")


def _lost(call: _Ended, sent: bool, writes: bool) -> DeployerError:
    if sent and writes:
        return OutcomeUnknown(
            f"it is not known whether {call} took effect",
            hint="run the command again, it reads first and goes on from what is there",
            **call.facts,
        )
    return Unreachable(
        f"no usable answer to {call}",
        written="" if sent else "the request did not leave this machine",
        hint="check the network and the endpoint, then run the command again",
        **call.facts,
    )


def _throttled(call: _Ended, quota: bool) -> DeployerError:
    if quota:
        hint = "wait for the next day, or for a larger quota of the edition"
        return QuotaUsed(f"{call} was refused, the quota is used up", hint=hint, **call.facts)
    hint = "set `rate` for the target, or run the command again later"
    return Throttled(f"{call} was refused as one call too many", hint=hint, **call.facts)


def _refused(call: _Ended, verdict: Verdict) -> DeployerError:
    what = f"{call} was refused"
    hint = _hint(call.code)
    if verdict in (Verdict.CREDENTIALS, Verdict.TOKEN, Verdict.CLOCK):
        right = f"allow `dataworks:{call.operation}` in RAM, and make the identity a member"
        return CredentialsError(what, hint=hint or f"{right} of the workspace", **call.facts)
    kind = NotFound if verdict is Verdict.MISSING else ServiceError
    return kind(what, code=call.code, status=call.status, hint=hint, **call.facts)


def _why(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        return "redirect not followed"
    return answer.message or answer.fault


def _judge_success(answer: Answer) -> Verdict:
    if answer.document is None:
        return Verdict.UNKNOWN
    if str(answer.document.get("Success", True)).lower() != "false":
        return Verdict.DONE
    missing = Verdict.MISSING if _says_missing(answer) else Verdict.REFUSED
    return _by_code(answer) or missing


def _by_code(answer: Answer) -> Verdict | None:
    for verdict, codes in _BY_CODE.items():
        if _is_one(answer.code, codes):
            return verdict
    # Some answers have a number as code and the name in the message.
    if answer.message.startswith("Throttling."):
        return Verdict.QUOTA if answer.message.startswith(_QUOTA) else Verdict.THROTTLED
    return None


def _by_status(answer: Answer) -> Verdict:
    status = answer.status
    if status == 429:
        return Verdict.THROTTLED
    if status >= 500 or status == 408:
        return Verdict.UNKNOWN
    if status in (401, 403):
        return Verdict.CREDENTIALS
    # A 404 without the service's own words comes from a gateway or a wrong host.
    own_words = bool(answer.code or answer.message)
    if (own_words and status == 404) or _says_missing(answer):
        return Verdict.MISSING
    return Verdict.REFUSED


def _says_missing(answer: Answer) -> bool:
    return bool(_MISSING.search(answer.code) or _MISSING.search(answer.message))


def _is_one(code: str, names: tuple[str, ...]) -> bool:
    return any(code == name or code.startswith(f"{name}.") for name in names)


def _hint(code: str) -> str:
    return next((hint for name, hint in _HINTS.items() if _is_one(code, (name,))), "")
