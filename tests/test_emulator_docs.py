"""docs/emulator.md says what there is: every switch, fault and path of the control plane."""

import re
from pathlib import Path

from deployer.emulator.control_http import ROUTES
from deployer.emulator.faults import KINDS
from deployer.emulator.switches import ALTERNATIVES, AMOUNTS, Switches

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """The rows of the table whose first column has this heading, by their first cell."""
    table = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0]
    cells = [line.strip("|").split(" | ") for line in table.splitlines()[2:]]
    return {first.strip(" `"): [cell.strip() for cell in rest] for first, *rest in cells}


def test_switches_and_their_values() -> None:
    """Each switch is there with its values, the default first, and the fact that it is about."""
    told = {name: tuple(re.findall(r"`(.+?)`", cells[1])) for name, cells in rows("Switch").items()}
    assert told == ALTERNATIVES
    source = (ROOT / "deployer" / "emulator" / "switches.py").read_text(encoding="utf-8")
    facts = dict(re.findall(r'^    "(\w+)": \(.*# ([BU]-\d+)$', source, flags=re.MULTILINE))
    assert {name: cells[2] for name, cells in rows("Switch").items()} == facts
    chosen = Switches().as_mapping()
    assert {name: chosen[name] for name in told} == {name: told[name][0] for name in told}


def test_settings() -> None:
    """Each number is there with what it says and its default."""
    chosen = Switches().as_mapping()
    expected = {name: [about, f"`{chosen[name]}`"] for name, about in AMOUNTS.items()}
    assert rows("Setting") == expected


def test_kinds_of_faults() -> None:
    """Each kind is there, in the words of the program."""
    assert {name: cells[0] for name, cells in rows("Kind").items()} == KINDS


def test_paths_of_the_control_plane() -> None:
    """Each path is there with its methods."""
    told = {
        (name, method) for name, cells in rows("Path").items() for method in cells[0].split(", ")
    }
    assert told == set(ROUTES)
