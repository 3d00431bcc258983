"""The last results as Markdown, for README.md: tables, then ratios beside their budgets."""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.recorded import CACHE

ALL = ("plan", "scale", "apply", "validate", "startup", "load", "emulator", "render")
README = Path(__file__).with_name("README.md")
MARK = "<!-- below: python -m benchmarks.table --readme -->"


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


def sections(results: Path) -> Iterator[str]:
    """The lines that tell every benchmark of which there are results."""
    for name in ALL:
        file = results / f"{name}.json"
        if not file.exists():
            continue
        found = json.loads(file.read_text("utf-8"))
        machine = found["machine"]
        place = f"{machine['cores']} cores of {machine['processor']}, {machine['python']}"
        yield from ("", f"### {name}", "", f"{found['when'][:10]}, {place},")
        yield f"load of the last minute {machine['load'][0]}, of a quarter of an hour {machine['load'][2]}"
        yield from told(found)


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
