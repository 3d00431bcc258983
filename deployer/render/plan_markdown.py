"""A plan as the comment of a pull request: one for each target, never longer than a forge takes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from deployer.model import Change, Graph, Plan
from deployer.render.markdown.detail import LADDER, Detail
from deployer.render.markdown.details import details
from deployer.render.markdown.heading import counts, danger_box, marker, title
from deployer.render.markdown.inline import code, fenced, folded, prose
from deployer.render.markdown.sections import (
    changes_table,
    foreign_edits,
    pictures,
    readers,
    schedules,
)
from deployer.render.plan_parts import apply_command, some, told

COMMENT = 60_000
"""Bytes that a comment may have: GitHub takes 65,536 characters, and a byte is never more than one."""

_ELSEWHERE = "`deployer plan --format html` shows all of it"


def to_markdown(
    plan: Plan, graphs: Mapping[str, Graph], limit: int = COMMENT, run_url: str = ""
) -> str:
    """The comment, of at most `limit` bytes; what does not fit is left out and named, least needed first.

    `graphs` holds the graph of each change by its address; `run_url` is the address of the run of the CI.
    """
    return shortened(plan, graphs, limit, run_url)[0]


def shortened(
    plan: Plan, graphs: Mapping[str, Graph], limit: int, run_url: str = ""
) -> tuple[str, str]:
    """The comment, and what is missing from it, empty where nothing is."""
    for detail in LADDER:
        text = _within(limit, _comment(plan, graphs, detail, run_url))
        if text is not None:
            return text, detail.missing
    return "\n".join(_comment(plan, graphs, LADDER[-1], run_url)) + "\n", LADDER[-1].missing


def _within(limit: int, lines: Iterator[str]) -> str | None:
    """The lines as a text, or None as soon as they are too many: the rest is not even made."""
    found: list[str] = []
    size = 0
    for line in lines:
        size += len(line.encode()) + 1
        if size > limit:
            return None
        found.append(line)
    return "\n".join(found) + "\n"


def _comment(
    plan: Plan, graphs: Mapping[str, Graph], detail: Detail, run_url: str
) -> Iterator[str]:
    yield marker(plan.target)
    yield from title(plan, run_url)
    parts = [danger_box(plan, detail.rows), counts(plan), _missing(detail)]
    if detail.sections:
        parts += _sections(plan, told(plan), graphs, detail)
    for part in parts:
        for number, line in enumerate(part):
            if number == 0:
                yield ""
            yield line


def _sections(
    plan: Plan, changes: Sequence[Change], graphs: Mapping[str, Graph], detail: Detail
) -> list[Iterator[str]]:
    return [
        changes_table(plan, changes, detail.rows),
        foreign_edits(changes, detail.rows),
        schedules(changes, detail.rows),
        readers(changes, detail.rows),
        pictures(changes, graphs, detail.graphs),
        _details(changes, detail),
        _surroundings(plan, detail.rows),
        _findings(plan, detail.rows),
        _how_to_apply(plan),
    ]


def _missing(detail: Detail) -> Iterator[str]:
    if detail.missing:
        yield f"**Shortened**: left out are {detail.missing}; {_ELSEWHERE}"


def _details(changes: Sequence[Change], detail: Detail) -> Iterator[str]:
    if not changes or not detail.folds:
        return
    yield "#### Details"
    shown, more = some(changes, detail.folds)
    for change in shown:
        yield from chain([""], details(change, detail))
    if more:
        yield from ("", f"and the details of {more} more workflows")


def _surroundings(plan: Plan, rows: int) -> Iterator[str]:
    """What is live and in no manifest, and what the selection leaves out."""
    lists = {
        "live in the folders under `scope:`, in no manifest; left as they are": plan.orphans,
        "left out by the selection": plan.left_out,
    }
    for what, names in lists.items():
        if names:
            shown, more = some(names, rows)
            lines = [f"- {code(name)}" for name in shown]
            rest = [f"- and {more} more"] if more else []
            yield from folded(f"{len(names)} {what.replace('`', '')}", [*lines, *rest])
            yield ""
    if plan.outside:
        yield f"{plan.outside} live outside the folders under `scope:`"


def _findings(plan: Plan, rows: int) -> Iterator[str]:
    """What validation found and a plan does not stop for."""
    found = [problem for problem in plan.diagnostics if problem.severity != "info"]
    if not found:
        return
    shown, more = some(found, rows)
    lines = [
        f"- {problem.severity} {code(problem.rule)} at {code(str(problem.location))}: "
        f"{prose(problem.message)}"
        for problem in shown
    ]
    rest = [f"- and {more} more"] if more else []
    yield from folded(f"{len(found)} found by validation", [*lines, *rest])


def _how_to_apply(plan: Plan) -> Iterator[str]:
    if plan.pending:
        yield "Once it is merged"
        yield ""
        yield from fenced("sh", [apply_command(plan)])
