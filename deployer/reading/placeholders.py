"""Placeholders for the values of a target: `${spec.KEY}`, `${script.KEY}`, `${projectIdentifier}`.

Every other `${…}` belongs to DataWorks or to the script and passes through as it stands.
"""

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from deployer.model import Pointer
from deployer.nearest import nearest
from deployer.reading.source import PLACEHOLDER, Finding, place

_PLACEHOLDER = re.compile(r"\$\{(?:(spec|script)\.([^{}$\s]*)|(projectIdentifier))\}")
_ENVIRONMENT = re.compile(r"\$\{env:[^}]*\}")
_MANIFEST = frozenset(("spec",))
_SCRIPT_FILE = frozenset(("script",))
_INLINE_SCRIPT = frozenset(("spec", "script"))


class Values(NamedTuple):
    """What the placeholders stand for on one target."""

    vars: Mapping[str, Any] = MappingProxyType({})
    project_identifier: str = ""


class Filled(NamedTuple):
    """A value with its placeholders replaced, what could not be, and what will surprise."""

    value: Any
    findings: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()


def occurs(text: str) -> bool:
    """Does `text` hold a placeholder that a target's value would replace?"""
    return "${" in text and _PLACEHOLDER.search(text) is not None


def fill(document: Any, values: Values, scripts: Mapping[Pointer, str] | None = None) -> Filled:
    """The document with placeholders in its scalars replaced.

    `scripts` says which scalars are the text of which script file.
    """
    filler = _Filler(values, scripts or {})
    return Filled(filler.walk(document, ()), tuple(filler.findings), tuple(filler.warnings))


def fill_script(text: str, values: Values, file: str) -> Filled:
    """The text of the script file `file` with its placeholders replaced."""
    return fill(text, values, {(): file})


def with_changes(value: Any, changes: Mapping[Any, Any]) -> Any:
    """A mapping or list with other values at some of its keys or indexes; itself if at none."""
    if not changes:
        return value
    if isinstance(value, dict):
        return {**value, **changes}
    return [changes.get(index, each) for index, each in enumerate(value)]


class _Filler:
    def __init__(self, values: Values, scripts: Mapping[Pointer, str]) -> None:
        self.findings: list[Finding] = []
        self.warnings: list[Finding] = []
        self._values = values
        self._scripts = scripts

    def walk(self, value: Any, pointer: Pointer) -> Any:
        """The value filled; itself, not a copy, where nothing in it is replaced."""
        if isinstance(value, str):
            return self._text(value, pointer) if "${" in value else value
        if not isinstance(value, dict | list):
            return value
        changes = {}
        for step, each in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(each, dict | list) or (isinstance(each, str) and "${" in each):
                filled = self.walk(each, (*pointer, step))
                if filled is not each:
                    changes[step] = filled
        return with_changes(value, changes)

    def _text(self, text: str, pointer: Pointer) -> Any:
        if pointer in self._scripts:
            spaces = _SCRIPT_FILE
        elif pointer[-2:] == ("script", "content"):
            spaces = _INLINE_SCRIPT
        else:
            spaces = _MANIFEST
            self._refuse_environment(text, pointer)
        whole = _PLACEHOLDER.fullmatch(text)
        if whole and spaces is _MANIFEST:
            return self._value(whole, pointer, spaces)
        return _PLACEHOLDER.sub(lambda found: _embedded(self._value(found, pointer, spaces)), text)

    def _value(self, found: re.Match[str], pointer: Pointer, spaces: Collection[str]) -> Any:
        space, key, project = found.groups()
        if project:
            return self._project_identifier(found, pointer)
        if space not in spaces:
            hint = f"write `${{{next(iter(spaces))}.{key}}}` here, if it is meant"
            message = f"`{found[0]}` is not replaced here"
            self.warnings.append(self._finding(found, pointer, message, hint))
            return found[0]
        if key not in self._values.vars:
            self._find(found, pointer, f"no value for `{found[0]}`", self._near(space, key))
            return found[0]
        value = self._values.vars[key]
        if isinstance(value, str) and occurs(value):
            message = f"the value of `{key}` holds a placeholder itself"
            self._find(found, pointer, message, "values are not replaced twice: write it out")
        return value

    def _project_identifier(self, found: re.Match[str], pointer: Pointer) -> str:
        if self._values.project_identifier:
            return self._values.project_identifier
        hint = "add `projectIdentifier` to the target in `deployer.yaml`"
        self._find(found, pointer, "the target has no `projectIdentifier`", hint)
        return found[0]

    def _near(self, space: str, key: str) -> str:
        near = nearest(key, self._values.vars)
        if near:
            return f"did you mean `${{{space}.{near}}}`?"
        return f"add `{key}` to the target's `vars` in `deployer.yaml`"

    def _refuse_environment(self, text: str, pointer: Pointer) -> None:
        if found := _ENVIRONMENT.search(text):
            hint = "put the value into the target's `vars` and write `${spec.KEY}`"
            message = f"`{found[0][:100]}`: manifests do not read the environment"
            self._find(found, pointer, message, hint)

    def _find(self, found: re.Match[str], pointer: Pointer, message: str, hint: str) -> None:
        self.findings.append(self._finding(found, pointer, message, hint))

    def _finding(self, found: re.Match[str], pointer: Pointer, message: str, hint: str) -> Finding:
        file = self._scripts.get(pointer, "")
        line, column = place(found.string, found.start()) if file else (0, 0)
        return Finding(message, line, column, hint, pointer, PLACEHOLDER, file)


def _embedded(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
