"""`deployer plan`: what apply would do; reads only."""

import click

from deployer.cli.options import format_option, option, publish_option, target_option
from deployer.cli.words import emit, paint
from deployer.errors import EXIT_CHANGES


@click.command("plan")
@target_option
@format_option("text", "json")
@publish_option
@option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit 2 if there are changes, or something to publish that wants it; 0 if there is none.",
)
@option(
    "--refresh",
    is_flag=True,
    help="Read every workflow, not only what the service's lists show as changed.",
)
def command(
    target: str | None, form: str, publish: bool | None, detailed_exitcode: bool, refresh: bool
) -> int:
    """Show what apply would change. Reads the workspace, writes nothing.

    With --publish it shows what is saved and not published, too, as it does without where the target
    or a manifest wants publishing.
    """
    from deployer.cli.planning import planned
    from deployer.render import plan_json, plan_text

    made = planned(target, publish, remembers=not refresh).plan
    emit(plan_json.to_json(made) if form == "json" else plan_text.to_text(made, paint()))
    pending = made.pending or made.unpublished
    return EXIT_CHANGES if detailed_exitcode and pending else 0
