"""RAM policies that allow one command and no more.

Each has two statements: what is allowed, and a denial of everything else. The denial is what holds,
because members of a workspace may call the API without being allowed to (docs/service.md B-109).
"""

from typing import Any

_PLAN = (
    "GetNode",
    "GetPipelineRun",
    "GetProject",
    "GetSnapshot",
    "GetWorkflowDefinition",
    "ListDataSources",
    "ListNodeDependencies",
    "ListNodes",
    "ListPipelineRunItems",
    "ListPipelineRuns",
    "ListResourceGroups",
    "ListSnapshots",
    "ListWorkflowDefinitions",
)
_READS = ("Get*", "List*")
_APPLY = ("CreateWorkflowDefinition", "ImportWorkflowDefinition")
_DELETE = ("DeleteNode", "DeleteWorkflowDefinition")

WRITES: dict[str, tuple[str, ...]] = {
    "plan": (),
    "apply": _APPLY,
    "apply-moves": (
        *_APPLY,
        "MoveNode",
        "MoveWorkflowDefinition",
        "RenameNode",
        "RenameWorkflowDefinition",
    ),
    "apply-prune": (*_APPLY, *_DELETE),
    # The service may still know the operations of publishing by their older names (B-109).
    "publish": (
        "AbolishDeployment",
        "AbolishPipelineRun",
        "CreateDeployment",
        "CreatePipelineRun",
        "ExecDeploymentStage",
        "ExecPipelineRunStage",
    ),
    "run": ("CreateWorkflowInstances", "RerunWorkflowInstances", "StopWorkflowInstances"),
    "probe": (*_APPLY, *_DELETE, "UpdateNode"),
}
"""What each command writes; besides, each of them reads."""


def policy(command: str) -> dict[str, Any]:
    """The policy for a command of `WRITES`, as RAM takes it."""
    writes = WRITES[command]
    allowed = _named(*(_READS if writes else _PLAN), *writes)
    return {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": allowed,
                "Resource": "*",
                "Condition": {"StringEquals": {"dataworks:Scope": ["OpenAPI"]}},
            },
            {
                "Effect": "Deny",
                "NotAction": [*_named(*_READS, *writes), "sts:GetCallerIdentity"],
                "Resource": "*",
            },
        ],
    }


def _named(*actions: str) -> list[str]:
    return [f"dataworks:{action}" for action in actions]
