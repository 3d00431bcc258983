"""`deployer instances`: what ran and what runs, to be listed, shown, watched, stopped and run again."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deployer.cli.deadline import Deadline
from deployer.cli.options import chosen, format_option, option, target_option, timeout_option
from deployer.errors import EXIT_RUN_FAILED, OutcomeUnknown, TimeOver, UsageError

if TYPE_CHECKING:
    from deployer.running.runner import Runner
    from deployer.running.watch import Watch
    from deployer.runs import Instance, Result

Found = TypeVar("Found")

_ENV = option("--env", type=click.Choice(["Prod", "Dev"]), help="Environment.")
_TYPES = ("Normal", "Manual", "SmokeTest", "SupplementData", "ManualWorkflow", "TriggerWorkflow")
_SORTED = ("TriggerTime", "StartedTime", "FinishedTime", "CreateTime", "Id")
_STATUSES = (
    *("NotRun", "Running", "WaitTime", "CheckingCondition", "WaitResource", "Checking"),
    *("Failure", "Success"),
)


def _id(_: click.Context, parameter: click.Parameter, given: Any) -> Any:
    """Ids of instances, one or several, if they are numbers."""
    for text in (given,) if isinstance(given, str) else given or ():
        if not (text.isascii() and text.isdigit()):
            told = f"{text!r} is no id of an instance: `deployer instances list` tells them"
            raise click.BadParameter(told, param=parameter)
    return given


def _day(_: click.Context, parameter: click.Parameter, given: str | None) -> date | None:
    """A day as `yyyy-mm-dd`."""
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        told = f"{given!r} is no day: write it as 2026-02-28"
        raise click.BadParameter(told, param=parameter) from None


def _ids(command: Callable[..., int]) -> Callable[..., int]:
    return click.argument("ids", nargs=-1, required=True, callback=_id)(command)


def _worked(
    target: str | None,
    work: "Callable[[Runner], Awaitable[Found]]",
    form: str = "text",
    env: str | None = None,
    deadline: Deadline | None = None,
) -> tuple[Found, list[int]]:
    """What a piece of work on a target comes to, and the signals that came meanwhile.

    Work that a signal, or the end of the time, cuts off ends the command.
    """
    from deployer.cli.connect import connected, run, stop_early
    from deployer.cli.running import runner, unless_stopped
    from deployer.cli.watching import watching
    from deployer.cli.words import say

    _, where = chosen(target)
    time_left = deadline or Deadline()

    async def main() -> tuple[Found | None, list[int]]:
        async with connected(where, time_left) as connection:
            with watching(form) as told:
                one = runner(connection, told, env or "Prod")
                with stop_early(one.stop, time_left) as signals:
                    return await unless_stopped(work(one)), signals

    found, signals = run(main())
    if found is None and not signals:
        raise TimeOver(time_left.told)
    if found is None:
        say("interrupted")
        raise click.exceptions.Exit(128 + (signals or [2])[0])
    return found, signals


@click.group("instances", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Instances of workflows: one for each run and business date."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


# --- list and show --------------------------------------------------------------------------------


@command.command("list")
@target_option
@format_option("text", "json", "json-lines")
@option(
    "--biz-date", callback=_day, metavar="YYYY-MM-DD", help="Business date.  [default: yesterday]"
)
@option("--workflow", metavar="PATH", help="Workflow; backfills of scheduled nodes belong to none.")
@option("--name", metavar="TEXT", help="Part of the run's name.")
@option("--type", "kind", type=click.Choice(_TYPES), help="Type of run.")
@option("--status", type=click.Choice(_STATUSES), help="Status.")
@option("--ran-on", callback=_day, metavar="YYYY-MM-DD", help="Day on which it ran.")
@option("--owner", metavar="ID", help="Account that owns it.")
@option("--tag", "tags", multiple=True, metavar="KEY:VALUE", help="Tag; any of several is enough.")
@option(
    "--id", "ids", multiple=True, callback=_id, metavar="ID", help="Instance; may be given again."
)
@option("--unified-id", callback=_id, metavar="ID", help="Id that instances of one trigger share.")
@option("--sort", metavar="FIELD[:desc]", help=f"One of {', '.join(_SORTED)}.  [default: Id:desc]")
@option("--page", type=click.IntRange(1), help="Page; all of them unless named.")
@option(
    "--page-size", type=click.IntRange(10, 500), default=100, show_default=True, help="Its size."
)
@_ENV
def list_command(
    target: str | None,
    form: str,
    biz_date: date | None,
    workflow: str | None,
    name: str | None,
    kind: str | None,
    status: str | None,
    ran_on: date | None,
    owner: str | None,
    tags: tuple[str, ...],
    ids: tuple[str, ...],
    unified_id: str | None,
    sort: str | None,
    page: int | None,
    page_size: int,
    env: str | None,
) -> int:
    """List the instances of one business date."""
    from deployer.cli.words import emit, paint, say
    from deployer.days import ONE, today
    from deployer.remote.instances import Search
    from deployer.render import runs_json, runs_text

    order = _order(sort)

    async def work(runner: "Runner") -> "tuple[list[Instance], int]":
        online = await runner.scheduling.workflow(workflow) if workflow else None
        search = Search(
            biz_date=biz_date or today(runner.now()) - ONE,
            env=env or "",
            ids=ids,
            name=name or "",
            owner=owner or "",
            type=kind or "",
            workflow=online.id if online else "",
            unified=unified_id or "",
            tags=tuple(_tag(each) for each in tags),
            status=status or "",
            executed_on=ran_on,
            sort=order,
        )
        if page is None:
            found = [each async for each in runner.instances.every(search)]
            return found, len(found)
        one = await runner.instances.page(search, page, page_size)
        return list(one.instances), one.total

    (found, total), _ = _worked(target, work, env=env)
    if form == "json":
        emit(runs_json.page(found, total))
    elif form == "json-lines":
        emit(
            "".join(runs_json.line("instance", {"instance": runs_json.instance(x)}) for x in found)
        )
    else:
        emit(runs_text.table(found, paint()))
        say(f"{len(found)} of {total} instances")
    return 0


def _order(sort: str | None) -> str:
    """`SortBy` as the service reads it: a field and a direction."""
    field, _, direction = (sort or "Id:desc").partition(":")
    named = {each.lower(): each for each in _SORTED}.get(field.lower())
    if named is None or direction.lower() not in ("", "asc", "desc"):
        hint = f"write `Id:desc`; fields are {', '.join(_SORTED)}"
        raise UsageError(f"instances are not sorted by {sort}", where="--sort", hint=hint)
    return f"{named} {'Desc' if direction.lower() == 'desc' else 'Asc'}"


def _tag(text: str) -> str:
    """A tag as the service reads it: the colon stands there even without a value."""
    key, sign, value = text.partition(":" if ":" in text else "=")
    return f"{key}:{value}" if sign else f"{key}:"


@command.command("show")
@target_option
@format_option("text", "json")
@click.argument("identity", metavar="ID", callback=_id)
def show_command(target: str | None, form: str, identity: str) -> int:
    """Show one instance, its tasks, and the end of the log of what failed."""
    from deployer.cli.words import emit, paint
    from deployer.render import runs_json, runs_text
    from deployer.running.watch import judged

    async def work(runner: "Runner") -> "Result":
        instance = await runner.instances.get(identity)
        return await judged(instance, await runner.instances.tasks(instance), runner)

    result, _ = _worked(target, work)
    emit(runs_json.results([result]) if form == "json" else runs_text.shown(result, paint()))
    return 0


# --- watch ----------------------------------------------------------------------------------------


@command.command("watch")
@target_option
@format_option("text", "json", "json-lines")
@_ids
@timeout_option
def watch_command(target: str | None, form: str, ids: tuple[str, ...], deadline: Deadline) -> int:
    """Watch instances until they have ended. Exit 10 if one ends in failure."""
    from deployer.cli.words import emit, paint, say
    from deployer.render import runs_json, runs_text
    from deployer.running.watch import watch

    watched, signals = _worked(
        target, lambda runner: watch(ids, runner, bounded=bool(deadline)), form, deadline=deadline
    )
    if form == "json":
        emit(runs_json.results(watched.results))
    elif form == "text" and watched.results:
        emit(runs_text.results(watched.results, paint()))
    if signals:
        say("no longer watched; what has not ended goes on running")
        return 128 + signals[0]
    return _ended(watched)


def _ended(watched: "Watch") -> int:
    """The exit code of a watch; says what goes on running."""
    from deployer.cli.words import say_error

    left = watched.unfinished
    if left:
        say_error(left)
    if watched.failed:
        return EXIT_RUN_FAILED
    return left.exit_code if left else 0


# --- stop and rerun -------------------------------------------------------------------------------


@command.command("stop")
@target_option
@format_option("text", "json")
@_ids
@option("--comment", metavar="TEXT", help="Why they are stopped.")
def stop_command(target: str | None, form: str, ids: tuple[str, ...], comment: str | None) -> int:
    """End instances. What their tasks have done already stays done.

    Exit 1 if one was not stopped, 7 if it is not known whether it was.
    """
    from deployer.cli.words import emit
    from deployer.render import runs_json, runs_text
    from deployer.running.steering import stop

    told, _ = _worked(target, lambda runner: stop(ids, runner, comment or ""))
    emit(runs_json.stopped(told) if form == "json" else runs_text.stopped(told))
    return 0 if all(how.taken for how in told.values()) else 1


def _lost(identity: str, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"it is not known whether instance {identity} runs again",
        why=why,
        hint=f"`deployer instances show {identity}` shows how it stands",
    )


@command.command("rerun")
@target_option
@format_option("text", "json", "json-lines")
@click.argument("identity", metavar="ID", callback=_id)
@option("--node", "nodes", multiple=True, metavar="NAME", help="Node to run again; else all.")
@option("--failed", is_flag=True, help="Only what failed.")
@option("--downstream", is_flag=True, help="What waits for it, too.")
@option("--wait/--no-wait", "wait", default=False, help="Watch it to its end.")
@timeout_option
def rerun_command(
    target: str | None,
    form: str,
    identity: str,
    nodes: tuple[str, ...],
    failed: bool,
    downstream: bool,
    wait: bool,
    deadline: Deadline,
) -> int:
    """Run an instance of a manual workflow again; the service does so for no others.

    Exit 10 if it ends in failure, 7 if it is not known whether it runs again.
    """
    from asyncio import CancelledError

    from deployer.cli.words import emit, paint
    from deployer.render import runs_json, runs_text
    from deployer.running.steering import rerun
    from deployer.running.watch import watch

    async def work(runner: "Runner") -> "Watch":
        try:
            await rerun(identity, runner, nodes=nodes, failed=failed, downstream=downstream)
        except CancelledError:
            if runner.stop.exit_code:
                raise _lost(identity, runner.stop.why) from None
            raise
        return await watch([identity] if wait else [], runner, bounded=bool(deadline))

    watched, signals = _worked(target, work, form, deadline=deadline)
    if form == "json":
        emit(runs_json.results(watched.results))
    elif form == "text":
        told = f"instance {identity} runs again\n"
        emit(runs_text.results(watched.results, paint()) if watched.results else told)
    return 128 + signals[0] if signals else _ended(watched)
