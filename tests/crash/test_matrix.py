"""Killed at every request of every flow, one rerun brings each to its end, and a third finds nothing left.

The points come from the recorded run of the flow. `ROWS=all` takes all rows of switches, not the defaults
alone; `ROWS=17` takes that one.
"""

import os

import pytest

from tests.crash.flows import FLOWS, Flow
from tests.crash.matrix import killed, recorded
from tests.pairs import rows

ALL = os.environ["ROWS"] == "all"
CHOSEN = os.environ["ROWS"].split(",")
NUMBERS = range(len(rows())) if ALL else sorted({int(CHOSEN[0])})


@pytest.mark.parametrize("flow", FLOWS.values(), ids=lambda flow: flow.name)
def test_undisturbed(flow: Flow) -> None:
    """A flow that nobody disturbs does what it is for, and no more: what the points are taken from."""
    usual = recorded(flow)
    assert (usual.life.code, usual.problems) == (0, ())
    assert len(usual.life.writes) > 0


@pytest.mark.parametrize("flow", FLOWS.values(), ids=lambda flow: flow.name)
@pytest.mark.parametrize("row", NUMBERS)
def test_killed_at_every_point(flow: Flow, row: int) -> None:
    """Nothing lost, nothing twice, nothing called done that is not, whichever point it is."""
    usual = recorded(flow, rows()[row])
    wrong = {point: killed(usual, point) for point in usual.points()}
    assert {point: problems for point, problems in wrong.items() if problems} == {}
