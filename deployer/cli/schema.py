"""`deployer schema`: the JSON Schemas, for editors and other tools."""

from typing import TYPE_CHECKING

import click

from deployer.cli.options import option
from deployer.cli.words import emit

if TYPE_CHECKING:
    from deployer.drafts import Draft
    from deployer.schema import Name

NAMES = ("manifest", "config", "plan", "run", "saved-plan")


@click.command("schema")
@click.argument("name", type=click.Choice(NAMES), default="manifest")
@option(
    "--draft",
    type=click.Choice(("2020-12", "7")),
    default="2020-12",
    show_default=True,
    help="Draft of JSON Schema; many editors read 7 and older.",
)
def command(name: "Name", draft: "Draft") -> None:
    """Print a JSON Schema: of manifests, deployer.yaml (config), plans in JSON, run or plan files.

    NAME is one of manifest, config, plan, run and saved-plan; manifest unless one is given.
    """
    from deployer.drafts import printed
    from deployer.render.json_text import json_text

    emit(json_text(printed(name, draft)))
