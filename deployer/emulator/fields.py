"""Which FlowSpec fields the emulated service knows, and as what: its own table, never our schemas.

A shape is the name of a scalar, an `Enum`, the name of an object below, or a list of one of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Enum:
    """A text out of a closed list."""

    name: str
    values: tuple[str, ...]


Shape = str | Enum | tuple[str]
"""A one-element tuple is a list of that shape."""

TEXT, NUMBER, FLAG, ANY = "text", "number", "flag", "any"
IGNORED = "ignored"
"""Known, and replaced by what the service itself knows."""

FACTS = frozenset(
    ("owner", "ownerName", "tenantId", "project", "projectId", "container", "createTime", "uuid")
)
"""Keys of `metadata` that the service writes itself."""

KINDS = ("CycleWorkflow", "ManualWorkflow", "TriggerWorkflow")

_RECURRENCE = Enum("RecurrenceType", ("Normal", "Pause", "Skip", "NoneAuto"))
_RERUN = Enum("RerunMode", ("Allowed", "Denied", "FailureAllowed"))
_INSTANCE = Enum("InstanceMode", ("T+1", "Immediately"))
_SOURCE = Enum("SourceType", ("System", "Manual", "CodeParse"))
_VARIABLE = Enum(
    "VariableType",
    ("NoKvVariableExpression", "System", "Constant", "NodeOutput", "PassThrough", "PaiOutput"),
)

_POLICY: dict[str, Shape] = {
    "priority": NUMBER,
    "timeout": NUMBER,
    "timeoutUnit": TEXT,
    "instanceMode": _INSTANCE,
    "rerunMode": _RERUN,
    "rerunTimes": NUMBER,
    "rerunInterval": NUMBER,
    "ignoreBranchConditionSkip": FLAG,
}

_ENTITY: dict[str, Shape] = {
    "id": TEXT,
    "name": TEXT,
    "description": TEXT,
    "owner": TEXT,
    "script": "script",
    "trigger": "trigger",
    "strategy": "strategy",
    "inputs": "artifacts",
    "outputs": "artifacts",
    "metadata": IGNORED,
}

_BLOCK: dict[str, Shape] = {
    "id": TEXT,
    "name": TEXT,
    "output": TEXT,
    "nodes": ("node",),
    "flow": ("dependency",),
    "dependencies": ("dependency",),
    "while": "node",
    "array": ANY,
    "maxIterations": NUMBER,
    "parallelism": NUMBER,
}

BLOCKS = ("for-each", "do-while", "combined", "subflow", "paiflow")
"""Keys of a node under which further nodes live."""

OBJECTS: Mapping[str, Mapping[str, Shape]] = {
    "workflow": {
        **_ENTITY,
        "type": IGNORED,
        "citable": FLAG,
        "nodes": ("node",),
        "dependencies": ("dependency",),
        "flow": ("dependency",),
    },
    "node": {
        **_ENTITY,
        **_POLICY,
        "recurrence": _RECURRENCE,
        "autoParse": FLAG,
        "runtimeResource": "runtimeResource",
        "datasource": "datasource",
        "fileResources": ("resource",),
        "functions": ("resource",),
        "datasets": ("dataset",),
        "reference": "reference",
        "branch": "branch",
        "join": "join",
        "param-hub": "hub",
        "component": "component",
        "dqcRule": ANY,
        **dict.fromkeys(BLOCKS, "block"),
        "subflow": "subflow",
    },
    "block": _BLOCK,
    "subflow": {**_ENTITY, **_BLOCK, "type": TEXT, "citable": FLAG},
    "strategy": {
        **_POLICY,
        "priorityWeightStrategy": TEXT,
        "maxInternalConcurrency": NUMBER,
        "failureStrategy": Enum("FailureStrategy", ("Continue", "Break")),
        "recurrenceType": _RECURRENCE,
    },
    "script": {
        "id": IGNORED,
        "path": TEXT,
        "extension": TEXT,
        "language": TEXT,
        "runtime": "runtime",
        "parameters": ("variable",),
        "content": TEXT,
    },
    "runtime": {
        "command": TEXT,
        "commandTypeId": NUMBER,
        "engine": TEXT,
        "cu": TEXT,
        "template": ANY,
        "container": "container",
        **dict.fromkeys(
            (
                "emrJobConfig",
                "cdhJobConfig",
                "sparkConf",
                "flinkConf",
                "streamJobConfig",
                "adbJobConfig",
                "lindormJobConfig",
                "paiflowConf",
                "paiFlowConfig",
                "maxComputeConf",
            ),
            ANY,
        ),
    },
    "container": {
        "image": TEXT,
        "imageId": TEXT,
        "args": ANY,
        "command": ANY,
        "env": ("pair",),
    },
    "pair": {"name": TEXT, "value": TEXT},
    "trigger": {
        "id": IGNORED,
        "type": Enum("TriggerType", ("Scheduler", "Manual", "Streaming", "Custom", "None")),
        "cron": TEXT,
        "cycleType": TEXT,
        "recurrence": _RECURRENCE,
        "startTime": TEXT,
        "endTime": TEXT,
        "timezone": TEXT,
        "delaySeconds": NUMBER,
        "calendarId": ANY,
        "identifier": TEXT,
    },
    "artifacts": {
        "nodeOutputs": ("nodeOutput",),
        "tables": ("table",),
        "variables": ("variable",),
    },
    "nodeOutput": {
        "data": TEXT,
        "artifactType": TEXT,
        "refTableName": TEXT,
        "isDefault": FLAG,
        "sourceType": _SOURCE,
        "id": IGNORED,
        "nodeId": IGNORED,
    },
    "table": {
        "guid": TEXT,
        "artifactType": TEXT,
        "name": TEXT,
        "ddl": TEXT,
        "hasPartition": FLAG,
        "isVisible": FLAG,
        "calcEngine": ANY,
        "engineType": TEXT,
        "entityType": TEXT,
        "logicTableUuid": TEXT,
        "sourceType": _SOURCE,
    },
    "variable": {
        "id": TEXT,
        "name": TEXT,
        "scope": Enum(
            "VariableScope", ("Tenant", "Workspace", "Workflow", "NodeParameter", "NodeContext")
        ),
        "type": _VARIABLE,
        "value": TEXT,
        "artifactType": TEXT,
        "inputName": TEXT,
        "description": TEXT,
        "node": "reference",
        "referenceVariable": "variable",
    },
    "reference": {
        "nodeId": TEXT,
        "output": TEXT,
        "name": TEXT,
        "refTableName": TEXT,
        "type": TEXT,
    },
    "dependency": {
        "nodeId": TEXT,
        "depends": ("depend",),
        "variableDepends": ("variableDepend",),
    },
    "depend": {
        "type": Enum(
            "DependencyType",
            (
                "Normal",
                "CrossCycleDependsOnSelf",
                "CrossCycleDependsOnChildren",
                "CrossCycleDependsOnOtherNode",
            ),
        ),
        "output": TEXT,
        "nodeId": TEXT,
        "refTableName": TEXT,
        "sourceType": _SOURCE,
    },
    "variableDepend": {"variableName": TEXT, "depends": ("depend",)},
    "branch": {"branches": ("case",)},
    "case": {
        "when": TEXT,
        "desc": TEXT,
        "output": "nodeOutput",
        "valueType": _VARIABLE,
        "fromVariable": "variable",
    },
    "join": {"branches": ("joined",), "logic": "logic", "resultStatus": TEXT},
    "joined": {"name": TEXT, "nodeId": TEXT, "output": "nodeOutput", "assertion": "assertion"},
    "assertion": {"field": TEXT, "in": ANY},
    "logic": {"expression": TEXT},
    "hub": {"variables": ("variable",)},
    "component": {
        "id": TEXT,
        "name": TEXT,
        "owner": TEXT,
        "description": TEXT,
        "script": "script",
        "inputs": ANY,
        "outputs": ANY,
        "metadata": ANY,
    },
    "datasource": {"id": TEXT, "name": TEXT, "type": TEXT, "subType": TEXT, "config": ANY},
    "runtimeResource": {
        "id": IGNORED,
        "resourceGroup": TEXT,
        "resourceGroupId": TEXT,
        "resourceGroupName": TEXT,
        "cu": TEXT,
    },
    "resource": {
        "id": TEXT,
        "name": TEXT,
        "type": TEXT,
        "script": "script",
        "file": ANY,
        "runtimeResource": "runtimeResource",
        "datasource": "datasource",
        "fileResources": ("resource",),
        **dict.fromkeys(
            (
                "owner",
                "description",
                "className",
                "usageDescription",
                "argumentsDescription",
                "returnValueDescription",
                "usageExample",
                "embeddedCodeType",
                "resourceType",
                "embeddedCode",
            ),
            TEXT,
        ),
        "armResource": ANY,
    },
    "dataset": {
        "identifier": TEXT,
        "version": NUMBER,
        "mountPath": TEXT,
        "readOnly": FLAG,
        "extOptions": ANY,
    },
}

DEMANDED: Mapping[str, str] = {"nodeOutput": "data", "table": "guid"}
"""The one field without which an object means nothing."""

FILLED: Mapping[str, tuple[str, str]] = {
    "nodeOutput": ("artifactType", "NodeOutput"),
    "table": ("artifactType", "Table"),
    "variable": ("artifactType", "Variable"),
    "depend": ("type", "Normal"),
}
"""The one field of an object that the service fills in while reading it."""
