"""What run, backfill and smoke-test do after their flags are read: connect, carry out, tell."""

import asyncio
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from deployer.cli.connect import Connection, connected, run, stop_on_signal
from deployer.cli.recording import recorded
from deployer.cli.watching import watching
from deployer.cli.words import OutputClosed, emit, paint, say, say_error
from deployer.errors import UsageError
from deployer.model import Target
from deployer.remote.instances import Instances
from deployer.remote.scheduling import Scheduling
from deployer.render import runs_json, runs_text
from deployer.running.runner import Runner
from deployer.runs import RunReport, Watching

Found = TypeVar("Found")
Work = Callable[[Runner], Awaitable[list[RunReport]]]


def ready_to_wait(document: Mapping[str, Any], wait: bool) -> None:
    """Raises UsageError where waiting would never end: nobody starts the instances."""
    if wait and document.get("autoStart") is False:
        raise UsageError(
            "nothing to wait for: `--no-start` leaves the instances as they are made",
            hint="leave out `--wait`, or let them start",
        )


def nonce() -> str:
    """Twelve characters that no other run has in its name."""
    return uuid.uuid4().hex[:12]


def carried_out(root: Path, target: Target, work: Work, form: str, env: str = "Prod") -> int:
    """Does a piece of work on a target, shows what became of it, and gives the exit code.

    What is asked for is noted in the `.deployer/` of the project at `root` before it is sent.
    """
    done = run(_connected(root, target, work, form, env))
    # What was made was made: the exit code tells it, whether or not anyone still reads.
    with suppress(OutputClosed):
        _show(done, form)
    for report in done.reports:
        if report.failure:
            say_error(report.failure)
    return 128 + done.signals[0] if done.signals else worst(done.reports)


@dataclass(frozen=True, slots=True)
class _Done:
    reports: list[RunReport]
    signals: list[int]
    api_calls: int


async def _connected(root: Path, target: Target, work: Work, form: str, env: str) -> _Done:
    async with connected(target) as connection:
        with recorded(root, target, connection.now) as records, watching(form) as told:
            one = replace(runner(connection, told, env), records=records)
            with stop_on_signal(one.stop) as signals:
                reports = await unless_stopped(work(one))
        return _Done(reports or [], signals, connection.remote.calls)


async def unless_stopped(work: Awaitable[Found]) -> Found | None:
    """What work comes to, None if a signal cut it off: it is cancelled, the telling of it is not."""
    try:
        return await asyncio.ensure_future(work)
    except asyncio.CancelledError:
        return None


def runner(connection: Connection, told: Watching, env: str) -> Runner:
    """What running needs on a connection."""
    return Runner(
        instances=Instances(connection.remote),
        scheduling=Scheduling(connection.remote, env),
        watching=told,
        settle=connection.settle,
        sleep=connection.sleep,
        now=connection.now,
    )


def _show(done: _Done, form: str) -> None:
    """The reports on stdout; `said`, on stderr; as JSON lines, the last event of each."""
    if form == "json":
        emit(runs_json.reports(done.reports, done.api_calls))
    elif form == "json-lines":
        emit("".join(runs_json.line("run", runs_json.report(each)) for each in done.reports))
    elif form == "said":
        say("".join(runs_text.report(each, paint(sys.stderr)) for each in done.reports).rstrip())
    else:
        emit("".join(runs_text.report(each, paint()) for each in done.reports))
        emit(f"API calls: {done.api_calls}\n")
    if any(call.found for report in done.reports for call in report.calls):
        say("this run was made before: `--run-name NAME` makes another one")


def worst(reports: list[RunReport]) -> int:
    """The exit code of several reports: the gravest one."""
    gravity = (70, 6, 8, 7, 5, 1, 4, 3, 10, 9, 64, 2, 0)
    return min((report.exit_code for report in reports), key=gravity.index, default=0)
