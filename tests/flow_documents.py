"""Documents of the flows, and the same ones changed."""

from typing import Any

from tests.strategies import Document


def body(document: Document) -> dict[str, Any]:
    """The workflow object of a document."""
    found: dict[str, Any] = document["spec"]["workflows"][0]
    return found


def changed(document: Document, **fields: Any) -> Document:
    """The document with other fields of the workflow."""
    return {**document, "spec": {"workflows": [{**body(document), **fields}]}}


def with_node(document: Document, name: str, **fields: Any) -> Document:
    """The document with other fields of one node."""
    nodes = [{**n, **fields} if n["name"] == name else n for n in body(document)["nodes"]]
    return changed(document, nodes=nodes)


def other_script(content: str) -> dict[str, Any]:
    """A shell script."""
    return {"runtime": {"command": "DIDE_SHELL"}, "content": content}


def shell(name: str, content: str = "", **fields: Any) -> dict[str, Any]:
    """A shell node."""
    script = {"runtime": {"command": "DIDE_SHELL"}, "content": content or f"echo {name}"}
    return {"name": name, "script": script, **fields}


def control(name: str, command: str, **fields: Any) -> dict[str, Any]:
    """A control node."""
    return {"name": name, "script": {"runtime": {"command": command}}, **fields}


def moved(document: Document, path: str, former: str, **names: str) -> Document:
    """The document under another path, with nodes that had other names: `new="old"`."""
    old = {was: now for now, was in names.items()}
    nodes = [
        {**node, "name": old[node["name"]], "deployer": {"movedFrom": node["name"]}}
        if node["name"] in old
        else node
        for node in body(document)["nodes"]
    ]
    place = {"name": path.rpartition("/")[2], "script": {"path": path}}
    return {**changed(document, nodes=nodes, **place), "deployer": {"movedFrom": former}}
