"""`deployer pull`: writes what is live into the files of the project; only reads the workspace."""

import click

from deployer.cli.deadline import Deadline
from deployer.cli.options import chosen, format_option, option, target_option, timeout_option
from deployer.cli.words import emit, say
from deployer.errors import EXIT_CHANGES, RefusedBySafety, UsageError
from deployer.model import Pull, Settings, Target


@click.command("pull")
@click.argument("select", nargs=-1)
@target_option
@option("--check", is_flag=True, help="Write nothing; print a patch, exit 2 if there is one.")
@format_option("text", "json")
@timeout_option
def command(
    select: tuple[str, ...], target: str | None, check: bool, form: str, deadline: Deadline
) -> int:
    """Write live workflows into manifests and script files; then the plan is empty.

    SELECT names folders, paths or globs of workflows as the workspace spells them; without it, all
    workflows are pulled, or those in `scope:`. An existing manifest is changed only where it differs.
    """
    from deployer.render import patch, pull_text

    settings, where = chosen(target)
    found = _pulled(settings, where, select, deadline)
    if not check:
        _write(settings, found)
    for line in pull_text.remarks(found):
        say(line)
    if form == "json":
        emit(pull_text.to_json(found))
    elif check:
        emit(patch.to_patch(found.edits))
    else:
        emit(pull_text.to_text(found))
    if check and found.differs:
        return EXIT_CHANGES
    return 1 if found.failures else 0


def _pulled(
    settings: Settings, target: Target, select: tuple[str, ...], deadline: Deadline
) -> Pull:
    """What there is to pull; existing manifests are read and checked first."""
    from deployer import pull
    from deployer.cli.connect import connected, run
    from deployer.load import Loaded, load
    from deployer.reading.manifest_files import manifest_files

    files = manifest_files(settings)
    loaded = load(settings, target) if files else Loaded((), settings.warnings, {})

    async def main() -> Pull:
        async with deadline.bounded(), connected(target, deadline) as connection:
            return await pull.pull(settings, loaded, target, connection.remote, select)

    return run(main())


def _write(settings: Settings, found: Pull) -> None:
    """Every file, scripts before the manifests that name them; nothing where work would be lost."""
    from deployer.reading.project_files import FileRefused
    from deployer.reading.project_writer import write
    from deployer.reading.uncommitted import uncommitted

    changed = [edit.file for edit in found.edits if edit.before is not None]
    if lost := uncommitted(settings.root, changed):
        raise RefusedBySafety(
            "files with uncommitted changes would be overwritten",
            where=", ".join(lost),
            why="git holds no copy of them as they are now",
            written="nothing was written",
            hint="commit or stash them; `deployer pull --check` shows what would change",
        )
    done: list[str] = []
    for edit in reversed(found.edits):
        try:
            write(settings.root, edit.file, edit.after, new=edit.before is None)
        except FileRefused as refused:
            raise UsageError(
                f"`{edit.file}` cannot be written",
                where=str(settings.root),
                why=refused.message,
                written=f"{len(done)} of {len(found.edits)} files were written",
                hint="correct it and pull again: what was written stays as it is",
            ) from refused
        done.append(edit.file)
