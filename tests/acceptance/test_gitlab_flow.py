"""A change on its way through GitLab, without GitLab: the `script` lines of examples/ci, played."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.git_kit import ENVIRON, begin, commit, git

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = ROOT / "examples" / "ci" / "gitlab-ci.yml"
JOBS: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SCRIPT = "workflows/ingest/sql/ods_users.sql"
NONE = "0" * 40


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The team's repository; its production is a file beside it, at any hour of the day."""
    folder = tmp_path / "repository"
    shutil.copytree(ROOT / "examples" / "team", folder, ignore=shutil.ignore_patterns("*.db*"))
    config = folder / "deployer.yaml"
    text = config.read_text(encoding="utf-8")
    assert "22:30-24:00" in text
    config.write_text(text.replace('"22:30-24:00"', '"off"'), encoding="utf-8")
    begin(folder)
    commit(folder)
    return folder


def played(repository: Path, job: str, **variables: str) -> str:
    """What a job prints whose commands succeed; it is played in the repository itself."""
    program = repository.parent / "bin" / "deployer"
    program.parent.mkdir(exist_ok=True)
    line = f'PYTHONPATH={ROOT} exec {sys.executable} -m deployer "$@"'
    program.write_text(f"#!/bin/bash\n{line}\n", encoding="utf-8")
    program.chmod(0o755)
    told = {
        "PATH": f"{program.parent}:/usr/bin:/bin",
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_COMMIT_SHA": git(repository, "rev-parse", "HEAD"),
        "TARGET": JOBS["variables"]["TARGET"],
    }
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(JOBS[job]["script"])],
        cwd=repository,
        env={**ENVIRON, **told, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def report(repository: Path, job: str, kind: str) -> Any:
    """The report of a job that GitLab shows."""
    file = repository / JOBS[job]["artifacts"]["reports"][kind]
    return json.loads(file.read_text(encoding="utf-8"))


def test_change_goes_from_merge_request_to_production(repository: Path) -> None:
    """Reports for the merge request, then the plan that is kept and applied by hand, then a quiet night."""
    played(repository, "validate")
    assert report(repository, "validate", "codequality") == []
    played(repository, "merged", CI_COMMIT_BEFORE_SHA=NONE)
    assert report(repository, "merged", "terraform") == {"create": 11, "update": 0, "delete": 0}
    assert "11 done, 0 failed" in played(repository, "apply", CI_COMMIT_BEFORE_SHA=NONE)

    main = git(repository, "rev-parse", "HEAD")
    script = repository / SCRIPT
    script.write_text(script.read_text("utf-8").replace("-4", "-2"), encoding="utf-8")
    commit(repository, "fewer digits")
    printed = played(repository, "plan", CI_MERGE_REQUEST_DIFF_BASE_SHA=main)
    assert report(repository, "plan", "terraform") == {"create": 0, "update": 1, "delete": 0}
    assert (repository / "plan.md").read_text(encoding="utf-8") == printed
    assert "SUBSTR(phone, -2)" in printed

    played(repository, "merged", CI_COMMIT_BEFORE_SHA=main)
    assert "1 done, 0 failed" in played(repository, "apply", CI_COMMIT_BEFORE_SHA=main)
    played(repository, "drift")
