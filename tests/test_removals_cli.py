"""`apply --prune` and moves as users meet them: a real repository, the emulator, and every word."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployer.cli import connect
from deployer.emulator import Control, create_app
from deployer.emulator.effects import Effect
from tests.cli_kit import CLEAN, Project, Shell
from tests.git_kit import begin, commit, git

ALWAYS = "limits: {publishWindow: 'off'}"
"""The embedded emulator lives by the clock of this machine: tests pass at any hour."""
PRUNE = ("--base", "HEAD", "--prune")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository with two workflows, one waiting for the other, committed."""
    root = tmp_path / "repo"
    begin(root)
    made = Project(root)
    made.change("deployer.yaml", "default: true", f"default: true, {ALWAYS}")
    made.write("flows/clean.yaml", CLEAN)
    made.write(".gitignore", "data/\n")
    commit(root)
    return made


@pytest.fixture
def deployer(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in the repository; what is committed is applied."""
    for name in ("CI", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)
    shell = Shell(project, monkeypatch, capsys)
    assert shell("apply", "--auto-approve").code == 0
    return shell


@contextmanager
def workspace(project: Project) -> Iterator[Control]:
    """What happens in the workspace besides our commands."""
    app = create_app(
        project.root / "data/local.db",
        project="10001",
        project_identifier="shop_dev",
        credentials=connect.EMULATOR_KEY,
    )
    try:
        yield app.control
    finally:
        app.close()


def effects(project: Project) -> list[Effect]:
    """The effect log."""
    with workspace(project) as control:
        return control.effects()


def kinds(project: Project, since: int) -> list[tuple[str, str]]:
    """What was written since: operation and kind of change, for workflows and nodes."""
    return [(each.action, each.kind) for each in effects(project)[since:]]


def test_a_workflow_that_is_gone_is_deleted(deployer: Shell, project: Project) -> None:
    """The report names it, the log shows nothing else, a second run finds nothing to do."""
    (project.root / "flows/clean.yaml").unlink()
    count = len(effects(project))
    ended = deployer("apply", "--auto-approve", *PRUNE)
    assert ended.code == 0, ended.err
    assert "done: delete shop/clean\n    deleted: shop/clean\n" in ended.out
    assert kinds(project, count) == [("DeleteWorkflowDefinition", "delete")] * 2
    again = deployer("apply", "--auto-approve", *PRUNE)
    assert (again.code, len(effects(project))) == (0, count + 2)


def test_the_question_counts_what_goes_and_moves(deployer: Shell, project: Project) -> None:
    """Before anything is written; no is exit 3."""
    (project.root / "flows/clean.yaml").unlink()
    project.change("flows/raw.yaml", "shop/raw", "shop/new/raw")
    project.write(
        "flows/raw.yaml",
        (project.root / "flows/raw.yaml").read_text() + "deployer: {movedFrom: shop/raw}\n",
    )
    count = len(effects(project))
    environ = {"PATH": os.environ["PATH"]}
    ended = project.on_terminal("apply", *PRUNE, answer="n\n", env=environ)
    assert (ended.code, len(effects(project))) == (3, count)
    assert "Move 1 workflow and delete 1 workflow" in ended.out


def test_a_saved_plan_with_a_deletion(deployer: Shell, project: Project) -> None:
    """It is carried out as it was reviewed, and no more once it is stale."""
    (project.root / "flows/clean.yaml").unlink()
    file = str(project.root / "data/plan.json")
    assert deployer("plan", *PRUNE, "--out", file).code == 0
    ended = deployer("apply", file)
    assert (ended.code, "deleted: shop/clean" in ended.out) == (0, True), ended.err
    assert deployer("apply", file).code == 4


def test_a_saved_deletion_of_what_was_published_since(deployer: Shell, project: Project) -> None:
    """Nobody reviewed that it leaves production: exit 4, nothing is written."""
    assert deployer("publish", "--auto-approve", "shop/raw").code == 0
    (project.root / "flows/clean.yaml").unlink()
    file = str(project.root / "data/plan.json")
    assert deployer("plan", *PRUNE, "--out", file).code == 0
    git(project.root, "checkout", "-q", "flows/clean.yaml")
    assert deployer("publish", "--auto-approve").code == 0
    (project.root / "flows/clean.yaml").unlink()
    count = len(effects(project))
    ended = deployer("apply", file)
    assert (ended.code, "whether it is published differs" in ended.err) == (4, True)
    assert len(effects(project)) == count


def test_an_orphan_that_was_named(deployer: Shell, project: Project) -> None:
    """In no manifest, now or at the base: deleted because somebody wrote its path."""
    (project.root / "flows/clean.yaml").unlink()
    project.change("deployer.yaml", "targets:", "scope: [shop/]\ntargets:")
    commit(project.root)
    assert "orphan shop/clean" in deployer("plan").out
    ended = deployer("apply", "--auto-approve", "--allow-delete", "shop/clean")
    assert (ended.code, "deleted: shop/clean" in ended.out) == (0, True), ended.err


def test_a_node_and_a_move_as_json(deployer: Shell, project: Project) -> None:
    """Each outcome lists what is gone and what is called otherwise."""
    node = (
        "        - name: tidy_up\n          script: {runtime: {command: DIDE_SHELL}, content: x}\n"
    )
    text = (project.root / "flows/raw.yaml").read_text()
    project.write("flows/raw.yaml", text + node)
    assert deployer("apply", "--auto-approve").code == 0
    commit(project.root)
    project.write(
        "flows/raw.yaml",
        text.replace("shop/raw", "store/raw") + "deployer: {movedFrom: shop/raw}\n",
    )
    ended = deployer("apply", "--auto-approve", *PRUNE, "--format", "json")
    assert ended.code == 0, ended.err
    (outcome,) = json.loads(ended.out)["outcomes"]
    assert (outcome["action"], outcome["deleted"], outcome["moved"]) == (
        "move",
        ["store/raw#tidy_up"],
        [{"from": "shop/raw", "to": "store/raw"}],
    )


def test_published_readers_first(deployer: Shell, project: Project) -> None:
    """What no longer waits is saved and published before what it waited for leaves production."""
    assert deployer("publish", "--auto-approve").code == 0
    (project.root / "flows/raw.yaml").unlink()
    project.change("flows/clean.yaml", "dependsOn: [shop_dev.land]", "dependsOn: []")
    count = len(effects(project))
    ended = deployer("apply", "--auto-approve", "--publish", *PRUNE)
    assert ended.code == 0, ended.out + ended.err
    assert [
        each for each in kinds(project, count) if each[1] in ("publish", "offline", "delete")
    ] == [
        ("ExecPipelineRunStage", "publish"),
        ("ExecPipelineRunStage", "offline"),
        ("DeleteWorkflowDefinition", "delete"),
        ("DeleteWorkflowDefinition", "delete"),
    ]


def test_a_reader_in_production_keeps_what_it_waits_for(deployer: Shell, project: Project) -> None:
    """Saved but not published, the reader still waits: the service refuses, and nothing is deleted."""
    assert deployer("publish", "--auto-approve").code == 0
    (project.root / "flows/raw.yaml").unlink()
    project.change("flows/clean.yaml", "dependsOn: [shop_dev.land]", "dependsOn: []")
    ended = deployer("apply", "--auto-approve", *PRUNE)
    assert (ended.code, "failed: delete shop/raw" in ended.out) == (5, True)
    assert "Other objects depend on it" in ended.out
    assert deployer("publish", "--auto-approve").code == 0
    assert deployer("apply", "--auto-approve", *PRUNE).code == 0


def test_an_approval_is_waited_for_and_gone_on_from(deployer: Shell, project: Project) -> None:
    """Exit 9, nothing deleted; once somebody passed it the same run is gone on with."""
    assert deployer("publish", "--auto-approve").code == 0
    (project.root / "flows/clean.yaml").unlink()
    with workspace(project) as control:
        control.set_mode(10001, "standard")
    ended = deployer("apply", "--auto-approve", "--approval-timeout", "1", *PRUNE)
    assert (ended.code, "waiting: delete shop/clean" in ended.out) == (9, True), ended.out
    assert "1 waiting for a person" in ended.out
    with workspace(project) as control:
        told = control.act("mei", "ListPipelineRuns", {"ProjectId": 10001})
        runs = told["PagingInfo"]["PipelineRuns"]
        (run,) = [each["Id"] for each in runs if each["Status"] == "Running"]
        control.approve("mei", run)
    assert deployer("apply", "--auto-approve", *PRUNE).code == 0
    assert git(project.root, "status", "--short") == "D flows/clean.yaml"
