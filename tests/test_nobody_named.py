"""No person is named anywhere in the repository: authors are the contributors, owners are placeholders.

E-mail addresses, sign-offs and paths of machines are looked for in tests/test_docs.py.
"""

import re
import tomllib
from pathlib import Path

import pytest

from tests.test_docs import files_of_git

ROOT = Path(__file__).resolve().parent.parent
EVERYBODY = "The deployer contributors"
TEXTS = {
    file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8", errors="replace")
    for file in files_of_git()
    if file.name != "test_nobody_named.py"
}

NAMING = {
    "# Copyright 2026 Jane Doe": r"(?im)^[^\w\n]*copyright (?:\(c\)|©|\d{4}).*$",
    "__author__ = Jane Doe": r"(?im)^[^a-z\n]*(?:authors?|maintainers?|created by)_*\b ?[:=].*$",
    "# TODO(jane): later": r"\b(?:TODO|FIXME|XXX) ?\([\w .-]+\)",
}
"""Ways in which files usually name a person, and what finds them."""

OWNER = re.compile(r"""(?i)["']?\bowner["']?\s*[:=]\s*["']?(\d{9,})\b""")


@pytest.mark.parametrize("sample", NAMING)
def test_ways_of_naming_are_found(sample: str) -> None:
    """What is looked for would be seen."""
    assert re.search(NAMING[sample], f"first line\n{sample}\n")


@pytest.mark.parametrize("sample", NAMING)
def test_nobody_is_named(sample: str) -> None:
    """Where files usually name a person, they name nobody, or all of us."""
    pattern = re.compile(NAMING[sample])
    found = [
        f"{name}: {match[0].strip()}"
        for name, text in TEXTS.items()
        for match in pattern.finditer(text)
        if EVERYBODY not in match[0]
    ]
    assert found == []


def test_authors_of_the_package_are_the_contributors() -> None:
    """What a package index would show."""
    project = tomllib.loads(TEXTS["pyproject.toml"])["project"]
    people = [*project.get("authors", []), *project.get("maintainers", [])]
    assert [each for each in people if each != {"name": EVERYBODY}] == []


def test_owners_are_placeholders() -> None:
    """Accounts have 16 digits, and the ones here are nobody's: most of their digits are one."""
    found = {
        f"{name}: {owner[1]}"
        for name, text in TEXTS.items()
        for owner in OWNER.finditer(text)
        if len(owner[1]) != 16 or max(map(owner[1].count, "0123456789")) < 8
    }
    assert found == set()
