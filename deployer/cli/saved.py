"""`plan --out FILE` and `apply FILE`: the file and the checkout around a saved plan."""

import hashlib
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from deployer import __version__, saved_plan
from deployer.asked import Asked
from deployer.cli.choosing import pinned
from deployer.cli.deadline import Deadline
from deployer.cli.options import chosen
from deployer.cli.planning import Planned, planned_of
from deployer.cli.words import say
from deployer.errors import Conflict, UsageError
from deployer.load import Loaded, load
from deployer.model import Settings
from deployer.reading import private_file, project_files
from deployer.reading.project_files import FileRefused
from deployer.render.visible import visible

_AGAIN = "make and review a new plan: `deployer plan --out FILE`"
_SHOWN = 10


def save(found: Planned, asked: Asked, file: Path) -> None:
    """Writes a plan for `apply FILE`, readable by its owner alone. Raises UsageError."""
    made = saved_plan.Made(
        target=found.target,
        root=found.settings.root,
        # Commits, not their names: in the run of CI that applies, the same name may mean another one.
        asked=replace(pinned(asked, found.settings), base=found.plan.base_commit),
        files=_digests(found.settings, found.loaded),
        version=__version__,
        created=datetime.fromtimestamp(found.now, UTC).isoformat(timespec="seconds"),
    )
    data = saved_plan.to_bytes(found.plan, made)
    if len(data) > saved_plan.LARGEST:
        raise UsageError(
            "the plan is too large to be saved",
            where=str(file),
            why=f"it takes {len(data):,} bytes, the most that is read is {saved_plan.LARGEST:,}",
            written="nothing was written",
            hint="save plans of parts of it: `--select TERM`",
        )
    private_file.write(file, data)
    say(f"the plan is saved: `deployer apply {visible(str(file))}` does this and nothing else")


def planned_again(file: Path, target: str | None, deadline: Deadline) -> Planned:
    """The plan that a file holds, made anew with the flags that are in it.

    Raises UsageError for a file that cannot be used or is for another target, Conflict if anything
    is not as it was, and what `planned` raises.
    """
    saved = saved_plan.read(private_file.read(file, saved_plan.LARGEST), str(file))
    settings, now = chosen(saved.target)
    if target and target != saved.target:
        raise _other_target(file, f"it is for target `{saved.target}`, `-t` says `{target}`")
    if other := saved_plan.other_target(saved, now, settings.root):
        raise _other_target(file, f"target `{saved.target}` of deployer.yaml: {'; '.join(other)}")
    loaded = load(settings, now, none=True)
    if changed := saved_plan.moved_files(saved, _digests(settings, loaded)):
        raise _stale(file, [f"`{name}` changed since" for name in changed])
    found = planned_of(settings, now, loaded, saved.asked, deadline)
    if moved := saved_plan.moved(saved, found.plan):
        raise _stale(file, moved)
    return found


def refuse_flags(given: Collection[str]) -> None:
    """Raises UsageError for flags that would make another plan than the one in the file."""
    if given:
        raise UsageError(
            f"{', '.join(f'`{flag}`' for flag in given)} together with a plan file",
            why="the plan file says already what is done",
            hint=f"leave it out, or {_AGAIN}",
        )


def _digests(settings: Settings, loaded: Loaded) -> dict[str, str]:
    """Name → SHA-256 of all files that a plan is made of."""
    names = {*loaded.sources, *(name for scripts in loaded.sources.values() for name in scripts)}
    if settings.config:
        names.add(settings.config.name)
    return {name: _digest(settings.root, name) for name in sorted(names)}


def _digest(root: Path, name: str) -> str:
    try:
        return hashlib.sha256(project_files.read(root, name).data).hexdigest()
    except FileRefused as refused:
        return refused.message


def _other_target(file: Path, why: str) -> UsageError:
    return UsageError(
        "the plan is for another workspace",
        where=str(file),
        why=why,
        hint=f"leave `-t` out, or {_AGAIN}",
    )


def _stale(file: Path, moved: list[str]) -> Conflict:
    more = [f"{len(moved) - _SHOWN} more"] if len(moved) > _SHOWN else []
    return Conflict(
        "things are not as they were when the plan was made",
        where=str(file),
        why="; ".join([*moved[:_SHOWN], *more]),
        written="nothing was written",
        hint=_AGAIN,
    )
