"""`deployer publish`: what is saved and not published goes to production, stage by stage."""

import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from deployer.asked import Asked
from deployer.cli.asking import ask, things
from deployer.cli.deadline import Deadline
from deployer.cli.options import (
    approval_option,
    format_option,
    target_option,
    timeout_option,
    window_option,
)
from deployer.cli.words import OutputClosed, nothing_written, paint, say
from deployer.errors import Conflict
from deployer.model import Change, Plan, Report
from deployer.render.visible import visible

if TYPE_CHECKING:
    from deployer.cli.planning import Planned
    from deployer.cli.working import Desk, Wish


@click.command("publish")
@click.argument("select", nargs=-1)
@target_option
@format_option("text", "json")
@click.option(
    "--auto-approve", is_flag=True, help="Do not ask before publishing; no variable can say this."
)
@timeout_option
@approval_option
@window_option
def command(
    select: tuple[str, ...],
    target: str | None,
    form: str,
    auto_approve: bool,
    deadline: Deadline,
    patience: float,
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
    from deployer.cli.recording import resumed
    from deployer.cli.working import Wish, show

    with nothing_written():
        asked = Asked(select, publish=True, base="")
        found = resumed(planned(target, asked, deadline), lambda: planned(target, asked, deadline))
        found = replace(found, plan=_saved(found.plan, select))
        _show(found.plan, form)
        if not found.plan.to_publish:
            show(Report((), found.plan.api_calls), form)
            return 0
        hours = open_hours(found, allowed=allow_window)
        if not auto_approve:
            doing = f"Publish {things(len(found.plan.to_publish), 'workflow')}"
            ask(doing, found.target, "publish")
    report, signals = _publish(found, Wish(hours, patience, deadline))
    with suppress(OutputClosed):
        show(report, form)
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


def _publish(found: "Planned", wish: "Wish") -> tuple[Report, list[int]]:
    """The report, and the signals that ended the work early."""
    from deployer import pipeline
    from deployer.cli.working import worked

    async def work(desk: "Desk") -> Report:
        made = await pipeline.publish(found.plan, found.loaded, found.target, desk.publisher)
        return Report((), published=made)

    return worked(found, wish, len(found.plan.to_publish), work)
