"""The schemas as they are handed out: named by version, in the draft of JSON Schema that a reader knows."""

from typing import Any, Literal

from deployer import __version__, schema
from deployer.schema import Name

Draft = Literal["2020-12", "7"]

_META = {
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
    "7": "http://json-schema.org/draft-07/schema#",
}
_VALUES = frozenset({"const", "default", "enum", "examples", "x-aliases"})
"""Keywords that hold values, in which nothing is a keyword."""


def printed(name: Name, draft: Draft = "2020-12") -> dict[str, Any]:
    """The schema of that name, with an `$id` of this version, in a draft.

    The shipped schemas use only keywords that mean the same in both: `$defs` has another name in
    draft-07, and that is all.
    """
    shipped = schema.load(name)
    body = shipped if draft == "2020-12" else _as_draft_7(shipped)
    head = {"$schema": _META[draft], "$id": f"urn:deployer:{__version__}:{name}"}
    return {**head, **{key: value for key, value in body.items() if key not in head}}


def _as_draft_7(part: Any) -> Any:
    if isinstance(part, list):
        return [_as_draft_7(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {_key(key): _value(key, value) for key, value in part.items()}


def _key(key: str) -> str:
    return "definitions" if key == "$defs" else key


def _value(key: str, value: Any) -> Any:
    if key == "$ref" and isinstance(value, str):
        return value.replace("#/$defs/", "#/definitions/")
    return value if key in _VALUES else _as_draft_7(value)
