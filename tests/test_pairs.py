"""The rows of switches: every pair of values is in one, and they are few."""

from collections.abc import Mapping, Sequence

import pytest

from deployer.emulator import Switches
from deployer.emulator.switches import ALTERNATIVES
from tests.pairs import all_pairs, met, rows, rows_of


@pytest.mark.parametrize(
    ("switches", "count"),
    [
        ({"a": ("1", "2")}, 1),
        ({"a": ("1", "2"), "b": ("x", "y", "z")}, 6),
        ({"a": ("1", "2"), "b": ("1", "2"), "c": ("1", "2")}, 5),
    ],
)
def test_small_sets(switches: Mapping[str, Sequence[str]], count: int) -> None:
    """Any subset of switches can be covered, with few rows; the first are the defaults."""
    found = rows_of(switches)
    assert all_pairs(switches) <= set().union(*map(met, found))
    assert len(found) <= count
    assert found[0] == {name: values[0] for name, values in switches.items()}


def test_all_switches() -> None:
    """Every two values of the emulator's switches meet in one of at most 40 rows."""
    found = rows()
    assert all_pairs(ALTERNATIVES) <= set().union(*map(met, found))
    assert len(found) <= 40
    assert Switches(**found[0]) == Switches()
