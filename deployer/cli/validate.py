"""`deployer validate`: every problem in the manifests, without network."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployer.cli.options import format_option, option, target_option
from deployer.cli.words import emit, paint, say
from deployer.model import Settings, Severity
from deployer.render.problems import (
    FORMATS,
    GRAVITY,
    WITHOUT_SUMMARY,
    Findings,
    render,
    summary,
)
from deployer.render.visible import visible

if TYPE_CHECKING:
    from deployer.validate import Validated


@click.command("validate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@target_option
@format_option(*FORMATS)
@option(
    "--fail-on",
    type=click.Choice(tuple(GRAVITY)),
    default="error",
    show_default=True,
    help="The mildest severity that makes the command fail.",
)
@option(
    "--online",
    is_flag=True,
    help="Ask the service as well, by dry runs of what apply would import; for one target.",
)
@option("--strict", is_flag=True, help="Warnings fail too: at least --fail-on warning.")
def command(
    paths: tuple[Path, ...],
    target: str | None,
    form: str,
    fail_on: Severity,
    online: bool,
    strict: bool,
) -> int:
    """Check manifests: YAML, schema and rules. Needs no network and no credentials without --online.

    Checks every manifest of deployer.yaml, for every target unless one is named. PATHS narrow what
    is reported: files or folders, a script file means its manifest. Without a deployer.yaml, PATHS
    are the manifests.

    Exit 1 if there is an error, or a problem that --fail-on or --strict names.
    """
    from deployer import config
    from deployer.validate import validate

    here = Path.cwd()
    one = target or online
    settings = config.settings(here, target, os.environ) if one else config.load(here)
    found = validate(settings, paths)
    if online:
        found = _asked(settings, found)
    for path in found.skipped:
        say(f"skipped {visible(path)}: no manifest of deployer.yaml, and no script of one")
    severity: Severity = "warning" if strict and fail_on == "error" else fail_on
    findings = _findings(settings, found, severity)
    emit(render(form, findings, paint()))
    if form in WITHOUT_SUMMARY:
        say(summary(found.problems, len(found.manifests)))
    return int(any(findings.fails(problem) for problem in found.problems))


def _asked(settings: Settings, found: "Validated") -> "Validated":
    """What was found, and what the service says; it is not asked about manifests with errors."""
    from deployer.cli.online import asked

    if any(problem.severity == "error" for problem in found.problems):
        say("the service was not asked: there are errors in the manifests")
        return found
    return found._replace(problems=(*found.problems, *asked(settings, found.manifests)))


def _findings(settings: Settings, found: "Validated", fail_on: Severity) -> Findings:
    """What is shown: the problems with the rules, the source lines and the place in the repository."""
    from deployer.reading.excerpts import excerpts
    from deployer.reading.repository import folder_in_repository
    from deployer.rules import CATALOGUE

    return Findings(
        problems=found.problems,
        manifests=found.manifests,
        rules=CATALOGUE,
        excerpts=excerpts(settings.root, found.problems),
        folder=folder_in_repository(settings.root),
        fail_on=fail_on,
    )
