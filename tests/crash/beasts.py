"""Deployers that are wrong in one thing each, and the checks that are known to catch them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

import pytest

from deployer import apply, attempt, observe, pipeline, plan, removing, standing, write
from deployer.comparing import compared
from deployer.emulator.faults import Fault
from deployer.entities import SELF
from deployer.errors import DeployerError, OutcomeUnknown
from deployer.flowspec import to_wire
from deployer.moves import Moves
from deployer.publishing import driving, stages
from deployer.remote import pipeline_runs, workspace
from deployer.remote.instances import Instances
from deployer.running import making, run
from deployer.transport import client, verdict
from deployer.transport.request import Signature
from tests.crash import checks

Patch = pytest.MonkeyPatch
Check = Callable[[], list[str]]

CHECKS: Mapping[str, Check] = {
    "create": partial(checks.tidy, "create"),
    "update": partial(checks.tidy, "update"),
    "publish": partial(checks.tidy, "publish"),
    "slow job": partial(checks.tidy, "update", None, 3.0),
    "missing nodes deleted": partial(checks.tidy, "update", {"import_missing_nodes": "delete"}),
    "create killed": partial(checks.crashed, "create"),
    "create killed, names not unique": partial(
        checks.crashed, "create", {"name_conflict": "duplicate"}
    ),
    "update killed": partial(checks.crashed, "update"),
    "publish killed": partial(checks.crashed, "publish"),
    "prune": partial(checks.tidy, "prune"),
    "move": partial(checks.tidy, "move"),
    "move killed": partial(checks.crashed, "move"),
    "backfill killed": partial(checks.crashed, "backfill"),
    "import lost": partial(checks.lost, "update", "ImportWorkflowDefinition"),
    "pipeline run lost": partial(checks.lost, "publish", "CreatePipelineRun"),
    "stage lost": partial(checks.lost, "publish", "ExecPipelineRunStage"),
    "backfill lost": partial(checks.lost, "backfill", "CreateWorkflowInstances"),
    "import refused": partial(
        checks.disturbed,
        "update",
        Fault("status", action="ImportWorkflowDefinition", status=400, code="Invalid", times=1),
    ),
    "late read": partial(
        checks.disturbed, "update", Fault("stale", action="GetWorkflowDefinition", nth=3)
    ),
    "edit of a script": partial(checks.edited, "script"),
    "edit by hand": partial(checks.edited, "script of a node by hand"),
    "edit of the workflow": partial(checks.edited, "cron"),
    "edit of what is to go": checks.edited_and_gone,
    "race, one after the other's look": partial(checks.race, "AABBBBAA"),
    "race, both look first": partial(checks.race, "AABBABAB"),
    "race, look after import": partial(checks.race, "BAAABBBA"),
    "pause": checks.waits_as_asked,
    "refused for good": checks.asks_once,
    "endless job": checks.gives_up,
    "taken id": checks.leaves_taken_ids,
    "ended by a person": checks.told_of_an_end,
}


@dataclass(frozen=True, slots=True)
class Beast:
    """A wrong deployer: what is wrong, how it is made, which checks catch it."""

    name: str
    make: Callable[[Patch], None]
    caught_by: tuple[str, ...]


def _is(value: object) -> Callable[..., Awaitable[Any]]:
    """A coroutine function that looks at nothing."""

    async def answer(*_: object, **__: object) -> object:
        return value

    return answer


# --- sending --------------------------------------------------------------------------------------


def imports_again(patch: Patch) -> None:
    patch.setattr(write.Write, "_arrived", _is(False))


def runs_again(patch: Patch) -> None:
    create = Instances.create

    async def twice(self: Instances, params: Any) -> str:
        try:
            return await create(self, params)
        except OutcomeUnknown:
            return await create(self, params)

    patch.setattr(Instances, "create", twice)


def repeats_writes(patch: Patch) -> None:
    may = client.Client._may_repeat

    def always(self: Any, found: Any, operation: Any, answer: Any, credentials: Any) -> bool:
        unknown = found is verdict.Verdict.UNKNOWN
        return unknown or may(self, found, operation, answer, credentials)

    patch.setattr(client.Client, "_may_repeat", always)


def one_nonce(patch: Patch) -> None:
    patch.setattr(client, "Signature", lambda key, _, date: Signature(key, "same", date))


def seconds(patch: Patch) -> None:
    patch.setattr(client, "retry_after", lambda header: float(header) if header else None)


def asks_for_ever(patch: Patch) -> None:
    def by_status(answer: Any) -> verdict.Verdict:
        return verdict.Verdict.UNKNOWN if answer.status == 500 else verdict.judge(answer)

    patch.setattr(client, "judge", by_status)


# --- looking --------------------------------------------------------------------------------------


def never_looks(patch: Patch) -> None:
    async def unmoved(self: Any, before: Any) -> Any:
        return before

    patch.setattr(write.Write, "_unmoved", unmoved)


def looks_at_ids(patch: Patch) -> None:
    async def unmoved(self: Any, before: Any) -> Any:
        live = await self._read(before.ids[SELF])
        if live is None or live.ids != before.ids:
            raise self._moved("was changed", "")
        return live

    patch.setattr(write.Write, "_unmoved", unmoved)


def looks_too_early(patch: Patch) -> None:
    ids = write.Write._ids

    async def after(self: Any, known: Any, *, fresh: bool) -> Any:
        found = await ids(self, known, fresh=fresh)
        if not fresh:
            self._unmoved = _is(await self._unmoved(self._change.before))
            await self._remote.node_document("1")
        return found

    patch.setattr(write.Write, "_ids", after)


def no_scripts(patch: Patch) -> None:
    call = client.Client.call

    async def without(self: Any, operation: Any, params: Any) -> Any:
        left = {k: v for k, v in params.items() if k != "IncludeScriptContent"}
        return await call(self, operation, left)

    patch.setattr(client.Client, "call", without)


def one_page(patch: Patch) -> None:
    async def first(self: Any, kind: str, name: str | None = None) -> Any:
        return (await _EVERY(self, kind, name))[:1]

    patch.setattr(workspace.Remote, "_every", first)


_EVERY = workspace.Remote._every


def near_enough(patch: Patch) -> None:
    async def first(desired: Any, remote: Any) -> str:
        found = await remote._every(desired.kind, desired.name)
        return found[0].id if found else ""

    patch.setattr(standing, "find", first)


def sees_nothing(patch: Patch) -> None:
    patch.setattr(pipeline, "observe", _is(None))
    patch.setattr(
        pipeline, "against", lambda desired, _, since: (compared(desired, None, since), {})
    )


def takes_any_id(patch: Patch) -> None:
    free = observe._free

    async def unasked(owner: str, reference: str, remote: Any, taken: Any, fresh: bool) -> str:
        return await free(owner, reference, remote, (), True)

    patch.setattr(observe, "_free", unasked)


def no_history(patch: Patch) -> None:
    patch.setattr(write, "written_over", _is(None))


# --- writing --------------------------------------------------------------------------------------


def only_its_own(patch: Patch) -> None:
    def without(after: Any, ids: Any, freed: Any) -> Any:
        nodes = {name: node for name, node in after.spec["nodes"].items() if name != "by_hand"}
        return to_wire(replace(after, spec={**after.spec, "nodes": nodes}), ids, freed)

    patch.setattr(write, "to_wire", without)


def forgets_a_node(patch: Patch) -> None:
    def without(after: Any, ids: Any, freed: Any) -> Any:
        nodes = {name: node for name, node in after.spec["nodes"].items() if name != "report"}
        return to_wire(replace(after, spec={**after.spec, "nodes": nodes}), ids, freed)

    patch.setattr(write, "to_wire", without)
    patch.setattr(standing.Standing, "_differences", lambda *_: [])


def believes(patch: Patch) -> None:
    patch.setattr(write.Write, "_import", _is(None))
    patch.setattr(standing.Standing, "_differences", lambda *_: [])


def all_is_well(patch: Patch) -> None:
    ended = attempt.ended

    async def fine(work: Any, one: Any, again: str, halt: Any) -> tuple[str, int]:
        await ended(work, one, again, halt)
        return "", 0

    patch.setattr(apply, "ended", fine)


def ids_as_floats(patch: Patch) -> None:
    create = workspace.Remote.create

    async def rounded(self: Any, document: Any) -> str:
        return f"{float(await create(self, document)):.0f}"

    patch.setattr(workspace.Remote, "create", rounded)


def completed(patch: Patch) -> None:
    patch.setattr(workspace.Job, "ended", property(lambda job: bool("False")))


def follows_for_ever(patch: Patch) -> None:
    patch.setattr(write, "JOB_DEADLINE", float("inf"))


def never_notes(patch: Patch) -> None:
    patch.setattr(attempt.Attempt, "_intend", lambda *_, **__: None)


def notes_too_late(patch: Patch) -> None:
    intend = attempt.Attempt._intend
    over = attempt.Attempt._over
    late: list[tuple[Any, ...]] = []

    def after(self: Any, what: str, facts: Any) -> None:
        for each in late:
            intend(*each)
        late.clear()
        over(self, what, facts)

    patch.setattr(attempt.Attempt, "_intend", lambda *each: late.append(each))
    patch.setattr(attempt.Attempt, "_over", after)


def no_backup(patch: Patch) -> None:
    patch.setattr(standing.Standing, "_back_up", lambda *_: None)


def deletes_unseen(patch: Patch) -> None:
    patch.setattr(removing.Removal, "_unmoved", _is(None))


def deletes_more(patch: Patch) -> None:
    delete = workspace.Remote.delete_node

    async def more(self: Any, identity: str) -> None:
        await delete(self, identity)
        listed = [each async for each in self._pages("CycleWorkflow")]
        live = [await observe.read(each.id, self) for each in listed]
        for node in (each.ids["by_hand"] for each in live if each and "by_hand" in each.ids):
            await delete(self, node)

    patch.setattr(workspace.Remote, "delete_node", more)


def moves_anew(patch: Patch) -> None:
    patch.setattr(plan, "moves", lambda *_: Moves())
    patch.setattr(pipeline, "observe", _unmoved)


async def _unmoved(desired: Any, listed: Any, remote: Any) -> Any:
    return await observe.observe(replace(desired, moved_from=""), listed, remote)


# --- publishing and running -----------------------------------------------------------------------


def any_end(patch: Patch) -> None:
    patch.setattr(stages, "_end", lambda _: stages.Step("done"))
    patch.setattr(driving.Drive, "_check_content", _is(None))


def another_name(patch: Patch) -> None:
    numbers = count()
    patch.setattr(driving, "marker", lambda *_: f"deployer {next(numbers)}")


def never_goes_on(patch: Patch) -> None:
    patch.setattr(driving.Drive, "_mine", lambda *_: None)


def calls_stages_twice(patch: Patch) -> None:
    execute = pipeline_runs.PipelineRuns.execute

    async def twice(self: Any, identity: str, code: str) -> None:
        await execute(self, identity, code)
        try:
            await execute(self, identity, code)
        except DeployerError:
            return

    patch.setattr(pipeline_runs.PipelineRuns, "execute", twice)


def another_run(patch: Patch) -> None:
    patch.setattr(run, "content_name", lambda *_: f"deployer-{uuid4().hex}")


def forgets_runs(patch: Patch) -> None:
    patch.setattr(making, "_made_before", _is(()))


BESTIARY = (
    Beast("imports again without a look", imports_again, ("import lost",)),
    Beast("runs a backfill again without a look", runs_again, ("backfill lost",)),
    Beast(
        "repeats every write without an answer", repeats_writes, ("import lost", "backfill lost")
    ),
    Beast("uses one nonce for all", one_nonce, ("create", "update")),
    Beast("reads pauses as seconds", seconds, ("pause",)),
    Beast("asks again what is refused for good", asks_for_ever, ("refused for good",)),
    Beast(
        "imports without a look",
        never_looks,
        ("edit of a script", "edit of the workflow", "update"),
    ),
    Beast("looks at ids alone", looks_at_ids, ("edit of a script", "edit by hand")),
    Beast("looks too early", looks_too_early, ("update", "update killed")),
    Beast("reads no scripts", no_scripts, ("update", "edit of a script")),
    Beast("reads the first page alone", one_page, ("update", "create killed")),
    Beast("takes a like name for the same", near_enough, ("create",)),
    Beast(
        "sees nothing of what there is",
        sees_nothing,
        ("update", "create killed, names not unique"),
    ),
    Beast("takes ids that others have", takes_any_id, ("taken id",)),
    Beast("never asks for the history", no_history, ("race, one after the other's look",)),
    Beast("sends its own nodes alone", only_its_own, ("missing nodes deleted",)),
    Beast("deletes by omission", forgets_a_node, ("missing nodes deleted",)),
    Beast("believes without sending", believes, ("create", "update", "late read")),
    Beast("calls every failure a success", all_is_well, ("import refused",)),
    Beast("takes ids for floats", ids_as_floats, ("create", "create killed")),
    Beast("reads `Completed` as a truth value", completed, ("slow job",)),
    Beast("follows a job for ever", follows_for_ever, ("endless job",)),
    Beast("notes nothing", never_notes, ("create", "update", "publish")),
    Beast("notes after the answer", notes_too_late, ("create", "update killed")),
    Beast("backs nothing up", no_backup, ("create", "update")),
    Beast("deletes without a look", deletes_unseen, ("edit of what is to go",)),
    Beast("deletes what no plan shows", deletes_more, ("prune",)),
    Beast("makes anew what is to be moved", moves_anew, ("move", "move killed")),
    Beast("takes every end for success", any_end, ("ended by a person",)),
    Beast("gives each pipeline run another name", another_name, ("publish killed",)),
    Beast("never goes on with a pipeline run", never_goes_on, ("publish killed",)),
    Beast("sets stages going twice", calls_stages_twice, ("publish", "publish killed")),
    Beast("gives each backfill another name", another_run, ("backfill killed",)),
    Beast("forgets backfills", forgets_runs, ("backfill killed",)),
)
