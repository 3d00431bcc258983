"""`deployer validate`, all rules on, beside tools that check less: whole processes, same files.

check-jsonschema checks the schema only, yamllint the YAML only. Both are in the extra `bench`.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.generate import project
from benchmarks.report import Report, flags
from benchmarks.rounds import ROOT, Command, Task, measured, ours, python

SCHEMA = ROOT / "schemas" / "manifest.schema.json"
OURS = "deployer validate"
PEERS = ("check-jsonschema", "check-jsonschema, ruamel with C", "yamllint")
SIZES = (100, 20)
"""Workflows and nodes of each, for which the budgets are meant."""

_CHECK = "import sys; from check_jsonschema import main; sys.exit(main())"
# check-jsonschema reads YAML with ruamel.yaml, which is three times faster where its C library is
# installed too. Nothing asks for that library, so both ways are measured.
_CHECK_WITHOUT_C = f"import sys; sys.modules['_ruamel_yaml'] = None; {_CHECK}"
_YAMLLINT = "import sys; from yamllint.cli import run; sys.exit(run())"
_YAMLLINT_RULES = "{extends: default, rules: {line-length: disable, document-start: disable}}"


def peers(files: Sequence[Path]) -> dict[str, Command]:
    """The other tools on the same files."""
    names = [str(file) for file in files]
    checked = ("--schemafile", str(SCHEMA), *names)
    commands = (
        python(_CHECK_WITHOUT_C, *checked),
        python(_CHECK, *checked),
        python(_YAMLLINT, "-d", _YAMLLINT_RULES, *names),
    )
    return dict(zip(PEERS, commands, strict=True))


def tasks(folder: Path, commands: Mapping[str, Command]) -> dict[str, Task]:
    """The commands, run in a folder."""
    return {name: Task(command, folder) for name, command in commands.items()}


def main() -> int:
    """Measure, print and judge."""
    parser = flags(__doc__)
    parser.add_argument("--workflows", type=int, default=SIZES[0])
    parser.add_argument("--nodes", type=int, default=SIZES[1])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    report = Report("validate", judged=(given.workflows, given.nodes) == SIZES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = project(folder, given.workflows, given.nodes)
        commands = tasks(folder, {OURS: ours("validate"), **peers(files)})
        # The files were written just before: all find them in memory.
        found = measured(commands, given.rounds, warmup=False)
    title = f"{given.workflows:,} workflows of {given.nodes} nodes"
    report.runs(title, found, ("wall", "cpu", "peak", "worker"))
    report.compared(title, found, OURS, "cpu")
    return report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
