"""What a plan must not do unless somebody says so: limits, what goes over them, and how to allow it. Pure.

`LIMITS` is the one table of them; docs/safety.md is made from it. A limit that is overstepped becomes a
`Danger` that stops apply, with the exact numbers or names, and with the flag or key that allows it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from deployer.asked import Asked
from deployer.diff import steps
from deployer.downstream import Lost
from deployer.edges import node_names
from deployer.entities import entities_at
from deployer.errors import RefusedBySafety
from deployer.model import Change, Danger, Plan

PERCENT = 30
"""Of the managed nodes of a workflow: more than that is much."""
MANAGED = 10
"""Managed nodes from which on a share of them is looked at."""
DELETED = 20
"""Nodes that one apply may delete."""
CHANGED = 50
"""Nodes that one apply may change."""

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: what is refused from where on, the flag and the key under `limits:` that allow it."""

    code: str
    rule: str
    default: str
    flag: str = ""
    key: str = ""
    otherwise: str = ""

    @property
    def override(self) -> str:
        """How it is allowed, in words."""
        key = f"`limits.{self.key}` in deployer.yaml" if self.key else ""
        flag = f"`{self.flag}`" if self.flag else ""
        return " or ".join(filter(None, (flag, key))) or self.otherwise


LIMITS: tuple[Limit, ...] = (
    Limit(
        "deleted-nodes",
        "nodes deleted",
        f"more than {PERCENT} % of a workflow with {MANAGED} managed nodes or more, "
        f"or more than {DELETED} in all",
        "--allow-deleted-nodes N",
        "deletedNodes",
    ),
    Limit(
        "changed-nodes",
        "nodes changed",
        f"more than {PERCENT} % of {MANAGED} managed nodes or more, of a workflow or in all, "
        f"and more than {CHANGED} in all",
        "--allow-changed-nodes N",
        "changedNodes",
    ),
    Limit(
        "empty",
        "no manifest where there were some, or a workflow without nodes that had some",
        "always",
        "--allow-empty NAME",
    ),
    Limit(
        "output-removed",
        "an output removed or renamed that somebody waits for",
        "always",
        "--allow-output OUTPUT",
    ),
    Limit(
        "node-replaced",
        "a node that gets another type: it would be deleted and made anew",
        "always",
        "--allow-replace NODE",
    ),
    Limit(
        "protected",
        "a deletion in a workflow whose manifest says `deployer.protect`",
        "always",
        otherwise="change the manifest",
    ),
    Limit(
        "scope",
        "a workflow outside of the folders in `scope:`",
        "always",
        otherwise="widen `scope:` in a reviewed commit",
    ),
    Limit(
        "window",
        "publishing while the instances of the next day are made",
        "23:30 to 24:00 by the clock of the workspace, a warning from 22:00 on",
        "--allow-window",
        "publishWindow",
    ),
    Limit(
        "offline",
        "a node deleted from a published workflow that would not be published again",
        "always",
        "--publish",
    ),
    Limit("prune", "deleting what git held at the base and holds no more", "always", "--prune"),
    Limit(
        "orphan",
        "deleting a live workflow in scope that no manifest ever named",
        "always",
        "--allow-delete PATH",
    ),
    Limit(
        "instances",
        "instances that one backfill makes",
        "more than 31 days (`limits.days`), or more than 200 instances",
        "--allow-instances N",
        "instances",
    ),
)
"""Every limit of safety, those that other modules watch over among them."""

_BY_CODE = {limit.code: limit for limit in LIMITS}


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to know beside the plan itself.

    `managed` counts the nodes in all manifests, `protected` are the addresses that may not lose anything,
    `lost` the outputs that go away from under those who wait for them. `held` is how many workflows
    git's base or the workspace held, where the manifests name none.
    """

    managed: int = 0
    protected: frozenset[str] = frozenset()
    lost: tuple[Lost, ...] = ()
    held: int = 0


NOTHING = Asked()


def judged(
    plan: Plan, limits: Mapping[str, float], allowed: Asked = NOTHING, known: Known | None = None
) -> Plan:
    """The plan with a danger for each limit that it oversteps; `limits` are those of the target."""
    facts = known or Known()
    whole = [*_deleted(plan, limits, allowed), *_changed(plan, limits, allowed, facts)]
    whole += _nothing_left(plan, allowed, facts)
    changes = tuple(
        replace(each, dangers=(*each.dangers, *_of_change(each, allowed, facts)))
        for each in plan.changes
    )
    return replace(plan, changes=changes, dangers=(*plan.dangers, *whole))


def refuse(plan: Plan) -> None:
    """Raises RefusedBySafety if anything in the plan stops apply: the first one, all others counted."""
    found = [danger for danger in plan.dangers if danger.blocks]
    found += [danger for change in plan.changes for danger in change.dangers if danger.blocks]
    if not found:
        return
    first, more = found[0], len(found) - 1
    raise RefusedBySafety(
        first.message,
        where=first.address,
        why=f"{more} more in the plan stop apply too" if more else "",
        written="nothing was written",
        hint=f"to allow it: {first.override}" if first.override else "change the manifests",
    )


# --- numbers of nodes -----------------------------------------------------------------------------


def deleted_nodes(change: Change) -> int:
    """How many nodes go away with a change."""
    if change.action == "delete":
        return len(node_names(change.before_value))
    return sum(node.action == "delete" for node in change.nodes)


def changed_nodes(change: Change) -> int:
    """How many nodes that are live change."""
    return sum(node.action in ("update", "move") for node in change.nodes)


def managed_nodes(change: Change) -> int:
    """How many nodes of the live workflow somebody wrote down in git."""
    foreign = {node.name for node in change.nodes if node.action == "unmanaged"}
    return len([name for name in node_names(change.before_value) if name not in foreign])


def _deleted(plan: Plan, limits: Mapping[str, float], allowed: Asked) -> Iterator[Danger]:
    numbers = [(each, deleted_nodes(each)) for each in plan.changes]
    total = sum(number for _, number in numbers)
    given = limits.get("deletedNodes")
    if given is not None:
        why = [_in_all(total, int(given))] if total > given else []
    else:
        why = [_share(each, number) for each, number in numbers if _is_much(number, each)]
        why += [_in_all(total, DELETED)] if total > DELETED else []
    if why:
        message = f"{_nodes(total)} would be deleted: {_listed(why)}"
        yield _danger("deleted-nodes", message, str(total), allowed.allow_deleted_nodes == total)


def _changed(
    plan: Plan, limits: Mapping[str, float], allowed: Asked, known: Known
) -> Iterator[Danger]:
    numbers = [(each, changed_nodes(each)) for each in plan.changes]
    total = sum(number for _, number in numbers)
    most = int(limits.get("changedNodes", CHANGED))
    if total <= most:
        return
    why = [_share(each, number) for each, number in numbers if _is_much(number, each)]
    managed = max(known.managed, sum(managed_nodes(each) for each, _ in numbers))
    if not why and _exceeds(total, managed):
        why = [_of(total, managed, "in all")]
    if why:
        message = f"{_nodes(total)} would change: {_listed([*why, _in_all(total, most)])}"
        yield _danger("changed-nodes", message, str(total), allowed.allow_changed_nodes == total)


def _is_much(number: int, change: Change) -> bool:
    return _exceeds(number, managed_nodes(change))


def _exceeds(number: int, managed: int) -> bool:
    return managed >= MANAGED and number * 100 > PERCENT * managed


def _share(change: Change, number: int) -> str:
    return _of(number, managed_nodes(change), f"of `{change.address}`")


def _of(number: int, managed: int, where: str) -> str:
    share = f"{number * 100 / managed:.1f}".removesuffix(".0")
    return f"{number} of {managed} managed nodes {where} ({share} %, the limit is {PERCENT} %)"


def _in_all(total: int, most: int) -> str:
    return f"{total} in all (the limit is {most})"


def _nodes(number: int) -> str:
    return "1 node" if number == 1 else f"{number} nodes"


# --- what is named --------------------------------------------------------------------------------


def _nothing_left(plan: Plan, allowed: Asked, known: Known) -> Iterator[Danger]:
    if not known.held:
        return
    there = "1 workflow" if known.held == 1 else f"{known.held} workflows"
    message = f"no manifest is left for target `{plan.target}`, where there were {there}"
    yield _named("empty", message, (plan.target,), allowed.allow_empty)


def _of_change(change: Change, allowed: Asked, known: Known) -> Iterator[Danger]:
    yield from _kept(change)
    if change.action in ("unchanged", "kept"):
        return
    found = [*_emptied(change, allowed), *_lost(change, allowed, known.lost)]
    found += [*_replaced(change, allowed), *_protected(change, known.protected)]
    yield from (replace(each, address=change.address) for each in found)


def _kept(change: Change) -> Iterator[Danger]:
    """What is gone from git and runs on: nothing is refused, and somebody has to know."""
    names = [f"`{node.name}`" for node in change.nodes if node.action == "kept"]
    if change.action == "kept" and len(names) >= len(node_names(change.before_value)):
        names = []
    elif not names and change.action != "kept":
        return
    what = f"node {_listed(names)}" if names else "the workflow"
    message = f"{what}: gone from git and still live; it keeps running, and is not deleted"
    yield Danger("kept", message, "`--prune`", change.address)


def _emptied(change: Change, allowed: Asked) -> Iterator[Danger]:
    before = managed_nodes(change)
    if (
        change.desired is None
        or node_names(change.desired.spec)
        or not node_names(change.before_value)
    ):
        return
    had = before or len(node_names(change.before_value))
    message = f"the manifest has no nodes, where the workflow has {had}"
    names = (change.address, change.desired.name)
    yield _named("empty", message, names, allowed.allow_empty)


def _lost(change: Change, allowed: Asked, lost: Iterable[Lost]) -> Iterator[Danger]:
    for each in lost:
        if each.address == change.address:
            number = len(each.readers)
            wait = "waits" if number == 1 else "wait"
            message = (
                f"the output `{each.output}` goes away, and {number} {wait} for it: "
                f"{_listed([f'`{name}`' for name in each.readers])}; "
                "they would be scheduled no longer (docs/service.md B-39)"
            )
            yield _named("output-removed", message, (each.output,), allowed.allow_output)


def _replaced(change: Change, allowed: Asked) -> Iterator[Danger]:
    for field in change.fields:
        if field.immutable and field.before is not None and field.after is not None:
            name = entities_at(steps(field.path))[0]
            types = f"{field.before} -> {field.after}"
            message = f"node `{name}` would be deleted and made anew: {types}"
            names = (name, f"{change.address}#{name}")
            yield _named("node-replaced", message, names, allowed.allow_replace)


def _protected(change: Change, protected: Collection[str]) -> Iterator[Danger]:
    number = deleted_nodes(change)
    if change.address not in protected or not (number or change.action == "delete"):
        return
    what = "the workflow" if change.action == "delete" else _nodes(number)
    message = f"{what} would be deleted, and the manifest says `deployer.protect`"
    yield _danger("protected", message, "", allowed=False)


def _danger(code: str, message: str, value: str, allowed: bool) -> Danger:
    """A danger that stops apply, or one that was allowed and is only told."""
    limit = _BY_CODE[code]
    if allowed:
        return Danger(code, f"{message}; allowed by `{_flag(limit, value)}`")
    return Danger(code, message, _override(limit, value), blocks=True)


def _named(code: str, message: str, names: tuple[str, ...], said: Collection[str]) -> Danger:
    """A danger that is allowed by any of its names."""
    told = _danger(code, message, names[0], allowed=not set(names).isdisjoint(said))
    return replace(told, names=names)


def _flag(limit: Limit, value: str) -> str:
    return f"{limit.flag.split(' ')[0]} {value}"


def _override(limit: Limit, value: str) -> str:
    return replace(limit, flag=_flag(limit, value)).override if limit.flag else limit.override


def _listed(parts: list[str]) -> str:
    shown = ", ".join(parts[:_SHOWN])
    return f"{shown} and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else shown
