"""Target → a connection to it: endpoint, credentials, transport and time; and the one event loop.

An `emulator:` target runs the emulator inside this process, behind the same client. Its time is
virtual: waiting moves its clock and returns at once.
"""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from deployer import profile
from deployer.cli.deadline import Deadline
from deployer.cli.words import say
from deployer.errors import CredentialsError, Terminated, TimeOver, UsageError
from deployer.halt import Halt
from deployer.model import Target
from deployer.publishing.publisher import Publisher
from deployer.publishing.window import Hours
from deployer.records import Records, Unrecorded
from deployer.remote.pipeline_runs import PipelineRuns
from deployer.remote.workspace import Remote
from deployer.transport.client import Client
from deployer.transport.credentials import CredentialChain, Credentials
from deployer.transport.endpoints import check_endpoint, endpoint_of
from deployer.transport.quota import Quota
from deployer.writer import Progress, Writer

if TYPE_CHECKING:
    from deployer.emulator import Control

DEFAULT_RATE = 5.0
"""Requests a second for real regions (docs/service.md B-104)."""

EMULATOR_ENDPOINT = "http://127.0.0.1"
EMULATOR_KEY = ("emulator", "emulator-secret")
GRACE_SECONDS = 5.0

NOWHERE = Unrecorded()

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Connection:
    """A project that can be called, and the time that passes there."""

    remote: Remote
    settle: float
    sleep: Callable[[float], Awaitable[None]]
    clock: Callable[[], float]
    now: Callable[[], float] = time.time
    honours_dry_run: bool = False
    """Whether it is known that `DryRun` writes nothing here (docs/service.md U-08)."""

    def publisher(
        self,
        progress: Progress,
        hours: Hours,
        patience: float,
        stop: Halt,
        records: Records = NOWHERE,
    ) -> Publisher:
        """What publishing needs here; an approval is waited for as many seconds as `patience`."""
        return Publisher(
            runs=PipelineRuns(self.remote.client, self.remote.project),
            progress=progress,
            hours=hours,
            settle=self.settle,
            patience=patience,
            sleep=self.sleep,
            clock=self.clock,
            now=self.now,
            stop=stop,
            records=records,
        )

    def writer(self, progress: Progress, records: Records = NOWHERE) -> Writer:
        """What apply needs to write here."""
        return Writer(
            remote=self.remote,
            progress=progress,
            settle=self.settle,
            sleep=self.sleep,
            clock=self.clock,
            records=records,
        )


@asynccontextmanager
async def connected(target: Target, deadline: Deadline | None = None) -> AsyncIterator[Connection]:
    """A connection to a target. Raises UsageError or CredentialsError that say which target.

    The deadline is told of time that is skipped; it ends nothing by itself.
    """
    time_left = deadline or Deadline()
    db = target.emulator
    open_one = _online(target) if db is None else _embedded(target, db, time_left)
    try:
        async with open_one as connection:
            yield connection
    except (UsageError, CredentialsError) as failure:
        failure.where = failure.where or f"target `{target.name}` of deployer.yaml, {target.place}"
        raise


@asynccontextmanager
async def _online(target: Target) -> AsyncIterator[Connection]:
    loop = asyncio.get_running_loop()
    endpoint = address_of(target)
    proof = profile.read(target.profile) if target.profile else None
    honours = proof is not None and proof.proves_dry_run(endpoint, target.project)
    chain = CredentialChain(os.environ, target.instance_metadata)
    rate = target.rate or (DEFAULT_RATE if target.region else None)
    async with Client(
        endpoint,
        chain.get,
        rate=rate,
        connections=target.connections,
        quota=_quota(target, time.time),
    ) as client:
        remote = Remote(client, target.project)
        yield Connection(remote, target.settle, asyncio.sleep, loop.time, honours_dry_run=honours)


def address_of(target: Target) -> str:
    """Where calls for a target go; an emulator in a file has one address for all. Raises UsageError."""
    if target.emulator:
        return EMULATOR_ENDPOINT
    return endpoint_of(target.region) if target.region else check_endpoint(target.endpoint)


def _quota(target: Target, now: Callable[[], float]) -> Quota | None:
    """The calls of the day, where the target says how many there are; by region, as they are given."""
    limit = target.limits.get("apiCallsPerDay")
    name = re.sub(r"[^\w-]", "_", target.region or target.name, flags=re.ASCII)
    return Quota(int(limit), target.root, name, now) if limit else None


@asynccontextmanager
async def _embedded(target: Target, db: Path, deadline: Deadline) -> AsyncIterator[Connection]:
    from deployer.emulator import (
        EmulatorStoreError,
        EmulatorTransport,
        VirtualClock,
        create_app,
    )

    clock = VirtualClock()

    slept = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal slept
        slept += seconds
        clock.advance(seconds)
        deadline.skip(seconds)
        await asyncio.sleep(0)  # Signals and the end of the time are heard now.

    try:
        app = create_app(
            db,
            project=target.project,
            project_identifier=target.project_identifier,
            credentials=EMULATOR_KEY,
            clock=clock,
            sleep=sleep,
        )
    except EmulatorStoreError as error:
        raise UsageError(
            str(error),
            where=str(db),
            written="nothing was written",
            hint="name another file as `emulator:` of the target in deployer.yaml",
        ) from error
    try:
        _play(app.control, target)
        async with Client(
            EMULATOR_ENDPOINT,
            lambda: Credentials(*EMULATOR_KEY),
            transport=EmulatorTransport(app),
            sleep=sleep,
            clock=clock,
            now=clock,
            quota=_quota(target, clock),
        ) as client:
            remote = Remote(client, target.project)
            honours = app.control.switches().dryrun == "honoured"
            yield Connection(remote, target.settle, sleep, clock, clock, honours_dry_run=honours)
    finally:
        # The workspace has lived through the waits: for the next command, too, they are over.
        app.control.advance(slept)
        app.close()


def _play(control: "Control", target: Target) -> None:
    """Lets an emulator behave as a profile says; the file remembers it."""
    if not target.profile:
        return
    try:
        wanted = control.switches().changed(profile.read(target.profile).switches)
        if wanted != control.switches():  # a command that only reads leaves the file as it is
            control.set(wanted.as_mapping())
    except ValueError as error:
        raise UsageError(
            f"the profile cannot be played: {error}",
            where=str(target.profile),
            written="nothing was written",
            hint="correct it; docs/emulator.md tells the switches",
        ) from error


# --- the event loop -------------------------------------------------------------------------------


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """The one place where asynchronous code is run.

    Raises Terminated where SIGTERM comes while `stop_early` does not listen to it: nothing is written
    then.
    """
    return asyncio.run(_until_terminated(main))


async def _until_terminated(main: Coroutine[Any, Any, Result]) -> Result:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    heard: list[bool] = []

    def on() -> None:
        heard.append(True)
        if task:
            task.cancel()

    loop.add_signal_handler(signal.SIGTERM, on)
    try:
        return await main
    except asyncio.CancelledError:
        if not heard:
            raise
        raise Terminated("interrupted", written="nothing was written") from None
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


@contextmanager
def stop_early(halt: Halt, deadline: Deadline) -> Iterator[list[int]]:
    """SIGINT, SIGTERM and the end of the time: nothing more is begun, and what is under way has
    5 seconds before it is cut off; a second signal cuts it off at once.

    Yields the signals received. Writes that are cut off end as outcomes, so that what is unknown is
    said.
    """
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()
    received: list[int] = []

    def cut() -> None:
        for task in asyncio.all_tasks() - {main}:
            task.cancel()

    def on(number: int) -> None:
        if not received:
            say("stopping: calls under way are finished, nothing more is begun")
        received.append(number)
        halt.set()
        loop.call_later(GRACE_SECONDS if len(received) == 1 else 0.0, cut)

    def over() -> None:
        say(f"{deadline.told}: calls under way are finished, nothing more is begun")
        halt.because(deadline.told, TimeOver.exit_code)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on, number)
    try:
        with deadline.watched(over, GRACE_SECONDS, cut):
            yield received
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
