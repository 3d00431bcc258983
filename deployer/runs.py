"""The values of running: how instances and tasks stand, and what became of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from deployer.errors import EXIT_PARTIAL, EXIT_RUN_FAILED, DeployerError, NotEnded, TimeOver

SUCCESS, FAILURE, RUNNING = "Success", "Failure", "Running"
FINAL = (SUCCESS, FAILURE)
"""The states that an instance does not leave by itself; an unknown one is not among them (B-94)."""

STOPPED = ("NotRun", *FINAL)
"""What a stopped instance may read as (docs/service.md U-17)."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A workflow instance as last seen; moments in ms since the epoch, None where there is none yet."""

    id: str
    name: str
    type: str
    status: str
    biz_date: int
    env: str = ""
    owner: str = ""
    workflow: str = ""
    unified: str = ""
    task_instance: str = ""
    parameters: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    created: int | None = None
    created_by: str = ""
    modified: int | None = None
    modified_by: str = ""
    started: int | None = None
    finished: int | None = None

    @property
    def ended(self) -> bool:
        """Whether the status is final."""
        return self.status in FINAL


@dataclass(frozen=True, slots=True)
class TaskInstance:
    """The latest run of one task of an instance."""

    id: str
    name: str
    type: str
    status: str
    task: str = ""
    workflow: str = ""
    number: int = 1
    started: int | None = None
    finished: int | None = None

    @property
    def instant(self) -> bool:
        """Whether no time passed between its start and its end, as when nothing ran."""
        return self.started is None or self.started == self.finished


@dataclass(frozen=True, slots=True)
class Result:
    """How an instance stands at the end of a watch.

    `logs` are the last lines of what failed, by task. `idle` names the tasks that are Success and
    did nothing (docs/service.md B-96, B-97).
    """

    instance: Instance
    tasks: tuple[TaskInstance, ...] = ()
    logs: Mapping[str, str] = field(default_factory=dict)
    idle: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the instance ended in failure."""
        return self.instance.status == FAILURE

    @property
    def nothing_ran(self) -> bool:
        """Whether it is a success of which no task did anything."""
        done = self.instance.status == SUCCESS
        return done and len(self.idle) == len(self.tasks)

    @property
    def words(self) -> str:
        """The status, or that it is one at which nothing ran."""
        return "Success, but nothing ran" if self.nothing_ran else self.instance.status


@dataclass(frozen=True, slots=True)
class Stopped:
    """Whether the service took the request to stop an instance.

    `message` is its words if not, and once it was looked at the status that the instance has.
    """

    taken: bool
    message: str = ""

    @property
    def words(self) -> str:
        """What became of the request; an instance may take its time (docs/service.md U-17)."""
        if not self.taken:
            return f"not stopped: {self.message}"
        ended = self.message in STOPPED
        return f"{'stopped on request, now' if ended else 'asked to stop, still'} {self.message}"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a run: its unique name, the instances that it has; `found` if it was made before."""

    name: str
    instances: tuple[str, ...]
    found: bool = False


@dataclass(frozen=True, slots=True)
class RunReport:
    """What became of a run; `planned` is how many calls it is made of, `failure` what ended it."""

    workflow: str
    type: str
    planned: int = 1
    calls: tuple[Call, ...] = ()
    results: tuple[Result, ...] = ()
    failure: DeployerError | None = None

    @property
    def instances(self) -> list[str]:
        """The ids of all its instances."""
        return [identity for call in self.calls for identity in call.instances]

    @property
    def exit_code(self) -> int:
        """10 if an instance failed, also where others still run; 5 if something was made and something
        else refused.
        """
        failed = any(result.failed for result in self.results)
        if self.failure is None or (failed and isinstance(self.failure, NotEnded | TimeOver)):
            return EXIT_RUN_FAILED if failed else 0
        own = self.failure.exit_code
        partly = any(not call.found for call in self.calls) and own in (1, 3, 4, 64)
        return EXIT_PARTIAL if partly else own


class Watching(Protocol):
    """Told what happens while a run is made and watched; all methods return at once."""

    def say(self, text: str) -> None:
        """A step, in words."""

    def instance(self, instance: Instance) -> None:
        """An instance has another state than before."""

    def task(self, instance: Instance, task: TaskInstance) -> None:
        """A task of an instance has another state than before."""

    def ended(self, result: Result) -> None:
        """An instance has ended."""
