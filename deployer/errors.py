"""What can go wrong, as one tree; the exit code of each kind is on its class.

    DeployerError                      1
    ├── UsageError                    64   wrong flags, configuration or plan file
    ├── InvalidManifests               1   problems in files, collected
    ├── RefusedBySafety                3   a safety rule or a missing confirmation
    ├── Conflict                       4   the workspace moved since it was read
    ├── CredentialsError               6   no usable credentials, or not allowed
    ├── OutcomeUnknown                 7   a write whose effect could not be established
    │   └── NotEnded                   7   … or a run that still goes on
    ├── NotRecorded                    7   something was written, and that could not be noted on disk
    ├── Throttled                      8   too many calls
    │   └── QuotaUsed                  8   … and none is left of the calls of the day
    ├── ServiceError                   1   the service refused a call
    │   └── NotFound                   1   … because the object does not exist
    ├── Unreachable                    1   no answer that can be understood
    ├── TimeOver                       1   `--timeout` ended the command
    ├── Terminated                   143   SIGTERM ended a command that only reads
    ├── JobFailed                      1   an asynchronous job ended without success
    ├── PublishFailed                  1   a pipeline run ended without success
    ├── WaitsForPerson                 9   only a person in the console can go on
    └── VerificationFailed             1   what was read back is not what was sent

Raisers give facts as attributes; `deployer.cli` turns them into words and an exit code.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployer.model import Problem  # its values take a fifth of the time of `--help` to make

EXIT_CHANGES = 2
EXIT_PARTIAL = 5
EXIT_RUN_FAILED = 10
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class DeployerError(Exception):
    """An expected failure: what happened, where, why, what was written, what to do next.

    `where` is `file:line:column`, an object's address or an operation; `request_id` is the service's
    own number of the failed call. Every text is one sentence or empty.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        why: str = "",
        written: str = "",
        hint: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.written = written
        self.hint = hint
        self.request_id = request_id


class UsageError(DeployerError):
    """The command line, the configuration or a plan file cannot be used as given."""

    exit_code = 64


class InvalidManifests(DeployerError):
    """At least one problem of severity `error` in files; `problems` holds all that were found."""

    def __init__(self, problems: "Sequence[Problem]") -> None:
        errors = sum(problem.severity == "error" for problem in problems)
        super().__init__(
            f"{errors} error{'' if errors == 1 else 's'} in the manifests",
            written="nothing was written",
            hint="run `deployer validate` for the list",
        )
        self.problems = tuple(problems)


class RefusedBySafety(DeployerError):
    """A safety rule, or a missing confirmation, stands in the way."""

    exit_code = 3


class Conflict(DeployerError):
    """The live object is not the one the plan was made for."""

    exit_code = 4


class CredentialsError(DeployerError):
    """No usable credentials, or the service refused them or their permissions."""

    exit_code = 6


class OutcomeUnknown(DeployerError):
    """A write was sent and its effect is not known; a rerun reads and reconciles."""

    exit_code = 7


class NotEnded(OutcomeUnknown):
    """What runs was watched for as long as it was to be, and has not ended."""


class NotRecorded(DeployerError):
    """Something was written, and what became of it could not be noted on disk: no more is sent."""

    exit_code = 7


class Throttled(DeployerError):
    """The service kept refusing calls as too many."""

    exit_code = 8


class QuotaUsed(Throttled):
    """The calls of the day are used up, or too few are left to prove another write."""


class ServiceError(DeployerError):
    """The service understood the call and refused it; `code` and `status` are its own."""

    def __init__(
        self,
        what: str,
        *,
        code: str = "",
        status: int = 0,
        where: str = "",
        why: str = "",
        hint: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(what, where=where, why=why, hint=hint, request_id=request_id)
        self.code = code
        self.status = status


class NotFound(ServiceError):
    """The object that was asked for does not exist."""


class Unreachable(DeployerError):
    """No answer, or none that can be understood, after all attempts."""


class TimeOver(DeployerError):
    """The time that the command was given is over."""


class Terminated(DeployerError):
    """SIGTERM came while nothing was written."""

    exit_code = 143


class JobFailed(DeployerError):
    """An asynchronous job ended as Fail or Cancel."""


class PublishFailed(DeployerError):
    """A pipeline run ended, or stands, without success."""


class WaitsForPerson(DeployerError):
    """Somebody has to act in the console; a rerun goes on from there."""

    exit_code = 9


class VerificationFailed(DeployerError):
    """After a write the object was read back and differs from what was sent."""
