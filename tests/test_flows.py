"""The whole flow suite under the default switches and under rows that cover all pairs of alternatives.

Which rows run is in the header of the test run: ROWS=17,18 runs those, ROWS=all all of them and each
alternative alone (`make soak`).
"""

import asyncio
import os
from collections.abc import Iterator, Mapping

import pytest
from _pytest.mark import ParameterSet

from deployer.emulator import Switches
from tests import flows
from tests.faults import bench
from tests.flow_stage import Refused, Stage
from tests.flows import FLOWS, Flow
from tests.pairs import Row, rows, single_rows

IMPOSSIBLE: Mapping[str, Mapping[tuple[str, str], str]] = {
    "unknown_output": {
        ("unknown_output", "drop"): "the edge is dropped, which the read-back notices",
        ("unknown_output", "fail"): "the service refuses the import",
    },
    "remove_description": {
        ("preserve_description", "no"): "what was sent is not stored, which the read-back notices",
    },
    "remove_number": {
        ("import_fields", "merge"): "a number has no empty value, and null is taken for left out",
        ("server_defaults", "alternate"): "the service fills in a number of its own again",
    },
}
"""Flow → the alternatives under which it cannot succeed, and why; it must then say so truthfully."""

_TWICE = (
    "an output that is shown twice, as declared and as default, is taken for a lost one (exit 1)"
)
KNOWN_GAPS: Mapping[tuple[str, str], str] = {
    ("console_node", number): _TWICE for number in ("1", "2", "8", "15")
}
"""Flow and row → what is not right yet."""


def chosen() -> Iterator[tuple[str, Row]]:
    """The rows of this run with their names."""
    if os.environ["ROWS"] == "all":
        yield from ((str(number), row) for number, row in enumerate(rows()))
        yield from (("=".join(*row.items()), row) for row in single_rows())
    else:
        numbers = (int(number) for number in os.environ["ROWS"].split(","))
        yield from ((str(number), rows()[number]) for number in numbers)


def cases() -> Iterator[ParameterSet]:
    """Every flow under every chosen row."""
    for name, row in chosen():
        for flow in FLOWS:
            gap = KNOWN_GAPS.get((flow.__name__, name))
            marks = [pytest.mark.xfail(reason=gap, strict=True)] if gap else []
            yield pytest.param(flow, row, id=f"{flow.__name__}-{name}", marks=marks)


@pytest.mark.parametrize(("flow", "row"), list(cases()))
def test_flow(flow: Flow, row: Row) -> None:
    """No lost content, no duplicate, no false success; success wherever the row allows it."""

    async def told() -> None:
        async with bench(1.0 if flow is flows.busy else 0.0, Switches(**row)) as one:
            await flow(Stage(one))

    if set(row.items()) & set(IMPOSSIBLE.get(flow.__name__, ())):
        with pytest.raises(Refused):
            asyncio.run(told())
    else:
        asyncio.run(told())
