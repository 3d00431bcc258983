"""A project of a thousand workflows: it is planned, and no call is made that is not needed."""

import asyncio
from pathlib import Path

from deployer import config, pipeline
from deployer.cli.connect import connected
from deployer.load import Loaded, load
from deployer.model import Plan, Target
from tests.workflow_kit import Silent

CONFIG = """\
manifests: [flows/*.yaml]
targets:
  local: {emulator: many.db, project: 10001, projectIdentifier: shop_dev}
"""
FLOW = """\
version: "1.1.0"
kind: CycleWorkflow
spec:
  workflows:
    - name: w{number}
      script: {{path: team/w{number}}}
      trigger: {{type: Scheduler, cron: "00 00 03 * * ?"}}
      nodes:
        - name: load_{number}
          script: &script {{runtime: {{command: DIDE_SHELL}}, content: echo done}}
        - {{name: check_{number}, script: *script, dependsOn: [load_{number}]}}
        - {{name: report_{number}, script: *script, dependsOn: [check_{number}]}}
"""
MANY, LIVE = 1000, 120


def planned(loaded: Loaded, target: Target) -> Plan:
    """The plan, over a connection of its own."""

    async def main() -> Plan:
        async with connected(target) as connection:
            return await pipeline.plan(loaded, target, connection.remote)

    return asyncio.run(main())


def applied(plan: Plan, target: Target) -> set[str]:
    """What became of the changes of a plan."""

    async def main() -> set[str]:
        async with connected(target) as connection:
            report = await pipeline.apply(plan, connection.writer(Silent()))
            return {outcome.status for outcome in report.outcomes}

    return asyncio.run(main())


def test_a_thousand_workflows(tmp_path: Path) -> None:
    """A plan costs the pages of the two lists and one read for each workflow that is there."""
    (tmp_path / "deployer.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "flows").mkdir()
    for number in range(MANY):
        text = FLOW.format(number=number)
        (tmp_path / f"flows/w{number}.yaml").write_text(text, encoding="utf-8")
    settings = config.settings(tmp_path, None, {})
    assert settings.target is not None
    loaded = load(settings, settings.target)
    assert loaded.problems == ()

    nothing_there = planned(loaded, settings.target)
    assert [change.action for change in nothing_there.changes] == ["create"] * MANY
    assert nothing_there.api_calls == 2

    some = Plan("local", "10001", nothing_there.changes[:LIVE])
    assert applied(some, settings.target) == {"done"}

    some_there = planned(loaded, settings.target)
    assert len(some_there.pending) == MANY - LIVE
    assert some_there.api_calls == 2 + 1 + LIVE
