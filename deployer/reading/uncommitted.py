"""Which files git has no copy of as they are now: overwriting those would lose somebody's work."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from deployer.reading.git import HARDENED


def uncommitted(root: Path, files: Sequence[str]) -> list[str]:
    """Those of `files`, relative to `root`, that are changed or untracked; none outside of git."""
    if not files or not _inside(root):
        return []
    return [file for file in files if not _is_clean(root, file)]


def _is_clean(root: Path, file: str) -> bool:
    known = _git(root, ["ls-files", "--error-unmatch", "--", file])
    same = _git(root, ["diff", "--quiet", "--no-ext-diff", "HEAD", "--", file])
    return all(each is not None and each.returncode == 0 for each in (known, same))


def _inside(root: Path) -> bool:
    found = _git(root, ["rev-parse", "--is-inside-work-tree"])
    return found is not None and found.stdout.strip() == b"true"


def _git(root: Path, command: Sequence[str]) -> "subprocess.CompletedProcess[bytes] | None":
    try:
        return subprocess.run([*HARDENED, *command], cwd=root, capture_output=True, check=False)
    except OSError:
        return None
