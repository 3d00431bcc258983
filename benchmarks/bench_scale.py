"""How time and memory of a cold `deployer plan` grow with the number of workflows."""

import math
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.bench_plan import plan, variant
from benchmarks.report import Report, flags
from benchmarks.rounds import Figure, Found, Spread, Task, measured, ratio
from benchmarks.serving import recorded
from benchmarks.twin import twin

SIZES = (200, 1000, 5000)
NODES = 20
FEW = "few changed"
MORE = {"200 x 50": (200, 50), "1 x 400": (1, 400)}
"""Few large workflows beside many small ones."""


def growth(found: Found, small: int, large: int, figure: Figure) -> Spread:
    """The exponent of growth of a figure, round by round: 1 is in proportion."""
    values = [
        math.log(getattr(most, figure) / getattr(least, figure)) / math.log(large / small)
        for least, most in zip(found[named(small)], found[named(large)], strict=True)
    ]
    return Spread.of(values)


def named(workflows: int) -> str:
    """The name of a size in tables."""
    return f"{workflows:,} x {NODES}"


def main() -> int:
    """Measure, print and judge."""
    parser = flags(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    sizes = {named(workflows): (workflows, NODES) for workflows in given.sizes} | MORE
    report = Report("scale", judged=tuple(given.sizes) == SIZES)
    with tempfile.TemporaryDirectory() as name, ExitStack() as servers:
        tasks: dict[str, Task] = {}
        for number, (title, size) in enumerate(sizes.items()):
            found = variant(Path(name) / str(number), FEW, *size)
            found.aim(servers.enter_context(recorded(twin(*size))))
            tasks[title] = plan(found)
        runs = measured(tasks, given.rounds, warmup=False)
    report.runs(f"cold plan, {FEW}, 0 ms", runs, ("wall", "cpu", "peak", "worker"))
    small, large = min(given.sizes), max(given.sizes)
    what = "exponent of growth from the smallest to the largest"
    report.ratio(what, growth(runs, small, large, "wall"))
    report.ratio(f"{what}, of processor time", growth(runs, small, large, "cpu"))
    for workflows in given.sizes[1:]:
        title = f"memory of {workflows:,} / memory of"
        for less in (each for each in given.sizes if each < workflows):
            spread = ratio(runs[named(workflows)], runs[named(less)], "peak")
            report.ratio(f"{title} {less:,}", spread)
    return report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
