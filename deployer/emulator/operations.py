"""What an operation of the API is: method, parameters with their place and type, and a handler."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from deployer.emulator.failures import ApiError, invalid, missing
from deployer.emulator.world import World

Params = Mapping[str, Any]
Handler = Callable[[World, Params], dict[str, Any]]
"""Returns the answer without its `RequestId`; raises ApiError."""

Kind = Literal["string", "integer", "boolean", "array", "object"]
Place = Literal["query", "formData"]

_INTEGER = re.compile(r"-?[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of an operation and where on the wire it travels.

    An object is JSON text; a list is, too, unless it is `comma`-joined, and holds `items` of one
    kind, which may come as text.
    """

    name: str
    place: Place
    type: Kind = "string"
    required: bool = False
    items: Kind = "string"
    comma: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API."""

    method: Literal["GET", "POST"]
    params: tuple[Param, ...]
    handler: Handler
    project: str = field(default="ProjectId")
    """The parameter that names the project, checked against the known ones when it was sent."""


def query(name: str, kind: Kind = "string") -> Param:
    """Return an optional parameter of the query."""
    return Param(name, "query", kind)


def form(name: str, kind: Kind = "string") -> Param:
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


def _typed(param: Param, sent: str) -> Any:
    if param.comma:
        return [item for item in sent.split(",") if item]
    if param.type not in ("array", "object"):
        return _scalar(param.name, param.type, sent)
    try:
        value = json.loads(sent)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as err:
        raise invalid(param.name) from err
    if not isinstance(value, list if param.type == "array" else dict):
        raise invalid(param.name)
    if param.type == "object":
        return value
    return [_item(param, item) for item in value]


def _item(param: Param, item: Any) -> Any:
    if param.items == "object":
        if not isinstance(item, dict):
            raise invalid(param.name)
        return item
    if isinstance(item, bool) or not isinstance(item, str | int):
        raise invalid(param.name)
    return _scalar(param.name, param.items, str(item))


def _scalar(name: str, kind: Kind, sent: str) -> str | int | bool:
    if kind == "integer":
        if not _INTEGER.fullmatch(sent) or not -(2**63) <= int(sent) < 2**63:
            raise invalid(name)
        return int(sent)
    if kind == "boolean":
        if sent.lower() not in ("true", "false"):
            raise invalid(name)
        return sent.lower() == "true"
    return sent
