"""Which files git has no copy of as they are now: overwriting those would lose somebody's work."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

_GIT = (
    "git",
    "--no-optional-locks",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
)
_LITERAL = "--literal-pathspecs"


def uncommitted(root: Path, files: Sequence[str]) -> list[str]:
    """Those of `files`, relative to `root`, that are changed or untracked; none outside of git."""
    if not files or not inside_git(root):
        return []
    return [file for file in files if not _is_clean(root, file)]


def _is_clean(root: Path, file: str) -> bool:
    known = git(root, [_LITERAL, "ls-files", "--error-unmatch", "--", file])
    same = git(root, [_LITERAL, "diff", "--quiet", "--no-ext-diff", "HEAD", "--", file])
    return all(each is not None and each.returncode == 0 for each in (known, same))


def inside_git(root: Path) -> bool:
    """Whether a folder lies in the working tree of a repository; not so where there is no git."""
    found = git(root, ["rev-parse", "--is-inside-work-tree"])
    return found is not None and found.stdout.strip() == b"true"


def git(root: Path, command: Sequence[str]) -> "subprocess.CompletedProcess[bytes] | None":
    """What a git command that only reads, global options first, came to; None where there is no git."""
    try:
        return subprocess.run([*_GIT, *command], cwd=root, capture_output=True, check=False)
    except OSError:
        return None
