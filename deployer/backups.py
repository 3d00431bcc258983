"""What was there before it was written over: `.deployer/backups/TARGET/RUN/`, one file for each object.

A file holds the live workflow as it was read just before the first write to it, whole: a workflow in it
can be restored, so what is secret in it is in there too. Runs are numbered, and the newest are kept.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deployer.errors import UsageError
from deployer.journal import file_name
from deployer.model import Observed, Workflow
from deployer.reading import private_folder
from deployer.reading.private_folder import PrivateFolder
from deployer.reading.project_files import FileRefused

KEPT_RUNS = 50
LARGEST = 64 << 20

_HOLDER = "backups"
_LEFT = ".left.json"


@dataclass(frozen=True, slots=True)
class Backup:
    """One object as it was before a run wrote to it, and what is known of how the run left it.

    `before` is None for a workflow that the run created, and at another path for one that it moved;
    `ids` and `identifier` are as in `Observed`.
    `left` holds the fingerprints that the live object may have had when the run ended, none where it was
    to go; `proven`: it was read back. `undoing` is what the run was to undo.
    """

    address: str
    kind: str
    project: str
    at: float
    before: Workflow | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    identifier: str = ""
    fingerprint: str = ""
    left: frozenset[str] = frozenset()
    proven: bool = False
    undoing: "Undoing | None" = None


@dataclass(frozen=True, slots=True)
class Undoing:
    """What an undo takes back: the number of a run, and how many workflows that writes."""

    run: str
    changes: int


@dataclass(frozen=True, slots=True)
class Saved:
    """The backups of one run, and where they are."""

    folder: Path
    backups: tuple[Backup, ...] = ()


class Backups:
    """The backups that one run makes; its folder appears with the first of them. Raises FileRefused."""

    def __init__(
        self,
        root: Path,
        target: str,
        project: str,
        now: Callable[[], float],
        undoing: Undoing | None = None,
    ) -> None:
        self._undoing = undoing
        self._root = root
        self._target = target
        self._project = project
        self._now = now
        self._made: set[str] = set()
        self._run = ""

    @property
    def folder(self) -> str:
        """Where the backups are, below the project; empty while there are none."""
        parts = (private_folder.NAME, _HOLDER, file_name(self._target), self._run)
        return "/".join(parts) if self._run else ""

    def keep(self, address: str, kind: str, before: Observed | None, meant: str) -> None:
        """Saves an object before its first write by this run; later calls for it change nothing.

        `meant` is the fingerprint that the write is to bring about.
        """
        if address in self._made:
            return
        document = {
            "address": address,
            "kind": kind,
            "project": self._project,
            "at": self._now(),
            "meant": meant,
            **({"undoing": asdict(self._undoing)} if self._undoing else {}),
            **({"live": _document(before)} if before else {}),
            **(
                {"path": before.workflow.path} if before and before.workflow.path != address else {}
            ),
        }
        self._write(f"{_stem(address)}.json", document)
        self._made.add(address)

    def left(self, address: str, fingerprint: str) -> None:
        """Notes how the run left an object that it saved before; empty: it is gone."""
        if address in self._made:
            self._write(_stem(address) + _LEFT, {"fingerprint": fingerprint})

    def _write(self, name: str, document: Mapping[str, Any]) -> None:
        holder = _opened(self._root, self._target, make=True)
        assert holder is not None
        with holder:
            if not self._run:
                self._run = _next_run(holder)
            folder = holder.inside(self._run, make=True)
            assert folder is not None
            with folder:
                folder.write(name, _bytes(document))


def last(root: Path, target: str, project: str) -> Saved | None:
    """The backups of the last run that made any for that project, None if there are none.

    Of an undo that did not come to its end they are those that it was taking back.
    Raises FileRefused, and UsageError for a backup that is damaged.
    """
    holder = _opened(root, target, make=False)
    if holder is None:
        return None
    with holder:
        for run in reversed(_runs(holder)):
            found = _of(holder, run, project)
            if found is not None:
                undone = _unfinished(found)
                return (_of(holder, undone, project) if undone in _runs(holder) else None) or found
    return None


def _of(holder: PrivateFolder, run: str, project: str) -> Saved | None:
    folder = holder.inside(run, make=False)
    if folder is None:
        return None
    with folder:
        found = tuple(each for each in _read_all(folder) if each.project == project)
    return Saved(folder.path, found) if found else None


def _unfinished(saved: Saved) -> str:
    """The run that these backups were made to undo, unless all of it was; else empty."""
    undoing = saved.backups[0].undoing
    proven = sum(each.proven for each in saved.backups)
    return undoing.run if undoing is not None and proven < undoing.changes else ""


# --- folders --------------------------------------------------------------------------------------


def _opened(root: Path, target: str, *, make: bool) -> PrivateFolder | None:
    return private_folder.opened(root, _HOLDER, file_name(target), make=make)


def _runs(holder: PrivateFolder) -> list[str]:
    return [name for name in holder.names() if name.isascii() and name.isdigit()]


def _next_run(holder: PrivateFolder) -> str:
    """The name of a new folder, which no other run has; the oldest ones are deleted."""
    there = _runs(holder)
    number = int(there[-1]) + 1 if there else 1
    while not holder.make(f"{number:06d}"):
        number += 1
    for old in there[: max(0, len(there) + 1 - KEPT_RUNS)]:
        # What cannot be deleted is no reason not to back up.
        with suppress(FileRefused):
            holder.delete(old)
    return f"{number:06d}"


def _stem(address: str) -> str:
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:32]


# --- documents ------------------------------------------------------------------------------------


def _document(before: Observed) -> dict[str, Any]:
    return {
        "path": before.workflow.path,
        "name": before.workflow.name,
        "kind": before.workflow.kind,
        "spec": before.workflow.spec,
        "ids": dict(before.ids),
        "identifier": before.identifier,
        "fingerprint": before.fingerprint,
    }


def _bytes(document: Mapping[str, Any]) -> bytes:
    """A document with its checksum, fit to be read by people as well."""
    return json.dumps({"sum": checksum(document), "backup": document}, indent=1).encode() + b"\n"


def checksum(document: Any) -> str:
    """The digest that a file holds beside its backup."""
    body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(body).hexdigest()


def _read_all(folder: PrivateFolder) -> list[Backup]:
    names = [name for name in folder.names() if name.endswith(".json")]
    found = []
    for name in (each for each in names if not each.endswith(_LEFT)):
        left = f"{name.removesuffix('.json')}{_LEFT}"
        note = _read(folder, left).get("fingerprint", "") if left in names else None
        found.append(_backup(_read(folder, name), note, folder.path / name))
    return sorted(found, key=lambda each: each.address)


def _read(folder: PrivateFolder, name: str) -> dict[str, Any]:
    try:
        whole = json.loads(folder.read(name, LARGEST) or b"")
        if checksum(whole["backup"]) == whole["sum"]:
            return dict(whole["backup"])
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise _damaged(folder.path / name)


def _backup(said: Mapping[str, Any], left: str | None, file: Path) -> Backup:
    try:
        live = said.get("live")
        path = said.get("path", said["address"])
        if live and (live["path"] != path or not isinstance(live["spec"], dict)):
            raise _damaged(file)
        before = (
            Workflow(*(live[key] for key in ("path", "name", "kind", "spec"))) if live else None
        )
        return Backup(
            address=said["address"],
            kind=said["kind"],
            project=said["project"],
            at=float(said["at"]),
            before=before,
            ids=dict(live["ids"]) if live else {},
            identifier=live["identifier"] if live else "",
            fingerprint=live["fingerprint"] if live else "",
            left=frozenset(each for each in (said["meant"], left) if each),
            proven=left is not None,
            undoing=_undoing(said["undoing"]) if "undoing" in said else None,
        )
    except (ValueError, TypeError, KeyError) as wrong:
        raise _damaged(file) from wrong


def _undoing(said: Mapping[str, Any]) -> Undoing:
    return Undoing(str(said["run"]), int(said["changes"]))


def _damaged(file: Path) -> UsageError:
    return UsageError(
        "a backup is damaged",
        where=str(file),
        why="it is not as it was written",
        hint="delete it to undo the others, or restore that workflow from git",
    )
