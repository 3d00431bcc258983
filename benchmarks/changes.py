"""Edits of made-up manifests with a known outcome: which workflows a plan has to name, and no others.

Each edit is one that people make. `untouched` is text that means the same: a plan must not name it.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

EVERY = 40
"""Of so many workflows one is changed where few are."""

FEWEST = 3
_NODE = "\n        - name: "

Edit = Callable[[Path], None]


def few(manifests: Sequence[Path]) -> list[Path]:
    """The manifests that differ where few do, spread over all of them."""
    step = max(1, min(EVERY, len(manifests) // FEWEST))
    return list(manifests[step - 1 :: step])


def change(manifests: Sequence[Path], edits: Sequence[Edit] = ()) -> set[str]:
    """Edit every manifest, each in the next way of `edits` or of all; returns the workflows' paths."""
    ways = edits or EDITS
    for number, manifest in enumerate(manifests):
        ways[number % len(ways)](manifest)
    return {address(manifest) for manifest in manifests}


def untouched(manifests: Sequence[Path]) -> None:
    """Edit every manifest so that it says the same in other words."""
    for manifest in manifests:
        _edit(manifest, "# Made up from a seed", "# Touched by somebody, made up from a seed")
        _edit(manifest, "timezone: Europe/Berlin", 'timezone: "Europe/Berlin" # as in the office')


def address(manifest: Path) -> str:
    """The path of the workflow that a manifest of `generate.project` makes."""
    return f"bench/{manifest.parent.name}/{manifest.stem}"


def _script(manifest: Path) -> None:
    """Another statement in a script that lies in the manifest."""
    _edit(manifest, "INSERT OVERWRITE TABLE", "INSERT INTO TABLE")


def _script_file(manifest: Path) -> None:
    """Another statement in a script of its own file."""
    file = next((manifest.parent / "sql").glob(f"{manifest.stem}_*_000.sql"))
    _edit(file, "SELECT  a.id", "SELECT  DISTINCT a.id")


def _schedule(manifest: Path) -> None:
    """Another minute of the day."""
    text = manifest.read_text("utf-8")
    minute = re.search(r'cron: "00 (\d\d)', text)
    assert minute is not None
    _edit(manifest, minute[0], f'cron: "00 {(int(minute[1]) + 7) % 60:02}')


def _added_node(manifest: Path) -> None:
    """A copy of the last node under another name."""
    text = manifest.read_text("utf-8")
    last = text.rpartition(_NODE)[2]
    name = last.partition("\n")[0]
    manifest.write_text(f"{text.rstrip()}{_NODE}{last.replace(name, name + '_more')}", "utf-8")


def _output(manifest: Path) -> None:
    """The output of the last node, for which nobody waits, gone for another one."""
    text = manifest.read_text("utf-8")
    head, mark, tail = text.rpartition("              - data: ")
    name, _, rest = tail.partition("\n")
    manifest.write_text(f"{head}{mark}{name}_v2\n{rest}", "utf-8")


def _policy(manifest: Path) -> None:
    """Another priority of the workflow, a field among hundreds."""
    _edit(manifest, "priority: 1\n        rerunMode", "priority: 3\n        rerunMode")


def _edit(file: Path, before: str, after: str) -> None:
    text = file.read_text("utf-8")
    if before not in text:
        raise ValueError(f"{file} does not hold {before!r}")
    file.write_text(text.replace(before, after, 1), "utf-8")


CONTENTS: tuple[Edit, ...] = (_script, _schedule, _script_file)
"""Edits of scripts and schedules only: what a simple script can see, and write."""

EDITS: tuple[Edit, ...] = (*CONTENTS, _added_node, _output, _policy)
