"""What the service would answer about a made-up project that was deployed, recorded once.

Each manifest goes the way of an apply: desired, document with ids, import into an emulator. Then the
emulator is asked as the service is, and its answers are kept as bytes: with the fields that a service
adds, in its order, with its ids. They are kept in `.bench/` for as long as nothing changes that they
are made of.
"""

import argparse
import hashlib
import itertools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from benchmarks.generate import IDENTIFIER, PROJECT, manifest_of, project
from benchmarks.recorded import CACHE, Twin
from benchmarks.rounds import ROOT
from benchmarks.wire import KEY
from deployer import config
from deployer.cli.options import one_of
from deployer.desired import from_manifest
from deployer.emulator import Emulator, Ids, create_app
from deployer.emulator.engine import Waiting
from deployer.emulator.gateway import VERSION, Request
from deployer.entities import SELF
from deployer.flowspec import derived_id, references, to_wire
from deployer.manifest import Values, read
from deployer.plan import change

SOURCES = (
    "schemas/manifest.schema.json",
    "deployer/desired.py",
    "deployer/flowspec.py",
    "deployer/normalise.py",
    "benchmarks/generate.py",
    "benchmarks/twin.py",
)
"""Beside the emulator, what the answers depend on so much that another version of it makes others."""

MADE = 1_735_689_600
"""When the first workflow was made, in seconds since the epoch; the next ones a second later each."""

_SHARE = 20


@dataclass(frozen=True, slots=True)
class Recorded:
    """One workflow: the whole answer to a Get, its line in the list, the lines of its nodes."""

    id: str
    answer: bytes
    line: dict[str, Any]
    nodes: list[dict[str, Any]]


def twin(workflows: int, nodes: int, seed: int = 0, cache: Path = CACHE) -> Twin:
    """The live twin of `generate.project` with these sizes, made where it is not kept yet."""
    name = f"twin-{workflows}x{nodes}-{seed}"
    folder = cache / f"{name}-{_digest()}"
    if not (folder / "counts.json").exists():
        for former in cache.glob(f"{name}-*"):
            shutil.rmtree(former)
        begun = time.monotonic()
        _make(folder, workflows, nodes, seed)
        print(f"recorded {workflows:,} x {nodes} in {time.monotonic() - begun:.0f} s", flush=True)
    return Twin(folder)


def _digest() -> str:
    files = [ROOT / name for name in SOURCES]
    files += sorted((ROOT / "deployer" / "emulator").rglob("*.py"))
    text = b"".join(file.read_bytes() for file in files)
    return hashlib.sha256(text).hexdigest()[:12]


def _make(folder: Path, workflows: int, nodes: int, seed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    index: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name, (folder / "answers").open("wb") as answers:
        root = Path(name)
        project(root, workflows, nodes, seed)
        shares = [range(at, min(at + _SHARE, workflows)) for at in range(0, workflows, _SHARE)]
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            for share in pool.map(_recorded, [root] * len(shares), shares):
                for each in share:
                    place = {"offset": answers.tell(), "length": len(each.answer)}
                    index.append({"id": each.id, **place, "line": each.line, "nodes": each.nodes})
                    answers.write(each.answer)
    (folder / "index.json").write_text(json.dumps(index), "utf-8")
    counts = {"workflows": len(index), "nodes": sum(len(each["nodes"]) for each in index)}
    # Written last: a folder without it is one that was never finished.
    (folder / "counts.json").write_text(json.dumps(counts), "utf-8")


def documents(root: Path, numbers: Iterable[int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Id and document of the workflows with these numbers, as an apply of the project would send them."""
    target = one_of(config.settings(root, None, {}))
    values = Values(target.vars, target.project_identifier)
    for number in numbers:
        manifest = read(manifest_of(root, number), root, values)
        workflow = change(from_manifest(manifest, target), None).after
        assert workflow is not None
        ids = {SELF: derived_id(PROJECT, workflow.path)}
        for reference in references(workflow.spec)[1:]:
            ids[reference] = derived_id(PROJECT, ids[SELF], reference)
        yield ids[SELF], to_wire(workflow, ids)


def _recorded(root: Path, numbers: range) -> list[Recorded]:
    """What is answered about the workflows with these numbers; each has an emulator for itself."""
    return [
        _answers(document, identity, MADE + number)
        for number, (identity, document) in zip(numbers, documents(root, numbers), strict=True)
    ]


def _answers(document: dict[str, Any], identity: str, made: float) -> Recorded:
    app = create_app(
        ":memory:",
        project=PROJECT,
        project_identifier=IDENTIFIER,
        credentials=KEY,
        clock=lambda: made,
        ids=Ids(identity),
        verify=False,
    )
    app.control.save("bench", int(PROJECT), document)
    (line,) = _listed(app, "ListWorkflowDefinitions", "WorkflowDefinitions")
    nodes = _listed(app, "ListNodes", "Nodes")
    answer = _ask(app, "GetWorkflowDefinition", ("Id", identity), ("IncludeScriptContent", "true"))
    app.close()
    return Recorded(identity, answer, line, nodes)


def _listed(app: Emulator, action: str, key: str) -> list[dict[str, Any]]:
    """All lines of a list, page by page."""
    found: list[dict[str, Any]] = []
    for number in itertools.count(1):
        page = ("PageNumber", str(number)), ("PageSize", "100"), ("ProjectId", PROJECT)
        info = json.loads(_ask(app, action, *page))["PagingInfo"]
        found += info[key]
        if len(found) >= int(info["TotalCount"]):
            break
    return found


def _ask(app: Emulator, action: str, *query: tuple[str, str]) -> bytes:
    headers = {"x-acs-action": action, "x-acs-version": VERSION, "x-acs-signature-nonce": action}
    reply = app.engine.answer(Request("GET", "/", query, headers, b""))
    if isinstance(reply, Waiting) or reply.status != HTTPStatus.OK:
        raise RuntimeError(f"{action} was not answered: {reply}")
    return reply.body


def main() -> None:
    """Record a workspace, or find it recorded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workflows", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=20)
    given = parser.parse_args()
    found = twin(given.workflows, given.nodes)
    size = found.answers.stat().st_size
    print(f"{given.workflows:,} answers, {size / given.workflows / 1024:.1f} KiB each")


if __name__ == "__main__":
    main()
