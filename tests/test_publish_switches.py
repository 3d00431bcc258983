"""Publishing under the default switches and under the rows that cover all pairs of alternatives.

`ROWS` chooses the rows, as for tests/test_flows.py.
"""

import pytest

from deployer.emulator import Switches
from deployer.model import Plan, Published
from tests.faults import Bench, answer_lost, story, workflow
from tests.pairs import Row
from tests.publish_kit import effects, planned, published, runs
from tests.strategies import Document
from tests.test_flows import chosen

FIRST = workflow("flow", "load")
LATER = workflow("flow", "load", trigger={"type": "Scheduler", "cron": "00 00 05 * * ?"})
WAITS = (1.0, 2.0, 3.0, 5.0, 30.0)


async def shown(one: Bench, document: Document) -> Plan:
    """The plan once late reads show what was written (docs/service.md U-27)."""
    report = await one.run(document)
    assert [each.error for each in report.outcomes if each.error] == []
    plan = await planned(one, document)
    for wait in WAITS:
        if not plan.pending:
            break
        await one.connection.sleep(wait)
        plan = await planned(one, document)
    return plan


async def done(one: Bench, document: Document) -> Published:
    """Save and publish, which must end well and be seen as published."""
    plan = await shown(one, document)
    assert [each.publication for each in plan.changes] == ["unpublished"]
    (outcome,) = await published(one, document)
    assert (outcome.status, outcome.error) == ("done", "")
    assert (await planned(one, document)).to_publish == []
    return outcome


@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in chosen()])
def test_publishing_under_a_row(row: Row) -> None:
    """No false success, no second run: each content goes to production once, lost answers or not."""

    async def tell(one: Bench) -> None:
        await done(one, FIRST)
        one.line.next("CreatePipelineRun", answer_lost)
        one.line.next("ExecPipelineRunStage", answer_lost)
        await done(one, LATER)
        (change,) = (await planned(one, LATER)).changes
        assert [status for _, status in await runs(one, change.object_id)] == ["Success"] * 2
        assert len(effects(one, "publish")) == 2

    story(tell, switches=Switches(**row))
