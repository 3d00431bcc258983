"""`deployer explain`: where the value of every field comes from."""

from typing import TYPE_CHECKING

import click

from deployer.cli.options import chosen, format_option, option, target_option
from deployer.cli.words import emit, paint
from deployer.errors import InvalidManifests, UsageError
from deployer.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployer.explain import Files
    from deployer.model import Explained, Observed, Settings, Target
    from deployer.rules.subject import Subject


@click.command("explain")
@click.argument("address", metavar="PATH[#NODE][:FIELD]")
@target_option
@option("--offline", is_flag=True, help="Do not ask the workspace what it holds.")
@format_option("text", "json")
def command(address: str, target: str | None, offline: bool, form: str) -> int:
    """Say where every field of a workflow comes from.

    A field is set by the manifest, a script file, a placeholder, `dependsOn`, or an override of the
    target; left open, it has its documented default, is made from names and paths, or stays as it is
    in the workspace. FIELD is a path as plans show it, within the node if one is named; everything
    below it is shown.
    """
    from deployer.render import explain_text

    settings, where = chosen(target)
    subject, rest = _subject(settings, where, address)
    prefixes = _prefixes(subject, rest)
    found = _narrowed(_explained(settings, subject, offline), prefixes)
    if form == "json":
        emit(explain_text.to_json(subject.path, where.name, found))
    else:
        emit(explain_text.to_text(subject.path, found, paint()))
    return 0


def _explained(settings: "Settings", subject: "Subject", offline: bool) -> "list[Explained]":
    from deployer.explain import explained

    live = None if offline else _live(subject)
    return explained(subject, _files(settings, subject), live)


def _subject(settings: "Settings", target: "Target", address: str) -> "tuple[Subject, str]":
    """The workflow that an address begins with, and the rest of the address."""
    from deployer.load import load

    loaded = load(settings, target)
    if loaded.errors:
        raise InvalidManifests(loaded.problems)
    for subject in sorted(loaded.subjects, key=lambda each: len(each.path), reverse=True):
        rest = address.removeprefix(subject.path)
        if address.startswith(subject.path) and (not rest or rest[0] in "#:"):
            return subject, rest
    path = address.partition("#")[0].partition(":")[0]
    raise _unknown(f"no workflow at `{path}`", path, (each.path for each in loaded.subjects))


def _prefixes(subject: "Subject", rest: str) -> list[str]:
    """The paths of the fields that the rest of an address means; one empty one for all of them."""
    from deployer.explain import edges_of, references

    if not rest.startswith("#"):
        return [rest.removeprefix(":")]
    known = references(subject)
    named = [name for name in known if rest[1:] == name or rest[1:].startswith(f"{name}:")]
    if not named:
        name = rest[1:].partition(":")[0]
        raise _unknown(f"`{subject.path}` has no node `{name}`", name, known)
    name = max(named, key=len)
    field = rest[len(name) + 2 :]
    return [f"{known[name]}.{field}"] if field else [known[name], edges_of(name)]


def _files(settings: "Settings", subject: "Subject") -> "Files":
    from deployer.explain import Files
    from deployer.manifest import parse
    from deployer.reading import project_files

    config = settings.config
    return Files(
        raw=parse(settings.root / subject.manifest.file, settings.root).text.value,
        manifest=project_files.read(settings.root, subject.manifest.file).data,
        config=project_files.read(settings.root, config.name).data if config else b"",
        config_name=config.name if config else "",
    )


def _live(subject: "Subject") -> "Observed | None":
    """The live workflow; None where there is none."""
    from deployer.cli.connect import connected, run
    from deployer.desired import from_manifest
    from deployer.observe import observe

    desired = from_manifest(subject.manifest, subject.target)

    async def main() -> "Observed | None":
        async with connected(subject.target) as connection:
            return await observe(desired, await connection.remote.summaries(), connection.remote)

    return run(main())


def _narrowed(found: "list[Explained]", prefixes: list[str]) -> "list[Explained]":
    """The fields below the paths; raises UsageError where there is none."""
    from deployer.explain import below

    shown = [each for each in found if any(below(each.path, prefix) for prefix in prefixes)]
    if not shown:
        wanted = prefixes[0]
        raise _unknown(f"there is no field `{wanted}`", wanted, (each.path for each in found))
    return shown


def _unknown(what: str, wanted: str, known: "Iterable[str]") -> UsageError:
    near = nearest(wanted, known)
    hint = f"did you mean `{near}`?" if near else "`deployer graph` draws workflows and nodes"
    return UsageError(what, hint=hint)
