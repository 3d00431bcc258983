"""Every writable place of a workflow object, and small workflows that hold a value there.

All of it is derived from the manifest schema: a field added to the schema appears here by itself. Where
the schema cannot tell which places or values make sense, a table says so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployer import schema
from deployer.fields import MISSING, Field

Steps = tuple[str, ...]
Object = dict[str, Any]

ELEMENT = "[]"
"""A step into an element of a list; every other step is a key."""

SETTING = "setting"
"""A key of an open object: one that the schema does not name."""

CYCLE = "CycleWorkflow"
KINDS = (CYCLE, "ManualWorkflow", "TriggerWorkflow")
CONTAINERS = ("for-each", "do-while", "combined", "subflow", "paiflow")

STEPS_BELOW = {"": 6, "for-each": 4}
"""How many steps are walked below a node of the workflow, and of containers; in others two. A node is
the same definition everywhere, so inside this is about what containers do to it; a container in a
container is not entered. What lies deeper are definitions that are walked nearer to the node."""

OF_WORKFLOW: Mapping[Steps, str] = {
    ("name",): "another name is another workflow",
    ("script", "path"): "a workflow is found by its path",
    ("id",): "ids are taken out when a document is read",
    ("type",): "repeats the kind, which cannot change",
}
OF_NODE: Mapping[Steps, str] = {
    ("id",): "ids are taken out when a document is read",
    ("dependsOn",): "becomes `dependencies`, which is walked",
    ("deployer",): "is for this program; removed before sending",
}
ANYWHERE: Mapping[Steps, str] = {
    ("script", "file"): "becomes `script.content`, which is walked",
}
"""Places that are not walked, and why: below the workflow, below any node, and at the end of any path."""

WRITTEN_AS: Mapping[str, tuple[str, str]] = {
    "cron": ("0 0 3 * * ?", "0 30 4 * * ?"),
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}$": (
        "2024-01-01 00:00:00",
        "2025-01-01 00:00:00",
    ),
}
"""Two values for each format and pattern."""

NEVER_EMPTY = {"dependencies": ("depends",), "flow": ("depends",)}
"""What an element of these lists needs besides what the schema demands."""

BESIDE = {"cron": ("recurrence", "Normal")}
"""What stands beside a value: a cron needs a trigger that runs by it, with or without the cron."""


@dataclass(frozen=True)
class Place:
    """A place of the workflow object, in a workflow of one kind."""

    steps: Steps
    kind: str = CYCLE

    def __str__(self) -> str:
        text = ".".join(self.steps).replace(f".{ELEMENT}", ELEMENT)
        return text if self.kind == CYCLE else f"{text} in {self.kind}"

    @property
    def field(self) -> Field | None:
        """How the place behaves; None for a key of an open object."""
        return field_at(self.steps)


def field_at(steps: Steps) -> Field | None:
    """The field at a place of the workflow object."""
    return schema.workflow().at(0 if step == ELEMENT else step for step in steps)


# --- places ---------------------------------------------------------------------------------------


def values() -> list[Place]:
    """Every writable value in scheduled workflows, and in others those that behave differently there."""
    found = [steps for steps, field in _places() if field is None or _is_value(field)]
    other = [
        (steps, kind) for steps in found for kind in KINDS[1:] if _depends_on_kind(steps, kind)
    ]
    return [*map(Place, found), *(Place(*pair) for pair in other)]


def lists() -> list[Place]:
    """Every writable list."""
    return [Place(steps) for steps, field in _places() if field and "array" in field.types]


def objects() -> list[Place]:
    """Every writable object that the schema describes."""
    return [Place(steps) for steps, field in _places() if field and field.properties]


def _places() -> Iterator[tuple[Steps, Field | None]]:
    return _walk(schema.workflow(), (), ())


def _walk(field: Field, at: Steps, above: tuple[int, ...]) -> Iterator[tuple[Steps, Field | None]]:
    """The place and every writable place below it; no definition is entered a third time."""
    if field.read_only or _excluded(at) or _too_deep(at):
        return
    yield at, field
    inside = (*above, id(field.keywords.get("properties")))
    if field.properties and inside.count(inside[-1]) > 2:
        return
    for name, place in field.properties.items():
        yield from _walk(place, (*at, name), inside)
    if "object" in field.types and field.open:
        yield (*at, SETTING), None
    if field.items is not None and field.items.properties:
        yield from _walk(field.items, (*at, ELEMENT), above)


def of_node(at: Steps) -> Steps | None:
    """The part of a path below the innermost node; None below the workflow itself."""
    starts = [n for n, step in enumerate(at) if step == "while" or at[n - 1 : n + 1] == _NODE]
    return at[starts[-1] + 1 :] if starts else None


_NODE = ("nodes", ELEMENT)


def _excluded(at: Steps) -> bool:
    below = of_node(at)
    return at[-2:] in ANYWHERE or (at in OF_WORKFLOW if below is None else below in OF_NODE)


def _too_deep(at: Steps) -> bool:
    holders = [step for step in at if step in CONTAINERS]
    inside = holders[0] if "while" in at or "nodes" in at[1:] else ""
    return len(holders) > 1 or len(of_node(at) or ()) > STEPS_BELOW.get(inside, 2)


def _is_value(field: Field) -> bool:
    return bool(field.types - {"object", "null"}) and not (field.items and field.items.properties)


def _depends_on_kind(steps: Steps, kind: str) -> bool:
    along = [field_at(steps[:end]) for end in range(1, len(steps) + 1)]
    return not any(step in CONTAINERS for step in steps) and any(
        field.default_in(kind) != field.default_in(CYCLE)
        or field.computed_in(kind) != field.computed_in(CYCLE)
        for field in along
        if field is not None
    )


# --- values ---------------------------------------------------------------------------------------


def choices(steps: Steps) -> Sequence[Any]:
    """Two values for a place, the second never its default; one where the schema allows only one."""
    field = field_at(steps)
    if steps[-1] == "nodeId" and steps[-3] in ("dependencies", "flow", "depends"):
        others = ("second", "third") if steps[-3] == "depends" else ("first", "second")
        return [_node_name(steps, name) for name in others]
    if steps[-1] == "name" and of_node(steps) == ("name",):
        names = ("last", "end") if steps[-2] == "while" else ("first", "fourth")
        return [_node_name(steps, name) for name in names]
    if of_node(steps) == ("script", "path"):
        name = choices((*steps[:-2], "name"))[0]
        return [f"Folder/{folder}/{name}" for folder in ("a", "b")]
    if field is None:
        return [f"{steps[-1]}.a", f"{steps[-1]}.b"]
    found = _allowed(field, steps[-1])
    return sorted(found, key=lambda value: value != field.default)[-2:]


def _node_name(steps: Steps, name: str) -> str:
    """A name for a node or for what refers to one: unique in the whole workflow."""
    depth = sum(step in CONTAINERS for step in steps)
    return f"{'inner_' * depth}{name}"


def _allowed(field: Field, name: str) -> list[Any]:
    if "enum" in field.keywords:
        return [value for value in field.keywords["enum"] if value is not None]
    form = field.format or field.keywords.get("pattern", "")
    if form:
        return list(WRITTEN_AS[form])
    samples: dict[str, list[Any]] = {
        "boolean": [True, False],
        "integer": [n for n in (1, 2, 3, 5) if _within(n, field)],
        "string": [f"{name}.a", f"{name}.b"],
        "array": [[f"{name}.a", f"{name}.b"], [f"{name}.a", f"{name}.c"]],
    }
    found = [samples[kind] for kind in sorted(field.types) if kind in samples]
    return found[0] if len(found) == 1 else [some[0] for some in found]


def _within(number: int, field: Field) -> bool:
    least, most = field.keywords.get("minimum", number), field.keywords.get("maximum", number)
    return bool(least <= number <= most)


# --- workflows ------------------------------------------------------------------------------------


def workflow(steps: Steps, value: Any, name: str, folder: str) -> Object:
    """The smallest workflow object that holds a value at a place."""
    body = _holding(schema.workflow(), steps, value, ())
    script = {**body.get("script", {}), "path": f"{folder}/{name}"}
    return {**body, "name": name, "script": script}


def without(body: Any, steps: Steps) -> Any:
    """The same without the key at a place of it; elements are the first of their list."""
    head, rest = steps[0], steps[1:]
    if head == ELEMENT:
        return [without(body[0], rest), *body[1:]]
    if not rest:
        return {key: value for key, value in body.items() if key != head}
    return {**body, head: without(body[head], rest)}


def two_elements(steps: Steps) -> list[Any]:
    """Two elements for a list, told apart by the first part of their key if they have one."""
    field = field_at(steps)
    if field is None or not field.merge_key:
        found: list[Any] = choices(steps)[0]
        return found
    at = (*steps, ELEMENT)
    key = field.merge_key[0][0]
    return [_holding(field_at(at), key, value, at) for value in choices((*at, *key))]


def facts(steps: Steps, kind: str) -> Object:
    """What the service may add to an object: its own facts, and a key that nobody knows yet."""
    field = field_at(steps)
    assert field is not None
    own = {
        name: smallest(place, (*steps, name))
        for name, place in field.properties.items()
        if place.read_only or place.computed_in(kind)
    }
    return own if field.open else {**own, "factOfTomorrow": "new"}


def emptied(place: Place, body: Object) -> Place:
    """The place, or the outermost object around it that says nothing any more without it."""
    steps = place.steps
    while steps[1:] and not _says_something(body, steps[:-1], place.kind):
        steps = steps[:-1]
    return Place(steps, place.kind)


def _says_something(body: Object, steps: Steps, kind: str) -> bool:
    field = field_at(steps)
    known = field.properties.values() if field is not None else ()
    defaults = any(one.default_in(kind) is not MISSING for one in known)
    return defaults or not _is_hollow(value_at(steps, body))


def _is_hollow(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_hollow(item) for item in value.values())


def document(body: Object, kind: str) -> Object:
    """The manifest of a workflow object."""
    return {"version": "1.1.0", "kind": kind, "spec": {"workflows": [body]}}


def _holding(field: Field | None, steps: Steps, value: Any, at: Steps) -> Any:
    """The smallest value of a field that holds a value at a place of it."""
    if not steps:
        return value
    head, rest = steps[0], steps[1:]
    if field is None:
        return {head: value}
    if head == ELEMENT:
        return [_holding(field.items, rest, value, (*at, ELEMENT))]
    held = {head: _holding(field.property(head), rest, value, (*at, head))}
    if head == SETTING:
        held["other"] = "other"
    return completed(held, field, at)


def completed(held: Object, field: Field, at: Steps) -> Object:
    """An object with what the schema, and the tables above, demand besides."""
    result = dict(held)
    for name, (other, value) in BESIDE.items():
        if name in held:
            result.setdefault(other, value)
    for name in _demanded(result, field, at):
        result.setdefault(name, smallest(field.property(name), (*at, name)))
    rule = field.keywords.get("if", {}).get("properties", {})
    if rule and all(result.get(name) == known["const"] for name, known in rule.items()):
        for name in field.keywords["then"]["required"]:
            result.setdefault(name, smallest(field.property(name), (*at, name)))
    if {"dependencies", "flow"} & held.keys():
        result["nodes"] = _three_nodes((*at, "nodes", ELEMENT))
    return result


def _demanded(result: Object, field: Field, at: Steps) -> list[str]:
    names = [*field.keywords.get("required", ())]
    if at[-1:] == (ELEMENT,):
        names += NEVER_EMPTY.get(at[-2], ())
    any_of = field.keywords.get("anyOf", ())
    alternatives = [one["required"] for one in any_of if "properties" not in one]
    known = {*result, *names}
    if alternatives and not any(known.issuperset(one) for one in alternatives):
        names += alternatives[0]
    return names


def _three_nodes(at: Steps) -> list[Object]:
    node = smallest(schema.node(), at)
    return [{**node, "name": _node_name(at, name)} for name in ("first", "second", "third")]


def smallest(field: Field | None, at: Steps) -> Any:
    """The smallest value that a field allows and that says something."""
    if field is not None and field.properties:
        return completed({}, field, at)
    if field is not None and field.items is not None and field.items.properties:
        return [smallest(field.items, (*at, ELEMENT))]
    if field is not None and field.types <= {"object", "null"}:
        return {SETTING: choices((*at, SETTING))[0]}
    return choices(at)[0]


# --- what a plan is expected to say -----------------------------------------------------------------


def as_read(steps: Steps) -> Steps:
    """Where the value of a place is found once the document is read: `flow` of a workflow is another
    spelling of `dependencies`."""
    return ("dependencies", *steps[1:]) if steps[:1] == ("flow",) else steps


def address(steps: Steps, body: Object) -> tuple[str, ...]:
    """The texts that join to a place as a plan names it: keyed elements are told by their key."""
    texts: list[str] = []
    value: Any = body
    for number, step in enumerate(steps):
        if step == ELEMENT:
            value = value[0]
            texts.append(f"[{key_of(value, steps[:number], body)}]")
        else:
            value = value[step] if isinstance(value, dict) and step in value else None
            texts.append(f".{step}" if texts else as_read(steps)[0])
    return tuple(texts)


def key_of(element: Object, at: Steps, body: Object) -> str:
    """What identifies an element of the list at a place."""
    field = field_at(at)
    assert field is not None
    parts = []
    for alternatives in field.merge_key:
        found = [_at_key(element, path, (*at, ELEMENT), body) for path in alternatives]
        parts += [text for text in found if text is not None][:1]
    return ":".join(part for part in parts if part)


def _at_key(element: Object, path: Steps, at: Steps, body: Object) -> str | None:
    value: Any = element
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    place = field_at((*at, *path))
    if value is None or place is None:
        return None if value is None else str(value)
    return "" if value == place.default else shown(value, (*at, *path), body)


def shown(value: Any, steps: Steps, body: Object) -> Any:
    """A value as a plan shows it: an entity by its reference, secrets not at all."""
    along = [field_at(steps[:end]) for end in range(1, len(steps) + 1)]
    if any(field is not None and field.sensitive for field in along):
        return "(sensitive)"
    if steps[-1] == "nodeId" and isinstance(value, str) and value in _names_near(steps, body):
        return f"{{{{{'/'.join((*nodes_along(steps, body), value))}}}}}"
    return value


def nodes_along(steps: Steps, body: Object) -> list[str]:
    """The names of the nodes in which a place lies, outermost first."""
    ends = [end for end in range(1, len(steps)) if of_node(steps[:end]) == ()]
    return [value_at(steps[:end], body)["name"] for end in ends]


def _names_near(steps: Steps, body: Object) -> set[str]:
    return {_node_name(steps, name) for name in ("first", "second", "third")}


def value_at(steps: Steps, body: Any) -> Any:
    """The value at a place of a workflow object; elements are the first of their list."""
    for step in steps:
        body = body[0] if step == ELEMENT else body[step]
    return body


# --- the database -----------------------------------------------------------------------------------


def put(stored: Object, steps: Steps, value: Any) -> Object:
    """A stored workflow with another value at a place; a node's name stands for its id in edges."""
    if steps[-1] == "nodeId":
        value = _ids(stored).get(value, value)
    return edited(stored, steps, lambda _: value)


def edited(stored: Object, steps: Steps, edit: Callable[[Any], Any]) -> Object:
    """A stored workflow with the value at a place edited."""
    result: Object = _edited(stored, as_read(steps), edit, ())
    return result


def _edited(stored: Any, steps: Steps, edit: Callable[[Any], Any], at: Steps) -> Any:
    if not steps:
        return edit(stored)
    head, rest = steps[0], steps[1:]
    if head == ELEMENT:
        index = _index(stored, (*at, head))
        changed = _edited(stored[index], rest, edit, (*at, head))
        return [*stored[:index], changed, *stored[index + 1 :]]
    if head == "nodeId" and head not in stored:
        head = "output"  # The service keeps the output of an upstream that was told by its id.
    return {**stored, head: _edited(stored.get(head), rest, edit, (*at, head))}


def _index(stored: list[Any], at: Steps) -> int:
    """Where the element lies that the sample is about: of several nodes it is the first by name."""
    names = [node["name"] for node in stored] if at[-2:] == _NODE else []
    return names.index(_node_name(at, "first")) if names else 0


def _ids(stored: Any) -> dict[str, str]:
    """The id of every node at any depth, by name."""
    if isinstance(stored, list):
        return {name: found for item in stored for name, found in _ids(item).items()}
    if not isinstance(stored, dict):
        return {}
    own = {stored["name"]: stored["id"]} if {"name", "id"} <= stored.keys() else {}
    return own | {name: found for item in stored.values() for name, found in _ids(item).items()}
