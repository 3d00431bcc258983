"""A file's bytes as one document, YAML or JSON by its suffix, and places in it found again."""

from collections.abc import Collection
from typing import Protocol

from deployer.model import Pointer
from deployer.reading import yaml_reader
from deployer.reading.places import Written
from deployer.reading.source import Finding, Irregular, Text, access_key, decode

_KINDS = {
    type(None): "nothing",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}


class _Reader(Protocol):
    def parse(self, text: str) -> Text: ...
    def locate(self, text: str, pointers: Collection[Pointer]) -> dict[Pointer, Written]: ...


def parse(data: bytes, suffix: str) -> Text:
    """The mapping that a file holds; raises Irregular if it is none, or holds an access key."""
    text = decode(data)
    if secret := access_key(text):
        raise Irregular([secret])
    read = _reader(suffix).parse(text)
    if not isinstance(read.value, dict):
        line, column = locate(data, suffix, [()])[()].value
        message = f"expected a mapping, found {_KINDS[type(read.value)]}"
        raise Irregular([Finding(message, line, column)])
    return read


def locate(data: bytes, suffix: str, pointers: Collection[Pointer]) -> dict[Pointer, Written]:
    """Where the value at each pointer, else its nearest existing ancestor, is written: in one pass."""
    return _reader(suffix).locate(decode(data), pointers)


def pointer_text(pointer: Pointer) -> str:
    """A pointer as RFC 6901 writes it: `/spec/workflows/0`."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in pointer)


def _reader(suffix: str) -> _Reader:
    if suffix.lower() != ".json":
        return yaml_reader
    from deployer.reading import json_reader  # most projects hold none

    return json_reader
