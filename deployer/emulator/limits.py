"""How many calls an account has: a day's quota and a rate (docs/service.md B-104).

Both are settings, off by default. Refused calls count too; times are those of the emulator.
"""

import sqlite3

from deployer.emulator.failures import ApiError
from deployer.emulator.world import World

_DAY_MS = 86_400_000
_CHINA_MS = 8 * 3_600_000
"""Days end at midnight in China."""


def count(world: World) -> None:
    """Count a call; raises ApiError when it is one too many."""
    quota, rate = (world.switches.amount(name) for name in ("daily_quota", "qps"))
    # Counted first and whatever follows: a call beyond the rate uses up the day as well.
    today = _used(world.db, "day", (world.now + _CHINA_MS) // _DAY_MS) if quota else 0
    second = _used(world.db, "second", world.now // 1000) if rate else 0
    if today > quota:
        raise ApiError(429, "Throttling.Api.Risk", f"The daily quota of {quota:.0f} is used up.")
    if second > rate:
        pause = str(1000 - world.now % 1000)
        message = "Request was denied due to user flow control."
        raise ApiError(429, "Throttling.User", message, (pause,))


def _used(db: sqlite3.Connection, span: str, number: int) -> int:
    """Return which call this is in a day or second."""
    row = db.execute(
        "INSERT INTO setting VALUES (:name, :first)"
        " ON CONFLICT (name) DO UPDATE SET value = CASE"
        "   WHEN value LIKE :number || ':%'"
        "   THEN :number || ':' || (CAST(substr(value, length(:number) + 2) AS INTEGER) + 1)"
        "   ELSE :first END"
        " RETURNING CAST(substr(value, length(:number) + 2) AS INTEGER)",
        {"name": f"calls in the {span}", "number": str(number), "first": f"{number}:1"},
    ).fetchall()
    return int(row[0][0])
