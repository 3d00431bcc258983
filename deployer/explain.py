"""Where every effective field of a workflow comes from: file, override, placeholder, default, live. Pure.

A field is effective if apply would see to it that the workspace holds it. Paths of fields are those of
a plan; which file and line something stands in is found in the bytes of the files, in one pass each.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from deployer import schema
from deployer.desired import from_manifest
from deployer.diff import masked, resolve
from deployer.entities import SELF, token
from deployer.fields import MISSING, Field
from deployer.flowspec import comparable, is_flat, nested
from deployer.model import Explained, Location, Observed, Pointer, Source, Spec, Workflow
from deployer.normalise import ORDER, canonical, complete, key_of, keyed, normalise
from deployer.plan import sides
from deployer.reading import documents, placeholders
from deployer.rules.subject import Subject

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Files:
    """What is written: the manifest before any value was put in, its bytes, those of deployer.yaml."""

    raw: Any
    manifest: bytes
    config: bytes
    config_name: str


@dataclass(frozen=True, slots=True)
class _Found:
    """Where the value of a field comes from; `pointer` leads into the manifest or, else, into the
    configuration."""

    source: Source
    pointer: Pointer = ()
    note: str = ""
    in_config: bool = False


def explained(subject: Subject, files: Files, live: Observed | None) -> list[Explained]:
    """Every effective field of a manifest on a target, and what is live beyond them; by path."""
    desired = from_manifest(subject.manifest, subject.target)
    own = _alone(desired)
    effective, there = (own, None) if live is None else reversed(sides(desired, live))
    origins = _Origins(subject, files, own, desired.kind)
    fields = [(path, value, origins.of(path, value)) for path, value in _leaves(effective)]
    places = _located(files, subject, [found for _, _, found in fields])
    told = [_told(path, value, found, places, there) for path, value, found in fields]
    return sorted([*told, *_only_live(effective, there or {})], key=lambda each: each.path)


def references(subject: Subject) -> dict[str, str]:
    """Reference of each node → the path of its field, such as `loop/body` → `nodes[loop]…`."""
    by_pointer = {pointer: path for path, pointer in _places(subject.workflow)}
    return {
        reference: resolve(by_pointer[pointer], schema.workflow())[0]
        for reference, pointer, _ in subject.entities
        if pointer in by_pointer
    }


def edges_of(reference: str) -> str:
    """The path of the field that holds what a node of the workflow waits for."""
    return resolve(("dependencies", token(reference)), schema.workflow())[0]


def below(path: str, prefix: str) -> bool:
    """Whether the path of a field is that of another one, or leads further from there."""
    return not prefix or path == prefix or path.startswith((f"{prefix}.", f"{prefix}["))


# --- values ---------------------------------------------------------------------------------------


def _alone(desired: Workflow) -> Spec:
    """The effective fields that need no look at the workspace."""
    spec = complete(desired.spec, {}, schema.workflow(), desired.kind)
    return comparable(replace(desired, spec=spec))


def _leaves(value: Any, path: Path = (), field: Field | None = None) -> Iterator[tuple[Path, Any]]:
    """The fields of a comparable spec that hold no other fields; what is sensitive is one field."""
    field = schema.workflow() if not path else field
    if not isinstance(value, dict) or not value or (field and field.sensitive):
        yield path, value
        return
    for key, item in value.items():
        if key != ORDER:
            yield from _leaves(item, (*path, key), _below(field, key))


def _below(field: Field | None, key: str) -> Field | None:
    if field is None or field.sensitive:
        return field
    return field.items if field.merge_key else field.property(key)


def _at(value: Any, path: Path) -> Any:
    """The value at a path, None where there is none."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _told(
    path: Path,
    value: Any,
    found: _Found,
    places: Mapping[tuple[Pointer, bool], Location],
    there: Spec | None,
) -> Explained:
    text, field = resolve(path, schema.workflow())
    live = _at(there, path)
    location = places.get((found.pointer, found.in_config))
    return Explained(
        path=text,
        value=masked(value, field),
        source=found.source,
        where=str(location) if location else "",
        note=found.note,
        live=masked(live, field),
        differs=there is not None and canonical(live) != canonical(value),
    )


def _only_live(effective: Spec, there: Spec) -> Iterator[Explained]:
    """What the workspace holds and the manifest does not: a whole node is one line."""
    known, nodes = effective.get("nodes") or {}, there.get("nodes") or {}
    foreign = [name for name in nodes if name not in known and name != ORDER]
    for name in foreign:
        path, _ = resolve(("nodes", name), schema.workflow())
        yield Explained(path, None, "live", note="live, in no manifest: left as it is")
    hidden = {("nodes", name) for name in foreign}
    hidden |= {("dependencies", token(name)) for name in foreign}
    for at, value in _leaves(there):
        if _at(effective, at) is None and at[:2] not in hidden:
            path, field = resolve(at, schema.workflow())
            note = "live, not in the manifest: apply takes it away"
            yield Explained(path, None, "live", note=note, live=masked(value, field), differs=True)


# --- origins --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Origins:
    """Tells where a field of one workflow comes from."""

    subject: Subject
    files: Files
    own: Spec
    kind: str

    def of(self, path: Path, value: Any) -> _Found:
        """The origin of an effective field."""
        for end in range(len(path), 0, -1):
            if path[:end] in self._overrides:
                return _Found("override", self._overrides[path[:end]], in_config=True)
        if path in self._written:
            return self._from_manifest(self._written[path])
        return self._left_open(path, value)

    @cached_property
    def _overrides(self) -> dict[Path, Pointer]:
        """Path → place in deployer.yaml of each value that the target overrides."""
        target = self.subject.target
        patch = target.overrides.get(self.subject.path)
        prefix = ("targets", target.name, "overrides", self.subject.path)
        leaves = {path: (*prefix, *pointer) for path, pointer in _places(patch, leaves=True)}
        return leaves if patch else {}

    @cached_property
    def _written(self) -> dict[Path, Pointer]:
        """Path → place in the manifest of everything that it says itself."""
        workflow = nested(self.subject.manifest.document)["spec"]["workflows"][0]
        flat = is_flat(self.subject.manifest.document)
        prefix: Pointer = ("spec",) if flat else ("spec", "workflows", 0)
        return {path: (*prefix, *pointer) for path, pointer in _places(workflow)}

    def _from_manifest(self, pointer: Pointer) -> _Found:
        file = self.subject.manifest.scripts.get(pointer)
        if file:
            return _Found("script file", (*pointer[:-1], "file"), file)
        raw: Any = self.files.raw
        for step in pointer:
            within = isinstance(raw, dict) and step in raw
            listed = isinstance(raw, list) and isinstance(step, int) and step < len(raw)
            raw = raw[step] if within or listed else None
        if isinstance(raw, str) and placeholders.occurs(raw):
            return _Found("placeholder", pointer, f"written as {raw}")
        return _Found("manifest", pointer)

    def _edge(self, path: Path) -> _Found:
        """An edge is written at its node, in the edges of the workflow, or is that of the workflow."""
        short = ("nodes", path[1].removeprefix("{{").removesuffix("}}"), "dependsOn")
        if short in self._written:
            return _Found("dependsOn", self._written[short])
        if path[1] == token(SELF):
            return _Found("manifest", ("spec", "flow"))
        return _Found("manifest", self._nearest(path))

    def _left_open(self, path: Path, value: Any) -> _Found:
        if _at(self.own, path) is None:
            return _Found("live", note="left open: what the workspace holds stays")
        field = resolve(path, schema.workflow())[1]
        default = field.default_in(self.kind) if field else MISSING
        if default is not MISSING and canonical(normalise(default, field, self.kind)) == canonical(
            value
        ):
            return _Found("default", self._nearest(path), "documented default")
        if path[0] == "dependencies" and len(path) > 1:
            return self._edge(path)
        return _Found("derived", self._nearest(path), "left open: made from names and paths")

    def _nearest(self, path: Path) -> Pointer:
        """The place of what the field would be written in."""
        while path and path not in self._written:
            path = path[:-1]
        return self._written.get(path, ())


def _places(
    value: Any,
    *,
    leaves: bool = False,
    field: Field | None = None,
    at: Path = (),
    pointer: Pointer = (),
) -> Iterator[tuple[Path, Pointer]]:
    """Path of a field and place in the document, for a workflow object as it is written."""
    field = schema.workflow() if not at else field
    inner: list[tuple[str, str | int, Any]] = []
    if isinstance(value, dict):
        inner = [(key, key, item) for key, item in value.items()]
    elif isinstance(value, list) and field is not None and field.merge_key:
        edges = at[-1:] in (("dependencies",), ("flow",))
        inner = [(_key(item, field, edges), index, item) for index, item in enumerate(value)]
    if not inner or not leaves:
        yield at, pointer
    for key, step, item in inner:
        further = field and (field.items if isinstance(value, list) else field.property(key))
        yield from _places(
            item, leaves=leaves, field=further or None, at=(*at, key), pointer=(*pointer, step)
        )


def _key(item: Any, field: Field, edges: bool) -> str:
    key = key_of(keyed(item, field.items), field)
    return token(key) if edges and not key.startswith("{{") else key


def _located(
    files: Files, subject: Subject, found: list[_Found]
) -> dict[tuple[Pointer, bool], Location]:
    """Where everything is written, found in one pass over each file."""
    result = {}
    manifest = subject.manifest
    for in_config, data, name in (
        (False, files.manifest, manifest.file),
        (True, files.config, files.config_name),
    ):
        wanted = {each.pointer for each in found if each.pointer and each.in_config == in_config}
        if wanted:
            written = documents.locate(data, f".{name.rpartition('.')[2]}", wanted)
            for pointer in wanted:
                result[pointer, in_config] = Location(name, *written[pointer].value)
    return result
