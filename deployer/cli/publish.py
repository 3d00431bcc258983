"""`deployer publish`: what is saved and not published goes to production, stage by stage."""

import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from deployer.asked import Asked
from deployer.cli.asking import ask, things
from deployer.cli.options import format_option, target_option, timeout_option, window_option
from deployer.cli.words import OutputClosed, emit, nothing_written, paint, say
from deployer.errors import Conflict
from deployer.model import Change, Plan, Report
from deployer.render.visible import visible

if TYPE_CHECKING:
    from deployer.cli.planning import Planned
    from deployer.publishing.window import Hours


@click.command("publish")
@click.argument("select", nargs=-1)
@target_option
@format_option("text", "json")
@click.option(
    "--auto-approve", is_flag=True, help="Do not ask before publishing; no variable can say this."
)
@timeout_option
@window_option
def command(
    select: tuple[str, ...],
    target: str | None,
    form: str,
    auto_approve: bool,
    timeout: float,
    allow_window: bool,
) -> int:
    """Publish what is saved as the manifests say.

    SELECT names workflows as `--select` of a plan does: a path, a folder, a glob of paths, `name:`,
    `file:`, `changed:`; without it, all that are saved and not published. Makes one pipeline run for
    each workflow, sets its stages going in their order, and compares what was published with what was
    meant. A rerun goes on with the same pipeline run.
    """
    from deployer.apply import exit_code
    from deployer.cli.planning import planned
    from deployer.cli.publishing import open_hours

    with nothing_written():
        found = planned(target, Asked(select, publish=True, base=""))
        found = replace(found, plan=_saved(found.plan, select))
        _show(found.plan, form)
        if not found.plan.to_publish:
            _show_report(Report((), found.plan.api_calls), form)
            return 0
        hours = open_hours(found, allowed=allow_window)
        if not auto_approve:
            doing = f"Publish {things(len(found.plan.to_publish), 'workflow')}"
            ask(doing, found.target, "publish")
    report, signals = _publish(found, hours, timeout)
    with suppress(OutputClosed):
        _show_report(report, form)
    return 128 + signals[0] if signals else exit_code(report)


def _saved(plan: Plan, select: tuple[str, ...]) -> Plan:
    """The plan with the workflows that are saved; raises Conflict if one that was named is not."""
    pending = [each for each in plan.changes if each.action != "unchanged"]
    if select and pending:
        raise _not_applied(pending[0])
    for each in pending:
        say(f"warning: `{visible(each.address)}` is left out: it is not saved as its manifest says")
    return replace(plan, changes=tuple(each for each in plan.changes if each.action == "unchanged"))


def _not_applied(change: Change) -> Conflict:
    return Conflict(
        f"`{change.address}` is not saved as its manifest says",
        where=change.file,
        why=change.reason,
        hint="run `deployer plan`, then `deployer apply`; or `deployer apply --publish`",
    )


def _show(plan: Plan, form: str) -> None:
    """What is going to be published, on stderr: stdout is for what became of it."""
    from deployer.render import plan_text

    for line in plan_text.publications(plan, paint(sys.stderr)):
        say(line)
    if not plan.to_publish and form == "text":
        say(f"nothing to publish: {things(len(plan.changes), 'workflow')} published as saved")


def _publish(found: "Planned", hours: "Hours", minutes: float) -> tuple[Report, list[int]]:
    """The report, and the signals that ended the work early."""
    from deployer import pipeline
    from deployer.cli.connect import connected, run, stop_on_signal
    from deployer.cli.progress import progress

    async def main() -> tuple[Report, list[int]]:
        async with connected(found.target) as connection:
            with progress(len(found.plan.to_publish)) as shown:
                writer = connection.writer(shown)
                with stop_on_signal(writer.stop) as signals:
                    publisher = connection.publisher(shown, hours, minutes * 60, writer.stop)
                    published = await pipeline.publish(
                        found.plan, found.loaded, found.target, publisher
                    )
            calls = found.plan.api_calls + connection.remote.calls
        return Report((), calls, published), signals

    return run(main())


def _show_report(report: Report, form: str) -> None:
    from deployer.render import report_json, report_text

    if form == "json":
        emit(report_json.to_json(report))
    elif report.published:
        emit(report_text.to_text(report, paint()))
