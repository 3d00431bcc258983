"""Whether somebody else wrote between the last look and our import, told by the history of the workflow.

The service has no import that is refused where something changed, so this is noticed only afterwards;
where it keeps no snapshots of imports (docs/service.md U-13) it is not noticed at all. One call tells it:
what was there at the last look was saved no later than the ModifyTime that the look showed. Contents are
read only where times leave it open.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from deployer.errors import Conflict, DeployerError
from deployer.remote.history import Snapshot, content, saved
from deployer.remote.workspace import Remote

_SECOND = 1000


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a workflow that was imported, to tell what is somebody else's.

    `modified` is its ModifyTime at the last look. `before` are the fingerprints of what was seen until
    then, more than one if we moved or deleted something first, and `written` those of what was seen since;
    `imports` counts those of our imports that may have left a version.
    """

    modified: int
    before: frozenset[str]
    written: frozenset[str]
    imports: int


async def written_over(identity: str, remote: Remote, seen: Seen) -> Snapshot | None:
    """What somebody else saved after the last look, and an import replaced, if it can be told."""
    with suppress(DeployerError):
        return await _replaced(_open(await saved(identity, remote), seen), remote, seen)
    return None


def _open(history: Sequence[Snapshot], seen: Seen) -> Sequence[Snapshot]:
    """The versions of which times do not tell that only we saved them; none if there is none.

    The last look may have shown a version that is dated later: its ModifyTime may not move with a node
    (docs/service.md U-07), or tell of a little before.
    """
    # Times of whole seconds: what was saved within the second of the look is as open as a tie.
    whole = all(one.created % _SECOND == 0 for one in history)
    since = seen.modified - seen.modified % _SECOND if whole else seen.modified
    later = [one for one in history if one.created > seen.modified]
    found = [one for one in history if one.created >= since]
    # One of that very time is what the look showed, unless the look showed what a move or deletion of
    # ours left, of which there may be no version.
    own = 1 if len(seen.before) == 1 else 0
    return found if len(later) > seen.imports or len(found) > seen.imports + own else []


async def _replaced(open_: Sequence[Snapshot], remote: Remote, seen: Seen) -> Snapshot | None:
    """The last version before ours that neither we nor the last look know; what follows is not ours."""
    are_kept = False
    for one in reversed(open_[:-1]):
        fingerprint = (await content(one, remote)).fingerprint
        if fingerprint in seen.before:
            return None
        if fingerprint in seen.written:
            are_kept = True
            continue
        # Where imports leave no version, the ones that others left say nothing about what followed.
        are_kept = are_kept or (await content(open_[-1], remote)).fingerprint in seen.written
        return one if are_kept else None
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
