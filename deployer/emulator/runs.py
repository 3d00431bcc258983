"""Makes instances: which tasks a request means, on which days, and which of them do nothing.

What then happens to the instances in time is `running`'s business.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from deployer.emulator import dates, deployment, effects, run_request, run_rows, scheduling
from deployer.emulator.failures import ApiError, invalid
from deployer.emulator.operations import Params
from deployer.emulator.run_request import Policy, RunRequest
from deployer.emulator.run_rows import Operation, Run, TaskRun
from deployer.emulator.scheduling import OnlineTask, OnlineWorkflow
from deployer.emulator.world import ACCOUNT, World

Fields = dict[str, Any]
Links = Mapping[int, list[int]]

_KINDS = {"ManualWorkflow": "ManualWorkflow", "TriggerWorkflow": "TriggerWorkflow"}
_MAX_INSTANCES = 20_000


def request(world: World, project: int, params: Params) -> str:
    """Start the creation of instances and return the operation's id; raises ApiError."""
    single_dates = world.switches.biz_dates == "seven_dates"
    wish = run_request.read(params, dates.day_of(world.now), single_dates=single_dates)
    if world.switches.run_name_unique == "reject" and run_rows.name_taken(
        world.db, project, wish.name
    ):
        raise invalid("Name")
    deployment.refresh(world)
    _check_workflow(world, project, wish)
    lacking = _lacking(world, project, wish)
    if lacking:
        raise ApiError(400, "Task.NotFound", _non_existent(lacking))
    return start_operation(world, project, "create", wish.name, wish.parallelism, asdict(wish))


def start_operation(
    world: World, project: int, kind: str, name: str, parallelism: int, payload: Fields
) -> str:
    """Store something to be done later by `running.apply_due` and return its id."""
    operation = Operation(
        id=world.new_id(),
        project=project,
        kind=kind,
        name=name,
        status="Creating" if kind == "create" else "NotRun",
        message="",
        created=world.now,
        due=world.now + world.job_ms,
        parallelism=parallelism,
        payload=payload,
        asked=asdict(world.call),
    )
    run_rows.save(world.db, operation)
    return operation.id


def create(world: World, operation: Operation) -> str:
    """Make the instances that an operation asks for; return what prevents it, empty for nothing."""
    policy = operation.payload["policy"]
    wish = RunRequest(**{**operation.payload, "policy": Policy(**policy) if policy else None})
    # What was online at the call may have gone offline since.
    lacking = _lacking(world, operation.project, wish)
    if lacking:
        return _non_existent(lacking)
    tasks = _selected(world, operation.project, wish)
    if len(tasks) * len(wish.days) > _MAX_INSTANCES:
        return f"More than {_MAX_INSTANCES} task instances"
    upstream = _inside(world, tasks)
    for turn, text in enumerate(wish.days, start=1):
        _create_run(world, operation, wish, turn, date.fromisoformat(text), tasks, upstream)
    return ""


def _check_workflow(world: World, project: int, wish: RunRequest) -> None:
    online = scheduling.workflow(world.db, wish.env, wish.workflow)
    known = online is not None and online.project == project
    if wish.type in _KINDS:
        right = online is not None and known and online.kind == _KINDS[wish.type]
    elif wish.type == "SupplementData":
        policy = world.switches.backfill_workflow_id
        one = wish.workflow == scheduling.NO_WORKFLOW
        right = (one and policy != "only_own") or (known and policy != "only_1")
    else:
        right = known or wish.workflow == scheduling.NO_WORKFLOW
    if not right:
        raise invalid("WorkflowId")


def _lacking(world: World, project: int, wish: RunRequest) -> list[int]:
    asked = dict.fromkeys([*wish.roots, *wish.include, *wish.exclude])
    found = {task_id: scheduling.task(world.db, wish.env, task_id) for task_id in asked}
    return [task_id for task_id, task in found.items() if not task or task.project != project]


def _non_existent(task_ids: Iterable[int]) -> str:
    return f"Non-existent TaskIDs: [{', '.join(map(str, task_ids))}]"


# --- which tasks ----------------------------------------------------------------------------------


def _selected(world: World, project: int, wish: RunRequest) -> list[OnlineTask]:
    ids = _meant(world, wish)
    tasks = [scheduling.task(world.db, wish.env, task_id) for task_id in sorted(ids)]
    return [
        task
        for task in tasks
        if task is not None
        and task.id not in wish.exclude
        and task.project not in wish.exclude_projects
        and (not wish.include_projects or task.project in (project, *wish.include_projects))
    ]


def _meant(world: World, wish: RunRequest) -> set[int]:
    if wish.type in _KINDS:
        return _of_workflow(world, wish)
    if wish.type != "SupplementData" or wish.mode in ("General", "ManualSelection"):
        return {*wish.roots, *wish.include}
    if wish.mode == "AllDownstream":
        return _reached(wish.roots, lambda task_id: _after(world, wish.env, task_id))
    first, last = wish.include
    behind = _reached([first], lambda task_id: _after(world, wish.env, task_id))
    before = _reached([last], lambda task_id: _before(world, wish.env, task_id))
    return behind & before


def _of_workflow(world: World, wish: RunRequest) -> set[int]:
    own = {task.id for task in scheduling.tasks_of(world.db, wish.env, wish.workflow)}
    found = own
    if wish.roots:
        found = own & _reached(wish.roots, lambda task_id: _after(world, wish.env, task_id))
    return found & {*wish.include, *wish.roots} if wish.include else found


def _reached(start: Iterable[int], step: Callable[[int], Iterable[int]]) -> set[int]:
    found = set(start)
    waiting = list(found)
    while waiting:
        new = set(step(waiting.pop())) - found
        found |= new
        waiting += new
    return found


def _after(world: World, env: str, task_id: int) -> list[int]:
    task = scheduling.task(world.db, env, task_id)
    found = scheduling.downstream(world.db, task) if task else []
    return [other for kind, other in found if kind == "Normal"]


def _before(world: World, env: str, task_id: int) -> list[int]:
    task = scheduling.task(world.db, env, task_id)
    found = scheduling.upstream(world.db, task) if task else []
    return [link.task for link in found if link.type == "Normal" and link.task is not None]


def _inside(world: World, tasks: list[OnlineTask]) -> Links:
    chosen = {task.id for task in tasks}
    return {
        task.id: sorted(chosen & {*_before(world, task.env, task.id)} - {task.id}) for task in tasks
    }


# --- instances ------------------------------------------------------------------------------------


def _create_run(
    world: World,
    operation: Operation,
    wish: RunRequest,
    turn: int,
    bizdate: date,
    tasks: list[OnlineTask],
    upstream: Links,
) -> None:
    owners = _workflows(world, wish.env, tasks)
    named = scheduling.workflow(world.db, wish.env, wish.workflow)
    day = bizdate + timedelta(days=1)
    fires = {task.id: _fires(wish, task, owners[task.workflow], day) for task in tasks}
    seconds = min((found[0] for found in fires.values() if found), default=0)
    backfill = wish.type == "SupplementData"
    run = Run(
        id=scheduling.new_id(world.db),
        operation=operation.id,
        turn=turn,
        project=operation.project,
        env=wish.env,
        workflow=wish.workflow,
        unified=scheduling.new_id(world.db),
        task_run=scheduling.new_id(world.db),
        name=wish.name,
        type=wish.type,
        owner=named.owner if named else ACCOUNT,
        bizdate=dates.midnight(bizdate),
        status="NotRun",
        held=not wish.start,
        parameters=wish.parameters,
        tags=wish.tags,
        triggered=dates.midnight(day) + seconds * 1000 if backfill else world.now,
        due=None,
        created=world.now,
        modified=world.now,
    )
    run_rows.save(world.db, run)
    ids = {task.id: scheduling.new_id(world.db) for task in tasks}
    for task in tasks:
        dry = backfill and (not fires[task.id] or task.spec.get("recurrence") == "Skip")
        paused = backfill and task.spec.get("recurrence") == "Pause"
        parameters = wish.task_parameters.get(str(task.id))
        row = TaskRun(
            id=ids[task.id],
            number=1,
            latest=True,
            run=run.id,
            task=task.id,
            name=task.name,
            owner=task.owner,
            command=task.command,
            spec=task.spec if parameters is None else {**task.spec, "sent": str(parameters)},
            workflow=task.workflow,
            workflow_name=owners[task.workflow].name,
            upstream=[ids[other] for other in upstream[task.id]],
            status="Failure" if paused else "NotRun",
            dry=dry,
            message="The task is paused" if paused else "",
            due=None,
            created=world.now,
            modified=world.now,
        )
        run_rows.save(world.db, row)
    after = {"name": run.name, "type": run.type, "bizdate": bizdate.isoformat(), "tasks": len(ids)}
    effects.record(world, "run", "run", str(run.id), container=operation.id, after=after)


def _workflows(world: World, env: str, tasks: list[OnlineTask]) -> dict[int, OnlineWorkflow]:
    found = {}
    for workflow_id in {task.workflow for task in tasks}:
        online = scheduling.workflow(world.db, env, workflow_id)
        if online:
            found[workflow_id] = online
    return found


def _fires(wish: RunRequest, task: OnlineTask, owner: OnlineWorkflow, day: date) -> list[int]:
    """Return the seconds of a day at which a task is due, within the window that was asked for."""
    trigger = task.spec.get("trigger", {})
    if not trigger.get("cron"):
        trigger = owner.spec.get("trigger", {})
    start, end = str(trigger.get("startTime", ""))[:10], str(trigger.get("endTime", "9999"))[:10]
    if not start <= day.isoformat() <= end:
        return []
    found = dates.firings(str(trigger.get("cron", "")), day)
    if found is None:
        return [wish.window[0]]
    return [second for second in found if wish.window[0] <= second <= wish.window[1]]
