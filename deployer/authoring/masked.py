"""Values that a plan would mask and a manifest is to say: whoever commits the file has to know of them."""

from typing import Any

from deployer import schema
from deployer.entities import Node
from deployer.fields import Field
from deployer.normalise import key_of, keyed

_SHOWN = 5


def notes(fresh: Node, written: Node | None = None) -> tuple[str, ...]:
    """What is to be said of a workflow object, beside the one that its manifest has `written` already."""
    known = _masked(written, schema.workflow(), "") if written else {}
    new = [
        place
        for place, value in _masked(fresh, schema.workflow(), "").items()
        if known.get(place) != value
    ]
    if not new:
        return ()
    shown = ", ".join(f"`{place}`" for place in new[:_SHOWN])
    more = f" and {len(new) - _SHOWN} more" if len(new) > _SHOWN else ""
    return (f"{shown}{more}: written as it is, though a plan masks it; look before you commit it",)


def _masked(value: Any, field: Field | None, at: str) -> dict[str, Any]:
    """The path of each such value that is not empty, and the value."""
    if field is None or value in (None, "", {}, []):
        return {}
    if field.sensitive:
        return {at: value}
    if isinstance(value, dict):
        below = [_masked(value[key], field.property(key), f"{at}.{key}") for key in value]
    elif isinstance(value, list):
        below = [_masked(item, field.items, f"{at}[{_name(item, field)}]") for item in value]
    else:
        below = []
    return {place.removeprefix("."): each for part in below for place, each in part.items()}


def _name(item: Any, field: Field) -> str:
    return key_of(keyed(item, field.items), field) if isinstance(item, dict) else ""
