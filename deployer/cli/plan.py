"""`deployer plan`: what apply would do; reads only."""

from pathlib import Path
from typing import Any

import click

from deployer.asked import Asked
from deployer.cli.allowing import allow_options, with_allowed
from deployer.cli.basing import base_options, drift_refusal
from deployer.cli.choosing import selection_options
from deployer.cli.deadline import Deadline
from deployer.cli.options import (
    format_option,
    option,
    publish_option,
    target_option,
    timeout_option,
)
from deployer.cli.plan_forms import FORMS, rendered
from deployer.cli.plan_reports import report_option, tell_github, write_report
from deployer.cli.words import emit
from deployer.errors import EXIT_CHANGES


@click.command("plan")
@target_option
@selection_options
@base_options
@allow_options
@publish_option
@option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Save the plan, for `deployer apply FILE` to do exactly that.",
)
@format_option(*FORMS)
@report_option
@option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit 2 if there are changes, or something to publish that wants it; 0 if there is none.",
)
@timeout_option
@option(
    "--refresh",
    is_flag=True,
    help="Read every workflow, not only what the service's lists show as changed.",
)
def command(
    target: str | None,
    select: tuple[str, ...],
    exclude: tuple[str, ...],
    base: str | None,
    drift: str,
    prune: bool,
    publish: bool | None,
    out: Path | None,
    form: str,
    report: Path | None,
    detailed_exitcode: bool,
    deadline: Deadline,
    refresh: bool,
    **allowed: Any,
) -> int:
    """Show what apply would change. Reads the workspace, writes nothing.

    With --publish it shows what is saved and not published, too, as it does without where the target
    or a manifest wants publishing.
    """
    from deployer.cli.planning import planned

    asked = with_allowed(Asked(select, exclude, publish, base=base, prune=prune), allowed)
    found = planned(target, asked, deadline, remembers=not refresh, shown=not out)
    made = found.plan
    if out:
        from deployer.cli.saved import save

        save(found, asked, out)
    emit(rendered(made, form))
    pending = made.differs or made.unpublished
    refusal = drift_refusal(made, drift)
    code = EXIT_CHANGES if detailed_exitcode and pending else 0
    code = refusal.exit_code if refusal else code
    if report:
        write_report(made, report)
    tell_github(made, code, str(out or ""))
    if refusal:
        raise refusal
    return code
