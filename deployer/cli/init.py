"""`deployer init`: the first files of a project; never changes a file that is there."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import click

from deployer.cli.options import option
from deployer.cli.words import emit, say
from deployer.errors import UsageError
from deployer.render.visible import visible
from deployer.starter import CI, FOLDER, IDENTIFIER, IGNORE_FILE, Answers, ignoring, new_files

_FOLDER = re.compile(r"[\w-]+(/[\w-]+)*")
_NAME = re.compile(r"\w+")
_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)


@click.command("init")
@option("--folder", metavar="NAME", help=f"Folder of the workspace to own.  [default: {FOLDER}]")
@option("--region", metavar="REGION", help="Region of a real workspace, for a target `prod` too.")
@option("--project", metavar="ID", help="Id of that workspace: digits.")
@option(
    "--project-identifier",
    metavar="NAME",
    help=f"Name of the workspace in outputs.  [default: {IDENTIFIER}]",
)
@option("--ci", type=click.Choice(tuple(CI)), help="CI files to write.  [default: github]")
@option("--hook/--no-hook", default=None, help="Write .pre-commit-config.yaml, or do not.")
@option("--yes", is_flag=True, help="Ask nothing: what no option says has its default.")
def command(
    folder: str | None,
    region: str | None,
    project: str | None,
    project_identifier: str | None,
    ci: str | None,
    hook: bool | None,
    yes: bool,
) -> int:
    """Write the first files of a project into this folder.

    These are deployer.yaml with the target `local`, a workspace in a file on this machine; a first
    workflow with its script; a pre-commit hook and CI files; lines of .gitignore. On a terminal what
    no option says is asked for. No file that is there is changed, but lines are added to .gitignore.
    """
    asks = not yes and sys.stdin.isatty() and os.environ.get("DEPLOYER_INPUT") != "0"
    ask = _Questions(asks)
    region = ask.text("Region of your workspace, empty to add it later", region, "", _region)
    real = bool(region)
    answers = Answers(
        region=region,
        project=ask.text("Id of the workspace", project, "", _project) if real or project else "",
        identifier=ask.text(
            "Name of the workspace in outputs", project_identifier, IDENTIFIER, _identifier
        ),
        folder=ask.text("Folder of the workspace to own", folder, FOLDER, _folder),
        ci=ask.choice("CI files to write", ci, tuple(CI)),
        hook=ask.yes_or_no("Write a pre-commit hook", hook),
    )
    _check_workspace(answers)
    _write(Path.cwd(), answers)
    return 0


# --- questions ------------------------------------------------------------------------------------


class _Questions:
    """Asks for what no option said, or takes the default where nobody can answer."""

    def __init__(self, asks: bool) -> None:
        self._asks = asks

    def text(
        self, question: str, said: str | None, default: str, check: Callable[[str], str]
    ) -> str:
        """A text that `check` lets pass; a wrong answer is asked for again, a wrong option raises."""
        if said is not None or not self._asks:
            return check(default if said is None else said)

        def checked(answer: str) -> str:
            try:
                return check(answer)
            except UsageError as wrong:
                raise click.BadParameter(f"{wrong.what}; {wrong.hint}") from wrong

        shown = bool(default)
        return str(
            click.prompt(question, default, value_proc=checked, show_default=shown, err=True)
        )

    def choice(self, question: str, said: str | None, choices: tuple[str, ...]) -> str:
        """One of several; the first is the default."""
        if said is not None or not self._asks:
            return said or choices[0]
        return str(click.prompt(question, choices[0], type=click.Choice(choices), err=True))

    def yes_or_no(self, question: str, said: bool | None) -> bool:
        """Whether; the default is yes."""
        if said is not None or not self._asks:
            return said is not False
        return click.confirm(question, default=True, err=True)


def _region(said: str) -> str:
    if said:
        from deployer.transport.endpoints import endpoint_of

        endpoint_of(said)
    return said


def _project(said: str) -> str:
    if not _DIGITS.fullmatch(said):
        what = f"the project id is not a number: {said}" if said else "the project id is missing"
        raise _wrong("--project", what, "give the number that the workspace has, such as 10001")
    return said


def _identifier(said: str) -> str:
    if not _NAME.fullmatch(said):
        what = f"not a name of a workspace: {said}"
        raise _wrong(
            "--project-identifier", what, "letters, digits and `_`, as the console shows it"
        )
    return said


def _folder(said: str) -> str:
    if not _FOLDER.fullmatch(said):
        what = f"not a folder of a workspace: {said}"
        raise _wrong("--folder", what, "write names joined by `/`, such as `sales/daily`")
    return said


def _check_workspace(answers: Answers) -> None:
    if answers.project and not answers.region:
        what = "a project id, and no region to find it in"
        raise _wrong("--project", what, "add `--region`, or leave out `--project`")


def _wrong(where: str, what: str, hint: str) -> UsageError:
    return UsageError(what, where=where, written="nothing was written", hint=hint)


# --- files ----------------------------------------------------------------------------------------


def _write(root: Path, answers: Answers) -> None:
    """All files or, where one is in the way, none of them."""
    wanted = {name: text.encode() for name, text in new_files(answers).items()}
    _refuse_project_around(root)
    there = {name: _content(root, name) for name in wanted}
    if others := [name for name, held in there.items() if held not in (None, wanted[name])]:
        raise UsageError(
            "files are there that say something else",
            where=", ".join(others),
            why="init changes no file that is there",
            written="nothing was written",
            hint="move them away, or leave them out with `--ci none` and `--no-hook`",
        )
    missing = [name for name, held in there.items() if held is None]
    _put(root, {name: wanted[name] for name in missing})
    ignored = _ignore(root)
    emit("".join(f"+ {name}\n" for name in (*missing, *ignored)) or "No changes\n")
    if missing:
        _tell_next(root, answers)


def _refuse_project_around(root: Path) -> None:
    from deployer import config

    found = config.find(root.parent)
    if found:
        raise UsageError(
            "this folder is inside another project",
            where=str(found),
            written="nothing was written",
            hint="add workflows to that project, or choose a folder outside of it",
        )


def _content(root: Path, name: str) -> bytes | None:
    """What a file holds; None where there is none. What is no plain file holds what is never wanted."""
    from deployer.reading.project_files import FileRefused, read

    if not os.path.lexists(root / name):
        return None
    try:
        return read(root, name).data
    except FileRefused as refused:
        raise UsageError(
            f"`{name}` is in the way",
            where=str(root),
            why=refused.message,
            written="nothing was written",
            hint="move it away",
        ) from refused


def _put(root: Path, texts: dict[str, bytes], *, new: bool = True) -> None:
    from deployer.reading.project_files import FileRefused
    from deployer.reading.project_writer import refusal, write

    done: list[str] = []
    try:
        for name in texts:
            if why := refusal(root, name):
                raise FileRefused(f"{name}: {why}")
        for name, data in texts.items():
            write(root, name, data, new=new)
            done.append(name)
    except FileRefused as refused:
        raise UsageError(
            "the files cannot be written",
            where=str(root),
            why=refused.message,
            written=f"{', '.join(done)}" if done else "nothing was written",
            hint="correct it and run `deployer init` again: files that are equal stay",
        ) from refused


def _ignore(root: Path) -> list[str]:
    """Adds what `.gitignore` lacks; its name if it lacked anything."""
    held = _content(root, IGNORE_FILE)
    before = (held or b"").decode("utf-8", "surrogateescape")
    after = ignoring(before)
    if after == before:
        return []
    data = {IGNORE_FILE: after.encode("utf-8", "surrogateescape")}
    _put(root, data, new=held is None)
    return [IGNORE_FILE]


def _tell_next(root: Path, answers: Answers) -> None:
    from deployer.reading.repository import folder_in_repository

    inside = folder_in_repository(root)
    if inside and (answers.ci != "none" or answers.hook):
        say(
            f"note: forges and pre-commit look in the root of a repository, this is {visible(inside)}"
        )
    if answers.ci != "none" and not answers.region:
        say("note: the CI files work on the target `prod`: fill it in in deployer.yaml")
    say("next: deployer validate; deployer plan; deployer apply")
