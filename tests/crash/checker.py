"""What a flow did to the workspace, judged by the emulator's effect log, its database and the wire.

Nothing that the deployer says counts for it but its exit code, which is what is judged. Each problem
begins with the name of what it breaks.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

from deployer.emulator.effects import Effect
from tests import flow_check
from tests.crash.flows import Flow
from tests.crash.world import SETTLED, Lived, Sent, World
from tests.flow_check import Held, nodes_of, path_of
from tests.strategies import IDENTIFIER, Document

CHINA = timezone(timedelta(hours=8))
NOTHING_SENT = (3, 4)
"""Exit codes that promise that nothing was written."""

EXTRA_READS = 6


class Judge:
    """Looks at the workspace before a flow and after each of its processes."""

    def __init__(self, world: World, flow: Flow) -> None:
        self._world = world
        self._flow = flow
        self._before = world.held()
        self._first = len(world.effects())
        self._lives: list[Lived] = []
        self.problems: list[str] = []

    def saw(self, life: Lived, effects_before: int) -> None:
        """A process has ended; `effects_before` is how long the log was when it began."""
        self._lives.append(life)
        if life.code == 0:
            self.problems += [f"false success: {each}" for each in self.unmet()]
        if life.code in NOTHING_SENT and life.writes:
            self.problems.append(f"I-7: exit {life.code} after {', '.join(life.writes)}")
        if life.code is None and len(self._world.effects()) > effects_before and not life.writes:
            self.problems.append("effects without a write")
        if self._flow.noted:
            self.problems += _unnoted(life)
        self.problems += [*_resent(life.sent), *_unchecked(life.sent), *self._unseen(life.sent)]

    def ended(self) -> list[str]:
        """Every problem, once all processes have ended."""
        after, effects = self._world.held(), self._world.effects(self._first)
        problems = [f"duplicate: {each}" for each in flow_check.duplicates(after)]
        lost = flow_check.lost(self._asked(), after, self._flow.documents)
        problems += [f"lost update: {each}" for each in lost]
        done_twice = Counter((one.kind, one.id, one.after) for one in effects)
        problems += [
            f"duplicate: {kind} of {identity}"
            for (kind, identity, _), count in done_twice.items()
            if kind == "publish" and count > 1
        ]
        runs = Counter(one.after for one in effects if one.kind == "run")
        problems += [f"duplicate: a run of {count}" for count in runs.values() if count > 1]
        problems += [f"duplicate: {each}" for each in self._pipelines()]
        return [*self.problems, *problems, *self._deleted(effects), *self._nonces()]

    def _asked(self) -> list[Held]:
        """What there was, without what was to be deleted, and where it was to be moved."""
        moves, gone = self._flow.moves, self._flow.deletes
        left = [_without(one, {*gone, *moves}) for one in self._before if one.path not in gone]
        return [_at(one, moves[one.path]) if one.path in moves else one for one in left]

    def _deleted(self, effects: Sequence[Effect]) -> Iterator[str]:
        """I-11: what no plan showed as deleted, or was another by then than the plan saw."""
        ids = _ids(self._before)
        shown = {ids[each] for each in self._flow.deletes}
        saved = [one for one in self._world.effects() if one.kind in ("create", "update", "move")]
        known = {one.id: one.after for one in saved if one.sequence <= self._first}
        for one in effects:
            if one.kind != "delete":
                continue
            if not {one.id, one.container} & shown:
                yield f"I-11: {one.object} {one.id} was deleted, which no plan shows"
            elif one.object == "workflow" and one.before != known.get(one.id):
                yield f"I-11: {one.id} was deleted, and was not as the plan saw it"

    def _unseen(self, sent: Sequence[Sent]) -> Iterator[str]:
        """I-11: a deletion without a read of the workflow in the request about it before that."""
        owners = {node["id"]: held.id for held in self._before for node in held.nodes.values()}
        for number, one in enumerate(sent):
            if one.action not in ("DeleteWorkflowDefinition", "DeleteNode"):
                continue
            owner = owners.get(one.params["Id"], one.params["Id"])
            runs = [run for (run,) in self._rows("SELECT id FROM pipeline WHERE object = ?", owner)]
            names = (owner, one.params["Id"], *runs)
            about = [each for each in sent[:number] if _names(each, names)]
            if not about or about[-1].action != "GetWorkflowDefinition":
                yield f"I-11: no look in the request before {one.action}"

    def converged(self, life: Lived, effects_before: int) -> list[str]:
        """What keeps a further process from having found nothing left to do."""
        changed = len(self._world.effects()) - effects_before
        problems = [] if life.code == 0 else [f"not converged: exit {life.code}: {life.words}"]
        if life.writes or changed:
            problems.append(f"not converged: {life.writes} and {changed} effects")
        return problems

    def unmet(self) -> list[str]:
        """What the author wanted and the database does not hold."""
        held = self._world.held()
        wanted = [
            problem
            for document in self._flow.documents
            for problem in flow_check.missing(held, document, IDENTIFIER)
        ]
        if self._flow.online and not wanted:
            wanted = [each for one in self._flow.documents for each in self._offline(held, one)]
        return [*wanted, *self._still_there(held), *self._not_run()]

    def _still_there(self, held: list[Held]) -> list[str]:
        """What was to be deleted, and what was to be moved under the id that it had."""
        before, now = _ids(self._before), _ids(held)
        gone = [f"{each} is there" for each in self._flow.deletes if each in now]
        ids = {old: (before[old], now.get(new)) for old, new in self._flow.moves.items()}
        return gone + [
            f"{old} did not keep its id" for old, (was, is_) in ids.items() if was != is_
        ]

    def _offline(self, held: list[Held], document: Document) -> Iterator[str]:
        """Nodes whose script in production is not the one that is wanted."""
        (draft,) = [one for one in held if one.path == path_of(document)]
        query = "SELECT object, spec FROM online_task WHERE env = 'Prod'"
        online = {found: json.loads(spec) for found, spec in self._world.rows(query)}
        for name, node in nodes_of(document).items():
            there = online.get(draft.nodes[name]["id"], {}).get("script", {}).get("content")
            if there != node["script"]["content"]:
                yield f"{name} in production is {there!r}"
        query = "SELECT id, status FROM pipeline WHERE object = ? AND status <> 'Success'"
        yield from (f"pipeline run {each} is {how}" for each, how in self._rows(query, draft.id))

    def _not_run(self) -> list[str]:
        """Days without a run that succeeded."""
        done = [
            datetime.fromtimestamp(day / 1000, CHINA).date().isoformat()
            for (day,) in self._rows("SELECT bizdate FROM run WHERE status = 'Success'")
        ]
        return [f"{day} has {done.count(day)} runs" for day in self._flow.days if day not in done]

    def _pipelines(self) -> list[str]:
        query = (
            "SELECT description, count(*) FROM pipeline"
            " WHERE status IN ('Init', 'Running', 'Success') GROUP BY object, description"
        )
        return [f"{count} of {text}" for text, count in self._rows(query) if count > 1]

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        return self._world.rows(query, *values)

    def _nonces(self) -> list[str]:
        nonces = Counter(one.nonce for life in self._lives for one in life.sent)
        return [f"I-8: {nonce} was used twice" for nonce, count in nonces.items() if count > 1]


def _names(one: Sent, identities: Collection[str]) -> bool:
    return any(identity in value for value in one.params.values() for identity in identities)


def _unnoted(life: Lived) -> Iterator[str]:
    """I-1 and I-5: a write that was not in the journal before, a change of what was not backed up."""
    for number, one in enumerate(life.sent, start=1):
        if one.writes and number not in life.noted:
            yield f"I-1: {one.action} was not noted before it was sent"
        saves = one.action in ("CreateWorkflowDefinition", "ImportWorkflowDefinition")
        if saves and not any(backup <= number for backup in life.backed_up):
            yield f"I-5: {one.action} without a backup"


def _resent(sent: Sequence[Sent]) -> Iterator[str]:
    """I-2: a write that may have had its effect, again, without a look and the settle time between."""
    for number, one in enumerate(sent):
        if not one.writes or not one.may_have_worked:
            continue
        for later, again in enumerate(sent[number + 1 :], start=number + 1):
            if (again.action, again.params) != (one.action, one.params):
                continue
            looked = any(not each.writes for each in sent[number + 1 : later])
            if not looked or again.at - one.at < SETTLED:
                yield f"I-2: {one.action} sent twice"
            break


def _unchecked(sent: Sequence[Sent]) -> Iterator[str]:
    """I-3: an import not preceded by a read, that of the plan aside, or the making of the same workflow."""
    read: Counter[str] = Counter()
    makes = any(one.action == "CreateWorkflowDefinition" for one in sent)
    for before, one in pairwise((None, *sent)):
        if before is not None and before.action == "GetWorkflowDefinition":
            read[before.params["Id"]] += 1
        if one is None or one.action != "ImportWorkflowDefinition" or before is None:
            continue
        identity = json.loads(one.params["Spec"])["spec"]["workflows"][0].get("id")
        if before.action == "CreateWorkflowDefinition":
            continue
        if (before.action, before.params.get("Id")) != ("GetWorkflowDefinition", identity):
            yield f"I-3: {before.action} in the request before an import"
        elif not makes and read[identity] < 2:
            yield "I-3: the plan's own read in the request before an import"


def _ids(found: Sequence[Held]) -> Mapping[str, str]:
    """The ids of workflows, at `PATH`, and nodes, at `PATH#NODE`."""
    ids = {one.path: one.id for one in found}
    for one in found:
        ids |= {f"{one.path}#{name}": node["id"] for name, node in one.nodes.items()}
    return ids


def _without(one: Held, gone: Collection[str]) -> Held:
    nodes = {name: node for name, node in one.nodes.items() if f"{one.path}#{name}" not in gone}
    return replace(one, nodes=nodes)


def _at(one: Held, path: str) -> Held:
    """A workflow at another path, its nodes with it."""
    text = json.dumps(dict(one.nodes)).replace(f'"{one.path}/', f'"{path}/')
    return replace(one, path=path, nodes=json.loads(text))


def extra_reads(usual: Lived, rerun: Lived) -> list[str]:
    """A rerun that asks more than an undisturbed run and six reads."""
    extra = rerun.reads - usual.reads
    return [f"{extra} extra reads"] if extra > EXTRA_READS else []
