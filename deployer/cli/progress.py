"""Progress of an apply on stderr: bars on a terminal, one line per step elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deployer.cli.words import decorated, say
from deployer.model import Outcome
from deployer.render.visible import visible
from deployer.writer import Progress

if TYPE_CHECKING:
    import rich.progress


class _Lines:
    """Progress as lines, for logs."""

    def step(self, address: str, text: str) -> None:
        say(f"{visible(address)}: {visible(text)}")

    def ended(self, outcome: Outcome) -> None:
        say(f"{visible(outcome.address)}: {outcome.status}")


class _Bars:
    """Progress as one bar over all changes and one line for each that is being written."""

    def __init__(self, live: "rich.progress.Progress", total: int) -> None:
        self._live = live
        self._all = live.add_task("workflows", total=total)
        self._steps: dict[str, rich.progress.TaskID] = {}

    def step(self, address: str, text: str) -> None:
        from rich.markup import escape

        words = escape(f"{visible(address)}: {visible(text)}")
        if address not in self._steps:
            self._steps[address] = self._live.add_task(words, total=None)
        self._live.update(self._steps[address], description=words)

    def ended(self, outcome: Outcome) -> None:
        if outcome.address in self._steps:
            self._live.remove_task(self._steps.pop(outcome.address))
        self._live.advance(self._all)


@contextmanager
def progress(total: int) -> Iterator[Progress]:
    """What an apply of that many changes tells its progress to."""
    if not decorated(sys.stderr):
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import Progress as Live

    with Live(console=Console(stderr=True), transient=True) as live:
        yield _Bars(live, total)
