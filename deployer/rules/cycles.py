"""The shortest cycle of a graph of names; linear while there is none."""

from collections.abc import Mapping, Sequence

Waits = Mapping[str, Sequence[str]]
"""Who waits → for whom."""


def shortest_cycle(waits: Waits) -> list[str]:
    """The shortest cycle as names, the first repeated at the end; empty if there is none."""
    tied = _tied(waits)
    best: list[str] = []
    for start in sorted(tied):
        cycle = _way_back(start, tied)
        if cycle and (not best or len(cycle) < len(best)):
            best = cycle
    return best


def _tied(waits: Waits) -> dict[str, list[str]]:
    """What is left when everything that waits for nothing left is taken out, again and again."""
    missing = {name: len(upstreams) for name, upstreams in waits.items()}
    waiting: dict[str, list[str]] = {}
    for name, upstreams in waits.items():
        for upstream in upstreams:
            waiting.setdefault(upstream, []).append(name)
    free = [name for name in waiting if not missing.get(name)]
    for name in free:
        for other in waiting.get(name, ()):
            missing[other] -= 1
            if not missing[other]:
                free.append(other)
    return {
        name: [each for each in waits[name] if missing.get(each)]
        for name, count in missing.items()
        if count
    }


def _way_back(start: str, waits: Waits) -> list[str]:
    came_from = {start: ""}
    queue = [start]
    for name in queue:
        for upstream in waits.get(name, ()):
            if upstream == start:
                return [*_trail(name, came_from), start]
            if upstream not in came_from:
                came_from[upstream] = name
                queue.append(upstream)
    return []


def _trail(name: str, came_from: Mapping[str, str]) -> list[str]:
    trail = []
    while name:
        trail.append(name)
        name = came_from[name]
    return trail[::-1]
