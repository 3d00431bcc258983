"""Placeholders put back into a document: the workspace's name in outputs, and variables of the target.

Only where nothing is guessed about the meaning: the name of the workspace as the first part of an output
that the workflow makes or waits for; a variable where a whole text is its value and no other one's.
"""

from collections.abc import Collection, Mapping
from typing import Any

from deployer import schema
from deployer.fields import Field
from deployer.model import Target

SHORTEST = 4
"""Shorter values of variables are words like `EUR` or `1`, which mean other things as well."""

_PROJECT = "${projectIdentifier}"
_RESTRICTED = {"enum", "const", "pattern", "format", "not"}


class Speller:
    """Puts placeholders into the values of one workflow; knows its outputs, and the target's variables."""

    def __init__(self, workflow: Mapping[str, Any], target: Target, path: str) -> None:
        self.identifier = target.project_identifier
        self._outputs = set(_outputs(workflow))
        values = [value for value in target.vars.values() if isinstance(value, str)]
        self._vars = {
            value: f"${{spec.{name}}}"
            for name, value in target.vars.items()
            if isinstance(value, str)
            and len(value) >= SHORTEST
            and values.count(value) == 1
            and value != path
        }

    def spelled(self, value: Any, field: Field | None, names: Collection[str] = ()) -> Any:
        """`value`, as the field holds it, with placeholders; keys in `names` identify and are kept."""
        if isinstance(value, dict):
            return {key: self._member(key, item, field, names) for key, item in value.items()}
        if isinstance(value, list):
            items = field.items if field else None
            return [self.spelled(item, items, _identifying(field)) for item in value]
        return self._text(value, field) if isinstance(value, str) and field else value

    def _member(self, key: str, item: Any, field: Field | None, names: Collection[str]) -> Any:
        if key == "dependsOn" and isinstance(item, list):
            return self.upstreams(item)
        return item if key in names else self.spelled(item, field.property(key) if field else None)

    def upstreams(self, items: list[Any]) -> list[Any]:
        """The items of a `dependsOn`."""
        return [
            {**item, "node": self.output(item["node"])}
            if isinstance(item, dict)
            else self.output(item)
            for item in items
        ]

    def _text(self, text: str, field: Field) -> str:
        if field.reference:
            head, colon, tail = text.rpartition(":")
            if text in self._outputs:
                return self.output(text)
            if colon and head in self._outputs:
                return f"{self.output(head)}:{tail}"
        if field.text or field.immutable or field.sensitive or _RESTRICTED & set(field.keywords):
            return text
        return self._vars.get(text, text)

    def output(self, text: str) -> str:
        """The name of an output, the workspace's own name in it as a placeholder."""
        own = self.identifier
        if own and (text.startswith(f"{own}.") or text == f"{own}_root"):
            return _PROJECT + text.removeprefix(own)
        return text


def _identifying(field: Field | None) -> set[str]:
    """The keys by which elements of a list are known, but for outputs: those may hold a placeholder."""
    if field is None or field.items is None:
        return set()
    paths = [path for choice in field.merge_key for path in choice if len(path) == 1]
    return {path[0] for path in paths if not ((place := field.items.at(path)) and place.reference)}


def _outputs(value: Any, key: str = "") -> list[str]:
    """The names of outputs that a document speaks of: made, or waited for."""
    if isinstance(value, dict):
        return [name for k, item in value.items() for name in _outputs(item, k)]
    if isinstance(value, list):
        if key == "dependsOn":
            return [item["node"] if isinstance(item, dict) else item for item in value]
        return [name for item in value for name in _outputs(item, key)]
    return [value] if key in ("data", "output") and isinstance(value, str) else []


def spelled(document: dict[str, Any], target: Target) -> dict[str, Any]:
    """A whole document with its placeholders put back."""
    path = document["spec"]["workflows"][0]["script"]["path"]
    speller = Speller(document["spec"], target, path)
    found: dict[str, Any] = speller.spelled(document, schema.document())
    return found
