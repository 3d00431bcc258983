"""Between FlowSpec documents and name space: what a document is, `from_wire`, `to_wire`, ids.

The few FlowSpec fields that mean identity or reference are named here and in `deployer.entities`; how
all other fields behave is said in the schema. A remote id never passes this module: `from_wire` takes
ids out, `to_wire` puts them in.
"""

import marshal
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from deployer import schema
from deployer.entities import (
    SELF,
    Index,
    Node,
    map_nodes,
    may_hold_nodes,
    to_ids,
    to_names,
    token,
    walk,
)
from deployer.fields import Field
from deployer.in_order import in_order
from deployer.model import Observed, Spec, Workflow
from deployer.normalise import (
    ORDER,
    computed_elements,
    digest,
    keyed,
    normalise,
    unkeyed,
)

KINDS = ("CycleWorkflow", "ManualWorkflow", "TriggerWorkflow")
WIRE_VERSION = "1.1.0"

_ID_OFFSET, _ID_RANGE = 10**18, 8 * 10**18
_PROJECT = "${projectIdentifier}"
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]+")
_OWN_EDGES = ("CrossCycleDependsOnSelf", "CrossCycleDependsOnChildren")


# --- what a document is ---------------------------------------------------------------------------


def foreign_reason(document: Mapping[str, Any]) -> str:
    """Why a document is not a workflow document; empty if it is one."""
    kind, spec = document.get("kind"), document.get("spec")
    if kind not in KINDS:
        return f"its kind is `{kind}`" if kind else "it has no `kind`"
    if not isinstance(spec, dict):
        return "it has no `spec` (1.0.0 documents keep their body at the top level)"
    if spec.get("workflows") or (kind == "ManualWorkflow" and spec.get("nodes")):
        return ""
    return "it has nothing in `spec.workflows`"


def is_flat(document: Mapping[str, Any]) -> bool:
    """Whether a manual workflow keeps its nodes directly under `spec`, as older exports do."""
    return not document["spec"].get("workflows")


def nested(document: dict[str, Any]) -> dict[str, Any]:
    """The document with its workflow in `spec.workflows[0]`; a flat manual workflow is moved there."""
    if not is_flat(document):
        return document
    body = document["spec"]
    path, name = _flat_address(body)
    workflow = {key: body[key] for key in ("id", "owner", "description", "strategy") if key in body}
    workflow |= {"name": name, "script": {"path": path}}
    if body.get("variables"):
        workflow["script"]["parameters"] = body["variables"]
    workflow["nodes"] = [_in_folder(node, path) for node in body["nodes"]]
    workflow["dependencies"] = [*(body.get("flow") or []), *(body.get("dependencies") or [])]
    envelope = {key: value for key, value in document.items() if key != "spec"}
    return {**envelope, "spec": {"name": name, "workflows": [workflow]}}


def _flat_address(body: Mapping[str, Any]) -> tuple[str, str]:
    """Path and name of a flat manual workflow: its nodes lie in a folder named after it."""
    first = (body["nodes"][0].get("script") or {}).get("path") or ""
    folder = posixpath.dirname(first)
    name = body.get("name") or posixpath.basename(folder)
    return (folder if posixpath.basename(folder) == name else posixpath.join(folder, name)), name


def _in_folder(node: Node, folder: str) -> Node:
    """A flat node with the path that it has inside the workflow, wherever it lay before."""
    path = f"{folder}/{node.get('name', '')}"
    return {**node, "script": {**(node.get("script") or {}), "path": path}}


# --- documents in ---------------------------------------------------------------------------------


def edges_key(holder: Node) -> str:
    """Where a workflow or sub-process keeps its edges: `flow` counts while `dependencies` is empty."""
    return "flow" if holder.get("flow") and not holder.get("dependencies") else "dependencies"


def lift(document: dict[str, Any]) -> tuple[Spec, dict[str, str]]:
    """A nested document as keyed spec in name space, and reference → id for the ids that it held."""
    body = document["spec"]
    # `type` repeats the kind of the document, and only 2.x documents print it.
    workflow = {key: value for key, value in body["workflows"][0].items() if key != "type"}
    entities = {reference: node for reference, _, node in walk(workflow)}
    ids = _ids(workflow, body, entities)
    index = Index({i: r for r, i in ids.items()}, entities.keys(), workflow.get("name") or "")
    edges = workflow.get(edges_key(workflow)) or []
    workflow.pop("flow", None)
    own = [_of_workflow(edge, workflow.get("name")) for edge in _own_edges(body)]
    if own or edges or "dependencies" in workflow:
        workflow["dependencies"] = [*edges, *own]
    bare = map_nodes(_without_id("", workflow), _without_id)
    named = to_names(bare, schema.workflow(), index)
    return keyed(_tidy_edges(named), schema.workflow()), ids


def _own_edges(body: Mapping[str, Any]) -> list[Any]:
    """What the workflow itself waits for: `flow` of version 1, `dependencies` of version 2."""
    return [*(body.get("flow") or []), *(body.get("dependencies") or [])]


def _of_workflow(edge: Any, name: str | None) -> Any:
    """An own edge that names the workflow, which one of its nodes may be called as well."""
    if isinstance(edge, dict) and name and edge.get("nodeId") == name:
        return {**edge, "nodeId": token(SELF)}
    return edge


def _ids(workflow: Node, body: Mapping[str, Any], entities: Mapping[str, Node]) -> dict[str, str]:
    ids = {SELF: workflow.get("id") or body.get("id")}
    ids |= {reference: node.get("id") for reference, node in entities.items()}
    return {reference: identity for reference, identity in ids.items() if identity}


def _without_id(_: str, holder: Node) -> Node:
    return {key: value for key, value in holder.items() if key != "id"}


def _tidy_edges(value: Any) -> Any:
    """One entry per entity in every edge list, upstreams told by output, own edges complete."""
    if isinstance(value, list):
        return [_tidy_edges(item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {
        key: _tidy_edges(item) if may_hold_nodes(key) else item for key, item in value.items()
    }
    for key in ("dependencies", "flow"):
        if isinstance(result.get(key), list):
            result[key] = _merged_edges(result[key])
    return result


def _merged_edges(edges: list[Any]) -> list[Any]:
    by_entity: dict[str, Node] = {}
    others = []
    for edge in edges:
        if not isinstance(edge, dict) or not isinstance(edge.get("nodeId"), str):
            others.append(edge)
            continue
        entry = by_entity.setdefault(edge["nodeId"], {})
        upstreams = [_tidy_upstream(item, edge["nodeId"]) for item in edge.get("depends") or []]
        entry.update({**edge, "depends": [*entry.get("depends", []), *upstreams]})
    return [*filter(_says_something, by_entity.values()), *others]


def _says_something(edge: Node) -> bool:
    """Whether an entry names an upstream: one without any is the same as none."""
    return any(value for key, value in edge.items() if key != "nodeId")


def _tidy_upstream(upstream: Any, entity: str) -> Any:
    """An upstream told by `nodeId` is that node's own output; an edge to oneself names itself."""
    if not isinstance(upstream, dict):
        return upstream
    rest = {key: value for key, value in upstream.items() if key not in ("nodeId", "output")}
    own = entity if upstream.get("type") in _OWN_EDGES else upstream.get("nodeId")
    output = upstream.get("output") or own
    return {**rest, "output": output} if output else upstream


class Live(NamedTuple):
    """A live workflow as its answer was read: ids as in `Observed`, fields in the order of the answer."""

    workflow: Workflow
    ids: dict[str, str]
    identifier: str


def read_live(document: dict[str, Any]) -> Live:
    """A workflow as the service returns it, in name space, and no more: enough to see that it agrees."""
    spec, ids = lift(nested(document))
    name = spec.get("name") or ""
    path = (spec.get("script") or {}).get("path") or name
    workflow = Workflow(path=path, name=name, kind=document["kind"], spec=spec)
    return Live(workflow, ids, _identifier_of(document))


def from_wire(document: dict[str, Any]) -> Observed:
    """A live workflow as the service returns it, in name space, with the ids of its parts."""
    return observed(read_live(document))


def observed(live: Live) -> Observed:
    """The same of what was read already.

    What it happens to be ordered by is nowhere seen: nodes and fields come in the order of their names.
    """
    found, ids, identifier = live
    workflow = replace(found, spec=in_order(found.spec))
    form = comparable(workflow, identifier)
    return Observed(workflow, ids, comparable=form, fingerprint=digest(form), identifier=identifier)


def comparable(workflow: Workflow, identifier: str = "") -> Spec:
    """Everything that counts about a workflow, the same however it was spelled.

    A service may or may not resolve the placeholder of the project (docs/service.md U-30).
    """
    return resolved(normalise(workflow.spec, schema.workflow(), workflow.kind), identifier)


def resolved(spec: Spec, identifier: str) -> Spec:
    """A spec in which the placeholder of the project in outputs and references is its identifier.

    In a script it is text like any other: the service does not know it there.
    """
    # Not `canonical`, whose order nobody needs here: five times faster.
    if not identifier or _PROJECT.encode() not in marshal.dumps(spec):
        return spec
    found: Spec = _resolved(spec, schema.workflow(), identifier)
    return found


def _resolved(value: Any, field: Field | None, identifier: str) -> Any:
    if field is None:
        return value
    if isinstance(value, dict) and field.merge_key:
        return {
            key.replace(_PROJECT, identifier): (
                [each.replace(_PROJECT, identifier) for each in item]
                if key == ORDER
                else _resolved(item, field.items, identifier)
            )
            for key, item in value.items()
        }
    if isinstance(value, dict):
        return {k: _resolved(v, field.property(k), identifier) for k, v in value.items()}
    if isinstance(value, list):
        return [_resolved(item, field.items, identifier) for item in value]
    named = isinstance(value, str) and field.reference
    return value.replace(_PROJECT, identifier) if named else value


def _identifier_of(document: Mapping[str, Any]) -> str:
    """The identifier of the project, as the service says it in what it computed; empty if it does not."""
    place: Any = document["spec"]["workflows"][0] if document["spec"].get("workflows") else {}
    for key in ("metadata", "project", "projectIdentifier"):
        place = place.get(key) if isinstance(place, dict) else None
    return place if isinstance(place, str) and _IDENTIFIER.fullmatch(place) else ""


# --- documents out --------------------------------------------------------------------------------


def to_wire(
    workflow: Workflow, ids: Mapping[str, str], freed: Iterable[str] = ()
) -> dict[str, Any]:
    """The document to import: version 1.1.0, one nested workflow, every known id in its place.

    An entity without an id is referred to by its name. The entities `freed` wait for nothing any more,
    which is said so that it also holds where the service merges (docs/service.md U-32).
    """
    body: Node = unkeyed(workflow.spec, schema.workflow())
    names = {reference: reference.rpartition("/")[2] for reference, _, _ in walk(body)}
    known = {SELF: workflow.name, **names, **ids}
    empty = [{"nodeId": entity, "depends": []} for entity in freed]
    edges = [*(body.get("dependencies") or []), *empty]
    own = [edge for edge in edges if edge.get("nodeId") == token(SELF)]
    if "dependencies" in body or edges:
        body["dependencies"] = [edge for edge in edges if edge.get("nodeId") != token(SELF)]

    def identified(reference: str, holder: Node) -> Node:
        return {"id": ids[reference], **holder} if reference in ids else holder

    place = schema.workflow()
    object_ = to_ids(map_nodes(identified(SELF, body), identified), place, known)
    flow = to_ids(own, place.property("dependencies"), known)
    spec = {"name": workflow.name, "type": workflow.kind, "workflows": [object_], "flow": flow}
    return {"version": WIRE_VERSION, "kind": workflow.kind, "spec": identified(SELF, spec)}


def shell(workflow: Workflow, identity: str) -> dict[str, Any]:
    """The document that creates a workflow without its nodes and edges, with that id if there is one."""
    outline = {k: v for k, v in workflow.spec.items() if k not in ("nodes", "dependencies")}
    empty = Workflow(path=workflow.path, name=workflow.name, kind=workflow.kind, spec=outline)
    return to_wire(empty, {SELF: identity} if identity else {})


# --- identity -------------------------------------------------------------------------------------


def references(spec: Spec) -> list[str]:
    """The reference of the workflow and of every node in a keyed spec."""
    return [SELF, *(reference for reference, _, _ in walk(unkeyed(spec, schema.workflow())))]


def derived_id(*parts: str) -> str:
    """A stable 19-digit id below 2^63 for an object that does not exist yet (docs/service.md B-20)."""
    import hashlib  # loads OpenSSL, and validate derives no id

    seed = hashlib.sha256("\0".join(parts).encode()).digest()
    return str(_ID_OFFSET + int.from_bytes(seed[:16], "big") % _ID_RANGE)


def with_unmanaged(desired: Spec, live: Spec) -> tuple[Spec, tuple[str, ...]]:
    """`desired` with the live-only nodes of the workflow and their edges, and those nodes' names.

    Where the service found edges by itself, the one that waits has an entry for them too.
    """
    wanted, found = desired.get("nodes") or {}, live.get("nodes") or {}
    names = tuple(name for name in found if name not in wanted)
    edges = desired.get("dependencies") or {}
    place = schema.workflow().at(("dependencies", 0))
    kept = {}
    for entity, edge in (live.get("dependencies") or {}).items():
        if entity in {token(name) for name in names}:
            kept[entity] = edge
        elif entity not in edges and place and computed_elements(edge, place):
            kept[entity] = {"nodeId": edge.get("nodeId"), "depends": {}}
    if names:
        desired = {**desired, "nodes": {**wanted, **{name: found[name] for name in names}}}
    if kept:
        desired = {**desired, "dependencies": {**edges, **kept}}
    return desired, names


# --- edges between workflows ----------------------------------------------------------------------


def produced(spec: Spec) -> set[str]:
    """The named outputs of a keyed spec: of the workflow and of its nodes."""
    holders = [spec, *(spec.get("nodes") or {}).values()]
    return {
        output["data"]
        for holder in holders
        for output in ((holder.get("outputs") or {}).get("nodeOutputs") or {}).values()
        if isinstance(output, dict) and output.get("data")
    }


def consumed(spec: Spec) -> set[str]:
    """The outputs that a keyed spec waits for in the same cycle; own entities appear as `{{…}}`."""
    return {
        upstream["output"]
        for edge in (spec.get("dependencies") or {}).values()
        for upstream in (edge.get("depends") or {}).values()
        if isinstance(upstream, dict)
        and upstream.get("output")
        and upstream.get("type", "Normal") == "Normal"
    }
