"""The picture in CONTRIBUTING.md holds: imports point down, and only where they may."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "deployer"

LAYERS = (
    {"model", "errors", "acs3"},
    {"reading", "transport", "schema", "cron", "manifest", "config", "render", "records"},
    {"entities", "normalise", "agreement", "diff"},
    {"flowspec", "desired", "plan", "rules", "authoring"},
    {"remote", "observe"},
    {"apply", "publishing", "running"},
    {"pipeline"},
    {"cli"},
)
"""What CONTRIBUTING.md draws, from the bottom up."""

PARTS = {
    "apply": {
        "attempt",
        "meanwhile",
        "moving",
        "pruning",
        "removing",
        "standing",
        "turns",
        "write",
        "writer",
    },
    "config": {"base_ref", "profile", "starter"},
    "flowspec": {"complaints", "moves"},
    "model": {"asked", "checks", "days", "halt", "in_order", "nearest", "runs"},
    "pipeline": {
        "ahead",
        "base",
        "comparing",
        "hands",
        "checking",
        "doctor",
        "load",
        "online",
        "probing",
        "pull",
        "rehearsal",
        "resuming",
        "review",
        "scope",
        "undoing",
        "validate",
    },
    "plan": {
        "classes",
        "consent",
        "downstream",
        "edges",
        "explain",
        "graph",
        "likely",
        "origins",
        "preview",
        "safety",
        "saved_plan",
        "selection",
    },
    "observe": {"refresh"},
    "reading": {"cache"},
    "records": {"backups", "journal"},
    "remote": {"forge"},
    "schema": {"drafts", "fields", "node_types", "sql_text", "wording"},
}
"""Modules that stand in the row of another one, which they were split from."""

DRAWN = {module: number for number, row in enumerate(LAYERS) for module in row}
LAYER = DRAWN | {part: DRAWN[whole] for whole, parts in PARTS.items() for part in parts}
BESIDE = "emulator"


def module_of(file: Path) -> str:
    """The part of the picture that a file belongs to: a module, or a folder of modules."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(file: Path) -> Iterator[str]:
    """The parts of our own package that a file imports, wherever in the file it does so."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "deployer":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("deployer."):
            yield str(node.module).split(".")[1]
        elif isinstance(node, ast.Import):
            names = (alias.name.split(".") for alias in node.names)
            yield from (name[1] for name in names if name[0] == "deployer" and name[1:])


def edges() -> set[tuple[str, str]]:
    """Importer and imported, between different parts; the package's own text is no part."""
    found = {
        (module_of(file), name)
        for file in PACKAGE.rglob("*.py")
        for name in imported(file)
        if module_of(file) != "__init__"
    }
    return {(importer, name) for importer, name in found if name not in (importer, "__version__")}


def test_every_module_has_its_layer() -> None:
    """A new module says where it stands before anything else is said about it."""
    modules = {module_of(file) for file in PACKAGE.rglob("*.py")}
    assert modules - set(LAYER) - {BESIDE, "__init__", "__main__"} == set()


def test_imports_never_point_up() -> None:
    """A module imports from lower layers or from its own."""
    inside = [edge for edge in edges() if BESIDE not in edge and edge[0] != "__main__"]
    assert [(a, b) for a, b in inside if LAYER[a] < LAYER[b]] == []


def test_imports_never_go_in_a_circle() -> None:
    """Whatever order there is inside a layer, it is an order."""
    order: TopologicalSorter[str] = TopologicalSorter()
    for importer, name in edges():
        order.add(importer, name)
    assert list(order.static_order())


def test_emulator_stands_beside() -> None:
    """The emulator knows only request signing; only the command line knows the emulator."""
    assert {name for importer, name in edges() if importer == BESIDE} <= {"acs3"}
    assert {importer for importer, name in edges() if name == BESIDE} <= {"cli"}


def test_picture_shows_the_layers() -> None:
    """CONTRIBUTING.md draws each module in the row that it has here."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawn = text.partition("```text\n")[2].partition("```")[0].splitlines()
    rows = {
        int(line[0]): line[3:].partition("   ")[0].split() for line in drawn if line[:1].isdigit()
    }
    assert {number: set(names) for number, names in rows.items()} == dict(enumerate(LAYERS))
