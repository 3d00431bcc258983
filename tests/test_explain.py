"""`explain`: every effective field has an origin, and it is the true one."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from deployer import schema
from deployer.desired import from_manifest
from deployer.diff import changes
from deployer.explain import Files, below, explained
from deployer.flowspec import comparable
from deployer.manifest import Values, complete, parse
from deployer.model import Target
from deployer.plan import change
from deployer.rules.subject import Subject
from tests.cli_kit import CONFIG, Project, Shell
from tests.strategies import IDENTIFIER, Document, documents

FLOW = """\
version: "1.1.0"
kind: CycleWorkflow
spec:
  workflows:
    - name: raw
      script: {path: shop/raw}
      trigger:
        type: Scheduler
        cron: ${spec.cron}
      nodes:
        - name: land
          rerunTimes: 1
          script:
            runtime: {command: DIDE_SHELL}
            file: land.sh
        - name: "a#b:c"
          dependsOn: [land]
          datasource: {name: d, type: odps, config: {password: hunter2}}
          script:
            runtime: {command: DIDE_SHELL}
            content: echo ${projectIdentifier}
"""
WITH_VALUES = CONFIG.replace(
    "default: true",
    'default: true, vars: {cron: "00 00 03 * * ?"},\n'
    "    overrides: {shop/raw: {nodes: [{name: land, rerunTimes: 3}]}}",
)


@pytest.fixture
def deployer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A project with a workflow of every origin."""
    project = Project(tmp_path)
    project.write("deployer.yaml", WITH_VALUES)
    project.write("flows/raw.yaml", FLOW)
    return Shell(project, monkeypatch, capsys)


def fields(deployer: Shell, *arguments: str) -> dict[str, dict[str, Any]]:
    """What is told, by path."""
    ended = deployer("explain", *arguments, "--format", "json")
    assert ended.code == 0, ended.err
    return {each["path"]: each for each in json.loads(ended.out)["fields"]}


@pytest.mark.parametrize(
    ("path", "value", "source", "where"),
    [
        ("trigger.type", "Scheduler", "manifest", "flows/raw.yaml:8:15"),
        ("trigger.cron", "0 0 3 * * ?", "placeholder", "flows/raw.yaml:9:15"),
        ("trigger.timezone", "Asia/Shanghai", "default", "flows/raw.yaml:8:9"),
        ("nodes[land].rerunTimes", 3, "override", "deployer.yaml:4:61"),
        ("nodes[land].script.content", "echo one\necho two", "script file", "flows/raw.yaml:15:19"),
        ("nodes[land].script.path", "shop/raw/land", "derived", "flows/raw.yaml:14:13"),
        (
            "nodes[land].outputs.nodeOutputs[shop_dev.land].data",
            "shop_dev.land",
            "derived",
            "flows/raw.yaml:11:11",
        ),
        (
            "dependencies[{{a#b:c}}].depends[shop_dev.land].output",
            "shop_dev.land",
            "dependsOn",
            "flows/raw.yaml:17:22",
        ),
        ("nodes[a#b:c].script.content", "echo shop_dev", "placeholder", "flows/raw.yaml:21:22"),
        ("nodes[a#b:c].datasource.config", "(sensitive)", "manifest", "flows/raw.yaml:18:53"),
    ],
)
def test_origins(deployer: Shell, path: str, value: object, source: str, where: str) -> None:
    """Each kind of origin, with its place."""
    told = fields(deployer, "shop/raw", "--offline")[path]
    assert (told["value"], told["source"], told["where"]) == (value, source, where)


def test_notes(deployer: Shell) -> None:
    """A script names its file, a placeholder how it is written."""
    told = fields(deployer, "shop/raw", "--offline")
    assert told["nodes[land].script.content"]["note"] == "flows/land.sh"
    assert told["trigger.cron"]["note"] == "written as ${spec.cron}"


def test_every_field_of_the_plan_is_explained(deployer: Shell) -> None:
    """What apply would write is what is explained, no more and no less."""
    told = fields(deployer, "shop/raw")
    plan = json.loads(deployer("plan", "--format", "json").out)
    assert {each["source"] for each in told.values()} >= {"manifest", "default", "derived"}
    nodes = plan["resource_changes"][0]["change"]["after"]["nodes"]
    assert {path.partition("]")[0] for path in told if path[:5] == "nodes"} == {
        f"nodes[{name}" for name in nodes
    }


def test_live_values(deployer: Shell) -> None:
    """What is left open stays as it is; what differs is said with both sides; `--offline` asks nobody."""
    deployer("apply", "--auto-approve")
    deployer.project.change("flows/land.sh", "two", "three")
    told = fields(deployer, "shop/raw")
    owner = told["nodes[land].owner"]
    assert (owner["source"], owner["differs"]) == ("live", False)
    script = told["nodes[land].script.content"]
    assert (script["live"], script["differs"]) == ("echo one\necho two", True)
    assert 'the workspace holds "echo one\\necho two"' in deployer("explain", "shop/raw").out
    assert "nodes[land].owner" not in fields(deployer, "shop/raw", "--offline")


def test_what_is_only_live(deployer: Shell) -> None:
    """A node that no manifest names is one line; a field that the manifest dropped is told as going."""
    deployer.project.change(
        "flows/raw.yaml", "rerunTimes: 1", "rerunTimes: 1\n          priority: 5"
    )
    deployer.project.change(
        "flows/raw.yaml", "          rerunTimes", "          description: old\n          rerunTimes"
    )
    deployer("apply", "--auto-approve")
    deployer.project.change("flows/raw.yaml", "          description: old\n", "")
    cut = FLOW[: FLOW.index('        - name: "a#b:c"')]
    deployer.project.write("flows/raw.yaml", cut)
    told = fields(deployer, "shop/raw")
    assert told["nodes[a#b:c]"]["note"] == "live, in no manifest: left as it is"
    gone = told["nodes[land].description"]
    assert (gone["source"], gone["value"], gone["live"]) == ("live", None, "old")
    assert [path for path in told if path.startswith("dependencies")] == []


def test_no_secret_is_told(deployer: Shell) -> None:
    """Neither what is wanted nor what is live, in either form, even where they differ."""
    deployer("apply", "--auto-approve")
    deployer.project.change("flows/raw.yaml", "hunter2", "hunter3")
    text = (
        deployer("explain", "shop/raw").out
        + deployer("explain", "shop/raw", "--format", "json").out
    )
    assert fields(deployer, "shop/raw")["nodes[a#b:c].datasource.config"]["differs"]
    assert "hunter" not in text


@given(documents())
def test_any_document_is_explained(
    tmp_path_factory: pytest.TempPathFactory, document: Document
) -> None:
    """Every field that a first plan would write has an origin in the manifest or the schema."""
    root = tmp_path_factory.getbasetemp()
    file = root / "any.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    target = Target("t", "1", IDENTIFIER)
    parsed = parse(file, root)
    subject = Subject(complete(parsed, root, Values({}, IDENTIFIER)), target)
    found = explained(subject, Files(parsed.text.value, file.read_bytes(), b"", ""), None)
    after = change(from_manifest(subject.manifest, target), None).after
    assert after is not None
    whole = changes({}, comparable(after), schema.workflow())
    assert all(any(below(each.path, field.path) for field in whole) for each in found)
    assert all(any(below(each.path, field.path) for each in found) for field in whole)
    assert {each.source for each in found} <= {"manifest", "dependsOn", "derived", "default"}
    assert [each.path for each in found if not each.where] == []


@pytest.mark.parametrize(
    ("address", "first", "count"),
    [
        ("shop/raw:trigger", "trigger.cron", 6),
        ("shop/raw:trigger.cron", "trigger.cron", 1),
        ("shop/raw#land:rerunTimes", "nodes[land].rerunTimes", 1),
        ("shop/raw#a#b:c:script.content", "nodes[a#b:c].script.content", 1),
    ],
)
def test_address(deployer: Shell, address: str, first: str, count: int) -> None:
    """A workflow, a node, a field; names may hold what parts an address."""
    told = fields(deployer, address, "--offline")
    assert (next(iter(told)), len(told)) == (first, count)


def test_node_is_told_with_its_edges(deployer: Shell) -> None:
    """What a node waits for is part of it."""
    told = fields(deployer, "shop/raw#a#b:c", "--offline")
    assert {path.partition(".")[0] for path in told} == {"dependencies[{{a#b:c}}]", "nodes[a#b:c]"}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("shop/row", "did you mean `shop/raw`?"),
        ("shop/raw#lnd", "did you mean `land`?"),
        ("shop/raw:triger.cron", "did you mean `trigger.cron`?"),
        ("shop/raw#land:rerunTime", "did you mean `nodes[land].rerunTimes`?"),
        ("zzz", "no workflow at `zzz`"),
    ],
)
def test_unknown_address(deployer: Shell, address: str, words: str) -> None:
    """Exit 64 with the nearest name."""
    ended = deployer("explain", address, "--offline")
    assert (ended.code, ended.out) == (64, "")
    assert words in ended.err


def test_text_is_safe_and_short(deployer: Shell) -> None:
    """A long or hostile value is one line."""
    deployer.project.write("flows/land.sh", "echo \x1b[2J\n" + "x" * 5000)
    out = deployer("explain", "shop/raw:nodes[land].script.content", "--offline").out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) < 200
    assert "script file · flows/raw.yaml:15:19 · flows/land.sh" in out
