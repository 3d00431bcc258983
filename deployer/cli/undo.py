"""`deployer undo`: the plan that brings back what the last apply wrote over, shown, asked and applied."""

import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.backups import Undoing
from deployer.cli.asking import ask, things
from deployer.cli.options import chosen, format_option, target_option
from deployer.cli.words import OutputClosed, emit, nothing_written, paint, say
from deployer.errors import UsageError
from deployer.model import Report

if TYPE_CHECKING:
    from deployer.backups import Saved
    from deployer.cli.planning import Planned


@click.command("undo")
@target_option
@format_option("text", "json")
@click.option(
    "--auto-approve", is_flag=True, help="Do not ask before writing; no variable can say this."
)
def command(target: str | None, form: str, auto_approve: bool) -> int:
    """Bring back the drafts that the last apply wrote over.

    Makes the inverse plan from the backups in `.deployer/backups`, shows it, asks, writes and
    verifies it as apply does. Ends as a conflict where somebody changed a workflow since. What is
    published stays published, and manifests stay as they are: revert them in git, too.
    """
    from deployer import apply as writing
    from deployer.render import plan_text

    with nothing_written():
        found, run = _planned(target)
        plan = found.plan
        if form == "text":
            emit(plan_text.to_text(plan, paint()))
        elif not auto_approve and plan.pending:
            say(plan_text.to_text(plan, paint(sys.stderr)))
        writing.refuse(plan.pending)
        if plan.pending and not auto_approve:
            ask(f"Bring back {things(len(plan.pending), 'workflow')}", found.target, "undo")
    if not plan.pending:
        _show_report(Report((), plan.api_calls), form)
        return 0
    report, signals = _write(found, Undoing(run, len(plan.pending)))
    with suppress(OutputClosed):
        _show_report(report, form)
    return 128 + signals[0] if signals else writing.exit_code(report)


def _planned(name: str | None) -> tuple["Planned", str]:
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
        async with connected(target) as connection:
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


def _write(found: "Planned", undoing: Undoing) -> tuple[Report, list[int]]:
    """The report, and the signals that ended the work early."""
    from deployer import pipeline
    from deployer.cli.connect import connected, run, stop_on_signal
    from deployer.cli.progress import progress
    from deployer.cli.recording import recorded

    async def main() -> tuple[Report, list[int]]:
        async with connected(found.target) as connection:
            with (
                recorded(found.settings.root, found.target, connection.now, undoing) as records,
                progress(len(found.plan.pending)) as shown,
            ):
                writer = connection.writer(shown, records)
                with stop_on_signal(writer.stop) as signals:
                    report = await pipeline.apply(found.plan, writer)
            calls = found.plan.api_calls + connection.remote.calls
        return replace(report, api_calls=calls), signals

    return run(main())


def _show_report(report: Report, form: str) -> None:
    from deployer.render import report_json, report_text

    if form == "json":
        emit(report_json.to_json(report))
    elif report.outcomes:
        emit(report_text.to_text(report, paint()))
