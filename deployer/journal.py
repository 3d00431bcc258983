"""What was about to be sent, on disk before it is: `.deployer/journal-TARGET.jsonl`.

A journal is never taken for the truth. It says which writes have no known outcome, so that a rerun can
look twice before it sends one again and can tell what it found. Without it, or with a damaged one, the
workspace alone is read and the result is the same.

Each line is a JSON object, a blank and the checksum of the object's bytes. A record is one write to a
file that is only ever appended to: two deployers at once mix no records. There is no lock.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deployer.reading import private_folder
from deployer.reading.project_files import TooLarge

LARGEST = 16 << 20
DEAD_AFTER = 86_400.0
"""Seconds after which a run that never said its end is not at work any more."""

FORGOTTEN_AFTER = 7 * DEAD_AFTER
"""Seconds after which a write in doubt is no reason to keep a journal: nothing of it is under way."""

_FACTS = ("address", "what", "run", "project", "say")


@dataclass(frozen=True, slots=True)
class Intent:
    """A write that was about to be sent, and whose outcome no record tells.

    `at` is in seconds since the epoch; `facts` are what its sender noted, such as `fingerprint`, the
    digest of what it was to bring about, or `job`, the job that its answer named.
    """

    address: str
    what: str
    at: float
    run: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class History:
    """What a journal tells. `damaged` is the number of the first record that cannot be read, or 0.

    `restful`: nothing recent is in doubt, and nobody else can be at work with this journal.
    """

    intents: tuple[Intent, ...] = ()
    damaged: int = 0
    restful: bool = True
    empty: bool = True


class Journal:
    """The journal of one target, written to by one run. Raises FileRefused."""

    def __init__(
        self, root: Path, target: str, project: str, run: str, now: Callable[[], float]
    ) -> None:
        self._root = root
        self._name = f"journal-{file_name(target)}"
        self._project = project
        self._run = run
        self._now = now

    def history(self) -> History:
        """What earlier runs wrote down about this project."""
        folder = private_folder.opened(self._root, make=False)
        if folder is None:
            return History()
        with folder:
            try:
                data = folder.read(f"{self._name}.jsonl", LARGEST)
            except TooLarge:
                return History(damaged=1, empty=False)
        return History() if data is None else read(data, self._project, self._now())

    def begin(self) -> None:
        """A run begins. What a journal tells is put away where nothing in it is of use any more."""
        before = self.history()
        if before.restful and not before.empty:
            with self._folder() as folder:
                folder.rename(f"{self._name}.jsonl", f"{self._name}.old.jsonl")
        self._write("begin")

    def end(self) -> None:
        """A run comes to its end in good order, whatever became of its writes."""
        self._write("end")

    def intend(self, address: str, what: str, **facts: str) -> None:
        """A write is about to be sent; it is on disk when this returns."""
        self._write("intend", address=address, what=what, **facts)

    def ended(self, address: str, what: str, **facts: str) -> None:
        """What was intended has an outcome; with a `job` among the facts, it is that of the job."""
        self._write("ended", address=address, what=what, **facts)

    def settled(self, address: str) -> None:
        """A look showed what became of everything that was ever intended for it."""
        self._write("settled", address=address)

    def _write(self, say: str, **said: str) -> None:
        record = {**said, "say": say, "at": self._now(), "run": self._run, "project": self._project}
        with self._folder() as folder:
            # A line that a full disk cut off must not take this one with it.
            folder.append(f"{self._name}.jsonl", b"\n" + line(record) + b"\n")

    def _folder(self) -> private_folder.PrivateFolder:
        folder = private_folder.opened(self._root, make=True)
        assert folder is not None
        return folder


def file_name(target: str) -> str:
    """A name of a file that tells one target from all others, and never leaves the folder."""
    return quote(target, safe=" ").replace(".", "%2E")


# --- records --------------------------------------------------------------------------------------


def line(record: Mapping[str, Any]) -> bytes:
    """A record as a line, without its end."""
    body = json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
    return body + b" " + _checksum(body)


def read(data: bytes, project: str, now: float) -> History:
    """What the bytes of a journal tell about a project; total, whatever the bytes are."""
    lines = [each for each in data.split(b"\n") if each]
    records = [_record(each) for each in lines]
    damaged = next((number for number, each in enumerate(records, 1) if each is None), 0)
    own = [each for each in records if each and each.get("project") == project]
    intents = _open(own)
    fresh = any(now - each.at < FORGOTTEN_AFTER for each in intents)
    return History(intents, damaged, not (fresh or _working(own, now)), not lines)


def _record(text: bytes) -> dict[str, Any] | None:
    """The record of a line, None if it is not as it was written."""
    body, _, checksum = text.rpartition(b" ")
    if checksum != _checksum(body):
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if _is_record(found) else None


def _is_record(found: Any) -> bool:
    """Whether this is a record, which a file that came with a checkout need not hold."""
    if not isinstance(found, dict) or type(found.get("at")) not in (int, float):
        return False
    return all(isinstance(value, str) for key, value in found.items() if key != "at")


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:16].encode()


def _open(records: Iterable[Mapping[str, Any]]) -> tuple[Intent, ...]:
    found: dict[tuple[str, str], Intent] = {}
    for each in records:
        key = (each.get("address", ""), each.get("what", ""))
        facts = {name: value for name, value in each.items() if name not in (*_FACTS, "at")}
        if each.get("say") == "intend":
            found[key] = Intent(*key, float(each["at"]), each.get("run", ""), facts)
        elif each.get("say") == "ended" and key in found:
            before = found.pop(key)
            if "job" in facts:
                found[key] = Intent(*key, before.at, before.run, {**before.facts, **facts})
        elif each.get("say") == "settled":
            found = {other: held for other, held in found.items() if other[0] != key[0]}
    return tuple(found.values())


def _working(records: Iterable[Mapping[str, Any]], now: float) -> bool:
    """Whether a run that began has not ended, and may still be at work."""
    begun: dict[str, float] = {}
    for each in records:
        if each.get("say") == "end":
            begun.pop(each.get("run", ""), None)
        else:
            begun[each.get("run", "")] = float(each["at"])
    return any(now - at < DEAD_AFTER for at in begun.values())
