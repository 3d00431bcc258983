"""`deployer validate`: every problem in the manifests, without network."""

import os
from pathlib import Path

import click

from deployer.cli.options import format_option, option, target_option
from deployer.cli.words import emit, paint, say
from deployer.render.visible import visible


@click.command("validate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@target_option
@format_option("text", "json")
@option("--strict", is_flag=True, help="Warnings count as errors.")
def command(paths: tuple[Path, ...], target: str | None, form: str, strict: bool) -> int:
    """Check manifests: YAML, schema and rules. Needs no network and no credentials.

    Checks every manifest of deployer.yaml, for every target unless one is named. PATHS narrow what
    is reported: files or folders, a script file means its manifest. Without a deployer.yaml, PATHS
    are the manifests.

    Exit 1 if there is an error.
    """
    from deployer import config
    from deployer.render import problems_json, problems_text
    from deployer.validate import validate

    here = Path.cwd()
    settings = config.settings(here, target, os.environ) if target else config.load(here)
    found = validate(settings, paths)
    for path in found.skipped:
        say(f"skipped {visible(path)}: no manifest of deployer.yaml, and no script of one")
    if form == "json":
        emit(problems_json.to_json(found.problems, found.files))
    else:
        emit(problems_text.to_text(found.problems, found.files, paint()))
    return int(found.fails(strict=strict))
