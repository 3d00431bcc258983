"""The keyed form of a workflow object, its comparable form, and how a manifest completes itself from live.

Three forms of the same object, all driven by the field behaviours in `schemas/manifest.schema.json`:

* *as written*: lists as in FlowSpec;
* *keyed*: every list that has a merge key is a mapping, so that order and position mean nothing;
* *comparable*: keyed, with defaults filled in, aliases resolved, server facts and empties dropped.

Everything here is total (any JSON value is accepted) and returns new values.
"""

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from deployer.fields import Field

ORDER = "(order)"
"""Key under which the keyed form of an ordered list keeps the order of its elements."""

_LINE_END = re.compile(r"\r\n?|\n")
_NUMBER = re.compile(r"(?<![0-9])0+(?=[0-9])")


def canonical(value: Any) -> bytes:
    """The one byte form of a JSON value: sorted keys, no blanks; the gate of every comparison."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, in hex."""
    import hashlib  # loads OpenSSL, and validate compares no digests

    return hashlib.sha256(canonical(value)).hexdigest()


# --- keyed form -----------------------------------------------------------------------------------


def keyed(value: Any, field: Field | None) -> Any:
    """`value` with every merge-keyed list turned into a mapping; a keyed value stays as it is."""
    if field is None or field.keyless:
        return value
    if isinstance(value, dict):
        if field.merge_key and field.items is not None:
            return {key: _keyed_entry(key, item, field.items) for key, item in value.items()}
        deep = field.holding_keys
        return {key: keyed(item, deep[key]) if key in deep else item for key, item in value.items()}
    if isinstance(value, list):
        return _keyed_list(value, field)
    return value


def _keyed_entry(key: str, item: Any, items: Field) -> Any:
    return item if key == ORDER else keyed(item, items)


def _keyed_list(value: list[Any], field: Field) -> Any:
    items = [keyed(item, field.items) for item in value]
    if not field.merge_key:
        return items
    pairs = list(_with_keys(items, field))
    if not field.unordered and pairs:
        return {**dict(pairs), ORDER: [key for key, _ in pairs]}
    return dict(pairs)


def _with_keys(items: list[Any], field: Field) -> Iterator[tuple[str, Any]]:
    """Each element with its key; elements that share a key but contradict each other are numbered."""
    keys = [key_of(item, field) for item in items]
    if len(set(keys)) == len(keys) and ORDER not in keys:
        yield from zip(keys, items, strict=True)
        return
    groups: dict[str, list[Any]] = {}
    for key, item in zip(keys, items, strict=True):
        groups.setdefault(key, []).append(item)
    for key, rivals in groups.items():
        for rank, item in enumerate(_distinct(rivals)):
            yield _numbered(key, rank, groups), item


def _distinct(rivals: list[Any]) -> list[Any]:
    """Elements with one key, each said once: the service repeats some, with more or fewer facts."""
    found: list[Any] = []
    for item in sorted(rivals, key=canonical) if len(rivals) > 1 else rivals:
        place = next((i for i, other in enumerate(found) if _agree(item, other)), None)
        if place is None:
            found.append(item)
        elif isinstance(item, dict):
            said = {key: value for key, value in item.items() if value is not None}
            found[place] = {**found[place], **said}
    return found


def _agree(one: Any, other: Any) -> bool:
    """Whether two elements say the same about everything that both of them speak of."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return canonical(one) == canonical(other)
    both = [key for key in one if one[key] is not None and other.get(key) is not None]
    return all(canonical(one[key]) == canonical(other[key]) for key in both)


def _numbered(key: str, rank: int, taken: Container[str]) -> str:
    """A name for the element of that rank among those with the same key; nobody else's key."""
    if rank == 0 and key != ORDER:
        return key
    name = f"{key}#{rank + 1}"
    while name in taken:
        name += "#"
    return name


def key_of(item: Any, field: Field) -> str:
    """The text that identifies an element: its key fields, those at their default left out."""
    if field.plain_key and isinstance(item, dict):
        value = item.get(field.plain_key)
        if type(value) is str and value:
            return value
    parts = [part for choice in field.merge_key if (part := _component(item, choice, field.items))]
    return ":".join(parts) or f"#{digest(item)[:12]}"


def _component(item: Any, alternatives: Iterable[tuple[str, ...]], field: Field | None) -> str:
    for path in alternatives:
        value, place = item, field
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
            place = place.property(name) if place else None
        if value is not None and not isinstance(value, dict | list):
            return "" if place and value == place.default else _key_text(value)
    return ""


def _key_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def unkeyed(value: Any, field: Field | None) -> Any:
    """The inverse of `keyed`: mappings at merge-keyed places become lists again."""
    if field is None or not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        return [unkeyed(item, field.items) for item in value]
    if not field.merge_key:
        return {key: unkeyed(item, field.property(key)) for key, item in value.items()}
    order = _order(value) or [key for key in value if key != ORDER]
    return [unkeyed(value[key], field.items) for key in order if key in value]


def _order(value: Mapping[str, Any]) -> list[str]:
    """The keys of an ordered list in their order; none if the list is not an ordered one."""
    order = value.get(ORDER)
    return [key for key in order if isinstance(key, str)] if isinstance(order, list) else []


# --- comparable form ------------------------------------------------------------------------------


def normalise(value: Any, field: Field | None, kind: str) -> Any:
    """The comparable form of a keyed value in a workflow of that kind; None where nothing is left."""
    if field is None:
        return _plain(value)
    if isinstance(value, dict):
        if field.merge_key:
            return _normalise_entries(value, field, kind)
        return _normalise_object(value, field, kind)
    if isinstance(value, list):
        items = [normalise(item, field.items, kind) for item in value]
        return sorted(items, key=canonical) if field.unordered else items
    return _normalise_scalar(value, field)


def _normalise_object(value: Mapping[str, Any], field: Field, kind: str) -> dict[str, Any]:
    result = {}
    places = field.properties
    for key, item in with_defaults(value, field, kind).items():
        place = places.get(key)
        if place is not None and place.read_only:
            continue
        is_itself = type(item) is str and (place is None or place.literal)
        comparable = item if is_itself else normalise(item, place, kind)
        if comparable or not is_empty(comparable):
            result[key] = comparable
    return result


def _normalise_entries(value: Mapping[str, Any], field: Field, kind: str) -> dict[str, Any]:
    entries = {
        key: normalise(item, field.items, kind) for key, item in value.items() if key != ORDER
    }
    kept = {key: entry for key, entry in entries.items() if not is_empty(entry)}
    order = [key for key in _order(value) if key in kept]
    return {**kept, ORDER: order} if order else kept


def _normalise_scalar(value: Any, field: Field) -> Any:
    if isinstance(value, str):
        value = field.aliases.get(value, value)
        if field.text:
            text = _LINE_END.sub("\n", value)
            return text if text.endswith("\n\n") else text.removesuffix("\n")
        if field.format == "cron":
            return _NUMBER.sub("", " ".join(value.split()))
    return _plain(value)


def other_spelling(value: Any, field: Field | None, refused: str) -> Any:
    """`value`, keyed, in which the spellings that a refusal quotes are the other ones (U-11)."""
    if field is None:
        return value
    if isinstance(value, dict):
        return {
            key: other_spelling(
                item, field.items if field.merge_key else field.property(key), refused
            )
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [other_spelling(item, field.items, refused) for item in value]
    if isinstance(value, str) and value in refused:
        return next((other for other, same in field.aliases.items() if same == value), value)
    return value


def _plain(value: Any) -> Any:
    """A value without behaviour of its own: 1.0 is 1, everything else as it is."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def is_empty(value: Any) -> bool:
    """Whether the service may as well leave the value out: null, empty text, list or mapping."""
    return value is None or value == "" or value == [] or value == {}


def with_defaults(value: Mapping[str, Any], field: Field, kind: str) -> dict[str, Any]:
    """`value` and the documented defaults of the fields it leaves open."""
    defaults = field.defaults_in(kind)
    absent = {name: default for name, default in defaults.items() if value.get(name) is None}
    return {**value, **absent}


# --- completion from the live object --------------------------------------------------------------


def complete(desired: Any, live: Any, field: Field | None, kind: str) -> Any:
    """What to send so that the live value becomes the desired one, both keyed.

    The desired value with documented defaults said explicitly; what only the service knows (computed
    fields, computed elements, keys without a schema) is taken from the live value as it was read; what
    the manifest removed appears as an explicit empty value, so that it goes away whether the service
    merges or replaces.
    """
    if field is None or not isinstance(desired, dict):
        return desired
    if field.merge_key:
        return _complete_entries(desired, live if isinstance(live, dict) else {}, field, kind)
    return _complete_object(desired, live if isinstance(live, dict) else {}, field, kind)


def _complete_object(
    desired: Mapping[str, Any], live: Mapping[str, Any], field: Field, kind: str
) -> dict[str, Any]:
    result = {}
    places = field.properties
    wanted = with_defaults({k: v for k, v in desired.items() if v is not None}, field, kind)
    for key in {**desired, **live, **wanted}:
        place = places.get(key)
        if place is not None and place.read_only:
            continue
        if key in wanted:
            item = wanted[key]
            result[key] = (
                complete(item, live.get(key), place, kind) if isinstance(item, dict) else item
            )
        elif place is None and field.open:
            result[key] = None
        elif key not in desired and (place is None or place.computed_in(kind)):
            result[key] = live[key]
        elif place is not None and not is_empty(live.get(key)):
            result[key] = _removed(live[key], place, kind, explicit=key in desired)
    return result


def _removed(live: Any, field: Field, kind: str, *, explicit: bool) -> Any:
    """The value that takes a live one away; what the service computed inside it stays.

    Where the manifest asks for the removal, only the list elements that the service made stay.
    """
    if isinstance(live, dict):
        return computed_elements(live, field) if explicit else complete({}, live, field, kind)
    if isinstance(live, list):
        return []
    return "" if isinstance(live, str) and _is_free_text(field) else None


def computed_elements(live: Mapping[str, Any], field: Field) -> dict[str, Any]:
    """Of a keyed live value, only the list elements that the service made by itself."""
    if field.merge_key:
        return {key: item for key, item in live.items() if is_computed(item, field)}
    found = {
        key: computed_elements(item, place)
        for key, item in live.items()
        if isinstance(item, dict) and (place := field.property(key))
    }
    return {key: item for key, item in found.items() if item}


def _is_free_text(field: Field) -> bool:
    return not {"enum", "pattern", "format", "const"} & set(field.keywords)


def _complete_entries(
    desired: Mapping[str, Any], live: Mapping[str, Any], field: Field, kind: str
) -> dict[str, Any]:
    result = {
        key: item if key == ORDER else complete(item, live.get(key), field.items, kind)
        for key, item in desired.items()
    }
    for key, item in live.items():
        if key not in desired and key != ORDER and is_computed(item, field):
            result[key] = item
    return result


def is_computed(element: Any, field: Field) -> bool:
    """Whether the service made this list element by itself."""
    return isinstance(element, dict) and any(
        all(element.get(name) in values for name, values in matcher.items())
        for matcher in field.computed_elements
    )


def _union(*mappings: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))


# --- overrides ------------------------------------------------------------------------------------


def merged(base: Any, patch: Any, field: Field | None) -> Any:
    """`base` with a target's override laid over it: mappings and keyed lists deep, others replaced."""
    if not isinstance(base, dict) or not isinstance(patch, dict):
        return patch
    result = dict(base)
    for key, item in patch.items():
        place = (field.items if field.merge_key else field.property(key)) if field else None
        result[key] = merged(base[key], item, place) if key in base else item
    if field is not None and field.merge_key and ORDER in base:
        result[ORDER] = _union(_order(base), _order(patch))
    return result
