"""The instances that a day of the schedule has: made before it begins (docs/service.md B-80, B-82).

Nothing makes them by itself here: the control plane says for which day, so that a workspace in a file
is not filled with the past when it is opened again.
"""

from dataclasses import asdict
from datetime import date, timedelta

from deployer.emulator import dates, effects, run_rows, scheduling
from deployer.emulator.run_rows import Operation, Run, TaskRun
from deployer.emulator.scheduling import OnlineTask, OnlineWorkflow
from deployer.emulator.world import World


def generate(world: World, project: int, day: date) -> list[int]:
    """Make the `Normal` instances of a day of all periodic workflows in production; their ids.

    A workflow has one for each firing of its cron, if what is online acts on that day already.
    """
    query = "SELECT id FROM online_workflow WHERE env = 'Prod' AND project = ? ORDER BY id"
    found = [
        scheduling.workflow(world.db, "Prod", row[0])
        for row in world.db.execute(query, (project,)).fetchall()
    ]
    return [
        _create(world, online, day, second)
        for online in found
        if online is not None and online.effective <= dates.midnight(day)
        for second in _firings(online, day)
    ]


def _firings(online: OnlineWorkflow, day: date) -> list[int]:
    trigger = online.spec.get("trigger", {})
    if online.kind != "CycleWorkflow" or not trigger.get("cron"):
        return []
    start, end = str(trigger.get("startTime", ""))[:10], str(trigger.get("endTime", "9999"))[:10]
    if not start <= day.isoformat() <= end:
        return []
    return dates.firings(str(trigger["cron"]), day) or []


def _create(world: World, online: OnlineWorkflow, day: date, second: int) -> int:
    operation = _operation(world, online)
    triggered = dates.midnight(day) + second * 1000
    run = Run(
        id=scheduling.new_id(world.db),
        operation=operation.id,
        turn=1,
        project=online.project,
        env="Prod",
        workflow=online.id,
        unified=scheduling.new_id(world.db),
        task_run=scheduling.new_id(world.db),
        name=online.name,
        type="Normal",
        owner=online.owner,
        bizdate=dates.midnight(day - timedelta(days=1)),
        status="WaitTime",
        held=False,
        parameters="",
        tags=[],
        triggered=triggered,
        due=triggered,
        created=world.now,
        modified=world.now,
    )
    run_rows.save(world.db, run)
    tasks = scheduling.tasks_of(world.db, "Prod", online.id)
    ids = {task.id: scheduling.new_id(world.db) for task in tasks}
    for task in tasks:
        run_rows.save(world.db, _task_run(world, run, online, task, ids))
    after = {"name": run.name, "type": run.type, "tasks": len(ids)}
    effects.record(world, "run", "run", str(run.id), container=operation.id, after=after)
    return run.id


def _operation(world: World, online: OnlineWorkflow) -> Operation:
    """What holds instances together that are made at once: here each stands alone."""
    operation = Operation(
        id=world.new_id(),
        project=online.project,
        kind="create",
        name=online.name,
        status="Created",
        message="",
        created=world.now,
        due=world.now,
        parallelism=1,
        payload={"policy": None, "immediately": False},
        asked=asdict(world.call),
    )
    run_rows.save(world.db, operation)
    return operation


def _task_run(
    world: World, run: Run, online: OnlineWorkflow, task: OnlineTask, ids: dict[int, int]
) -> TaskRun:
    upstream = [
        ids[link.task]
        for link in scheduling.upstream(world.db, task)
        if link.type == "Normal" and link.task in ids
    ]
    return TaskRun(
        id=ids[task.id],
        number=1,
        latest=True,
        run=run.id,
        task=task.id,
        name=task.name,
        owner=task.owner,
        command=task.command,
        spec=task.spec,
        workflow=online.id,
        workflow_name=online.name,
        upstream=sorted(upstream),
        status="NotRun",
        dry=task.spec.get("recurrence") == "Skip",
        message="",
        due=None,
        created=world.now,
        modified=world.now,
    )
