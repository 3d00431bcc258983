"""The last results as Markdown, for README.md: tables, then ratios beside their budgets."""

import argparse
import json
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from benchmarks.recorded import CACHE

ALL = ("plan", "scale", "apply", "validate", "startup", "load", "emulator", "render")
README = Path(__file__).with_name("README.md")
MARK = "<!-- below: python -m benchmarks.table --readme -->"


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    yield from (_row(columns), _row(["---", *["---:"] * (len(columns) - 1)]))
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


def sections(results: Path) -> Iterator[str]:
    """The lines that tell every benchmark of which there are results, and what they were made with."""
    files = [results / f"{name}.json" for name in ALL]
    found = [json.loads(file.read_text("utf-8")) for file in files if file.exists()]
    if not found:
        return
    packages = max(found, key=itemgetter("when"))["machine"]["packages"]
    yield f"\nWith {', '.join(f'{name} {number}' for name, number in packages.items() if number)}."
    for each in found:
        yield from ("", f"### {each['benchmark']}", "", _place(each))
        yield from told(each)


def _place(found: dict[str, Any]) -> str:
    machine = found["machine"]
    load = " ".join(map(str, machine["load"]))
    return (
        f"{found['when'][:10]}, {machine['cores']} cores of {machine['processor']},"
        f" {machine['python']}; load {load}"
    )


def main() -> None:
    """Print what there is of results, or put it into README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=CACHE / "results")
    parser.add_argument("--readme", action="store_true", help="into README.md, below its last mark")
    given = parser.parse_args()
    text = "\n".join(sections(given.results))
    if not given.readme:
        print(text)
        return
    above, mark, _ = README.read_text("utf-8").partition(MARK)
    README.write_text(f"{above}{mark}\n{text}\n", "utf-8")


if __name__ == "__main__":
    main()
