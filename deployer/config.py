"""`deployer.yaml` and the environment → Settings: which files, which workspaces, which one now.

Says what is wrong with the file and where. Which files the globs name is left to `manifest_files`,
whether an endpoint may be called to `endpoints`.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from deployer import schema
from deployer.errors import UsageError
from deployer.model import Location, Pointer, Problem, Settings, Target, Window
from deployer.nearest import nearest
from deployer.reading import documents, placeholders
from deployer.reading.project_files import FileRefused
from deployer.reading.source import Finding, Irregular
from deployer.reading.tree import Folder, Tree

FILE_NAME = "deployer.yaml"
DEFAULT_MANIFESTS = ("workflows/**/*.yaml", "workflows/**/*.yml", "workflows/**/*.json")

_PLACES = ("region", "endpoint", "emulator")
_LOCAL_FOLDER = ".deployer"
_FIELDS = {
    "region": "region",
    "endpoint": "endpoint",
    "vars": "vars",
    "overrides": "overrides",
    "publish": "publish",
    "rate": "rate",
    "connections": "connections",
    "instanceMetadata": "instance_metadata",
}
"""Keys of a target that mean just what the field of `Target` holds."""
_WINDOW = ("publishWindow", "publishWarning")
_ZONES = "write a name of the time zone database such as `Asia/Shanghai`"
_WINDOWS = "write them in the order of the day: the warning, the begin and the end of the window"


def settings(start: Path, target: str | None, environ: Mapping[str, str]) -> Settings:
    """Settings with one target chosen, none only where no target is configured and none is named.

    The target is the one named, else `DEPLOYER_TARGET`, else the only one, else the default one.
    Raises UsageError.
    """
    loaded = load(start)
    name = target or environ.get("DEPLOYER_TARGET", "")
    return replace(loaded, target=_choose(loaded, name))


def load(start: Path) -> Settings:
    """Settings of the nearest `deployer.yaml`, from `start` upwards, with no target chosen yet.

    Without such a file there are no targets and `start` is the project folder. Raises UsageError.
    """
    config = find(start)
    if config is None:
        return Settings(start.resolve(), None, (), {})
    return _File(config, Folder(config.parent)).settings()


def load_from(tree: Tree, config: Path) -> Settings:
    """Settings of the file that is at the path `config` in another tree. Raises UsageError."""
    return _File(config, tree).settings()


def find(start: Path) -> Path | None:
    """The nearest `deployer.yaml` in `start` or a folder above it."""
    folder = start.resolve()
    for each in (folder, *folder.parents):
        if os.path.lexists(each / FILE_NAME):
            return each / FILE_NAME
    return None


class _File:
    """One `deployer.yaml`, read and checked."""

    def __init__(self, path: Path, tree: Tree) -> None:
        self._path = path
        self._root = path.parent
        try:
            self._data = tree.read(tree.place(path)).data
            text = documents.parse(self._data, ".yaml")
        except FileRefused as refused:
            raise self._unreadable(Finding(refused.message, 1, 1, refused.hint)) from refused
        except Irregular as irregular:
            raise self._unreadable(irregular.findings[0]) from irregular
        self._document: dict[str, Any] = text.value
        self._remarks = text.remarks

    def settings(self) -> Settings:
        """What the file says; raises UsageError with the place of the first thing that is wrong."""
        self._check_schema()
        targets = self._document.get("targets", {})
        return Settings(
            root=self._root,
            config=self._path,
            manifests=tuple(self._document.get("manifests", DEFAULT_MANIFESTS)),
            targets={name: self._target(name, said) for name, said in targets.items()},
            scope=tuple(self._document.get("scope", ())),
            rules=self._document.get("rules", {}),
            default=self._default(targets),
            warnings=tuple(map(self._warning, self._remarks)),
        )

    def _warning(self, remark: Finding) -> Problem:
        location = Location(self._path.name, remark.line, remark.column)
        pointer = documents.pointer_text(remark.pointer)
        return Problem(remark.rule, "warning", remark.message, location, remark.hint, pointer)

    def _check_schema(self) -> None:
        violations = schema.check(self._document, "config")
        if not violations:
            return
        written = documents.locate(self._data, ".yaml", [each.pointer for each in violations])
        first, *others = sorted(violations, key=lambda each: written[each.pointer].value)
        self._fail(
            first.message,
            first.pointer,
            first.hint or "schemas/config.schema.json says what is allowed",
            why=f"{len(others)} more to follow" if others else "",
            key=first.key_position,
        )

    def _target(self, name: str, said: Mapping[str, Any]) -> Target:
        pointer = ("targets", name)
        self._check_one_place(said, pointer)
        self._check_values(said.get("vars", {}), (*pointer, "vars"))
        given = {field: said[key] for key, field in _FIELDS.items() if key in said}
        limits = said.get("limits", {})
        given["limits"] = {key: limits[key] for key in limits if key not in _WINDOW}
        given["window"] = self._window(said, pointer)
        given["root"] = self._root
        if "settle" in limits:
            given["settle"] = limits["settle"]
        if "emulator" in said:
            given["emulator"] = self._database(said["emulator"], (*pointer, "emulator"))
        if "profile" in said:
            given["profile"] = self._profile(said["profile"], (*pointer, "profile"))
        project = self._project(said["project"], (*pointer, "project"))
        return Target(name, project, said.get("projectIdentifier", ""), **given)

    def _window(self, said: Mapping[str, Any], pointer: Pointer) -> Window:
        limits, zone = said.get("limits", {}), said.get("timezone", "")
        if zone:
            self._check_zone(zone, (*pointer, "timezone"))
        window = Window(zone=zone)
        if limits.get("publishWindow") == "off":
            return replace(window, start=0, end=0, warn=0)
        if "publishWindow" in limits:
            start, _, end = limits["publishWindow"].partition("-")
            window = replace(window, start=_seconds(start), end=_seconds(end))
            window = replace(window, warn=min(window.warn, window.start))
        if "publishWarning" in limits:
            window = replace(window, warn=_seconds(limits["publishWarning"]))
        if not window.warn <= window.start <= window.end:
            problem = "the window begins after its end, or before its warning"
            self._fail(f"limits of publishing: {problem}", (*pointer, "limits"), _WINDOWS)
        return window

    def _check_zone(self, zone: str, pointer: Pointer) -> None:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # few targets name a zone

        try:
            ZoneInfo(zone)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            self._fail(f"there is no time zone `{zone}` on this machine", pointer, _ZONES)

    def _project(self, project: str | int | float, pointer: Pointer) -> str:
        # To a JSON schema 1e3 is an integer too; the id that was meant is not known any more.
        if isinstance(project, float):
            self._fail("expected a project id, found a fraction", pointer, "quote the id")
        return str(project)

    def _check_one_place(self, said: Mapping[str, Any], pointer: Pointer) -> None:
        given = [place for place in _PLACES if place in said]
        if len(given) == 1:
            return
        what = f"{_listed(given)} given together" if given else f"none of {_listed(_PLACES)} given"
        hint = (
            "keep exactly one of them"
            if given
            else "add one of them: it says where the workspace is"
        )
        self._fail(f"target `{pointer[-1]}`: {what}", pointer, hint, key=True)

    def _check_values(self, values: Mapping[str, Any], pointer: Pointer) -> None:
        for key, value in values.items():
            if isinstance(value, str) and placeholders.occurs(value):
                message = f"the value of `{key}` holds a placeholder itself"
                hint = "values are not replaced twice: write it out"
                self._fail(message, (*pointer, key), hint)

    def _profile(self, name: str, pointer: Pointer) -> Path:
        path = Path(os.path.normpath(self._root / name))
        if not path.is_relative_to(self._root):  # a probe writes it
            message = "the profile lies outside the project folder"
            self._fail(message, pointer, "choose a file beside or below deployer.yaml")
        return path

    def _database(self, name: str, pointer: Pointer) -> Path:
        path = Path(os.path.normpath(self._root / name))
        if _LOCAL_FOLDER in (*path.parts, *Path(os.path.realpath(path)).parts):
            message = f"the emulator's database lies inside `{_LOCAL_FOLDER}/`"
            hint = "it is a workspace, not a cache that may be deleted: choose another folder"
            self._fail(message, pointer, hint)
        return path

    def _default(self, targets: Mapping[str, Any]) -> str:
        names = [name for name, said in targets.items() if said.get("default")]
        if len(names) > 1:
            pointer = ("targets", names[1], "default")
            self._fail(f"{_listed(names)} are both the default target", pointer, "keep one of them")
        return names[0] if names else ""

    def _at(self, pointer: Pointer, key: bool = False) -> tuple[int, int]:
        written = documents.locate(self._data, ".yaml", [pointer])[pointer]
        return written.key if key else written.value

    def _fail(
        self, what: str, pointer: Pointer, hint: str, why: str = "", key: bool = False
    ) -> NoReturn:
        line, column = self._at(pointer, key)
        raise UsageError(what, where=f"{self._path}:{line}:{column}", why=why, hint=hint)

    def _unreadable(self, finding: Finding) -> UsageError:
        where = f"{self._path}:{finding.line}:{finding.column}"
        hint = finding.hint or "the file must be one YAML mapping"
        return UsageError(finding.message, where=where, hint=hint)


def _choose(loaded: Settings, name: str) -> Target | None:
    targets = loaded.targets
    if name:
        return targets[name] if name in targets else _unknown(loaded, name)
    if not targets:
        return None
    if len(targets) == 1:
        return next(iter(targets.values()))
    if loaded.default:
        return targets[loaded.default]
    raise UsageError(
        "no target chosen",
        where=f"{loaded.config}:1:1",
        why=f"there are several: {_listed(targets)}",
        hint="name one with `-t`, or set `default: true` on one of them",
    )


def _unknown(loaded: Settings, name: str) -> NoReturn:
    where = f"{loaded.config}:1:1" if loaded.config else str(loaded.root)
    near = nearest(name, loaded.targets)
    hint = f"targets are {_listed(loaded.targets)}"
    if not loaded.config:
        hint = f"no `{FILE_NAME}` in this folder or above it: write one, see README.md"
    elif not loaded.targets:
        hint = "add it under `targets`"
    elif near:
        hint = f"did you mean `{near}`? {hint}"
    raise UsageError(f"no target `{name}`", where=where, hint=hint)


def _seconds(clock: str) -> int:
    """The second of the day that `HH:MM` means; 24:00 is its end."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 3600 + int(minutes) * 60


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
