"""What is noted on disk while something is written: backups before, intents, and how they ended."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from deployer.backups import Backups, Undoing
from deployer.journal import Journal
from deployer.model import Observed


class Records(Protocol):
    """Told of every write, before it is sent and once it is answered.

    All methods return when what they note is on disk, and raise FileRefused where it cannot be.
    """

    def backup(self, address: str, kind: str, before: Observed | None, meant: str) -> None:
        """The live object as it is before the first write to it, None for one that is created."""

    def intend(self, address: str, what: str, **facts: str) -> None:
        """A write is about to be sent; `what` is a noun, as in `import`."""

    def ended(self, address: str, what: str, **facts: str) -> None:
        """The outcome of a write is known; with a `job`, it is known only once that job has ended."""

    def settled(self, address: str) -> None:
        """A look showed what became of everything that was ever sent for it."""

    def left(self, address: str, fingerprint: str) -> None:
        """A look showed how the object is after the write; an empty fingerprint: it is gone."""


class Unrecorded:
    """Records for a caller without a folder: nothing is noted."""

    def backup(self, address: str, kind: str, before: Observed | None, meant: str) -> None:
        """Note nothing."""

    def intend(self, address: str, what: str, **facts: str) -> None:
        """Note nothing."""

    def ended(self, address: str, what: str, **facts: str) -> None:
        """Note nothing."""

    def settled(self, address: str) -> None:
        """Note nothing."""

    def left(self, address: str, fingerprint: str) -> None:
        """Note nothing."""


class Kept:
    """Records in the `.deployer/` of a project, for one run on one target."""

    def __init__(
        self,
        root: Path,
        target: str,
        project: str,
        run: str,
        now: Callable[[], float],
        undoing: Undoing | None = None,
    ) -> None:
        self.journal = Journal(root, target, project, run, now)
        self.backups = Backups(root, target, project, now, undoing)

    def backup(self, address: str, kind: str, before: Observed | None, meant: str) -> None:
        """See `Records`."""
        self.backups.keep(address, kind, before, meant)

    def intend(self, address: str, what: str, **facts: str) -> None:
        """See `Records`."""
        self.journal.intend(address, what, **facts)

    def ended(self, address: str, what: str, **facts: str) -> None:
        """See `Records`."""
        self.journal.ended(address, what, **facts)

    def settled(self, address: str) -> None:
        """See `Records`."""
        self.journal.settled(address)

    def left(self, address: str, fingerprint: str) -> None:
        """See `Records`."""
        self.backups.left(address, fingerprint)
