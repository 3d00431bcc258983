"""Who is told how a run goes: a live table on a terminal, lines in a log, JSON lines for programs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deployer.cli.words import decorated, emit, say
from deployer.days import day_of
from deployer.render import runs_json
from deployer.render.visible import visible
from deployer.runs import Instance, Result, TaskInstance, Watching

if TYPE_CHECKING:
    import rich.live
    import rich.table


class _Lines:
    """A line on stderr for each change."""

    def say(self, text: str) -> None:
        say(visible(text))

    def instance(self, instance: Instance) -> None:
        say(f"{day_of(instance.biz_date)}: {visible(instance.status)}, instance {instance.id}")

    def task(self, instance: Instance, task: TaskInstance) -> None:
        day = day_of(instance.biz_date)
        say(f"{day}: task {visible(task.name)} is {visible(task.status)}")

    def ended(self, result: Result) -> None:
        if result.nothing_ran:
            say(f"{day_of(result.instance.biz_date)}: {result.words}")


class _JsonLines:
    """An event on stdout for each change; words go to stderr."""

    def say(self, text: str) -> None:
        say(visible(text))

    def instance(self, instance: Instance) -> None:
        emit(runs_json.line("instance", {"instance": runs_json.instance(instance)}))

    def task(self, instance: Instance, task: TaskInstance) -> None:
        emit(runs_json.line("task", {"instance": instance.id, "task": runs_json.task(task)}))

    def ended(self, result: Result) -> None:
        emit(runs_json.line("ended", runs_json.result(result)))


class _Table:
    """A live table on stderr: a row for each instance, its tasks by state."""

    def __init__(self, live: "rich.live.Live") -> None:
        self._live = live
        self._instances: dict[str, Instance] = {}
        self._tasks: dict[str, dict[str, str]] = {}

    def say(self, text: str) -> None:
        self._live.console.print(visible(text), markup=False, highlight=False)

    def instance(self, instance: Instance) -> None:
        self._instances[instance.id] = instance
        self._live.update(self._table())

    def task(self, instance: Instance, task: TaskInstance) -> None:
        self._tasks.setdefault(instance.id, {})[task.name] = task.status
        self._live.update(self._table())

    def ended(self, result: Result) -> None:
        self.instance(result.instance)

    def _table(self) -> "rich.table.Table":
        from rich.table import Table
        from rich.text import Text

        table = Table("Business date", "Status", "Tasks", "Instance", box=None)
        for instance in self._instances.values():
            tasks = self._tasks.get(instance.id, {}).items()
            told = ", ".join(f"{visible(name)} {visible(status)}" for name, status in tasks)
            day = str(day_of(instance.biz_date))
            cells = (day, visible(instance.status), told, visible(instance.id))
            table.add_row(*(Text(cell) for cell in cells))
        return table


@contextmanager
def watching(form: str) -> Iterator[Watching]:
    """Who is told how instances go, in the form that was asked for."""
    if form == "json-lines":
        yield _JsonLines()
    elif not decorated(sys.stderr):
        yield _Lines()
    else:
        from rich.console import Console
        from rich.live import Live

        with Live(console=Console(stderr=True), transient=True) as live:
            yield _Table(live)
