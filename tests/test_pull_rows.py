"""Pull, then plan, under the emulator's switches: whatever the service does, the plan is empty.

Which rows run is in the header of the test run, as for `tests/test_flows.py`.
"""

import asyncio
from pathlib import Path

import pytest

from deployer.emulator import Switches
from tests.faults import ANYWHERE, bench, workflow
from tests.flow_documents import shell
from tests.flow_stage import Stage
from tests.flows import CHAIN, DOWNSTREAM, MANUAL, RICH
from tests.pairs import Row
from tests.pull_kit import Folder
from tests.test_flows import chosen

BY_ID = workflow(
    "by_id",
    nodes=[
        shell("one", outputs={"nodeOutputs": []}),
        shell("two", outputs={"nodeOutputs": []}, dependsOn=["one"]),
    ],
)
"""Nodes that have no output but the service's own, as the console makes them."""
THERE = (RICH, CHAIN, DOWNSTREAM, MANUAL, BY_ID)


@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in chosen()])
def test_the_plan_is_empty_after_a_pull(row: Row, tmp_path: Path) -> None:
    """Whatever became of what was sent is written down; a second pull changes no byte."""

    async def told() -> None:
        async with bench(0.0, Switches(**row)) as one:
            stage = Stage(one)
            for document in THERE:
                await stage.bench.run(document)
            stage.settle()
            there = [held.path for held in stage.held()]
            folder = Folder(tmp_path, ANYWHERE)
            remote = one.connection.remote
            found = await folder.pull(remote)
            assert (found.failures, found.missing) == ((), ())
            manifests = [edit.file for edit in found.edits if edit.file.endswith(".yaml")]
            assert len(manifests) == len(there) > 0
            before = folder.files()
            assert (await folder.pull(remote)).edits == ()
            assert folder.files() == before
            assert await folder.left(remote) == []

    asyncio.run(told())
