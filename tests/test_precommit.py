"""The pre-commit hook, run by the real `pre-commit` on a repository that is thrown away.

pre-commit installs the program from a git copy of this checkout into an environment of its own, as it
does for users; that asks the package index for its dependencies, wherever pip is configured to look.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.cli_kit import CONFIG, RAW, ROOT, Ended
from tests.test_docs import files_of_git

HOOK = "deployer-validate"
CASES = {
    "sound": "raw.yaml",
    "script-of-sound": "land.sh",
    "script-of-broken": "bad.sh",
    "no-concern": "nothing",
}
"""Other names for the hook, and what each of them runs for."""

CANNOT_INSTALL = 3
"""The exit code of pre-commit where an installation fails, among other surprises."""

IDENTITY = {
    "GIT_AUTHOR_NAME": "test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def run(*command: str, cwd: Path, env: Mapping[str, str]) -> Ended:
    """How a command ended; its two streams are one."""
    done = subprocess.run(
        command, cwd=cwd, env=dict(env), text=True, capture_output=True, check=False
    )
    return Ended(done.returncode, done.stdout + done.stderr, "")


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which git and pre-commit see nothing of whoever runs the tests."""
    home = tmp_path_factory.mktemp("pre-commit")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # What is installed for one run need not be compiled, nor found by the checkout's own modules.
    own = {"PRE_COMMIT_HOME": str(home), "PIP_NO_COMPILE": "1", "PRE_COMMIT_COLOR": "never"}
    return {**kept, **IDENTITY, **own, "PYTHONPATH": "", "SKIP": ""}


def committed(folder: Path, env: Mapping[str, str]) -> Path:
    """Make a folder a repository with one commit of all that is in it."""
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "all"]):
        done = run("git", *command, cwd=folder, env=env)
        assert done.code == 0, done.out
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Path:
    """This checkout as a repository of its own, with what is not committed yet.

    Beside the hook stand copies of it that differ in the files they run for, as users narrow it: they
    share its environment, so that one installation tells how each case ends.
    """
    folder = tmp_path_factory.mktemp("source")
    for file in files_of_git():
        if file.relative_to(ROOT).parts[0] not in ("tests", "benchmarks"):  # no part of the program
            copy = folder / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copy)
    declared = folder / ".pre-commit-hooks.yaml"
    (hook,) = yaml.safe_load(declared.read_text("utf-8"))
    copies = [{**hook, "id": name, "name": name, "files": only} for name, only in CASES.items()]
    declared.write_text(yaml.safe_dump([hook, *copies]), encoding="utf-8")
    return committed(folder, env)


@pytest.fixture
def repository(tmp_path: Path, env: dict[str, str]) -> Path:
    """A repository of somebody who uses the program: a project with a sound and a broken manifest."""
    broken = RAW.replace("nodes:", "nodse:").replace("raw", "broken").replace("land", "bad")
    texts = {
        "deployer.yaml": CONFIG,
        "README.md": "# Ours\n",
        "flows/raw.yaml": RAW,
        "flows/land.sh": "echo one\n",
        "flows/broken.yaml": broken,
        "flows/bad.sh": "echo two\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return committed(tmp_path, env)


def test_hooks_are_declared_as_pre_commit_wants_them(env: dict[str, str]) -> None:
    """Its own check of the file finds nothing."""
    pre_commit = (sys.executable, "-m", "pre_commit", "validate-manifest")
    assert run(*pre_commit, ".pre-commit-hooks.yaml", cwd=ROOT, env=env) == Ended(0, "", "")


def test_hook_says_what_it_needs() -> None:
    """One process for all files, because rules look across them; stages by today's names."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert (hook["id"], hook["language"], hook["require_serial"]) == (HOOK, "python", True)
    assert (hook["pass_filenames"], hook["entry"]) == (True, "deployer validate")
    assert hook["stages"] == ["pre-commit", "pre-push", "manual"]
    assert hook["minimum_pre_commit_version"] == "3.2.0"


def test_hook_on_a_repository(source: Path, repository: Path, env: dict[str, str]) -> None:
    """`pre-commit try-repo` installs the program, which passes, fails or is not run, by the files."""
    command = (sys.executable, "-m", "pre_commit", "try-repo", str(source), "--all-files")
    ended = run(*command, cwd=repository, env=env)
    if ended.code == CANNOT_INSTALL:
        if os.environ.get("CI") == "true":
            pytest.fail(f"pre-commit cannot install the program\n{ended.out}")
        pytest.skip("pre-commit cannot install the program: pip finds no packages here")
    told = dict(re.findall(r"^(deployer validate|[a-z-]+)\.+(?:\(.*\))?(\w+)$", ended.out, re.M))
    assert told == {
        "deployer validate": "Failed",
        "sound": "Passed",
        "script-of-sound": "Passed",
        "script-of-broken": "Failed",
        "no-concern": "Skipped",
    }, ended.out
    assert ended.out.count("flows/broken.yaml:8:7: error DW010: unknown key `nodse`") == 2
    assert "2 manifests checked: 1 error" in ended.out
    assert "1 manifest checked: 1 error" in ended.out
