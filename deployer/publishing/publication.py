"""Whether what is saved is what was published last, at the price of one or two lists for all.

A run that this program makes carries in its description which object it publishes and with which
content (docs/service.md B-69). Where that says it, nothing more is read. Where somebody else
published since, or where it says another content, what was published is read and compared.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from deployer.errors import Unreachable
from deployer.flowspec import foreign_reason, from_wire
from deployer.model import Observed
from deployer.remote.pipeline_runs import (
    SUCCESS,
    ChangeType,
    Item,
    PipelineRun,
    PipelineRuns,
    newest_first,
)

CONCURRENCY = 8

_MARKER = re.compile(r"deployer (Online|Offline) (\S+) ([0-9a-f]+)")
_ROOT = "WorkflowDefinition"


def marker(kind: ChangeType, object_id: str, fingerprint: str) -> str:
    """The description of a run: the same whenever the same is meant, so that a rerun finds it."""
    return f"deployer {kind} {object_id} {fingerprint[:32]}"


async def published(wanted: Mapping[str, str], runs: PipelineRuns) -> dict[str, bool]:
    """Object id → whether the content with that fingerprint is what was published last.

    Reads only; raises what `Client.call` raises.
    """
    if not wanted:
        return {}
    told = await _by_description(wanted, runs)
    gate = asyncio.Semaphore(CONCURRENCY)

    async def one(object_id: str, fingerprint: str) -> bool:
        async with gate:
            return await _by_content(object_id, fingerprint, runs)

    left = {key: value for key, value in wanted.items() if key not in told}
    answers = await asyncio.gather(*(one(*each) for each in left.items()))
    return told | dict(zip(left, answers, strict=True))


async def _by_description(wanted: Mapping[str, str], runs: PipelineRuns) -> dict[str, bool]:
    """What the descriptions of the runs tell, so far as they do: the newest about an object counts.

    Ends at somebody else's run, which may be about any object, and as soon as reading what was
    published would take fewer calls.
    """
    told: dict[str, bool] = {}
    open_, pages = dict(wanted), 0
    moments: list[int] = []
    async for page, whole in runs.pages():
        moments += [run.created for run in page]
        if not (whole and pages == 0) and not _are_newest_first(moments):
            return {}
        pages += 1
        for run in newest_first([run for run in page if run.status == SUCCESS]):
            ours = _MARKER.fullmatch(run.description)
            if ours is None:
                return told
            if run.description == marker("Online", ours[2], open_.get(ours[2], "")):
                told[ours[2]] = True
            # Another content is compared itself: an older deployer may have made its fingerprint.
            open_.pop(ours[2], None)
        if whole:
            return told | dict.fromkeys(open_, False)
        if pages >= 2 * len(open_):
            return told
    return told


def _are_newest_first(moments: Sequence[int]) -> bool:
    """Whether runs were told in the order without which the first pages say nothing of the last runs.

    No document promises it; `moments` is when each run was made.
    """
    falling = all(one >= two for one, two in pairwise(moments))
    return falling and bool(moments) and moments[0] > moments[-1]


async def _by_content(object_id: str, fingerprint: str, runs: PipelineRuns) -> bool:
    last = last_done(await runs.of_object(object_id))
    if last is None or is_offline(last):
        return False
    live, _ = await carried(last.id, runs)
    return live is not None and live.fingerprint == fingerprint


def last_done(found: Sequence[PipelineRun]) -> PipelineRun | None:
    """The newest run that succeeded; `found` is newest first."""
    return next((run for run in found if run.status == SUCCESS), None)


def is_offline(run: PipelineRun) -> bool:
    """Whether a run took its object offline: its type is told by its stages alone."""
    ours = _MARKER.fullmatch(run.description)
    return (ours is not None and ours[1] == "Offline") or any(
        stage.type == "Offline" for stage in run.stages
    )


async def carried(run_id: str, runs: PipelineRuns) -> tuple[Observed | None, int]:
    """The workflow that a run carries, None where the service does not tell it, and its version."""
    root = next((item for item in await runs.items(run_id) if item.type == _ROOT), None)
    return (None, 0) if root is None else (_observed(root), root.version)


def _observed(item: Item) -> Observed | None:
    document = item.document
    if document is None or not isinstance(document.get("spec"), dict):
        return None
    if foreign_reason(document):
        raise Unreachable("the service returned a publication whose Spec is not a workflow")
    return from_wire(document)
