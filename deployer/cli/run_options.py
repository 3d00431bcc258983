"""The options of runs and backfills, and the run document that they and a run file make together."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from deployer.cli.options import Command, option, timeout_option
from deployer.errors import UsageError

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for, unchecked; `place` tells where in the run file a value stands."""

    document: Document
    place: Callable[[tuple[str | int, ...]], str]
    from_file: bool


def stacked(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options at once, in the order of the help."""

    def decorate(command: Command) -> Command:
        for each in reversed(options):
            command = each(command)
        return command

    return decorate


def _pairs(_: click.Context, parameter: click.Parameter, given: Iterable[str]) -> dict[str, str]:
    """`KEY=VALUE`, given as often as wanted."""
    found = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{text!r} is no KEY=VALUE", param=parameter)
        found[key] = value
    return found


def pairs(name: str, key: str, help_text: str) -> Callable[[Command], Command]:
    """An option that takes `KEY=VALUE`, given as often as wanted."""
    shape: dict[str, Any] = {"multiple": True, "metavar": "KEY=VALUE", "callback": _pairs}
    return option(name, key, help=help_text, **shape)


common = stacked(
    option(
        "--file",
        "file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Run file (schemas/run.schema.json); flags override it.",
    ),
    option(
        "--node", "nodes", multiple=True, metavar="NAME", help="Node to run; may be given again."
    ),
    option(
        "--include", multiple=True, metavar="NAME", help="Node to take in; the ends of a chain."
    ),
    option("--exclude", multiple=True, metavar="NAME", help="Node to leave out."),
    option("--env", type=click.Choice(["Prod", "Dev"]), help="Environment.  [default: Prod]"),
    option("--resource-group", "resourceGroup", metavar="ID", help="Resource group to run in."),
    option("--priority", type=int, metavar="N", help="Priority of the run, 1 to 11."),
    pairs("--param", "parameters", "Parameter of the workflow; may be given again."),
    pairs("--task-param", "taskParameters", "Script parameters of one node: NODE=TEXT."),
    pairs("--tag", "tags", "Tag of the instances; may be given again."),
    option("--comment", metavar="TEXT", help="Why it is run."),
    option(
        "--run-name",
        "name",
        metavar="NAME",
        help="Name of the run: the same name again finds the run instead of making another.",
    ),
    option("--no-start", is_flag=True, help="Make the instances and do not start them."),
)
"""What every type of run can be told."""

watched = stacked(
    option(
        "--wait/--no-wait", "wait", default=False, help="Watch it to its end; exit 10 on failure."
    ),
    timeout_option,
)
"""How long a command stays."""


def wished(path: str | None, given: Mapping[str, Any]) -> Wish:
    """The document of a run file with the flags over it.

    Raises UsageError for a file that cannot be read, and where no workflow is named.
    """
    flags = {key: _listed(value) for key, value in given.items() if _is_given(value)}
    if flags.pop("no_start", False):
        flags["autoStart"] = False
    file = flags.pop("file", None)
    document, place = _read(file) if file else ({}, lambda _: "")
    if path:
        flags["workflow"] = path
    if not flags.get("workflow") and not document.get("workflow"):
        raise UsageError("no workflow is named", hint="give its PATH, as `deployer plan` shows it")

    def where(pointer: tuple[str | int, ...]) -> str:
        return "" if _is_of_flags(pointer, flags, document) else place(pointer)

    return Wish({**document, **_merged(document, flags)}, where, from_file=file is not None)


def _is_of_flags(pointer: tuple[str | int, ...], flags: Document, document: Document) -> bool:
    """Whether a flag said what stands at a place; of a block the rest is still the file's."""
    first, *inner = pointer or ("",)
    if first not in flags:
        return False
    block = flags[first]
    shared = isinstance(block, dict) and document.get(first) is not None
    return not shared or bool(inner and inner[0] in block)


def _merged(document: Document, flags: Document) -> Document:
    """The flags; a block, or pairs, that the file has too are completed from there."""
    return {key: _completed(document.get(key), value) for key, value in flags.items()}


def _completed(in_file: Any, flag: Any) -> Any:
    """A flag over the file; what in the file is no block stays, for the check to refuse it there."""
    if not isinstance(flag, dict) or in_file is None:
        return flag
    return {**in_file, **flag} if isinstance(in_file, dict) else in_file


def _is_given(value: Any) -> bool:
    return value is not None and value not in ((), [], {})


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _read(file: Path) -> tuple[Document, Callable[[tuple[str | int, ...]], str]]:
    from deployer.reading import documents, project_files
    from deployer.reading.project_files import FileRefused
    from deployer.reading.source import Irregular

    try:
        data = project_files.read(file.parent, file.name).data
        document = documents.parse(data, file.suffix).value
    except FileRefused as refused:
        raise UsageError(refused.message, where=str(file), hint=refused.hint) from refused
    except Irregular as irregular:
        first = irregular.findings[0]
        at = f"{file}:{first.line}:{first.column}"
        raise UsageError(first.message, where=at, hint=first.hint) from irregular

    def place(pointer: tuple[str | int, ...]) -> str:
        line, column = documents.locate(data, file.suffix, [pointer])[pointer].value
        return f"{file}:{line}:{column}"

    return document, place
