"""A profile: what a probe found out about one project, as the switches of the emulator.

An emulator that is given one behaves like the service that was probed. For the project itself it is
the proof that a dry run writes nothing there (docs/service.md U-08).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from deployer.errors import UsageError
from deployer.reading import project_files
from deployer.reading.project_files import FileRefused

VERSION = "1"
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Profile:
    """The switches that are known of a project at an address, such as `https://dataworks…`."""

    endpoint: str
    project: str
    switches: Mapping[str, str]

    def proves_dry_run(self, endpoint: str, project: str) -> bool:
        """Whether it is known that `DryRun` writes nothing in that project."""
        same = (self.endpoint, self.project) == (endpoint, project)
        return same and self.switches.get("dryrun") == "honoured"


def to_text(profile: Profile) -> str:
    """The profile as the text of its file."""
    document = {"format_version": VERSION, **asdict(profile)}
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def read(file: Path) -> Profile:
    """The profile in a file. Raises UsageError if there is none, or something else."""
    try:
        document = json.loads(project_files.read(file.parent, file.name, _LARGEST).data)
        version = document.pop("format_version")
        found = Profile(**document)
        texts = [found.endpoint, found.project, *found.switches.keys(), *found.switches.values()]
        if version != VERSION or not all(isinstance(text, str) for text in texts):
            raise ValueError(version)
    except FileRefused as refused:
        raise _unusable(file, refused.message) from refused
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _unusable(file, "it is no profile of this version") from error
    return found


def _unusable(file: Path, why: str) -> UsageError:
    return UsageError(
        "the profile cannot be used",
        where=str(file),
        why=why,
        written="nothing was written",
        hint="make one by `deployer doctor --probe FOLDER`, or leave out `profile` of the target",
    )
