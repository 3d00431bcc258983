"""What is refused, and in which words: refused calls, spec mistakes, unusable databases."""

import json
from collections.abc import Sequence

PARSE_ERROR = "0x5083000000000005"
FIELD_ERROR = "0x5083000000000002"
UNKNOWN_FIELD = "0x5083000000000003"
UNKNOWN_ENUM = "0x5083000000000004"
DUPLICATE_ID = "0x5083000000000007"
TARGET_MISSING = "0x5083000000000009"
INVALID = "0x5083000000000010"

Place = Sequence[str | int]
"""Keys and indexes from the root of a spec document."""


class EmulatorStoreError(Exception):
    """The database file cannot be used: damaged, made by another program, or not writable."""


class ApiError(Exception):
    """A call that is refused with this HTTP status, code and message.

    `retry_after` are values of the header `x-acs-retry-after` (docs/service.md B-103).
    """

    def __init__(
        self, status: int, code: str, message: str, retry_after: Sequence[str] = ()
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after


class SpecError(Exception):
    """A mistake in a spec: a failed job of Import, a refused call of Create and Update.

    `str()` is the text of the job's `Error` (docs/service.md B-08, U-09); a mistake without a place
    is worded by its message alone, as the documented path conflict is (B-06).
    """

    def __init__(self, code: str, message: str, at: Place | None = None) -> None:
        super().__init__(message if at is None else f"{code}: {message} at {json_path(at)}")
        self.code = code
        self.message = message
        self.at = at

    def worded(self, form: str) -> str:
        """Return the text of a failed job's `Error` in one of the forms of U-09."""
        place = "" if self.at is None else json_path(self.at)
        if form == "text":
            return self.message
        if form == "json":
            facts = {"errorCode": self.code, "errorMessage": self.message, "path": place}
            return json.dumps(facts, ensure_ascii=False)
        if form == "chinese":
            where = f"，位置：{place}" if place else ""
            return f"规范校验未通过（错误码：{self.code}）：{self.message}{where}"
        return str(self)

    def refused(self) -> ApiError:
        """Return the same mistake as a refused call."""
        return ApiError(400, self.code, str(self))


def json_path(at: Place) -> str:
    """Return `$.spec.workflows[0].nodes[1]` for a place in a spec document."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at)


def not_found(what: str, object_id: str) -> ApiError:
    """Return the refusal of a call that names an unknown object; its codes are our own choice."""
    return ApiError(404, f"{what}.NotFound", f"The {what} is not found: {object_id}")


def deployed(what: str, object_id: str) -> ApiError:
    """Return the refusal to delete what is published (docs/service.md B-50)."""
    return ApiError(400, f"{what}.Deployed", f"Take the {what} offline first: {object_id}")


def missing(parameter: str) -> ApiError:
    """Return the gateway's refusal of a call without a mandatory parameter."""
    return ApiError(400, f"Missing{parameter}", f"{parameter} is mandatory for this action.")


def invalid(parameter: str) -> ApiError:
    """Return the gateway's refusal of a parameter's value."""
    return ApiError(400, f"Invalid{parameter}", f"Specified parameter {parameter} is not valid.")
