"""Pull, then plan: on every workflow of the corpus, put there by the official SDK."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployer import schema
from deployer.cli.connect import connected
from deployer.flowspec import from_wire, to_wire
from deployer.model import Target
from deployer.normalise import complete
from deployer.reading import yaml_reader
from tests.emulator_kit import IDENTIFIER, KEY, PROJECT
from tests.pull_kit import Folder
from tests.sdk_kit import Sdk, served
from tests.test_corpus import entries, plannable

STUB = """\
version: "1.1.0"
kind: TriggerWorkflow
spec:
  workflows:
    - name: {name}
      script: {{path: {path}}}
      nodes: [{{name: {node}, script: {{runtime: {{command: VIRTUAL}}}}}}]
"""
NOISE = {"id", "metadata", "owner", "isDefault", "refTableName", "sourceType", "citable"}


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", KEY[0])
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", KEY[1])


def imported(sdk: Sdk, document: dict[str, Any]) -> None:
    """The console's side: the document goes in whole, a flat one as the import takes it."""
    if "workflows" not in document["spec"]:
        observed = from_wire(document)
        flat = observed.workflow
        spec = complete(flat.spec, {}, schema.workflow(), flat.kind)
        document = to_wire(replace(flat, spec=spec), observed.ids)
    job = sdk("ImportWorkflowDefinition", Spec=json.dumps(document))["AsyncJob"]
    sdk.control.settle()
    status = sdk("GetJobStatus", JobId=job["Id"])["JobStatus"]
    assert (status["Status"], status["Error"]) == ("Success", "")


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from keys(item)


def test_the_plan_is_empty_after_a_pull(corpus: Path, tmp_path: Path) -> None:
    """Real exports and printed examples, one workspace each; a second pull writes nothing."""
    found = [entry["file"] for entry in entries(corpus) if plannable(entry)]
    ends: dict[str, Any] = {}
    for number, file in enumerate(found):
        document = json.loads((corpus / file).read_text("utf-8"))
        with served() as sdk:
            imported(sdk, document)
            target = Target(
                "local", str(PROJECT), IDENTIFIER, endpoint=f"http://{sdk.client._endpoint}"
            )
            folder = Folder(tmp_path / str(number), target)
            folder.root.mkdir()
            if document["kind"] == "TriggerWorkflow":
                stub(folder, document)
            ends[file] = asyncio.run(story(folder))
    assert ends == dict.fromkeys(found, ((), True, [], [], []))


def stub(folder: Folder, document: dict[str, Any]) -> None:
    """A manifest that names the workflow: no list shows this kind."""
    body = document["spec"]["workflows"][0]
    (folder.root / "flows").mkdir()
    text = STUB.format(
        name=body["name"], path=body["script"]["path"], node=body["nodes"][0]["name"]
    )
    (folder.root / "flows" / "stub.yaml").write_text(text, encoding="utf-8")


async def story(folder: Folder) -> Any:
    async with connected(folder.target) as connection:
        first = await folder.pull(connection.remote)
        before = folder.files()
        again = await folder.pull(connection.remote)
        left = await folder.left(connection.remote)
    noise = [
        key
        for file, data in before.items()
        if file.endswith(".yaml")
        for key in keys(yaml_reader.parse(data.decode()).value)
        if key in NOISE
    ]
    same = folder.files() == before and bool(first.edits)
    return first.failures, same, [each.file for each in again.edits], left, noise
