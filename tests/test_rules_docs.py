"""docs/rules.md says what the table of rules says, and the table says enough."""

import re
from pathlib import Path

import pytest

from deployer.model import RuleInfo
from deployer.rules import CATALOGUE, DOCUMENT_RULES, REPOSITORY_RULES
from tests.rules_page import page

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules.md"


def test_page_is_made_from_the_table(request: pytest.FixtureRequest) -> None:
    """`pytest --update` writes it anew."""
    text = page(CATALOGUE)
    if request.config.getoption("--update"):
        PAGE.write_text(text, encoding="utf-8")
    assert text == PAGE.read_text(encoding="utf-8")


def test_every_rule_is_in_the_catalogue_once() -> None:
    """Sorted by id; no two rules share a name."""
    ids = [info.id for info in CATALOGUE]
    used = {rule.info.id for rule in DOCUMENT_RULES} | {rule.info.id for rule in REPOSITORY_RULES}
    assert ids == sorted(set(ids))
    assert used - set(ids) == set()
    assert len({info.name for info in CATALOGUE}) == len(ids)


@pytest.mark.parametrize("info", CATALOGUE, ids=lambda info: info.id)
def test_every_rule_explains_itself(info: RuleInfo) -> None:
    """An id, a name in kebab case, a reason in one line without a full stop."""
    assert re.fullmatch(r"DW\d{3}", info.id)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", info.name)
    assert re.fullmatch(r"[^\n]+[^\n.]", info.reason)
    assert info.text + info.hint != ""
