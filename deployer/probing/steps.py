"""The steps of a probe: each tries one thing and notes the switches that it settles.

What a step cannot tell is left out: the emulator then plays its default. Publishing is not tried.
"""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from deployer.errors import ServiceError, Unreachable
from deployer.flowspec import derived_id
from deployer.probing.bench import Bench, Ended
from deployer.probing.documents import (
    DESCRIPTION,
    FOREIGN,
    OUTPUT,
    PLACEHOLDER,
    TIMES,
    Node,
    Seen,
    everything,
    often,
    single,
    workflow,
)

_NAMES = ("four", "one", "three", "two")
_TEXT_ID = "probe-node-"
_CODED = re.compile(r"\S+: .+ at \$", re.DOTALL)
_CHINESE = re.compile(r"[\u4e00-\u9fff]{4}")
_IMMEDIATE, _WATCHED = 6, 60


async def probe(bench: Bench, tell: Callable[[str], None]) -> None:
    """All steps, in order; `tell` hears of each. Raises what stands in the way of going on."""
    tell("access")
    await bench.trials.access()
    await bench.refuse_used_folder()
    tell("a dry run of a new workflow")
    await dry_run(bench)
    tell("an import with chosen ids, an unknown field, a description and metadata")
    standing = await first_import(bench)
    for told, step in _STEPS:
        tell(told)
        standing = await step(bench, standing)


# --- 2 and 3 --------------------------------------------------------------------------------------


async def dry_run(bench: Bench) -> None:
    """U-08, U-09: whether `DryRun` is honoured, and what it checks."""
    path = bench.path("dry")
    try:
        job = await bench.trials.start(workflow(path, [Node("one", "echo 1")]), dry_run=True)
    except ServiceError:
        bench.switches["dryrun"] = "error"
        return
    ended = await bench.ended(job)
    if await bench.at(path):
        bench.switches["dryrun"] = "ignored"
        return
    if ended.ok is False:
        return  # a check that a sound document does not pass tells nothing
    bench.switches["dryrun"] = "honoured"
    twice = [Node("one", "echo 1"), Node("one", "echo 2")]
    checked = await bench.import_(workflow(path, twice), dry_run=True)
    if checked.ok is not None:
        bench.switches["dryrun_depth"] = "schema_only" if checked.ok else "all"


async def first_import(bench: Bench) -> Seen:
    """U-03, U-05, U-20 to U-23, U-27, U-30, U-31; the workflow that is there now."""
    for number, (ids, unknown) in enumerate(((1, 1), (1, 0), (0, 1), (0, 0))):
        path = bench.path(f"main{number}")
        ended = await _sent(bench, path, bool(ids), bool(unknown))
        if ended.ok is not False and (identity := await _appeared(bench, path, ended)):
            break
    else:
        raise Unreachable(
            "no workflow could be imported", why=ended.error, hint="see what the service says"
        )
    _job_shapes(bench, ended)
    found = await bench.read(identity)
    if ids:
        _note_ids(bench, found)
    else:
        bench.switches["client_ids"] = "reject"
    _note_fields(bench, found, bool(unknown))
    return found


async def _sent(bench: Bench, path: str, ids: bool, unknown: bool) -> Ended:
    own, outputs = everything(unknown)
    more = {"two": outputs, "one": often()}
    chosen = {
        "one": derived_id(bench.nonce, path, "one"),
        "two": f"{_TEXT_ID}{bench.nonce}",
    }
    nodes = [
        Node(name, "echo 0", chosen.get(name, "") if ids else "", more.get(name)) for name in _NAMES
    ]
    identity = derived_id(bench.nonce, path) if ids else ""
    return await bench.import_(workflow(path, nodes, identity, own))


async def _appeared(bench: Bench, path: str, ended: Ended) -> str:
    """The id of a new workflow as soon as a list shows it, and how late it and a read were (U-27)."""
    late = {"get": _Late(), "list": _Late()}
    identity = str(ended.started.get("Response") or "")
    for look in range(_IMMEDIATE + _WATCHED):
        waited = max(0, look - _IMMEDIATE)
        if not late["list"].told:
            listed = await bench.listed(path)
            late["list"].note(bool(listed), waited)
            identity = listed[0].id if listed else identity
        if identity and not late["get"].told:
            late["get"].note(await bench.trials.live(identity) is not None, waited)
        if all(each.told for each in late.values()):
            break
        if ended.ok is None and waited > bench.settle:
            return ""  # nobody told that it failed
        if look >= _IMMEDIATE:
            await bench.sleep(1.0)
    _note_lag(bench, {scope: each.told for scope, each in late.items()})
    return identity


@dataclass
class _Late:
    """How many looks showed nothing before one did: in reads, or in seconds if those went by."""

    missed: int = 0
    told: str = ""

    def note(self, shown: bool, waited: int) -> None:
        if not shown:
            self.missed += 1
        elif waited and self.missed:
            self.told = f"{waited}s"
        else:
            self.told = f"{self.missed}reads"


def _note_lag(bench: Bench, late: dict[str, str]) -> None:
    found = [f"{scope}({told})" for scope, told in late.items() if told and told != "0reads"]
    bench.switches["read_lag"] = "+".join(found) or "none"
    for scope, told in late.items():
        bench.late[scope] = int(told.removesuffix("reads")) if told.endswith("reads") else 0


def _job_shapes(bench: Bench, ended: Ended) -> None:
    """U-05 and U-23: what the two shapes of a job tell."""
    if ended.started.get("Response"):
        at_once = ended.started.get("Status") != "Success"
        bench.switches["response_id"] = "at_once" if at_once else "on_success"
    elif ended.started.get("Status") == "Success":
        bench.switches["response_id"] = "never"
    completed = ended.told.get("Completed")
    if isinstance(completed, bool):
        bench.switches["completed_type"] = "bool"
    elif ended.ok:
        stale = str(completed).lower() == "false"
        bench.switches["completed_type"] = "stale" if stale else "text"


def _note_ids(bench: Bench, found: Seen) -> None:
    number = found.id_of("one") == derived_id(bench.nonce, found.path(), "one")
    text = found.id_of("two") == f"{_TEXT_ID}{bench.nonce}"
    kept = "keep_all" if text else "numeric"
    bench.switches["client_ids"] = kept if number else "replace_all"


def _note_fields(bench: Bench, found: Seen, unknown: bool) -> None:
    told = bench.switches
    kept = found.body.get("description") == DESCRIPTION
    told["preserve_description"] = "yes" if kept else "no"
    own = FOREIGN in (found.body.get("metadata") or {})
    told["preserve_metadata"] = "yes" if own else "no"
    foreign = "keep" if FOREIGN in found.body else "drop"
    told["unknown_fields"] = foreign if unknown else "reject"
    literal = f"{PLACEHOLDER}.{OUTPUT}" in found.outputs("two")
    told["placeholder"] = "kept" if literal else "resolved_on_read"
    by_id = found.id_of("one") in found.outputs("one")
    by_name = any(output.endswith(".one") for output in found.outputs("one"))
    if by_id or by_name:
        told["default_output"] = "both" if by_id and by_name else "id" if by_id else "project_name"


# --- 4 to 9 ---------------------------------------------------------------------------------------


async def missing_node(bench: Bench, before: Seen) -> Seen:
    """U-01 and U-32: what becomes of a node, and of a field, that is left out."""
    nodes = before.again("four", says={"one": "echo 4"})
    ended = await bench.import_(workflow(before.path(), nodes, before.id))
    after = await bench.read(before.id)
    if ended.ok is False:
        bench.switches["import_missing_nodes"] = "fail"
        nodes = before.again(says={"one": "echo 4"})
        await bench.import_(workflow(before.path(), nodes, before.id))
        after = await bench.read(before.id)
    elif after.says("one") == "echo 4":
        # A node that was never published does not tell `delete` from `delete_unpublished`.
        kept = "four" in after.nodes
        bench.switches["import_missing_nodes"] = "keep" if kept else "delete"
    if after.says("one") == "echo 4":
        merged = after.nodes["one"].get("rerunTimes") == TIMES
        bench.switches["import_fields"] = "merge" if merged else "replace"
    return after


async def bad_node(bench: Bench, before: Seen) -> Seen:
    """U-02 and U-09: what a failed import leaves behind, and how it is worded."""
    fresh = dict.fromkeys(before.nodes, "echo 5")
    nodes = [*before.again(says=fresh), Node("one", "echo 5")]
    ended = await bench.import_(workflow(before.path(), nodes, before.id))
    if ended.ok is not False:
        return await bench.read(before.id)
    after = await bench.read(before.id)
    written = sum(after.says(name) == "echo 5" for name in after.nodes)
    bench.switches["import_atomic"] = f"partial({written})" if written else "atomic"
    if ended.told:
        bench.switches["error_format"] = _form_of(ended.error)
    return after


def _form_of(error: str) -> str:
    try:
        if isinstance(json.loads(error), dict):
            return "json"
    except ValueError:
        pass
    if _CHINESE.search(error):
        return "chinese"
    return "coded" if _CODED.match(error) else "text"


async def same_path(bench: Bench, before: Seen) -> Seen:
    """U-04: a second workflow at a path that is taken, as it is and in capitals."""
    nodes = [Node(node.name, node.says) for node in before.again()]
    ended = await bench.import_(workflow(before.path(), nodes))
    if len(await bench.at(before.path())) > 1:
        bench.switches["name_conflict"] = "duplicate"
        return before  # where every path is free, capitals tell nothing
    if ended.ok is None:
        return before
    bench.switches["name_conflict"] = "update_by_path" if ended.ok else "fail"
    folder, _, name = before.path().rpartition("/")
    other = await bench.import_(workflow(f"{folder}/{name.upper()}", nodes))
    if other.ok is not None:
        bench.switches["name_case"] = "sensitive" if other.ok else "insensitive"
    return before


async def edited_node(bench: Bench, before: Seen) -> Seen:
    """U-07 and U-13: whether an edit of a node moves the workflow's time; snapshots of imports."""
    try:
        made = await bench.trials.snapshots(before.id)
    except ServiceError:
        pass  # it is asked for, not needed
    else:
        bench.switches["snapshots_on_import"] = "yes" if made else "no"
    first = await bench.trials.live(before.id)
    edit = Node("one", "echo 7", before.id_of("one"))
    await bench.trials.update_node(edit.id, single(before.path(), edit))
    after = await bench.read(before.id)
    second = await bench.trials.live(before.id)
    if first and second and after.says("one") == "echo 7":
        moved = first.modified != second.modified
        bench.switches["modify_time_on_node_edit"] = "yes" if moved else "no"
    return after


async def new_path(bench: Bench, before: Seen) -> Seen:
    """U-12: a known id with another path."""
    path = bench.path("moved")
    ended = await bench.import_(workflow(path, before.again(), before.id))
    after = await bench.read(before.id)
    if after.path() == path:
        bench.switches["import_move"] = "moves"
    elif ended.ok is not None:
        bench.switches["import_move"] = "ignore_path" if ended.ok else "fail"
    return after


async def two_at_once(bench: Bench, before: Seen) -> Seen:
    """U-28: a second import while the first one runs."""
    path = before.path()
    first = await bench.trials.start(
        workflow(path, before.again(says={"one": "echo 9"}), before.id)
    )
    try:
        second = await bench.trials.start(workflow(path, before.again("one"), before.id))
    except ServiceError:
        bench.switches["busy"] = "reject"
        await bench.ended(first)
        return before
    running = await bench.trials.job(str(first["Id"]))
    overlapped = running is not None and running.get("Status") not in ("Success", "Fail", "Cancel")
    ended = [await bench.ended(job) for job in (first, second)]
    after = await bench.read(before.id)
    # The second one leaves out the node that the first one changes: what it shows is whose it is.
    if overlapped and all(each.ok for each in ended) and "one" in after.nodes:
        last = after.says("one") == "echo 9"
        bench.switches["busy"] = "serialised" if last else "last_wins"
    return after


_STEPS: tuple[tuple[str, Callable[[Bench, Seen], Awaitable[Seen]]], ...] = (
    ("an import that leaves a node out", missing_node),
    ("an import with a bad node among good ones", bad_node),
    ("a second workflow at the same path", same_path),
    ("an edit of one node", edited_node),
    ("an import with another path", new_path),
    ("two imports at once", two_at_once),
)
