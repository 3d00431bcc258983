"""Every document of the corpus: workflows go all the way, others are told what they are."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deployer import pipeline
from deployer.load import Loaded, load
from deployer.model import Problem, Settings
from tests.workflow_kit import Workspace, in_workspace, left, target

DOCUMENTS = 85
PLANNABLE = 9
"""Seven workflow documents and two flat manual workflows are what today's import takes."""

Entry = dict[str, Any]


def entries(corpus: Path) -> list[Entry]:
    found: list[Entry] = json.loads((corpus / "manifest.json").read_text("utf-8"))["files"]
    return found


def plannable(entry: Entry) -> bool:
    """Whether today's service would take the document as a workflow."""
    flat_manual = entry["document"] == "flat-nodes" and entry["kind"] == "ManualWorkflow"
    workflow = entry["document"] == "workflow" or flat_manual
    return workflow and not entry["file"].startswith("invalid-or-legacy/")


def loaded(corpus: Path, entry: Entry) -> Loaded:
    settings = Settings(corpus, None, (), {})
    return load(settings, target(), [corpus / entry["file"]])


def refused(one: Loaded) -> list[Problem]:
    """The errors: real documents may be warned about, never refused."""
    return [problem for problem in one.problems if problem.severity == "error"]


def test_the_corpus_is_complete(corpus: Path) -> None:
    """All documents that the manifest names are there; nine of them can be planned."""
    found = entries(corpus)
    assert [one["file"] for one in found if not (corpus / one["file"]).is_file()] == []
    assert (len(found), len([one for one in found if plannable(one)])) == (DOCUMENTS, PLANNABLE)


def test_workflows_are_created_and_then_unchanged(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Validated, planned, applied, planned again: real exports and printed examples alike."""
    found = {one["file"]: loaded(corpus, one) for one in entries(corpus) if plannable(one)}
    assert {file: refused(one) for file, one in found.items() if refused(one)} == {}
    ends: dict[str, Any] = {}

    for number, (file, one) in enumerate(found.items()):

        async def story(workspace: Workspace, file: str = file, one: Loaded = one) -> None:
            remote, where = workspace.connection.remote, workspace.target
            first = await pipeline.plan(one, where, remote)
            report = await workspace.apply(first)
            second = await pipeline.plan(one, where, remote)
            ends[file] = (
                [change.action for change in first.changes],
                [outcome.error for outcome in report.outcomes],
                [left(change) for change in second.changes],
            )

        in_workspace(tmp_path / f"{number}.db", story)

    with capsys.disabled():
        sys.stdout.write(f" {len(ends)} of {DOCUMENTS} documents planned and applied ")
    assert ends == dict.fromkeys(found, (["create"], [""], [("unchanged", [])]))
    assert len(ends) == PLANNABLE


def test_all_workflows_fit_into_one_workspace(corpus: Path, tmp_path: Path) -> None:
    """But for the two examples that share the outputs of their nodes, a path or a name with another."""
    settings = Settings(corpus, None, (), {})
    files = [corpus / one["file"] for one in entries(corpus) if plannable(one)]
    together = load(settings, target(), files)
    assert {problem.rule for problem in refused(together)} <= {"DW103", "DW128", "DW137"}


def test_other_documents_are_told_what_they_are(corpus: Path) -> None:
    """One line at least, with a rule, words and a place in the file; never an exception."""
    others = [one for one in entries(corpus) if not plannable(one)]
    told = {one["file"]: loaded(corpus, one) for one in others}
    problems = {file: one.problems for file, one in told.items()}
    assert [file for file, one in told.items() if one.subjects] == []
    rules = {problem.rule for found in problems.values() for problem in found}
    assert rules - {"DW006"} == {"DW002", "DW003", "DW010"}
    assert [file for file, found in problems.items() if not found] == []
    assert [
        (file, problem)
        for file, found in problems.items()
        for problem in found
        if not problem.message or problem.location.line < 1 or problem.location.file != file
    ] == []


@pytest.mark.parametrize(
    ("file", "rule", "words"),
    [
        ("valid/node-single.json", "DW003", "its kind is `Node`"),
        ("valid/flat-temporary.json", "DW003", "its kind is `TemporaryWorkflow`"),
        ("valid/node-foreach.json", "DW003", "it has nothing in `spec.workflows`"),
        ("invalid-or-legacy/v1-manual-flow.json", "DW003", "it has no `spec`"),
        ("invalid-or-legacy/node-raw-newlines.json", "DW002", "not JSON"),
        ("invalid-or-legacy/ex-dataservice.yaml", "DW002", "keys must be text"),
        ("invalid-or-legacy/wf-v120-shell.json", "DW010", "missing required key `script`"),
        ("invalid-or-legacy/wf-minimal-fake-command.json", "DW010", "unknown key `delay`"),
        ("invalid-or-legacy/ex-manual-flow.yaml", "DW010", "missing required key `name`"),
    ],
)
def test_what_is_told(corpus: Path, file: str, rule: str, words: str) -> None:
    """The first thing to know about a document that cannot be deployed."""
    found = [(one.rule, one.message) for one in loaded(corpus, {"file": file}).problems]
    assert [message for said, message in found if said == rule and words in message] != [], found


@pytest.mark.parametrize(
    ("file", "code", "words"),
    [
        ("valid/wf-export-nine-nodes.json", 0, "no problems"),
        ("valid/flat-manual-export.json", 0, "no problems"),
        ("valid/node-single.json", 1, "DW003"),
        ("invalid-or-legacy/node-raw-newlines.json", 1, "DW002"),
        ("invalid-or-legacy/wf-v120-sql.json", 1, "`script.path`"),
    ],
)
def test_command_line_says_the_same(corpus: Path, file: str, code: int, words: str) -> None:
    """`deployer validate FILE` needs no project around the file."""
    command = [sys.executable, "-m", "deployer", "validate", str(corpus / file)]
    ended = subprocess.run(command, cwd=corpus, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (code, "")
    assert words in ended.stdout
