"""Whether somebody else wrote between the last look and our import, told by the history of the workflow.

The service has no import that is refused where something changed, so this is noticed only afterwards;
where it keeps no snapshots of imports (docs/service.md U-13) it is not noticed at all.
"""

from collections.abc import Collection
from contextlib import suppress

from deployer.errors import DeployerError
from deployer.remote.history import Snapshot, content, saved
from deployer.remote.workspace import Remote


async def versions(identity: str, remote: Remote) -> frozenset[int] | None:
    """The versions that there are of a workflow; None where the service does not tell."""
    with suppress(DeployerError):
        return frozenset(one.version for one in await saved(identity, remote))
    return None


async def written_over(
    identity: str, remote: Remote, known: Collection[int], expected: Collection[str], imports: int
) -> Snapshot | None:
    """What somebody else saved after the `known` versions and before the last one, if it can be told.

    `expected` are the fingerprints of what was there before and of what we wrote, `imports` counts how
    often we wrote: with no more new versions than that there is nobody else's.
    """
    with suppress(DeployerError):
        newer = [one for one in await saved(identity, remote) if one.version not in known]
        for one in newer[:-1] if len(newer) > imports else []:
            if (await content(one, remote)).fingerprint not in expected:
                return one
    return None
