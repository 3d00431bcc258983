"""One workflow of one node, as a value that tests change, and what the rules find in it."""

import json
from pathlib import Path
from typing import Any

from deployer.load import SYMBOLIC, load
from deployer.model import Problem, Settings, Target

LOCAL = Target("local", "1", "dev")

Document = dict[str, Any]


def document(node: Document | None = None, **workflow: Any) -> Document:
    """A workflow `f/w` with the node given, or a virtual one; without either there are no findings."""
    script = {"runtime": {"command": "VIRTUAL"}}
    return {
        "version": "1.1.0",
        "kind": "CycleWorkflow",
        "spec": {
            "workflows": [
                {
                    "name": "w",
                    "script": {"path": "f/w"},
                    "nodes": [{"name": "a", "script": script} | (node or {})],
                    **workflow,
                }
            ]
        },
    }


def code(command: str, **script: Any) -> Document:
    """The script of a node of that type."""
    return {"script": {"runtime": {"command": command}, **script}}


def problems(folder: Path, value: Document, target: Target = LOCAL) -> list[Problem]:
    """What validate finds in it."""
    file = folder / "w.json"
    file.write_text(json.dumps(value, indent=1), encoding="utf-8")
    return list(load(Settings(folder, None, (), {}), target, [file]).problems)


def told(folder: Path, value: Document) -> list[tuple[str, str, str, str]]:
    """Rule, place below the workflow, message and hint of each finding."""
    return [
        (each.rule, each.pointer.removeprefix("/spec/workflows/0"), each.message, each.hint)
        for each in problems(folder, value)
    ]


def rules(folder: Path, value: Document) -> list[str]:
    """The ids of the findings alone."""
    return [each.rule for each in problems(folder, value)]


def without_target(folder: Path, value: Document) -> list[str]:
    """The ids of what is found when placeholders have no values yet."""
    return [each.rule for each in problems(folder, value, SYMBOLIC)]
