"""Asking git about the repository around a project: without pager, prompt, hook or helper of its own.

What a revision holds is left to `git_files`.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

HARDENED = (
    "git",
    "--no-pager",
    "--no-optional-locks",
    "--no-replace-objects",
    "--literal-pathspecs",
    "-c",
    "core.fsmonitor=",
    "-c",
    "core.hooksPath=/dev/null",
)
"""How git is called, whatever it is asked."""

# Where hooks are run they name a repository relative to a folder that is not ours.
_ELSEWHERE = (
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "never", "LC_ALL": "C", "LANGUAGE": "C"}


class GitFailed(Exception):
    """Git could not be run, or said no; the text is its own, on one line."""


class Git:
    """Git in a folder, with the environment of whoever called us."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        kept = {key: value for key, value in environ.items() if key not in _ELSEWHERE}
        self._environ = {**kept, **_QUIET}

    def text(self, *command: str) -> str:
        """What a command prints, without the last line end. Raises GitFailed."""
        return os.fsdecode(self.output(*command)).removesuffix("\n")

    def output(self, *command: str, given: bytes = b"") -> bytes:
        """The bytes that a command prints when it is `given` these. Raises GitFailed."""
        try:
            ended = subprocess.run(
                [*HARDENED, *command],
                cwd=self.folder,
                env=self._environ,
                input=given,
                capture_output=True,
                check=False,
            )
        except (OSError, ValueError) as error:
            raise GitFailed(f"git cannot be run: {error}") from error
        if ended.returncode:
            said = ended.stderr.decode("utf-8", "replace").split()
            raise GitFailed(" ".join(said) or f"git {command[0]} ended with {ended.returncode}")
        return ended.stdout

    def start(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        """A command that goes on reading and printing. Raises GitFailed."""
        try:
            return subprocess.Popen(
                [*HARDENED, *command],
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise GitFailed(f"git cannot be run: {error}") from error

    def commit(self, revision: str) -> str:
        """The full name of the commit that a revision means, empty where there is none."""
        try:
            return self.text(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
        except GitFailed:
            return ""

    def is_shallow(self) -> bool:
        """Whether the history was cut off when the repository was cloned. Raises GitFailed."""
        return self.text("rev-parse", "--is-shallow-repository") == "true"

    def parents(self, commit: str) -> list[str]:
        """The parents that a commit names, also those that a shallow clone lacks. Raises GitFailed."""
        head, _, _ = self.text("cat-file", "commit", commit).partition("\n\n")
        return [line.removeprefix("parent ") for line in head.split("\n") if line[:7] == "parent "]

    def merge_base(self, one: str, other: str) -> str:
        """The best common ancestor of two commits, empty if none is known here."""
        try:
            return self.text("merge-base", one, other)
        except GitFailed:
            return ""
