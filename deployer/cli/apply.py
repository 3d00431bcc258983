"""`deployer apply`: plans, shows, asks, writes, verifies, and publishes where that is wished for."""

import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.asked import Asked
from deployer.cli.allowing import allow_options, with_allowed
from deployer.cli.asking import ask, things
from deployer.cli.basing import base_options, drift_refusal
from deployer.cli.choosing import selection_options
from deployer.cli.deadline import Deadline
from deployer.cli.options import (
    approval_option,
    format_option,
    option,
    publish_option,
    target_option,
    timeout_option,
    window_option,
)
from deployer.cli.words import OutputClosed, emit, nothing_written, paint, say
from deployer.model import Plan, Report

if TYPE_CHECKING:
    from deployer.cli.planning import Planned
    from deployer.cli.working import Desk, Wish


@click.command("apply")
@click.argument("file", metavar="[PLAN]", required=False, type=click.Path(path_type=Path))
@target_option
@selection_options
@base_options
@allow_options
@format_option("text", "json")
@click.option(
    "--auto-approve", is_flag=True, help="Do not ask before writing; no variable can say this."
)
@publish_option
@option(
    "--guard-running",
    is_flag=False,
    flag_value="refuse",
    type=click.Choice(["refuse", "show"]),
    help="Look for instances of the workflows concerned that run or are due; refuse then, or show.",
)
@option(
    "--guard-minutes",
    metavar="MINUTES",
    type=click.IntRange(min=0),
    default=15,
    show_default=True,
    help="How soon an instance must be due for --guard-running to count it.",
)
@option(
    "--smoke-test",
    is_flag=True,
    help="Run each changed node once after publishing, and fail if it fails.",
)
@timeout_option
@approval_option
@window_option
def command(
    file: Path | None,
    target: str | None,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    base: str | None,
    drift: str,
    prune: bool,
    form: str,
    auto_approve: bool,
    publish: bool | None,
    smoke_test: bool,
    guard_running: str | None,
    guard_minutes: int,
    deadline: Deadline,
    patience: float,
    allow_window: bool,
    **allowed: Any,
) -> int:
    """Bring the workspace to the state of the manifests, or do what a saved PLAN says.

    Plans, shows the plan, asks, imports each changed workflow, polls its job, reads it back and
    plans it again: what the service did not keep is an error. What the plan moves or deletes is
    moved or deleted by operations of its own. Writes drafts in Data Studio; what wants it is
    published then, by a pipeline run for each workflow. With PLAN, a file that `deployer plan --out`
    wrote, nothing is asked: it does exactly that, or nothing if anything moved.
    """
    from deployer import apply as writing
    from deployer.cli.guarding import guard
    from deployer.cli.planning import planned
    from deployer.cli.publishing import open_hours
    from deployer.cli.recording import resumed
    from deployer.cli.working import Wish, show
    from deployer.publishing.window import hours_of

    with nothing_written():
        asked = with_allowed(Asked(select, exclude, publish, base=base, prune=prune), allowed)

        def plans() -> "Planned":
            if file:
                return _from_file(file, target, asked, deadline)
            return planned(target, asked, deadline)

        found = resumed(plans(), plans)
        plan = found.plan
        _show(plan, form, asks=not (auto_approve or file))
        if refusal := drift_refusal(plan, drift):
            raise refusal
        writing.refuse(plan)
        if guard_running:
            guard(found, guard_minutes, deadline, refuses=guard_running == "refuse")
        publishes = plan.to_publish or any(each.offline for each in plan.pending)
        hours = open_hours(found, allowed=allow_window) if publishes else None
        if (plan.pending or hours) and not (auto_approve or file):
            ask(_doing(plan), found.target, "apply")
    if not plan.pending and not hours:
        show(Report((), plan.api_calls), form)
        if smoke_test:
            say("nothing to test: no changed node was published")
        return 0
    wish = Wish(hours or hours_of(found.target), patience, deadline)
    report, signals = _write(found, wish, publishes=bool(hours))
    # What was written is written: the exit code tells it, whether or not anyone still reads.
    with suppress(OutputClosed):
        show(report, form)
    code = 128 + signals[0] if signals else writing.exit_code(report)
    if smoke_test and code == 0:
        from deployer.cli.smoke_test import try_changed

        return try_changed(found.settings.root, found.target, plan.to_publish, form, deadline)
    return code


def _from_file(file: Path, target: str | None, asked: Asked, deadline: Deadline) -> "Planned":
    """What a saved plan holds, made anew; flags that shape a plan are in the file already."""
    from deployer.cli.saved import planned_again, refuse_flags

    refuse_flags(asked.given)
    return planned_again(file, target, deadline)


def _doing(plan: Plan) -> str:
    """Everything that is about to be done, counted."""
    actions = [each.action for each in plan.pending]
    gone, moved = actions.count("delete"), actions.count("move")
    nodes = sum(len(each.deletes) for each in plan.pending if each.action != "delete")
    counted = {
        "write": (len(actions) - gone - moved, "change"),
        "move": (moved, "workflow"),
        "delete": (gone, "workflow"),
        "remove": (nodes, "node"),
        "publish": (len(plan.to_publish), "workflow"),
    }
    parts = [f"{verb} {things(*what)}" for verb, what in counted.items() if what[0]]
    text = " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)
    return text[:1].upper() + text[1:]


def _show(plan: Plan, form: str, *, asks: bool) -> None:
    """The plan on stdout; where stdout is for JSON, on stderr, if someone is to judge it."""
    from deployer.render import plan_text

    if form == "text":
        emit(plan_text.to_text(plan, paint()))
    elif asks and (plan.pending or plan.to_publish):
        say(plan_text.to_text(plan, paint(sys.stderr)))


def _write(found: "Planned", wish: "Wish", *, publishes: bool) -> tuple[Report, list[int]]:
    """The report, and the signals that ended the work early."""
    from deployer import pipeline
    from deployer.apply import apply_late, parted
    from deployer.cli.publishing import publish_applied
    from deployer.cli.working import worked

    now, late = parted(found.plan)

    async def work(desk: "Desk") -> Report:
        report = await pipeline.apply(now, desk.writer)
        if publishes:
            published = await publish_applied(found, report, desk.connection, desk.publisher)
            report = replace(report, published=published)
        return await apply_late(late, report, desk.writer)

    return worked(found, wish, len(found.plan.pending), work)
