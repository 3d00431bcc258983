"""What an operation of the API is: method, parameters with their place and type, and a handler."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from deployer.emulator.failures import ApiError, invalid, missing
from deployer.emulator.world import World

Params = Mapping[str, Any]
Handler = Callable[[World, Params], dict[str, Any]]
"""Returns the answer without its `RequestId`; raises ApiError."""

_INTEGER = re.compile(r"-?[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of an operation and where on the wire it travels."""

    name: str
    place: Literal["query", "formData"]
    type: Literal["string", "integer", "boolean"] = "string"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API."""

    method: Literal["GET", "POST"]
    params: tuple[Param, ...]
    handler: Handler
    project: str = field(default="ProjectId")
    """The parameter that names the project, checked against the known ones when it was sent."""


def query(name: str, kind: Literal["string", "integer", "boolean"] = "string") -> Param:
    """Return an optional parameter of the query."""
    return Param(name, "query", kind)


def form(name: str, kind: Literal["string", "integer", "boolean"] = "string") -> Param:
    """Return a mandatory parameter of the form."""
    return Param(name, "formData", kind, required=True)


def values(
    operation: Operation, in_query: Mapping[str, str], in_form: Mapping[str, str]
) -> dict[str, Any]:
    """Return the parameters of a call, typed; raises ApiError for a missing or malformed one."""
    found: dict[str, Any] = {}
    for param in operation.params:
        sent = (in_query if param.place == "query" else in_form).get(param.name)
        if sent is None and param.required:
            raise missing(param.name)
        if sent is not None:
            found[param.name] = _typed(param, sent)
    return found


def check_project(world: World, operation: Operation, params: Params) -> None:
    """Refuse a call that names a project this workspace does not know."""
    project = params.get(operation.project)
    if project is None:
        return
    known = world.db.execute("SELECT 1 FROM project WHERE id = ?", (project,)).fetchone()
    if known is None:
        raise ApiError(404, "Project.NotFound", f"The Project is not found: {project}")


def _typed(param: Param, sent: str) -> str | int | bool:
    if param.type == "integer":
        if not _INTEGER.fullmatch(sent) or not -(2**63) <= int(sent) < 2**63:
            raise invalid(param.name)
        return int(sent)
    if param.type == "boolean":
        if sent.lower() not in ("true", "false"):
            raise invalid(param.name)
        return sent.lower() == "true"
    return sent
