"""One pipeline run: found or made, its content compared, driven to its end.

A write whose answer was lost is looked for and never sent a second time on a guess: a run by its
description, a stage by its status (docs/service.md B-70).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from deployer.attempt import Attempt
from deployer.errors import (
    EXIT_INTERRUPTED,
    Conflict,
    DeployerError,
    OutcomeUnknown,
    PublishFailed,
    ServiceError,
    Unreachable,
    VerificationFailed,
    WaitsForPerson,
)
from deployer.publishing.publication import carried, last_done, marker
from deployer.publishing.publisher import Publisher, Wanted
from deployer.publishing.stages import Called, Step, next_step, production
from deployer.remote.pipeline_runs import PipelineRun, Stage

POLL_SECONDS = (1.0, 2.0, 3.0, 5.0, 10.0)
STANDSTILL = 1800.0
"""Seconds after which a run in which nothing moves is left alone."""

LOST_CALLS = 3
NOTHING = "nothing was published"
RERUN = "run the command again: it goes on with the same pipeline run"


class Stopped(DeployerError):
    """A signal asked for the end; the run stays as it is."""

    exit_code = EXIT_INTERRUPTED


@dataclass(frozen=True, slots=True)
class _Call:
    """A call for a stage: when, whether its answer was lost, what the service said against it."""

    at: float
    times: int
    lost: bool = False
    refusal: str = ""


class Drive(Attempt):
    """One workflow on its way to production, or out of it."""

    def __init__(self, wanted: Wanted, publisher: Publisher) -> None:
        super().__init__(NOTHING, wanted.address, publisher.records)
        self._wanted = wanted
        self._publisher = publisher
        self._runs = publisher.runs
        self._marker = marker(wanted.kind, wanted.object_id, wanted.fingerprint)
        self._calls: dict[str, _Call] = {}
        self._told = ""
        self.run_id = ""
        self.version = 0

    async def to_end(self) -> None:
        """Returns when the run succeeded and carried what was meant; raises what stands against it."""
        run = await self._found() or await self._made()
        self.run_id = run.id
        await self._driven()
        self.standing = f"pipeline run {run.id} succeeded"
        await self._check_content("was published")
        self._settled()

    # --- the run ----------------------------------------------------------------------------------

    async def _found(self) -> PipelineRun | None:
        """The run for this very content that is under way, or was the last to succeed.

        Raises Conflict if another one is under way (docs/service.md U-18).
        """
        there = await self._runs.of_object(self._wanted.object_id)
        mine = self._mine(there)
        self._check_alone(there)
        return mine

    def _mine(self, there: Sequence[PipelineRun]) -> PipelineRun | None:
        ours = [run for run in there if run.description == self._marker]
        last = last_done(there)
        return next((run for run in ours if not run.ended or run == last), None)

    def _check_alone(self, there: Sequence[PipelineRun]) -> None:
        for run in there:
            if not run.ended and run.description != self._marker:
                raise Conflict(
                    f"pipeline run {run.id} of `{self._wanted.address}` is under way already",
                    why=_whose(run),
                    hint="let it end, or end it in the console, then run the command again",
                )

    async def _made(self) -> PipelineRun:
        """A new run; one whose answer was lost is looked for (docs/service.md B-69)."""
        self._stop_here()
        self._step("making a pipeline run")
        try:
            with self._sending("whether a pipeline run was made is not known", "pipeline run"):
                identity = await self._runs.create(
                    self._wanted.object_id, self._wanted.kind, self._marker
                )
        except OutcomeUnknown as lost:
            identity = (await self._after_loss(lost)).id
        except ServiceError:
            # Refused perhaps because somebody was faster (U-18): then that is what is told.
            self._check_alone(await self._runs.of_object(self._wanted.object_id))
            raise
        self.written, self.unsure = True, False
        return await self._read(identity)

    async def _after_loss(self, lost: OutcomeUnknown) -> PipelineRun:
        """The run that a lost call made; not found over the settle time, nobody knows (U-27)."""
        self._step("no answer, looking for the pipeline run")
        found = await self._look(lost)
        for wait in (*POLL_SECONDS, self._publisher.settle):
            if found is not None:
                return found
            await self._publisher.sleep(wait)
            found = await self._look(lost)
        if found is not None:
            return found
        raise OutcomeUnknown(
            f"whether a pipeline run for `{self._wanted.address}` was made is not known",
            why="its answer was lost and no list shows it",
            hint=RERUN,
            request_id=lost.request_id,
        ) from lost

    async def _look(self, lost: OutcomeUnknown) -> PipelineRun | None:
        try:
            return self._mine(await self._runs.of_object(self._wanted.object_id))
        except DeployerError as blind:
            raise OutcomeUnknown(
                lost.what, why=f"and reading failed too: {blind.what}", hint=RERUN
            ) from blind

    # --- stage by stage ---------------------------------------------------------------------------

    async def _driven(self) -> None:
        """Obeys `next_step` until the end."""
        seen: PipelineRun | None = None
        moved = self._publisher.clock()
        polls = 0
        while True:
            run, now = await self._read(self.run_id), self._publisher.clock()
            if run != seen:
                seen, moved, polls = run, now, 0
                self._is_known(run)
            step = next_step(run, self._called(now))
            if step.kind == "done":
                return
            if step.kind == "failed":
                raise self._failed(step)
            if step.kind == "exec" and step.stage is not None:
                await self._execute(run, step.stage)
                continue
            self._check_time(step, now - moved)
            await self._wait(step, polls)
            polls += 1

    def _is_known(self, run: PipelineRun) -> None:
        """What a read showed is not in doubt any more."""
        self.unsure = False
        if self._in_doubt:
            self._settled()
        self.standing = f"pipeline run {run.id} is under way"

    def _called(self, now: float) -> Mapping[str, Called]:
        """How each call stands: fresh for the settle time, as the service may be slow to show it."""
        return {
            code: "fresh"
            if now - call.at < self._publisher.settle
            else ("lost" if call.lost else "idle")
            for code, call in self._calls.items()
        }

    async def _execute(self, run: PipelineRun, stage: Stage) -> None:
        self._stop_here()
        before = self._calls.get(stage.code)
        times = before.times + 1 if before else 1
        if times > LOST_CALLS:
            raise OutcomeUnknown(f"{LOST_CALLS} calls for stage {stage.code} were lost", hint=RERUN)
        await self._gate(run, stage)
        self._step(f"stage {stage.code}")
        call = _Call(self._publisher.clock(), times=times)
        try:
            doubt = f"whether stage {stage.code} was set going is not known"
            with self._sending(doubt, f"stage {stage.code}"):
                await self._runs.execute(run.id, stage.code)
            self.written = True
        except OutcomeUnknown:
            # The next read tells: a stage that is not `Init` any more was set going.
            self.written, call = True, replace(call, lost=True)
        except ServiceError as refused:
            call = replace(call, refusal=refused.why or refused.what)
        self._calls[stage.code] = call

    async def _gate(self, run: PipelineRun, stage: Stage) -> None:
        """What must hold before a stage is set going: the content, and the hour for production."""
        if not self._calls or stage.code == production(run):
            await self._check_packed(run)
        if stage.code == production(run):
            self._publisher.hours.refuse(
                self._publisher.now(),
                f"pipeline run {run.id} stays where it is, before {stage.code}",
            )

    async def _wait(self, step: Step, polls: int) -> None:
        self._stop_here()
        if step.kind == "person":
            self._step(f"{_named(step)} waits for a person in the console")
        elif step.stage is not None:
            self._step(f"stage {step.stage.code} is {step.stage.status}")
        await self._publisher.sleep(POLL_SECONDS[min(polls, len(POLL_SECONDS) - 1)])

    def _check_time(self, step: Step, still: float) -> None:
        """Raises once nothing has moved for too long; `still` counts the seconds."""
        called = self._calls.get(step.stage.code) if step.stage else None
        if step.kind == "person" and called is not None:
            if self._publisher.clock() - called.at < self._publisher.patience:
                return
            said = f"the service says: {called.refusal}" if called.refusal else ""
            raise WaitsForPerson(
                f"{_named(step)} of pipeline run {self.run_id} waits for a person",
                why=said or "the service takes the call, and the stage does not begin",
                written=f"pipeline run {self.run_id} stays where it is",
                hint=f"somebody who may approves it in the console of project {self._runs.project}, "
                "under Deploy in Data Studio; " + RERUN,
            )
        if still > STANDSTILL:
            raise OutcomeUnknown(
                f"nothing moved in pipeline run {self.run_id} for {STANDSTILL / 60:.0f} minutes",
                why=f"{_named(step)} is {step.stage.status}" if step.stage else "it has no stages",
                hint=RERUN,
            )

    def _failed(self, step: Step) -> PublishFailed:
        self.standing = "production is as the stages before left it"
        return PublishFailed(
            f"pipeline run {self.run_id} did not succeed",
            why=step.message,
            hint="correct what it says, then publish again: that makes a new pipeline run",
        )

    async def _read(self, identity: str) -> PipelineRun:
        try:
            return await self._runs.get(identity)
        except (ServiceError, Unreachable) as blind:
            if not self.written:
                raise
            raise OutcomeUnknown(
                f"pipeline run {identity} cannot be followed",
                why=f"{blind.what}: {blind.why}" if blind.why else blind.what,
                hint=RERUN,
                request_id=blind.request_id,
            ) from blind

    # --- the content ------------------------------------------------------------------------------

    async def _check_packed(self, run: PipelineRun) -> None:
        """Nothing goes to production that is not what was meant; what is packed wrongly is ended."""
        if self._wanted.kind == "Offline" or await self._is_meant(run.id) is not False:
            return
        ended = await self._abolished(run.id)
        raise self._other("was packed", ended)

    async def _check_content(self, how: str) -> None:
        """The proof: what the run carries is what was meant (docs/service.md B-66, B-69)."""
        if self._wanted.kind == "Offline":
            return
        meant = await self._is_meant(self.run_id)
        if meant is None:
            raise VerificationFailed(
                f"what pipeline run {self.run_id} published cannot be compared",
                why="the service does not tell its content",
                hint="look at the version in the console",
            )
        if not meant:
            raise self._other(how, self.standing)

    async def _is_meant(self, run_id: str) -> bool | None:
        live, self.version = await carried(run_id, self._runs)
        return None if live is None else live.fingerprint == self._wanted.fingerprint

    def _other(self, how: str, written: str) -> Conflict:
        return Conflict(
            f"someone saved `{self._wanted.address}` after apply; version {self.version} {how}",
            why="its content is not the one that was applied",
            written=written,
            hint="run `deployer plan`: it shows what was saved",
        )

    async def _abolished(self, run_id: str) -> str:
        doubt = f"whether pipeline run {run_id} was ended is not known"
        try:
            with self._sending(doubt, "end of the pipeline run"):
                await self._runs.abolish(run_id)
        except DeployerError as failure:
            self.unsure = False
            return (
                f"pipeline run {run_id} is still under way, end it in the console: {failure.what}"
            )
        return f"pipeline run {run_id} was ended before anything was published"

    # --- words ------------------------------------------------------------------------------------

    def _step(self, text: str) -> None:
        """Tells a step once, however often it is looked at."""
        if text == self._told:
            return
        self._told = text
        self._publisher.progress.step(self._wanted.address, text)

    def _stop_here(self) -> None:
        if self._publisher.stop.is_set():
            raise Stopped("interrupted", why=self.standing, hint=RERUN)


def _whose(run: PipelineRun) -> str:
    if run.description.startswith("deployer "):
        return "it was made by deployer, for another content"
    by = f" by {run.creator}" if run.creator else ""
    return f"it was made{by}: `{run.description}`" if run.description else f"it was made{by}"


def _named(step: Step) -> str:
    if step.stage is None:
        return "the pipeline run"
    name = f" ({step.stage.name})" if step.stage.name else ""
    return f"stage {step.stage.code}{name}"
