"""What a plan says about live workflows that no manifest names, and about manifests out of scope."""

import json
from pathlib import Path

import pytest

from tests.cli_kit import CLEAN, CONFIG, RAW, Project, Shell


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A project whose workspace holds three workflows, of which one manifest is left."""
    project = Project(tmp_path)
    project.write("flows/clean.yaml", CLEAN)
    project.write(
        "flows/other.yaml",
        RAW.replace("raw", "other")
        .replace("shop/", "shopping/")
        .replace("name: land", "name: land2"),
    )
    shell = Shell(project, monkeypatch, capsys)
    assert shell("apply", "--auto-approve").code == 0
    for name in ("clean", "other"):
        (tmp_path / f"flows/{name}.yaml").unlink()
    return shell


def test_without_scope_nothing_else_is_looked_at(shell: Shell) -> None:
    """A repository that owns three workflows says nothing of the other thousand."""
    ended = shell("plan", "--detailed-exitcode")
    assert (ended.code, ended.out.splitlines()[1:]) == (0, ["", "No changes: 1 unchanged"])


def test_orphans_are_listed_one_line_each(shell: Shell) -> None:
    """What is live in scope and in no manifest is told, changes nothing, and is no difference."""
    shell.project.write("deployer.yaml", "scope: [shop]\n" + CONFIG)
    ended = shell("plan", "--detailed-exitcode")
    assert ended.code == 0
    assert ended.out.splitlines()[1:] == [
        "",
        "· orphan shop/clean  (live, in no manifest; left as it is)",
        "· 1 live workflow outside the folders in scope",
        "",
        "No changes: 1 unchanged",
    ]


def test_json_lists_them(shell: Shell) -> None:
    """Programs get paths and a number."""
    shell.project.write("deployer.yaml", "scope: [shop/]\n" + CONFIG)
    made = json.loads(shell("plan", "--format", "json").out)
    assert (made["orphans"], made["outside_scope"]) == (["shop/clean"], 1)


def test_a_workflow_of_another_target_is_no_orphan(shell: Shell) -> None:
    """It is in a manifest, which is for somebody else."""
    shell.project.write("deployer.yaml", "scope: [shop]\n" + CONFIG)
    shell.project.write("flows/clean.yaml", "deployer: {only: [prod]}\n" + CLEAN)
    assert json.loads(shell("plan", "--format", "json").out)["orphans"] == []


@pytest.mark.parametrize("command", [("plan",), ("apply", "--auto-approve")])
def test_a_manifest_outside_scope_is_refused(shell: Shell, command: tuple[str, ...]) -> None:
    """Nobody adopts a workflow of another team by its path."""
    shell.project.write("deployer.yaml", "scope: [shopping, sho]\n" + CONFIG)
    ended = shell(*command)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.splitlines() == [
        "error: the workflow `shop/raw` is outside the folders in scope",
        "  where: flows/raw.yaml",
        "  why: `scope` of deployer.yaml names `shopping`, `sho`",
        "  written: nothing was written",
        "  next: correct `script.path`, or widen `scope` in a reviewed commit",
    ]
