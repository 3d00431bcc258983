"""The flags of `run` and `backfill`: each is known to the run document, alone and over a run file."""

import json
from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from deployer.cli import backfill, run
from deployer.emulator import Fault
from tests.cli_kit import Project, Shell
from tests.test_run_cli import HAND, RUN_FILE, asked, control, says

RUN_FLAGS = {
    "type": "ManualWorkflow",
    "date": "2025-10-01",
    "tag-policy": "Append",
    "priority-weight": "Upstream",
    "node": "lift",
    "include": "lift",
    "exclude": "drop",
    "env": "Prod",
    "resource-group": "group",
    "priority": "3",
    "param": "a=b",
    "task-param": "lift=k=v",
    "tag": "team=sales",
    "comment": "late",
    "run-name": "mine",
}
BACKFILL_FLAGS = {
    "from": "2025-10-01",
    "to": "2025-10-02",
    "date": "2025-10-04",
    "range": "2025-10-06..2025-10-07",
    "single-dates": None,
    "hours-from": "01:00:00",
    "hours-to": "02:00:00",
    "node": "land",
    "include": "land",
    "exclude": "tidy",
    "env": "Prod",
    "resource-group": "group",
    "priority": "3",
    "param": "a=b",
    "task-param": "land=k=v",
    "tag": "team=sales",
    "comment": "late",
    "run-name": "mine",
    "mode": "ManualSelection",
    "order": "Desc",
    "parallelism": "2",
    "analysis": None,
    "analysis-blocks": None,
    "at-once": None,
    "policy": "Daily",
    "policy-from": "01:00:00",
    "policy-to": "05:00:00",
    "alert": "Failure",
    "alert-by": "Mail",
    "own-id": None,
}
OTHERS = {"target", "format", "file", "no-start", "wait", "timeout", "allow-instances"}
"""Flags that say nothing of the run, or are tried elsewhere."""
TWO_NODES = (
    HAND
    + """\
        - name: drop
          script: {runtime: {command: DIDE_SHELL}, content: echo drop}
"""
)
TIDY = """\
        - name: tidy
          script:
            runtime: {command: DIDE_SHELL}
            content: echo tidy
"""


@pytest.fixture
def bare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in a project whose workspace does not exist yet."""
    return Shell(Project(tmp_path), monkeypatch, capsys)


@pytest.fixture
def deployer(bare: Shell) -> Shell:
    """Runs `deployer` in a project whose workflows have two nodes each, all published."""
    bare.project.write("flows/hand.yaml", TWO_NODES)
    raw = (bare.project.root / "flows/raw.yaml").read_text(encoding="utf-8")
    bare.project.write("flows/raw.yaml", raw + TIDY)
    done = bare("apply", "--auto-approve", "--publish", "--allow-window")
    assert done.code == 0, done.err
    return bare


def line(flags: Mapping[str, str | None]) -> list[str]:
    """Flags as they are typed."""
    return [
        text for name, value in flags.items() for text in (f"--{name}", value) if text is not None
    ]


@pytest.mark.parametrize(
    ("command", "flags"), [(run.command, RUN_FLAGS), (backfill.command, BACKFILL_FLAGS)]
)
def test_no_flag_is_left_out(command: click.Command, flags: Mapping[str, str | None]) -> None:
    """The tables above hold every flag that the commands have."""
    options = [each for each in command.params if isinstance(each, click.Option)]
    names = {each.opts[0].removeprefix("--") for each in options}
    assert names - OTHERS == flags.keys()


def test_every_flag_of_a_run(deployer: Shell) -> None:
    """All of them together make one run, on the day that was named."""
    done = deployer("run", "shop/hand", *line(RUN_FLAGS), "--format", "json")
    assert done.code == 0, done.err
    found = deployer("instances", "list", "--biz-date", "2025-10-01", "--format", "json")
    (one,) = json.loads(found.out)["instances"]
    assert (one["name"], one["tags"]) == ("mine", {"team": "sales"})


def test_every_flag_of_a_backfill(deployer: Shell) -> None:
    """All of them together make one backfill, for the days that were named."""
    done = deployer("backfill", "shop/raw", *line(BACKFILL_FLAGS), "--format", "json")
    assert done.code == 0, done.err
    (told,) = json.loads(done.out)["runs"]
    assert [len(call["instances"]) for call in told["calls"]] == [5]


@pytest.mark.parametrize(
    ("old", "new", "flag", "place"),
    [
        ("mode: General", "tags: x", ("--tag", "a=b"), "run.yaml:4:7"),
        ("analysis: {enabled: false, blocked: false}", "analysis: 5", ("--analysis",), ":7:11"),
        ("mode: General", "runPolicy: [1]", ("--at-once",), "run.yaml:4:12"),
    ],
)
def test_a_flag_over_what_is_no_block(
    bare: Shell, old: str, new: str, flag: tuple[str, ...], place: str
) -> None:
    """What the file has wrongly is refused at its place, though a flag says more of it."""
    bare.project.write("run.yaml", RUN_FILE.replace(old, new))
    says(bare("backfill", "--file", "run.yaml", *flag), 64, place, "nothing was sent")
    assert not asked(bare)


def test_a_smoke_test_from_a_run_file(deployer: Shell) -> None:
    """It takes what `deployer smoke-test` has no flags for: days, parameters, tags."""
    text = "workflow: shop/raw\ntype: SmokeTest\nnodes: [land]\ntags: {team: sales}\n"
    deployer.project.write("run.yaml", text + "dates: [2025-10-01]\ntaskParameters: {land: k=v}\n")
    assert deployer("run", "--file", "run.yaml").code == 0
    found = deployer("instances", "list", "--biz-date", "2025-10-01", "--format", "json")
    (one,) = json.loads(found.out)["instances"]
    assert (one["type"], one["tags"]) == ("SmokeTest", {"team": "sales"})


def test_a_run_file_of_another_type(bare: Shell) -> None:
    """The place of the type is told; a file without one lacks it, and is no `None`."""
    bare.project.write("run.yaml", RUN_FILE.replace("SupplementData", "SmokeTest"))
    says(
        bare("backfill", "--file", "run.yaml"), 64, "type SmokeTest is no backfill", "run.yaml:2:7"
    )
    bare.project.write("run.yaml", RUN_FILE.replace("type: SupplementData\n", ""))
    says(bare("backfill", "--file", "run.yaml"), 64, "`type`", "run.yaml:1:1")


def test_a_run_that_may_have_been_made_is_not_called_unmade(deployer: Shell) -> None:
    """The report says what is known; the error says the rest."""
    deployer.project.change("deployer.yaml", "default: true", "default: true, limits: {settle: 0}")
    with control(deployer) as plane:
        plane.add_fault(Fault(kind="reset", action="CreateWorkflowInstances", nth=1))
    done = deployer("backfill", "shop/raw", "--date", "2025-10-01")
    assert (done.code, "known to be made: 0 of 1 calls" in done.out) == (7, True)
