"""The calls of a day, counted over all commands that use a target, and what is left of them.

They are counted in a file of the project's `.deployer/` folder that has a byte for each call: commands
at the same time append to one file, and without it counting begins anew.
"""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from deployer.errors import QuotaUsed

CALLS_OF_PROOF = 6
"""Calls that a write and its proof may take: the write, polls of its job, reading back."""

_CHINA = timezone(timedelta(hours=8))

log = logging.getLogger(__name__)


class Quota:
    """What is left of the calls of a day, which ends at midnight in China (docs/service.md B-104)."""

    def __init__(
        self, limit: int, folder: Path | None, name: str, now: Callable[[], float]
    ) -> None:
        """Count under a name in a folder, without one in memory alone; `now` in seconds since 1970."""
        self._limit = limit
        self._folder = folder
        self._name = name
        self._now = now
        self._day = ""
        self._used = 0

    @property
    def told(self) -> str:
        """How much of it is used, in words."""
        return f"{self.used()} of {self._limit} calls used"

    def used(self) -> int:
        """The calls of today, those of other commands included."""
        self._turn_day()
        with suppress(OSError):
            self._used = max(self._used, self._file().stat().st_size if self._folder else 0)
        return self._used

    def enough(self, calls: int) -> bool:
        """Whether so many calls are left today."""
        return self.used() + calls <= self._limit

    def take(self, *, writes: bool) -> None:
        """Count a call that is sent now.

        Raises QuotaUsed, and counts nothing, where none is left, or too few to prove a write.
        """
        if not self.enough(CALLS_OF_PROOF if writes else 1):
            raise QuotaUsed(
                self.told,
                why="the calls left do not prove a write" if writes else "none is left today",
                hint="run the command again tomorrow; `limits.apiCallsPerDay` of the target says how "
                "many there are",
            )
        self._used += 1
        self._keep()

    def _keep(self) -> None:
        if self._folder is None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(self._file(), flags, 0o600)
            try:
                os.write(file, b".")
            finally:
                os.close(file)
        except OSError as error:
            # Not worth failing for: the service counts as well, and says when it is enough.
            log.warning("the calls of the day are not kept: %s", error.strerror)
            self._folder = None

    def _file(self) -> Path:
        return Path(self._folder or "") / f"{self._prefix}{self._day}"

    @property
    def _prefix(self) -> str:
        return f"calls-{self._name}-"

    def _turn_day(self) -> None:
        day = datetime.fromtimestamp(self._now(), UTC).astimezone(_CHINA).date().isoformat()
        if day == self._day:
            return
        self._day, self._used = day, 0
        if self._folder is not None and self._folder.is_dir():
            for old in self._folder.glob(f"{self._prefix}????-??-??"):
                if old.name < self._file().name:
                    old.unlink(missing_ok=True)
