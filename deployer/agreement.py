"""Whether a live value is surely what a manifest asks for, told without building either side's form.

What `complete` and `normalise` would do to two equal workflows, one look at each value instead: most
workflows of a plan are unchanged. A doubt counts as a difference, and is then looked into properly.
"""

from collections.abc import Mapping
from typing import Any

from deployer.fields import Field
from deployer.normalise import ORDER, is_computed, is_empty, normalise

_PLAIN = frozenset((str, int, bool, float))


def agrees(desired: Any, live: Any, field: Field | None, kind: str) -> bool:
    """Whether completing a keyed value from the live one would change nothing: false where in doubt.

    Where it is true, `normalise(complete(desired, live, …))` is `normalise(live, …)`.
    """
    if field is None or not isinstance(desired, dict):
        return _same(desired, live, field, kind)
    if not isinstance(live, dict):
        return False
    if field.merge_key:
        return _entries_agree(desired, live, field, kind)
    return _objects_agree(desired, live, field, kind)


def _same(desired: Any, live: Any, field: Field | None, kind: str) -> bool:
    """The same value: `True` is not 1 here, as it is in Python."""
    if type(desired) is not type(live):
        return False
    if isinstance(desired, dict | list):
        return _same_parts(desired, live)
    if desired == live:
        return True
    spelled = field is not None and isinstance(desired, str) and not field.literal
    return spelled and bool(normalise(desired, field, kind) == normalise(live, field, kind))


def _same_parts(desired: Any, live: Any) -> bool:
    if len(desired) != len(live):
        return False
    if isinstance(desired, list):
        return all(_same(*pair, None, "") for pair in zip(desired, live, strict=True))
    return all(key in live and _same(item, live[key], None, "") for key, item in desired.items())


def _objects_agree(
    desired: Mapping[str, Any], live: Mapping[str, Any], field: Field, kind: str
) -> bool:
    places, defaults = field.properties, field.defaults_in(kind)
    for key, wanted in desired.items():
        found = live.get(key)
        if wanted == found and type(wanted) is type(found) and type(wanted) in _PLAIN:
            continue
        place = places.get(key)
        if place is not None and place.read_only:
            continue
        wanted = defaults.get(key) if wanted is None else wanted
        found = defaults.get(key) if found is None else found
        if wanted is None or found is None:
            if not (_is_nothing(wanted, place, kind) and _is_nothing(found, place, kind)):
                return False
        elif not agrees(wanted, found, place, kind):
            return False
    return all(key in desired or _stays(found, key, field, kind) for key, found in live.items())


def _stays(live: Any, key: str, holder: Field, kind: str) -> bool:
    """Whether a live value stays of which the manifest says nothing."""
    place = holder.properties.get(key)
    if place is None:
        return _is_nothing(live, place, kind) or not holder.open
    if place.read_only or live is None:
        return True
    default = holder.defaults_in(kind).get(key)
    if default is not None:
        return agrees(default, live, place, kind)
    if _is_nothing(live, place, kind) or place.computed_in(kind):
        return True
    # One that is empty, but for defaults, is not completed: silence takes those away.
    return isinstance(live, dict) and live != {} and agrees({}, live, place, kind)


def _is_nothing(value: Any, place: Field | None, kind: str) -> bool:
    """Whether nothing is left of a value; an empty object may still have defaults in it."""
    return is_empty(value) and (value != {} or is_empty(normalise(value, place, kind)))


def _entries_agree(
    desired: Mapping[str, Any], live: Mapping[str, Any], field: Field, kind: str
) -> bool:
    if not _same(desired.get(ORDER), live.get(ORDER), None, kind):
        return False
    if any(key not in live for key in desired):
        return False
    return all(
        agrees(desired[key], item, field.items, kind)
        if key in desired
        else is_computed(item, field)
        for key, item in live.items()
        if key != ORDER
    )
