"""A valid document broken in exactly one way gives exactly one finding, at its line and column."""

import copy
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployer import rules
from tests import broken_documents
from tests.broken_kit import Breakage, place, problems
from tests.valid_documents import Document, projects

EXAMPLES = settings.default.max_examples if settings.default else 50
SAMPLE = EXAMPLES if EXAMPLES >= 1000 else 10
"""A sample in every run of the tests, a thousand for each breakage in the longer job."""


def breakages() -> Iterator[Breakage]:
    """Those of documents, then those of types of nodes and of schedules."""
    yield from broken_documents.BREAKAGES
    if importlib.util.find_spec("tests.broken_nodes"):
        yield from importlib.import_module("tests.broken_nodes").BREAKAGES


ALL = tuple(breakages())


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One folder for all examples: each overwrites the files of the one before."""
    with TemporaryDirectory() as name:
        yield Path(name)


@settings(max_examples=2 * SAMPLE)
@given(documents=projects())
def test_valid_projects_have_no_findings(folder: Path, documents: list[Document]) -> None:
    """What is broken below is sound before."""
    assert problems(folder, documents) == ()


@pytest.mark.parametrize("breakage", ALL, ids=lambda breakage: breakage.title)
@settings(max_examples=SAMPLE)
@given(data=st.data())
def test_one_mistake_is_one_finding(folder: Path, breakage: Breakage, data: st.DataObject) -> None:
    """The rule that was broken, where it was broken, and nothing else."""
    documents = copy.deepcopy(data.draw(projects(breakage.needs, breakage.files)))
    at = breakage.break_(data.draw, documents)
    found = [(each.rule, str(each.location)) for each in problems(folder, documents)]
    assert found == [(breakage.rule, place(documents, at))]


def test_every_rule_is_broken_somewhere() -> None:
    """A rule without a breakage says why it has none."""
    broken = {breakage.rule for breakage in ALL}
    known = {info.id for info in rules.CATALOGUE}
    assert (known - broken, broken - known) == (set(broken_documents.ELSEWHERE), set())
