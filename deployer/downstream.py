"""Who waits for what a plan changes, directly or not, in the manifests and in the live workspace. Pure.

An output goes away where it is made before the plan and by nobody after it; who still waits for it then
is scheduled no longer, in silence (docs/service.md B-39).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deployer.classes import touched
from deployer.edges import makers, node_names, waits
from deployer.entities import SELF
from deployer.model import Change, Danger, Downstream, FieldClass, Workflow

Entity = tuple[str, str]
"""Path of a workflow, and the reference of a node in it or `.` for the workflow itself."""

MOST = 200
"""Names that are told behind the direct readers: a chain of many workflows would repeat all of them."""

_HARMLESS: frozenset[FieldClass] = frozenset({"format-only", "policy"})
"""Classes of changes that make no difference to who waits."""
_BEGIN = "\0"
"""Stands for the begin of a workflow, which all of its nodes wait for; `.` is its end."""


@dataclass(frozen=True, slots=True)
class Lost:
    """An output that nobody makes any more, who made it, and who waits for it all the same."""

    output: str
    address: str
    readers: tuple[str, ...]


def with_downstream(changes: Iterable[Change], workflows: Iterable[Workflow]) -> tuple[Change, ...]:
    """The changes with those who wait for what they touch.

    `workflows` are all that are known, those of manifests and live ones, in name space; several may have
    one path, such as the desired and the live one. What differs for people only, or in how runs are
    treated, touches nobody.
    """
    found = list(changes)
    if not any(_touched(change) for change in found):
        return tuple(found)
    readers = _readers([*workflows, *(each for change in found for each in _sides(change))])
    return tuple(_reaching(change, readers) for change in found)


def lost_outputs(changes: Iterable[Change], after: Iterable[Workflow]) -> list[Lost]:
    """The outputs that changes take away while somebody waits for them.

    `after` are the workflows as they will be once the plan is carried out, live ones included.
    """
    taking = [each for each in changes if each.action in ("update", "delete", "move")]
    if not taking:
        return []
    states = list(after)
    made = named_outputs(states)
    waiting: dict[str, list[str]] = defaultdict(list)
    for each in states:
        for wait in waits(each.spec):
            waiting[wait.output].append(name_of((each.path, wait.entity)))
    return [
        Lost(output, change.address, tuple(dict.fromkeys(waiting[output])))
        for change in taking
        for output in _named(makers(change.before_value))
        if output not in made and waiting.get(output)
    ]


def named_outputs(workflows: Iterable[Workflow]) -> set[str]:
    """The outputs that workflows make and that have a name by which others can wait for them."""
    return {output for each in workflows for output in _named(makers(each.spec))}


def name_of(entity: Entity) -> str:
    """`PATH#node`, or `PATH` of the workflow itself."""
    path, reference = entity
    return path if reference in (SELF, _BEGIN) else f"{path}#{reference}"


# --- what is touched ------------------------------------------------------------------------------


def _touched(change: Change) -> set[Entity]:
    """The entities whose readers are concerned: where the workflow itself is touched, all of its nodes."""
    if change.action in ("unchanged", "kept", "create"):
        return set()
    if change.action in ("delete", "move"):
        names: Collection[str] = [SELF, *node_names(change.before_value)]
    else:
        names = [name for name, found in touched(change).items() if found not in _HARMLESS]
    if SELF in names:
        sides = (change.before_value, change.after_value)
        names = {SELF, *(name for side in sides for name in node_names(side))}
    return {(change.address, name) for name in names}


def _sides(change: Change) -> Iterator[Workflow]:
    """Both sides of a change as workflows of which only the edges are looked at."""
    for spec in (change.before_value, change.after_value):
        if isinstance(spec, Mapping):
            yield Workflow(change.address, change.address, "", dict(spec))


# --- who waits ------------------------------------------------------------------------------------


def _readers(workflows: Sequence[Workflow]) -> dict[Entity, dict[Entity, None]]:
    """Each entity → those that wait for it; nodes end in the end of their workflow."""
    made: dict[str, set[Entity]] = defaultdict(set)
    for each in workflows:
        for output, reference in makers(each.spec).items():
            made[_key(each.path, output)].add((each.path, reference))
    readers: dict[Entity, dict[Entity, None]] = defaultdict(dict)
    for each in workflows:
        for name in node_names(each.spec):
            readers[each.path, name][each.path, SELF] = None
            readers[each.path, _BEGIN][each.path, name] = None
        for wait in waits(each.spec):
            reader = (each.path, _BEGIN if wait.entity == SELF else wait.entity)
            for maker in made.get(_key(each.path, wait.output), ()):
                readers[maker][reader] = None
    return readers


def _key(path: str, output: str) -> str:
    """An output, its own one of an entity told apart from that of another workflow."""
    return f"{path}\0{output}" if output.startswith("{{") else output


def _named(found: Mapping[str, str]) -> list[str]:
    return [output for output in found if output and not output.startswith("{{")]


def _reaching(change: Change, readers: Mapping[Entity, Mapping[Entity, None]]) -> Change:
    """The change with its downstream; where that is cut, a remark says so."""
    entities = _touched(change)
    if not entities:
        return change
    ends = {(path, SELF) for path, _ in entities}
    direct = _step(entities | ends, readers) - entities - ends
    near = _names(direct)
    reached, front, behind = entities | ends | direct, direct, set[Entity]()
    while front and len(behind) <= 2 * MOST:  # half of them may be ends, which have no name
        front = _step(front, readers) - reached
        reached |= front
        behind |= front
    far = _names(behind, but=near)
    told = replace(change, downstream=Downstream(near, far[:MOST]))
    if len(far) <= MOST:
        return told
    remark = Danger("downstream", f"more than {MOST} wait behind its readers; {MOST} are told")
    return replace(told, dangers=(*told.dangers, remark))


def _step(
    entities: Iterable[Entity], readers: Mapping[Entity, Mapping[Entity, None]]
) -> set[Entity]:
    return {reader for entity in entities for reader in readers.get(entity, ())}


def _names(entities: Iterable[Entity], but: Collection[str] = ()) -> tuple[str, ...]:
    """The names of entities in order; the end of a workflow is no place that anything happens in."""
    names = {name_of(entity) for entity in entities if entity[1] != SELF}
    return tuple(sorted(names - set(but)))
