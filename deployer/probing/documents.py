"""The workflows that a probe sends, and what it looks for in those that it reads.

Field names stand here because trying out what becomes of them is the point. A probe needs nothing of
the workspace: its nodes are shell scripts that are never published.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deployer.remote.trials import Live

FOREIGN = "deployerProbe"
"""A key that no service knows (docs/service.md U-21, U-31)."""

DESCRIPTION = "made by a probe, may be deleted"
PLACEHOLDER = "${projectIdentifier}"
TIMES = 7
OUTPUT = "deployer_probe"


@dataclass(frozen=True, slots=True)
class Node:
    """A node to send; `id` is empty to leave that to the service, `more` are further fields."""

    name: str
    says: str
    id: str = ""
    more: Mapping[str, Any] | None = None


def workflow(
    path: str, nodes: Iterable[Node], identity: str = "", more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The document of a workflow."""
    body = {
        **_identified(identity),
        "name": path.rpartition("/")[2],
        "script": {"path": path, "runtime": {"command": "WORKFLOW"}},
        "trigger": {"type": "Scheduler", "cron": "00 00 02 * * ?"},
        "nodes": [_node(path, node) for node in nodes],
        **(more or {}),
    }
    return {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [body]}}


def single(path: str, node: Node) -> dict[str, Any]:
    """The document of one node."""
    return {"version": "1.1.0", "kind": "Node", "spec": {"nodes": [_node(path, node)]}}


def everything(unknown: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is tried of fields: those of the workflow, with a foreign one if wanted, and of a node."""
    own = {
        "description": DESCRIPTION,
        "metadata": {FOREIGN: "kept"},
        **({FOREIGN: "kept"} if unknown else {}),
    }
    outputs = {"nodeOutputs": [{"data": f"{PLACEHOLDER}.{OUTPUT}", "artifactType": "NodeOutput"}]}
    return own, {"outputs": outputs}


def often() -> dict[str, Any]:
    """A field with a default of its own, to be left out later (U-32)."""
    return {"rerunTimes": TIMES}


def _node(path: str, node: Node) -> dict[str, Any]:
    runtime = {"command": "DIDE_SHELL"}
    return {
        **_identified(node.id),
        "name": node.name,
        "script": {"path": f"{path}/{node.name}", "runtime": runtime, "content": node.says},
        **(node.more or {}),
    }


def _identified(identity: str) -> dict[str, str]:
    return {"id": identity} if identity else {}


# --- what was read --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """A workflow that was read, as far as a probe looks at it; `nodes` by name."""

    id: str
    body: Mapping[str, Any]
    nodes: Mapping[str, Mapping[str, Any]]

    def id_of(self, name: str) -> str:
        """The id of a node, empty if there is no such node."""
        return str(self.nodes.get(name, {}).get("id") or "")

    def says(self, name: str) -> str:
        """What a node runs, empty if there is no such node."""
        return str((self.nodes.get(name, {}).get("script") or {}).get("content") or "")

    def path(self) -> str:
        """Where the workflow lies."""
        return str((self.body.get("script") or {}).get("path") or "")

    def outputs(self, name: str) -> set[str]:
        """The outputs of a node."""
        found = (self.nodes.get(name, {}).get("outputs") or {}).get("nodeOutputs") or []
        return {str(each.get("data")) for each in found}

    def again(self, *left_out: str, says: Mapping[str, str] | None = None) -> list[Node]:
        """The nodes as they would be sent once more, by their ids."""
        words = says or {}
        return [
            Node(name, words.get(name, self.says(name)), self.id_of(name))
            for name in sorted(self.nodes)
            if name not in left_out
        ]


def seen(live: Live | None) -> Seen | None:
    """What a read shows, or None if it shows no workflow."""
    found = ((live.document.get("spec") or {}).get("workflows") or []) if live else []
    if not found:
        return None
    body = found[0]
    nodes = {str(node.get("name")): node for node in body.get("nodes") or []}
    return Seen(str(body.get("id") or ""), body, nodes)
