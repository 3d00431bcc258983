"""README's first commands, typed as they stand into a shell, in an empty folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MOST = 6


def shown() -> list[str]:
    """The commands of the section."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## The first ten minutes")
    return section[2].partition("```sh\n")[2].partition("```")[0].splitlines()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """One in which `deployer` is this checkout's, and git knows a committer and no settings."""
    program = tmp_path / "bin" / "deployer"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m deployer "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    who = {"NAME": "somebody", "EMAIL": "somebody@example.com"}
    roles = ("AUTHOR", "COMMITTER")
    return {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{role}_{key}": value for role in roles for key, value in who.items()},
    }


def test_a_new_user_gets_to_a_merged_change(tmp_path: Path, environment: dict[str, str]) -> None:
    """In six commands at most; the plan shows the change, and at the end there is nothing left."""
    folder = tmp_path / "project"
    folder.mkdir()
    said = {}
    for line in shown():
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        said[line] = done.stdout
    assert len(said) <= MOST
    plan = said["deployer plan --base main"]
    assert "0 to create, 1 to update, 0 unchanged" in plan
    assert "04:30" in plan
    assert "1 done, 0 failed" in said[shown()[-1]]
    left = subprocess.run(
        ["deployer", "plan", "--detailed-exitcode"], cwd=folder, env=environment, check=False
    )
    assert left.returncode == 0
