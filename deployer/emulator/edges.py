"""What waits for what: the dependencies of a document → the edges of its workflow and nodes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from deployer.emulator import failures, rows
from deployer.emulator.failures import SpecError
from deployer.emulator.identities import Identities
from deployer.emulator.reading import Draft, Fields
from deployer.emulator.world import World, project_identifier, resolved

Edges = Mapping[str, Sequence[Fields]]
"""The `dependency` objects of each workflow or node, by stored id."""

_SELF = ("CrossCycleDependsOnSelf", "CrossCycleDependsOnChildren")
_PLACE = ("spec", "workflows", 0, "dependencies")


def sent(known: Identities, draft: Draft, entities: Iterable[str]) -> Edges:
    """Return what a document says, with stored ids and outputs.

    Every entity of the document is there, so that one without dependencies loses those it had.
    """
    found: dict[str, list[Fields]] = defaultdict(list)
    found.update({entity: [] for entity in entities})
    for edge in draft.edges:
        depends = [_depend(known, depend) for depend in edge.get("depends", ())]
        entity = known.entity(edge.get("nodeId", ""))
        found[entity].append({**known.followed(edge), "depends": depends})
    return found


def save(world: World, project: int, target: str, edges: Edges) -> set[str]:
    """Store the edges of a workflow, entity by entity; raises SpecError for an unknown entity.

    Returns the entities that wait for something else now. What a node waits for is part of it: its
    ModifyTime moves (docs/service.md B-48).
    """
    before = _waits(world, target)
    entities = {target, *(node.id for node in rows.nodes(world.db, target))}
    merging = world.switches.import_fields == "merge"
    for entity, groups in edges.items():
        if entity not in entities:
            raise SpecError(failures.TARGET_MISSING, f"target entity not found: {entity}", _PLACE)
        if groups or not merging:
            depends = [depend for group in groups for depend in group["depends"]]
            found = [_edge(target, entity, depend) for depend in depends]
            rows.replace_edges(world.db, entity, _allowed(world, project, found))
    after = _waits(world, target)
    moved = {entity for entity in edges if before.get(entity) != after.get(entity)}
    rows.touch_nodes(world.db, moved, world.now)
    return moved


def producer(world: World, project: int, output: str) -> str:
    """Return the id of the workflow or node that has an output, empty when nobody has it."""
    text = resolved(world, project, output)
    found = rows.producer(world.db, text)
    prefix = f"{project_identifier(world, project)}."
    if not found and world.switches.default_output != "id" and text.startswith(prefix):
        return rows.named(world.db, project, text.removeprefix(prefix))
    return found


def _waits(world: World, target: str) -> dict[str, list[rows.Edge]]:
    found: dict[str, list[rows.Edge]] = defaultdict(list)
    for edge in rows.edges(world.db, target):
        found[edge.entity].append(edge)
    return dict(found)


def _depend(known: Identities, depend: Fields) -> Fields:
    # An upstream named by id or name means its default output.
    found: Fields = known.followed({key: depend[key] for key in depend if key != "nodeId"})
    if "output" not in found and "nodeId" in depend:
        found["output"] = known.entity(depend["nodeId"])
    return found


def _edge(workflow_id: str, entity: str, depend: Fields) -> rows.Edge:
    body: Fields = {key: depend[key] for key in ("refTableName", "sourceType") if key in depend}
    kind = depend["type"]
    output = depend.get("output", "")
    if not output and kind in _SELF:
        output = entity
    if not output:
        raise SpecError(failures.INVALID, "a dependency has no output", _PLACE)
    return rows.Edge(workflow_id, entity, kind, output, body)


def _allowed(world: World, project: int, edges: list[rows.Edge]) -> list[rows.Edge]:
    policy = world.switches.unknown_output
    if policy == "keep":
        return edges
    root = f"{project_identifier(world, project)}_root"
    unknown = [
        edge
        for edge in edges
        if resolved(world, project, edge.output) != root
        and not producer(world, project, edge.output)
    ]
    if unknown and policy == "fail":
        raise SpecError(
            failures.TARGET_MISSING,
            f"output name of the dependent ancestor node does not exist: {unknown[0].output}",
            _PLACE,
        )
    return [edge for edge in edges if edge not in unknown]
