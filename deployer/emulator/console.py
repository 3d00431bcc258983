"""What only a person in the console can do, or what only the outside world decides.

The control plane calls it inside a transaction of its own; no operation of the API leads here.
"""

from dataclasses import replace

from deployer.emulator import pipeline_rows, publishing, stages
from deployer.emulator.failures import ApiError, not_found
from deployer.emulator.pipeline_rows import Pipeline, StageRow
from deployer.emulator.world import World


def approve(world: World, pipeline_id: str) -> None:
    """Pass the stage of a pipeline that waits for a person (B-65); raises ApiError for none."""
    pipeline, stage = _waiting(world, pipeline_id)
    publishing.pass_stage(world, pipeline, stage)


def reject(world: World, pipeline_id: str) -> None:
    """Turn down the stage that waits for a person: the pipeline fails; raises ApiError for none."""
    pipeline, stage = _waiting(world, pipeline_id)
    message = "Rejected in the console"
    pipeline_rows.save(world.db, replace(stage, status="Fail", message=message))
    publishing.end(world, pipeline, "Fail", message)


def terminate(world: World, pipeline_id: str) -> None:
    """End a pipeline and leave its stages as they are (docs/service.md B-66); raises ApiError."""
    pipeline = _pipeline(world, pipeline_id)
    world.db.execute("UPDATE stage SET due = NULL WHERE pipeline = ?", (pipeline.id,))
    publishing.end(world, pipeline, "Termination", "Terminated in the console")


def set_mode(world: World, project: int, mode: stages.Mode) -> None:
    """Give a project its mode: with or without a development environment (B-64, B-73)."""
    stages.set_mode(world, project, mode)


def _pipeline(world: World, pipeline_id: str) -> Pipeline:
    found = pipeline_rows.pipeline(world.db, pipeline_id)
    if found is None:
        raise not_found("PipelineRun", pipeline_id)
    return found


def _waiting(world: World, pipeline_id: str) -> tuple[Pipeline, StageRow]:
    pipeline = _pipeline(world, pipeline_id)
    found = pipeline_rows.stages(world.db, pipeline.id)
    coming = next((stage for stage in found if stage.status != "Success"), None)
    waits = coming and stages.known(pipeline.type, coming.code).by == "console"
    if coming is None or not waits or pipeline.status != "Running":
        raise ApiError(400, "PipelineRun.Approval", "No stage waits for a person")
    return pipeline, coming
