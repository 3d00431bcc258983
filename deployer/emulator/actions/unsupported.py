"""Operations of the API that the emulator knows by name only: the answer says so."""

from typing import Literal

from deployer.emulator.failures import ApiError
from deployer.emulator.operations import Operation, Params
from deployer.emulator.world import World

_METHODS: dict[str, Literal["GET", "POST"]] = {
    "CreateResource": "POST",
    "UpdateResource": "POST",
    "DeleteResource": "POST",
    "GetResource": "GET",
    "ListResources": "GET",
    "CreateFunction": "POST",
    "UpdateFunction": "POST",
    "DeleteFunction": "POST",
    "GetFunction": "GET",
    "ListFunctions": "GET",
    "ExecuteAdhocWorkflowInstance": "POST",
    "UpdateWorkflow": "POST",
}


def _refused(name: str) -> Operation:
    def handler(world: World, params: Params) -> dict[str, object]:
        del world, params
        raise ApiError(400, "NotSupported", f"The emulator does not support {name}.")

    return Operation(_METHODS[name], (), handler)


OPERATIONS = {name: _refused(name) for name in _METHODS}
