"""The projects of a workspace file, each a workspace of its own."""

from typing import Any

from deployer.emulator import stages
from deployer.emulator.actions.paging import page
from deployer.emulator.failures import not_found
from deployer.emulator.operations import Kind, Operation, Param, Params
from deployer.emulator.world import ACCOUNT, World, project_identifier


def get_project(world: World, params: Params) -> dict[str, Any]:
    """Answer GetProject."""
    identifier = project_identifier(world, params["Id"])
    if not identifier:
        raise not_found("Project", str(params["Id"]))
    return {"Project": _project(world, params["Id"], identifier)}


def list_projects(world: World, params: Params) -> dict[str, Any]:
    """Answer ListProjects, by id; a filter left out or empty lets every project pass."""
    asked = page(params)
    rows = world.db.execute("SELECT id, identifier FROM project ORDER BY id")
    every = [_project(world, row["id"], row["identifier"]) for row in rows]
    found = [project for project in every if _passes(params, project)]
    return {
        "PagingInfo": {
            "PageNumber": asked.number,
            "PageSize": asked.size,
            "Projects": found[asked.offset : asked.offset + asked.size],
            "TotalCount": len(found),
        }
    }


def _project(world: World, project: int, identifier: str) -> dict[str, Any]:
    return {
        "AliyunResourceGroupId": "rg-emulator",
        "AliyunResourceTags": [],
        "Description": "",
        "DevEnvironmentEnabled": stages.mode_of(world, project) == "standard",
        "DevRoleDisabled": False,
        "DisplayName": identifier,
        "Id": project,
        "Name": identifier,
        "Owner": ACCOUNT,
        "PaiTaskEnabled": False,
        "Status": "Available",
    }


def _passes(params: Params, project: dict[str, Any]) -> bool:
    same = (
        "AliyunResourceGroupId",
        "DevEnvironmentEnabled",
        "DevRoleDisabled",
        "PaiTaskEnabled",
        "Status",
    )
    return (
        all(params.get(name, "") in ("", project[name]) for name in same)
        and project["Id"] in (params.get("Ids") or (project["Id"],))
        and project["Name"] in (params.get("Names") or (project["Name"],))
        and not params.get("AliyunResourceTags")
    )


def _form(name: str, kind: Kind = "string", items: Kind = "string") -> Param:
    return Param(name, "formData", kind, items=items)


OPERATIONS = {
    "GetProject": Operation(
        "GET", (Param("Id", "query", "integer", required=True),), get_project, project="Id"
    ),
    "ListProjects": Operation(
        "POST",
        (
            _form("AliyunResourceGroupId"),
            _form("AliyunResourceTags", "array", "object"),
            _form("DevEnvironmentEnabled", "boolean"),
            _form("DevRoleDisabled", "boolean"),
            _form("Ids", "array", "integer"),
            _form("Names", "array"),
            _form("PageNumber", "integer"),
            _form("PageSize", "integer"),
            _form("PaiTaskEnabled", "boolean"),
            _form("Status"),
        ),
        list_projects,
    ),
}
