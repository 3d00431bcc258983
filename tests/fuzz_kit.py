"""Generated requests: every operation, sound and odd parameters, sound and damaged signatures."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import quote

from deployer import acs3
from deployer.emulator.actions import OPERATIONS
from deployer.emulator.actions.unsupported import OPERATIONS as UNSUPPORTED
from deployer.emulator.gateway import Request, decoded
from deployer.emulator.operations import Param
from tests.emulator_kit import CONTRACT, KEY, PROJECT, Fields, at, flow, node
from tests.test_emulator_properties import ODD, mutated

DAY_MS = 86_400_000
MIDNIGHT = 1_759_939_200_000
"""The day before the tests' clock begins, China time."""

TEXTS = (
    *("", " ", "0", "-1", "1", "7", "10", "100", "99999", "9" * 19, "9" * 30, "1e3", "true"),
    *("null", "[]", "{}", "[1]", '[""]', '["x"]', '{"a": 1}', "[[]]", '"x"', "{", "\x00", "a\x00b"),
    *(
        "%",
        "_",
        "'",
        "'; DROP TABLE node; --",
        '"',
        "../..",
        "a/b",
        "/",
        "//",
        "x" * 3000,
        "\ud83d",
    ),
    *("数据", "e\u0301", "\u202eabc", "\x1b[2J", "Nothing Asc", "a,b", ",", "2025-01-01", "False"),
)
WORDS = (
    *("team/moved", "renamed", "flow", "load", "Id Desc", "CreateTime Asc", "Prod", "Dev", "Auto"),
    *("Normal", "Success", "Online", "Offline", "CycleWorkflow", "ManualWorkflow"),
)
SENSIBLE: dict[str, tuple[str, ...]] = {
    "Scene": ("DATAWORKS_PROJECT", "DataworksManualWorkflow", "DATAWORKS_MANUAL_TASK"),
    "Code": ("BUILD_PACKAGE", "PROD_CHECK", "PROD", "DEV", "OfflineCheck"),
    "RunMode": ("Auto", "Manual"),
    "AutoRunUntilStage": ("PROD", "PROD_CHECK"),
    "EnvType": ("Prod", "Dev"),
    "ProjectEnv": ("Prod", "Dev"),
    "Namespace": (str(PROJECT), "1"),
    "ListSnapshots.Type": ("Saved", "Deployed", "Saved,Deployed"),
    "RerunWorkflowInstances.Type": ("ManualWorkflow",),
    "StartBizDate": ("2025-10-07", "2025-10-08"),
    "EndBizDate": ("2025-10-08", "2025-10-09"),
    "PriorityWeightStrategy": ("Disable", "Upstream"),
    "SortBy": ("Id Desc", "CreateTime Asc", "Id"),
    "Order": ("Asc", "Desc"),
    "CreatePipelineRun.Type": ("Online", "Online", "Online", "Offline"),
    "CreateWorkflowInstances.Type": ("SupplementData", "ManualWorkflow", "Manual", "SmokeTest"),
    "ListWorkflowDefinitions.Type": ("CycleWorkflow", "ManualWorkflow"),
    "Mode": ("General", "ManualSelection", "Chain", "AllDownstream"),
    "NoticeType": ("Mail", "Sms"),
}
"""What a parameter of this name, or an operation's parameter, knows."""

TABLES = {
    "OperationId": "operation",
    "Snapshot": "snapshot",
    "ObjectId": "workflow",
    "ContainerId": "workflow",
    "WorkflowDefinition": "workflow",
    "Node": "node",
    "Job": "job",
    "Pipeline": "pipeline",
    "UnifiedWorkflowInstanceId": "run",
    "WorkflowInstance": "run",
    "TaskInstance": "task_run",
    "Task": "online_task",
    "Workflow": "online_workflow",
    "Project": "project",
}
"""Whose ids a parameter or an operation with such a name takes."""

SHELLS = [
    json.dumps(flow(node("load"), node("check"))),
    json.dumps(at("team/other", node("a"), kind="ManualWorkflow")),
    json.dumps({"version": "1.1.0", "kind": "Node", "spec": {"nodes": [node("single")]}}),
]
SUPPORTED = [name for name in OPERATIONS if name not in UNSUPPORTED]


class Generator:
    """A stream of requests from one seed, about whatever objects it is shown."""

    def __init__(self, seed: object, clock: Callable[[], float]) -> None:
        self.random = Random(f"fuzz {seed}")
        self._clock = clock
        self._ids: dict[str, list[str]] = {}

    def look(self, db: sqlite3.Connection) -> None:
        """Learn the ids that there are, for calls that mean something."""
        for table in set(TABLES.values()):
            rows = db.execute(f"SELECT id FROM {table} ORDER BY rowid DESC LIMIT 20")
            self._ids[table] = [str(row[0]) for row in rows]

    def request(self) -> Request:
        """Return the next request: one in eight is damaged, or names an operation without use."""
        table = SUPPORTED if self.random.random() < 0.95 else list(UNSUPPORTED)
        action = self.random.choice(table)
        return self._damaged(self.sound(action, **self._params(action)))

    def sound(self, action: str, **params: str) -> Request:
        """Return a request with these parameters, each in its place, and a right signature."""
        operation = OPERATIONS[action]
        places = {param.name: param.place for param in operation.params}
        encoded = {name: _quoted(value) for name, value in params.items()}
        form = [f"{_quoted(k)}={v}" for k, v in encoded.items() if places.get(k) == "formData"]
        rest = [f"{_quoted(k)}={v}" for k, v in encoded.items() if places.get(k) != "formData"]
        query = decoded("&".join(rest).encode())
        return self._signed(action, operation.method, query, "&".join(form).encode())

    def chance(self, part: float) -> bool:
        """Tell yes so often."""
        return self.random.random() < part

    def _signed(
        self, action: str, method: str, query: tuple[tuple[str, str], ...], body: bytes
    ) -> Request:
        digest = hashlib.sha256(body).hexdigest()
        headers = {
            "host": "127.0.0.1",
            "x-acs-action": action,
            "x-acs-version": "2024-05-18",
            "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._clock())),
            "x-acs-signature-nonce": str(self.random.getrandbits(64)),
            "x-acs-content-sha256": digest,
        }
        if body:
            headers["content-type"] = "application/x-www-form-urlencoded"
        signature = acs3.authorization(*KEY, method, "/", query, headers, digest)
        return Request(method, "/", query, {**headers, "authorization": signature}, body)

    def _damaged(self, sound: Request) -> Request:
        damage = self.random.random()
        if damage > 0.12:
            return sound
        headers, method, path, body = dict(sound.headers), sound.method, "/", sound.body
        name = self.random.choice(list(headers))
        if damage < 0.06:
            value = self.random.choice((*TEXTS, headers[name] + "0", headers[name][:-1]))
            headers[name] = value.encode("latin-1", "replace").decode("latin-1")
        elif damage < 0.09:
            del headers[name]
        elif damage < 0.10:
            method = self.random.choice(("PUT", "DELETE", "GET", "POST", "OPTIONS"))
        elif damage < 0.11:
            path = self.random.choice(("", "//", "/x", "/_control/effects"))
        else:
            body += self.random.choice((b"&", b"=", b"%", b"%zz", b"\xff", b"&Id=%ff%fe", b"\0"))
        return Request(method, path, sound.query, headers, body)

    def _params(self, action: str) -> dict[str, str]:
        found = {}
        for param in OPERATIONS[action].params:
            if not self.chance(0.02 if param.required else 0.75):
                found[param.name] = self._value(action, param)
        if self.chance(0.02):
            found[self.random.choice(TEXTS)] = self.random.choice(TEXTS)
        return found

    def _value(self, action: str, param: Param) -> str:
        if self.chance(0.03):
            return self.random.choice(TEXTS)
        if param.name == "ProjectId":
            return str(PROJECT)
        if param.name == "Spec":
            return self._spec()
        if param.type in ("array", "object"):
            shape = CONTRACT[action]["params"][param.name].get("shape", ["string"])
            value = self._shaped(action, param.name, shape)
            joined = param.comma and isinstance(value, list)
            return ",".join(map(str, value)) if joined else json.dumps(value)
        return str(self._scalar(action, param.name, param.type))

    def _spec(self) -> str:
        if self.chance(0.5):
            return self.random.choice(SHELLS)
        document: Fields = mutated(self.random)
        return json.dumps(document)

    def _shaped(self, action: str, name: str, shape: Any) -> Any:
        if self.chance(0.03):
            return self.random.choice((*ODD, *TEXTS))
        if isinstance(shape, list):
            number = self.random.choice((0, 1, 1, 1, 2))
            return [self._shaped(action, name, shape[0]) for _ in range(number)]
        if isinstance(shape, dict):
            return {
                key if key != "*" else "any": self._shaped(action, key, inner)
                for key, inner in shape.items()
                if self.chance(0.6)
            }
        return self._scalar(action, name, shape)

    def _scalar(self, action: str, name: str, kind: str) -> str | int | bool:
        if kind == "boolean":
            return self.chance(0.5)
        sensible = SENSIBLE.get(f"{action}.{name}", SENSIBLE.get(name))
        if sensible and self.chance(0.9):
            return self.random.choice(sensible)
        if "Id" in name and self.chance(0.95):
            return self._id(action, name)
        if "Date" in name or "Time" in name:
            return str(MIDNIGHT + DAY_MS * self.random.randint(-3, 3))
        if name.startswith("Page"):
            return self.random.choice(("1", "2", "10", "50", "100"))
        if kind == "integer":
            return self.random.choice((0, 1, 2, 5, 10, 100, -1))
        return self.random.choice(WORDS if self.chance(0.8) else TEXTS)

    def _id(self, action: str, name: str) -> str:
        about = (name, action)
        table = next((t for text in about for word, t in TABLES.items() if word in text), "node")
        if self.chance(0.1):
            table = self.random.choice(list(self._ids) or [table])
        return self.random.choice(self._ids.get(table) or ["1", "7000000000000000001"])


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")
