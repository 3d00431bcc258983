"""`deployer run`: a manual or triggered workflow, or single tasks, run now."""

from typing import Any

import click

from deployer.cli.options import chosen, format_option, option, target_option
from deployer.cli.run_options import common, watched, wished
from deployer.errors import UsageError


@click.command("run")
@click.argument("path", required=False)
@target_option
@format_option("text", "json", "json-lines")
@option(
    "--type",
    type=click.Choice(["ManualWorkflow", "TriggerWorkflow", "Manual", "SmokeTest"]),
    help="Type of run; Manual and SmokeTest run nodes.  [default: what the workflow is]",
)
@option(
    "--date",
    "days",
    multiple=True,
    metavar="YYYY-MM-DD",
    help="Business date.  [default: yesterday]",
)
@option(
    "--tag-policy",
    "tagPolicy",
    type=click.Choice(["Append", "Overwrite"]),
    help="Keep the tags of the workflow, or not.",
)
@option(
    "--priority-weight",
    "priorityWeightStrategy",
    type=click.Choice(["Disable", "Upstream"]),
    help="Whether upstream nodes add to the priority.",
)
@common
@watched
def command(
    path: str | None,
    target: str | None,
    form: str,
    wait: bool,
    patience: float | None,
    **given: Any,
) -> int:
    """Run a published workflow now: one that is started by hand, or by a trigger.

    Each command makes a run of its own, whose name it tells first; --run-name with that name finds it
    again. --type Manual runs the nodes of --node, or the task that PATH itself is; --type SmokeTest is
    for tests with more settings than `deployer smoke-test` takes.

    Exit 10 if it ends in failure, 7 if it is not known whether the run was made.
    """
    from deployer.cli.running import carried_out, nonce, ready_to_wait
    from deployer.running.request import BACKFILL
    from deployer.running.run import Stay, single

    wish = wished(path, {"dates": given.pop("days"), **given})
    if wish.document.get("type") == BACKFILL:
        raise UsageError(
            f"type {BACKFILL} has a command of its own", hint="use `deployer backfill`"
        )
    ready_to_wait(wish.document, wait)
    settings, where = chosen(target)
    work = single(wish.document, nonce=nonce(), place=wish.place, stay=Stay(wait, patience))
    return carried_out(settings.root, where, work, form, wish.document.get("env", "Prod"))
