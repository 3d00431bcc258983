"""What every form of a plan that people read shows, and in which order: the same in all of them."""

import difflib
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from deployer.model import Action, Change, Danger, FieldChange, Origin, Plan
from deployer.render.visible import visible

ORIGINS: Mapping[Origin, str] = {
    "change": "Your change",
    "drift": "Changed in the workspace, not in git: apply overwrites it",
    "conflict": "Changed in git and in the workspace: apply overwrites what the workspace holds",
}
"""The headings of the three blocks of differences, in their order."""

_Each = TypeVar("_Each")
_ENTITY = re.compile(r"\{\{([^{}]+)\}\}")
_WHOLE_NODE = re.compile(r'nodes\[("(?:[^"\\]|\\.)*"|[^\]"]*)\]')
_LONGEST = 200
_LONGEST_LINE = 1000


def told(plan: Plan) -> list[Change]:
    """The changes with something to do or to say: what goes first, else in the order of the plan."""
    first = {"delete": 0, "kept": 1}
    speaking = [change for change in plan.changes if speaks(change)]
    return sorted(speaking, key=lambda change: first.get(change.action, 2))


def speaks(change: Change) -> bool:
    """Whether there is something to do for a workflow, or to say about it."""
    if change.action != "unchanged" or change.publication == "unpublished":
        return True
    return bool(change.nodes or change.dangers)


def all_dangers(plan: Plan) -> list[Danger]:
    """Those of the plan and of its changes, each once, what stops apply first.

    What apply cannot do at all is one of them: it stops apply as they do.
    """
    found = [
        Danger("refused", change.refused, address=change.address, blocks=True)
        for change in plan.changes
        if change.refused
    ]
    found += plan.dangers
    for change in plan.changes:
        found += [replace(each, address=each.address or change.address) for each in change.dangers]
    return sorted(dict.fromkeys(found), key=lambda danger: not danger.blocks)


def losses(plan: Plan) -> dict[str, list[str]]:
    """What does not stay as it is in the workspace, in words: workflows, and nodes as `PATH#node`."""
    found = {
        "Deleted": _gone(plan.changes, "delete"),
        "Gone from git, and kept running": _gone(plan.changes, "kept"),
        "Edited in the workspace, which apply overwrites": [
            change.address
            for change in plan.changes
            if any(field.origin != "change" for field in change.fields)
        ],
    }
    return {what: addresses for what, addresses in found.items() if addresses}


def _gone(changes: Sequence[Change], action: Action) -> list[str]:
    """Workflows, and nodes of workflows that stay."""
    workflows = [change.address for change in changes if change.action == action]
    nodes = [
        f"{change.address}#{node.name}"
        for change in changes
        for node in change.nodes
        if node.action == action != change.action
    ]
    return [*workflows, *nodes]


def beyond(plan: Plan) -> str:
    """What is to be said behind the commit of the manifests, where they are not as it holds them."""
    return " and changes that are in no commit" if plan.uncommitted else ""


def apply_command(plan: Plan) -> str:
    """The command that does what the plan shows, as a shell takes it."""
    return visible(shlex.join(["deployer", "apply", "--target", plan.target, *plan.flags]))


def by_origin(change: Change) -> dict[Origin, list[FieldChange]]:
    """The differences that are told, by who made them; nodes that come or go have their own line."""
    told = [field for field in change.fields if not _is_whole_node(field)]
    blocks = {origin: [each for each in told if each.origin == origin] for origin in ORIGINS}
    return {origin: fields for origin, fields in blocks.items() if fields}


def _is_whole_node(field: FieldChange) -> bool:
    comes_or_goes = field.before is None or field.after is None
    return comes_or_goes and _WHOLE_NODE.fullmatch(field.path) is not None


def path_of(field: FieldChange) -> str:
    """The path as it is shown: entities by their plain names."""
    return visible(_ENTITY.sub(r"\1", field.path))


def some(names: Sequence[_Each], most: int) -> tuple[Sequence[_Each], int]:
    """The first names, and how many others there are."""
    return names[:most], max(len(names) - most, 0)


# --- values ---------------------------------------------------------------------------------------


def one_line(value: Any) -> str:
    """A value on one line, cut if it is long."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
    return visible(short)


def is_text(field: FieldChange) -> bool:
    """Whether a difference is one between texts of several lines, or of JSON in a text."""
    sides = (field.before, field.after)
    return (
        any(isinstance(side, str) and "\n" in side for side in sides) or _as_json(field) is not None
    )


def diff(field: FieldChange, context: int) -> Iterator[str]:
    """The unified diff of two texts, its headings left out; each line is fit to be shown."""
    old, new = sides(field)
    for line in list(difflib.unified_diff(old, new, lineterm="", n=context))[2:]:
        yield line[0] + visible(_cut(line[1:]))


def sides(field: FieldChange) -> tuple[list[str], list[str]]:
    """Both texts of a difference in lines; JSON in a text is laid out."""
    as_json = _as_json(field)
    if as_json is not None:
        return as_json
    return _lines(field.before), _lines(field.after)


def _lines(value: Any) -> list[str]:
    """The lines of a text; of anything else, which a text may replace, the one that shows it."""
    if value is None or value == "":
        return []
    return value.split("\n") if isinstance(value, str) else [one_line(value)]


def _cut(line: str) -> str:
    if len(line) <= _LONGEST_LINE:
        return line
    return f"{line[:_LONGEST_LINE]}… ({len(line)} characters)"


def _as_json(field: FieldChange) -> tuple[list[str], list[str]] | None:
    """Two texts that hold JSON objects or lists which differ, laid out in lines; else None."""
    old, new = _laid_out(field.before), _laid_out(field.after)
    return (old, new) if old and new and old != new else None


def _laid_out(value: Any) -> list[str]:
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return []
    try:
        return json.dumps(json.loads(value), ensure_ascii=False, indent=2).split("\n")
    except (ValueError, RecursionError):
        return []
