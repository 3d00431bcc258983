"""Each story ends as it is recorded: what a user would see, word for word. `--update` records anew."""

from pathlib import Path

import pytest

from tests.acceptance.session import STORIES, block, in_readme, play


@pytest.mark.parametrize(
    "story", [each.parent.name for each in sorted(STORIES.glob("*/steps.txt"))]
)
def test_a_story_ends_as_recorded(
    story: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Commands, standard output and exit codes are those of `expected.txt`."""
    expected = STORIES / story / "expected.txt"
    session = play(story, tmp_path)
    if request.config.getoption("--update"):
        expected.write_text(session, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == session


def test_the_session_in_the_readme_is_the_recorded_one() -> None:
    """README shows the story of `from_draft_to_running`; `python -m tests.acceptance.session --readme`."""
    recorded = (STORIES / "from_draft_to_running" / "expected.txt").read_text(encoding="utf-8")
    assert in_readme() == block(recorded)
