"""What a reviewer reads without unfolding: the table, foreign edits, runs, who waits, graphs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from deployer.model import Change, FieldChange, Graph, Plan, Runs
from deployer.render.graph_mermaid import to_mermaid
from deployer.render.markdown.inline import cell, code, fenced, folded, html, names, prose, table
from deployer.render.plan_parts import all_dangers, one_line, path_of, some

_MOST_VERTICES = 60
_LEGEND = (
    "Green is added, yellow changed, red removed; blue is as it was and waits for something that "
    "is not"
)


def changes_table(plan: Plan, changes: Sequence[Change], rows: int) -> Iterator[str]:
    """A row for each change; what is not shown is counted by action."""
    if not changes:
        return
    codes: dict[str, list[str]] = {}
    for danger in all_dangers(plan):
        codes.setdefault(danger.address, []).append(danger.code)
    shown, _ = some(changes, rows)
    yield from table(
        ["Action", "Workflow", "What differs", "Whose edit", "Danger", "Readers"],
        (_row(change, codes.get(change.address, [])) for change in shown),
    )
    left = Counter(change.action for change in changes[rows:])
    if left:
        yield ""
        yield f"and {', '.join(f'{number} more: {action}' for action, number in left.items())}"


def _row(change: Change, codes: Sequence[str]) -> list[str]:
    address = cell(change.address)
    readers = len(change.downstream.direct) + len(change.downstream.transitive)
    return [
        f"**{change.action}**",
        f"{cell(change.moved_from)} → {address}" if change.moved_from else address,
        ", ".join(dict.fromkeys(field.field_class for field in change.fields)),
        ", ".join(dict.fromkeys(field.origin for field in change.fields)),
        ", ".join(cell(each) for each in dict.fromkeys(codes)),
        str(readers or ""),
    ]


def foreign_edits(changes: Sequence[Change], rows: int) -> Iterator[str]:
    """What somebody edited in the workspace and apply would overwrite."""
    edits = [
        (change, field) for change in changes for field in change.fields if field.origin != "change"
    ]
    if not edits:
        return
    yield "#### Edited in the workspace, not in git"
    yield ""
    yield "Apply overwrites these with what git holds; `deployer pull` takes them over"
    yield ""
    shown, more = some(edits, rows)
    headings = ["Workflow", "Field", "Whose edit", "Git at the base", "In the workspace", "Git now"]
    yield from table(headings, (_edit(*each) for each in shown))
    yield from _rest(more, "edits")


def _edit(change: Change, field: FieldChange) -> list[str]:
    base = field.after if field.origin == "drift" and field.base is None else field.base
    values = (_short(value) for value in (base, field.before, field.after))
    return [cell(change.address), cell(path_of(field)), field.origin, *values]


def _short(value: object) -> str:
    if value is None:
        return "absent"
    if isinstance(value, str) and "\n" in value:
        return f"a text of {value.count(chr(10)) + 1} lines"
    return cell(one_line(value))


# --- when it runs, and who waits ------------------------------------------------------------------


def schedules(changes: Sequence[Change], rows: int) -> Iterator[str]:
    """The next runs before and after, for each workflow whose trigger changes."""
    changing = [change for change in changes if change.schedule is not None]
    if not changing:
        return
    shown, more = some(changing, rows)
    yield "#### When it runs"
    yield ""
    yield from table(
        ["Workflow", "", "Cron", "Time zone", "Runs a week", "Next runs"],
        (row for change in shown for row in _schedule(change)),
    )
    yield from _rest(more, "workflows")
    yield from _notes(shown)


def _schedule(change: Change) -> Iterator[list[str]]:
    schedule = change.schedule
    if schedule is not None:
        yield [cell(change.address), "before", *_runs(schedule.before)]
        yield ["", "after", *_runs(schedule.after)]


def _runs(runs: Runs | None) -> list[str]:
    if runs is None:
        return ["does not run", "", "", ""]
    times = ", ".join(cell(time) for time in runs.next) or "none"
    return [cell(runs.cron), cell(runs.timezone), f"{runs.per_week:g}", times]


def _notes(changes: Sequence[Change]) -> Iterator[str]:
    """Each remark once, with the workflows that it is about."""
    concerned: dict[str, list[str]] = {}
    for change in changes:
        for note in change.schedule.notes if change.schedule else ():
            concerned.setdefault(note, []).append(change.address)
    if concerned:
        yield ""
    for note, addresses in concerned.items():
        yield f"- {names(addresses)}: {prose(note)}"


def readers(changes: Sequence[Change], rows: int) -> Iterator[str]:
    """Who waits for what changes, directly and behind those."""
    waited_for = [each for each in changes if each.downstream.direct or each.downstream.transitive]
    if not waited_for:
        return
    shown, more = some(waited_for, rows)
    yield "#### Who waits for it"
    yield ""
    yield from (f"- {code(each.address)}: {_waiting(each)}" for each in shown)
    if more:
        yield f"- and readers of {more} more workflows"


def _waiting(change: Change) -> str:
    told = {
        "directly": change.downstream.direct,
        "behind those": change.downstream.transitive,
    }
    return "; ".join(f"{len(each)} {where}: {names(each)}" for where, each in told.items() if each)


def _rest(more: int, what: str) -> Iterator[str]:
    if more:
        yield ""
        yield f"and {more} more {what}"


# --- graphs ---------------------------------------------------------------------------------------


def pictures(changes: Sequence[Change], graphs: Mapping[str, Graph], most: int) -> Iterator[str]:
    """The graphs of the first changes that have one worth drawing; the first one is unfolded."""
    drawn = [change for change in changes if _tells(graphs.get(change.address, Graph("")))]
    shown, more = some(drawn, most)
    if not shown:
        return
    yield "#### What waits for what"
    yield ""
    yield _LEGEND
    for number, change in enumerate(shown):
        picture = to_mermaid(graphs[change.address], _MOST_VERTICES).splitlines()
        yield ""
        yield from folded(html(change.address), fenced("mermaid", picture), opened=number == 0)
    yield from _rest(more, "graphs, which `--format html` draws")


def _tells(graph: Graph) -> bool:
    """Whether a graph shows more than the table does: who waits for what is marked."""
    marks = [each.mark for each in graph.vertices] + [each.mark for each in graph.arcs]
    return bool(graph.arcs) and any(mark != "plain" for mark in marks)
