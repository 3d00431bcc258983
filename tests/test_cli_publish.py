"""`deployer publish` and `apply --publish` as somebody at a terminal, or a pipeline, meets them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from deployer.cli import connect
from deployer.emulator import Control, create_app, dates
from deployer.emulator.faults import Fault
from tests.cli_kit import CLEAN, Project, Shell
from tests.running_kit import MIDNIGHT

PROJECT = 10001
CONNECTION = connect.Connection
ALWAYS = "limits: {publishWindow: 'off'}"
"""The embedded emulator lives by the clock of this machine: tests pass at any hour."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose target lets publish at any hour."""
    one = Project(tmp_path)
    one.change("deployer.yaml", "default: true", f"default: true, {ALWAYS}")
    return one


@pytest.fixture
def deployer(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """The command, run in the project."""
    return Shell(project, monkeypatch, capsys)


@contextmanager
def workspace(project: Project) -> Iterator[Control]:
    """What happens in the workspace besides our commands."""
    app = create_app(
        project.root / "data/local.db",
        project=str(PROJECT),
        project_identifier="shop_dev",
        credentials=connect.EMULATOR_KEY,
    )
    try:
        yield app.control
    finally:
        app.close()


def published(project: Project) -> int:
    """How often something went to production."""
    with workspace(project) as control:
        return sum(effect.kind == "publish" for effect in control.effects())


def applied(deployer: Shell, *flags: str) -> None:
    assert deployer("apply", "--auto-approve", *flags).code == 0


# --- publish --------------------------------------------------------------------------------------


def test_publish(deployer: Shell, project: Project) -> None:
    """What is saved goes to production; stages are told on stderr, the result on stdout."""
    applied(deployer)
    assert published(project) == 0
    ended = deployer("publish", "--auto-approve")
    assert ended.code == 0
    assert ended.out.startswith("done: publish shop/raw, pipeline run ")
    assert "1 published, 0 failed, 0 not attempted. API calls: " in ended.out
    assert "↑ publish shop/raw  (saved, not published)\n" in ended.err
    assert "shop/raw: stage PROD\n" in ended.err
    assert published(project) == 1
    again = deployer("publish", "--auto-approve")
    assert (again.code, again.out) == (0, "")
    assert again.err == "nothing to publish: 1 workflow published as saved\n"
    assert published(project) == 1


def test_publish_as_json(deployer: Shell) -> None:
    """One document on stdout, whether there was something to do or not."""
    applied(deployer)
    first = json.loads(deployer("publish", "--auto-approve", "--format", "json").out)
    (one,) = first["published"]
    assert (one["address"], one["status"], one["version"]) == ("shop/raw", "done", 1)
    assert first["outcomes"] == []
    assert first["summary"] == {"done": 0, "failed": 0, "not_attempted": 0}
    again = json.loads(deployer("publish", "--auto-approve", "--format", "json").out)
    assert again["published"] == []


def test_publish_some(deployer: Shell, project: Project) -> None:
    """SELECT names paths or patterns; what matches nothing is a mistake."""
    project.write("flows/clean.yaml", CLEAN)
    applied(deployer)
    ended = deployer("publish", "--auto-approve", "shop/r*")
    assert (ended.code, "shop/clean" in ended.out) == (0, False)
    wrong = deployer("publish", "--auto-approve", "shop/none")
    assert (wrong.code, "`shop/none` selects no workflow" in wrong.err) == (64, True)
    assert deployer("publish", "--auto-approve").code == 0
    assert published(project) == 2


def test_publish_what_is_not_saved(deployer: Shell, project: Project) -> None:
    """Named, it is a conflict; unnamed, it is left out and said so."""
    applied(deployer)
    project.change("flows/land.sh", "two", "three")
    named = deployer("publish", "--auto-approve", "shop/raw")
    assert named.code == 4
    assert "`shop/raw` is not saved as its manifest says" in named.err
    assert "nothing was written" in named.err
    unnamed = deployer("publish", "--auto-approve")
    assert (unnamed.code, "`shop/raw` is left out" in unnamed.err) == (0, True)
    assert published(project) == 0


def test_publish_asks(deployer: Shell, project: Project) -> None:
    """Nobody there is exit 64, no is exit 3, yes goes on."""
    applied(deployer)
    nobody = deployer("publish")
    assert (nobody.code, "deployer publish --auto-approve" in nobody.err) == (64, True)
    no = project.on_terminal("publish", answer="no\n")
    assert (no.code, published(project)) == (3, 0)
    assert "Publish 1 workflow to project 10001" in no.out
    assert project.on_terminal("publish", answer="yes\n").code == 0
    assert published(project) == 1


def test_approval(deployer: Shell, project: Project) -> None:
    """Exit 9 says who has to act and where; the rerun goes on with the same pipeline run."""
    applied(deployer)
    with workspace(project) as control:
        control.set_mode(PROJECT, "standard")
    waiting = deployer("publish", "--auto-approve", "--timeout", "5")
    assert waiting.code == 9
    assert waiting.out.startswith("waiting: publish shop/raw, pipeline run ")
    assert "approves it in the console of project 10001" in waiting.out
    run = waiting.out.split("pipeline run ")[1].split(",")[0]
    with workspace(project) as control:
        control.approve("boss", run)
    done = deployer("publish", "--auto-approve")
    assert (done.code, run in done.out) == (0, True)


def test_somebody_elses_run(deployer: Shell, project: Project) -> None:
    """Exit 4 while theirs is under way."""
    applied(deployer)
    with workspace(project) as control:
        control.set_mode(PROJECT, "standard")
        found = control.act("eve", "ListWorkflowDefinitions", {"ProjectId": PROJECT})
        (flow,) = found["PagingInfo"]["WorkflowDefinitions"]
        wish = {"ProjectId": PROJECT, "ObjectIds": [flow["Id"]], "Type": "Online"}
        control.act("eve", "CreatePipelineRun", wish)
    ended = deployer("publish", "--auto-approve")
    assert (ended.code, "is under way already" in ended.out) == (4, True)


# --- the window -----------------------------------------------------------------------------------


def test_window(deployer: Shell, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 3 in the half hour before midnight in China, before the question and any write."""
    project.change("deployer.yaml", f", {ALWAYS}", "")
    applied(deployer)
    clock(monkeypatch, 23, 45)
    ended = deployer("publish", "--auto-approve")
    assert ended.code == 3
    assert "nothing is published between 23:30 and 24:00 Asia/Shanghai" in ended.err
    assert "nothing was written" in ended.err
    project.change("flows/land.sh", "two", "three")
    both = deployer("apply", "--auto-approve", "--publish")
    assert (both.code, "importing" in both.err) == (3, False)
    assert deployer("apply", "--auto-approve", "--publish", "--allow-window").code == 0
    project.change("flows/land.sh", "three", "four")
    clock(monkeypatch, 22, 30)
    near = deployer("apply", "--auto-approve", "--publish")
    assert (near.code, "warning: it is 22:30 Asia/Shanghai" in near.err) == (0, True)


def clock(monkeypatch: pytest.MonkeyPatch, hour: int, minute: int, day: int = 0) -> None:
    """It is that time in China for whoever asks the connection, so many days after 2025-10-10."""
    moment = MIDNIGHT / 1000 + day * 86_400 + hour * 3600 + minute * 60

    def made(*given: object, **named: object) -> connect.Connection:
        values = list(given)
        values[4:5] = [lambda: moment]
        return CONNECTION(*values, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(connect, "Connection", made)


def test_time_does_not_go_back(deployer: Shell, project: Project) -> None:
    """A wait that an embedded workspace passes over is over for the next command, too.

    Else what is published after it looks older than what was published before.
    """
    applied(deployer)
    with workspace(project) as control:
        control.set_mode(PROJECT, "standard")
        before = control.now()
    assert deployer("publish", "--auto-approve", "--timeout", "30").code == 9
    with workspace(project) as control:
        assert control.now() - before >= 30 * 60 * 1000


# --- apply and plan -------------------------------------------------------------------------------


def test_apply_publishes(deployer: Shell, project: Project) -> None:
    """Written, proven, then published, upstream first."""
    project.write("flows/clean.yaml", CLEAN)
    ended = deployer("apply", "--auto-approve", "--publish")
    assert ended.code == 0
    lines = [line.split(",")[0] for line in ended.out.splitlines() if line.startswith("done")]
    assert lines == [
        "done: create shop/raw",
        "done: create shop/clean",
        "done: publish shop/raw",
        "done: publish shop/clean",
    ]
    assert "2 done, 0 failed, 0 not attempted; 2 published, 0 failed" in ended.out
    assert deployer("apply", "--publish").code == 0
    assert published(project) == 2


@pytest.mark.parametrize(
    ("target", "manifest", "flag", "expected"),
    [
        ("", "", "", 0),
        (", publish: true", "", "", 1),
        ("", "deployer: {publish: true}\n", "", 1),
        (", publish: true", "deployer: {publish: false}\n", "", 0),
        (", publish: true", "", "--no-publish", 0),
        ("", "deployer: {publish: false}\n", "--publish", 1),
    ],
)
def test_who_decides(
    deployer: Shell, project: Project, target: str, manifest: str, flag: str, expected: int
) -> None:
    """The flag beats the manifest, the manifest beats the target."""
    project.change("deployer.yaml", "default: true", f"default: true{target}")
    project.change("flows/raw.yaml", "spec:\n", f"{manifest}spec:\n")
    applied(deployer, *[flag] if flag else [])
    assert published(project) == expected


def test_plan_shows_what_is_saved_and_not_published(deployer: Shell, project: Project) -> None:
    """A state of its own; exit 2 counts it where publishing is wished for."""
    applied(deployer)
    assert deployer("plan", "--detailed-exitcode").code == 0
    project.change("deployer.yaml", "default: true", "default: true, publish: true")
    shown = deployer("plan", "--detailed-exitcode")
    assert shown.code == 2
    assert "↑ publish shop/raw  (saved, not published)\n" in shown.out
    assert "No changes: 1 unchanged, 1 to publish\n" in shown.out
    (change,) = json.loads(deployer("plan", "--format", "json").out)["resource_changes"]
    assert (change["publication"], change["change"]["actions"]) == ("unpublished", ["no-op"])
    applied(deployer)
    assert deployer("plan", "--detailed-exitcode").code == 0


def test_a_plan_can_be_asked_what_is_not_published(deployer: Shell) -> None:
    """`--publish` and `--no-publish` say for a plan what they say for apply."""
    applied(deployer)
    shown = deployer("plan", "--publish", "--detailed-exitcode")
    assert (shown.code, "1 unchanged, 1 to publish" in shown.out) == (2, True)
    assert deployer("plan", "--no-publish", "--detailed-exitcode").code == 0
    applied(deployer, "--publish")
    assert deployer("plan", "--publish", "--detailed-exitcode").code == 0


def test_publishing_that_fails_after_writing(deployer: Shell, project: Project) -> None:
    """Something is written, something failed: exit 5, and both are told."""
    applied(deployer, "--publish")
    project.change("flows/land.sh", "two", "three")
    with workspace(project) as control:
        control.set_mode(PROJECT, "standard")
        found = control.act("eve", "ListWorkflowDefinitions", {"ProjectId": PROJECT})
        (flow,) = found["PagingInfo"]["WorkflowDefinitions"]
        wish = {"ProjectId": PROJECT, "ObjectIds": [flow["Id"]], "Type": "Online"}
        control.act("eve", "CreatePipelineRun", wish)
    ended = deployer("apply", "--auto-approve", "--publish")
    assert ended.code == 5
    assert "done: update shop/raw" in ended.out
    assert "failed: publish shop/raw" in ended.out


def test_approval_after_writing(deployer: Shell, project: Project) -> None:
    """Waiting is no failure: exit 9, though something was written; a rerun of apply goes on."""
    applied(deployer)
    project.change("flows/land.sh", "two", "three")
    with workspace(project) as control:
        control.set_mode(PROJECT, "standard")
    ended = deployer("apply", "--auto-approve", "--publish", "--timeout", "0")
    assert ended.code == 9
    run = ended.out.split("pipeline run ")[1].split(",")[0]
    with workspace(project) as control:
        control.approve("boss", run)
    again = deployer("apply", "--auto-approve", "--publish")
    assert (again.code, run in again.out) == (0, True)


def test_what_was_not_applied_is_not_published(deployer: Shell, project: Project) -> None:
    """A change that fails leaves production as it is."""
    applied(deployer, "--publish")
    project.change("flows/land.sh", "two", "three")
    with workspace(project) as control:
        control.add_fault(Fault("status", "ImportWorkflowDefinition", status=400, code="No.Way"))
    ended = deployer("apply", "--auto-approve", "--publish")
    assert ended.code == 1
    assert "not attempted: publish shop/raw\n    it was not applied\n" in ended.out
    assert published(project) == 1


# --- what runs ------------------------------------------------------------------------------------


def scheduled(deployer: Shell, project: Project) -> int:
    """The workflow is in production, and the instances of a day to come are made; which day."""
    applied(deployer, "--publish")
    with workspace(project) as control:
        day = dates.day_of(control.advance(3 * 86_400)) + timedelta(days=1)
        assert len(control.generate(PROJECT, day.isoformat())) == 1
    project.change("flows/land.sh", "two", "three")
    return (dates.midnight(day) - MIDNIGHT) // dates.DAY_MS


def test_guard_refuses(deployer: Shell, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """An instance is due within the minutes: exit 3, nothing written; `show` only says so."""
    day = scheduled(deployer, project)
    clock(monkeypatch, 2, 50, day)
    refused = deployer("apply", "--auto-approve", "--guard-running")
    assert (refused.code, "importing" in refused.err) == (3, False)
    assert "shop/raw: land is due at " in refused.err
    assert "1 task instance runs or is due within 15 minutes" in refused.err
    assert deployer("apply", "--auto-approve", "--guard-running=refuse").code == 3
    shown = deployer("apply", "--auto-approve", "--guard-running=show")
    assert (shown.code, "shop/raw: land is due at " in shown.err) == (0, True)


def test_guard_counts_minutes(
    deployer: Shell, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is due later than that does not stand in the way."""
    day = scheduled(deployer, project)
    clock(monkeypatch, 2, 50, day)
    far = deployer("apply", "--auto-approve", "--guard-running", "--guard-minutes", "9")
    assert (far.code, "is due" in far.err) == (0, False)
    project.change("flows/land.sh", "three", "four")
    near = deployer("apply", "--auto-approve", "--guard-running", "--guard-minutes", "10")
    assert near.code == 3


def test_guard_passes_over_what_is_not_concerned(
    deployer: Shell, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instances of workflows that nothing happens to are nobody's business here."""
    day = scheduled(deployer, project)
    project.change("flows/land.sh", "three", "two")
    project.write("flows/clean.yaml", CLEAN)
    clock(monkeypatch, 2, 50, day)
    assert deployer("apply", "--auto-approve", "--guard-running").code == 0
