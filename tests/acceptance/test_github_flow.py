"""A change on its way through GitHub, without GitHub: the workflows of examples/ci in a real repository.

Their `run` lines are run as they are, against the emulator as a server and a stub of GitHub's API; only
pip is a stand-in, because the program is installed already.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ci_runner import Job, Runner
from tests.git_kit import begin, commit, git
from tests.github_stub import REPOSITORY, GitHubStub
from tests.served_kit import Served

ROOT = Path(__file__).resolve().parent.parent.parent
CI = ROOT / "examples" / "ci" / "github"
WORKFLOWS = {file.stem: file.read_text(encoding="utf-8") for file in CI.glob("*.yml")}
SCRIPT = "workflows/reports/sql/类目销售.sql"
DAILY = "电商/经营分析/销售日报"
NOTHING = "0" * 40

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")),
    reason="curl and jq, which the workflows use, are not here",
)


@dataclass
class Forge:
    """The repository, whoever works in it, and what GitHub does then."""

    repository: Path
    runner: Runner
    stub: GitHubStub
    merged: str = NOTHING

    def edit(self, old: str, new: str, file: str = SCRIPT) -> None:
        """Change a file of the working folder."""
        path = self.repository / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def edit_in_console(self, old: str, new: str) -> None:
        """Somebody changes production: as if a file said something else, which git never held."""
        self.edit(old, new)
        command = ["deployer", "apply", "--target", "prod", "--auto-approve"]
        environ = self.runner.environ
        subprocess.run(command, cwd=self.repository, env=environ, capture_output=True, check=True)
        self.edit(new, old)

    def pull_request(self, branch: str, fork: bool = False) -> dict[str, Job]:
        """GitHub merges the branch for trying it out, and runs the workflow there."""
        head = git(self.repository, "rev-parse", branch)
        git(self.repository, "checkout", "-q", "--detach", "main")
        git(self.repository, "merge", "-q", "--no-ff", "-m", "tried out", head)
        tried = git(self.repository, "rev-parse", "HEAD")
        git(self.repository, "update-ref", "refs/pull/7/merge", tried)
        git(self.repository, "checkout", "-q", branch)
        whose = "somebody/fork" if fork else REPOSITORY
        payload = {"pull_request": {"number": 7, "head": {"repo": {"full_name": whose}}}}
        ref = "refs/pull/7/merge"
        return self.runner.play(WORKFLOWS["deployer"], "pull_request", ref, tried, payload)

    def push(self) -> dict[str, Job]:
        """What is on the main branch is new."""
        before, self.merged = self.merged, git(self.repository, "rev-parse", "main")
        ref, payload = "refs/heads/main", {"before": before}
        return self.runner.play(WORKFLOWS["deployer"], "push", ref, self.merged, payload)

    def merge(self, branch: str) -> dict[str, Job]:
        """Somebody presses the button."""
        git(self.repository, "checkout", "-q", "main")
        git(self.repository, "merge", "-q", "--no-ff", "-m", "merged", branch)
        return self.push()

    def night(self) -> Job:
        """The hour of the schedule."""
        drift = WORKFLOWS["deployer-drift"]
        jobs = self.runner.play(drift, "schedule", "refs/heads/main", self.merged, {})
        return jobs["drift"]

    def patch(self) -> str:
        """What the last night left for whoever takes the edits into git."""
        kept = self.runner.root / f"run-{self.runner.runs}" / "artifacts"
        (file,) = kept.glob("*/drift.patch")
        return file.read_text(encoding="utf-8")


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    """The team's repository with the workflows in it; nothing is applied yet."""
    repository = tmp_path / "repository"
    shutil.copytree(ROOT / "examples" / "team", repository, ignore=shutil.ignore_patterns("*.db*"))
    shutil.copytree(CI, repository / ".github" / "workflows")
    quick = [flag for name in ("job", "stage", "run") for flag in ("--set", f"{name}_seconds=0")]
    project = ("--project", "10003", "--project-identifier", "mall")
    with Served(tmp_path, *project, *quick) as served, GitHubStub() as stub:
        _point(repository / "deployer.yaml", served.address)
        begin(repository)
        commit(repository, "what there is")
        yield Forge(repository, _runner(tmp_path, repository, stub), stub)


def _point(config: Path, address: str) -> None:
    """The production target is the served emulator, at any hour of the day."""
    text = config.read_text(encoding="utf-8")
    for old, new in (
        ("emulator: prod.db", f"endpoint: http://{address}"),
        ('publishWindow: "22:30-24:00"', 'publishWindow: "off"'),
    ):
        assert old in text
        text = text.replace(old, new)
    config.write_text(text, encoding="utf-8")


def _runner(folder: Path, repository: Path, stub: GitHubStub) -> Runner:
    programs = folder / "bin"
    _program(programs / "deployer", f'PYTHONPATH={ROOT} exec {sys.executable} -m deployer "$@"')
    _program(programs / "pip", f'echo "$@" >> {folder / "pip.log"}')
    environ = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(folder),
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "emulator",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "emulator-secret",
        "GITHUB_API_URL": stub.url,
        "GITHUB_GRAPHQL_URL": f"{stub.url}/graphql",
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_SERVER_URL": "https://github.com",
    }
    variables = {
        "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "acs:ram::1000000000000000:oidc-provider/github",
        "DEPLOYER_PLAN_ROLE_ARN": "acs:ram::1000000000000000:role/deployer-plan",
        "DEPLOYER_APPLY_ROLE_ARN": "acs:ram::1000000000000000:role/deployer-apply",
    }
    token = "token-of-the-run"
    identity = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{stub.url}/identity?run=1",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": token,
    }
    return Runner(folder, repository, variables, environ, identity, token)


def _program(file: Path, line: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/bash\n{line}\n", encoding="utf-8")
    file.chmod(0o755)


def results(jobs: dict[str, Job]) -> dict[str, str]:
    """How each job ended; what those printed that failed is shown with a failing test."""
    for name, job in jobs.items():
        if job.result == "failure":
            sys.stdout.write(f"--- {name}\n{job.printed}")
    return {name: job.result for name, job in jobs.items()}


PLANNED = {"validate": "success", "plan": "success", "merged": "skipped", "apply": "skipped"}
APPLIED = {"validate": "success", "plan": "skipped", "merged": "success", "apply": "success"}


def test_change_goes_from_pull_request_to_production(forge: Forge) -> None:
    """Opened, pushed to again, merged, looked at in the night, and edited by somebody in the console."""
    assert results(forge.push()) == APPLIED
    assert forge.stub.written() == []

    git(forge.repository, "checkout", "-q", "-b", "feature")
    forge.edit("SUM(amount)", "SUM(amount) / 2")
    commit(forge.repository, "halve it")
    assert results(forge.pull_request("feature")) == PLANNED
    (first,) = forge.stub.written()
    assert first.splitlines()[0] == "<!-- deployer:plan target=prod -->"
    assert "SUM(amount) / 2" in first
    assert f"https://github.com/{REPOSITORY}/actions/runs/2" in first

    forge.stub.add("reviewer", first)
    forge.edit("SUM(amount) / 2", "SUM(amount) / 3")
    commit(forge.repository, "rather thirds")
    assert results(forge.pull_request("feature")) == PLANNED
    second, quoted = forge.stub.written()
    assert quoted == first
    assert "SUM(amount) / 3" in second
    assert "SUM(amount) / 2" not in second

    jobs = forge.merge("feature")
    assert results(jobs) == APPLIED
    assert DAILY in jobs["merged"].summary
    assert "2 done, 0 failed, 0 not attempted; 2 published" in jobs["apply"].printed
    assert len(forge.stub.written()) == 2

    assert forge.night().result == "success"
    assert results(forge.push()) == {**APPLIED, "apply": "skipped"}

    forge.edit_in_console("SUM(", "MAX(")
    night = forge.night()
    assert night.result == "failure"
    assert "somebody else changed the workspace" in night.printed
    assert "MAX(amount)" in forge.patch()


def test_pull_request_of_a_fork_is_only_checked(forge: Forge) -> None:
    """Nobody's identity, no comment; a mistake in a manifest still fails the run."""
    git(forge.repository, "checkout", "-q", "-b", "theirs")
    forge.edit("SUM(amount)", "SUM(1)")
    commit(forge.repository, "theirs")
    skipped = {**PLANNED, "plan": "skipped"}
    assert results(forge.pull_request("theirs", fork=True)) == skipped
    assert forge.stub.calls == []

    forge.edit("nodes:", "nodse:", "workflows/reports/sales_daily.yaml")
    commit(forge.repository, "theirs, broken")
    jobs = forge.pull_request("theirs", fork=True)
    assert results(jobs) == {**skipped, "validate": "failure"}
    assert "::error file=workflows/reports/sales_daily.yaml" in jobs["validate"].printed
