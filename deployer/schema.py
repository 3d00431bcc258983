"""The JSON Schemas of this program: loads them, checks a document, says how a field behaves.

A compiled validator decides; only a refused document is checked again by one that can say why (see
`deployer.wording`). Rules that a schema cannot express live in `deployer.rules`.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from deployer.fields import Field
from deployer.wording import Violation, one_line, violations

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

__all__ = ["Field", "Name", "Violation", "check", "document", "folder", "load", "node", "workflow"]

Name = Literal["manifest", "config", "plan", "run", "saved-plan"]

_PLACEHOLDER = re.compile(r"\$\{spec\.[^{}]+\}")


@cache
def load(name: Name) -> dict[str, Any]:
    """Return the schema of that name. It is shared: do not change it."""
    text = (folder() / f"{name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def folder() -> Path:
    """Return where schemas and data lie: inside the wheel, or beside the package in a checkout."""
    packaged = Path(__file__).parent / "schemas"
    return packaged if packaged.is_dir() else packaged.parent.parent / "schemas"


def check(instance: Any, name: Name = "manifest", *, symbolic: bool = False) -> list[Violation]:
    """Return how `instance`, any JSON value, breaks the schema: by place, empty if it does not.

    Readers stop at a depth of 64; what nests thousands deep would exhaust the gate's stack.
    With `symbolic`, a text that is exactly one `${spec.KEY}` stands for any value.
    """
    gate = _gate(name)
    try:
        if gate.is_valid(instance):
            return []
        refusals = [
            Violation(tuple(error.instance_path), "", one_line(error.message))
            for error in gate.iter_errors(instance)
            if not (symbolic and _is_placeholder(error.instance))
        ]
    except ValueError as error:  # nested beyond the gate's limit, or text that is not Unicode
        return [Violation((), "", one_line(f"cannot be read as a document: {error}"))]
    return refusals and (_explained(instance, name, symbolic) or refusals)


@cache
def _gate(name: Name) -> "Draft202012Validator":
    from jsonschema_rs import Draft202012Validator  # costs more than reading most manifests

    return Draft202012Validator(load(name))


def _explained(instance: Any, name: Name, symbolic: bool) -> list[Violation]:
    """Word what jsonschema finds; empty where it finds nothing or gives up."""
    from jsonschema import Draft202012Validator  # a sound document never pays for it

    errors = Draft202012Validator(load(name)).iter_errors(instance)
    try:
        return violations(
            [error for error in errors if not (symbolic and _is_placeholder(error.instance))],
            document(name),
        )
    except RecursionError:
        return []


def _is_placeholder(value: Any) -> bool:
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


@cache
def document(name: Name = "manifest") -> Field:
    """Return how a whole document behaves."""
    return Field.root(load(name))


@cache
def workflow() -> Field:
    """Return how the workflow object of a manifest behaves."""
    return _known("spec", "workflows", 0)


@cache
def node() -> Field:
    """Return how a node behaves, wherever it stands."""
    return _known("spec", "workflows", 0, "nodes", 0)


def _known(*path: str | int) -> Field:
    field = document().at(path)
    if field is None:
        raise LookupError(f"the manifest schema does not know {path}")
    return field
