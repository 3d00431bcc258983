"""`deployer undo`: the last apply taken back, as its user meets it."""

import json
import shutil
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from deployer import backups
from deployer.errors import UsageError
from deployer.flowspec import from_wire
from deployer.journal import file_name
from tests.cli_kit import CLEAN, Ended, Project, Shell
from tests.git_kit import begin, commit
from tests.records_kit import killed_after, put_back, records, workspace, written
from tests.workflow_kit import PROJECT

HOURS = "limits: {publishWindow: 'off'}"
SECRET = "hunter2-of-the-shop"
WITH_SECRET = f"""\
            runtime: {{command: DIDE_SHELL}}
          datasource:
            name: orders
            type: mysql
            config: {{password: {SECRET}}}
"""


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


def apply(deployer: Shell, *flags: str) -> None:
    """An apply that succeeds."""
    ended = deployer("apply", "--auto-approve", *flags)
    assert ended.code == 0, ended.err


def undo(deployer: Shell) -> Ended:
    """An undo that nobody is asked about."""
    return deployer("undo", "--auto-approve")


def live(project: Project) -> dict[str, str]:
    """The fingerprint of every live workflow, by path."""
    found = {}
    with workspace(project) as control:
        listed = control.act("person", "ListWorkflowDefinitions", {"ProjectId": PROJECT})
        for each in listed["PagingInfo"]["WorkflowDefinitions"]:
            params = {"ProjectId": PROJECT, "Id": each["Id"]}
            held = control.act("person", "GetWorkflowDefinition", params)["WorkflowDefinition"]
            observed = from_wire(json.loads(held["Spec"]))
            found[observed.workflow.path] = observed.fingerprint
    return found


# --- back and forth -------------------------------------------------------------------------------


def test_what_was_written_over_comes_back(project: Project, deployer: Shell) -> None:
    """Script, schedule and settings are as before the last apply; undoing that brings the change back."""
    apply(deployer)
    first = live(project)
    project.write("flows/land.sh", "echo other\n")
    project.change("flows/raw.yaml", "00 00 03 * * ?", "00 30 05 * * ?")
    project.change(
        "flows/raw.yaml", "        - name: land\n", "        - name: land\n          priority: 5\n"
    )
    apply(deployer)
    second = live(project)
    undone = undo(deployer)
    assert undone.code == 0, undone.err
    assert "~ update shop/raw" in undone.out
    assert "-echo other" in undone.out
    assert live(project) == first != second
    assert undo(deployer).code == 0
    assert live(project) == second


def test_secrets_come_back_too(project: Project, deployer: Shell) -> None:
    """A backup holds what is masked elsewhere; no output and no journal does."""
    project.change("flows/raw.yaml", "            runtime: {command: DIDE_SHELL}\n", WITH_SECRET)
    project.change("flows/raw.yaml", "            file: land.sh\n", "")
    project.change(
        "flows/raw.yaml",
        "{command: DIDE_SHELL}\n",
        "{command: DIDE_SHELL}\n            file: land.sh\n",
    )
    apply(deployer)
    first = live(project)
    project.change("flows/raw.yaml", SECRET, "other")
    apply(deployer)
    assert live(project) != first
    undone = undo(deployer)
    assert (undone.code, live(project)) == (0, first), undone.err
    assert SECRET not in undone.out + undone.err
    assert [each for each in records(project) if SECRET.encode() in each] == []


def test_asked_before_it_is_written(project: Project, deployer: Shell) -> None:
    """Nobody answers: nothing is written."""
    apply(deployer)
    project.write("flows/land.sh", "echo other\n")
    apply(deployer)
    before = written(project)
    asked = deployer("undo")
    assert (asked.code, written(project)) == (64, before)
    assert "--auto-approve" in asked.err
    assert "deployer undo" in asked.err


def test_undone_already(project: Project, deployer: Shell) -> None:
    """What is as it was before the last apply needs nothing."""
    apply(deployer)
    saved = live(project)
    shutil.copytree(project.root / "data", project.root / "saved")
    project.write("flows/land.sh", "echo other\n")
    apply(deployer)
    shutil.rmtree(project.root / "data")
    (project.root / "saved").rename(project.root / "data")
    undone = undo(deployer)
    assert (undone.code, live(project)) == (0, saved)
    assert "No changes" in undone.out


def test_unchanged_workflows_are_no_matter_of_undo(project: Project, deployer: Shell) -> None:
    """Only what the last apply wrote is brought back."""
    project.write("flows/clean.yaml", CLEAN)
    apply(deployer)
    project.write("flows/land.sh", "echo other\n")
    apply(deployer)
    undone = undo(deployer)
    assert (undone.code, "shop/clean" in undone.out) == (0, False)


def test_what_may_be_under_way_is_waited_for(project: Project, deployer: Shell) -> None:
    """After a crash, undo looks no sooner than an import that is late can be seen."""
    apply(deployer)
    first = live(project)
    project.write("flows/land.sh", "echo other\n")
    apply(deployer)
    killed_after(project, b'"say":"intend","what":"import"')
    with workspace(project) as control:
        began = control.now()
    assert (undo(deployer).code, live(project)) == (0, first)
    with workspace(project) as control:
        assert control.now() - began >= 25_000


@pytest.mark.parametrize("arrived", [True, False])
def test_an_undo_that_was_killed_goes_on(project: Project, deployer: Shell, arrived: bool) -> None:
    """The same command again comes to the same end, and does not undo the undo."""
    apply(deployer)
    first = live(project)
    project.write("flows/land.sh", "echo other\n")
    apply(deployer)
    with nullcontext() if arrived else put_back(project):
        assert undo(deployer).code == 0
    for note in (project.root / ".deployer/backups/local/000003").glob("*.left.json"):
        note.unlink()
    killed_after(project, b'"say":"intend","what":"import"')
    again = undo(deployer)
    assert (again.code, live(project)) == (0, first), again.err
    assert ("No changes" in again.out) == arrived


# --- what it refuses ------------------------------------------------------------------------------


def test_what_was_created_is_deleted(project: Project, deployer: Shell) -> None:
    """Readers first; undoing that makes it again."""
    project.write("flows/clean.yaml", CLEAN)
    apply(deployer)
    first = live(project)
    undone = undo(deployer)
    assert (undone.code, live(project)) == (0, {}), undone.err
    assert ("delete shop/raw" in undone.out, "delete shop/clean" in undone.out) == (True, True)
    with workspace(project) as control:
        log = [each.action for each in control.effects() if each.kind == "delete"]
    assert set(log) == {"DeleteWorkflowDefinition"}
    again = undo(deployer)
    assert (again.code, set(live(project))) == (0, set(first)), again.err


def test_what_was_created_and_published_leaves_production(
    project: Project, deployer: Shell
) -> None:
    """First that, then the deletion; the plan says so."""
    project.change("deployer.yaml", "default: true", f"default: true, {HOURS}")
    apply(deployer, "--publish")
    undone = undo(deployer)
    assert (undone.code, live(project), count(project, "offline")) == (0, {}, 1), undone.err
    assert "it is taken out of production, and deleted then" in undone.out


def test_an_added_node_is_deleted(project: Project, deployer: Shell) -> None:
    """By name, and nothing else is touched: the workflow is as it was."""
    apply(deployer)
    first = live(project)
    text = (project.root / "flows/raw.yaml").read_text()
    node = text[text.index("        - name: land") :].replace("name: land", "name: more")
    project.write("flows/raw.yaml", text + node)
    apply(deployer)
    undone = undo(deployer)
    assert (undone.code, live(project)) == (0, first), undone.err
    with workspace(project) as control:
        log = [each.action for each in control.effects() if each.kind == "delete"]
    assert log == ["DeleteNode"]


def test_what_was_deleted_is_made_again(project: Project, deployer: Shell) -> None:
    """A workflow and a node that `--prune` deleted are there as they were."""
    project.write("flows/clean.yaml", CLEAN)
    text = (project.root / "flows/raw.yaml").read_text()
    node = text[text.index("        - name: land") :].replace("name: land", "name: more")
    project.write("flows/raw.yaml", text + node)
    begin(project.root)
    commit(project.root)
    apply(deployer)
    first = live(project)
    (project.root / "flows/clean.yaml").unlink()
    project.write("flows/raw.yaml", text)
    apply(deployer, "--base", "HEAD", "--prune")
    assert set(live(project)) == {"shop/raw"}
    undone = undo(deployer)
    assert (undone.code, live(project)) == (0, first), undone.err


@pytest.mark.parametrize("arrived", [True, False])
def test_an_undo_that_was_killed_at_a_deletion(
    project: Project, deployer: Shell, arrived: bool
) -> None:
    """The same command again comes to the same end, and makes nothing again."""
    apply(deployer)
    with nullcontext() if arrived else put_back(project):
        assert undo(deployer).code == 0
    for note in (project.root / ".deployer/backups/local/000002").glob("*.left.json"):
        note.unlink()
    killed_after(project, b'"say":"intend","what":"deletion"')
    again = undo(deployer)
    assert (again.code, live(project)) == (0, {}), again.err
    assert ("No changes" in again.out) == arrived


def test_what_was_moved_goes_back(project: Project, deployer: Shell) -> None:
    """Path and names of nodes, under the ids that they have; undoing that moves them again."""
    apply(deployer)
    first, before = live(project), ids(project)
    project.change("flows/raw.yaml", "    - name: raw\n", "    - name: cooked\n")
    project.change("flows/raw.yaml", "path: shop/raw", "path: store/cooked")
    project.change(
        "flows/raw.yaml", "- name: land\n", "- name: fetch\n          deployer: {movedFrom: land}\n"
    )
    text = (project.root / "flows/raw.yaml").read_text()
    project.write("flows/raw.yaml", text + "deployer: {movedFrom: shop/raw}\n")
    apply(deployer)
    second = live(project)
    undone = undo(deployer)
    assert (undone.code, live(project), ids(project)) == (0, first, before), undone.err
    assert undo(deployer).code == 0
    assert (live(project), set(ids(project).values())) == (second, set(before.values()))


def ids(project: Project) -> dict[str, str]:
    """The ids of all workflows and nodes, by path and name."""
    with workspace(project) as control:
        listed = control.act("person", "ListWorkflowDefinitions", {"ProjectId": PROJECT})
        found: dict[str, str] = {}
        for each in listed["PagingInfo"]["WorkflowDefinitions"]:
            params = {"ProjectId": PROJECT, "Id": each["Id"]}
            held = control.act("person", "GetWorkflowDefinition", params)["WorkflowDefinition"]
            observed = from_wire(json.loads(held["Spec"]))
            path = observed.workflow.path
            found |= {f"{path}#{name}": identity for name, identity in observed.ids.items()}
        return found


def test_a_node_added_to_what_is_published(project: Project, deployer: Shell) -> None:
    """Undo does not publish: it says which way back there is, and writes nothing."""
    project.change("deployer.yaml", "default: true", f"default: true, {HOURS}")
    apply(deployer)
    text = (project.root / "flows/raw.yaml").read_text()
    node = text[text.index("        - name: land") :].replace("name: land", "name: more")
    project.write("flows/raw.yaml", text + node)
    apply(deployer, "--publish")
    before = written(project)
    undone = undo(deployer)
    assert (undone.code, written(project)) == (3, before)
    assert "the last apply added `more`" in undone.err
    assert "deployer apply --prune --publish" in undone.err


def test_what_moved_since_is_a_conflict(project: Project, deployer: Shell) -> None:
    """Something saved after the apply is never written over; it is named, and nothing is written."""
    project.write("flows/clean.yaml", CLEAN)
    apply(deployer)
    project.write("flows/land.sh", "echo other\n")
    project.change("flows/clean.yaml", "echo tidy", "echo tidier")
    apply(deployer)
    holder = project.root / ".deployer"
    shutil.copytree(holder, project.root / "away")
    project.write("flows/land.sh", "echo theirs\n")
    apply(deployer)
    shutil.rmtree(holder)
    (project.root / "away").rename(holder)
    before = written(project)
    undone = undo(deployer)
    assert (undone.code, undone.out, written(project)) == (4, "", before)
    assert "`shop/raw` was changed since" in undone.err
    assert "shop/clean" not in undone.err


def test_nothing_to_undo(project: Project, deployer: Shell) -> None:
    """Without backups there is no way back, and it is said where they would be."""
    undone = undo(deployer)
    assert undone.code == 64
    assert "there is nothing to undo" in undone.err
    assert not (project.root / ".deployer").exists()


@pytest.mark.parametrize("flip", [False, True])
def test_a_damaged_backup_is_never_written(project: Project, deployer: Shell, flip: bool) -> None:
    """A backup that is not as it was written is named, and nothing is written."""
    apply(deployer)
    project.write("flows/land.sh", "echo other\n")
    apply(deployer)
    (file,) = [
        each
        for each in (project.root / ".deployer/backups/local/000002").iterdir()
        if "left" not in each.name
    ]
    data = file.read_bytes()
    file.write_bytes(data.replace(b"echo one", b"echo 0ne") if flip else data[: len(data) // 2])
    before = written(project)
    undone = undo(deployer)
    assert (undone.code, written(project)) == (64, before)
    assert ("a backup is damaged" in undone.err, file.name in undone.err) == (True, True)


@pytest.mark.parametrize(
    "said",
    [
        {"address": "shop/other"},
        {"live": {"path": "shop/raw", "spec": []}},
        {"live": 5},
        {"undoing": {"run": "../../..", "changes": "many"}},
    ],
)
def test_a_backup_that_nobody_made_is_damaged(
    project: Project, deployer: Shell, said: dict[str, object]
) -> None:
    """What came with a checkout is no backup, even with the right checksum."""
    apply(deployer)
    project.write("flows/land.sh", "echo other\n")
    apply(deployer)
    holder = project.root / ".deployer/backups/local/000002"
    (file,) = [each for each in holder.iterdir() if "left" not in each.name]
    document = {**json.loads(file.read_bytes())["backup"], **said}
    file.write_bytes(json.dumps({"sum": backups.checksum(document), "backup": document}).encode())
    undone = undo(deployer)
    assert (undone.code, "a backup is damaged" in undone.err) == (64, True)


def test_every_byte_of_a_backup_counts(project: Project, deployer: Shell, soak: bool) -> None:
    """Cut anywhere or with a bit flipped, a backup is refused or says the same: it never lies."""
    apply(deployer)
    project.write("flows/land.sh", "echo other\n")
    apply(deployer)
    whole = backups.last(project.root, "local", PROJECT)
    (file,) = [
        each
        for each in (project.root / ".deployer/backups/local/000002").iterdir()
        if "left" not in each.name
    ]
    data = file.read_bytes()
    for at in range(0, len(data), 1 if soak else 17):
        flipped = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        for broken in (data[:at], flipped):
            file.write_bytes(broken)
            with suppress(UsageError):
                assert backups.last(project.root, "local", PROJECT) == whole, at


# --- with publishing, and others ------------------------------------------------------------------


def test_production_stays_as_it_is(project: Project, deployer: Shell) -> None:
    """Undo brings the draft back; what was published stays published until it is published again."""
    project.change("deployer.yaml", "default: true", f"default: true, {HOURS}")
    apply(deployer, "--publish")
    first = live(project)
    project.write("flows/land.sh", "echo other\n")
    apply(deployer, "--publish")
    published = count(project, "publish")
    undone = undo(deployer)
    assert (undone.code, live(project), count(project, "publish")) == (0, first, published)
    project.write("flows/land.sh", "echo one\necho two\n")
    again = deployer("apply", "--auto-approve", "--publish")
    assert (again.code, count(project, "publish")) == (0, published + 1), again.err


def count(project: Project, kind: str) -> int:
    """How many effects of a kind there were."""
    with workspace(project) as control:
        return sum(each.kind == kind for each in control.effects())


def test_backups_of_another_project_are_none(project: Project, deployer: Shell) -> None:
    """A target that was pointed elsewhere has nothing to undo there."""
    apply(deployer)
    assert backups.last(project.root, "local", "20002") is None
    assert backups.last(project.root, "local", PROJECT) is not None


def test_old_backups_are_deleted(project: Project, deployer: Shell) -> None:
    """The newest runs are kept, and the numbers go on."""
    holder = project.root / ".deployer/backups" / file_name("local")
    for number in range(1, backups.KEPT_RUNS + 5):
        (holder / f"{number:06d}").mkdir(parents=True)
    apply(deployer)
    names = sorted(each.name for each in holder.iterdir())
    assert len(names) == backups.KEPT_RUNS
    assert names[-1] == f"{backups.KEPT_RUNS + 5:06d}"
