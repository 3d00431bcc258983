"""What the emulator's tests share: a clock to set, signed raw requests, specs and the contract."""

import asyncio
import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from deployer import acs3
from deployer.emulator import Emulator, EmulatorTransport, Ids, Switches, create_app

DATA = Path(__file__).parent / "data"
CONTRACT: dict[str, Any] = json.loads((DATA / "openapi-contract.json").read_text("utf-8"))

PROJECT = 424242
IDENTIFIER = "sales_dev"
KEY = ("emulator", "emulator-secret")
START = 1_760_000_000.0
HOST = "127.0.0.1"

Fields = dict[str, Any]


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.now += seconds


class Service:
    """An emulator in this process and a client that signs by hand, so that it can sign wrongly."""

    def __init__(
        self,
        db: str | Path = ":memory:",
        *,
        job_seconds: float = 0.0,
        switches: Switches | None = None,
        clock: Clock | None = None,
        project: int = PROJECT,
        seed: str = "test",
        control: bool = False,
    ) -> None:
        self.clock = clock or Clock()
        self.nonces = 0
        self.project = project
        self.app: Emulator = create_app(
            db,
            project=str(project),
            project_identifier=IDENTIFIER,
            credentials=KEY,
            clock=self.clock,
            ids=Ids(seed),
            job_seconds=job_seconds,
            switches=switches,
            sleep=self.clock.sleep,
            control=control,
        )
        self.control = self.app.control

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self.app.close()

    def request(self, action: str, params: Mapping[str, str | int]) -> httpx.Request:
        """A request with the SDK's headers; add the signature with `signed`."""
        known = CONTRACT.get(action, {"method": "GET", "params": {}})
        in_query: dict[str, str] = {}
        in_form: dict[str, str] = {}
        for name, value in params.items():
            place = known["params"].get(name, {}).get("in", "query")
            (in_query if place == "query" else in_form)[name] = str(value)
        body = urlencode(in_form).encode()
        self.nonces += 1
        headers = {
            "host": HOST,
            "x-acs-action": action,
            "x-acs-version": "2024-05-18",
            "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.clock.now)),
            "x-acs-signature-nonce": f"{id(self)}-{self.nonces}",
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        }
        if body:
            headers["content-type"] = "application/x-www-form-urlencoded"
        url = httpx.URL(f"http://{HOST}/", params=in_query)
        return httpx.Request(known["method"], url, headers=headers, content=body)

    def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request as it is."""

        async def answer() -> httpx.Response:
            async with httpx.AsyncClient(transport=EmulatorTransport(self.app)) as client:
                return await client.send(request)

        return asyncio.run(answer())

    def raw(self, action: str, **params: str | int) -> httpx.Response:
        """Send a correctly signed request."""
        return self.send(signed(self.request(action, params)))

    def call(self, action: str, **params: str | int) -> Fields:
        """Send a correctly signed request and return the answer of a success."""
        response = self.raw(action, **params)
        answer: Fields = response.json()
        assert response.status_code == 200, answer
        if action in CONTRACT:
            assert deviations(answer, CONTRACT[action]["response"]) == []
        return answer

    def refusal(self, action: str, **params: str | int) -> tuple[int, str]:
        """Status and code of a call that is refused."""
        return refusal(self.raw(action, **params))

    def create(self, document: Fields) -> str:
        """CreateWorkflowDefinition → the workflow's id."""
        spec = json.dumps(document)
        answer = self.call("CreateWorkflowDefinition", ProjectId=self.project, Spec=spec)
        return str(answer["Id"])

    def start(self, document: Fields, **params: str | int) -> Fields:
        """ImportWorkflowDefinition → the asynchronous job."""
        spec = json.dumps(document, ensure_ascii=False)
        answer = self.call("ImportWorkflowDefinition", ProjectId=self.project, Spec=spec, **params)
        job: Fields = answer["AsyncJob"]
        return job

    def job(self, job: Fields) -> tuple[str, str]:
        """Status and error of a job now."""
        status = self.call("GetJobStatus", JobId=job["Id"])["JobStatus"]
        return status["Status"], status["Error"]

    def load(self, document: Fields) -> str:
        """Import a document, expect success → the workflow's id."""
        job = self.start(document)
        assert self.job(job) == ("Success", "")
        return str(job["Response"])

    def failure(self, document: Fields) -> str:
        """Import a document, expect failure → the job's error."""
        status, error = self.job(self.start(document))
        assert status == "Fail"
        return error

    def document(self, workflow_id: str, content: bool = True) -> Fields:
        """GetWorkflowDefinition → the spec."""
        answer = self.call(
            "GetWorkflowDefinition", Id=workflow_id, IncludeScriptContent=str(content)
        )
        document: Fields = json.loads(answer["WorkflowDefinition"]["Spec"])
        return document

    def workflow(self, workflow_id: str) -> Fields:
        """GetWorkflowDefinition → the workflow object of the spec."""
        found: Fields = self.document(workflow_id)["spec"]["workflows"][0]
        return found

    def nodes(self, workflow_id: str) -> dict[str, Fields]:
        """GetWorkflowDefinition → the node objects by name."""
        return {node["name"]: node for node in self.workflow(workflow_id)["nodes"]}

    def names(self, **params: str | int) -> list[str]:
        """ListWorkflowDefinitions → the names on the page."""
        answer = self.call("ListWorkflowDefinitions", ProjectId=self.project, **params)
        return [item["Name"] for item in answer["PagingInfo"]["WorkflowDefinitions"]]


def signed(
    request: httpx.Request, key: tuple[str, str] = KEY, leave_out: tuple[str, ...] = ()
) -> httpx.Request:
    """The request with a signature over all the gateway's headers but those left out."""
    names = [
        name
        for name in request.headers
        if name in ("host", "content-type") or name.startswith("x-acs-")
    ]
    headers = {name: request.headers[name] for name in names if name not in leave_out}
    request.headers["authorization"] = acs3.authorization(
        *key,
        request.method,
        "/",
        list(request.url.params.multi_items()),
        headers,
        request.headers["x-acs-content-sha256"],
    )
    return request


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal, whose body has the gateway's five fields."""
    answer = response.json()
    assert set(answer) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert response.headers["x-acs-request-id"] == answer["RequestId"]
    return response.status_code, answer["Code"]


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "number": (int, float),
}


def deviations(value: Any, shape: Any, at: str = "$") -> list[str]:
    """Where an answer has a field or a type that the contract's response tree does not have."""
    if shape == "any":
        return []
    if isinstance(shape, str):
        right = isinstance(value, _TYPES[shape]) and (
            shape == "boolean" or not isinstance(value, bool)
        )
        return [] if right else [f"{at}: {value!r} is no {shape}"]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{at}: no list"]
        return [
            found
            for number, item in enumerate(value)
            for found in deviations(item, shape[0], f"{at}[{number}]")
        ]
    if not isinstance(value, dict):
        return [f"{at}: no object"]
    # A map of unknown keys is written as `{"*": shape of a value}`.
    shape = dict.fromkeys(value, shape["*"]) if "*" in shape else shape
    if "*" in shape:
        shape = dict.fromkeys(value, shape["*"])
    unknown = [f"{at}.{name}: unknown" for name in value if name not in shape]
    return unknown + [
        found
        for name in value
        if name in shape
        for found in deviations(value[name], shape[name], f"{at}.{name}")
    ]


def node(name: str, command: str = "DIDE_SHELL", **fields: Any) -> Fields:
    """A node as an author writes it, without an id."""
    content = {"content": f"echo {name}"} if command == "DIDE_SHELL" else {}
    return {
        "name": name,
        "script": {"path": f"team/flow/{name}", "runtime": {"command": command}, **content},
        "outputs": {"nodeOutputs": [{"data": f"{IDENTIFIER}.{name}"}]},
        **fields,
    }


def flow(*nodes: Fields, kind: str = "CycleWorkflow", **fields: Any) -> Fields:
    """A document with one workflow `team/flow`."""
    workflow = {
        "name": "flow",
        "script": {"path": "team/flow", "runtime": {"command": "WORKFLOW"}},
        "trigger": {"type": "Scheduler", "cron": "00 00 03 * * ?"},
        "nodes": list(nodes),
        **fields,
    }
    return {"version": "1.1.0", "kind": kind, "spec": {"workflows": [workflow]}}


def at(path: str, *nodes: Fields, kind: str = "CycleWorkflow", **fields: Any) -> Fields:
    """A document with one workflow at another path."""
    name = path.rpartition("/")[2]
    script = {"path": path, "runtime": {"command": "WORKFLOW"}}
    moved = [
        {**item, "script": {**item["script"], "path": f"{path}/{item['name']}"}} for item in nodes
    ]
    return flow(*moved, kind=kind, name=name, script=script, **fields)


A, B = "7000000000000000001", "7000000000000000002"
"""Ids as a client may choose them."""


def waits(entity: str, *outputs: str, **fields: Any) -> Fields:
    """A dependency of a workflow or node on some outputs."""
    return {"nodeId": entity, "depends": [{"output": data, **fields} for data in outputs]}


def upstreams(workflow: Fields) -> dict[str, list[tuple[str, str]]]:
    """Node name → type and output of each of its edges."""
    names = {item["id"]: item["name"] for item in workflow["nodes"]}
    return {
        names[edge["nodeId"]]: [(d["type"], d["output"]) for d in edge["depends"]]
        for edge in workflow["dependencies"]
    }
