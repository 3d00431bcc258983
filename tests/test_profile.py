"""A profile: the proof of dry runs for what was probed, and how an emulator is to behave."""

import json
from pathlib import Path

import pytest

from deployer import profile
from deployer.errors import UsageError
from deployer.profile import Profile
from tests.cli_kit import Project, Shell
from tests.emulator_kit import IDENTIFIER, PROJECT
from tests.served_kit import Served


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


def test_emulator_plays_a_profile(deployer: Shell, project: Project) -> None:
    """What was probed of one emulator is how another one behaves that is given the profile."""
    project.change("deployer.yaml", "project: 10001,", "project: 10001, profile: real.json,")
    switches = {"client_ids": "replace_all", "dryrun": "ignored"}
    text = profile.to_text(Profile("https://elsewhere", "7", switches))
    project.write("real.json", text)
    assert deployer("validate", "--online").code == 3
    again = deployer("doctor", "--probe", "trials", "--auto-approve")
    assert (again.code, "written: real.json" in again.err) == (0, True)
    told = json.loads(again.out)["switches"]
    assert {name: told[name] for name in switches} == switches
    assert json.loads((project.root / "real.json").read_text(encoding="utf-8"))["switches"] == told


def test_profile_proves_dry_runs_of_a_served_target(
    deployer: Shell, project: Project, tmp_path: Path
) -> None:
    """Over HTTP: refused before, allowed with the profile of this project, refused for another."""
    deployer.patch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "emulator")
    deployer.patch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "emulator-secret")
    with Served(tmp_path, "--set", "job_seconds=0") as served:
        project.write(
            "deployer.yaml",
            "manifests: [flows/*.yaml]\ntargets:\n"
            f"  real: {{endpoint: 'http://{served.address}', project: {PROJECT}, "
            f"projectIdentifier: {IDENTIFIER}, limits: {{settle: 0}}, profile: real.json}}\n",
        )
        deployer.patch.setattr("deployer.probing.bench._POLL", 0.0)
        text = profile.to_text(Profile("https://elsewhere", str(PROJECT), {"dryrun": "honoured"}))
        project.write("real.json", text)
        before = deployer("validate", "--online")
        probed = deployer("doctor", "--probe", "trials", "--auto-approve")
        after = deployer("validate", "--online")
    assert (before.code, probed.code, after.code) == (3, 0, 0), after
    assert "doctor --probe" in before.err
    assert "asked the service about 1 change" in after.err


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format_version": "2", "endpoint": "", "project": "", "switches": {}}',
        '{"format_version": "1", "endpoint": "", "project": 1, "switches": {}}',
        '{"format_version": "1", "endpoint": "", "project": "", "switches": {}, "more": 1}',
    ],
)
def test_unusable_profile(deployer: Shell, project: Project, text: str) -> None:
    """Something else in its place is told before anything is done."""
    project.change("deployer.yaml", "project: 10001,", "project: 10001, profile: real.json,")
    project.write("real.json", text)
    ended = deployer("plan")
    assert (ended.code, "real.json" in ended.err) == (64, True), ended


def test_profile_with_an_unknown_switch(deployer: Shell, project: Project) -> None:
    """A switch that the emulator has not is named."""
    project.change("deployer.yaml", "project: 10001,", "project: 10001, profile: real.json,")
    project.write("real.json", profile.to_text(Profile("", "", {"no_such": "yes"})))
    ended = deployer("plan")
    assert (ended.code, "no_such" in ended.err) == (64, True), ended


def test_missing_profile(tmp_path: Path) -> None:
    """A file that is not there is told as such."""
    with pytest.raises(UsageError, match="profile cannot be used"):
        profile.read(tmp_path / "none.json")


def test_profile_outside_of_the_project_is_refused(deployer: Shell, project: Project) -> None:
    """A probe writes the file: a configuration must not say just any place."""
    project.change("deployer.yaml", "project: 10001,", "project: 10001, profile: ../up.json,")
    ended = deployer("doctor", "--probe", "trials", "--auto-approve")
    assert (ended.code, "outside the project folder" in ended.err) == (64, True), ended


def test_profile_is_not_written_through_a_link(
    deployer: Shell, project: Project, tmp_path: Path
) -> None:
    """What a link points at stays as it is."""
    elsewhere = tmp_path.parent / f"{tmp_path.name}.txt"
    elsewhere.write_text("mine", encoding="utf-8")
    (project.root / "local.profile.json").symlink_to(elsewhere)
    assert deployer("doctor", "--probe", "trials", "--auto-approve").code == 64
    assert elsewhere.read_text(encoding="utf-8") == "mine"


def test_proof_is_of_one_project() -> None:
    """The proof holds for the endpoint and the project that were probed, and if it was honoured."""
    proof = Profile("https://a", "1", {"dryrun": "honoured"})
    other = Profile("https://a", "1", {"dryrun": "ignored"})
    found = [
        proof.proves_dry_run("https://a", "1"),
        proof.proves_dry_run("https://b", "1"),
        proof.proves_dry_run("https://a", "2"),
        other.proves_dry_run("https://a", "1"),
        Profile("https://a", "1", {}).proves_dry_run("https://a", "1"),
    ]
    assert found == [True, False, False, False, False]
