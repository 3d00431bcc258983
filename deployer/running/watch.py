"""Follows instances until they have ended, and says what is known of them then."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from deployer.errors import DeployerError, NotFound, OutcomeUnknown
from deployer.running.runner import Runner
from deployer.runs import FAILURE, SUCCESS, Instance, Result, TaskInstance

POLL_SECONDS = (1.0, 2.0, 3.0, 5.0, 10.0)
LOG_LINES = 50

_SAYS_DRY = re.compile(r"\bINFO dry run\b|空跑")
"""What the log of a task that did nothing may say of it, where there is a log at all (B-96)."""


async def watch(ids: Sequence[str], runner: Runner, patience: float | None = None) -> list[Result]:
    """The results of instances in the order they are given, told as they change.

    Told to stop, it returns those of the instances that have ended.

    Raises OutcomeUnknown when `patience` seconds have passed; the instances go on.
    """
    return await _Watch(runner, patience).follow(ids)


class _Watch:
    """One watch: what was told of each instance and each task so far."""

    def __init__(self, runner: Runner, patience: float | None) -> None:
        self._runner = runner
        self._until = None if patience is None else runner.now() + patience
        self._told: dict[str, str] = {}
        self._unseen: dict[str, int] = {}

    async def follow(self, ids: Sequence[str]) -> list[Result]:
        results: dict[str, Result] = {}
        pause = iter(POLL_SECONDS)
        while True:
            for identity in [each for each in ids if each not in results]:
                ended = await self._look(identity)
                if ended:
                    results[identity] = ended
            if len(results) == len(set(ids)) or self._runner.stop.is_set():
                return [results[identity] for identity in ids if identity in results]
            open_ones = [identity for identity in ids if identity not in results]
            await self._wait(next(pause, POLL_SECONDS[-1]), open_ones, len(ids))

    async def _wait(self, seconds: float, open_ones: Sequence[str], count: int) -> None:
        if self._until is not None and self._runner.now() + seconds > self._until:
            raise OutcomeUnknown(
                f"{len(open_ones)} of {count} instances have not ended in time",
                why="the time of `--timeout` is over; they go on running",
                hint=f"`deployer instances watch {' '.join(open_ones)}` goes on watching",
            )
        await self._runner.pause(seconds)

    async def _look(self, identity: str) -> Result | None:
        instance = await self._seen(identity)
        if instance is None:
            return None
        self._tell_instance(instance)
        if not instance.ended and instance.status != "Running":
            return None
        tasks = await self._runner.instances.tasks(instance)
        for task in tasks:
            self._tell_task(instance, task)
        if not instance.ended:
            return None
        result = await judged(instance, tasks, self._runner)
        self._runner.watching.ended(result)
        return result

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
            self._runner.watching.instance(instance)

    def _tell_task(self, instance: Instance, task: TaskInstance) -> None:
        if self._told.get(f"{task.id} {task.number}") != task.status:
            self._told[f"{task.id} {task.number}"] = task.status
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
