"""Where a project lies in the git repository around it; git itself is not asked."""

from pathlib import Path


def folder_in_repository(root: Path) -> str:
    """The project folder relative to its repository: empty, or ending with `/`.

    Empty as well where there is no repository.
    """
    repository = repository_of(root)
    inside = root.resolve().relative_to(repository).as_posix() if repository else "."
    return "" if inside == "." else f"{inside}/"


def repository_of(root: Path) -> Path | None:
    """The folder of the repository around a folder; None where there is none."""
    root = root.resolve()
    return next((each for each in (root, *root.parents) if (each / ".git").exists()), None)
