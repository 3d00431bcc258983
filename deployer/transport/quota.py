"""The calls of a day, counted over all commands that use a target, and what is left of them.

They are counted in a file of the project's `.deployer/` folder that has a byte for each call: commands
at the same time append to one file, and without it counting begins anew.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from deployer.errors import QuotaUsed
from deployer.reading import private_folder
from deployer.reading.project_files import FileRefused

CALLS_OF_PROOF = 6
"""Calls that a write and its proof may take: the write, polls of its job, reading back."""

_CHINA = timezone(timedelta(hours=8))

log = logging.getLogger(__name__)


class Quota:
    """What is left of the calls of a day, which ends at midnight in China (docs/service.md B-104)."""

    def __init__(self, limit: int, root: Path | None, name: str, now: Callable[[], float]) -> None:
        """Count under a name in a project, without one in memory alone; `now` in seconds since 1970."""
        self._limit = limit
        self._root = root
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
        with suppress(FileRefused):
            self._used = max(self._used, self._kept())
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

    def _kept(self) -> int:
        folder = self._folder()
        if folder is None:
            return 0
        with folder:
            status = folder.status(self._file)
        return status.st_size if status else 0

    def _keep(self) -> None:
        if self._root is None:
            return
        try:
            folder = private_folder.opened(self._root, make=True)
            assert folder is not None
            with folder:
                folder.append(self._file, b".", lasting=False)
        except FileRefused as refused:
            # Not worth failing for: the service counts as well, and says when it is enough.
            log.warning("the calls of the day are not kept: %s", refused.message)
            self._root = None

    def _folder(self) -> private_folder.PrivateFolder | None:
        return private_folder.opened(self._root, make=False) if self._root else None

    @property
    def _file(self) -> str:
        return f"{self._prefix}{self._day}"

    @property
    def _prefix(self) -> str:
        return f"calls-{self._name}-"

    def _turn_day(self) -> None:
        day = datetime.fromtimestamp(self._now(), UTC).astimezone(_CHINA).date().isoformat()
        if day == self._day:
            return
        self._day, self._used = day, 0
        with suppress(FileRefused):
            self._forget()

    def _forget(self) -> None:
        """Deletes the counts of earlier days; a name that another one begins with keeps its own."""
        folder = self._folder()
        if folder is None:
            return
        with folder:
            for name in folder.names():
                same = name.startswith(self._prefix) and len(name) == len(self._file)
                if same and name < self._file:
                    folder.remove(name)
