"""A recorded workspace as it lies on disk; how it is made is in `twin`, who serves it is `service`."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.rounds import ROOT

CACHE = ROOT / ".bench"


@dataclass(frozen=True)
class Twin:
    """A recorded workspace: `answers` lie one after the other in a file, `index` says where."""

    folder: Path

    @property
    def answers(self) -> Path:
        """The bodies of all answers to Get."""
        return self.folder / "answers"

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many `workflows` and `nodes` there are: what can be known without the whole index."""
        found: dict[str, int] = json.loads((self.folder / "counts.json").read_bytes())
        return found

    @cached_property
    def index(self) -> list[dict[str, Any]]:
        """Id, offset and length, line and lines of nodes of every workflow, in the order of lists."""
        found: list[dict[str, Any]] = json.loads((self.folder / "index.json").read_bytes())
        return found
