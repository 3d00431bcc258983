"""Says what is wrong with a document in words: a validator's errors become violations with hints.

Knows how to tell a typing mistake from a legacy spelling and from a key in the wrong place. Whether
something is wrong at all was decided before, in `deployer.schema`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from deployer.fields import Field
from deployer.model import Pointer
from deployer.nearest import nearest

_LEGACY_KEYS: Mapping[str, Sequence[str]] = {
    "apiVersion": ["version"],
    "code": ["content"],
    "delay": ["delaySeconds"],
    "dependencies": ["flow", "dependsOn"],
    "depends": ["dependsOn"],
    "flow": ["dependencies", "dependsOn"],
    "from": ["referenceVariable"],
    "maxIteration": ["maxIterations"],
    "output": ["nodeOutputs", "data"],
    "outputs": ["nodeOutputs"],
    "resource": ["runtimeResource"],
    "specWhile": ["while"],
    "type": ["artifactType"],
    "variable": ["referenceVariable", "variables"],
}
"""What a key of an older dialect or of a class name is called today; the first that fits counts."""

_LEGACY_VALUES: Mapping[str, str] = {
    "ALL_ALLOWED": "Allowed",
    "ALL_DENIED": "Denied",
    "Context": "NodeContext",
    "CrossCycleDependsOnOther": "CrossCycleDependsOnOtherNode",
    "Disable": "Disabled",
    "FAILURE_ALLOWED": "FailureAllowed",
    "ManualTrigger": "Manual",
    "Output": "NodeOutput",
    "Parameter": "NodeParameter",
    "SchedulerTrigger": "Scheduler",
    "WorkflowParameter": "Workflow",
}
"""What a value of an older dialect or of another guide is called today."""

_EMPTY_FOR_OTHER_TYPES = frozenset({"const", "enum", "not"})
"""Keywords that fail too, and say nothing more, where the type is wrong."""

_LISTED = 20
_SHOWN = 60


class Violation(NamedTuple):
    """One way in which a document breaks its schema; `keyword` is the schema keyword that it broke.

    `pointer` leads to the value, or, if `key_position` is set, to a key that must not be there.
    """

    pointer: Pointer
    keyword: str
    message: str
    hint: str = ""
    key_position: bool = False


class Refusal(Protocol):
    """What is used of an error that jsonschema reports."""

    validator: Any
    validator_value: Any
    instance: Any
    schema: Any
    context: Any
    message: str

    @property
    def path(self) -> Sequence[str | int]:
        """Where the value lies, from the value that the parent error is about."""

    @property
    def absolute_path(self) -> Sequence[str | int]:
        """Where the value lies in the document."""


def violations(errors: Iterable[Refusal], root: Field) -> list[Violation]:
    """Return what `errors` say about a document that behaves like `root`: each once, by place."""
    found = {
        (violation.pointer, violation.message): violation
        for error in errors
        for violation in _worded(error, root)
    }
    mistyped = {pointer for (pointer, _), one in found.items() if one.keyword == "type"}
    told = [
        one
        for one in found.values()
        if one.pointer not in mistyped or one.keyword not in _EMPTY_FOR_OTHER_TYPES
    ]
    return sorted(told, key=_place)


def _place(violation: Violation) -> tuple[list[tuple[bool, str | int]], str]:
    return [(isinstance(step, str), step) for step in violation.pointer], violation.message


def _worded(error: Refusal, root: Field) -> Iterator[Violation]:
    keyword = str(error.validator)
    if keyword == "additionalProperties":
        yield from _unknown_keys(error, root)
    elif keyword == "required":
        yield from _missing_keys(error)
    elif keyword in ("anyOf", "oneOf"):
        yield from _no_alternative(error, root)
    else:
        message, hint = _WORDS.get(keyword, _other)(error)
        yield Violation(_pointer(error), keyword, message, hint)


def _pointer(error: Refusal) -> Pointer:
    return tuple(error.absolute_path)


def _unknown_keys(error: Refusal, root: Field) -> Iterator[Violation]:
    pointer = _pointer(error)
    known = error.schema.get("properties", {})
    for key in sorted(set(error.instance) - set(known)):
        hint = _hint_for_key(key, list(known), pointer, root)
        yield Violation(
            (*pointer, key), "additionalProperties", f"unknown key `{_short(key)}`", hint, True
        )


def _hint_for_key(key: str, known: Sequence[str], pointer: Pointer, root: Field) -> str:
    renamed = [name for name in _LEGACY_KEYS.get(key, ()) if name in known]
    similar = renamed or _same_letters(key, known)
    place = "" if similar else _right_place(key, pointer, root)
    close = similar[0] if similar else nearest(key, known)
    return place or (f"did you mean `{close}`?" if close else "")


def _same_letters(key: str, known: Iterable[str]) -> list[str]:
    """Return the known keys that `key` spells with other capitals or joints, as in `doWhile`."""
    return [name for name in known if _letters(name) == _letters(key)]


def _letters(key: str) -> str:
    return key.replace("-", "").replace("_", "").casefold()


def _right_place(key: str, pointer: Pointer, root: Field) -> str:
    """Say where around the object at `pointer` the schema knows `key`, if it does."""
    outer = root.at(pointer[:-1]) if pointer and isinstance(pointer[-1], str) else None
    if outer and outer.property(key):
        return f"`{key}` belongs beside `{pointer[-1]}`, not inside it"
    here = root.at(pointer)
    paths = _paths_to(key, here.properties) if here else []
    return f"`{key}` belongs under {' or '.join(paths[:3])}" if paths else ""


def _paths_to(key: str, properties: Mapping[str, Field]) -> list[str]:
    """Return the one or two steps that lead to `key` below these properties, the nearest only."""
    inner = [(f"{name}[]" if field.items else name, field) for name, field in properties.items()]
    near = [f"`{name}`" for name, field in inner if key in _below(field)]
    return near or [
        f"`{name}.{deeper}`"
        for name, field in inner
        for deeper, deeper_field in _below(field).items()
        if key in _below(deeper_field)
    ]


def _below(field: Field) -> Mapping[str, Field]:
    return (field.items or field).properties


def _missing_keys(error: Refusal) -> Iterator[Violation]:
    for key in error.validator_value:
        if key not in error.instance:
            message = f"missing required key `{key}`"
            yield Violation(
                _pointer(error), "required", message, _hint_for_missing(key, error.instance)
            )


def _hint_for_missing(key: str, found: Mapping[str, Any]) -> str:
    if key == "spec" and {"nodes", "workflows", "flow"} & set(found):
        return (
            "version 1.0.0 had the body at top level: move it under `spec`, write `version: 1.1.0`"
        )
    if key == "workflows" and "nodes" in found:
        return "only workflows are deployed: move the nodes into `workflows[0].nodes`"
    if key == "script":
        return "a workflow needs its `script.path`, a node its `script.runtime.command`"
    if key == "path":
        return "the folders of the workflow and its name, such as `sales/daily/load_orders`"
    return ""


def _no_alternative(error: Refusal, root: Field) -> Iterator[Violation]:
    """Word alternatives that only ask for keys in one line, others by the nearest miss."""
    wanted = [
        branch["required"] for branch in error.validator_value if list(branch) == ["required"]
    ]
    if wanted and isinstance(error.instance, dict):
        keys = " or ".join(f"`{key}`" for branch in wanted for key in branch)
        yield Violation(_pointer(error), "required", f"missing required key {keys}")
    else:
        nearest = max(error.context, key=lambda miss: (miss.validator != "type", len(miss.path)))
        yield from _worded(nearest, root)


Words = tuple[str, str]


def _type(error: Refusal) -> Words:
    value = error.validator_value
    allowed = [name for name in ([value] if isinstance(value, str) else value) if name != "null"]
    found = type_name(error.instance)
    return f"expected {' or '.join(allowed)}, found {found}", _hint_for_type(
        allowed, error.instance
    )


def _hint_for_type(allowed: Sequence[str], value: Any) -> str:
    if "string" in allowed and isinstance(value, bool | int | float):
        return "put the value in quotes"
    if "integer" in allowed and isinstance(value, str) and re.fullmatch("-?[0-9]+", value):
        return "leave out the quotes"
    return "write a list" if allowed == ["array"] and value is not None else ""


def type_name(value: Any) -> str:
    """Return JSON Schema's name of the type of `value`."""
    names = {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        dict: "object",
        list: "array",
        type(None): "null",
    }
    return names.get(type(value), type(value).__name__)


def _enum(error: Refusal) -> Words:
    allowed = [value for value in error.validator_value if value is not None]
    listed = ", ".join(f"`{value}`" for value in allowed[:_LISTED])
    more = f" and {len(allowed) - _LISTED} more" if len(allowed) > _LISTED else ""
    message = f"expected one of {listed}{more}, found {_quoted(error.instance)}"
    return message, _hint_for_value(error.instance, [v for v in allowed if isinstance(v, str)])


def _hint_for_value(value: Any, allowed: Sequence[str]) -> str:
    if not isinstance(value, str):
        return ""
    legacy = _LEGACY_VALUES.get(value, "")
    same = [legacy] if legacy in allowed else _same_letters(value, allowed)
    close = same[0] if same else nearest(value, allowed)
    return f"did you mean `{close}`?" if close else ""


def _const(error: Refusal) -> Words:
    return f"expected {_quoted(error.validator_value)}, found {_quoted(error.instance)}", ""


def _shape(error: Refusal) -> Words:
    """Word a broken pattern as the schema itself says it, if it does."""
    expected = error.schema.get("errorMessage", "expected a text of another form")
    return f"{expected}, found {_quoted(error.instance)}", ""


def _at_least(error: Refusal) -> Words:
    return f"expected {error.validator_value} or more, found {_quoted(error.instance)}", ""


def _at_most(error: Refusal) -> Words:
    return f"expected {error.validator_value} or less, found {_quoted(error.instance)}", ""


def _too_few(error: Refusal) -> Words:
    if error.validator_value == 1:
        return "must not be empty", ""
    limit, unit = error.validator_value, _unit(error.instance)
    return f"expected {limit} {unit}s or more, found {len(error.instance)}", ""


def _too_many(error: Refusal) -> Words:
    limit, unit = error.validator_value, _unit(error.instance)
    plural = "" if limit == 1 else "s"
    return f"expected {limit} {unit}{plural} at most, found {len(error.instance)}", ""


def _unit(value: Any) -> str:
    return "character" if isinstance(value, str) else "element"


def _other(error: Refusal) -> Words:
    return one_line(error.message), ""


def _quoted(value: Any) -> str:
    scalar = isinstance(value, str | int | float | bool)
    return f"`{_short(str(value))}`" if scalar else type_name(value)


def _short(text: str) -> str:
    return one_line(text, _SHOWN)


def one_line(text: str, limit: int = 200) -> str:
    """Return `text` cut to one line that any terminal can show."""
    line = "".join(char if char.isprintable() else "�" for char in text[: limit + 1])
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


_WORDS: Mapping[str, Callable[[Refusal], Words]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "pattern": _shape,
    "not": _shape,
    "maxLength": _shape,
    "minimum": _at_least,
    "maximum": _at_most,
    "minLength": _too_few,
    "minItems": _too_few,
    "maxItems": _too_many,
}
