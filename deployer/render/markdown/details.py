"""One workflow in full, folded: its nodes, its values by who changed them, its scripts as diffs."""

from collections.abc import Iterator, Sequence

from deployer.model import Change, FieldChange, NodeChange, Origin
from deployer.render.markdown.detail import Detail
from deployer.render.markdown.inline import (
    cell,
    code,
    fenced,
    folded,
    html,
    names,
    prose,
    prose_cell,
    table,
)
from deployer.render.plan_parts import ORIGINS, by_origin, diff, is_text, one_line, path_of, some

_MOST_NODES = 60
_MOST_FIELDS = 200
_NODE_NOTES = {
    "unmanaged": "live, in no manifest; left as it is",
    "kept": "live, gone from git; it keeps running, `--prune` deletes it",
}


def details(change: Change, detail: Detail) -> Iterator[str]:
    """The fold of one change."""
    summary = f"<b>{change.action}</b> {html(change.address)}"
    yield from folded(summary, _inside(change, detail))


def _inside(change: Change, detail: Detail) -> Iterator[str]:
    yield from _facts(change)
    yield from _nodes(change.nodes)
    for origin, fields in by_origin(change).items():
        yield from _origin(origin, fields, detail)


def _facts(change: Change) -> Iterator[str]:
    place = f"{change.file}:{change.line}" if change.line else change.file
    facts = [
        *([f"why: {prose(change.reason)}"] if change.reason else []),
        *([f"in {code(place)}"] if place else []),
        *([f"formerly {code(change.moved_from)}"] if change.moved_from else []),
        *([f"done after {names(change.waits_for)}"] if change.waits_for else []),
        *(["to be published"] if change.publish and change.publication != "published" else []),
    ]
    yield from (f"- {fact}" for fact in facts)
    if facts:
        yield ""


def _nodes(nodes: Sequence[NodeChange]) -> Iterator[str]:
    if not nodes:
        return
    first = sorted(nodes, key=lambda node: node.action not in ("delete", "move", "kept"))
    shown, more = some(first, _MOST_NODES)
    yield from table(["Node", "Name", "What differs", ""], (_node(node) for node in shown))
    if more:
        yield ""
        yield f"and {more} more nodes"
    yield ""


def _node(node: NodeChange) -> list[str]:
    name = cell(node.name)
    named = f"{cell(node.moved_from)} → {name}" if node.moved_from else name
    note = node.reason or _NODE_NOTES.get(node.action, "")
    return [node.action, named, node.field_class, prose_cell(note)]


def _origin(origin: Origin, fields: Sequence[FieldChange], detail: Detail) -> Iterator[str]:
    yield f"**{ORIGINS[origin]}**"
    yield ""
    values = [field for field in fields if not is_text(field)]
    yield from _values(origin, values)
    for field in fields:
        if is_text(field):
            yield from _script(field, detail)


def _values(origin: Origin, fields: Sequence[FieldChange]) -> Iterator[str]:
    if not fields:
        return
    base = ["Git at the base"] if origin == "conflict" else []
    shown, more = some(fields, _MOST_FIELDS)
    yield from table(
        ["Field", "Class", *base, "In the workspace", "After apply", ""],
        (_value(field, with_base=bool(base)) for field in shown),
    )
    if more:
        yield ""
        yield f"and {more} more fields"
    yield ""


def _value(field: FieldChange, *, with_base: bool) -> list[str]:
    values = [*([field.base] if with_base else []), field.before, field.after]
    told = ["absent" if value is None else cell(one_line(value), 400) for value in values]
    note = prose_cell(field.reason)
    return [cell(path_of(field)), field.field_class, *told, note]


def _script(field: FieldChange, detail: Detail) -> Iterator[str]:
    file = f" from {code(field.file)}" if field.file else ""
    why = f", {prose(field.reason)}" if field.reason else ""
    yield f"Text of {code(path_of(field))}{file}, {field.field_class}{why}"
    yield ""
    if detail.context is None:
        return
    if field.field_class == "format-only" and not detail.format_only:
        return
    lines = list(diff(field, detail.context))
    shown, more = some(lines, detail.lines)
    yield from fenced("diff", shown)
    yield ""
    if more:
        yield f"and {more} more lines"
        yield ""
