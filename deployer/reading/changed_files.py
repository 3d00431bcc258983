"""Which files of a project differ from a revision of git, as `changed:REF` of a selection asks."""

import os
from collections.abc import Collection

from deployer.errors import UsageError
from deployer.reading.git import Git, GitFailed


def changed_since(git: Git, revision: str, files: Collection[str]) -> frozenset[str]:
    """Every file of git's folder that differs from the revision, and those of `files` that git lacks.

    Files that were deleted since are among them. Names are relative to the folder. Raises UsageError
    for a revision that git does not know there.
    """
    commit = git.commit(revision)
    try:
        if not commit:
            raise GitFailed(f"`{revision}` names no commit")
        differing = git.output(
            "diff",
            "--name-only",
            "-z",
            "--relative",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--ignore-submodules=all",
            commit,
            "--",
        )
        known = git.output("ls-files", "-z")
    except GitFailed as failed:
        raise UsageError(
            f"git cannot tell what changed since `{revision}`",
            where=str(git.folder),
            why=str(failed),
            hint="name a branch, tag or commit; in a shallow clone fetch it first: "
            "`git fetch --depth=1 origin REF`",
        ) from failed
    return frozenset(_names(differing)) | (set(files) - set(_names(known)))


def _names(listed: bytes) -> list[str]:
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]
