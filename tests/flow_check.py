"""What a workspace holds, told by the emulator's database, and whether that is what was promised.

Nothing here asks the deployer. A state is read as the row's service would show it once all reads have
caught up; the effect log says who wrote.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deployer.emulator import Emulator, rows, writing
from deployer.emulator.world import PLACEHOLDER, Call, World, project_identifier, resolved
from tests.strategies import Document

Object = dict[str, Any]

ALIASES = {"flink": "flink_serverless"}
"""Values that the service shows in other words (U-11)."""

DEFAULTS = {"recurrence": "Normal", "rerunTimes": 0}
"""What a removed field of a node is then."""

TRUTHS = (
    "nothing was written",
    "created empty",
    "the import was carried out",
    "in part",
    "is not known",
    "as it was",
    "is gone",
)
"""Every failure says one of these about what was written."""

WITH_ANSWER = frozenset({1, 4, 5, 7})
"""The exit codes of failures that tell what was written."""


@dataclass(frozen=True, slots=True)
class Held:
    """A workflow in the database: its own fields, its nodes by name, what each waits for."""

    id: str
    kind: str
    path: str
    body: Object
    nodes: Mapping[str, Object]
    waits: Mapping[str, list[tuple[str, str]]]
    names: tuple[str, ...]


def held(app: Emulator, project: int) -> list[Held]:
    """Every workflow of a project."""
    engine = app.engine
    with engine.store.reading() as db:
        world = engine.world(db, Call())
        world = replace(world, switches=replace(world.switches, read_lag="none"))
        found = db.execute("SELECT * FROM workflow WHERE project = ? ORDER BY id", (project,))
        return [_held(world, rows.as_workflow(row)) for row in found.fetchall()]


def _held(world: World, workflow: rows.Workflow) -> Held:
    nodes = writing.node_objects(world, workflow)
    if world.switches.placeholder == "resolved_on_read":
        text = json.dumps(nodes).replace(PLACEHOLDER, project_identifier(world, workflow.project))
        nodes = json.loads(text)
    names = {workflow.id: ".", **{node["id"]: node["name"] for node in nodes}}
    waits: dict[str, list[tuple[str, str]]] = {}
    for edge in rows.edges(world.db, workflow.id):
        output = resolved(world, workflow.project, names.get(edge.output, edge.output))
        waits.setdefault(names[edge.entity], []).append((edge.type, output))
    return Held(
        workflow.id,
        workflow.kind,
        workflow.path,
        writing.workflow_object(world, workflow),
        {node["name"]: _sorted_outputs(node) for node in nodes},
        {name: sorted(found) for name, found in waits.items()},
        tuple(node["name"] for node in nodes),
    )


def _sorted_outputs(node: Object) -> Object:
    """A node with each output once, by name: their order means nothing and follows the spelling."""
    outputs = node.get("outputs") or {}
    found: dict[str, Object] = {}
    for output in sorted(outputs.get("nodeOutputs") or [], key=lambda one: bool(one["isDefault"])):
        found[output["data"]] = {**found.get(output["data"], {}), **output}
    return {**node, "outputs": {**outputs, "nodeOutputs": [found[data] for data in sorted(found)]}}


def duplicates(found: list[Held]) -> list[str]:
    """Paths of several workflows, and names that several nodes of one workflow have."""
    paths = Counter(one.path for one in found)
    nodes = Counter((one.path, name) for one in found for name in one.names)
    twice = [path for path, count in paths.items() if count > 1]
    return twice + [f"{path}/{name}" for (path, name), count in nodes.items() if count > 1]


def lost(before: list[Held], after: list[Held], documents: tuple[Document, ...]) -> list[str]:
    """What was there, is in no document, and is not there as it was."""
    named = {path_of(document): nodes_of(document) for document in documents}
    now = {one.id: one for one in after}
    found = []
    for one in before:
        new = now.get(one.id)
        if new is None or (one.path not in named and new != one):
            found.append(one.path)
        elif one.path in named:
            found += _lost_nodes(one, new, set(named[one.path]))
    return found


def _lost_nodes(old: Held, new: Held, managed: set[str]) -> Iterator[str]:
    for name in set(old.nodes) - managed:
        was = (old.nodes[name], old.waits.get(name))
        if was != (new.nodes.get(name), new.waits.get(name)):
            yield f"{old.path}/{name}: {was} became {new.nodes.get(name), new.waits.get(name)}"


def missing(found: list[Held], document: Document, identifier: str) -> list[str]:
    """What an author wrote and the workspace does not hold."""
    here = [one for one in found if one.path == path_of(document)]
    if len(here) != 1:
        return [f"{len(here)} workflows at {path_of(document)}"]
    one, body = here[0], document["spec"]["workflows"][0]
    own = {key: value for key, value in body.items() if key != "nodes"}
    problems = [] if one.kind == document["kind"] else ["kind"]
    problems += _differs(own, one.body, "", identifier)
    for name, node in nodes_of(document).items():
        if name not in one.nodes:
            problems.append(name)
            continue
        problems += _differs(node, one.nodes[name], name, identifier)
        if "dependsOn" in node:
            problems += _edges(name, node["dependsOn"], one, body, identifier)
    return problems


def _edges(name: str, wanted: list[Any], one: Held, body: Object, identifier: str) -> list[str]:
    siblings = {node["name"] for node in body["nodes"]}
    expected = sorted(
        ("Normal", f"{identifier}.{item}" if item in siblings else item) for item in wanted
    )
    live = one.waits.get(name, [])
    return [] if live == expected else [f"{name} waits for {live}, not {expected}"]


def _differs(sent: Any, live: Any, at: str, identifier: str) -> list[str]:
    """Where the live value does not hold what was sent; further live fields do not count."""
    if isinstance(sent, dict):
        fields = live if isinstance(live, dict) else {}
        return [
            problem
            for key, value in sent.items()
            if key not in ("dependsOn", "deployer")
            for problem in _differs(value, fields.get(key), f"{at}.{key}", identifier)
        ]
    if isinstance(sent, list):
        return _list_differs(sent, live, at, identifier)
    if sent is None or sent == "":
        default = DEFAULTS.get(at.rpartition(".")[2])
        return [] if not live or live == default else [f"{at}: {live!r} is still there"]
    same = [sent, ALIASES.get(sent, sent) if isinstance(sent, str) else sent]
    shown = live.replace(PLACEHOLDER, identifier) if isinstance(live, str) else live
    return [] if shown in same else [f"{at}: {live!r}, not {sent!r}"]


def _list_differs(sent: list[Any], live: Any, at: str, identifier: str) -> list[str]:
    elements = live if isinstance(live, list) else []
    problems = []
    for number, item in enumerate(sent):
        place = f"{at}[{number}]"
        close = sorted((_differs(item, one, place, identifier) for one in elements), key=len)
        problems += close[0] if close else [f"{place} is missing"]
    return problems


def path_of(document: Document) -> str:
    """Where a document wants its workflow."""
    return str(document["spec"]["workflows"][0]["script"]["path"])


def nodes_of(document: Document) -> dict[str, Object]:
    """The nodes that a document names."""
    return {node["name"]: node for node in document["spec"]["workflows"][0].get("nodes") or []}
