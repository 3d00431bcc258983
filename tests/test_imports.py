"""What the start of a command costs: modules that it does not need are not loaded.

`deployer validate` runs on every commit. That imports point down is told by test_layers.py.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deployer.render.problems import FORMATS
from tests.cli_kit import ROOT, Project

LOADED = """
import json, sys
from deployer.cli.main import _run
code = _run()
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""
NETWORK = {"anyio", "asyncio", "httpcore", "httpx", "ssl", "starlette", "uvicorn"}
UNUSED = {"alibabacloud_credentials", "deepdiff", "rich"}
LATE = {"_hashlib", "difflib", "hashlib"}
"""What only mistakes and plans need: with OpenSSL behind it, one of them costs as much as the schema."""
READERS = {"jsonschema", "jsonschema_rs", "yaml"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one workflow."""
    return Project(tmp_path)


def loaded_by(project: Project, *command: str) -> tuple[int, set[str]]:
    """Exit code of a command, and every module that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *command],
        cwd=project.root,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(project.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code, modules = json.loads(done.stderr.splitlines()[-1])
    return code, set(modules)


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["--version"],
        [],
        ["plan", "--help"],
        ["apply", "-h"],
        ["publish", "-h"],
        ["pull", "-h"],
        ["validate", "-h"],
        ["backfill", "-h"],
        ["run", "-h"],
        ["smoke-test", "-h"],
        ["instances", "list", "-h"],
    ],
)
def test_help_is_words_only(project: Project, command: list[str]) -> None:
    """No library but click has a part in it."""
    code, modules = loaded_by(project, *command)
    assert (code, modules & (NETWORK | UNUSED | READERS)) == (0, set())


def test_entry_point_loads_nothing() -> None:
    """What is loaded before the collector is told to wait would be looked through again and again."""
    loaded = "import sys, deployer.__main__; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", loaded],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    ours = {name for name in done.stdout.split() if name.partition(".")[0] == "deployer"}
    assert (ours, "click" in done.stdout.split()) == ({"deployer", "deployer.__main__"}, False)


def test_overview_loads_no_command(project: Project) -> None:
    """`deployer --help` does not even load the commands that it lists."""
    _, modules = loaded_by(project, "--help")
    ours = {name for name in modules if name.startswith("deployer.")}
    assert ours == {
        "deployer.cli",
        "deployer.cli.main",
        "deployer.cli.words",
        "deployer.errors",
        "deployer.nearest",
        "deployer.render",
        "deployer.render.paint",
        "deployer.render.visible",
    }


@pytest.mark.parametrize("command", [["validate"], ["validate", "flows/raw.yaml"]])
def test_validate_of_sound_files(project: Project, command: list[str]) -> None:
    """It needs the YAML reader and the compiled gate: no client, no event loop, no messages."""
    code, modules = loaded_by(project, *command)
    assert (code, modules & (NETWORK | UNUSED | LATE | {"jsonschema"})) == (0, set())
    assert "deployer.reading.json_reader" not in modules
    assert READERS & modules == {"jsonschema_rs", "yaml"}
    client = {
        "deployer.transport.client",
        "deployer.remote.workspace",
        "deployer.apply",
        "deployer.plan",
    }
    assert modules & client == set()


@pytest.mark.parametrize("form", FORMATS)
def test_form_loads_its_own_module(project: Project, form: str) -> None:
    """Nobody pays for the forms that were not asked for."""
    code, modules = loaded_by(project, "validate", "--format", form)
    forms = {name for name in modules if name.startswith("deployer.render.problems_")}
    text = (
        {FORMATS["text"]} if form == "github" else set()
    )  # what GitHub would hide is told as text
    assert (code, forms) == (0, {FORMATS[form]} | text)
    assert modules & (NETWORK | UNUSED | {"jsonschema"}) == set()


def test_validate_of_a_json_manifest(project: Project) -> None:
    """The same without a deployer.yaml and for JSON."""
    (project.root / "deployer.yaml").unlink()
    node = {"name": "a", "script": {"runtime": {"command": "VIRTUAL"}}}
    body = {"name": "f", "script": {"path": "f"}, "trigger": {}, "nodes": [node]}
    body["trigger"] = {"type": "Scheduler", "cron": "00 00 03 * * ?"}
    document = {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [body]}}
    project.write("f.json", json.dumps(document))
    code, modules = loaded_by(project, "validate", "f.json")
    assert (code, modules & (NETWORK | UNUSED | {"jsonschema"})) == (0, set())


def test_plan_on_the_emulator_needs_no_web_server(project: Project) -> None:
    """Neither the server nor the credential chain are loaded; httpx itself loads `rich`."""
    code, modules = loaded_by(project, "plan")
    unused = {"alibabacloud_credentials", "deepdiff", "uvicorn", "jsonschema"}
    assert (code, modules & unused) == (0, set())
