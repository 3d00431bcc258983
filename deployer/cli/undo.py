"""`deployer undo`: the plan that brings back what the last apply wrote over, shown, asked and applied."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.backups import Undoing
from deployer.cli.asking import ask, things
from deployer.cli.deadline import Deadline
from deployer.cli.options import (
    approval_option,
    chosen,
    format_option,
    target_option,
    timeout_option,
    window_option,
)
from deployer.cli.words import OutputClosed, emit, nothing_written, paint, say
from deployer.errors import UsageError
from deployer.model import Plan, Report

if TYPE_CHECKING:
    from deployer.backups import Saved
    from deployer.cli.planning import Planned
    from deployer.cli.working import Desk, Wish


@click.command("undo")
@target_option
@format_option("text", "json")
@click.option(
    "--auto-approve", is_flag=True, help="Do not ask before writing; no variable can say this."
)
@timeout_option
@approval_option
@window_option
def command(
    target: str | None,
    form: str,
    auto_approve: bool,
    deadline: Deadline,
    patience: float,
    allow_window: bool,
) -> int:
    """Bring back the drafts that the last apply wrote over.

    Makes the inverse plan from the backups in `.deployer/backups`, shows it, asks, writes and
    verifies it as apply does. What that apply made is deleted, once it has left production. Ends as
    a conflict where somebody changed a workflow since. What else is published stays published, and
    manifests stay as they are: revert them in git, too.
    """
    from deployer import apply as writing
    from deployer.cli.publishing import open_hours
    from deployer.cli.working import Wish, show
    from deployer.publishing.window import hours_of
    from deployer.render import plan_text

    with nothing_written():
        found, run = _planned(target, deadline)
        plan = found.plan
        if form == "text":
            emit(plan_text.to_text(plan, paint()))
        elif not auto_approve and plan.pending:
            say(plan_text.to_text(plan, paint(sys.stderr)))
        writing.refuse(plan)
        if any(each.offline for each in plan.pending):
            open_hours(found, allowed=allow_window)
        if plan.pending and not auto_approve:
            ask(_doing(plan), found.target, "undo")
    if not plan.pending:
        show(Report((), plan.api_calls), form)
        return 0
    wish = Wish(hours_of(found.target, allowed=allow_window), patience, deadline)
    report, signals = _write(found, Undoing(run, len(plan.pending)), wish)
    with suppress(OutputClosed):
        show(report, form)
    return 128 + signals[0] if signals else writing.exit_code(report)


def _planned(name: str | None, deadline: Deadline) -> tuple["Planned", str]:
    """The inverse plan, and the run that it takes back.

    Raises UsageError where there are no backups that can be read.
    """
    from deployer import undoing
    from deployer.cli.connect import connected, run
    from deployer.cli.planning import Planned
    from deployer.cli.recording import doubts
    from deployer.load import Loaded
    from deployer.resuming import waited

    settings, target = chosen(name)
    saved = _saved(settings.root, target.name, target.project)
    say(f"undoing {things(len(saved.backups), 'workflow')} of {saved.folder}")

    async def main() -> Planned:
        async with deadline.bounded(), connected(target, deadline) as connection:
            # An import that is still under way would arrive after the look at what it left.
            intents = doubts(settings.root, target, connection.now)
            now = connection.now()
            await waited(intents, connection.remote, connection.settle, connection.sleep, now)
            made = await undoing.plan(saved.backups, target, connection.remote)
            return Planned(made, settings, target, Loaded((), (), {}), connection.now())

    return run(main()), saved.folder.name


def _saved(root: Path, target: str, project: str) -> "Saved":
    from deployer.backups import last
    from deployer.reading.project_files import FileRefused

    try:
        saved = last(root, target, project)
    except FileRefused as refused:
        raise UsageError("the backups cannot be read", why=refused.message) from refused
    if saved is None:
        raise UsageError(
            "there is nothing to undo",
            where=str(root / ".deployer" / "backups"),
            why="no apply from here has made a backup for this target",
            hint="run it where the apply ran, or revert the manifests in git and apply them",
        )
    return saved


def _doing(plan: Plan) -> str:
    """Everything that is about to be done, counted."""
    gone = sum(each.action == "delete" for each in plan.pending)
    back = len(plan.pending) - gone
    counted = (("bring back", back), ("delete", gone))
    text = " and ".join(f"{verb} {things(count, 'workflow')}" for verb, count in counted if count)
    return text[:1].upper() + text[1:]


def _write(found: "Planned", undoing: Undoing, wish: "Wish") -> tuple[Report, list[int]]:
    """The report, and the signals that ended the work early."""
    from deployer import pipeline
    from deployer.cli.working import worked

    async def work(desk: "Desk") -> Report:
        return await pipeline.apply(found.plan, desk.writer)

    return worked(found, wish, len(found.plan.pending), work, undoing)
