"""The question before anything is written, and who may answer it."""

import os
import sys

import click

from deployer.errors import RefusedBySafety, UsageError
from deployer.model import Target


def ask(doing: str, target: Target, command: str) -> None:
    """Asks whether to do it; `doing` reads `Write 2 changes`, `command` is the subcommand.

    Raises UsageError where nobody can answer, RefusedBySafety unless the answer is yes.
    """
    if not sys.stdin.isatty() or os.environ.get("DEPLOYER_INPUT") == "0":
        raise UsageError(
            "nobody is here to approve the plan",
            why="standard input is not a terminal"
            if not sys.stdin.isatty()
            else "DEPLOYER_INPUT is 0",
            hint=f"run `deployer {command} --auto-approve` once the plan is reviewed",
        )
    question = f"{doing} to project {target.project} (target {target.name}, {target.place})?"
    click.echo(f"{question} Only `yes` is a yes: ", nl=False, err=True)
    if sys.stdin.readline().strip() != "yes":
        raise RefusedBySafety(
            "the plan was not approved", hint=f"run `deployer {command}` again and answer `yes`"
        )


def things(count: int, thing: str) -> str:
    """`1 change`, `2 changes`."""
    return f"1 {thing}" if count == 1 else f"{count} {thing}s"
