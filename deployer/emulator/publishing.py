"""Pipeline runs: stages that follow one another, by themselves, by a call, by a person (B-60..).

A stage takes `stage_ms`; what it does is done when it ends. Nothing here knows the API's shapes.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from deployer.emulator import (
    dates,
    deployment,
    effects,
    pipeline_rows,
    rows,
    snapshots,
    stages,
    writing,
)
from deployer.emulator.failures import ApiError, invalid, missing, not_found
from deployer.emulator.pipeline_rows import Item, Pipeline, StageRow
from deployer.emulator.world import ACCOUNT, Call, World

NO_OBJECT = "5801489541076353033"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a pipeline is asked to do; `until` is empty for one whose stages are called."""

    objects: Sequence[str]
    type: str
    description: str
    until: str


def create(world: World, project: int, wish: Wish) -> str:
    """Make a pipeline for the first object and return its id; raises ApiError."""
    if wish.type not in ("Online", "Offline"):
        raise invalid("Type")
    if not wish.objects:
        raise invalid("ObjectIds")
    workflow = _object(world, project, wish.objects[0])
    alone = world.switches.concurrent_pipelines == "reject"
    if alone and pipeline_rows.active_on(world.db, workflow.id):
        raise ApiError(400, "PipelineRun.Exists", "Another pipeline runs on this object")
    plan = stages.of_mode(wish.type, stages.mode_of(world, project))
    if wish.until and wish.until not in {stage.code for stage in plan}:
        raise invalid("AutoRunUntilStage")
    pipeline = Pipeline(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, world.new_id())),
        project=project,
        type=wish.type,
        object=workflow.id,
        description=wish.description,
        creator=ACCOUNT,
        status="Running",
        message="",
        auto_until=wish.until,
        created=world.now,
        modified=world.now,
    )
    pipeline_rows.save(world.db, pipeline)
    for step, stage in enumerate(plan, start=1):
        pipeline_rows.save(world.db, StageRow(pipeline.id, step, stage.code))
    _fill(world, pipeline, workflow)
    _continue(world, pipeline, world.call)
    return pipeline.id


def find(world: World, project: int, pipeline_id: str) -> Pipeline:
    """Return a pipeline of a project; raises ApiError."""
    found = pipeline_rows.pipeline(world.db, pipeline_id)
    if found is None or found.project != project:
        raise not_found("PipelineRun", pipeline_id)
    return found


def execute(world: World, pipeline: Pipeline, code: str) -> None:
    """Set a stage going: the first one that has not begun; raises ApiError (B-63, B-65, B-67)."""
    if pipeline.status != "Running":
        raise ApiError(400, "PipelineRun.NotRunning", "流水线不是正在运行")
    found = pipeline_rows.stages(world.db, pipeline.id)
    stage = next((stage for stage in found if stage.code == code), None)
    if stage is None:
        raise invalid("Code")
    if any(before.status != "Success" for before in found[: stage.step - 1]):
        raise ApiError(400, "PipelineRun.StageOrder", f"Stages before {code} have not succeeded")
    if stages.known(pipeline.type, code).by == "console":
        raise ApiError(400, "PipelineRun.Approval", f"{code} is passed in the console only")
    if stage.status != "Init":
        if world.switches.exec_repeat == "idempotent":
            return
        if world.switches.exec_repeat == "refused":
            raise ApiError(400, "PipelineRun.StageRepeated", f"{code} has been triggered already")
    _start(world, pipeline, stage, world.call)


def abolish(world: World, pipeline: Pipeline) -> None:
    """End a pipeline without success (docs/service.md B-71, U-15); raises ApiError."""
    if pipeline.status in pipeline_rows.ENDED:
        raise ApiError(400, "PipelineRun.NotRunning", "流水线不是正在运行")
    status = world.switches.abolish_status
    for stage in pipeline_rows.stages(world.db, pipeline.id):
        if stage.status == "Running":
            pipeline_rows.save(world.db, replace(stage, status=status, due=None))
    end(world, pipeline, status, "")
    effects.record(world, "abolish", "pipeline", pipeline.id, container=pipeline.object)


def end(world: World, pipeline: Pipeline, status: str, message: str) -> None:
    """Give a pipeline and its items their last state."""
    ended = replace(pipeline, status=status, message=message, modified=world.now)
    pipeline_rows.save(world.db, ended)
    # Items know all states but Cancel.
    known = "Termination" if status == "Cancel" else status
    pipeline_rows.mark_items(world.db, pipeline.id, known, message, world.now)


def pass_stage(world: World, pipeline: Pipeline, stage: StageRow) -> None:
    """Let a stage that a person decides be Success, and go on from there."""
    pipeline_rows.save(world.db, replace(stage, status="Success"))
    _continue(world, pipeline, world.call)


def apply_due(world: World) -> None:
    """End every stage whose time has come, the earliest first."""
    while stage := pipeline_rows.due_stage(world.db, world.now):
        pipeline = pipeline_rows.pipeline(world.db, stage.pipeline)
        if pipeline:
            call = Call(**json.loads(stage.asked))
            at = replace(world, now=stage.due if stage.due is not None else world.now, call=call)
            _finish(at, pipeline, stage)


def _object(world: World, project: int, object_id: str) -> rows.Workflow:
    found = rows.workflow(world.db, object_id)
    if found is None or found.project != project:
        # Also for a node of a workflow: it goes online with its workflow only (B-61).
        raise ApiError(400, NO_OBJECT, f'未找到发布对象: [["{object_id}"]]')
    return found


def _fill(world: World, pipeline: Pipeline, workflow: rows.Workflow) -> None:
    package = deployment.pack(world, workflow)
    pipeline_rows.keep_package(world.db, pipeline.id, package)
    whole = writing.workflow_text(world, workflow, content=True)
    facts = [(workflow.id, "WorkflowDefinition", workflow.name, whole)]
    for node in writing.node_objects(world, workflow):
        document = {"version": "1.1.0", "kind": "Node", "spec": {"nodes": [node]}}
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        facts.append((node["id"], "Node", node["name"], text))
    for object_id, kind, name, spec in facts:
        item = Item(
            id=world.new_id(),
            pipeline=pipeline.id,
            object=object_id,
            type=kind,
            name=name,
            version=pipeline_rows.next_version(world.db, object_id),
            spec=spec,
            status="Running",
            message="",
            created=world.now,
            modified=world.now,
        )
        pipeline_rows.save(world.db, item)


def _continue(world: World, pipeline: Pipeline, call: Call) -> None:
    """Set the next stage going if it waits for nobody; end the pipeline after the last one."""
    found = pipeline_rows.stages(world.db, pipeline.id)
    coming = next((stage for stage in found if stage.status != "Success"), None)
    if coming is None:
        end(world, pipeline, "Success", "")
        return
    by = stages.known(pipeline.type, coming.code).by
    until = next((stage.step for stage in found if stage.code == pipeline.auto_until), 0)
    if coming.status == "Init" and (by == "service" or (by == "caller" and coming.step <= until)):
        _start(world, pipeline, coming, call)


def _start(world: World, pipeline: Pipeline, stage: StageRow, call: Call) -> None:
    due = world.now + world.stage_ms
    asked = json.dumps(asdict(call))
    running = replace(stage, status="Running", message="", due=due, asked=asked)
    pipeline_rows.save(world.db, running)
    pipeline_rows.save(world.db, replace(pipeline, modified=world.now))


def _finish(world: World, pipeline: Pipeline, stage: StageRow) -> None:
    problem = _problem(world, pipeline, stage.code)
    if problem:
        pipeline_rows.save(world.db, replace(stage, status="Fail", message=problem, due=None))
        end(world, pipeline, "Fail", problem)
        return
    detail = _carry_out(world, pipeline, stages.known(pipeline.type, stage.code))
    done = replace(stage, status="Success", detail=json.dumps(detail), due=None)
    pipeline_rows.save(world.db, done)
    _continue(world, replace(pipeline, modified=world.now), Call(**json.loads(stage.asked)))


def _problem(world: World, pipeline: Pipeline, code: str) -> str:
    if rows.workflow(world.db, pipeline.object) is None:
        return f'未找到发布对象: [["{pipeline.object}"]]'
    if pipeline.type == "Offline":
        return _offline_problem(world, pipeline, code)
    package = pipeline_rows.package(world.db, pipeline.id)
    early = world.switches.output_conflict_at == "publish" and code == "BUILD_PACKAGE"
    if code != "PROD" and not early:
        return ""
    found = deployment.conflict(world, package, "Prod")
    return found or deployment.changed_command(world, package, "Prod")


def _offline_problem(world: World, pipeline: Pipeline, code: str) -> str:
    if code == "OfflineCheck" and not deployment.is_online(world, pipeline.object):
        return "The object is not online"
    waiting = deployment.dependents(world, pipeline.object)
    return f"Other objects depend on it: {', '.join(waiting)}" if waiting else ""


def _carry_out(world: World, pipeline: Pipeline, stage: stages.Stage) -> dict[str, str | int]:
    if not stage.env:
        return {}
    if pipeline.type == "Offline":
        deployment.take_offline(world, pipeline.object, stage.env)
        effects.record(world, "offline", "workflow", pipeline.object, container=pipeline.id)
        _remember(world, pipeline, stage)
        return {}
    package = pipeline_rows.package(world.db, pipeline.id)
    online = deployment.put_online(world, package, stage.env)
    after = {**package, "env": stage.env}
    effects.record(
        world, "publish", "workflow", pipeline.object, container=pipeline.id, after=after
    )
    _remember(world, pipeline, stage)
    day = dates.day_of(online.effective).isoformat()
    return {"EffectiveTime": online.effective, "EffectiveDate": day}


def _remember(world: World, pipeline: Pipeline, stage: stages.Stage) -> None:
    if stage.env != "Prod":
        return
    items = pipeline_rows.items(world.db, pipeline.id)
    kind = "Deployed" if pipeline.type == "Online" else "UnDeployed"
    objects = [item.object for item in items]
    snapshots.take_all(world, pipeline.object, objects, kind, text=items[0].spec)


def required_until(mode: str, until: str) -> str:
    """Return where a pipeline runs to by itself, as RunMode and AutoRunUntilStage say."""
    if mode not in ("Normal", "Auto"):
        raise invalid("RunMode")
    if mode == "Auto" and not until:
        raise missing("AutoRunUntilStage")
    return until if mode == "Auto" else ""
