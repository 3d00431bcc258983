"""`deployer apply`: plans, shows, asks, writes, verifies, and publishes where that is wished for."""

import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.asked import Asked
from deployer.cli.allowing import allow_options, with_allowed
from deployer.cli.asking import ask, things
from deployer.cli.basing import base_options, drift_refusal
from deployer.cli.choosing import selection_options
from deployer.cli.options import (
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
    from deployer.publishing.window import Hours


@dataclass(frozen=True, slots=True)
class _Wish:
    """How the work is to be done; `hours` is None where nothing is to be published."""

    hours: "Hours | None"
    minutes: float


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
    timeout: float,
    allow_window: bool,
    **allowed: Any,
) -> int:
    """Bring the workspace to the state of the manifests, or do what a saved PLAN says.

    Plans, shows the plan, asks, imports each changed workflow, polls its job, reads it back and
    plans it again: what the service did not keep is an error. Writes drafts in Data Studio; what
    wants it is published then, by a pipeline run for each workflow. With PLAN, a file that
    `deployer plan --out` wrote, nothing is asked: it does exactly that, or nothing if anything moved.
    """
    from deployer import apply as writing
    from deployer.cli.guarding import guard
    from deployer.cli.planning import planned
    from deployer.cli.publishing import open_hours

    with nothing_written():
        asked = with_allowed(Asked(select, exclude, publish, base=base, prune=prune), allowed)
        found = _from_file(file, target, asked) if file else planned(target, asked)
        plan = found.plan
        _show(plan, form, asks=not (auto_approve or file))
        if refusal := drift_refusal(plan, drift):
            raise refusal
        writing.refuse(plan)
        if guard_running:
            guard(found, guard_minutes, refuses=guard_running == "refuse")
        hours = open_hours(found, allowed=allow_window) if plan.to_publish else None
        if (plan.pending or hours) and not (auto_approve or file):
            ask(_doing(plan), found.target, "apply")
    if not plan.pending and not hours:
        _show_report(Report((), plan.api_calls), form)
        if smoke_test:
            say("nothing to test: no changed node was published")
        return 0
    report, signals = _write(found, _Wish(hours, timeout))
    # What was written is written: the exit code tells it, whether or not anyone still reads.
    with suppress(OutputClosed):
        _show_report(report, form)
    code = 128 + signals[0] if signals else writing.exit_code(report)
    if smoke_test and code == 0:
        from deployer.cli.smoke_test import try_changed

        return try_changed(found.target, plan.to_publish, form)
    return code


def _from_file(file: Path, target: str | None, asked: Asked) -> "Planned":
    """What a saved plan holds, made anew; flags that shape a plan are in the file already."""
    from deployer.cli.saved import planned_again, refuse_flags

    refuse_flags(asked.given)
    return planned_again(file, target)


def _doing(plan: Plan) -> str:
    parts = []
    if plan.pending:
        parts.append(f"Write {things(len(plan.pending), 'change')}")
    if plan.to_publish:
        parts.append(
            f"{'publish' if parts else 'Publish'} {things(len(plan.to_publish), 'workflow')}"
        )
    return " and ".join(parts)


def _show(plan: Plan, form: str, *, asks: bool) -> None:
    """The plan on stdout; where stdout is for JSON, on stderr, if someone is to judge it."""
    from deployer.render import plan_text

    if form == "text":
        emit(plan_text.to_text(plan, paint()))
    elif asks and (plan.pending or plan.to_publish):
        say(plan_text.to_text(plan, paint(sys.stderr)))


def _write(found: "Planned", wish: _Wish) -> tuple[Report, list[int]]:
    """The report, and the signals that ended the work early."""
    from deployer import pipeline
    from deployer.cli.connect import connected, run, stop_on_signal
    from deployer.cli.progress import progress
    from deployer.cli.publishing import publish_applied

    async def main() -> tuple[Report, list[int]]:
        async with connected(found.target) as connection:
            with progress(len(found.plan.pending)) as shown:
                writer = connection.writer(shown)
                with stop_on_signal(writer.stop) as signals:
                    report = await pipeline.apply(found.plan, writer)
                    if wish.hours:
                        publisher = connection.publisher(
                            shown, wish.hours, wish.minutes * 60, writer.stop
                        )
                        published = await publish_applied(found, report, connection, publisher)
                        report = replace(report, published=published)
            calls = found.plan.api_calls + connection.remote.calls
        return replace(report, api_calls=calls), signals

    return run(main())


def _show_report(report: Report, form: str) -> None:
    from deployer.render import report_json, report_text

    if form == "json":
        emit(report_json.to_json(report))
    elif report.outcomes or report.published:
        emit(report_text.to_text(report, paint()))
