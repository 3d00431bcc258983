"""What `plan` leaves for the CI around it: forms of the result, job summary, outputs, counts."""

import json
from pathlib import Path

import pytest

from deployer.cli.plan_forms import run_url
from tests.cli_kit import Project, Shell

MARKER = "<!-- deployer:plan target=local -->"
RUN = {
    "GITHUB_SERVER_URL": "https://forge.example",
    "GITHUB_REPOSITORY": "shop/flows",
    "GITHUB_RUN_ID": "17",
}


@pytest.fixture
def deployer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in a project with one workflow, which is not in the workspace."""
    return Shell(Project(tmp_path), monkeypatch, capsys)


@pytest.mark.parametrize(
    ("form", "begin"),
    [("text", "Plan for"), ("json", "{"), ("markdown", MARKER), ("html", "<!doctype html>")],
)
def test_plan_in_every_form(deployer: Shell, form: str, begin: str) -> None:
    """The result goes to standard output in the form that was asked for."""
    ended = deployer("plan", "--format", form)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(begin)


def test_comment_leads_to_its_run(deployer: Shell) -> None:
    """Where the CI says who runs it, the comment links there."""
    for name, value in RUN.items():
        deployer.patch.setenv(name, value)
    out = deployer("plan", "--format", "markdown").out
    assert "[the run that made it](https://forge.example/shop/flows/actions/runs/17)" in out


def test_run_has_an_address() -> None:
    """GitHub's is put together, GitLab's is given; what is no plain address is not linked."""
    assert run_url(RUN) == "https://forge.example/shop/flows/actions/runs/17"
    assert run_url({"CI_JOB_URL": "https://gitlab.example/a/-/jobs/7"}).endswith("/-/jobs/7")
    assert run_url({}) == ""
    assert run_url({**RUN, "GITHUB_REPOSITORY": "a) [x](javascript:y"}) == ""


# --- GitHub ---------------------------------------------------------------------------------------


def test_job_summary_gets_the_plan(deployer: Shell) -> None:
    """It is added to what stands there; standard output is the same with and without it."""
    without = deployer("plan").out
    summary = deployer.project.root / "summary.md"
    summary.write_text("before\n")
    deployer.patch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert deployer("plan").out == without
    told = summary.read_text(encoding="utf-8")
    assert told.startswith(f"before\n{MARKER}\n")
    assert "| 1 | 0 | 0 | 0 | 0 | 0 | 0 |" in told


def test_job_summary_is_never_too_large(deployer: Shell) -> None:
    """GitHub would drop all of it: what does not fit any more is left out, which is said."""
    summary = deployer.project.root / "summary.md"
    summary.write_text("x" * 999_400)
    deployer.patch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert deployer("plan").code == 0
    assert "**Shortened**" in summary.read_text()
    ended = deployer("plan")
    assert "the job summary is full" in ended.err
    assert 999_400 < summary.stat().st_size < 1_000_000


def test_outputs_of_the_step(deployer: Shell) -> None:
    """Later steps can ask whether there are changes, and how many."""
    outputs = deployer.project.root / "outputs"
    deployer.patch.setenv("GITHUB_OUTPUT", str(outputs))
    assert deployer("plan", "--detailed-exitcode").code == 2
    told = dict(
        line.split("=") for line in outputs.read_text(encoding="utf-8").splitlines() if "=" in line
    )
    assert told == {
        "has_changes": "true",
        "create": "1",
        "update": "0",
        "delete": "0",
        "move": "0",
        "kept": "0",
        "exit_code": "2",
    }


def test_outputs_name_the_saved_plan(deployer: Shell) -> None:
    """Whatever its file is called, it is one value and no other output."""
    outputs = deployer.project.root / "outputs"
    deployer.patch.setenv("GITHUB_OUTPUT", str(outputs))
    assert deployer("plan", "--out", "a\nexit_code=7").code == 0
    *_, code, begin, first, second, end = outputs.read_text().splitlines()
    assert (code, first, second) == ("exit_code=0", "a", "exit_code=7")
    assert begin == f"plan_file<<{end}"


def test_outputs_of_a_step_without_changes(deployer: Shell) -> None:
    """`has_changes` is false, whatever the exit code is."""
    assert deployer("apply", "--auto-approve").code == 0
    outputs = deployer.project.root / "outputs"
    deployer.patch.setenv("GITHUB_OUTPUT", str(outputs))
    assert deployer("plan").code == 0
    assert outputs.read_text().splitlines()[:2] == ["has_changes=false", "create=0"]


@pytest.mark.parametrize("variable", ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"])
def test_file_that_cannot_be_written_is_a_warning(deployer: Shell, variable: str) -> None:
    """The plan is what was asked for, and it is made."""
    deployer.patch.setenv(variable, str(deployer.project.root / "flows"))
    ended = deployer("plan")
    assert ended.code == 0
    assert ended.err == (
        f"warning: the file that {variable} names cannot be written: Is a directory\n"
    )


# --- GitLab ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "file"),
    [("gitlab", "gl-terraform-report.json"), ("gitlab=counts.json", "counts.json")],
)
def test_report_for_gitlab(deployer: Shell, report: str, file: str) -> None:
    """A file with three counts and no names; standard output stays what it is."""
    ended = deployer("plan", "--report", report)
    assert (ended.code, ended.out) == (0, deployer("plan").out)
    told = json.loads((deployer.project.root / file).read_text(encoding="utf-8"))
    assert told == {"create": 1, "update": 0, "delete": 0}


def test_report_that_is_not_known(deployer: Shell) -> None:
    """Anything else is refused before anything is read."""
    ended = deployer("plan", "--report", "gitlub")
    assert (ended.code, ended.out) == (64, "")
    assert "no report 'gitlub'" in ended.err


def test_report_that_cannot_be_written(deployer: Shell) -> None:
    """A file that was asked for and is not there is an error."""
    ended = deployer("plan", "--report", "gitlab=no/where.json")
    assert ended.code == 64
    assert "the report cannot be written" in ended.err
