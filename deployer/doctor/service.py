"""What only the service can tell: does it answer, as whom are we there, what may be read, its clock."""

from collections.abc import AsyncIterator

from deployer.checks import Check, problem
from deployer.errors import (
    CredentialsError,
    DeployerError,
    NotFound,
    ServiceError,
    Throttled,
    UsageError,
)
from deployer.model import Target
from deployer.remote.answers import mapping
from deployer.remote.workspace import Remote
from deployer.transport.client import Operation
from deployer.transport.request import Params

CLOCK_LIMIT = 900.0
"""Seconds that a clock may be off before every call is refused (docs/service.md B-102)."""

CLOCK_CARE = 60.0
_SMALL_RATE = 5.0
_PROJECT = Operation("GetProject", "GET")
_READS = (
    Operation("ListWorkflowDefinitions", "GET"),
    Operation("ListNodes", "GET"),
    Operation("ListPipelineRuns", "GET"),
)
"""What a plan reads, as far as it can be asked without knowing any id."""


async def checks(target: Target, remote: Remote) -> AsyncIterator[Check]:
    """Everything that the service tells about a target; only reads, four calls at most."""
    try:
        answer = await remote.client.call(_PROJECT, {"Id": remote.project})
        project = mapping(answer, "Project")
    except DeployerError as failure:
        yield _first_failure(failure)
        yield _clock(remote)
        return
    yield Check("endpoint", "ok", f"{target.place} answers")
    yield _project(target, str(project.get("Name") or ""))
    permissions = await _permissions(remote)
    yield permissions
    if permissions.name != "edition":
        yield _edition(target)
    yield _clock(remote)


def _first_failure(failure: DeployerError) -> Check:
    """What the first call failed for is what it is told about."""
    match failure:
        case NotFound():
            found = problem("project", failure)
            cure = "correct `project` or the region of the target in deployer.yaml"
            return Check(found.name, found.state, found.text, cure, UsageError.exit_code)
        case CredentialsError() if "Forbidden.Access" in failure.what:
            return _wrong_edition(failure)
        case CredentialsError():
            return problem("permissions", failure)
        case Throttled():
            return problem("edition", failure)
        case _:
            return problem("endpoint", failure)


def _wrong_edition(failure: DeployerError) -> Check:
    # The service says the same of a role that is too low and of an edition that is (B-106).
    found = problem("edition", failure)
    cure = "DataWorks Basic or a higher edition, and a role in the workspace: " + found.cure
    return Check(found.name, found.state, found.text, cure, found.exit_code)


def _project(target: Target, name: str) -> Check:
    said = target.project_identifier
    if name and said and name != said:
        text = f"project {target.project} is called {name}, the target says {said}"
        cure = f"write `projectIdentifier: {name}`: outputs of nodes begin with it"
        return Check("project", "problem", text, cure, UsageError.exit_code)
    return Check("project", "ok", f"{target.project}, {name or 'without a name'}")


async def _permissions(remote: Remote) -> Check:
    for operation in _READS:
        params: Params = {"ProjectId": remote.project, "PageNumber": 1, "PageSize": 10}
        try:
            await remote.client.call(operation, params)
        except CredentialsError as refused:
            if "Forbidden.Access" in refused.what:
                return _wrong_edition(refused)
            return problem("permissions", refused)
        except (ServiceError, Throttled) as refused:
            return problem("permissions", refused)
    text = "a plan may read; what apply needs can only be tried by writing"
    return Check("permissions", "ok", f"{text}: `deployer doctor --policy apply` says what that is")


def _edition(target: Target) -> Check:
    if not target.region:
        return Check("edition", "ok", "no limit of calls is known for this place")
    rate = target.rate or _SMALL_RATE
    text = f"{rate:g} calls a second"
    if rate > _SMALL_RATE:
        return Check("edition", "ok", f"{text}: editions below Enterprise take {_SMALL_RATE:g}")
    return Check("edition", "ok", f"{text}, which every edition takes; Basic takes 100 calls a day")


def _clock(remote: Remote) -> Check:
    skew = remote.client.skew
    if skew is None:
        return Check("clock", "skipped", "the service told no time")
    off = abs(skew)
    if off <= CLOCK_CARE:
        return Check("clock", "ok", f"{off:.0f} s beside the service's")
    text = f"{off:.0f} s beside the service's, which refuses {CLOCK_LIMIT:.0f} s"
    code = CredentialsError.exit_code if off > CLOCK_LIMIT else 1
    return Check("clock", "problem", text, "set the clock of this machine, by NTP", code)
