"""Pipeline runs in the API's shapes: make, read, set a stage going, list, abolish (B-60..B-71)."""

import json
from typing import Any

from deployer.emulator import pipeline_rows, publishing, stages
from deployer.emulator.actions.paging import PARAMS as PAGING
from deployer.emulator.actions.paging import page
from deployer.emulator.failures import invalid
from deployer.emulator.operations import Operation, Param, Params, form, query
from deployer.emulator.pipeline_rows import Pipeline
from deployer.emulator.publishing import Wish
from deployer.emulator.world import World

_STATES = ("Init", "Running", *pipeline_rows.ENDED)


def create_pipeline_run(world: World, params: Params) -> dict[str, Any]:
    """Answer CreatePipelineRun; of `ObjectIds` only the first counts."""
    mode = params.get("RunMode") or "Normal"
    if mode == "Auto" and world.switches.auto_run == "error":
        raise invalid("RunMode")
    until = publishing.required_until(mode, params.get("AutoRunUntilStage", ""))
    wish = Wish(
        objects=params["ObjectIds"],
        type=params["Type"],
        description=params.get("Description", ""),
        until="" if world.switches.auto_run == "ignored" else until,
    )
    return {"Id": publishing.create(world, params["ProjectId"], wish)}


def get_pipeline_run(world: World, params: Params) -> dict[str, Any]:
    """Answer GetPipelineRun with the stages in their order."""
    found = publishing.find(world, params["ProjectId"], params["Id"])
    return {"Pipeline": _pipeline(world, found)}


def exec_pipeline_run_stage(world: World, params: Params) -> dict[str, Any]:
    """Answer ExecPipelineRunStage; its `Success` only says that the stage was triggered."""
    found = publishing.find(world, params["ProjectId"], params["Id"])
    publishing.execute(world, found, params["Code"])
    return {"Success": True}


def abolish_pipeline_run(world: World, params: Params) -> dict[str, Any]:
    """Answer AbolishPipelineRun."""
    publishing.abolish(world, publishing.find(world, params["ProjectId"], params["Id"]))
    return {"Success": True}


def list_pipeline_runs(world: World, params: Params) -> dict[str, Any]:
    """Answer ListPipelineRuns, the newest first."""
    asked = page(params)
    if (params.get("Status") or "Init") not in _STATES:
        raise invalid("Status")
    total, found = pipeline_rows.page_of_pipelines(world.db, params, asked.size, asked.offset)
    return {
        "PagingInfo": {
            "PageNumber": asked.number,
            "PageSize": asked.size,
            "PipelineRuns": [_pipeline(world, item) for item in found],
            "TotalCount": total,
        }
    }


def list_pipeline_run_items(world: World, params: Params) -> dict[str, Any]:
    """Answer ListPipelineRunItems: what was packed, the workflow first, then its nodes."""
    asked = page(params)
    pipeline = publishing.find(world, params["ProjectId"], params["PipelineRunId"])
    total, found = pipeline_rows.page_of_items(world.db, pipeline.id, asked.size, asked.offset)
    return {
        "PagingInfo": {
            "PageNumber": asked.number,
            "PageSize": asked.size,
            "PipelineRunItems": [
                {
                    "CreateTime": item.created,
                    "Id": item.id,
                    "Message": item.message,
                    "ModifyTime": item.modified,
                    "Name": item.name,
                    "Spec": item.spec,
                    "Status": item.status,
                    "Type": item.type,
                    "Version": item.version,
                }
                for item in found
            ],
            "TotalCount": total,
        }
    }


def _pipeline(world: World, pipeline: Pipeline) -> dict[str, Any]:
    return {
        "CreateTime": pipeline.created,
        "Creator": pipeline.creator,
        "Description": pipeline.description,
        "Id": pipeline.id,
        "Message": pipeline.message,
        "ModifyTime": pipeline.modified,
        "ProjectId": pipeline.project,
        "Stages": [
            _stage(stages.known(pipeline.type, row.code), row)
            for row in pipeline_rows.stages(world.db, pipeline.id)
        ],
        "Status": pipeline.status,
    }


def _stage(stage: stages.Stage, row: pipeline_rows.StageRow) -> dict[str, Any]:
    return {
        "Code": stage.code,
        "Description": stage.name,
        "Detail": json.loads(row.detail),
        "Message": row.message,
        "Name": stage.name,
        "Status": row.status,
        "Step": row.step,
        "Type": stage.type,
    }


_PROJECT = Param("ProjectId", "query", "integer", required=True)

OPERATIONS = {
    "CreatePipelineRun": Operation(
        "POST",
        (
            Param("AutoRunUntilStage", "formData"),
            Param("Description", "formData"),
            Param("ObjectIds", "formData", "array", required=True),
            form("ProjectId", "integer"),
            Param("RunMode", "formData"),
            form("Type"),
        ),
        create_pipeline_run,
    ),
    "GetPipelineRun": Operation(
        "GET", (Param("Id", "query", required=True), _PROJECT), get_pipeline_run
    ),
    # A POST with one of its parameters in the query.
    "ExecPipelineRunStage": Operation(
        "POST", (form("Code"), form("Id"), _PROJECT), exec_pipeline_run_stage
    ),
    "ListPipelineRuns": Operation(
        "GET",
        (query("Creator"), query("ObjectId"), *PAGING, _PROJECT, query("Status")),
        list_pipeline_runs,
    ),
    "ListPipelineRunItems": Operation(
        "GET",
        (*PAGING, Param("PipelineRunId", "query", required=True), _PROJECT),
        list_pipeline_run_items,
    ),
    "AbolishPipelineRun": Operation(
        "POST", (form("Id"), form("ProjectId", "integer")), abolish_pipeline_run
    ),
}
