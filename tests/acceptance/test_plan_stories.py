"""Plans that people review: each story in every form, word for word, and what it must say by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.plan_stage import FOLDER, FORMS, Stage, reviewable
from tests.acceptance.plan_tales import TALES, Tale
from tests.acceptance.session import the_same_each_time
from tests.plan_reader import Read, from_html, from_json, from_markdown, from_text

READERS: dict[str, Callable[[str], Read]] = {
    "text": from_text,
    "json": from_json,
    "markdown": from_markdown,
    "html": from_html,
}


def told(tale: Tale, folder: Path) -> dict[str, str]:
    """The plan of a story, in every form."""
    with the_same_each_time():
        stage = Stage(folder)
        tale.prepare(stage)
        stage.begin()
        tale.happen(stage)
        stage.commit("Change")
        return stage.plan(*tale.flags)


@pytest.mark.parametrize("name", TALES)
def test_a_plan_is_told_as_recorded(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Every form is that of the story's folder; action, path and danger are what they must be."""
    printed = told(TALES[name], tmp_path)
    must_say(TALES[name], json.loads(printed["json"]))
    agree(printed)
    for form, file in FORMS.items():
        golden = FOLDER / name / file
        kept = reviewable(form, printed[form])
        if request.config.getoption("--update"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(kept, encoding="utf-8")
        assert golden.read_text(encoding="utf-8") == kept


def must_say(tale: Tale, plan: dict[str, Any]) -> None:
    """The three facts of a story."""
    changes = plan["resource_changes"]
    actions = {each["address"]: each["change"]["actions"][0] for each in changes}
    address, action = tale.action
    assert (address, action) == (address, actions.get(address))
    (change,) = (each for each in changes if each["address"] == address)
    places = {field["path"]: field["origin"] for field in change["change"]["fields"]}
    places |= {node["name"]: node["action"] for node in change["nodes"]}
    places |= {change["previous_address"]: action}
    assert tale.path in places.items()
    codes = {each["code"] for each in plan["dangers"]}
    assert tale.danger in codes if tale.danger else codes == set()


def agree(printed: dict[str, str]) -> None:
    """All forms show the same numbers and rows."""
    read = {form: READERS[form](text) for form, text in printed.items()}
    first = read["json"]
    for form, each in read.items():
        assert (form, first.counts, first.rows) == (form, each.counts, each.rows)


def test_every_story_has_its_folder() -> None:
    """There is no folder of a story that is not told any more."""
    folders = {file.parent.name for file in FOLDER.glob("*/plan.txt")}
    assert folders == set(TALES)
