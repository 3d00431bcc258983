"""Files that are not written yet, read as the next plan will read them: in a folder of their own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from deployer.load import Loaded, load
from deployer.model import FileEdit, Problem, Settings, Target
from deployer.reading.project_files import FileRefused, read

_MOVED = "if a workflow moved, correct `script.path` in its manifest"


@contextmanager
def rehearsed(settings: Settings, files: Mapping[str, bytes]) -> Iterator[Settings]:
    """The settings of a project that holds these files and no others, for as long as it is looked at."""
    with TemporaryDirectory(prefix="deployer-pull-") as folder:
        for file, data in files.items():
            place = Path(folder, file)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        yield replace(settings, root=Path(folder), warnings=())


def present(root: Path, files: Sequence[str]) -> dict[str, bytes]:
    """Those of the files that can be read."""
    found = {}
    for file in files:
        try:
            found[file] = read(root, file).data
        except FileRefused:
            continue
    return found


def misfits(
    settings: Settings, target: Target, loaded: Loaded, edits: Sequence[FileEdit]
) -> dict[str, str]:
    """Path of a workflow → why its files cannot stand beside the other manifests of the project.

    A name or an output that two workflows have ends every later command, so it is not written. What is
    said of a manifest that stays as it is counts against the new file that it names.
    """
    found: dict[str, str] = {}
    sources = [file for manifest, used in loaded.sources.items() for file in (manifest, *used)]
    old = present(settings.root, sources)
    while edits:
        with rehearsed(settings, old | {each.file: each.after for each in edits}) as there:
            problems = [each for each in load(there, target).problems if each.severity == "error"]
        new = _blamed(problems, edits)
        if not new:
            return found
        found |= new
        edits = [each for each in edits if each.address not in found]
    return found


def _blamed(problems: Sequence[Problem], edits: Sequence[FileEdit]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for problem in problems:
        at = [each.address for each in edits if each.file == problem.location.file]
        named = [each.address for each in edits if f"{each.file}:" in problem.message]
        for address in (at or named)[:1]:
            why = f"{problem.rule} {problem.message}"
            found.setdefault(address, []).append(why if at else f"{problem.location}: {why}")
    return {
        address: f"it cannot stand beside the other manifests: {'; '.join(messages)}; {_MOVED}"
        for address, messages in found.items()
    }
