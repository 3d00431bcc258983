"""Planned misbehaviour: which call it hits, and what becomes of that call; kept in the database.

A fault is taken when a call meets it, in the transaction of that call, so the same calls meet the
same faults, whichever process serves them. How a spoilt answer looks is left to `replies`.
"""

import json
import random
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

TABLES = (
    """CREATE TABLE IF NOT EXISTS fault (
      id INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, met INTEGER NOT NULL,
      struck INTEGER NOT NULL)""",
    # What a read answered, now and before that; only kept while a stale answer is planned.
    """CREATE TABLE IF NOT EXISTS answered (
      question TEXT PRIMARY KEY, latest TEXT NOT NULL, earlier TEXT NOT NULL)""",
)

KINDS: Mapping[str, str] = {
    "status": "an error with `status` and `code`",
    "throttled": "429 `Throttling.<scope>`, with `retry_after` as `x-acs-retry-after`; no effect",
    "quota": "429 `Throttling.Api.Risk`: the calls of the day are used up; no effect",
    "reset": "the connection is reset instead of an answer",
    "hang": "no answer ever comes",
    "truncated": "the connection ends in the middle of the body",
    "html": "200 with a page of HTML",
    "empty": "200 without a body",
    "list": "200 with `[]`",
    "text": "200 whose every value is a text",
    "twice": "200 with the same JSON document two times",
    "keys": "200 whose JSON names each key two times, the second time with null",
    "other": "the answer of the call before",
    "stale": "a read is answered as it was before the last change",
    "late": "the answer takes `ms` longer; `before` the effect, so does the effect",
    "die": "the process ends at once, `within` a transaction at its n-th `statement`",
}
MOMENTS = ("before", "after", "within")
SCOPES = ("User", "Api", "System")
_HARMLESS = ("throttled", "quota")
"""Kinds that mean that the call was not carried out."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What to do to which calls; raises ValueError where that makes no sense.

    Calls of `action` are counted from the moment the fault is added. It strikes the `nth` of them,
    or every `every`-th, or each with probability `chance` (drawn from `seed`), or each when none of
    these is given; at most `times` times, if that is not 0.
    """

    kind: str
    action: str = "*"
    nth: int = 0
    every: int = 0
    chance: float = 0.0
    seed: int = 0
    times: int = 0
    moment: str = "before"
    status: int = 500
    code: str = "InternalError.System"
    scope: str = "User"
    retry_after: tuple[str, ...] = ()
    ms: int = 0
    statement: int = 1

    def __post_init__(self) -> None:
        _check_types(self)
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {self.kind}")
        if self.moment not in MOMENTS:
            raise ValueError(f"moment is one of {', '.join(MOMENTS)}, not {self.moment}")
        if self.scope not in SCOPES:
            raise ValueError(f"scope is one of {', '.join(SCOPES)}, not {self.scope}")
        if self.moment == "within" and self.kind != "die":
            raise ValueError("only the process dies within a transaction")
        if not 400 <= self.status <= 599:
            raise ValueError(f"status is an error of HTTP, not {self.status}")
        if not 0 <= self.chance <= 1 or sum(map(bool, (self.nth, self.every, self.chance))) > 1:
            raise ValueError("give one of nth, every and chance, the last between 0 and 1")

    def is_(self, kind: str, moment: str) -> bool:
        """Tell whether this is a fault of such a kind at such a moment."""
        return (self.kind, self.moment) == (kind, moment)

    @property
    def carried_out(self) -> bool:
        """Whether the call has its effect."""
        return self.kind in ("late", "stale", "other", "die") or (
            self.moment == "after" and self.kind not in _HARMLESS
        )


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault in the database: how many calls it has met and struck."""

    id: int
    fault: Fault
    met: int
    struck: int


def from_mapping(values: Mapping[str, Any]) -> Fault:
    """Return a fault from JSON; raises ValueError for an unknown or unfit field."""
    known = dict(values)
    if isinstance(known.get("retry_after"), str):
        known["retry_after"] = (known["retry_after"],)
    if isinstance(known.get("retry_after"), list):
        known["retry_after"] = tuple(known["retry_after"])
    try:
        return Fault(**known)
    except TypeError as err:
        raise ValueError(f"not a fault: {err}") from err


def add(db: sqlite3.Connection, fault: Fault) -> int:
    """Plan a fault and return its id."""
    body = json.dumps(asdict(fault))
    query = "INSERT INTO fault (kind, body, met, struck) VALUES (?, ?, 0, 0)"
    row = db.execute(query, (fault.kind, body))
    return int(row.lastrowid or 0)


def planned(db: sqlite3.Connection) -> list[Planned]:
    """Return all faults, in the order in which they were added."""
    return [
        Planned(row["id"], from_mapping(json.loads(row["body"])), row["met"], row["struck"])
        for row in db.execute("SELECT * FROM fault ORDER BY id")
    ]


def clear(db: sqlite3.Connection) -> None:
    """Forget every fault, and what was kept for stale answers."""
    db.execute("DELETE FROM fault")
    db.execute("DELETE FROM answered")


def strike(db: sqlite3.Connection, plan: list[Planned], action: str) -> Fault | None:
    """Let a call of `action` meet every planned fault; return the first one that strikes it."""
    found: Fault | None = None
    for entry in (entry for entry in plan if entry.fault.action in ("*", action)):
        met = replace(entry, met=entry.met + 1)
        strikes = found is None and _strikes(met)
        found = met.fault if strikes else found
        db.execute(
            "UPDATE fault SET met = ?, struck = ? WHERE id = ?",
            (met.met, met.struck + strikes, met.id),
        )
    return found


def remembers(db: sqlite3.Connection) -> bool:
    """Tell whether answers are to be remembered, because a stale one is planned."""
    row = db.execute("SELECT 1 FROM fault WHERE kind = 'stale' LIMIT 1").fetchone()
    return row is not None


def earlier(db: sqlite3.Connection, question: str, answer: str, stale: bool) -> str:
    """Remember what a read answers; return that, or what it answered before, when `stale`."""
    row = db.execute("SELECT * FROM answered WHERE question = ?", (question,)).fetchone()
    latest, before = (row["latest"], row["earlier"]) if row else (answer, answer)
    if latest != answer:
        latest, before = answer, latest
    db.execute("INSERT OR REPLACE INTO answered VALUES (?, ?, ?)", (question, latest, before))
    return before if stale else answer


def _strikes(entry: Planned) -> bool:
    fault, met = entry.fault, entry.met
    if fault.times and entry.struck >= fault.times:
        return False
    if fault.nth:
        return met == fault.nth
    if fault.every:
        return met % fault.every == 0
    if fault.chance:
        return random.Random(f"{fault.seed}/{met}").random() < fault.chance
    return True


def _check_types(fault: Fault) -> None:
    for name in ("kind", "action", "moment", "code", "scope"):
        if not isinstance(getattr(fault, name), str):
            raise ValueError(f"{name} is a text")
    for name in ("nth", "every", "seed", "times", "status", "ms", "statement"):
        value = getattr(fault, name)
        if type(value) is not int or (value < 0 and name != "seed"):
            raise ValueError(f"{name} is a whole number, not negative")
    if type(fault.chance) not in (int, float):
        raise ValueError("chance is a number")
    if not all(isinstance(value, str) for value in fault.retry_after):
        raise ValueError("retry_after is a text or a list of texts")
