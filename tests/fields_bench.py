"""An emulated workspace in which workflows are planned, applied and edited behind the service's back."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from itertools import count
from pathlib import Path
from sqlite3 import Connection
from typing import Any, TypeVar

import httpx

from deployer import rules, schema
from deployer.apply import apply
from deployer.cli.connect import EMULATOR_ENDPOINT, EMULATOR_KEY
from deployer.desired import from_manifest
from deployer.emulator import Switches, VirtualClock, create_app, rows
from deployer.model import Change, Manifest, Outcome, Plan, Target, Workflow
from deployer.observe import find, read
from deployer.plan import change
from deployer.remote.workspace import Remote
from deployer.rules import Subject
from deployer.transport.client import Client
from deployer.transport.credentials import Credentials
from deployer.writer import Writer
from tests.fields_samples import Object, document

TARGET = Target(name="test", project="424242", project_identifier="sales_dev")

SOME = {"some": "object"}
"""Stands for any object in a difference."""

Difference = tuple[str, Any, Any]
Result = TypeVar("Result")


class Silent:
    """Progress that nobody watches."""

    def step(self, address: str, text: str) -> None: ...

    def ended(self, outcome: Outcome) -> None: ...


class Bench:
    """A workspace in memory, shared by many workflows; one event loop."""

    def __init__(self, switches: Switches) -> None:
        self._runner = asyncio.Runner()
        self._numbers = count()
        self._ids: dict[str, str] = {}
        clock = VirtualClock()

        async def sleep(seconds: float) -> None:
            clock.advance(seconds)

        self._app = create_app(
            ":memory:",
            project=TARGET.project,
            project_identifier=TARGET.project_identifier,
            credentials=EMULATOR_KEY,
            clock=clock,
            switches=switches,
        )
        self._client = Client(
            EMULATOR_ENDPOINT,
            lambda: Credentials(*EMULATOR_KEY),
            transport=httpx.ASGITransport(self._app),
            sleep=sleep,
            clock=clock,
            now=clock,
        )
        self._run(self._client.__aenter__())
        self._remote = Remote(self._client, TARGET.project)
        self._writer = Writer(self._remote, Silent(), settle=0.0, sleep=sleep, clock=clock)

    def close(self) -> None:
        """Close the client, the database and the loop."""
        self._run(self._client.__aexit__(None, None, None))
        self._app.close()
        self._runner.close()

    def _run(self, main: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(main)

    def new_name(self) -> str:
        """A name that no workflow here has."""
        return f"workflow_{next(self._numbers)}"

    def plan(self, wanted: Workflow) -> Change:
        """What would bring the workspace to the desired state."""

        async def main() -> Change:
            identity = await self._identity(wanted)
            return change(wanted, await read(identity, self._remote) if identity else None)

        return self._run(main())

    async def _identity(self, wanted: Workflow) -> str:
        if wanted.path not in self._ids:
            self._ids[wanted.path] = await find(wanted, self._remote)
        return self._ids[wanted.path]

    def apply(self, planned: Change) -> list[Difference]:
        """Carry out a plan; what a plan made after it finds, which should be nothing."""
        plan = Plan(target=TARGET.name, project=TARGET.project, changes=(planned,))
        outcome = self._run(apply(plan, self._writer)).outcomes[0]
        if planned.before is None:
            del self._ids[planned.address]
        assert outcome.status == "done", outcome.error
        assert planned.desired is not None
        return differences(self.plan(planned.desired))

    def edit(self, wanted: Workflow, edit: Callable[[Object], Object]) -> None:
        """Change the rows of a live workflow, seen as one object, in the database itself."""
        identity = self._run(self._identity(wanted))
        with self._app.engine.store.transaction() as db:
            row = rows.workflow(db, identity)
            assert row is not None
            _store(db, row, edit(_stored(db, row)))


def desired(body: Object, kind: str) -> Workflow:
    """The workflow that a manifest asks for, which passes the schema and every rule that must hold."""
    manifest = Manifest(Path("flow.yaml").name, Path("flow.yaml"), document(body, kind))
    told = rules.inside(Subject(manifest, TARGET))
    errors = [one.finding for one in told if one.info.fixed and one.info.severity == "error"]
    problems = [*schema.check(manifest.document), *errors]
    assert not problems, problems
    return from_manifest(manifest, TARGET)


def differences(planned: Change) -> list[Difference]:
    """The differences of a plan, without what objects hold that come or go as a whole."""
    found = [(one.path, _brief(one.before), _brief(one.after)) for one in planned.fields]
    assert planned.action == ("update" if found else "unchanged"), planned
    return sorted(found, key=lambda difference: difference[0])


def _brief(value: Any) -> Any:
    return SOME if isinstance(value, dict) else value


# --- rows as one object -----------------------------------------------------------------------------


def _stored(db: Connection, row: rows.Workflow) -> Object:
    """The rows of a workflow in the shape of a workflow object."""
    nodes = rows.nodes(db, row.id)
    edges: dict[str, Object] = {}
    for edge in rows.edges(db, row.id):
        entry = edges.setdefault(edge.entity, {"nodeId": edge.entity, "depends": []})
        entry["depends"].append({"type": edge.type, "output": edge.output, **edge.body})
    for node in nodes:
        if "variableDepends" in node.spec:
            entry = edges.setdefault(node.id, {"nodeId": node.id, "depends": []})
            entry["variableDepends"] = node.spec["variableDepends"]
    return {
        **_entity(row),
        "owner": row.owner,
        "nodes": [{**_entity(node), "id": node.id} for node in nodes],
        "dependencies": list(edges.values()),
    }


def _entity(row: rows.Workflow | rows.Node) -> Object:
    script = {**row.spec.get("script", {}), "path": row.path}
    return {**row.spec, "name": row.name, "script": script}


def _store(db: Connection, row: rows.Workflow, body: Object) -> None:
    """Bring the rows of a workflow to what the object says."""
    own = {k: v for k, v in body.items() if k not in ("owner", "nodes", "dependencies")}
    rows.save(db, replace(row, owner=body["owner"], spec=_fields(own)))
    variables = {edge["nodeId"]: edge.get("variableDepends") for edge in body["dependencies"]}
    held = {node.id: node for node in rows.nodes(db, row.id)}
    for node in body["nodes"]:
        spec = {k: v for k, v in _fields(node).items() if k not in ("id", "variableDepends")}
        if variables.get(node["id"]):
            spec["variableDepends"] = variables[node["id"]]
        path = node["script"]["path"]
        rows.save(db, replace(held[node["id"]], name=node["name"], path=path, spec=spec))
        rows.replace_edges(db, node["id"], [])
    for edge in body["dependencies"]:
        rows.replace_edges(db, edge["nodeId"], [_edge(row, edge, one) for one in edge["depends"]])


def _fields(entity: Object) -> Object:
    script = {key: value for key, value in entity["script"].items() if key != "path"}
    return {**{key: value for key, value in entity.items() if key != "name"}, "script": script}


def _edge(row: rows.Workflow, edge: Object, one: Object) -> rows.Edge:
    body = {key: value for key, value in one.items() if key not in ("type", "output")}
    return rows.Edge(row.id, edge["nodeId"], one["type"], one["output"], body)
