"""A plan as text for people: a line per change, then what changes, scripts as unified diffs."""

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from deployer.model import Change, FieldChange, Plan
from deployer.render import problems_text
from deployer.render.paint import Paint, plain
from deployer.render.visible import visible

_SIGNS = {"create": ("+", "green"), "update": ("~", "yellow"), "unmanaged": ("·", "dim")}
_CONTEXT = 3
_LONGEST = 200
_ENTITY = re.compile(r"\{\{([^{}]+)\}\}")
_NEW_NODE = re.compile(r'nodes\[("(?:[^"\\]|\\.)*"|[^\]"]*)\]')


def to_text(plan: Plan, paint: Paint = plain) -> str:
    """The plan, ending with its counts; says so when there is nothing to do."""
    lines = [_title(plan, paint), ""]
    for change in plan.changes:
        if change.action != "unchanged" or change.nodes:
            lines += [*_change(change, paint), ""]
        elif change.publication == "unpublished":
            lines += [_publication(change, paint), ""]
    if plan.orphans or plan.outside:
        lines += [*_surroundings(plan, paint), ""]
    told = [problem for problem in plan.diagnostics if problem.severity != "info"]
    if told:
        lines += [*problems_text.lines(told, paint), ""]
    lines.append(paint("bold", counts(plan)))
    return "\n".join(lines) + "\n"


def counts(plan: Plan) -> str:
    """One line: what there is to do."""
    number = Counter(change.action for change in plan.changes)
    unchanged = f"{number['unchanged']} unchanged"
    publish = f", {len(plan.to_publish)} to publish" if plan.to_publish else ""
    if not plan.pending:
        return f"No changes: {unchanged}{publish}"
    return f"{number['create']} to create, {number['update']} to update, {unchanged}{publish}"


def publications(plan: Plan, paint: Paint = plain) -> Iterator[str]:
    """A line for each workflow that is saved and not published."""
    return (_publication(change, paint) for change in plan.unpublished)


def _publication(change: Change, paint: Paint) -> str:
    return paint("cyan", f"↑ publish {visible(change.address)}") + _aside(
        "saved, not published", paint
    )


def _title(plan: Plan, paint: Paint) -> str:
    place = f", {plan.place}" if plan.place else ""
    return paint("bold", visible(f"Plan for target {plan.target}: project {plan.project}{place}"))


def _surroundings(plan: Plan, paint: Paint) -> Iterator[str]:
    """One line for each live workflow in scope that no manifest names, one for all others."""
    for path in plan.orphans:
        yield paint("dim", f"· orphan {visible(path)}") + "  (live, in no manifest; left as it is)"
    if plan.outside:
        things = "workflow" if plan.outside == 1 else "workflows"
        yield paint("dim", f"· {plan.outside} live {things} outside the folders in scope")


def _change(change: Change, paint: Paint) -> Iterator[str]:
    sign, colour = _SIGNS.get(change.action, (" ", "dim"))
    place = f"{change.file}:{change.line}" if change.line else change.file
    yield paint(colour, f"{sign} {change.action} {visible(change.address)}") + _aside(place, paint)
    if change.publish and change.publication != "published":
        saved = (
            "saved, not published" if change.action == "unchanged" else "published once it is saved"
        )
        yield paint("cyan", "    ↑ publish") + _aside(saved, paint)
    if change.refused:
        yield paint("red", f"    refused: {visible(change.refused)}")
    for node in change.nodes:
        sign, colour = _SIGNS[node.action]
        note = ": live, in no manifest; left as it is" if node.action == "unmanaged" else ""
        yield paint(colour, f"    {sign} node {visible(node.name)}") + note
    for field in change.fields:
        if field.before is not None or not _NEW_NODE.fullmatch(field.path):
            yield from _field(field, paint)


def _aside(text: str, paint: Paint) -> str:
    return paint("dim", f"  ({visible(text)})") if text else ""


def _field(field: FieldChange, paint: Paint) -> Iterator[str]:
    path = visible(_ENTITY.sub(r"\1", field.path))
    sign, colour = ("+", "green") if field.before is None else ("~", "yellow")
    if field.after is None:
        sign, colour = "-", "red"
    if _is_text(field.before) or _is_text(field.after):
        yield paint(colour, f"    {sign} {path}") + _aside(field.file, paint)
        yield from _text_diff(field.before or "", field.after or "", paint)
        return
    sides = [_value(value) for value in (field.before, field.after) if value is not None]
    yield paint(colour, f"    {sign} {path}: {' -> '.join(sides)}") + _aside(field.file, paint)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value


def _text_diff(before: Any, after: Any, paint: Paint) -> Iterator[str]:
    old, new = _lines(before), _lines(after)
    for line in list(difflib.unified_diff(old, new, lineterm="", n=_CONTEXT))[2:]:
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[0], "")
        shown = line[0] + visible(line[1:])
        yield "      " + (paint(colour, shown) if colour else shown)


def _lines(value: Any) -> list[str]:
    """The lines of a text; of anything else, which a text may replace, the one that shows it."""
    if not isinstance(value, str):
        return [_value(value)]
    return value.split("\n") if value else []


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
    return visible(short)
