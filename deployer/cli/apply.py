"""`deployer apply`: plans, shows, asks, writes, verifies."""

import os
import sys
from contextlib import suppress
from dataclasses import replace

import click

from deployer.cli.options import format_option, target_option
from deployer.cli.words import OutputClosed, emit, nothing_written, paint, say
from deployer.errors import RefusedBySafety, UsageError
from deployer.model import Plan, Report, Target


@click.command("apply")
@target_option
@format_option("text", "json")
@click.option(
    "--auto-approve", is_flag=True, help="Do not ask before writing; no variable can say this."
)
def command(target: str | None, form: str, auto_approve: bool) -> int:
    """Bring the workspace to the state of the manifests.

    Plans, shows the plan, asks, imports each changed workflow, polls its job, reads it back and
    plans it again: what the service did not keep is an error. Writes drafts in DataStudio; nothing
    is published.
    """
    from deployer import apply as writing
    from deployer.cli.planning import planned

    with nothing_written():
        plan, where = planned(target)
        _show(plan, form, asks=not auto_approve)
        writing.refuse(plan.pending)
        if plan.pending and not auto_approve:
            _ask(len(plan.pending), where)
    if not plan.pending:
        _show_report(Report((), plan.api_calls), form)
        return 0
    report, signals = _write(plan, where)
    # What was written is written: the exit code tells it, whether or not anyone still reads.
    with suppress(OutputClosed):
        _show_report(report, form)
    return 128 + signals[0] if signals else writing.exit_code(report)


def _show(plan: Plan, form: str, *, asks: bool) -> None:
    """The plan on stdout; where stdout is for JSON, on stderr, if someone is to judge it."""
    from deployer.render import plan_text

    if form == "text":
        emit(plan_text.to_text(plan, paint()))
    elif asks and plan.pending:
        say(plan_text.to_text(plan, paint(sys.stderr)))


def _ask(count: int, target: Target) -> None:
    """Raises UsageError where nobody can answer, RefusedBySafety unless the answer is yes."""
    if not sys.stdin.isatty() or os.environ.get("DEPLOYER_INPUT") == "0":
        raise UsageError(
            "nobody is here to approve the plan",
            why="standard input is not a terminal"
            if not sys.stdin.isatty()
            else "DEPLOYER_INPUT is 0",
            hint="run `deployer apply --auto-approve` once the plan is reviewed",
        )
    things = "1 change" if count == 1 else f"{count} changes"
    question = f"Write {things} to project {target.project} (target {target.name}, {target.place})?"
    click.echo(f"{question} Only `yes` is a yes: ", nl=False, err=True)
    if sys.stdin.readline().strip() != "yes":
        raise RefusedBySafety(
            "the plan was not approved", hint="run `deployer apply` again and answer `yes`"
        )


def _write(plan: Plan, target: Target) -> tuple[Report, list[int]]:
    """The report, and the signals that ended the work early."""
    from deployer import pipeline
    from deployer.cli.connect import connected, run, stop_on_signal
    from deployer.cli.progress import progress

    async def main() -> tuple[Report, list[int]]:
        async with connected(target) as connection:
            with progress(len(plan.pending)) as shown:
                writer = connection.writer(shown)
                with stop_on_signal(writer.stop) as signals:
                    report = await pipeline.apply(plan, writer)
        return replace(report, api_calls=plan.api_calls + report.api_calls), signals

    return run(main())


def _show_report(report: Report, form: str) -> None:
    from deployer.render import report_json, report_text

    if form == "json":
        emit(report_json.to_json(report))
    elif report.outcomes:
        emit(report_text.to_text(report, paint()))
