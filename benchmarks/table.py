"""The last results as Markdown, for README.md: tables, then ratios beside their budgets."""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.recorded import CACHE

ORDER = ("plan", "scale", "apply", "validate", "startup", "load", "emulator", "render")


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    yield from (_row(columns), _row(["---"] * len(columns)))
    yield from map(_row, rows)


def told(found: dict[str, Any]) -> Iterator[str]:
    """The lines that tell one benchmark's results."""
    for table in found["tables"]:
        yield from ("", f"{table['title']}:", "")
        yield from markdown(["", *table["columns"]], table["rows"])
    yield ""
    yield from markdown(["", "ratio", "range", "budget"], [_ratio(one) for one in found["ratios"]])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ratio(one: dict[str, Any]) -> tuple[str, ...]:
    spread = f"{one['least']:.3g} to {one['largest']:.3g}"
    varies = one["least"] != one["largest"]
    budget = "" if one["budget"] is None else f"{one['budget']:g}"
    return one["name"], f"{one['median']:.3g}", spread if varies else "", budget


def main() -> None:
    """Print what there is of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=CACHE / "results")
    given = parser.parse_args()
    for name in ORDER:
        file = given.results / f"{name}.json"
        if file.exists():
            found = json.loads(file.read_text("utf-8"))
            machine = found["machine"]
            print(f"\n### {name}\n\n{found['when']}, {machine['cores']} cores ", end="")
            print(f"({machine['processor']}), {machine['python']}, load {machine['load'][0]}")
            print("\n".join(told(found)))


if __name__ == "__main__":
    main()
