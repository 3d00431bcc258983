"""One change in full: schedule, readers, picture, nodes, and its differences by who made them."""

from collections.abc import Sequence

from deployer.model import Change, FieldChange, Graph, NodeChange, Origin, Runs, Schedule
from deployer.render.html.markup import Html, joined, raw, tag
from deployer.render.html.page import pill, table
from deployer.render.html.picture import picture
from deployer.render.html.sides import side_by_side
from deployer.render.plan_parts import ORIGINS, by_origin, is_text, one_line, path_of, sides, some

_MOST = 20
_MOST_FIELDS = 200


def change_section(
    anchor: str, change: Change, graph: Graph | None, *, scripts: bool, opened: bool
) -> Html:
    """The folded details of a change; without a graph or `scripts` it says that they are left out."""
    head = tag(
        "summary", pill(change.action, change.action), tag("span", change.address, class_="path")
    )
    place = f"{change.file}:{change.line}" if change.line else change.file
    moved = f"moved from {change.moved_from}" if change.moved_from else ""
    told = " · ".join(each for each in (change.reason, place, moved) if each)
    body = [
        tag("p", told, class_="soft") if told else "",
        tag("p", f"refused: {change.refused}", class_="refused") if change.refused else "",
        _waits(change),
        _schedule(change.schedule),
        _readers(change),
        _picture(graph),
        _nodes(change.nodes),
        *(_origin(origin, fields, scripts) for origin, fields in by_origin(change).items()),
    ]
    inside = tag("div", *body, class_="inside", id=anchor)
    return tag("details", head, inside, class_="change item", open=opened)


def _waits(change: Change) -> Html:
    if not change.waits_for:
        return raw("")
    return tag("p", f"done after: {', '.join(change.waits_for)}", class_="soft")


def _picture(graph: Graph | None) -> Html:
    if graph is None:
        return _left_out("its picture")
    return joined([tag("h3", "What waits for what"), picture(graph)]) if graph.vertices else raw("")


def _left_out(what: str) -> Html:
    text = f"The page is large, {what} is left out; a plan of this workflow alone shows it"
    return tag("p", text, class_="soft")


def _readers(change: Change) -> Html:
    lists = {
        "Directly downstream": change.downstream.direct,
        "Further downstream": change.downstream.transitive,
    }
    parts = []
    for title, names in lists.items():
        shown, more = some(names, _MOST)
        entries = [tag("li", name, class_="path") for name in shown]
        if more:
            entries.append(tag("li", f"and {more} more"))
        if entries:
            parts += [tag("h3", f"{title}: {len(names)}"), tag("ul", *entries, class_="names")]
    return joined(parts)


def _schedule(schedule: Schedule | None) -> Html:
    if schedule is None:
        return raw("")
    rows = [_runs("before", schedule.before), _runs("after", schedule.after)]
    listed = table(["", "Cron", "Time zone", "Runs in a week", "Next runs"], rows)
    return joined([tag("h3", "Schedule"), listed, *(tag("p", note) for note in schedule.notes)])


def _runs(name: str, runs: Runs | None) -> Html:
    if runs is None:
        return tag("tr", tag("td", name), tag("td", "does not run", colspan="4"))
    texts = [runs.timezone, f"{runs.per_week:g}", ", ".join(runs.next) or "none"]
    cron = tag("td", tag("code", runs.cron))
    return tag("tr", tag("td", name), cron, *(tag("td", text) for text in texts))


# --- nodes and fields -----------------------------------------------------------------------------


def _nodes(nodes: Sequence[NodeChange]) -> Html:
    if not nodes:
        return raw("")
    shown, more = some(nodes, _MOST_FIELDS)
    listed = table(["Node", "Name", "What differs", ""], [_node(node) for node in shown])
    rest = tag("p", f"and {more} more nodes", class_="soft") if more else ""
    return joined([tag("h3", "Nodes"), listed, rest])


def _node(node: NodeChange) -> Html:
    moved = f"moved from {node.moved_from}" if node.moved_from else ""
    kept = "live, in no manifest; left as it is" if node.action == "unmanaged" else ""
    told = " · ".join(each for each in (moved, node.reason, kept) if each)
    return tag(
        "tr",
        tag("td", pill(node.action, node.action)),
        tag("td", node.name, class_="path"),
        tag("td", pill(node.field_class, node.field_class) if node.field_class else ""),
        tag("td", told),
    )


def _origin(origin: Origin, fields: Sequence[FieldChange], scripts: bool) -> Html:
    texts = [field for field in fields if is_text(field)]
    values = [field for field in fields if not is_text(field)]
    parts = [tag("h3", ORIGINS[origin]), _values(origin, values)]
    if texts:
        parts += (
            [_script(field) for field in texts] if scripts else [_left_out("the text of scripts")]
        )
    return tag("section", *parts, class_=f"origin {origin}")


def _values(origin: Origin, fields: Sequence[FieldChange]) -> Html:
    if not fields:
        return raw("")
    shown, more = some(fields, _MOST_FIELDS)
    base = ["In git at the base"] if origin == "conflict" else []
    headings = ["Field", "Class", *base, "In the workspace", "After apply"]
    listed = table(headings, [_field(field, with_base=bool(base)) for field in shown])
    rest = tag("p", f"and {more} more fields", class_="soft") if more else ""
    return joined([listed, rest])


def _field(field: FieldChange, *, with_base: bool) -> Html:
    values = [*([field.base] if with_base else []), field.before, field.after]
    note = tag("div", field.reason, class_="soft") if field.reason else ""
    return tag(
        "tr",
        tag("td", path_of(field), note, class_="path"),
        tag("td", pill(field.field_class, field.field_class)),
        *(_value(value) for value in values),
    )


def _value(value: object) -> Html:
    content = (
        tag("span", "absent", class_="soft") if value is None else tag("code", one_line(value))
    )
    return tag("td", content, class_="value")


def _script(field: FieldChange) -> Html:
    file = tag("span", f" {field.file}", class_="soft") if field.file else ""
    title = tag(
        "p",
        pill(field.field_class, field.field_class),
        tag("span", path_of(field), class_="path"),
        file,
    )
    old, new = sides(field)
    return joined([title, side_by_side(old, new)])
