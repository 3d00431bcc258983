"""`deployer validate`, all rules on, beside tools that check less: whole processes, same files.

check-jsonschema checks the schema only, yamllint the YAML only. Both are in the extra `bench`.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.generate import project
from benchmarks.rounds import Command, Spent, Spread, measured, ratio

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "schemas" / "manifest.schema.json"
OURS = "deployer validate"
PEERS = ("check-jsonschema", "check-jsonschema, ruamel with C", "yamllint")
NOTHING = "python -c pass"
SMALL = (3, 10)
BUDGETS = {
    "many": dict(zip(PEERS, (0.1, 0.35, 0.07), strict=True)),
    "one": {"check-jsonschema": 0.4, "yamllint": 1.0, NOTHING: 12.0},
    "start": {NOTHING: 6.0},
}
"""Ratios that are not to be passed; `many` is meant for 100 workflows of 20 nodes."""

_DEPLOYER = "import sys; from deployer.__main__ import main; sys.exit(main())"
_CHECK = "import sys; from check_jsonschema import main; sys.exit(main())"
# check-jsonschema reads YAML with ruamel.yaml, which is three times faster where its C library is
# installed too. Nothing asks for that library, so both ways are measured.
_CHECK_WITHOUT_C = f"import sys; sys.modules['_ruamel_yaml'] = None; {_CHECK}"
_YAMLLINT = "import sys; from yamllint.cli import run; sys.exit(run())"
_YAMLLINT_RULES = "{extends: default, rules: {line-length: disable, document-start: disable}}"


def python(code: str, *arguments: str) -> Command:
    """The command that runs `code` as an installed script would."""
    return (sys.executable, "-c", code, *arguments)


def ours(*arguments: str) -> Command:
    """`deployer` with arguments."""
    return python(_DEPLOYER, *arguments)


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


def report(title: str, found: Mapping[str, list[Spent]], budgets: Mapping[str, float]) -> None:
    """Print what each command took, and the ratio of ours, the first, to each."""
    first, *_ = found
    print(f"\n{title:<48}{'CPU s':>8}{'wall s':>8}{'MiB':>6}{'ratio':>8}{'(range)':>16}{'goal':>7}")
    for name, runs in found.items():
        wall = Spread.of([spent.wall for spent in runs]).middle
        cpu = Spread.of([spent.cpu for spent in runs]).middle
        peak = Spread.of([spent.peak for spent in runs]).middle
        line = f"{name:<48}{cpu:>8.3f}{wall:>8.3f}{peak:>6.0f}"
        if name != first:
            spread = ratio(found[first], runs)
            line += f"{spread.middle:>8.3f}{f'({spread.least:.3f}-{spread.largest:.3f})':>16}"
            line += f"{budgets.get(name, ''):>7}"
        print(line)


def many(folder: Path, workflows: int, nodes: int, rounds: int) -> None:
    """A project of many manifests."""
    files = project(folder, workflows, nodes)
    commands = {OURS: ours("validate"), **peers(files)}
    found = measured(commands, folder, rounds, warmup=workflows < 500)
    report(f"{workflows:,} workflows of {nodes} nodes", found, BUDGETS["many"])


def one(folder: Path, nodes: int, rounds: int) -> None:
    """A single small manifest without a project."""
    file = project(folder, 1, nodes)[0]
    (folder / "deployer.yaml").unlink()
    commands = {OURS: ours("validate", str(file)), **peers([file]), NOTHING: python("pass")}
    size = file.stat().st_size / 1024
    title = f"one workflow of {nodes} nodes, {size:.0f} KiB"
    report(title, measured(commands, folder, rounds), BUDGETS["one"])


def start(folder: Path, rounds: int) -> None:
    """What the start alone takes."""
    commands = {"deployer --help": ours("--help"), NOTHING: python("pass")}
    report("start", measured(commands, folder, rounds), BUDGETS["start"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workflows", type=int, default=100)
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        many(Path(name) / "many", given.workflows, given.nodes, given.rounds)
        for size in SMALL:
            one(Path(name) / f"one{size}", size, 3 * given.rounds)
        start(Path(name), 5 * given.rounds)


if __name__ == "__main__":
    main()
