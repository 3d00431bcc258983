"""Rows of switch values in which every two values of different switches meet (all pairs).

Greedy and without chance: the same switches always give the same rows, the defaults first.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import combinations, product

from deployer.emulator.switches import ALTERNATIVES

Value = tuple[str, str]
"""A switch and one of its values."""

Row = dict[str, str]


def rows_of(switches: Mapping[str, Sequence[str]]) -> list[Row]:
    """Rows that cover all pairs of values; the first one holds the first value of every switch."""
    rows = [{name: values[0] for name, values in switches.items()}]
    missing = all_pairs(switches) - met(rows[0])
    while missing:
        row = _next_row(switches, missing)
        missing -= met(row)
        rows.append(row)
    return rows


def all_pairs(switches: Mapping[str, Sequence[str]]) -> set[frozenset[Value]]:
    """Every two values of different switches."""
    return {
        frozenset(((one, value), (other, with_value)))
        for one, other in combinations(switches, 2)
        for value, with_value in product(switches[one], switches[other])
    }


def met(row: Row) -> set[frozenset[Value]]:
    """The pairs of values that meet in a row."""
    return {frozenset(pair) for pair in combinations(row.items(), 2)}


def _next_row(switches: Mapping[str, Sequence[str]], missing: set[frozenset[Value]]) -> Row:
    """A row around a missing pair, each further value the one that meets most of what is missing."""
    row = dict(sorted(min(missing, key=sorted)))
    while len(row) < len(switches):
        free = [(n, v) for n, values in switches.items() if n not in row for v in values]
        best = max(free, key=lambda value: _gain(value, row.items(), missing))
        row[best[0]] = best[1]
    return {name: row[name] for name in switches}


def _gain(value: Value, chosen: Iterable[Value], missing: set[frozenset[Value]]) -> int:
    return sum(frozenset((value, other)) in missing for other in chosen)


@cache
def rows() -> tuple[Row, ...]:
    """The rows of all switches of the emulator."""
    return tuple(rows_of(ALTERNATIVES))


@cache
def single_rows() -> tuple[Row, ...]:
    """One row for every alternative, all other switches at their defaults."""
    return tuple({name: value} for name, values in ALTERNATIVES.items() for value in values[1:])
