"""What each command costs in calls, by the count that the service keeps itself: here the emulator's.

A hundred and one workflows, so that the list of cycle workflows and the list of nodes have two pages each.
"""

import json
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from deployer.cli.connect import EMULATOR_KEY
from deployer.emulator import create_app
from deployer.flowspec import derived_id, references, to_wire
from deployer.plan import change
from deployer.refresh import SETTLED
from tests.cli_kit import Ended, Project, Shell
from tests.faults import workflow
from tests.flow_documents import changed, shell, with_node
from tests.strategies import IDENTIFIER, Document
from tests.workflow_kit import PROJECT, desired

MANY = 101
LISTS = 2 + 1
"""Pages of the lists of workflows: of cycle workflows, of manual ones."""

RESTED = SETTLED + 60.0
"""How long nobody has changed anything, in seconds: a plan keeps only what has rested."""

NODES = 2
"""Pages of the list of nodes."""

UNCHANGED, CHANGED, NEW_NODE, CREATED = 1, 6, 1, 6
"""Calls of a workflow, and of each node that is new in a workflow that is there."""

CONFIG = """\
manifests: [flows/*.json]
targets:
  local: {{emulator: live.db, project: {project}, projectIdentifier: {identifier}{limits}}}
"""
DB = "live.db"


def flow(number: int) -> Document:
    """One of many workflows, of one node."""
    return workflow(f"flow{number:03}", f"load{number:03}")


def sent(document: Document) -> Document:
    """What an apply of a new workflow would import, under ids of its own."""
    after = change(desired(document), None).after
    assert after is not None
    return to_wire(after, {each: derived_id(after.path, each) for each in references(after.spec)})


def config(limits: str = "") -> str:
    """The configuration, with limits or without."""
    return CONFIG.format(project=PROJECT, identifier=IDENTIFIER, limits=limits)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with many manifests, and a workspace that somebody brought to the same state."""
    root = tmp_path_factory.mktemp("many")
    project = Project(root)
    project.write("deployer.yaml", config())
    app = create_app(
        root / DB,
        project=PROJECT,
        project_identifier=IDENTIFIER,
        credentials=EMULATOR_KEY,
        clock=lambda: time.time() - RESTED,
    )
    with closing(app):
        for number in range(MANY):
            document = flow(number)
            project.write(f"flows/flow{number:03}.json", json.dumps(document))
            app.control.save("person", int(PROJECT), sent(document))
    return root


class Billed:
    """Commands in a project, and what each cost."""

    def __init__(self, project: Project, deployer: Shell) -> None:
        self.project, self._deployer = project, deployer

    def put(self, number: int, document: Document) -> None:
        """Write the manifest of a workflow."""
        self.project.write(f"flows/flow{number:03}.json", json.dumps(document))

    def counted(self) -> int:
        """The calls that the service remembers: each one has a nonce, kept for half an hour."""
        with closing(sqlite3.connect(self.project.root / DB)) as db:
            return int(db.execute("SELECT count(*) FROM nonce").fetchone()[0])

    def run(self, *command: str) -> tuple[Ended, int]:
        """How a command ended, and its calls."""
        before = self.counted()
        ended = self._deployer(*command)
        return ended, self.counted() - before

    def cost(self, *command: str) -> int:
        """The calls of a command that has to succeed."""
        ended, calls = self.run(*command)
        assert ended.code == 0, ended.err
        return calls


@pytest.fixture
def billed(
    everything: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Billed:
    """A project of a test's own, with everything live."""
    project = Project(tmp_path)
    shutil.copytree(everything, tmp_path, dirs_exist_ok=True)
    return Billed(project, Shell(project, monkeypatch, capsys))


def test_validate_costs_nothing(billed: Billed) -> None:
    """The files are judged without one call."""
    assert billed.cost("validate") == 0


def test_cold_plan(billed: Billed) -> None:
    """The pages of the lists, and one read for each workflow."""
    ended, calls = billed.run("plan", "--format", "json")
    plan = json.loads(ended.out)
    assert [each["actions"] for each in plan["resource_changes"]] == []
    assert (ended.code, calls) == (0, LISTS + MANY * UNCHANGED)
    assert plan["api_calls"] == calls


def test_warm_plan(billed: Billed) -> None:
    """Where nothing moved since, the pages of the lists and of the list of nodes; `--refresh` reads all."""
    billed.cost("plan")
    assert billed.cost("plan") == LISTS + NODES
    assert billed.cost("plan", "--refresh") == LISTS + MANY


def test_apply_of_nothing(billed: Billed) -> None:
    """What writes reads everything, and no more where there is nothing to write."""
    assert billed.cost("apply", "--auto-approve") == LISTS + MANY * UNCHANGED


def test_apply_of_one_changed_workflow(billed: Billed) -> None:
    """The plan's read, the look before the import, the import, its job, the proof, the history."""
    billed.put(0, with_node(flow(0), "load000", priority=5))
    calls = billed.cost("apply", "--auto-approve")
    assert calls == LISTS + CHANGED + (MANY - 1) * UNCHANGED
    assert billed.cost("apply", "--auto-approve") == LISTS + MANY, "it is changed only once"


def test_apply_of_one_workflow_alone(billed: Billed) -> None:
    """Whoever selects one workflow pays for no other."""
    billed.put(0, with_node(flow(0), "load000", priority=5))
    assert billed.cost("apply", "--auto-approve", "--select", "team/flow000") == LISTS + CHANGED


def test_apply_of_some_changed_workflows(billed: Billed) -> None:
    """Each one costs the same, however many there are."""
    for number in range(3):
        billed.put(number, with_node(flow(number), f"load{number:03}", priority=5))
    calls = billed.cost("apply", "--auto-approve")
    assert calls == LISTS + 3 * CHANGED + (MANY - 3) * UNCHANGED


def test_apply_twice_in_a_row(billed: Billed) -> None:
    """A workflow that was made, or changed, just before costs no more than any other."""
    for round_, content in enumerate(("echo a", "echo b", "echo c")):
        billed.put(MANY, changed(workflow("fresh", "fresh"), nodes=[shell("fresh", content)]))
        calls = billed.cost("apply", "--auto-approve", "--select", "team/fresh")
        assert calls == LISTS + (CHANGED if round_ else CREATED)


@pytest.mark.parametrize("new", [1, 3])
def test_apply_of_new_nodes(billed: Billed, new: int) -> None:
    """Each node that is new in a live workflow costs one call more: its id must be nobody else's."""
    names = ["load000", *(f"more{number}" for number in range(new))]
    billed.put(0, workflow("flow000", *names))
    calls = billed.cost("apply", "--auto-approve", "--select", "team/flow000")
    assert calls == LISTS + CHANGED + new * NEW_NODE


def test_apply_of_a_new_workflow(billed: Billed) -> None:
    """Is it there, create, import, its job, the proof, is it the only one; new nodes cost nothing."""
    billed.put(MANY, workflow("fresh", "one", "two", "three"))
    calls = billed.cost("apply", "--auto-approve")
    assert calls == LISTS + CREATED + MANY * UNCHANGED


def test_apply_of_a_saved_plan(billed: Billed) -> None:
    """It is planned once more, and costs what an apply costs."""
    billed.put(0, with_node(flow(0), "load000", priority=5))
    billed.cost("plan", "--out", "saved.plan")
    calls = billed.cost("apply", "saved.plan")
    assert calls == LISTS + CHANGED + (MANY - 1) * UNCHANGED


def test_plan_where_calls_are_counted(billed: Billed) -> None:
    """The count that `limits.apiCallsPerDay` keeps is that of the service, over several commands."""
    billed.project.write("deployer.yaml", config(", limits: {apiCallsPerDay: 150}"))
    calls = [billed.cost("plan"), billed.cost("plan")]
    assert calls == [LISTS + MANY, LISTS + NODES]
    (file,) = (billed.project.root / ".deployer").glob("calls-local-*")
    assert file.stat().st_size == sum(calls)
