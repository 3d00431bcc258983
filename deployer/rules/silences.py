"""What a manifest accepts: which entry of `deployer.silence` a finding falls under.

A path is written as a plan writes it, `nodes[load].script.content`; it covers what lies below it.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from deployer import schema
from deployer.diff import pattern, resolve
from deployer.fields import Field
from deployer.model import Pointer, RuleInfo
from deployer.normalise import key_of
from deployer.rules.subject import Finding, Subject


class Silence(NamedTuple):
    """One entry of `deployer.silence`, by its number in the list."""

    number: int
    rule: str
    path: str = ""

    def covers(self, rule: str, path: str) -> bool:
        """Whether a finding of that rule at that field path is accepted."""
        if rule != self.rule:
            return False
        return not self.path or _below(self.path).fullmatch(path) is not None


@cache
def _below(path: str) -> re.Pattern[str]:
    """What a field path matches that is `path`, or lies below it."""
    return re.compile(f"(?:{pattern([path]).pattern})(?:[.\\[].*)?", re.DOTALL)


def silences(subject: Subject) -> tuple[Silence, ...]:
    """What the manifest of a subject accepts."""
    entries = subject.said.get("silence") or ()
    return tuple(
        Silence(number, entry["rule"], entry.get("path") or "")
        for number, entry in enumerate(entries)
    )


def field_path(subject: Subject, finding: Finding) -> str:
    """The place of a finding as a plan writes it; from the top of the document if it lies outside."""
    if finding.in_document:
        return resolve(tuple(str(step) for step in finding.pointer), None)[0]
    steps = tuple(_steps(subject.workflow, schema.workflow(), finding.pointer))
    return resolve(steps, schema.workflow())[0]


def _steps(value: Any, field: Field | None, pointer: Pointer) -> Iterator[str]:
    """A pointer with the keys of list elements in place of their numbers."""
    for step in pointer:
        keyed = isinstance(step, int) and field is not None and field.merge_key
        inner = value[step] if _has(value, step) else None
        yield key_of(inner, field) if keyed and field and inner is not None else str(step)
        value = inner
        field = field.at((step,)) if field is not None else None


def _has(value: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(value, list) and step < len(value)
    return isinstance(value, Mapping) and step in value


def useless(entry: Silence, known: Mapping[str, RuleInfo], near_id: str) -> tuple[str, str]:
    """Why an entry that matched nothing did not, and the cure."""
    info = known.get(entry.rule)
    if info is None:
        hint = f"did you mean `{near_id}`?" if near_id else "docs/rules.md lists the rules"
        return f"there is no rule `{entry.rule}`", hint
    if info.fixed:
        return f"`{entry.rule}` cannot be silenced", f"correct what it finds: {info.reason}"
    where = f" at `{entry.path}`" if entry.path else ""
    return f"there is no finding of `{entry.rule}`{where} to silence", ""
