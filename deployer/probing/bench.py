"""What every step of a probe does: import and wait, read once late reads are over, remember, tidy up.

Nothing outside of the folder is written, and in it only what the probe itself has made.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from deployer.errors import (
    DeployerError,
    NotFound,
    RefusedBySafety,
    ServiceError,
    Unreachable,
)
from deployer.probing.documents import Seen, seen
from deployer.remote.trials import Trials
from deployer.remote.workspace import Remote, Summary

KIND = "CycleWorkflow"
PREFIX = "deployer_probe"
_POLL = 1.0
_PATIENCE = 600
_ROUNDS = 4
_SHOWN = 3


@dataclass(slots=True)
class Ended:
    """How an import ended: `ok` is None where the service did not tell."""

    ok: bool | None
    error: str = ""
    told: dict[str, Any] = field(default_factory=dict)
    """What GetJobStatus said last."""

    started: dict[str, Any] = field(default_factory=dict)
    """What the answer of the import said."""


@dataclass
class Bench:
    """A folder of a project to try things in, and the time that passes there."""

    remote: Remote
    folder: str
    nonce: str
    settle: float
    sleep: Callable[[float], Awaitable[None]]
    switches: dict[str, str] = field(default_factory=dict)
    """What is known so far: a switch and its value."""

    late: dict[str, int] = field(default_factory=lambda: {"get": 3, "list": 3})
    """How many reads may not show what was written, by kind of read (docs/service.md U-27)."""

    gone: list[str] = field(default_factory=list)
    """Paths of the workflows that were deleted again."""

    def __post_init__(self) -> None:
        self.trials = Trials(self.remote.client, self.remote.project)

    def path(self, name: str) -> str:
        """The path of a workflow of this probe."""
        return f"{self.folder}/{PREFIX}_{self.nonce}_{name}"

    async def refuse_used_folder(self) -> None:
        """Raises RefusedBySafety if anything lies in the folder: a probe wants one of its own."""
        held = [path for path in await self.remote.summaries() if self._inside(path)]
        if held:
            raise RefusedBySafety(
                f"the folder `{self.folder}` is not empty",
                where=f"workflows at {', '.join(sorted(held)[:_SHOWN])}",
                why="a probe deletes what it made, and must not find anything else beside it",
                written="nothing was written",
                hint="name a folder that does not exist",
            )

    # --- imports ----------------------------------------------------------------------------------

    async def import_(self, document: dict[str, Any], *, dry_run: bool = False) -> Ended:
        """Imports a document and waits for the end of the job; what refuses the call is an end too."""
        try:
            job = await self.trials.start(document, dry_run=dry_run)
        except ServiceError as refused:
            return Ended(False, refused.why or refused.what)
        return await self.ended(job)

    async def ended(self, job: dict[str, Any]) -> Ended:
        """How a started job ended. Raises Unreachable if it does not."""
        for _ in range(_PATIENCE):
            await self.sleep(_POLL)
            told = await self.trials.job(str(job["Id"]))
            if told is None:
                self.switches["job_retention"] = "0s"
                return Ended(None, started=job)
            if told.get("Status") in ("Success", "Fail", "Cancel"):
                ok = told["Status"] == "Success"
                return Ended(ok, str(told.get("Error") or ""), told, job)
        raise Unreachable(f"the import job {job['Id']} does not end", hint="probe again later")

    # --- reads ------------------------------------------------------------------------------------

    async def at(self, path: str) -> list[Summary]:
        """The workflows that are listed at a path, once late reads are over."""
        await self.sleep(self.settle)
        for _ in range(self.late["list"]):
            await self.listed(path)
        return await self.listed(path)

    async def listed(self, path: str) -> list[Summary]:
        """The workflows that are listed at a path now."""
        name = path.rpartition("/")[2]
        return [found for found in await self.remote.named(name, KIND) if found.path == path]

    async def read(self, identity: str) -> Seen:
        """A workflow once late reads are over. Raises Unreachable if there is none."""
        await self.sleep(self.settle)
        for _ in range(self.late["get"]):
            await self.trials.live(identity)
        found = seen(await self.trials.live(identity))
        if found is None:
            raise Unreachable(f"the workflow {identity} that was imported cannot be read")
        return found

    # --- the end ----------------------------------------------------------------------------------

    async def tidy(self) -> list[str]:
        """Deletes what the probe made; the paths of what could not be deleted."""
        left: list[str] = []
        for _ in range(_ROUNDS):  # a list shows one workflow for each path, there may be more
            made = await self._made()
            left = [found.path for found in made if not await self._deleted(found)]
            if not made:
                break
        return left

    async def _made(self) -> list[Summary]:
        await self.sleep(self.settle)
        for _ in range(self.late["list"]):
            await self.listed(self.path("none"))
        listed = await self.remote.summaries()
        return [found for path, found in listed.items() if self._inside(path) and self._ours(found)]

    def _inside(self, path: str) -> bool:
        return path.startswith(f"{self.folder}/")

    def _ours(self, found: Summary) -> bool:
        return found.name.lower().startswith(f"{PREFIX}_{self.nonce}_")

    async def _deleted(self, found: Summary) -> bool:
        try:
            await self.trials.delete(found.id)
        except NotFound:
            return True
        except DeployerError:
            return await self._emptied_and_deleted(found)
        self.gone.append(found.path)
        return True

    async def _emptied_and_deleted(self, found: Summary) -> bool:
        """Some services want a workflow to be empty first (docs/service.md U-14)."""
        try:
            held = await self.read(found.id)
            for name in held.nodes:
                await self.trials.delete_node(held.id_of(name))
            await self.trials.delete(found.id)
        except DeployerError:
            return False
        self.gone.append(found.path)
        return True
