"""Rules that need one document only."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from deployer import schema
from deployer.desired import leaves_output_open
from deployer.entities import Node
from deployer.fields import Field
from deployer.flowspec import is_flat
from deployer.model import Pointer
from deployer.rules.subject import DocumentRule, Finding, Rule, Subject, near


def outputs_can_be_named(subject: Subject) -> Iterator[Finding]:
    """An output that is left out is named after the workspace."""
    if subject.target.project_identifier:
        return
    for pointer, node in subject.nodes:
        if leaves_output_open(node):
            yield Finding(
                (*pointer, "name"),
                f"`{node['name']}` declares no output, and the target has no `projectIdentifier` "
                "to name one by",
                "add `projectIdentifier` to the target in `deployer.yaml`",
            )
            return


def unique_node_names(subject: Subject) -> Iterator[Finding]:
    """A node is known by its name."""
    seen = set()
    for reference, pointer, _ in subject.entities:
        if reference in seen:
            name = reference.rpartition("/")[2]
            yield Finding((*pointer, "name"), f"two nodes are named `{name}`", "rename one of them")
        seen.add(reference)


def known_dependents(subject: Subject) -> Iterator[Finding]:
    """`nodeId` of a dependency is the node that waits; one that names nothing is lost silently."""
    known = {reference for reference, _, _ in subject.entities}
    known |= {node["id"] for _, _, node in subject.entities if node.get("id")}
    known |= {subject.workflow["name"], subject.workflow.get("id", "")}
    for pointer, edge in subject.edges:
        if edge["nodeId"] not in known:
            yield _unknown_dependent((*pointer, "nodeId"), edge, known)
    body = subject.manifest.document["spec"]
    for pointer, edge in subject.own_edges:
        if edge["nodeId"] not in known | {body.get("id")}:
            finding = _unknown_dependent((*pointer, "nodeId"), edge, known)
            yield replace(finding, in_document=True)


def _unknown_dependent(pointer: Pointer, edge: Node, known: set[str]) -> Finding:
    message = f"`{edge['nodeId']}` is no node of this workflow"
    return Finding(pointer, message, near(edge["nodeId"], known))


def no_cycle(subject: Subject) -> Iterator[Finding]:
    """Nodes that wait for each other in the same cycle never start."""
    ids = {node["id"]: node["name"] for _, node in subject.nodes if node.get("id")}
    makers = {output: name for name, output in subject.output_of_node.items()}
    makers |= {name: name for name in subject.output_of_node} | ids
    waits: dict[str, list[str]] = {}
    places: dict[str, Pointer] = {}
    for name, pointer, wanted in subject.upstreams():
        if wanted in makers:
            waits.setdefault(makers.get(name, name), []).append(makers[wanted])
            places.setdefault(makers.get(name, name), pointer)
    cycle = shortest_cycle(waits)
    if cycle:
        yield Finding(places[cycle[0]], f"cycle: {' -> '.join(cycle)}", "remove one of the edges")


def shortest_cycle(waits: Mapping[str, list[str]]) -> list[str]:
    """The shortest cycle of a graph as names, first repeated at the end; empty if there is none."""
    best: list[str] = []
    for start in sorted(waits):
        cycle = _way_back(start, waits)
        if cycle and (not best or len(cycle) < len(best)):
            best = cycle
    return best


def _way_back(start: str, waits: Mapping[str, list[str]]) -> list[str]:
    came_from = {start: ""}
    queue = [start]
    for name in queue:
        for upstream in waits.get(name, []):
            if upstream == start:
                return [*_trail(name, came_from), start]
            if upstream not in came_from:
                came_from[upstream] = name
                queue.append(upstream)
    return []


def _trail(name: str, came_from: Mapping[str, str]) -> list[str]:
    trail = []
    while name:
        trail.append(name)
        name = came_from[name]
    return trail[::-1]


def path_ends_with_name(subject: Subject) -> Iterator[Finding]:
    """The service refuses a path whose last part is not the name (docs/service.md B-30)."""
    holders = [((), subject.workflow), *((pointer, node) for _, pointer, node in subject.entities)]
    for pointer, holder in holders:
        path = (holder.get("script") or {}).get("path")
        if not path or _free_path(subject, pointer):
            continue
        place = (*pointer, "script", "path")
        *folders, last = path.split("/")
        if last != holder["name"]:
            message = f"the path ends with `{last}`, the name is `{holder['name']}`"
            yield Finding(place, message, "let the last part of `script.path` be the name")
        elif "" in folders:
            message = f"the path `{path}` has a folder without a name"
            yield Finding(place, message, "write folders and name with one `/` between them")


def _free_path(subject: Subject, pointer: Pointer) -> bool:
    return bool(pointer) and is_flat(subject.manifest.document)


def no_renames(subject: Subject) -> Iterator[Finding]:
    """Not carried out yet: a plan would make a second object under the new name."""
    holders = [((), subject.manifest.document), *((p, node) for _, p, node in subject.entities)]
    for pointer, holder in holders:
        if (holder.get("deployer") or {}).get("movedFrom"):
            yield Finding(
                (*pointer, "deployer", "movedFrom"),
                "`movedFrom` is not supported by this version and has no effect",
                "rename it in the console, then write the new name and remove `movedFrom`",
                in_document=not pointer,
            )


def no_silencing(subject: Subject) -> Iterator[Finding]:
    """`deployer.silence` is for rules that later versions bring."""
    if (subject.manifest.document.get("deployer") or {}).get("silence"):
        message = "`silence` is not supported by this version and has no effect"
        yield Finding(("deployer", "silence"), message, in_document=True)


def no_old_references(subject: Subject) -> Iterator[Finding]:
    """Version 1.0.0 wrote `{{id}}` for an entry of a shared list; import does not follow that."""
    for pointer, text in _references(subject.workflow, schema.workflow(), ()):
        if text.startswith("{{"):
            message = f"`{text}` is a reference of version 1.0.0"
            yield Finding(pointer, message, "write the name of the node or of its output")


def _references(value: Any, field: Field | None, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    """The texts that may stand for an entity, with their places."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _references(item, field.property(key) if field else None, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _references(item, field.items if field else None, (*at, index))
    elif isinstance(value, str) and field is not None and field.reference:
        yield at, value


DOCUMENT_RULES: tuple[DocumentRule, ...] = (
    Rule("DW004", "error", "the workspace's name is known where it is used", outputs_can_be_named),
    Rule("DW090", "error", "renames are not carried out yet", no_renames),
    Rule("DW090", "warning", "no rule can be silenced yet", no_silencing),
    Rule("DW102", "error", "node names are unique", unique_node_names),
    Rule("DW104", "error", "a dependency belongs to a node of this workflow", known_dependents),
    Rule("DW106", "error", "no node waits for itself in the same cycle", no_cycle),
    Rule("DW107", "error", "a path ends with the name", path_ends_with_name),
    Rule("DW108", "error", "nothing refers to shared lists", no_old_references),
)
