"""Where a project lies in the git repository around it; git itself is not asked."""

from pathlib import Path


def folder_in_repository(root: Path) -> str:
    """The project folder relative to its repository: empty, or ending with `/`.

    Empty as well where there is no repository.
    """
    root = root.resolve()
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            inside = root.relative_to(folder).as_posix()
            return "" if inside == "." else f"{inside}/"
    return ""
