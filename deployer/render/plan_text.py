"""A plan as text for people: the verdict, the dangers, then each change; scripts as unified diffs."""

from collections.abc import Iterator, Sequence

from deployer.model import Change, Danger, FieldChange, NodeChange, Plan, Runs, Schedule
from deployer.render import problems_text
from deployer.render.paint import Paint, plain
from deployer.render.plan_counts import verdict
from deployer.render.plan_parts import (
    ORIGINS,
    all_dangers,
    beyond,
    by_origin,
    diff,
    is_text,
    losses,
    one_line,
    path_of,
    some,
    told,
)
from deployer.render.visible import visible

_SIGNS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "delete": ("-", "red"),
    "move": (">", "cyan"),
    "kept": ("!", "yellow"),
    "unmanaged": ("·", "dim"),
}
_NODE_NOTES = {
    "unmanaged": ": live, in no manifest; left as it is",
    "kept": ": live, gone from git; it keeps running, `--prune` deletes it",
}
_SURPRISING = ("format-only", "destructive")
_CONTEXT = 3
_MOST_NODES = 10
_MOST_NAMES = 5


def to_text(plan: Plan, paint: Paint = plain) -> str:
    """The plan, beginning and ending with its counts; says so when there is nothing to do."""
    lines = [*_title(plan, paint), ""]
    dangers = all_dangers(plan)
    if dangers:
        lines += [*_dangers(dangers, paint), ""]
    lost = losses(plan)
    if lost:
        told_first = [f"{what}: {_names(each)}" for what, each in lost.items()]
        lines += [*(paint("red", line) for line in told_first), ""]
    for change in told(plan):
        lines += [*_change(change, paint), ""]
    if plan.orphans or plan.outside:
        lines += [*_surroundings(plan, paint), ""]
    problems = [problem for problem in plan.diagnostics if problem.severity != "info"]
    if problems:
        lines += [paint("bold", "Found by validation"), *problems_text.lines(problems, paint), ""]
    lines.append(paint("bold", verdict(plan)))
    return "\n".join(lines) + "\n"


def publications(plan: Plan, paint: Paint = plain) -> Iterator[str]:
    """A line for each workflow that is saved and not published."""
    return (_publication(change, paint) for change in plan.unpublished)


def _publication(change: Change, paint: Paint) -> str:
    return paint("cyan", f"↑ publish {visible(change.address)}") + _aside(
        "saved, not published", paint
    )


def _title(plan: Plan, paint: Paint) -> Iterator[str]:
    place = f", {plan.place}" if plan.place else ""
    yield paint("bold", visible(f"Plan for target {plan.target}: project {plan.project}{place}"))
    base = f"{plan.base} ({plan.base_commit[:12]})" if plan.base_commit else plan.base
    if base or plan.commit:
        commit = f"commit {plan.commit[:12]}{beyond(plan)}" if plan.commit else "the checkout"
        since = f", three-way against {base}" if base else ""
        yield paint("dim", visible(f"Manifests of {commit}{since}"))
    if plan.left_out:
        left_out = f"left out: {_names(plan.left_out)}"
        yield paint("yellow", f"Only a part: {visible(plan.selection)}; {left_out}")
    elif plan.selection:
        yield paint("dim", f"Selected: {visible(plan.selection)}; nothing is left out")
    if plan.pending or plan.differs:
        yield paint("bold", verdict(plan))


def _dangers(dangers: Sequence[Danger], paint: Paint) -> Iterator[str]:
    blocking = sum(danger.blocks for danger in dangers)
    stops = f", {blocking} of them stop apply" if blocking else ""
    yield paint("red", f"Dangers: {len(dangers)}{stops}")
    for danger in dangers:
        where = f"{visible(danger.address)}: " if danger.address else ""
        colour = "red" if danger.blocks else "yellow"
        yield paint(colour, f"  ! {where}{visible(danger.message)}")
        if danger.override:
            what = "apply refuses this; " if danger.blocks else ""
            yield f"      {what}to allow it: {visible(danger.override)}"


# --- one change -----------------------------------------------------------------------------------


def _surroundings(plan: Plan, paint: Paint) -> Iterator[str]:
    """One line for each live workflow in scope that no manifest names, one for all others."""
    for path in plan.orphans:
        yield paint("dim", f"· orphan {visible(path)}") + "  (live, in no manifest; left as it is)"
    if plan.outside:
        things = "workflow" if plan.outside == 1 else "workflows"
        yield paint("dim", f"· {plan.outside} live {things} outside the folders in scope")


def _change(change: Change, paint: Paint) -> Iterator[str]:
    if change.action == "unchanged" and not (change.nodes or change.dangers):
        yield _publication(change, paint)
        return
    sign, colour = _SIGNS.get(change.action, (" ", "dim"))
    place = f"{change.file}:{change.line}" if change.line else change.file
    yield paint(colour, f"{sign} {change.action} {visible(change.address)}") + _aside(place, paint)
    if change.moved_from:
        yield f"    from {visible(change.moved_from)}"
    if change.action in ("delete", "kept", "move"):
        yield f"    {visible(change.reason)}"
    if change.publish and change.publication != "published":
        now = (
            "saved, not published" if change.action == "unchanged" else "published once it is saved"
        )
        yield paint("cyan", "    ↑ publish") + _aside(now, paint)
    if change.refused:
        yield paint("red", f"    refused: {visible(change.refused)}")
    yield from _nodes(change.nodes, paint)
    yield from _fields(change, paint)
    if change.schedule is not None:
        yield from _schedule(change.schedule, paint)
    yield from _downstream(change)


def _nodes(nodes: Sequence[NodeChange], paint: Paint) -> Iterator[str]:
    """A line for each node; of many that come or change the first ones, of those that go all."""
    told: dict[str, int] = {}
    for node in nodes:
        told[node.action] = told.get(node.action, 0) + 1
        if told[node.action] <= _MOST_NODES or node.action in ("delete", "move", "kept"):
            yield _node(node, paint)
    for action, number in told.items():
        if number > _MOST_NODES and action in ("create", "update", "unmanaged"):
            yield f"    {_SIGNS[action][0]} … {number - _MOST_NODES} more nodes: {action}"


def _node(node: NodeChange, paint: Paint) -> str:
    sign, colour = _SIGNS[node.action]
    note = f" ({node.field_class})" if node.field_class else ""
    moved = f", formerly {visible(node.moved_from)}" if node.moved_from else ""
    return paint(colour, f"    {sign} node {visible(node.name)}{note}{moved}") + _NODE_NOTES.get(
        node.action, ""
    )


def _fields(change: Change, paint: Paint) -> Iterator[str]:
    """The three blocks; a heading wherever not all of it is what git changed."""
    blocks = by_origin(change)
    for origin, fields in blocks.items():
        if list(blocks) != ["change"]:
            yield paint("bold" if origin == "change" else "red", f"    {ORIGINS[origin]}")
        for field in fields:
            yield from _field(field, paint)


def _field(field: FieldChange, paint: Paint) -> Iterator[str]:
    sign, colour = ("+", "green") if field.before is None else ("~", "yellow")
    if field.after is None:
        sign, colour = "-", "red"
    head = f"    {sign} {path_of(field)}"
    why = field.reason if field.field_class in _SURPRISING else ""
    aside = _aside("; ".join(filter(None, (field.file, why))), paint)
    kind = f"[{field.field_class}]"
    if is_text(field):
        yield paint(colour, head) + aside + paint("dim", f"  {kind}")
        for line in diff(field, _CONTEXT):
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[0], "")
            yield "      " + (paint(colour, line) if colour else line)
    else:
        sides = [one_line(side) for side in (field.before, field.after) if side is not None]
        yield paint(colour, f"{head} {kind}: {' -> '.join(sides)}") + aside
    if field.origin == "conflict":
        yield f"      git held before: {one_line(field.base)}"


def _aside(text: str, paint: Paint) -> str:
    return paint("dim", f"  ({visible(text)})") if text else ""


# --- when it runs, and who waits ------------------------------------------------------------------


def _schedule(schedule: Schedule, paint: Paint) -> Iterator[str]:
    for name, runs in (("before", schedule.before), ("after", schedule.after)):
        if runs is not None:
            yield f"    runs {name}: {_runs(runs)}"
    yield from (paint("yellow", f"    note: {visible(note)}") for note in schedule.notes)


def _runs(runs: Runs) -> str:
    next_ones = ", ".join(runs.next) or "none"
    return visible(f"{next_ones} ({runs.timezone}; {runs.per_week:g} a week)")


def _downstream(change: Change) -> Iterator[str]:
    direct, behind = change.downstream.direct, change.downstream.transitive
    if direct or behind:
        further = f", {len(behind)} behind them" if behind else ""
        yield f"    downstream: {len(direct)} wait for it{further}: {_names((*direct, *behind))}"


def _names(names: Sequence[str]) -> str:
    first, others = some(names, _MOST_NAMES)
    told = ", ".join(visible(name) for name in first)
    return f"{told} and {others} more" if others else told
