"""What a bare name in `dependsOn` means in a manifest that is being changed.

It is the first named output of the node, and a file keeps its outputs in its own order: the same name may
mean one output in the file and another one in what is live.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deployer.desired import output_meant
from deployer.entities import Node


@dataclass(frozen=True, slots=True)
class Meant:
    """Name of a node → the output that it means: `live`, in the file as it `was`, and as it is `now`."""

    live: Mapping[str, str]
    was: Mapping[str, str]
    now: Mapping[str, str]

    def items(self, wanted: list[Any]) -> list[Any]:
        """The live items of a `dependsOn`, by output where the name means another one in the file."""
        return [
            {**item, "node": self._said(item["node"])}
            if isinstance(item, dict)
            else self._said(item)
            for item in wanted
        ]

    def moved(self, wanted: Any) -> bool:
        """Whether items of a `dependsOn` that nobody touched mean something else now."""
        names = [str(i["node"] if isinstance(i, dict) else i) for i in wanted or []]
        return any(self.was.get(name) != self.now.get(name) for name in names)

    def _said(self, name: str) -> str:
        return self.live[name] if self.live.get(name) != self.now.get(name) else name


class Outputs:
    """The outputs of the nodes of a file before and after a change, its placeholders filled in."""

    def __init__(self, raw: Node, filled: Node, fresh: Node, spelled: Callable[[str], str]) -> None:
        self._filled, self._fresh = filled, fresh
        written = zip(_declared(raw), _declared(filled), strict=False)
        new = ((spelled(output), output) for output in _declared(fresh))
        self._plain: dict[str, str] = {**dict(new), **dict(written)}

    def meant(self, raw: Node, identifier: str) -> Meant:
        """The meanings, once the nodes of `raw` are what they shall be."""
        return Meant(
            _meant(self._fresh, identifier),
            _meant(self._filled, identifier),
            self._now(raw, identifier),
        )

    def _now(self, raw: Node, identifier: str) -> dict[str, str]:
        return _meant(
            {"nodes": [self._plainly(node) for node in raw.get("nodes") or []]}, identifier
        )

    def _plainly(self, node: Node) -> Node:
        if "outputs" not in node:
            return node
        plain = [{"data": self._plain.get(data, data)} for data in _data(node)]
        left_open = isinstance(node["outputs"], dict) and "nodeOutputs" not in node["outputs"]
        return {**node, "outputs": {} if left_open else {"nodeOutputs": plain}}


def _meant(workflow: Node, identifier: str) -> dict[str, str]:
    return {str(n["name"]): output_meant(n, identifier) for n in workflow.get("nodes") or []}


def _declared(workflow: Node) -> list[str]:
    """The outputs of all nodes in the order in which they stand."""
    return [data for node in workflow.get("nodes") or [] for data in _data(node)]


def _data(node: Node) -> list[str]:
    """The outputs of a node, of which a file may say `null`, a text while it is being changed."""
    outputs = node.get("outputs")
    declared = outputs.get("nodeOutputs") if isinstance(outputs, dict) else None
    return [str(output.get("data") or "") for output in declared or [] if isinstance(output, dict)]
