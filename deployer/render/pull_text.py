"""What a pull did, or would do, as text and as JSON."""

from collections import Counter
from collections.abc import Iterator

from deployer.model import FileEdit, Pull
from deployer.render.json_text import json_text
from deployer.render.visible import visible


def to_text(pull: Pull) -> str:
    """A line for each file, and the counts."""
    return "".join(f"{line}\n" for line in [*_edits(pull), counts(pull)])


def counts(pull: Pull) -> str:
    """One line: how many files, and how many workflows need none."""
    number = Counter(_action(edit) for edit in pull.edits)
    return (
        f"{number['create']} files created, {number['update']} updated; "
        f"{pull.unchanged} workflow{'' if pull.unchanged == 1 else 's'} unchanged"
    )


def remarks(pull: Pull) -> Iterator[str]:
    """What is to be known beside the files: fit to be shown."""
    for path in pull.missing:
        yield f"note: `{visible(path)}` is in a manifest and not in the workspace; left as it is"
    for note in pull.notes:
        yield f"note: {visible(note)}"
    for path, why in pull.failures:
        yield f"error: `{visible(path)}` was not pulled: {visible(why)}"


def to_json(pull: Pull) -> str:
    """One JSON document."""
    document = {
        "files": [
            {"file": edit.file, "address": edit.address, "action": _action(edit)}
            for edit in pull.edits
        ],
        "missing": list(pull.missing),
        "failures": [{"address": path, "error": why} for path, why in pull.failures],
        "notes": list(pull.notes),
        "unchanged": pull.unchanged,
        "api_calls": pull.api_calls,
    }
    return json_text(document)


def _edits(pull: Pull) -> Iterator[str]:
    for edit in pull.edits:
        sign = "+" if edit.before is None else "~"
        yield f"{sign} {_action(edit)} {visible(edit.file)}  ({visible(edit.address)})"


def _action(edit: FileEdit) -> str:
    return "create" if edit.before is None else "update"
