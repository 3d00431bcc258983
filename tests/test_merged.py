"""Whatever a manifest says and whatever is live: the manifest brought up to date leaves nothing to do."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer import schema
from deployer.authoring.draft import Place, fresh, updated
from deployer.authoring.layout import Layout
from deployer.desired import from_manifest
from deployer.flowspec import from_wire, to_wire
from deployer.load import load
from deployer.model import Observed, Settings
from deployer.normalise import complete
from deployer.plan import change
from deployer.reading import yaml_text
from tests.strategies import KINDS, Document, documents
from tests.workflow_kit import desired, ids_of, left, target

assert settings.default is not None
SEARCHING = settings.default.max_examples >= 1000
EXAMPLES = 2000 if SEARCHING else 12
"""Files are slow: a sample, or with `make soak` as many as it takes."""
GLOBS = ("flows/**/*.yaml", "flows/**/*.json")


def there(document: Document) -> Observed:
    workflow = desired(document)
    spec = complete(workflow.spec, {}, schema.workflow(), workflow.kind)
    return from_wire(to_wire(replace(workflow, spec=spec), ids_of(workflow)))


@settings(max_examples=EXAMPLES)
@given(documents())
def test_a_new_manifest_leaves_nothing_to_do(tmp_path_factory: Any, document: Document) -> None:
    """Any workflow, written into files and read back from them."""
    root: Path = tmp_path_factory.mktemp("project")
    observed = there(document)
    draft = fresh(observed, target(), Layout(GLOBS))
    write(root, draft.files)
    (subject,) = load(Settings(root, None, GLOBS, {}), target()).subjects
    found = change(from_manifest(subject.manifest, target()), observed)
    assert (left(found), found.nodes) == (("unchanged", []), ())


def write(root: Path, files: Mapping[str, bytes]) -> None:
    for each, content in files.items():
        (root / each).parent.mkdir(parents=True, exist_ok=True)
        (root / each).write_bytes(content)


def shell(name: str, *outputs: str, **said: Any) -> Document:
    script = {"runtime": {"command": "DIDE_SHELL"}, "content": "echo"}
    return {
        "name": name,
        "script": script,
        "outputs": {"nodeOutputs": [{"data": output} for output in outputs]},
        **said,
    }


def flow(*nodes: Document) -> Document:
    body = {"name": "w", "script": {"path": "f/w"}, "nodes": list(nodes)}
    return {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [body]}}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (
            flow(shell("x", "p.a"), shell("y", "p.y", dependsOn=["x"])),
            flow(shell("x", "p.c", "p.a"), shell("y", "p.y", dependsOn=["p.c"])),
        ),
        (
            flow(shell("x", "p.a", "p.b"), shell("y", "p.y", dependsOn=["x"])),
            flow(shell("x", "p.b"), shell("y", "p.y", dependsOn=["p.a"])),
        ),
    ],
)
def test_a_bare_name_means_the_output_that_is_waited_for(
    tmp_path: Path, written: Document, found: Document
) -> None:
    """A file keeps its outputs in its own order, so a name may mean another one than in what is live."""
    assert updates(tmp_path, written, there(found)) == (("unchanged", []), ())


@pytest.mark.parametrize("name", ["(order)", "(order)#1"])
def test_a_node_may_have_any_name(tmp_path: Path, name: str) -> None:
    """Also one that the keyed form has for itself."""
    written, found = flow(shell(name, "p.a", priority=1)), flow(shell(name, "p.a", priority=7))
    assert updates(tmp_path, written, there(found)) == (("unchanged", []), ())


@settings(max_examples=EXAMPLES)
@given(st.data(), st.sampled_from(KINDS), st.sampled_from(["x.yaml", "x.json"]))
def test_an_update_leaves_nothing_to_do(
    tmp_path_factory: Any, data: st.DataObject, kind: str, name: str
) -> None:
    """From any document to any other of its kind, in YAML and in JSON."""
    written, live = data.draw(documents(kind=kind)), there(data.draw(documents(kind=kind)))
    root: Path = tmp_path_factory.mktemp("project")
    assert updates(root, written, live, name) == (("unchanged", []), ())


def updates(root: Path, written: Document, live: Observed, name: str = "x.yaml") -> Any:
    """What a plan says once a file was brought up to date; or that there was nothing to do."""
    file = root / "flows" / name
    file.parent.mkdir()
    as_text = json.dumps if name.endswith(".json") else yaml_text.fresh
    file.write_text(as_text(written), encoding="utf-8")
    folder = Settings(root, None, GLOBS, {})

    (subject,) = load(folder, target()).subjects
    wanted = from_manifest(subject.manifest, target())
    if left(change(wanted, live)) == ("unchanged", []):
        return ("unchanged", []), ()
    place = Place(root, Layout.of(folder, [f"flows/{name}"]), frozenset())
    draft = updated(live, wanted, subject.manifest, target(), place)
    write(root, draft.files)

    (subject,) = load(folder, target(), [file]).subjects
    after = change(from_manifest(subject.manifest, target()), live)
    return left(after), after.nodes
