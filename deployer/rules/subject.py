"""What a rule looks at, and what it says: one manifest as a target sees it.

Ids of rules: DW101 to DW127 are the rules that FlowSpec itself asks for, DW128 to DW149 what else concerns
names, edges and files, DW150 onwards what else concerns types of nodes and schedules.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from deployer.desired import default_output, first_output, leaves_output_open, workflow_object
from deployer.entities import SELF, Node, token, walk
from deployer.flowspec import is_flat
from deployer.model import Manifest, Pointer, RuleInfo, Target
from deployer.nearest import nearest
from deployer.rules.scopes import Scope, Upstream, normal_upstreams, scopes

Checked = TypeVar("Checked")
Found = TypeVar("Found")


class Finding(NamedTuple):
    """Something a rule found: where in the workflow object, or in the document, what, and the cure.

    Without a hint of its own it is shown with the usual one of its rule. With `key`, the place is that
    of the key that the pointer ends with. `needs_all`: it holds only if every manifest was read.
    `other` is a part of a workflow object, of any manifest, with whose place the message is to end.
    """

    pointer: Pointer
    message: str
    hint: str = ""
    in_document: bool = False
    key: bool = False
    needs_all: bool = False
    other: "tuple[Subject, Pointer] | None" = None


class Rule(NamedTuple, Generic[Checked, Found]):
    """A rule: what there is to know of it, and the function that finds where it is broken."""

    info: RuleInfo
    check: Callable[[Checked], Iterator[Found]]


@dataclass(frozen=True)
class Subject:
    """One manifest on one target, ready for rules."""

    manifest: Manifest
    target: Target

    @cached_property
    def workflow(self) -> Node:
        """The workflow object as written, overrides of the target applied."""
        return workflow_object(self.manifest, self.target)

    @cached_property
    def path(self) -> str:
        """The address of the workflow."""
        return str((self.workflow.get("script") or {}).get("path") or "")

    @cached_property
    def name(self) -> str:
        """The name of the workflow."""
        return str(self.workflow["name"])

    @property
    def said(self) -> Mapping[str, Any]:
        """What the manifest says to us: its `deployer:`."""
        return self.manifest.document.get("deployer") or {}

    @cached_property
    def entities(self) -> list[tuple[str, Pointer, Node]]:
        """Every node: reference, pointer inside the workflow object, node."""
        return list(walk(self.workflow))

    @cached_property
    def nodes(self) -> list[tuple[Pointer, Node]]:
        """The nodes of the workflow itself, with their pointers."""
        return [(pointer, node) for _, pointer, node in self.entities if len(pointer) == 2]

    @cached_property
    def scopes(self) -> list[Scope]:
        """The workflow and every container in it: the nodes there and the edges between them."""
        return list(scopes(self.workflow, self.entities))

    @property
    def root(self) -> str:
        """The output of the workspace's root node (docs/service.md B-38)."""
        return f"{self.target.project_identifier}_root"

    @cached_property
    def outputs(self) -> list[tuple[str, Pointer]]:
        """Every named output of the workflow and its nodes, left-out ones included.

        A second node of one name has the left-out output of the first.
        """
        found: list[tuple[str, Pointer]] = []
        named: set[str] = set()
        for pointer, holder in [((), self.workflow), *self.nodes]:
            declared = (holder.get("outputs") or {}).get("nodeOutputs")
            for index, output in enumerate(declared or []):
                if output.get("data"):
                    found.append((output["data"], (*pointer, "outputs", "nodeOutputs", index)))
            if pointer and leaves_output_open(holder) and holder["name"] not in named:
                name = default_output(holder["name"], self.target.project_identifier)
                found.append((name, (*pointer, "name")))
            if pointer:
                named.add(holder["name"])
        return found

    @property
    def made(self) -> frozenset[str]:
        """The names of all outputs of the workflow and its nodes."""
        return frozenset(output for output, _ in self.outputs)

    @cached_property
    def names(self) -> tuple[tuple[str, Pointer, bool], ...]:
        """The name of each node of the workflow itself, its place, and whether its output is left open."""
        return tuple(
            (node["name"], (*pointer, "name"), leaves_output_open(node))
            for pointer, node in self.nodes
        )

    @cached_property
    def makers(self) -> Mapping[str, str]:
        """Output, left-out ones included, name or id of an own node → its name; of two the first."""
        makers: dict[str, str] = {}
        for output, (where, *rest) in self.outputs:
            if where == "nodes":
                makers.setdefault(output, self.workflow["nodes"][rest[0]]["name"])
        return makers | dict(self.scopes[0].names)

    @cached_property
    def tokens(self) -> frozenset[str]:
        """What may be written for the id of a node, or of the workflow."""
        references = (reference for reference, _, _ in self.entities)
        return frozenset(map(token, (SELF, *references)))

    @property
    def own_prefix(self) -> str:
        """What the outputs of the target's project begin with."""
        return f"{self.target.project_identifier}."

    @cached_property
    def output_of_node(self) -> dict[str, str]:
        """Node name → the output that the name means in `dependsOn`."""
        identifier = self.target.project_identifier
        return {node["name"]: first_output(node, identifier) for _, node in self.nodes}

    @cached_property
    def own_names(self) -> frozenset[str]:
        """Every text that stands for the workflow, one of its nodes or the root of the workspace."""
        return frozenset({self.root, self.name} | self.own_ids | self.scopes[0].known.keys())

    @cached_property
    def own_ids(self) -> frozenset[str]:
        """The ids that the document gives to the workflow and its nodes."""
        holders = (self.workflow, self.manifest.document["spec"], *(node for _, node in self.nodes))
        return frozenset(holder.get("id") or "" for holder in holders)

    def means_itself(self, text: str) -> bool:
        """Whether a text stands for the workflow, one of its nodes or the root, other than as an output."""
        return (
            text in (self.root, self.name)
            or text in self.own_ids
            or any(text == name for name, _, _ in self.names)
        )

    @cached_property
    def own_edges(self) -> list[tuple[Pointer, Node]]:
        """Every entry of what the workflow itself waits for, with its place in the document."""
        document = self.manifest.document
        keys = () if is_flat(document) else ("flow", "dependencies")
        return [
            (("spec", key, index), edge)
            for key in keys
            for index, edge in enumerate(document["spec"].get(key) or [])
        ]

    @cached_property
    def own_upstreams(self) -> list[Upstream]:
        """Every same-cycle edge of the workflow itself: its name or id, place in the document, output."""
        return list(normal_upstreams(self.own_edges))

    @cached_property
    def outer_upstreams(self) -> tuple[tuple[Upstream, bool], ...]:
        """What the workflow and its own nodes wait for, and whether the place is one in the document.

        An edge of nobody knows whom is another rule's finding.
        """
        known = self.own_names
        found = [(upstream, False) for upstream in self.scopes[0].upstreams]
        found += [(upstream, True) for upstream in self.own_upstreams]
        return tuple(each for each in found if each[0].node in known)

    def brief(self) -> "Subject":
        """The same for rules across documents, for whoever has no room for the document itself.

        Where a silence names a field, the document is needed to tell which findings it covers.
        """
        if any("path" in entry for entry in self.said.get("silence") or ()):
            return self
        facts = {fact: getattr(self, fact) for fact in _ACROSS}
        document = self.manifest.document
        body = {"nodes": []} if is_flat(document) else {"workflows": [{"name": self.name}]}
        outline = {"kind": document["kind"], "deployer": self.said, "spec": body}
        brief = Subject(replace(self.manifest, document=outline), self.target)
        vars(brief).update(facts)
        return brief

    def on(self, target: Target) -> "Subject":
        """The same, sharing a target that is equal to its own: for what came from another process."""
        same = copy(self)
        vars(same)["target"] = target
        return same

    def whole(self, pointer: Pointer, in_document: bool = False) -> Pointer:
        """A pointer into the workflow object, or one into the document, as the latter."""
        if in_document:
            return pointer
        flat = is_flat(self.manifest.document)
        return ("spec", *pointer) if flat else ("spec", "workflows", 0, *pointer)


_ACROSS = ("path", "name", "names", "outputs", "output_of_node", "own_ids", "outer_upstreams")
"""What the rules across documents look at, beside the manifest's own `deployer:`."""

DocumentRule = Rule[Subject, Finding]
RepositoryRule = Rule[Sequence[Subject], tuple[Subject, Finding]]


def near(wanted: str, known: Iterable[Any]) -> str:
    """`did you mean …` for the nearest known text, or nothing."""
    found = nearest(wanted, map(str, known))
    return f"did you mean `{found}`?" if found else ""
