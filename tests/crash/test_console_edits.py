"""What people do between a plan and its apply: what matters stops it, what does not lets it go on."""

from functools import cache

import pytest

from deployer import pipeline
from deployer.apply import exit_code
from tests import flow_check
from tests.crash.console import EDITS, Edit
from tests.crash.flows import LATER, a_workflow
from tests.crash.world import Desk, Image, Lived, World
from tests.strategies import IDENTIFIER


@cache
def start() -> Image:
    """The workspace that everybody finds."""
    with World() as world:
        a_workflow(world)
        return world.image()


def applied_after(edit: Edit, world: World) -> Lived:
    """How an apply ends whose plan was made before the edit."""

    async def command(desk: Desk) -> tuple[int, str]:
        plan = await desk.plan(LATER)
        edit.act(world)
        report = await pipeline.apply(plan, desk.connection.writer(desk.watch, desk.notes))
        return exit_code(report), "; ".join(one.error for one in report.outcomes)

    return world.live(command)


def test_forty_kinds() -> None:
    """There are as many kinds as were promised, each under a name of its own."""
    assert len({edit.name for edit in EDITS}) == len(EDITS) >= 40


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_an_edit_between_plan_and_apply(edit: Edit) -> None:
    """Relevant: exit 4, no write, the edit stays. Irrelevant: the manifest's content arrives."""
    with World.copied(start()) as edited:
        edit.act(edited)
        expected = edited.held()
    with World.copied(start()) as world:
        ended = applied_after(edit, world)
        if edit.relevant:
            assert (ended.code, ended.writes) == (4, []), ended.words
            assert "nothing was written for it" in ended.words
            assert world.held() == expected
        else:
            assert ended.code == 0, ended.words
            assert flow_check.missing(world.held(), LATER, IDENTIFIER) == []
            assert flow_check.lost(expected, world.held(), (LATER,)) == []
