"""The first screen of a plan: the verdict, dangers, counts, and one row for each change."""

from collections.abc import Sequence

from deployer.model import Change, Danger, Plan
from deployer.render.html.markup import Html, joined, raw, tag
from deployer.render.html.page import pill, pills, table
from deployer.render.plan_counts import tally, verdict
from deployer.render.plan_parts import all_dangers, apply_command, beyond, losses, some

_MOST = 40
_MOST_NAMES = 10


def heading(plan: Plan) -> Html:
    """What the plan is for and what it was made from."""
    where = f"project {plan.project}" + (f", {plan.place}" if plan.place else "")
    facts = [where]
    if plan.base:
        commit = f" ({plan.base_commit[:12]})" if plan.base_commit else ""
        facts.append(f"base {plan.base}{commit}")
    if plan.commit:
        facts.append(f"commit {plan.commit[:12]}{beyond(plan)}")
    if plan.selection:
        facts.append(f"selected by {plan.selection}: {len(plan.left_out)} left out")
    title = tag("h1", f"Plan for target {plan.target}")
    return joined([title, tag("p", " · ".join(facts), class_="soft path")])


def verdict_line(plan: Plan) -> Html:
    """One sentence that a reviewer may stop after."""
    dangers = all_dangers(plan)
    refused = [danger for danger in dangers if danger.code == "refused"]
    stops = [danger for danger in dangers if danger.blocks and danger not in refused]
    kind, note = "", ""
    if refused or stops:
        kind = "stop"
        told = [f"{_number(len(stops), 'danger')} that nobody allowed"] if stops else []
        told += [f"{_number(len(refused), 'change')} that cannot be made"] if refused else []
        note = f"apply refuses this: {' and '.join(told)}"
    elif dangers:
        kind, note = "warn", "read the dangers below before saying yes"
    elif edited := [c for c in plan.changes if any(f.origin != "change" for f in c.fields)]:
        kind, note = "warn", f"somebody edited {_number(len(edited), 'workflow')} in the workspace"
    elif losses(plan):
        kind, note = "warn", "not everything stays"
    return tag(
        "div", verdict(plan), tag("p", note) if note else "", class_=f"verdict {kind}".strip()
    )


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def danger_box(plan: Plan) -> Html:
    """What goes away, then every danger, what stops apply first; nothing where all stays."""
    lines = [_danger(danger) for danger in all_dangers(plan)]
    lost = [tag("p", tag("b", what), ": ", *_codes(each)) for what, each in losses(plan).items()]
    if not lines and not lost:
        return raw("")
    title = tag("h2", "Dangers" if lines else "Not everything stays")
    listed = tag("ul", *_some(lines)) if lines else ""
    return tag("section", title, *lost, listed, class_="dangers")


def _codes(names: Sequence[str]) -> list[Html]:
    shown, more = some(names, _MOST_NAMES)
    told = [
        joined([raw(", " if number else ""), tag("code", name)])
        for number, name in enumerate(shown)
    ]
    return [*told, *([raw(f" and {more} more")] if more else [])]


def _danger(danger: Danger) -> Html:
    where = [tag("code", danger.address), ": "] if danger.address else []
    allow = ["; allowed by ", tag("code", danger.override)] if danger.override else []
    stops = [pill("stops apply", "blocks")] if danger.blocks else []
    return tag("li", *stops, *where, danger.message, *allow)


def _some(lines: Sequence[Html]) -> list[Html]:
    more = len(lines) - _MOST
    return [*lines[:_MOST], *([tag("li", f"and {more} more")] if more > 0 else [])]


def counts(plan: Plan) -> Html:
    """The number of workflows by action."""
    cells = [
        tag("li", tag("b", str(number)), action, class_=action if number else f"{action} none")
        for action, number in tally(plan).items()
    ]
    return tag("ul", *cells, class_="counts")


def changes_table(numbered: Sequence[tuple[str, Change]], dangers: Sequence[Danger]) -> Html:
    """A row for each change, leading to its details by the id that stands before it."""
    codes: dict[str, list[str]] = {}
    for danger in dangers:
        codes.setdefault(danger.address, []).append(danger.code)
    headings = ["Action", "Workflow", "What differs", "Origin", "Danger", "Readers"]
    return table(headings, [_row(*each, codes.get(each[1].address, [])) for each in numbered])


def _row(anchor: str, change: Change, codes: Sequence[str]) -> Html:
    classes = dict.fromkeys(field.field_class for field in change.fields)
    origins = dict.fromkeys(field.origin for field in change.fields)
    readers = len(change.downstream.direct) + len(change.downstream.transitive)
    return tag(
        "tr",
        tag("td", pill(change.action, change.action)),
        tag("td", tag("a", change.address or "(no path)", href=f"#{anchor}"), class_="path"),
        tag("td", pills(list(classes)) or "-"),
        tag("td", pills(list(origins)) or "-"),
        tag("td", joined(pill(code, "blocks") for code in dict.fromkeys(codes)) or "-"),
        tag("td", str(readers)),
        class_="item",
    )


def how_to_apply(plan: Plan) -> Html:
    """The command that does what the page shows."""
    if not plan.pending:
        return raw("")
    return joined([tag("h2", "How to apply"), tag("pre", apply_command(plan))])


def notes(plan: Plan) -> Html:
    """What validation found, and what the selection leaves out."""
    entries = [
        tag("li", tag("code", str(one.location)), f" {one.severity} {one.rule}: {one.message}")
        for one in plan.diagnostics
    ]
    if plan.left_out:
        entries.append(tag("li", f"left out: {', '.join(plan.left_out[:_MOST])}"))
    if not entries:
        return raw("")
    return joined([tag("h2", "Notes"), tag("ul", *_some(entries), class_="names")])
