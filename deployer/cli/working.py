"""What apply, publish and undo do alike: connect, note down, show how it goes, end early, report."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from deployer.backups import Undoing
from deployer.cli.connect import Connection, connected, run, stop_early
from deployer.cli.deadline import Deadline
from deployer.cli.planning import Planned
from deployer.cli.progress import progress
from deployer.cli.recording import recorded
from deployer.cli.words import emit, paint
from deployer.model import Report
from deployer.publishing.publisher import Publisher
from deployer.publishing.window import Hours
from deployer.render import report_json, report_text
from deployer.writer import Writer


@dataclass(frozen=True, slots=True)
class Wish:
    """How work is to be done: when anything may be published, and how long it may take.

    An approval is waited for as many seconds as `patience`.
    """

    hours: Hours
    patience: float
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Desk:
    """What work is done with, for one target."""

    connection: Connection
    writer: Writer
    publisher: Publisher


def worked(
    found: Planned,
    wish: Wish,
    count: int,
    work: Callable[[Desk], Awaitable[Report]],
    undoing: Undoing | None = None,
) -> tuple[Report, list[int]]:
    """The report of work on `count` workflows, and the signals that ended it early.

    The calls in the report are those of the plan, too. `undoing` is what it is to take back.
    """

    async def main() -> tuple[Report, list[int]]:
        async with connected(found.target, wish.deadline) as connection:
            with (
                recorded(found.settings.root, found.target, connection.now, undoing) as records,
                progress(count) as shown,
            ):
                writer = connection.writer(shown, records)
                publisher = connection.publisher(
                    shown, wish.hours, wish.patience, writer.stop, records
                )
                desk = Desk(connection, replace(writer, publisher=publisher), publisher)
                with stop_early(writer.stop, wish.deadline) as signals:
                    report = await work(desk)
            calls = found.plan.api_calls + connection.remote.calls
        return replace(report, api_calls=calls, halted=writer.stop.told), signals

    return run(main())


def show(report: Report, form: str) -> None:
    """The report on stdout: as JSON, or as text where there is anything to tell."""
    if form == "json":
        emit(report_json.to_json(report))
    elif report.outcomes or report.published:
        emit(report_text.to_text(report, paint()))
