"""Two applies at once, in every order of their critical steps: one intent holds, and the other is told.

Between the last look and an import there is a moment that nothing guards (docs/service.md U-13); what
was replaced in it is told by whoever replaced it, where the service keeps a history.
"""

import os

import pytest

from tests import flow_check
from tests.crash.flows import LATER, WIDER, a_neighbour, a_workflow, applied
from tests.crash.racing import CREATE, SAVED, UPDATE, Step, held, orders, raced, untold
from tests.crash.world import Image, World
from tests.flow_documents import other_script, with_node
from tests.pairs import rows

FLOWS = {"update": (a_workflow, UPDATE), "create": (a_neighbour, CREATE)}
ALL = os.environ["ROWS"] == "all"
NUMBERS = [n for n, row in enumerate(rows()) if row["read_lag"] == "none"] if ALL else [0]
"""Where reads may be late, who raced whom is not told by the order of the steps."""


def start(flow: str, row: int) -> tuple[Image, tuple[Step, ...]]:
    """A workspace before the race, and the critical steps."""
    before, steps = FLOWS[flow]
    with World(rows()[row]) as world:
        before(world)
        return world.image(), tuple(steps)


@pytest.mark.parametrize("row", NUMBERS)
@pytest.mark.parametrize("flow", FLOWS)
def test_every_order_of_two_applies(flow: str, row: int) -> None:
    """Seventy orders: the workspace holds one of the two contents, and nothing was replaced untold."""
    image, steps = start(flow, row)
    wrong, count = {}, 0
    for order in orders():
        with World.copied(image) as world:
            ends = raced(world, applied(LATER), applied(WIDER), steps, order)
            winners, count = held(world), count + 1
        problems = untold(order, winners[0], ends) if len(winners) == 1 else [f"it is {winners}"]
        wrong.update({order: problems} if problems else {})
    assert (wrong, count) == ({}, 70)


def test_the_same_content_at_once() -> None:
    """Two applies of one content: there is one workflow, and whoever says success is right."""
    image, steps = start("update", 0)
    for order in orders():
        with World.copied(image) as world:
            ends = raced(world, applied(LATER), applied(LATER), steps, order)
            assert held(world) == ["A"]
            assert flow_check.duplicates(world.held()) == []
            assert {end.code for end in ends.values()} <= {0, 4}


def test_an_edit_in_the_last_moment() -> None:
    """A person saves after the last look: the import replaces it, and says which version that was."""
    theirs = with_node(WIDER, "load", script=other_script("echo theirs"))
    image, steps = start("update", 0)
    with World.copied(image) as world:
        order = "BBAAAABB"  # B has looked for the last time when A saves
        ends = raced(world, applied(theirs), applied(LATER), steps, order)
        assert (ends["A"].code, ends["B"].code) == (0, 5)
        assert SAVED in ends["B"].words
        (version,) = world.rows(
            "SELECT max(version) - 1 FROM snapshot WHERE object = ?", world.at("team/daily").id
        )
        assert f"version {version[0]} is kept in the history" in ends["B"].words


def test_an_edit_in_the_last_moment_without_a_history() -> None:
    """Without snapshots it is not noticed: the content is the manifest's, and no node is lost."""
    before, steps = FLOWS["update"]
    with World({"snapshots_on_import": "no"}) as world:
        before(world)
        ends = raced(world, applied(WIDER), applied(LATER), steps, "BBAAAABB")
        assert [end.code for end in ends.values()] == [0, 0]
        assert "by_hand" in world.at("team/daily").nodes
