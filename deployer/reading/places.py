"""Where the values of a document are written: one pass over its events finds every place asked for.

Nothing is kept from the first reading for this: most documents have nothing to be said about them.
"""

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import Any, NamedTuple

from yaml import events

from deployer.model import Pointer

Position = tuple[int, int]
"""Line and column, from 1."""

_START = (1, 1)


class Written(NamedTuple):
    """Where a value is written, and where its key is; an element of a list has itself for a key."""

    value: Position
    key: Position


def find(next_event: Callable[[], Any], pointers: Collection[Pointer]) -> dict[Pointer, Written]:
    """Where each pointer leads; one that leads nowhere has its nearest ancestor's value for both.

    The events, read no further than is needed, must be those of a document that `Builder` accepts.
    """
    wanted = {pointer[:end] for pointer in pointers for end in range(1, len(pointer) + 1)}
    next_event()
    if isinstance(next_event(), events.StreamEndEvent):
        return dict.fromkeys(pointers, Written(_START, _START))
    root = next_event()
    found: dict[Pointer, Written] = {(): Written(_position(root), _position(root))}
    found.update(islice(_below(next_event, root, (), wanted), len(wanted)))
    return {pointer: found.get(pointer) or _nearest(found, pointer) for pointer in pointers}


def _nearest(found: dict[Pointer, Written], pointer: Pointer) -> Written:
    while pointer not in found:
        pointer = pointer[:-1]
    return Written(found[pointer].value, found[pointer].value)


def _below(
    next_event: Callable[[], Any], event: Any, at: Pointer, wanted: Collection[Pointer]
) -> Iterator[tuple[Pointer, Written]]:
    """The wanted places inside the value that begins with `event`, in the order of the text."""
    for step, name, value in _children(next_event, event):
        pointer = (*at, step)
        if pointer in wanted:
            yield pointer, Written(_position(value), _position(name))
            yield from _below(next_event, value, pointer, wanted)
        else:
            _skip(next_event, value)


def _children(next_event: Callable[[], Any], event: Any) -> Iterator[tuple[str | int, Any, Any]]:
    """Step, first event of the key and of the value; whoever asks for the next has read the value."""
    if isinstance(event, events.MappingStartEvent):
        while not isinstance(name := next_event(), events.MappingEndEvent):
            # An alias as a key has no text of its own: no pointer leads there.
            step = name.value if isinstance(name, events.ScalarEvent) else -1
            yield step, name, next_event()
    elif isinstance(event, events.SequenceStartEvent):
        index = 0
        while not isinstance(value := next_event(), events.SequenceEndEvent):
            yield index, value, value
            index += 1


def _position(event: Any) -> Position:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _skip(next_event: Callable[[], Any], event: Any) -> None:
    depth = 0
    while True:
        if isinstance(event, events.CollectionStartEvent):
            depth += 1
        elif isinstance(event, events.CollectionEndEvent):
            depth -= 1
        if depth == 0:
            return
        event = next_event()
