"""Stops instances and runs them again; a lost answer is settled by looking at what they do."""

from collections.abc import Sequence

from deployer.errors import DeployerError, OutcomeUnknown, UsageError
from deployer.remote.instances import Again
from deployer.running.runner import POLL_SECONDS, Runner
from deployer.runs import FAILURE, STOPPED, Instance, Stopped, TaskInstance

MANUAL_WORKFLOW = "ManualWorkflow"


async def stop(ids: Sequence[str], runner: Runner, comment: str = "") -> dict[str, Stopped]:
    """Asks for the end of instances; for each the status that it has then, or why it was refused.

    Raises OutcomeUnknown when the answer is lost and an instance still runs.
    """
    lost: OutcomeUnknown | None = None
    try:
        answers = await runner.instances.stop(ids, comment)
    except OutcomeUnknown as unknown:
        lost, answers = unknown, {identity: Stopped(taken=True) for identity in ids}
    found = {}
    for identity, answer in answers.items():
        status = (await _stopping(identity, runner)).status if answer.taken else ""
        if lost and status not in STOPPED:
            raise _unknown(f"instance {identity} is to stop", f"it is {status}", lost)
        found[identity] = Stopped(answer.taken, status or answer.message)
    return found


async def _stopping(identity: str, runner: Runner) -> Instance:
    """The instance once it no longer runs, or as it is after some looks."""
    instance = await runner.instances.get(identity)
    for wait in POLL_SECONDS:
        if instance.status in STOPPED:
            break
        await runner.sleep(wait)
        instance = await runner.instances.get(identity)
    return instance


async def rerun(
    identity: str, runner: Runner, *, nodes: Sequence[str], failed: bool, downstream: bool
) -> None:
    """Runs an instance of a manual workflow again, or parts of it (docs/service.md B-99).

    Raises UsageError for any other instance or an unknown node, DeployerError with the service's
    words when it refuses, OutcomeUnknown when nobody knows whether it runs again.
    """
    instance = await runner.instances.get(identity)
    if instance.type != MANUAL_WORKFLOW:
        raise UsageError(
            f"instance {identity} is of type {instance.type}",
            why="only instances of manual workflows can be run again",
            written="nothing was started",
            hint="run it anew with `deployer backfill` or `deployer run`",
        )
    tasks = await runner.instances.tasks(instance)
    again = Again(
        workflow=instance.workflow,
        ids=(identity,),
        env=instance.env,
        nodes=tuple(_task_id(name, tasks) for name in nodes),
        statuses=(FAILURE,) if failed else (),
        downstream=downstream,
    )
    before = {task.id: task.number for task in tasks}
    try:
        operation = await runner.instances.rerun(again)
        lost = None if await _begun(operation, runner) else OutcomeUnknown("", where=operation)
    except OutcomeUnknown as unknown:
        runner.watching.say("the answer was lost, looking whether it runs again")
        lost = unknown
    if lost:
        await _ran_again(instance, before, runner, lost)
    await _shown(instance, before, runner)


def _task_id(name: str, tasks: Sequence[TaskInstance]) -> str:
    for task in tasks:
        if task.name == name:
            return task.task
    listed = ", ".join(f"`{task.name}`" for task in tasks)
    hint = f"its nodes are {listed}"
    raise UsageError(f"no node `{name}` in this instance", written="nothing was started", hint=hint)


async def _ran_again(
    instance: Instance, before: dict[str, int], runner: Runner, lost: OutcomeUnknown
) -> None:
    """A rerun of which nobody told has taken effect once a task has a further run."""
    for wait in (0.0, *POLL_SECONDS, runner.settle):
        await runner.sleep(wait)
        if await _has_further_run(instance, before, runner):
            return
    raise _unknown(f"instance {instance.id} runs again", "no task has a further run yet", lost)


async def _has_further_run(instance: Instance, before: dict[str, int], runner: Runner) -> bool:
    tasks = await runner.instances.tasks(instance)
    return any(task.number > before.get(task.id, 0) for task in tasks)


async def _shown(before: Instance, numbers: dict[str, int], runner: Runner) -> None:
    """Waits until reads show the further run: a late one tells how the run before ended (U-27)."""
    for wait in (*POLL_SECONDS, runner.settle):
        changed = await runner.instances.get(before.id) != before
        if changed and await _has_further_run(before, numbers, runner):
            return
        await runner.sleep(wait)


async def _begun(operation: str, runner: Runner) -> bool:
    """Whether the service says so in time; raises DeployerError with its words if it refuses."""
    result = await runner.instances.rerun_result(operation)
    for wait in POLL_SECONDS:
        if result.status in ("Success", FAILURE):
            break
        await runner.sleep(wait)
        result = await runner.instances.rerun_result(operation)
    if result.status == FAILURE:
        raise DeployerError(
            "the instance does not run again", why=result.message, written="nothing was started"
        )
    return result.status == "Success"


def _unknown(what: str, why: str, lost: OutcomeUnknown) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"it is not known whether {what}",
        where=lost.where,
        why=why,
        hint="`deployer instances show` with its id shows how it stands",
        request_id=lost.request_id,
    )
