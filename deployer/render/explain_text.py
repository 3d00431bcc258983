"""Where the fields of a workflow come from, as text for people and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from deployer.model import Explained
from deployer.render.json_text import json_text
from deployer.render.paint import Paint, plain
from deployer.render.visible import visible

FORMAT_VERSION = "1.0"
_WIDTH = 80


def to_text(address: str, found: Sequence[Explained], paint: Paint = plain) -> str:
    """Two lines for each field: its path and value, then where that comes from."""
    lines = [paint("bold", visible(address))]
    for each in found:
        lines += _field(each, paint)
    return "\n".join(lines) + "\n"


def _field(each: Explained, paint: Paint) -> Iterator[str]:
    value = "" if each.source == "live" and each.value is None else f": {_short(each.value)}"
    yield f"  {visible(each.path)}{value}"
    told = [each.source, each.where and visible(each.where), each.note and _short_text(each.note)]
    yield paint("dim", f"      {' · '.join(part for part in told if part)}")
    if each.differs:
        live = "nothing" if each.live is None else _short(each.live)
        yield paint("yellow", f"      the workspace holds {live}")


def _short(value: Any) -> str:
    return _short_text(json_text(value, indent=None).removesuffix("\n"))


def _short_text(text: str) -> str:
    text = visible(text)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}… ({len(text)} characters)"


def to_json(address: str, target: str, found: Sequence[Explained]) -> str:
    """One JSON document with every field."""
    fields = [
        {
            "path": each.path,
            "value": each.value,
            "source": each.source,
            "where": each.where,
            "note": each.note,
            "live": each.live,
            "differs": each.differs,
        }
        for each in found
    ]
    document = {"format_version": FORMAT_VERSION, "address": address, "target": target}
    return json_text({**document, "fields": fields})
