"""How a sent workflow or node becomes a row: replaced or merged, with defaults and outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from deployer.emulator import defaults, failures, reading, rows, writing
from deployer.emulator.failures import SpecError
from deployer.emulator.identities import Identities
from deployer.emulator.reading import Draft, Fields, NodeDraft
from deployer.emulator.world import ACCOUNT, World, resolved


@dataclass(frozen=True, slots=True)
class Named:
    """A node of a document with the id it gets and the row it had."""

    id: str
    draft: NodeDraft
    before: rows.Node | None


def save_workflow(
    world: World,
    project: int,
    known: Identities,
    draft: Draft,
    before: rows.Workflow | None,
    *,
    partial: bool = False,
) -> rows.Workflow:
    """Store a workflow without its nodes and return its row; `partial` keeps what is not sent."""
    sent = _described(world, known.followed(draft.fields))
    owner = sent.pop("owner", "") or (before.owner if before and partial else ACCOUNT)
    path = path_after(world, draft, before)
    row = rows.Workflow(
        id=known.target,
        project=project,
        kind=draft.kind,
        name=path.rpartition("/")[2],
        path=path,
        owner=owner,
        spec=defaults.workflow(
            draft.kind,
            _combined(world, before, sent, partial),
            defaults.TABLES[world.switches.server_defaults],
        ),
        created=before.created if before else world.now,
        modified=world.now,
        task=before.task if before else None,
    )
    rows.save(world.db, row)
    _declare(world, row, row.id, row.spec)
    move_nodes(world, before, row)
    return row


def save_node(
    world: World,
    workflow: rows.Workflow,
    draft: Draft,
    node: Named,
    sent: Fields,
    edges: Sequence[Fields],
    *,
    partial: bool = False,
) -> bool:
    """Store a node whose fields carry stored ids, with the variables that its edges wait for.

    `partial` keeps what is not sent. Tells whether the node is new or changed; raises SpecError.
    """
    before = node.before
    _check_source(world, node)
    fields = _combined(world, before, _described(world, sent), partial)
    variables = [variable for edge in edges for variable in edge.get("variableDepends", ())]
    if variables:
        fields["variableDepends"] = variables
    spec = defaults.node(workflow.kind, fields, defaults.TABLES[world.switches.server_defaults])
    row = rows.Node(
        id=node.id,
        workflow=workflow.id,
        name=node.draft.name,
        path=_node_path(workflow, draft, node.draft),
        command=command(spec),
        spec=spec,
        created=before.created if before else world.now,
        modified=world.now,
        revision=before.revision + 1 if before else 1,
        task=before.task if before else None,
    )
    same = before is not None and _looks_the_same(world, workflow, before, row)
    if before and same:
        row = replace(row, modified=before.modified, revision=before.revision)
    rows.save(world.db, row)
    rows.replace_inner(world.db, row.id, [child["id"] for child in reading.nested(spec)])
    _declare(world, workflow, row.id, spec)
    return not same


def move_nodes(world: World, before: rows.Workflow | None, after: rows.Workflow) -> None:
    """Give the nodes below a workflow's old path their place below its new one."""
    if before is None or before.path == after.path:
        return
    for node in rows.nodes(world.db, after.id):
        if node.path.startswith(f"{before.path}/"):
            path = after.path + node.path[len(before.path) :]
            rows.save(world.db, replace(node, path=path))


def path_after(world: World, draft: Draft, before: rows.Workflow | None) -> str:
    """Return the path a workflow has once a document is applied (docs/service.md U-12)."""
    if before is None:
        return draft.path
    if world.switches.import_move == "ignore_path":
        return before.path
    if draft.path:
        return draft.path
    folder = before.path.rpartition("/")[0]
    name = draft.name or before.name
    return f"{folder}/{name}" if folder else name


def command(spec: Fields) -> str:
    """Return the type of a node."""
    return str(spec["script"]["runtime"]["command"])


def _looks_the_same(
    world: World, workflow: rows.Workflow, before: rows.Node, after: rows.Node
) -> bool:
    # A node sent back as it was read carries the server's own facts, which are no change to it.
    first, second = (
        writing.node_object(world, workflow, replace(node, path=after.path))
        for node in (before, after)
    )
    return first == second and before.spec.get("variableDepends") == after.spec.get(
        "variableDepends"
    )


def _node_path(workflow: rows.Workflow, draft: Draft, node: NodeDraft) -> str:
    if node.path.startswith(f"{draft.path}/"):
        return workflow.path + node.path[len(draft.path) :]
    # A bare name means a place below the workflow (B-31).
    return node.path if "/" in node.path else f"{workflow.path}/{node.name}"


def _check_source(world: World, node: Named) -> None:
    # What a read corrected may be refused when it is sent back (docs/service.md U-11).
    if node.before is None or world.switches.corrected_resend == "accept":
        return
    stored = node.before.spec.get("datasource", {}).get("type", "")
    sent = node.draft.fields.get("datasource", {}).get("type", "")
    if sent != stored and sent == writing.CORRECTED.get(stored):
        at = (*node.draft.at, "datasource", "type")
        raise SpecError(failures.INVALID, f"datasource type is not valid: {sent}", at)


def _declare(world: World, workflow: rows.Workflow, entity: str, spec: Fields) -> None:
    declared = spec.get("outputs", {}).get("nodeOutputs", [])
    names = [
        resolved(world, workflow.project, output["data"])
        for output in declared
        if output["data"] != entity
    ]
    rows.replace_outputs(world.db, workflow.id, entity, names)


def _combined(
    world: World, before: rows.Workflow | rows.Node | None, sent: Fields, partial: bool
) -> Fields:
    if before and (partial or world.switches.import_fields == "merge"):
        rest = {key: value for key, value in sent.items() if key != "script"}
        script = _merged_script(before.spec["script"], sent["script"])
        return {**before.spec, **_merged(before.spec, rest), "script": script}
    return sent


def _merged_script(before: Fields, sent: Fields) -> Fields:
    # What an entity runs is never cleared, not by an empty object either.
    held = before["runtime"]
    runtime = {**held, **_merged(held, sent.get("runtime", {}))}
    return {**before, **_merged(before, sent or before), "runtime": runtime}


def _merged(before: Any, sent: Any) -> Any:
    # Objects are merged to any depth, a list is replaced, and an empty value clears.
    if not isinstance(before, dict) or not isinstance(sent, dict) or not sent:
        return sent
    return {**before, **{key: _merged(before.get(key), value) for key, value in sent.items()}}


def _described(world: World, sent: Fields) -> Fields:
    dropped = () if world.switches.preserve_description == "yes" else ("description",)
    return {key: value for key, value in sent.items() if key not in dropped}
