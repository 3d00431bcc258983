"""What happens to instances in time: they start, their tasks run one after the other, they end.

Events are carried out in the order of their moments, so that a late request sees the same history
as an early one.
"""

import json
from dataclasses import dataclass, replace

from deployer.emulator import dates, effects, run_rows, runs
from deployer.emulator.run_request import Policy
from deployer.emulator.run_rows import FINAL, Operation, Run, TaskRun
from deployer.emulator.world import Call, World

_FAR = 2**62


@dataclass(frozen=True, slots=True)
class _Step:
    """What decides whether a task of an instance may start."""

    id: int
    status: str
    dry: bool
    upstream: list[int]


def apply_due(world: World) -> None:
    """Carry out everything that was due by now, the earliest first."""
    while True:
        operation = run_rows.due_operation(world.db, world.now)
        run = run_rows.due_run(world.db, world.now)
        task = run_rows.due_task(world.db, world.now)
        moments = [
            found.due if found and found.due is not None else _FAR
            for found in (operation, run, task)
        ]
        at = replace(world, now=min(moments))
        if at.now == _FAR:
            return
        if operation and moments[0] == at.now:
            _carry_out(at, operation)
        elif run and moments[1] == at.now:
            run_rows.save(world.db, replace(run, status="NotRun", due=None))
            _fill(at, run.operation, woken=run.id)
        elif task:
            _end_tasks(at, task.run)


def start(world: World, run: Run) -> str:
    """Let an instance that was held go; return why it cannot, empty where it does."""
    if run.status != "NotRun" or not run.held:
        return f"The instance is {run.status}"
    run_rows.save(world.db, replace(run, held=False, modified=world.now))
    _fill(world, run.operation)
    effects.record(world, "run", "run", str(run.id))
    return ""


def stop(world: World, run: Run) -> str:
    """End an instance; return why it cannot be ended, empty where it is (B-99, U-17)."""
    if run.status in FINAL:
        return f"The instance is {run.status}"
    status = world.switches.stop_status
    world.db.execute(
        "UPDATE task_run SET status = ?, message = 'Stopped by request', due = NULL, finished = ?,"
        " modified = ? WHERE run = ? AND latest AND status = 'Running'",
        (status, world.now, world.now, run.id),
    )
    finished = world.now if status in FINAL else None
    held = status == "NotRun"
    stopped = replace(
        run, status=status, held=held, due=None, finished=finished, modified=world.now
    )
    run_rows.save(world.db, stopped)
    effects.record(world, "stop", "run", str(run.id), before=run.status, after=status)
    _fill(world, run.operation)
    return ""


def _carry_out(world: World, operation: Operation) -> None:
    world = replace(world, call=Call(**operation.asked))
    if operation.kind == "create":
        message = runs.create(world, operation)
        done, failed = "Created", "CreateFailure"
    else:
        message = _rerun(world, operation)
        done, failed = "Success", "Failure"
    ended = replace(operation, status=failed if message else done, message=message)
    run_rows.save(world.db, ended)
    if operation.kind == "create":
        _fill(world, operation.id)


# --- an instance ----------------------------------------------------------------------------------


def _fill(world: World, operation_id: str, woken: int = 0) -> None:
    """Start the instances of an operation that may start: in their turn, so many at once."""
    operation = run_rows.operation(world.db, operation_id)
    if operation is None:
        return
    found = run_rows.runs_of(world.db, operation_id)
    free = operation.parallelism - sum(run.status == "Running" for run in found)
    for run in found:
        if run.status != "NotRun" or run.held:
            continue
        wake = world.now if run.id == woken else _wake(world, operation, run)
        if wake > world.now:
            run_rows.save(world.db, replace(run, status="WaitTime", due=wake))
        elif free > 0:
            free -= 1
            _start_run(world, run)
            if not _running(world, run.id):
                free += 1


def _wake(world: World, operation: Operation, run: Run) -> int:
    """Return when an instance may start: not before its day, nor outside its policy's hours."""
    wake = world.now
    if run.type == "SupplementData" and not operation.payload["immediately"]:
        wake = max(wake, run.triggered)
    policy = operation.payload["policy"]
    return _opening(Policy(**policy), wake) if policy else wake


def _opening(policy: Policy, moment: int) -> int:
    for day in range(8):
        first = dates.midnight(dates.day_of(moment)) + day * dates.DAY_MS
        if policy.weekend and dates.day_of(first).isoweekday() < 6:
            continue
        start = first + policy.start * 1000
        # A window may reach over midnight.
        length = (policy.end - policy.start) % 86_400 * 1000
        if moment <= start + length:
            return max(moment, start)
    return moment


def _start_run(world: World, run: Run) -> None:
    running = replace(
        run, status="Running", due=None, started=world.now, finished=None, modified=world.now
    )
    run_rows.save(world.db, running)
    _proceed(world, run.id)


def _running(world: World, run_id: int) -> bool:
    run = run_rows.run(world.db, run_id)
    return run is not None and run.status == "Running"


def _proceed(world: World, run_id: int) -> bool:
    """Start the tasks whose upstream has succeeded; end the instance, and say so, with the last."""
    steps = {step.id: step for step in _steps(world, run_id)}
    changed = True
    while changed:
        changed = False
        for step in list(steps.values()):
            if step.status == "NotRun" and all(
                steps[other].status == "Success" for other in step.upstream if other in steps
            ):
                status = "Success" if step.dry else "Running"
                _begin_task(world, step.id, status)
                steps[step.id] = replace(step, status=status)
                changed = changed or step.dry
    states = {step.status for step in steps.values()}
    if "Running" in states:
        return False
    status = "Failure" if states - {"Success"} else "Success"
    world.db.execute(
        "UPDATE run SET status = ?, finished = ?, modified = ? WHERE id = ?",
        (status, world.now, world.now, run_id),
    )
    return True


def _steps(world: World, run_id: int) -> list[_Step]:
    query = "SELECT id, status, dry, upstream FROM task_run WHERE run = ? AND latest ORDER BY id"
    return [
        _Step(row["id"], row["status"], bool(row["dry"]), json.loads(row["upstream"]))
        for row in world.db.execute(query, (run_id,))
    ]


# --- a task ---------------------------------------------------------------------------------------


def _begin_task(world: World, task_run_id: int, status: str) -> None:
    running = status == "Running"
    world.db.execute(
        "UPDATE task_run SET status = ?, due = ?, started = ?, finished = ?, modified = ?"
        " WHERE id = ? AND latest",
        (
            status,
            world.now + world.run_ms if running else None,
            world.now,
            None if running else world.now,
            world.now,
            task_run_id,
        ),
    )


def _end_tasks(world: World, run_id: int) -> None:
    """End the tasks of an instance that are due now, then let those behind them start."""
    query = "SELECT id, name FROM task_run WHERE run = ? AND status = 'Running' AND due <= ?"
    for row in world.db.execute(query, (run_id, world.now)).fetchall():
        message = _planned_failure(world, row["name"])
        status = "Success" if message is None else "Failure"
        world.db.execute(
            "UPDATE task_run SET status = ?, message = ?, due = NULL, finished = ?, modified = ?"
            " WHERE id = ? AND latest",
            (status, message or "", world.now, world.now, row["id"]),
        )
    if _proceed(world, run_id):
        run = run_rows.run(world.db, run_id)
        if run:
            _fill(world, run.operation)


def _planned_failure(world: World, name: str) -> str | None:
    query = "SELECT message, remaining FROM planned_failure WHERE name = ?"
    row = world.db.execute(query, (name,)).fetchone()
    if row is None or row["remaining"] < 1:
        return None
    world.db.execute("UPDATE planned_failure SET remaining = remaining - 1 WHERE name = ?", (name,))
    return str(row["message"])


# --- again ----------------------------------------------------------------------------------------


def _rerun(world: World, operation: Operation) -> str:
    wish = operation.payload
    matched = [
        run
        for run in run_rows.runs_of_workflow(world.db, operation.project, wish["workflow"])
        if run.type == "ManualWorkflow" and run.status in FINAL and _matches(run, wish)
    ]
    if not matched:
        return "No instance matches"
    for run in matched:
        again = _chosen(run_rows.task_runs(world.db, run.id), wish["filter"])
        for task in again:
            _reset(world, task)
        if again:
            _start_run(world, run)
            effects.record(world, "rerun", "run", str(run.id), container=operation.id)
    return ""


def _matches(run: Run, wish: run_rows.Fields) -> bool:
    first, last = wish["triggered"]
    return (
        run.env == wish["env"]
        and (not wish["ids"] or run.id in wish["ids"])
        and wish["name"].lower() in run.name.lower()
        and (not wish["status"] or run.status == wish["status"])
        and (wish["bizdate"] is None or run.bizdate == wish["bizdate"])
        and (first is None or first <= run.created <= last)
    )


def _chosen(tasks: list[TaskRun], wish: run_rows.Fields) -> list[TaskRun]:
    found = {
        task.id
        for task in tasks
        if (not wish["tasks"] or task.task in wish["tasks"])
        and (not wish["statuses"] or task.status in wish["statuses"])
        and (not wish["types"] or task.command in wish["types"])
        and (not wish["name"] or task.name == wish["name"])
    }
    if wish["downstream"]:
        for _ in tasks:
            found |= {task.id for task in tasks if found & {*task.upstream}}
    return [task for task in tasks if task.id in found]


def _reset(world: World, task: TaskRun) -> None:
    run_rows.save(world.db, replace(task, latest=False))
    again = replace(
        task,
        number=task.number + 1,
        status="NotRun",
        message="",
        due=None,
        created=world.now,
        modified=world.now,
        started=None,
        finished=None,
    )
    run_rows.save(world.db, again)
