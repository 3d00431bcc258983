"""Follows instances until they have ended, and says what is known of them then."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, repeat

from deployer.errors import DeployerError, NotEnded, NotFound
from deployer.halt import NO_PROGRESS
from deployer.running.runner import Runner
from deployer.runs import FAILURE, RUNNING, SUCCESS, Instance, Result, TaskInstance

POLL_SECONDS = (1.0, 2.0, 3.0, 5.0, 10.0)
LOG_LINES = 50

_SAYS_DRY = re.compile(r"\bINFO dry run\b|空跑")
"""What the log of a task that did nothing may say of it, where there is a log at all (B-96)."""


async def watch(ids: Sequence[str], runner: Runner, *, bounded: bool = False) -> "Watch":
    """A watch of instances at its end, which may have been asked for before theirs."""
    one = Watch(ids, runner, bounded=bounded)
    try:
        await one.to_end()
    except asyncio.CancelledError:
        if not runner.stop.is_set():
            raise
    return one


class Watch:
    """One watch: what was told of each instance and each task so far, and what has ended."""

    def __init__(self, ids: Sequence[str], runner: Runner, *, bounded: bool) -> None:
        """`bounded`: the command ends at a moment of its own, however still everything stands."""
        self._ids = tuple(dict.fromkeys(ids))
        self._runner = runner
        self._bounded = bounded
        self._moved = runner.now()
        self._told: dict[str, str] = {}
        self._unseen: dict[str, int] = {}
        self._ended: dict[str, Result] = {}

    @property
    def results(self) -> list[Result]:
        """Those of the instances that have ended, in the order in which they were given."""
        return [self._ended[identity] for identity in self._ids if identity in self._ended]

    @property
    def failed(self) -> bool:
        """Whether one of them ended in failure."""
        return any(result.failed for result in self.results)

    @property
    def unfinished(self) -> NotEnded | None:
        """What is to be said where the watch ended first, by something other than a signal."""
        if not self._open or not self._runner.stop.exit_code:
            return None
        return NotEnded(
            f"{len(self._open)} of {len(self._ids)} instances have not ended in time",
            why=f"{self._runner.stop.why}; they go on running",
            hint=f"`deployer instances watch {' '.join(self._open)}` goes on watching",
        )

    @property
    def _open(self) -> list[str]:
        return [identity for identity in self._ids if identity not in self._ended]

    async def to_end(self) -> None:
        """Returns when all have ended, when it is to stop, or when nothing moves any more."""
        pauses = chain(POLL_SECONDS, repeat(POLL_SECONDS[-1]))
        while True:
            for identity in self._open:
                await self._look(identity)
            if self._open:
                self._check_progress()
            if not self._open or self._runner.stop.is_set():
                return
            await self._runner.pause(next(pauses))

    def _check_progress(self) -> None:
        if not self._bounded and self._runner.now() - self._moved > NO_PROGRESS:
            why = f"nothing moved for {NO_PROGRESS / 60:.0f} minutes"
            self._runner.stop.because(why, NotEnded.exit_code)

    async def _look(self, identity: str) -> None:
        instance = await self._seen(identity)
        if instance is None:
            return
        self._tell_instance(instance)
        if not instance.ended and instance.status != RUNNING:
            return
        tasks = await self._runner.instances.tasks(instance)
        for task in tasks:
            self._tell_task(instance, task)
        if not instance.ended:
            return
        self._ended[identity] = await judged(instance, tasks, self._runner)
        self._runner.watching.ended(self._ended[identity])

    async def _seen(self, identity: str) -> Instance | None:
        """The instance; None for some looks while it cannot be read, as one just made may be (U-27)."""
        try:
            return await self._runner.instances.get(identity)
        except NotFound:
            self._unseen[identity] = self._unseen.get(identity, 0) + 1
            if identity in self._told or self._unseen[identity] > len(POLL_SECONDS):
                raise
            return None

    def _tell_instance(self, instance: Instance) -> None:
        if self._told.get(instance.id) != instance.status:
            self._told[instance.id] = instance.status
            self._moved = self._runner.now()
            self._runner.watching.instance(instance)

    def _tell_task(self, instance: Instance, task: TaskInstance) -> None:
        if task.status == RUNNING:
            self._moved = self._runner.now()  # It may run for hours, and is at work.
        if self._told.get(f"{task.id} {task.number}") != task.status:
            self._told[f"{task.id} {task.number}"] = task.status
            self._moved = self._runner.now()
            self._runner.watching.task(instance, task)


async def judged(instance: Instance, tasks: Iterable[TaskInstance], runner: Runner) -> Result:
    """What an instance came to: the end of the log of what failed, and which tasks did nothing."""
    result = Result(instance, tuple(tasks))
    failed = [task for task in result.tasks if task.status == FAILURE]
    logs = {task.name: _tail(await _log(task, runner)) for task in failed}
    instant = [task for task in result.tasks if task.status == SUCCESS and task.instant]
    idle = [task.name for task in instant if _is_idle(await _log(task, runner))]
    return replace(result, logs=logs, idle=tuple(idle))


async def _log(task: TaskInstance, runner: Runner) -> str:
    """A task's log; one that cannot be read does not change how the run ended."""
    try:
        return await runner.instances.log(task.id)
    except DeployerError as failure:
        return f"the log cannot be read: {failure.what}"


def _is_idle(log: str) -> bool:
    """Whether a task that took no time did nothing: it has no log, or one that says so (B-96)."""
    return not log.strip() or _SAYS_DRY.search(log) is not None


def _tail(log: str) -> str:
    return "\n".join(log.splitlines()[-LOG_LINES:])
