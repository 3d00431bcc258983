"""Whether somebody else wrote between the last look and our import, told by the history of the workflow.

The service has no import that is refused where something changed, so this is noticed only afterwards;
where it keeps no snapshots of imports (docs/service.md U-13) it is not noticed at all.
"""

from contextlib import suppress
from dataclasses import dataclass

from deployer.errors import Conflict, DeployerError
from deployer.remote.history import Snapshot, content, saved
from deployer.remote.workspace import Remote


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a workflow that was imported, to tell what is somebody else's.

    `versions` were there before the last look, `contents` are the fingerprints of what was seen then and
    of what was written, `imports` counts how often we wrote.
    """

    versions: frozenset[int]
    contents: frozenset[str]
    imports: int


async def versions(identity: str, remote: Remote) -> frozenset[int] | None:
    """The versions that there are of a workflow; None where the service does not tell."""
    with suppress(DeployerError):
        return frozenset(one.version for one in await saved(identity, remote))
    return None


async def written_over(identity: str, remote: Remote, seen: Seen) -> Snapshot | None:
    """What somebody else saved after the last look, and an import replaced, if it can be told.

    With no more new versions than imports there is nobody else's; the last one is never taken for one.
    """
    with suppress(DeployerError):
        newer = [one for one in await saved(identity, remote) if one.version not in seen.versions]
        for one in newer[:-1] if len(newer) > seen.imports else []:
            if (await content(one, remote)).fingerprint not in seen.contents:
                return one
    return None


def replaced(path: str, other: Snapshot, written: str) -> Conflict:
    """What is said of a version that nobody was shown before it was replaced."""
    return Conflict(
        f"`{path}` was saved by somebody else just before the import",
        why=f"version {other.version}, by {other.creator or 'nobody named'}, is what the import "
        "replaced, and no plan showed it",
        written=f"{written}; version {other.version} is kept in the history",
        hint=f"compare it in the console, and restore version {other.version} there "
        "or bring what it changed into the manifest",
    )
