"""A rerun after a crash, as its user meets it: what is told of writes in doubt, and that it converges."""

import re
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from deployer.flowspec import to_wire
from deployer.journal import Intent
from deployer.model import Change, NodeChange, Plan
from deployer.resuming import in_doubt, is_done, waited
from tests.cli_kit import Ended, Project, Shell
from tests.faults import Bench, story, workflow
from tests.records_kit import JOURNAL, killed_after, put_back, workspace, written
from tests.workflow_kit import PROJECT, desired

OFFSETS = 6
"""How many places of the journal `make test` cuts and flips; every one of them in a longer run."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one workflow."""
    return Project(tmp_path)


@pytest.fixture
def deployer(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in the project, in this process."""
    return Shell(project, monkeypatch, capsys)


def apply(deployer: Shell, *flags: str) -> Ended:
    """An apply that nobody is asked about."""
    return deployer("apply", "--auto-approve", *flags)


def resumed(ended: Ended) -> list[str]:
    """The lines about writes in doubt, their times left out."""
    lines = [line for line in ended.err.splitlines() if line.startswith("resuming: ")]
    return [re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|after \d+ s", "…", line) for line in lines]


def doubt(what: str, found: str) -> str:
    """A line about a write in doubt."""
    return f"resuming: {what} of shop/raw was sent at …, outcome was unknown -> {found}"


def converged(deployer: Shell, project: Project) -> None:
    """There is nothing left to do or to tell, and nothing more is written."""
    before = written(project)
    again = apply(deployer)
    assert (again.code, resumed(again), written(project)) == (0, [], before)
    assert "No changes" in again.out


@pytest.mark.parametrize("last", [b'"say":"intend","what":"import"', b'"job":'])
def test_what_was_carried_out_is_not_sent_again(
    project: Project, deployer: Shell, last: bytes
) -> None:
    """Killed before the answer, or before its job ended: the rerun sends nothing, and says so once."""
    assert apply(deployer).code == 0
    killed_after(project, last)
    before = written(project)
    again = apply(deployer)
    assert (again.code, written(project)) == (0, before)
    assert resumed(again) == [doubt("import", "found applied, not sent again")]
    converged(deployer, project)


def test_what_was_not_carried_out_is_sent_again(project: Project, deployer: Shell) -> None:
    """It is planned twice, the settle time apart, before anything is sent a second time."""
    assert apply(deployer).code == 0
    project.write("flows/land.sh", "echo other\n")
    with put_back(project):
        assert apply(deployer).code == 0
    killed_after(project, b'"say":"intend","what":"import"')
    again = apply(deployer)
    assert again.code == 0, again.err
    assert resumed(again) == [doubt("import", "found not applied …, sending again")]
    assert re.findall(r"found not applied after (\d+) s", again.err)[0] in ("30", "31", "32")
    converged(deployer, project)


def test_a_creation_that_was_not_carried_out_is_sent_again(
    project: Project, deployer: Shell
) -> None:
    """The workflow is made once, whatever the journal says."""
    with put_back(project):
        assert apply(deployer).code == 0
    killed_after(project, b'"say":"intend","what":"creation"')
    again = apply(deployer)
    assert again.code == 0, again.err
    assert resumed(again) == [doubt("creation", "found not applied …, sending again")]
    converged(deployer, project)


def test_what_somebody_saved_meanwhile_is_told(project: Project, deployer: Shell) -> None:
    """A content that is neither what was there nor what was sent is the plan's matter."""
    for text in ("echo one", "echo two"):
        project.write("flows/land.sh", text)
        assert apply(deployer).code == 0
    killed_after(project, b'"say":"intend","what":"import"')
    journal = (project.root / JOURNAL).read_bytes()
    project.write("flows/land.sh", "echo theirs")
    shutil.rmtree(project.root / ".deployer")
    assert apply(deployer).code == 0
    (project.root / JOURNAL).write_bytes(journal)
    project.write("flows/land.sh", "echo two")
    again = apply(deployer)
    assert again.code == 0
    assert resumed(again) == [doubt("import", "found with another content, see the plan")]
    converged(deployer, project)


@pytest.mark.parametrize(
    ("intent", "change", "done"),
    [
        (("deletion", {}), ("delete", ()), False),
        (("deletion", {"node": "a"}), ("update", (NodeChange("a", "delete"),)), False),
        (("deletion", {"node": "a"}), ("update", (NodeChange("b", "delete"),)), True),
        (("deletion", {"node": "a"}), ("delete", ()), False),
        (("deletion", {"node": "a"}), ("unchanged", ()), True),
        (("move", {"to": "shop/raw"}), ("move", ()), False),
        (("move", {"to": "shop/raw"}), ("unchanged", ()), True),
        (("renaming", {"node": "a"}), ("update", (NodeChange("a", "move", "b"),)), False),
        (("renaming", {"node": "a"}), ("update", (NodeChange("c", "move", "b"),)), True),
    ],
)
def test_a_deletion_or_move_in_doubt_is_told_by_the_plan(
    intent: tuple[str, dict[str, str]], change: tuple[Any, tuple[NodeChange, ...]], done: bool
) -> None:
    """It took effect unless the plan still shows it; of a node, that very node."""
    what, facts = intent
    action, nodes = change
    there = Change("shop/raw", action, "", nodes=nodes)
    doubted = Intent("shop/raw", what, 0.0, "r1", facts)
    plan = Plan("local", PROJECT, changes=(there,))
    assert (is_done(doubted, there), in_doubt([doubted], plan)) == (done, [] if done else [doubted])


@pytest.mark.parametrize("arrived", [True, False])
def test_a_renaming_in_doubt(project: Project, deployer: Shell, arrived: bool) -> None:
    """What a rerun found of it is told, and the node has its new name once, under its id."""
    assert apply(deployer).code == 0
    project.change(
        "flows/raw.yaml",
        "        - name: land\n",
        "        - name: fetch\n          deployer: {movedFrom: land}\n",
    )
    with nullcontext() if arrived else put_back(project):
        ended = apply(deployer)
        assert ended.code == 0, ended.err
    killed_after(project, b'"say":"intend","what":"renaming"')
    again = apply(deployer)
    assert again.code == 0, again.err
    found = "applied, not sent again" if arrived else "not applied …, sending again"
    assert resumed(again) == [doubt("renaming", f"found {found}")]
    converged(deployer, project)


def test_a_job_under_way_is_waited_for() -> None:
    """Nothing is planned before the import of an earlier run has come to its end."""

    async def tell(bench: Bench) -> None:
        document = to_wire(desired(workflow("daily", "load")), {})
        job = await bench.connection.remote.start_import(document)
        intent = Intent("team/daily", "import", bench.clock() - 3_600, "r1", {"job": job.id})
        at = bench.connection
        left = await waited([intent], at.remote, at.settle, at.sleep, bench.clock())
        assert (left, (await at.remote.job(job.id)).ended) == (0.0, True)

    story(tell, job_seconds=60.0)


@pytest.mark.parametrize(("age", "left"), [(0.0, 30.0), (20.0, 10.0), (40.0, 0.0), (-9e9, 30.0)])
def test_the_settle_time_is_waited_for_once(age: float, left: float) -> None:
    """What is left of it since the sending, whatever a clock of another machine says."""

    async def tell(bench: Bench) -> None:
        at, began = bench.connection, bench.clock()
        intent = Intent("team/daily", "import", began - age)
        assert await waited([intent], at.remote, at.settle, at.sleep, began) == pytest.approx(left)
        assert bench.clock() - began == pytest.approx(left)

    story(tell)


@pytest.mark.parametrize("gone", [".deployer", JOURNAL, ".deployer/backups"])
def test_deleted_between_crash_and_rerun(project: Project, deployer: Shell, gone: str) -> None:
    """Without what was noted the result is the same."""
    assert apply(deployer).code == 0
    killed_after(project, b'"say":"intend","what":"import"')
    target = project.root / gone
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink()
    before = written(project)
    assert (apply(deployer).code, written(project)) == (0, before)
    converged(deployer, project)


def test_every_damage_converges(project: Project, deployer: Shell, soak: bool) -> None:
    """Cut anywhere or with a bit flipped, a journal costs a line at most, never a result."""
    assert apply(deployer).code == 0
    killed_after(project, b'"job":')
    data = (project.root / JOURNAL).read_bytes()
    before = written(project)
    for at in range(0, len(data), 1 if soak else len(data) // OFFSETS):
        flipped = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        for broken in (data[:at], flipped):
            (project.root / JOURNAL).write_bytes(broken)
            again = apply(deployer)
            assert (again.code, written(project)) == (0, before), at
            told = re.findall(
                r"^journal damaged at record \d+, using server state$", again.err, re.M
            )
            assert len(told) == 1 or broken is not flipped, at
            assert "Traceback" not in again.err


def test_a_publication_in_doubt_goes_on(project: Project, deployer: Shell) -> None:
    """What is published already is told as that; the same pipeline run is never made twice."""
    project.change(
        "deployer.yaml", "default: true", "default: true, limits: {publishWindow: 'off'}"
    )
    assert apply(deployer, "--publish").code == 0
    killed_after(project, b'"say":"intend","what":"pipeline run"')
    before = written(project)
    again = apply(deployer, "--publish")
    assert (again.code, written(project)) == (0, before)
    assert resumed(again) == [doubt("pipeline run", "found applied, not sent again")]
    with workspace(project) as control:
        made = [each for each in control.effects() if each.action == "CreatePipelineRun"]
    assert len({each.id for each in made}) <= 1
    converged(deployer, project)


def test_a_publication_that_never_began_is_made_once(project: Project, deployer: Shell) -> None:
    """The rerun looks for the pipeline run, finds none after the settle time, and makes one."""
    project.change(
        "deployer.yaml", "default: true", "default: true, limits: {publishWindow: 'off'}"
    )
    assert apply(deployer).code == 0
    with put_back(project):
        assert deployer("publish", "--auto-approve").code == 0
    killed_after(project, b'"say":"intend","what":"pipeline run"')
    again = deployer("publish", "--auto-approve")
    assert again.code == 0, again.err
    assert resumed(again) == [doubt("pipeline run", "going on with what is found")]
    with workspace(project) as control:
        assert sum(each.kind == "publish" for each in control.effects()) == 1
    converged(deployer, project)


def test_a_stage_in_doubt_is_no_matter_of_apply(project: Project, deployer: Shell) -> None:
    """Where nothing is to be published now, nothing is told of it."""
    project.change(
        "deployer.yaml", "default: true", "default: true, limits: {publishWindow: 'off'}"
    )
    assert apply(deployer, "--publish").code == 0
    killed_after(project, b'"say":"intend","what":"pipeline run"')
    assert resumed(apply(deployer, "--no-publish")) == []
