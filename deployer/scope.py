"""Which live workflows are this repository's business: those in the folders under `scope:`.

Without `scope:` only the paths that manifests name are looked at; nothing here ever becomes a change.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from deployer.errors import RefusedBySafety


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Live workflows in no manifest: the paths of those in scope, the number of all others."""

    orphans: tuple[str, ...] = ()
    outside: int = 0


def surroundings(live: Iterable[str], named: Collection[str], scope: Sequence[str]) -> Surroundings:
    """What is live at the paths `live` and in none of the manifests, whose paths are `named`."""
    if not scope:
        return Surroundings()
    others = sorted(path for path in live if path not in named)
    orphans = tuple(path for path in others if within(path, scope))
    return Surroundings(orphans, len(others) - len(orphans))


def within(path: str, scope: Iterable[str]) -> bool:
    """Whether a workflow lies in one of the folders, at any depth; case counts."""
    folders = (folder.strip("/") for folder in scope)
    return any(not folder or path.startswith(f"{folder}/") for folder in folders)


def refuse_outside(places: Iterable[tuple[str, str]], scope: Sequence[str]) -> None:
    """Raises RefusedBySafety for the first (path, file) of a manifest that lies outside `scope`."""
    for path, file in places:
        if scope and not within(path, scope):
            raise RefusedBySafety(
                f"the workflow `{path}` is outside the folders in scope",
                where=file,
                why=f"`scope` of deployer.yaml names {', '.join(f'`{each}`' for each in scope)}",
                written="nothing was written",
                hint="correct `script.path`, or widen `scope` in a reviewed commit",
            )
