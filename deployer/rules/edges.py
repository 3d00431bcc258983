"""Rules about edges: who waits for whom, inside a workflow and inside its loops."""

from collections.abc import Iterator

from deployer.entities import Node
from deployer.model import Pointer, RuleInfo
from deployer.rules.cycles import shortest_cycle
from deployer.rules.scopes import Scope
from deployer.rules.subject import DocumentRule, Finding, Rule, Subject, near

_CHILDREN, _OTHER = "CrossCycleDependsOnChildren", "CrossCycleDependsOnOtherNode"


def known_dependents(subject: Subject) -> Iterator[Finding]:
    """`nodeId` of a dependency is the node that waits; one that names nothing is lost silently."""
    body = subject.manifest.document["spec"]
    own = {subject.workflow["name"], subject.workflow.get("id"), body.get("id")} - {None}
    for scope in subject.scopes:
        known = scope.known.keys() if scope.inside else scope.known.keys() | own
        for pointer, edge in scope.edges:
            if edge["nodeId"] not in known:
                yield _unknown_dependent((*pointer, "nodeId"), edge, scope)
    anybody = subject.scopes[0].known.keys() | own
    for pointer, edge in subject.own_edges:
        if edge["nodeId"] not in anybody:
            finding = _unknown_dependent((*pointer, "nodeId"), edge, subject.scopes[0])
            yield finding._replace(in_document=True)


def _unknown_dependent(pointer: Pointer, edge: Node, scope: Scope) -> Finding:
    where = f"in `{scope.inside}`" if scope.inside else "of this workflow"
    message = f"`{edge['nodeId']}` is no node {where}"
    return Finding(pointer, message, near(edge["nodeId"], scope.known))


def no_cycle(subject: Subject) -> Iterator[Finding]:
    """Nodes that wait for each other in the same cycle never start.

    Which of two nodes of one name waits is not known: that they share it is another rule's finding.
    """
    for scope in subject.scopes:
        makers = scope.known if scope.inside else subject.makers
        waits: dict[str, list[str]] = {}
        places: dict[tuple[str, str], Pointer] = {}
        for name, pointer, wanted, _ in scope.upstreams:
            who = makers.get(name, name)
            if wanted in makers and who not in scope.shared_names:
                upstream = makers[wanted]
                waits.setdefault(who, []).append(upstream)
                places.setdefault((who, upstream), pointer)
        cycle = shortest_cycle(waits)
        if cycle:
            yield Finding(places[cycle[0], cycle[1]], f"cycle: {' -> '.join(cycle)}")
    yield from _waits_for_itself(subject)


def _waits_for_itself(subject: Subject) -> Iterator[Finding]:
    """A workflow is done when its nodes are: waiting for one of them, it never starts."""
    name = subject.workflow["name"]
    inside = subject.made | {name, subject.workflow.get("id")}
    for _, pointer, wanted, _ in subject.own_upstreams:
        if wanted in inside:
            maker = subject.makers.get(wanted, name) if wanted != name else name
            cycle = [name, name] if maker == name else [name, maker, name]
            yield Finding(pointer, f"cycle: {' -> '.join(cycle)}", in_document=True)


def known_inner_upstreams(subject: Subject) -> Iterator[Finding]:
    """In a loop, an upstream is a node of that loop; outside it, the rule for repositories looks."""
    outside = subject.scopes[0].known.keys() | subject.made
    for scope in subject.scopes[1:]:
        for node, pointer, wanted, local in scope.upstreams:
            if wanted not in scope.known and (local or wanted in outside):
                message = f"`{node}` depends on `{wanted}`, which is no node in `{scope.inside}`"
                yield Finding(pointer, message, near(wanted, scope.known))


def one_kind_of_previous_cycle(subject: Subject) -> Iterator[Finding]:
    """Waiting for the previous cycle of one's downstreams and of another node exclude each other."""
    for scope in subject.scopes:
        kinds: dict[str, set[str]] = {}
        for name, pointer, kind in _typed(scope):
            found = kinds.setdefault(name, set())
            if kind in (_CHILDREN, _OTHER) and {_CHILDREN, _OTHER} - {kind} <= found:
                message = f"`{name}` has both `{_CHILDREN}` and `{_OTHER}`"
                yield Finding(pointer, message)
            found.add(kind)


def _typed(scope: Scope) -> Iterator[tuple[str, Pointer, str]]:
    """Every edge with its type: the name of who waits, the place, the type."""
    for pointer, node in scope.nodes:
        for index, item in enumerate(node.get("dependsOn") or ()):
            if isinstance(item, dict) and item.get("type"):
                yield node["name"], (*pointer, "dependsOn", index), item["type"]
    for pointer, edge in scope.edges:
        for index, upstream in enumerate(edge.get("depends") or ()):
            if upstream.get("type"):
                name = scope.known.get(edge["nodeId"], edge["nodeId"])
                yield name, (*pointer, "depends", index), upstream["type"]


def one_list_of_edges(subject: Subject) -> Iterator[Finding]:
    """`flow` counts only while `dependencies` is empty."""
    for scope in subject.scopes:
        if scope.holder.get("flow") and scope.holder.get("dependencies"):
            where = f"of `{scope.inside}`" if scope.inside else "of the workflow"
            message = f"`flow` {where} is not read, because `dependencies` is there as well"
            yield Finding((*scope.pointer, "flow"), message, key=True)


EDGE_RULES: tuple[DocumentRule, ...] = (
    Rule(
        RuleInfo(
            "DW104",
            "known-dependents",
            "error",
            "a dependency of an unknown node is lost without a word",
            "`nodeId` is the node that waits: write the name of a node of this workflow",
            "`nodeId` in `dependencies` and `flow` is the node that *waits*, never its upstream "
            "([B-36](service.md#names-outputs-dependencies)). In a loop it is a node of that loop; in "
            "`spec.flow` it is the workflow.",
        ),
        known_dependents,
    ),
    Rule(
        RuleInfo(
            "DW106",
            "no-cycle",
            "error",
            "nodes that wait for each other in the same cycle never start",
            "remove one of the edges",
            "The shortest cycle is shown, each name waiting for the next one. Edges to an earlier cycle "
            "(`CrossCycle…`) do not count. Also told of a workflow that waits for itself or for one of "
            "its own nodes.",
        ),
        no_cycle,
    ),
    Rule(
        RuleInfo(
            "DW119",
            "one-kind-of-previous-cycle",
            "error",
            "two kinds of cross-cycle dependency exclude each other",
            "keep one of the two kinds; `CrossCycleDependsOnSelf` may stand beside either",
            "The official model refuses `CrossCycleDependsOnChildren` together with "
            "`CrossCycleDependsOnOtherNode` on one node ([B-134](service.md#inside-a-document)).",
        ),
        one_kind_of_previous_cycle,
    ),
    Rule(
        RuleInfo(
            "DW134",
            "one-list-of-edges",
            "error",
            "edges in `flow` beside `dependencies` would be lost",
            "move the entries of `flow` to `dependencies`",
            "`flow` is the older spelling, and readers look at it only while `dependencies` is empty. "
            "What the workflow itself waits for stands in `spec.flow`, which is another list.",
        ),
        one_list_of_edges,
    ),
    Rule(
        RuleInfo(
            "DW141",
            "known-inner-upstreams",
            "error",
            "a node in a loop can wait only for nodes of that loop",
            "name a node of the same loop; let the loop itself wait for what is outside",
            "Inside `for-each`, `do-while`, `subflow`, `combined` and `paiflow` an edge that leads out "
            "of the container, or to nothing, is lost ([B-132](service.md#inside-a-document)).",
        ),
        known_inner_upstreams,
    ),
)
