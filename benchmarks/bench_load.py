"""Our reading of YAML, with its guards and places, beside PyYAML and ruamel.yaml over the same bytes."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import yaml
from ruamel.yaml import YAML

from benchmarks.generate import project
from benchmarks.report import Report, flags
from benchmarks.rounds import timed
from deployer.reading import documents

OURS = "deployer"
Load = Callable[[bytes], object]


def ours(data: bytes) -> object:
    """As `validate` and `plan` read a manifest."""
    return documents.parse(data, ".yaml")


def libyaml(data: bytes) -> object:
    """PyYAML over libyaml: what a script uses that is to be fast."""
    return yaml.load(data, yaml.CSafeLoader)


def plain(data: bytes) -> object:
    """PyYAML in Python alone."""
    return yaml.load(data, yaml.SafeLoader)


def ruamel(data: bytes) -> object:
    """ruamel.yaml, with its C library where that is installed."""
    return YAML(typ="safe").load(data)


LOADS: dict[str, Load] = {
    OURS: ours,
    "PyYAML, C, safe": libyaml,
    "ruamel.yaml, safe": ruamel,
    "PyYAML, safe": plain,
}
SIZES = (20, 20)
"""Workflows and nodes of each, for which the budgets are meant."""


def all_of(load: Load, texts: Sequence[bytes]) -> None:
    """Read each text, and let go of what it said."""
    for text in texts:
        load(text)


def main() -> int:
    """Measure, print and judge."""
    parser = flags(__doc__)
    parser.add_argument("--workflows", type=int, default=SIZES[0])
    parser.add_argument("--nodes", type=int, default=SIZES[1])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    report = Report("load", judged=(given.workflows, given.nodes) == SIZES)
    with tempfile.TemporaryDirectory() as name:
        files = project(Path(name), given.workflows, given.nodes)
        texts = [file.read_bytes() for file in files]
    found = timed(
        {name: partial(all_of, load, texts) for name, load in LOADS.items()}, given.rounds
    )
    size = sum(map(len, texts)) / len(texts) / 1024
    report.runs(f"{given.workflows:,} manifests of {size:.0f} KiB", found)
    report.compared("", found, OURS, "cpu")
    return report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
