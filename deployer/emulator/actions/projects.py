"""The project itself."""

from typing import Any

from deployer.emulator.failures import not_found
from deployer.emulator.operations import Operation, Param, Params
from deployer.emulator.world import ACCOUNT, World, project_identifier


def get_project(world: World, params: Params) -> dict[str, Any]:
    """Answer GetProject: a simple-mode workspace."""
    identifier = project_identifier(world, params["Id"])
    if not identifier:
        raise not_found("Project", str(params["Id"]))
    return {
        "Project": {
            "AliyunResourceGroupId": "rg-emulator",
            "AliyunResourceTags": [],
            "Description": "",
            "DevEnvironmentEnabled": False,
            "DevRoleDisabled": False,
            "DisplayName": identifier,
            "Id": params["Id"],
            "Name": identifier,
            "Owner": ACCOUNT,
            "PaiTaskEnabled": False,
            "Status": "Available",
        }
    }


OPERATIONS = {
    "GetProject": Operation(
        "GET", (Param("Id", "query", "integer", required=True),), get_project, project="Id"
    )
}
