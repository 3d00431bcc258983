"""The `.deployer/` of the project: what earlier runs left in doubt, and what this one notes."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deployer.attempt import cannot_record
from deployer.backups import Undoing
from deployer.cli.words import say
from deployer.journal import Intent, Journal
from deployer.model import Target
from deployer.reading.project_files import FileRefused
from deployer.records import Kept
from deployer.render.visible import visible
from deployer.resuming import in_doubt, is_done, is_told, told, waited

if TYPE_CHECKING:
    from deployer.cli.planning import Planned


@contextmanager
def recorded(
    root: Path, target: Target, now: Callable[[], float], undoing: Undoing | None = None
) -> Iterator[Kept]:
    """Records for one run on a target of a project; at the end it says where its backups are.

    Raises UsageError, before anything can have been sent, where nothing can be recorded.
    """
    records = Kept(root, target.name, target.project, _run_id(), now, undoing)
    try:
        records.journal.begin()
    except FileRefused as refused:
        raise cannot_record(refused) from refused
    yield records
    # Every outcome is recorded by now: without its last line a journal is only kept longer.
    with suppress(FileRefused):
        records.journal.end()
    if records.backups.folder:
        say(f"backups: {visible(records.backups.folder)}; `deployer undo` goes back to them")


def resumed(found: "Planned", again: Callable[[], "Planned"]) -> "Planned":
    """The plan, made again where an earlier run left in doubt what it sent; tells what was found.

    Raises UsageError where the journal cannot be read, and what making the plan raises.
    """
    target = found.target
    journal = Journal(
        found.settings.root, target.name, target.project, _run_id(), lambda: found.now
    )
    intents = _told_by(journal)
    unsure = in_doubt(intents, found.plan)
    now, seconds = found.now, 0.0
    if unsure:
        seconds, calls = _wait(unsure, found)
        calls += found.plan.api_calls
        found = again()
        found = replace(found, plan=replace(found.plan, api_calls=found.plan.api_calls + calls))
    for text in told(intents, found.plan, now, seconds):
        say(visible(text))
    _close(intents, found, journal)
    return found


def doubts(root: Path, target: Target, now: Callable[[], float]) -> Sequence[Intent]:
    """What earlier runs on a target left in doubt. Raises UsageError where that cannot be read."""
    return _told_by(Journal(root, target.name, target.project, _run_id(), now))


def _told_by(journal: Journal) -> Sequence[Intent]:
    try:
        history = journal.history()
    except FileRefused as refused:
        raise cannot_record(refused) from refused
    if history.damaged:
        say(f"journal damaged at record {history.damaged}, using server state")
    return history.intents


def _wait(intents: Sequence[Intent], found: "Planned") -> tuple[float, int]:
    """The seconds that were waited for, and the calls that this took."""
    from deployer.cli.connect import connected, run

    async def main() -> tuple[float, int]:
        async with connected(found.target) as at:
            seconds = await waited(intents, at.remote, at.settle, at.sleep, found.now)
            return seconds, at.remote.calls

    return run(main())


def _close(intents: Sequence[Intent], found: "Planned", journal: Journal) -> None:
    """Notes what was found carried out, so that it is told once."""
    changes = {each.address: each for each in found.plan.changes}
    # Where this cannot be noted it is told again: nothing else hangs on it.
    with suppress(FileRefused):
        for each in intents:
            if is_told(each, changes) and is_done(each, changes[each.address]):
                journal.ended(each.address, each.what)


def _run_id() -> str:
    return uuid.uuid4().hex[:12]
