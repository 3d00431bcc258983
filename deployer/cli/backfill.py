"""`deployer backfill`: a published workflow, run for business dates of choice."""

from typing import Any

import click

from deployer.cli.options import chosen, format_option, option, target_option
from deployer.cli.run_options import Document, Wish, common, stacked, watched, wished
from deployer.errors import UsageError

_DAY = {"metavar": "YYYY-MM-DD"}
_TIME = {"metavar": "HH:MM:SS"}

dates = stacked(
    option("--from", "first", help="First business date; with --to.", **_DAY),
    option("--to", "last", help="Last business date.", **_DAY),
    option("--date", "days", multiple=True, help="A business date; may be given again.", **_DAY),
    option(
        "--range", "ranges", multiple=True, metavar="FIRST..LAST", help="Days; may be given again."
    ),
    option("--single-dates", "single_dates", is_flag=True, help="At most seven days in a call."),
    option("--hours-from", "startTime", help="Schedules of the day that count, from ...", **_TIME),
    option("--hours-to", "endTime", help="... to.", **_TIME),
)
how = stacked(
    option(
        "--mode",
        type=click.Choice(["General", "ManualSelection", "Chain", "AllDownstream"]),
        help="How its nodes are chosen.  [default: ManualSelection, all unless --node]",
    ),
    option("--order", type=click.Choice(["Asc", "Desc"]), help="Order of the days."),
    option("--parallelism", type=int, metavar="N", help="Days at once, 1 to 10.  [default: 1]"),
    option("--analysis", "enabled", is_flag=True, help="Check before running."),
    option("--analysis-blocks", "blocked", is_flag=True, help="Do not run what is objected to."),
    option("--at-once", "immediately", is_flag=True, help="Start days to come now."),
    option("--policy", type=click.Choice(["Daily", "Weekend"]), help="Days it may start on."),
    option("--policy-from", help="Time of day it may start from ...", **_TIME),
    option("--policy-to", help="... to.", **_TIME),
    option(
        "--alert",
        type=click.Choice(["Success", "Failure", "SuccessFailure"]),
        help="Ends that somebody is told of.",
    ),
    option("--alert-by", type=click.Choice(["Sms", "Mail", "SmsMail"]), help="How they are told."),
    option(
        "--own-id", is_flag=True, help="Send the workflow's own id, for --param to take effect."
    ),
)


@click.command("backfill")
@click.argument("path", required=False)
@target_option
@format_option("text", "json", "json-lines")
@dates
@common
@how
@watched
@click.option(
    "--allow-instances",
    type=int,
    metavar="N",
    help="Let exactly N task instances be made, more than the limits of the target.",
)
def command(
    path: str | None,
    target: str | None,
    form: str,
    wait: bool,
    patience: float | None,
    allow_instances: int | None,
    **given: Any,
) -> int:
    """Run a published workflow for business dates.

    A business date runs as of the day after it. More days than one call takes are sent in several;
    with --wait each of them after the one before has ended in success. The same command again finds
    the run that it made before, by its name, and makes no other one: --run-name makes another.

    Exit 10 if an instance ends in failure, 7 if it is not known whether the run was made.
    """
    from deployer.cli.running import carried_out, ready_to_wait
    from deployer.running.request import BACKFILL
    from deployer.running.run import Stay, backfill

    wish = _completed(wished(path, _blocks(given)))
    kind = wish.document.get("type", BACKFILL)
    if kind != BACKFILL:
        raise UsageError(
            f"type {kind} is no backfill", where=wish.place(("type",)), hint="see `deployer run`"
        )
    ready_to_wait(wish.document, wait)
    settings, where = chosen(target)
    work = backfill(
        wish.document,
        limits=where.limits,
        project=where.project,
        allowed=allow_instances,
        place=wish.place,
        every_node=not wish.from_file,
        stay=Stay(wait, patience),
    )
    return carried_out(settings.root, where, work, form, wish.document.get("env", "Prod"))


def _completed(wish: Wish) -> Wish:
    """Flags have defaults; a run file says everything itself."""
    if wish.from_file:
        return wish
    defaults: Document = {"type": "SupplementData", "mode": "ManualSelection", "parallelism": 1}
    analysis = {"enabled": False, "blocked": False, **wish.document.get("analysis", {})}
    document = {**defaults, **wish.document, "analysis": analysis}
    return Wish(document, wish.place, from_file=False)


def _blocks(given: dict[str, Any]) -> Document:
    """The flags as a run document has them: dates in one list, blocks of what belongs together."""
    take = given.pop
    flags = {
        "dates": _dates(take("first"), take("last"), take("days"), take("ranges")),
        "analysis": {key: True for key in ("enabled", "blocked") if take(key)},
        "alert": _block(type=take("alert"), noticeType=take("alert_by")),
        "runPolicy": _block(
            type=take("policy"),
            startTime=take("policy_from"),
            endTime=take("policy_to"),
            immediately=take("immediately") or None,
        ),
        "workflowId": "own" if take("own_id") else None,
        "singleDates": take("single_dates") or None,
    }
    return {**given, **flags}


def _block(**values: Any) -> Document:
    return {key: value for key, value in values.items() if value is not None}


def _dates(
    first: str | None, last: str | None, days: tuple[str, ...], ranges: tuple[str, ...]
) -> Any:
    if (first is None) != (last is None):
        raise UsageError(
            "`--from` and `--to` go together", hint="`--date` names a single business date"
        )
    spans = [] if first is None else [{"from": first, "to": last}]
    for text in ranges:
        start, dots, end = text.partition("..")
        if not dots:
            raise UsageError(f"{text} is no FIRST..LAST", where="--range", hint="write both days")
        spans.append({"from": start, "to": end})
    return [*spans, *days]
