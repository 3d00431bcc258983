"""The files that one live workflow becomes: a new manifest with its scripts, or an existing one changed."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from deployer import schema
from deployer.authoring import masked
from deployer.authoring.body import authored
from deployer.authoring.layout import Layout, fit_for_a_file, relative, scripts_apart
from deployer.authoring.merged import Merge
from deployer.authoring.names import Speller, spelled
from deployer.entities import Node, walk
from deployer.flowspec import is_flat, references
from deployer.model import Manifest, Observed, Target, Workflow
from deployer.normalise import keyed
from deployer.plan import sides
from deployer.reading import json_text, yaml_text
from deployer.reading.project_files import read
from deployer.reading.source import decode


@dataclass(frozen=True, slots=True)
class Draft:
    """Files by place; `new` are those that must not exist yet, `uses` script files that stay as they are.

    `failure` says why the workflow cannot be written down.
    """

    path: str
    manifest: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    new: frozenset[str] = frozenset()
    uses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    failure: str = ""


def fresh(live: Observed, target: Target, layout: Layout) -> Draft:
    """The files of a workflow that no manifest names."""
    path = live.workflow.path
    file = layout.manifest(path)
    made = authored(live, target)
    document, scripts = scripts_apart(spelled(made, target), file, layout)
    texts = {file: yaml_text.fresh(document), **scripts}
    try:
        files = {name: text.encode() for name, text in texts.items()}
    except UnicodeEncodeError:
        return Draft(path, file, failure="it holds text that is not Unicode")
    return Draft(path, file, files, frozenset(files), notes=masked.notes(_body(made)))


# --- an existing manifest -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A project folder, places for new files in it, and the script files that several nodes use."""

    root: Path
    layout: Layout
    shared: frozenset[str]


def updated(
    live: Observed, desired: Workflow, manifest: Manifest, target: Target, place: Place
) -> Draft:
    """The files of a manifest that differs from what is live; only what differs is touched."""
    path, file = live.workflow.path, manifest.file
    if is_flat(manifest.document):
        return Draft(path, file, failure=f"`{file}` has the flat form: write it with `workflows`")
    if desired.kind != live.workflow.kind:
        why = f"it is a {live.workflow.kind}, the manifest says {desired.kind}"
        return Draft(path, file, failure=why)
    json_file = file.endswith(".json")
    text = decode(read(place.root, file).data)
    document = json.loads(text) if json_file else yaml_text.load(text)
    new = authored(live, target)
    override = keyed(target.overrides.get(path) or {}, schema.workflow())
    style = copy.deepcopy if json_file else yaml_text.styled
    merge = Merge(Speller(new["spec"], target, path), override, style, yaml_text.shared(document))
    merge.workflow(document, manifest.document, new, *sides(desired, live))
    files, made = _scripts(document, merge.scripts, manifest, desired, place)
    again = _dumped(document, text, json_file)
    return Draft(
        path,
        file,
        {file: again.encode(), **files},
        frozenset(made),
        tuple(set(manifest.scripts.values()) - set(files)),
        masked.notes(_body(new), _body(manifest.document)),
    )


def _body(document: dict[str, Any]) -> Node:
    body: Node = document["spec"]["workflows"][0]
    return body


def _dumped(document: Any, text: str, json_file: bool) -> str:
    return json_text.changed(document, text) if json_file else yaml_text.changed(document, text)


def _scripts(
    document: Any,
    texts: Mapping[str, str],
    manifest: Manifest,
    desired: Workflow,
    place: Place,
) -> tuple[dict[str, bytes], list[str]]:
    """Script files of the nodes whose script is another one now, and of nodes that are new."""
    files: dict[str, bytes] = {}
    made: list[str] = []
    known = set(references(desired.spec))
    for reference, _, node in walk(document["spec"]["workflows"][0]):
        text, old = texts.get(reference), desired.scripts.get(reference, "")
        if text is not None and old not in place.shared:
            files[old] = _with_placeholders(place.root, old, manifest, reference, text).encode()
            continue
        script = node.get("script") or {}
        content = script.get("content") if text is None and reference not in known else text
        if isinstance(content, str) and content and fit_for_a_file(content):
            file = place.layout.script(manifest.file, reference, script)
            _name_file(document, node, relative(file, manifest.file))
            files[file] = _ended(content).encode()
            made.append(file)
    return files, made


def _name_file(document: Any, node: Any, file: str) -> None:
    """A node whose script is in a file, at the place where its content was."""
    script = yaml_text.own(node, "script", yaml_text.shared(document))
    parts = {"file" if key == "content" else key: item for key, item in script.items()}
    script.clear()
    script.update({**parts, "file": file})


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def _with_placeholders(root: Path, file: str, manifest: Manifest, reference: str, text: str) -> str:
    """The new text of a script file in which lines that did not change keep their placeholders."""
    raw = decode(read(root, file).data).splitlines(keepends=True)
    nodes = {name: node for name, _, node in walk(manifest.document["spec"]["workflows"][0])}
    filled = str(nodes[reference]["script"].get("content") or "").splitlines(keepends=True)
    lines = _ended(text).splitlines(keepends=True)
    if len(raw) != len(filled):
        return "".join(lines)
    matcher = SequenceMatcher(None, filled, lines, autojunk=False)
    result: list[str] = []
    for tag, start, end, left, right in matcher.get_opcodes():
        result += raw[start:end] if tag == "equal" else lines[left:right]
    return "".join(result)
