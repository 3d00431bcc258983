"""Options that several commands share, and the settings that they and the environment give."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from deployer.cli.deadline import deadline, seconds
from deployer.errors import UsageError
from deployer.model import Settings, Target

Command = TypeVar("Command", bound=Callable[..., Any])


def option(name: str, *more: str, **attributes: Any) -> Callable[[Command], Command]:
    """An option that `DEPLOYER_<NAME>` sets too; safety overrides are a plain `click.option`."""
    bare = name.partition("/")[0].removeprefix("--")
    variable = "DEPLOYER_" + bare.upper().replace("-", "_")
    return click.option(name, *more, envvar=variable, **attributes)


def target_option(command: Command) -> Command:
    """`-t/--target NAME`; empty or absent leaves the choice to deployer.yaml."""
    return option(
        "--target",
        "-t",
        metavar="NAME",
        help="Target of deployer.yaml; else the only one, else the default one.",
    )(command)


def format_option(*formats: str) -> Callable[[Command], Command]:
    """`--format`, the first being the default."""
    return option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="Form of the result on standard output.",
    )


def publish_option(command: Command) -> Command:
    """`--publish/--no-publish`: whether what is saved is to be published, for every workflow."""
    return option(
        "--publish/--no-publish",
        default=None,
        help="Publish what is saved, or do not; else the manifest says, then the target.",
    )(command)


def window_option(command: Command) -> Command:
    """`--allow-window`, which no variable can say."""
    return click.option(
        "--allow-window",
        is_flag=True,
        help="Publish even while the next day's instances are made; no variable can say this.",
    )(command)


def timeout_option(command: Command) -> Command:
    """`--timeout DURATION`: the time of the whole command, as a Deadline that begins now."""
    return option(
        "--timeout",
        "deadline",
        metavar="DURATION",
        callback=deadline,
        help="Time for the whole command, such as 90s, 10m or 2h.  [default: no end]",
    )(command)


def approval_option(command: Command) -> Command:
    """`--approval-timeout DURATION`: how long a person in the console is waited for."""
    return option(
        "--approval-timeout",
        "patience",
        metavar="DURATION",
        callback=seconds,
        default="30m",
        show_default=True,
        help="How long to wait for an approval in the console.",
    )(command)


def chosen(target: str | None) -> tuple[Settings, Target]:
    """The settings of the project around the working folder, and the target to work on."""
    from deployer import config

    settings = config.settings(Path.cwd(), target, os.environ)
    return settings, one_of(settings)


def one_of(settings: Settings) -> Target:
    """The target that was chosen; raises UsageError where there is none to choose."""
    if settings.target is None:
        raise UsageError(
            "there is no target",
            where=str(settings.config or Path.cwd()),
            why="no `targets` in deployer.yaml" if settings.config else "no deployer.yaml here",
            hint="write `targets:` into deployer.yaml, see README.md",
        )
    return settings.target
