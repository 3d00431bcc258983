"""`--allow-…`: the flags that lift a limit of safety for one plan; no variable can say them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import click

from deployer.asked import Asked

Command = TypeVar("Command", bound=Callable[..., Any])


def allow_options(command: Command) -> Command:
    """The flags of docs/safety.md that plan and apply know; `with_allowed` takes what they say."""
    for flag, metavar, text in reversed(_FLAGS):
        several = metavar != "N"
        command = click.option(
            flag,
            metavar=metavar,
            multiple=several,
            type=str if several else click.IntRange(min=0),
            help=f"{text}; no variable can say this.",
        )(command)
    return command


_FLAGS = (
    ("--allow-deleted-nodes", "N", "Delete exactly so many nodes"),
    ("--allow-changed-nodes", "N", "Change exactly so many nodes"),
    ("--allow-empty", "NAME", "Take a workflow without nodes, or a target without manifests"),
    ("--allow-output", "OUTPUT", "Remove an output that somebody waits for"),
    ("--allow-replace", "NODE", "Delete a node, and make it anew with another type"),
    ("--allow-delete", "PATH", "Delete a live workflow in scope that no manifest names"),
)
NAMES = tuple(flag.removeprefix("--").replace("-", "_") for flag, _, _ in _FLAGS)
"""The names under which the flags arrive, which are those of `Asked`."""


def with_allowed(asked: Asked, given: dict[str, Any]) -> Asked:
    """What is asked, with the flags that were given."""
    return replace(asked, **{name: given[name] for name in NAMES})
