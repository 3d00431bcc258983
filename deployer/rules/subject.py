"""What a rule looks at, and what it says: one manifest as a target sees it."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from deployer.desired import default_output, first_output, leaves_output_open, workflow_object
from deployer.entities import Node, walk
from deployer.flowspec import edges_key, is_flat
from deployer.manifest import locate
from deployer.model import Manifest, Pointer, Problem, Severity, Target
from deployer.reading.documents import pointer_text

Checked = TypeVar("Checked")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a rule found: where in the workflow object, or in the document, what, and the cure."""

    pointer: Pointer
    message: str
    hint: str = ""
    in_document: bool = False


@dataclass(frozen=True, slots=True)
class Rule(Generic[Checked, Found]):
    """A rule: its id, how bad a finding is, why it exists in one line, and the function."""

    id: str
    severity: Severity
    reason: str
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
    def entities(self) -> list[tuple[str, Pointer, Node]]:
        """Every node: reference, pointer inside the workflow object, node."""
        return list(walk(self.workflow))

    @cached_property
    def nodes(self) -> list[tuple[Pointer, Node]]:
        """The nodes of the workflow itself, with their pointers."""
        return [(pointer, node) for _, pointer, node in self.entities if len(pointer) == 2]

    @cached_property
    def outputs(self) -> list[tuple[str, Pointer]]:
        """Every named output of the workflow and its nodes, left-out ones included."""
        found: list[tuple[str, Pointer]] = []
        for pointer, holder in [((), self.workflow), *self.nodes]:
            declared = (holder.get("outputs") or {}).get("nodeOutputs")
            for index, output in enumerate(declared or []):
                if output.get("data"):
                    found.append((output["data"], (*pointer, "outputs", "nodeOutputs", index)))
            if pointer and leaves_output_open(holder):
                name = default_output(holder["name"], self.target.project_identifier)
                found.append((name, (*pointer, "name")))
        return found

    @cached_property
    def output_of_node(self) -> dict[str, str]:
        """Node name → the output that the name means in `dependsOn`."""
        identifier = self.target.project_identifier
        return {node["name"]: first_output(node, identifier) for _, node in self.nodes}

    @cached_property
    def edges(self) -> list[tuple[Pointer, Node]]:
        """Every entry of the list that says what the workflow's own nodes wait for."""
        key = edges_key(self.workflow)
        return [((key, index), edge) for index, edge in enumerate(self.workflow.get(key) or [])]

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

    def upstreams(self) -> Iterator[tuple[str, Pointer, str]]:
        """Every same-cycle edge of the workflow's own nodes: node, where it is said, output or node."""
        for pointer, node in self.nodes:
            for index, item in enumerate(node.get("dependsOn") or []):
                long = {"node": item} if isinstance(item, str) else item
                if long.get("type", "Normal") == "Normal":
                    yield node["name"], (*pointer, "dependsOn", index), long["node"]
        yield from _upstreams(self.edges)

    def own_upstreams(self) -> Iterator[tuple[str, Pointer, str]]:
        """Every same-cycle edge of the workflow itself: its name or id, place in the document, output."""
        yield from _upstreams(self.own_edges)

    def problem(self, rule: str, severity: Severity, finding: Finding) -> Problem:
        """A finding with its place in the file."""
        prefix: Pointer = ("spec",)
        if finding.in_document:
            prefix = ()
        elif not is_flat(self.manifest.document):
            prefix = ("spec", "workflows", 0)
        pointer = (*prefix, *finding.pointer)
        return Problem(
            rule=rule,
            severity=severity,
            message=finding.message,
            location=locate(self.manifest, pointer),
            hint=finding.hint,
            pointer=pointer_text(pointer),
        )


def _upstreams(edges: Iterable[tuple[Pointer, Node]]) -> Iterator[tuple[str, Pointer, str]]:
    for pointer, edge in edges:
        for index, upstream in enumerate(edge.get("depends") or []):
            if upstream.get("type", "Normal") == "Normal":
                wanted = upstream.get("output") or upstream.get("nodeId") or ""
                yield str(edge.get("nodeId")), (*pointer, "depends", index), str(wanted)


DocumentRule = Rule[Subject, Finding]
RepositoryRule = Rule[Sequence[Subject], tuple[Subject, Finding]]


def near(wanted: str, known: Iterable[Any]) -> str:
    """`did you mean …` for the nearest known text, or nothing."""
    found = difflib.get_close_matches(wanted, [str(item) for item in known], n=1, cutoff=0.6)
    return f"did you mean `{found[0]}`?" if found else ""
