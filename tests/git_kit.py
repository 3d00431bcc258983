"""What tests of git share: a repository with a person who commits, and the environment git is given."""

import os
import subprocess
from pathlib import Path

ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": "/nowhere",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}


def git(folder: Path, *command: str) -> str:
    """What git prints when it is run in a folder."""
    allowed = ("-c", "protocol.file.allow=always")
    ran = subprocess.run(
        ["git", *allowed, *command], cwd=folder, env=ENVIRON, capture_output=True, check=True
    )
    return ran.stdout.decode().strip()


def begin(folder: Path) -> None:
    """A repository in a folder, on branch `main`."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")


def commit(folder: Path, text: str = "what there is") -> str:
    """Commit everything; the id of the commit."""
    git(folder, "add", "-A", "--force")
    git(folder, "commit", "-q", "--allow-empty", "-m", text)
    return git(folder, "rev-parse", "HEAD")


def clone(source: Path, folder: Path, *options: str) -> Path:
    """A clone of a repository, through the protocol that honours depth."""
    git(source, "clone", "-q", *options, source.as_uri(), str(folder))
    return folder
