"""What a benchmark found: tables and ratios, printed, written as JSON, and held against the budgets."""

import argparse
import json
import os
import platform
import signal
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.recorded import CACHE
from benchmarks.rounds import Figure, Found, Spread, ratio

BUDGETS = Path(__file__).with_name("budgets.toml")
PEERS = (
    "alibabacloud-dataworks-public20240518",
    "check-jsonschema",
    "pyyaml",
    "ruamel.yaml",
    "ruamel.yaml.clib",
    "uvicorn",
    "yamllint",
)
_WIDTH = 44


@cache
def budgets(benchmark: str) -> Mapping[str, float]:
    """What the medians of a benchmark may be at most, by the name of the ratio."""
    found: dict[str, float] = tomllib.loads(BUDGETS.read_text("utf-8")).get(benchmark, {})
    return found


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio, or a number that is judged like one; without a budget it is only told."""

    name: str
    spread: Spread
    budget: float | None

    @property
    def is_over(self) -> bool:
        """Whether its median is larger than its budget."""
        return self.budget is not None and self.spread.middle > self.budget


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts below a title; the first column is what a row is about."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(slots=True)
class Report:
    """What one benchmark found; its name is that of its budgets and of its JSON.

    Sizes other than those that the budgets are meant for are only told, not `judged`.
    """

    benchmark: str
    judged: bool = True
    tables: list[Table] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Keep a table, and print it."""
        self.tables.append(Table(title, columns, rows))
        print(f"\n{title}")
        for row in (("", *columns), *rows):
            print(f"{row[0]:<{_WIDTH}}" + "".join(f"{text:>24}" for text in row[1:]), flush=True)

    def runs(self, title: str, found: Found, figures: Sequence[Figure] = ("wall", "cpu")) -> None:
        """Keep and print what whole processes took."""
        heads = {"wall": "s", "cpu": "CPU s", "peak": "MiB", "worker": "MiB of a worker"}
        rows = [
            (name, *(_told(Spread.across(runs, each)) for each in figures), str(len(runs)))
            for name, runs in found.items()
        ]
        self.table(title, (*(heads[each] for each in figures), "rounds"), rows)

    def ratio(self, name: str, spread: Spread) -> None:
        """Keep a ratio; it is judged where the budgets name it."""
        self.ratios.append(Ratio(name, spread, self._budgets().get(name)))

    def number(self, name: str, value: float) -> None:
        """Keep a number that does not vary, such as calls."""
        self.ratio(name, Spread(value, value, value))

    def compared(
        self, title: str, found: Found, first: str, figure: Figure, others: Sequence[str] = ()
    ) -> None:
        """Keep the ratios of one task to others, all of them unless some are named."""
        for name in others or [each for each in found if each != first]:
            prefix = f"{title}: " if title else ""
            self.ratio(f"{prefix}{first} / {name}", ratio(found[first], found[name], figure))

    def end(self, file: Path | None = None) -> int:
        """Print the ratios, write all as JSON, and return the exit code."""
        rows = [
            (
                each.name,
                _told(each.spread),
                "" if each.budget is None else f"{each.budget:g}",
                "over" if each.is_over else "",
            )
            for each in self.ratios
        ]
        print(f"\n{'':<76}{'ratio':>24}{'budget':>8}")
        for name, told, budget, word in rows:
            print(f"{name:<76}{told:>24}{budget:>8} {word}".rstrip())
        self._write(file or CACHE / "results" / f"{self.benchmark}.json")
        missing = self._budgets().keys() - {each.name for each in self.ratios}
        for name in sorted(missing):
            print(f"not measured with these flags: {name}")
        return self._verdict()

    def _budgets(self) -> Mapping[str, float]:
        return budgets(self.benchmark) if self.judged else {}

    def _verdict(self) -> int:
        late = [each for each in self.ratios if each.is_over]
        for each in late:
            words = f"{each.name} is {each.spread.middle:.3g}, allowed is {each.budget:g}"
            print(f"over budget: {words}", file=sys.stderr)
        return 1 if late else 0

    def _write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        document = {
            "benchmark": self.benchmark,
            "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "machine": machine(),
            "tables": [
                {"title": each.title, "columns": each.columns, "rows": each.rows}
                for each in self.tables
            ],
            "ratios": [
                {
                    "name": each.name,
                    "median": each.spread.middle,
                    "least": each.spread.least,
                    "largest": each.spread.largest,
                    "budget": each.budget,
                }
                for each in self.ratios
            ],
        }
        file.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def flags(text: str | None) -> argparse.ArgumentParser:
    """A parser with the flag that every benchmark has.

    From here on SIGTERM ends a benchmark as an exception does: its servers and files go with it.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--json", type=Path, help="file of the results instead of .bench/results/")
    return parser


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy that was in the minutes before."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load": [round(each, 1) for each in os.getloadavg()],
        "packages": {name: _version(name) for name in PEERS},
    }


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _told(spread: Spread) -> str:
    """The middle, and the range where there is one."""
    if spread.least == spread.largest:
        return f"{spread.middle:.4g}"
    return f"{spread.middle:.3g} ({spread.least:.3g}-{spread.largest:.3g})"
