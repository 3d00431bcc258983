"""`deployer doctor --probe`: its profile is how the service behaves, and nothing of it is left."""

import os
import signal
from pathlib import Path

import pytest

from deployer.emulator import Emulator, Fault, create_app
from deployer.emulator.switches import ALTERNATIVES
from tests.cli_kit import Project, Shell
from tests.emulator_kit import IDENTIFIER, PROJECT
from tests.pairs import rows
from tests.probe_kit import OTHER, Probed
from tests.served_kit import Served

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
ROWS = range(len(rows())) if SOAK else (3, 11, 17)
"""Rows of mixed switches: all in a soak, else some that are hard on a probe."""

TOLD = {
    "busy",
    "client_ids",
    "completed_type",
    "default_output",
    "dryrun",
    "dryrun_depth",
    "error_format",
    "import_atomic",
    "import_fields",
    "import_missing_nodes",
    "import_move",
    "modify_time_on_node_edit",
    "name_case",
    "name_conflict",
    "placeholder",
    "preserve_description",
    "preserve_metadata",
    "read_lag",
    "response_id",
    "snapshots_on_import",
    "unknown_fields",
}
"""What a probe settles where nothing is in its way."""

CHOSEN: list[tuple[dict[str, str], set[str]]] = [
    (
        {
            "client_ids": "keep_all",
            "completed_type": "bool",
            "default_output": "both",
            "dryrun": "ignored",
            "error_format": "json",
            "import_atomic": "partial(1)",
            "import_fields": "merge",
            "import_missing_nodes": "delete",
            "import_move": "ignore_path",
            "modify_time_on_node_edit": "no",
            "name_conflict": "update_by_path",
            "placeholder": "resolved_on_read",
            "preserve_description": "no",
            "preserve_metadata": "yes",
            "read_lag": "get(2reads)",
            "snapshots_on_import": "no",
            "unknown_fields": "keep",
        },
        # Nothing is checked by a dry run that imports; and who came last, where nodes vanish anyway?
        {"busy", "dryrun_depth"},
    ),
    (
        {
            "client_ids": "replace_all",
            "completed_type": "stale",
            "default_output": "project_name",
            "delete_workflow": "reject_nonempty",
            "dryrun": "error",
            "error_format": "chinese",
            "import_missing_nodes": "fail",
            "import_move": "fail",
            "name_case": "insensitive",
            "read_lag": "list(2reads)",
            "response_id": "never",
            "unknown_fields": "reject",
        },
        {"busy", "dryrun_depth", "response_id"},
    ),
    (
        {
            "busy": "reject",
            "client_ids": "reject",
            "dryrun_depth": "schema_only",
            "error_format": "text",
            "name_conflict": "duplicate",
            "read_lag": "get(5s)",
        },
        {"name_case"},
    ),
    ({"busy": "last_wins", "import_atomic": "partial(2)", "read_lag": "list(5s)"}, set()),
    # Jobs that nobody can ask for any more: what only their end tells is left out.
    (
        {"job_retention": "0s"},
        {
            "busy",
            "completed_type",
            "dryrun_depth",
            "error_format",
            "import_atomic",
            "name_case",
            "name_conflict",
        },
    ),
]
"""Switches that do not hide each other, every value of those that are told; and what is not told."""


def agrees(probed: Probed) -> None:
    """The probe came to its end, said nothing wrong, and left only what was there before."""
    assert probed.failure is None
    wrong = {k: v for k, v in probed.switches.items() if not same(k, v, probed.truth[k])}
    assert (wrong, probed.left, probed.last) == ({}, [], [OTHER])


def same(name: str, told: str, truth: str) -> bool:
    """Whether the probe is right; nodes that were never published are deleted in either case."""
    if name == "import_missing_nodes" and truth == "delete_unpublished":
        return told == "delete"
    return told == truth


# --- the profile is the truth ---------------------------------------------------------------------


def test_defaults_are_found_in_sixty_calls() -> None:
    """Of the emulator as it is, everything is found that the steps can tell."""
    probed = Probed({})
    agrees(probed)
    assert set(probed.switches) == TOLD
    assert probed.calls <= 60


@pytest.mark.parametrize(("switches", "hidden"), CHOSEN)
def test_other_switches_are_found(switches: dict[str, str], hidden: set[str]) -> None:
    """The profile equals the switches of the emulator, but for what they themselves hide."""
    probed = Probed(switches)
    agrees(probed)
    assert TOLD - set(probed.switches) == hidden


def test_every_value_is_among_the_chosen() -> None:
    """No value of a switch that is told is left untried."""
    tried = {(name, value) for switches, _ in CHOSEN for name, value in switches.items()}
    all_ = {(name, value) for name in TOLD for value in ALTERNATIVES[name][1:]}
    assert all_ - tried == {
        ("import_missing_nodes", "delete_unpublished"),
        ("response_id", "on_success"),  # its id comes with a job that has ended at once
    }


@pytest.mark.parametrize("number", ROWS)
def test_mixed_switches_are_found(number: int) -> None:
    """Whatever meets whatever: nothing wrong is told, nothing is left."""
    agrees(Probed(rows()[number]))


# --- safety ---------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose workflow is applied."""
    return Project(tmp_path)


@pytest.fixture
def deployer(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in the project, in this process."""
    return Shell(project, monkeypatch, capsys)


def control(project: Project) -> Emulator:
    """The emulator behind the target, to be closed."""
    return create_app(
        project.root / "data/local.db",
        project="10001",
        project_identifier="shop_dev",
        credentials=("emulator", "emulator-secret"),
    )


def test_folder_with_something_in_it_is_refused(deployer: Shell) -> None:
    """What people made is not to lie beside what a probe deletes."""
    deployer("apply", "--auto-approve")
    ended = deployer("doctor", "--probe", "shop", "--auto-approve")
    assert (ended.code, ended.out) == (3, "")
    assert "shop/raw" in ended.err
    assert "written: nothing was written" in ended.err


def test_nobody_is_there_to_approve(deployer: Shell) -> None:
    """Without a terminal and without --auto-approve nothing is tried."""
    assert deployer("doctor", "--probe", "trials").code == 64


def test_refused_on_a_terminal(project: Project) -> None:
    """Only `yes` is a yes."""
    ended = project.on_terminal("doctor", "--probe", "trials", answer="no\n")
    assert (ended.code, (project.root / "local.profile.json").exists()) == (3, False)


@pytest.mark.parametrize("folder", ["", "/", "../up", "a b"])
def test_no_folder(deployer: Shell, folder: str) -> None:
    """A folder that cannot be meant."""
    assert deployer("doctor", "--probe", folder, "--auto-approve").code == 64


def test_what_was_made_is_deleted_after_a_failure(deployer: Shell, project: Project) -> None:
    """A probe that cannot go on still tidies up, says so, and writes no profile."""
    deployer("apply", "--auto-approve")
    app = control(project)
    app.control.add_fault(Fault("status", "UpdateNode", status=403, code="NoPermission"))
    app.close()
    ended = deployer("doctor", "--probe", "trials", "--auto-approve")
    assert ended.code == 6, ended
    assert "dataworks:UpdateNode" in ended.err
    assert "written: deleted: " in ended.err
    assert not (project.root / "local.profile.json").exists()
    assert deployer("plan", "--detailed-exitcode").code == 0
    app = control(project)
    assert _alive(app) == {"shop/raw"}
    app.close()


def _alive(app: Emulator) -> set[str]:
    """The paths of all workflows of an emulator."""
    found = app.control.act("somebody", "ListWorkflowDefinitions", {"ProjectId": 10001})
    return {row["Script"]["Path"] for row in found["PagingInfo"]["WorkflowDefinitions"]}


def test_what_cannot_be_deleted_is_named(deployer: Shell, project: Project) -> None:
    """Whoever may not delete is told what to delete in the console."""
    app = control(project)
    fault = Fault("status", "DeleteWorkflowDefinition", status=403, code="NoPermission")
    app.control.add_fault(fault)
    app.close()
    ended = deployer("doctor", "--probe", "trials", "--auto-approve")
    assert "not deleted: trials/" in ended.err.replace("\n", " ")


def test_interrupted_probe_deletes_what_it_made(project: Project, tmp_path: Path) -> None:
    """Ctrl-C in the middle: what is there is deleted, no profile is written, exit 130."""
    key = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "emulator",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "emulator-secret",
    }
    with Served(tmp_path, "--set", "job_seconds=0.5") as served:
        project.write(
            "deployer.yaml",
            "manifests: [flows/*.yaml]\ntargets:\n"
            f"  real: {{endpoint: 'http://{served.address}', project: {PROJECT}, "
            f"projectIdentifier: {IDENTIFIER}, limits: {{settle: 0}}}}\n",
        )
        flags = ("doctor", "--probe", "trials", "--auto-approve")
        with project.spawn(*flags, env=key) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if "leaves a node out" in line:
                    process.send_signal(signal.SIGINT)
                    break
            said = process.stderr.read()
        listed = served.call("ListWorkflowDefinitions", ProjectId=PROJECT)
    assert (process.returncode, "deleted: 1 workflow that" in said) == (130, True), said
    assert listed["PagingInfo"]["TotalCount"] == 0
    assert not (project.root / "real.profile.json").exists()
