"""What the start of a process takes: `deployer --help`, and `deployer validate` of one small file."""

import sys
import tempfile
from pathlib import Path

from benchmarks.bench_validate import OURS, peers, tasks
from benchmarks.generate import project
from benchmarks.report import Report, flags
from benchmarks.rounds import measured, ours, python

HELP = "deployer --help"
NOTHING = "python -c pass"
SIZES = (3, 10)


def main() -> int:
    """Measure, print and judge."""
    parser = flags(__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    report = Report("startup")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        starts = tasks(folder, {HELP: ours("--help"), NOTHING: python("pass")})
        found = measured(starts, given.rounds)
        report.runs("start", found)
        report.compared("", found, HELP, "cpu")
        for nodes in SIZES:
            # A single manifest without a project.
            file = project(folder / str(nodes), 1, nodes)[0]
            (folder / str(nodes) / "deployer.yaml").unlink()
            commands = {OURS: ours("validate", str(file)), **peers([file]), NOTHING: python("pass")}
            found = measured(tasks(folder / str(nodes), commands), given.rounds)
            title = f"one workflow of {nodes} nodes"
            report.runs(f"{title}, {file.stat().st_size / 1024:.0f} KiB", found)
            report.compared(title, found, OURS, "cpu")
    return report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
