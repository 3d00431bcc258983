"""The stages of a pipeline, as data for each mode of a workspace (B-53, B-64, B-73).

A simple workspace has production only; a standard one has development before it, and a person in
the console between the two.
"""

from dataclasses import dataclass
from typing import Literal

from deployer.emulator.world import World

Mode = Literal["simple", "standard"]
By = Literal["service", "caller", "console"]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: its code and type in the API's words, and who sets it going."""

    code: str
    type: str
    name: str
    by: By = "caller"
    env: str = ""
    """The environment that the stage changes, empty for one that only looks."""


_BUILD = Stage("BUILD_PACKAGE", "Build", "Build the package", by="service")
_OFFLINE_CHECK = Stage("OfflineCheck", "Check", "Check before going offline", by="service")
_DEV_CHECK = Stage("DEV_CHECK", "Check", "Check for development")
_APPROVAL = Stage("APPROVAL", "Check", "Approval in the console", by="console")
_PROD_CHECK = Stage("PROD_CHECK", "Check", "Check for production")
_DEV = Stage("DEV", "Deploy", "Deploy to development", env="Dev")
_PROD = Stage("PROD", "Deploy", "Deploy to production", env="Prod")
_DEV_OFFLINE = Stage("DEV", "Offline", "Take offline in development", env="Dev")
_PROD_OFFLINE = Stage("PROD", "Offline", "Take offline in production", env="Prod")

_STAGES: dict[tuple[str, Mode], tuple[Stage, ...]] = {
    ("Online", "simple"): (_BUILD, _PROD_CHECK, _PROD),
    ("Online", "standard"): (_BUILD, _DEV_CHECK, _DEV, _APPROVAL, _PROD_CHECK, _PROD),
    ("Offline", "simple"): (_OFFLINE_CHECK, _PROD_CHECK, _PROD_OFFLINE),
    ("Offline", "standard"): (
        _OFFLINE_CHECK,
        _DEV_CHECK,
        _DEV_OFFLINE,
        _APPROVAL,
        _PROD_CHECK,
        _PROD_OFFLINE,
    ),
}

_KNOWN = {(kind, stage.code): stage for (kind, _), found in _STAGES.items() for stage in found}


def of_mode(kind: str, mode: Mode) -> tuple[Stage, ...]:
    """Return the stages of a pipeline of this type (`Online`, `Offline`) in their order."""
    return _STAGES[kind, mode]


def known(kind: str, code: str) -> Stage:
    """Return the stage that a pipeline of this type knows under this code."""
    return _KNOWN[kind, code]


def mode_of(world: World, project: int) -> Mode:
    """Return the mode of a project, simple unless it was set."""
    key = ("mode", project)
    if key not in world.memo:
        query = "SELECT mode FROM project_mode WHERE project = ?"
        row = world.db.execute(query, (project,)).fetchone()
        world.memo[key] = str(row[0]) if row else "simple"
    return "standard" if world.memo[key] == "standard" else "simple"


def set_mode(world: World, project: int, mode: Mode) -> None:
    """Give a project a mode; pipelines that exist keep the stages they have."""
    world.memo.pop(("mode", project), None)
    world.db.execute(
        "INSERT INTO project_mode VALUES (?, ?)"
        " ON CONFLICT (project) DO UPDATE SET mode = excluded.mode",
        (project, mode),
    )
