"""The manifest in docs/pull.md is what a pull makes of that export; `--update` writes it anew."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.authoring.body import authored
from deployer.authoring.layout import Layout, scripts_apart
from deployer.authoring.names import spelled
from deployer.flowspec import from_wire
from deployer.reading import yaml_text
from tests.workflow_kit import target

PAGE = Path(__file__).resolve().parent.parent / "docs" / "pull.md"
BLOCK = re.compile(r"(<!-- pulled: begin -->\n).*(<!-- pulled: end -->\n)", re.DOTALL)
EXPORT = "valid/wf-export-nine-nodes.json"


def test_the_page_shows_a_pulled_export(corpus: Path, request: pytest.FixtureRequest) -> None:
    """A real one, as it is pulled."""
    export = corpus / EXPORT
    live = from_wire(json.loads(export.read_text("utf-8")))
    where = replace(target(), project_identifier=live.identifier)
    layout = Layout(("workflows/**/*.yaml",))
    document = spelled(authored(live, where), where)
    file = layout.manifest(live.workflow.path)
    document, _ = scripts_apart(document, file, layout)
    shown = f"`{file}`:\n\n```yaml\n{yaml_text.fresh(document)}```\n"
    page = PAGE.read_text(encoding="utf-8")
    wanted = BLOCK.sub(lambda found: f"{found[1]}{shown}{found[2]}", page)
    if request.config.getoption("--update"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == wanted
