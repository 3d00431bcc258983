"""`--select` and `--exclude`: the options, and what git has to say before workflows are chosen."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from deployer.cli.options import option

if TYPE_CHECKING:
    from deployer.asked import Asked
    from deployer.load import Loaded
    from deployer.model import Settings
    from deployer.reading.git import Git
    from deployer.selection import Choose

Command = TypeVar("Command", bound=Callable[..., Any])


def selection_options(command: Command) -> Command:
    """`--select TERM` and `--exclude TERM`, as often as is wished; in a variable, blanks part them."""
    select = option(
        "--select",
        metavar="TERM",
        multiple=True,
        help="Only these workflows: a path, a folder or a glob of paths, `name:GLOB`, `file:GLOB`, "
        "`changed:REVISION`; with `+` behind it, what waits for them too.",
    )
    exclude = option(
        "--exclude", metavar="TERM", multiple=True, help="Not these workflows, though selected."
    )
    return select(exclude(command))


def pinned(asked: "Asked", settings: "Settings") -> "Asked":
    """What is asked, with commits in place of the revisions of `changed:`.

    The name of a branch means another commit as soon as what is planned here is merged into it.
    """
    from dataclasses import replace

    from deployer.reading.git import Git

    git = Git(settings.root, os.environ)
    select, exclude = (
        tuple(_pinned(term, git) for term in terms) for terms in (asked.select, asked.exclude)
    )
    return replace(asked, select=select, exclude=exclude)


def _pinned(text: str, git: "Git") -> str:
    from deployer.selection import Term

    term = Term.parse(text)
    commit = git.commit(term.pattern) if term.kind == "changed" else ""
    return f"changed:{commit}{'+' if term.downstream else ''}" if commit else text


def uncommitted(commit: str, settings: "Settings", loaded: "Loaded") -> bool:
    """Whether any file that a plan is made of differs from a commit; never so where there is none."""
    from deployer.reading.changed_files import changed_since
    from deployer.reading.git import Git

    files = _files(settings, loaded)
    git = Git(settings.root, os.environ)
    return bool(commit) and not files.isdisjoint(changed_since(git, commit, files))


def _files(settings: "Settings", loaded: "Loaded") -> set[str]:
    """The names of all files that a plan is made of."""
    config = {settings.config.name} if settings.config else set()
    return {*loaded.sources, *(file for each in loaded.sources.values() for file in each), *config}


def choice(asked: "Asked", settings: "Settings", loaded: "Loaded") -> "Choose":
    """What says which workflows are meant. Raises UsageError for a term or revision that is none."""
    from deployer.reading.changed_files import changed_since
    from deployer.reading.git import Git
    from deployer.selection import Selection, chosen, everything

    selection = Selection.parse(asked.select, asked.exclude)
    if not selection.text:
        return everything
    shared = settings.config.name if settings.config else ""
    files = _files(settings, loaded)
    git = Git(settings.root, os.environ)
    changed = {each: changed_since(git, each, files) for each in selection.revisions}
    return lambda workflows: chosen(selection, workflows, changed, shared)
