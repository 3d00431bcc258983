"""A checked wish made ready to be sent: its names looked up, and how much it would run held to limits."""

from collections.abc import Mapping, Sequence

from deployer.errors import RefusedBySafety
from deployer.remote.scheduling import Scheduling
from deployer.running.request import MANUAL, OF_WORKFLOW, RunRequest
from deployer.running.runner import Prepared

NO_WORKFLOW = "1"
"""The `WorkflowId` of runs of scheduled nodes (docs/service.md B-90, U-25)."""


async def prepared(request: RunRequest, scheduling: Scheduling) -> Prepared:
    """Looks up what a request names. Raises NotFound, NotPublished or UsageError."""
    if request.type == MANUAL and request.references() == [request.workflow]:
        ids = {request.workflow: await scheduling.manual_task(request.workflow)}
        return Prepared(request, NO_WORKFLOW, ids)
    online = await scheduling.workflow(request.workflow)
    ids = {each: await scheduling.task(each, request.workflow) for each in request.references()}
    own = request.type in OF_WORKFLOW or request.document.get("workflowId") == "own"
    return Prepared(request, online.id if own else NO_WORKFLOW, ids)


# --- how much -------------------------------------------------------------------------------------


async def reach(ready: Prepared, scheduling: Scheduling) -> int:
    """How many nodes a backfill runs on each day: counted along the edges where its mode follows them."""
    request, mode = ready.request, ready.request.document.get("mode")
    if mode not in ("AllDownstream", "Chain"):
        return ready.nodes
    ends = [ready.ids[node] for node in request.references("nodes", "include")]
    edges = await _behind(ends[0], scheduling)
    found = set(edges) if mode == "AllDownstream" else _leading_to(ends[-1], edges)
    return len(found - {ready.ids[node] for node in request.references("exclude")})


async def _behind(start: str, scheduling: Scheduling) -> dict[str, list[str]]:
    """Every task that waits for a task, however far off, and what waits for each."""
    edges: dict[str, list[str]] = {}
    waiting = [start]
    while waiting:
        task = waiting.pop()
        if task not in edges:
            edges[task] = await scheduling.downstream(task)
            waiting += edges[task]
    return edges


def _leading_to(end: str, edges: Mapping[str, Sequence[str]]) -> set[str]:
    found = {end}
    before = -1
    while len(found) > before:
        before = len(found)
        found |= {task for task, after in edges.items() if found & {*after}}
    return found


def within_limits(days: int, nodes: int, limits: Mapping[str, float], allowed: int | None) -> None:
    """Raises RefusedBySafety for a backfill beyond `limits` that nobody allowed by its exact number."""
    count = days * nodes
    most_days, most = int(limits.get("days", 31)), int(limits.get("instances", 200))
    if allowed == count or (days <= most_days and count <= most):
        return
    beyond = (
        f"{days} days, and the limit is {most_days}"
        if days > most_days
        else f"{count} task instances, and the limit is {most}"
    )
    why = f"nodes: {nodes}, days: {days}, task instances: {count}"
    if allowed is not None:
        why += f", and `--allow-instances` says {allowed}"
    raise RefusedBySafety(
        f"the backfill has {beyond}",
        why=why,
        written="nothing was started",
        hint=f"`--allow-instances {count}` allows exactly this one",
    )
