"""`--base`, `--prune` and `--drift`: what a plan is compared with in git, and what may follow."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from deployer.cli.options import option
from deployer.errors import DeployerError, RefusedBySafety, UsageError
from deployer.model import Plan

Command = TypeVar("Command", bound=Callable[..., Any])

_SHOWN = 3


def base_options(command: Command) -> Command:
    """`--base REVISION`, `--drift` and `--prune`, which no variable can say."""
    base = option(
        "--base",
        metavar="REVISION",
        help="Compare with git at this revision too, to tell this change from what others did in the "
        "workspace. In CI it is what the merge request, pull request or push started from; empty is none.",
    )
    drift = option(
        "--drift",
        type=click.Choice(["warn", "fail"]),
        default="warn",
        show_default=True,
        help="What to do where somebody edited the workspace: show it, or end with exit 3.",
    )
    prune = click.option(
        "--prune",
        is_flag=True,
        help="Delete what git held at the base and holds no more; no variable can say this.",
    )
    return base(drift(prune(command)))


def drift_refusal(plan: Plan, drift: str) -> DeployerError | None:
    """Why `--drift=fail` ends the command; None if it does not."""
    from deployer.origins import drifted

    if drift != "fail":
        return None
    if not plan.base:
        return _unknown(plan)
    found = drifted(plan.changes)
    if not found:
        return None
    names = ", ".join(f"`{path}` ({count})" for path, count in list(found.items())[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    total = sum(found.values())
    return RefusedBySafety(
        f"somebody else changed the workspace since {plan.base}",
        where=next(iter(found)),
        why=f"{total} difference{'' if total == 1 else 's'} not made by this change: {names}{more}",
        written="nothing was written",
        hint="take them into the manifests with `deployer pull`, or accept with `--drift=warn` that "
        "apply overwrites them",
    )


def _unknown(plan: Plan) -> DeployerError:
    from deployer.rules.told_elsewhere import BASE

    told = [each.message for each in plan.diagnostics if each.rule == BASE.id]
    if told:
        return RefusedBySafety(
            "without a base nobody can tell whether somebody edited the workspace",
            why=told[0],
            written="nothing was written",
            hint=BASE.hint,
        )
    return UsageError(
        "`--drift=fail` needs a base",
        why="no `--base` is given, and this is no run of CI that stands for one",
        written="nothing was written",
        hint="name a revision with `--base`, such as `--base HEAD` to find drift",
    )
