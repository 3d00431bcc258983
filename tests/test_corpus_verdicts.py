"""Three verdicts on every document of the corpus: the official schema set, the import, and ours.

The first is a column of the corpus, made by upstream's own schema set; the second is asked of the emulator,
which shares no schema with the program. Neither is the truth, but where both take a document and we refuse
it, somebody has to say why.
"""

import json
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.emulator_kit import PROJECT, Service
from tests.test_corpus import DOCUMENTS, PLANNABLE, entries, loaded
from tests.test_schema import corpus_documents

KINDS = "the import knows three kinds of document, and this is another one"
NO_WORKFLOW = "it holds single nodes and no workflow, which the import does not take"
LOST_OUTPUTS = (
    "outputs stand in a group that FlowSpec does not know: they would be lost without a word"
)
RAW_LINE_ENDS = (
    "line ends stand raw inside a text, which is no JSON; upstream's parser lets it pass"
)

REASONS = {
    "valid/component.json": KINDS,
    "valid/flat-temporary.json": KINDS,
    "valid/node-manual.json": KINDS,
    "valid/node-single.json": KINDS,
    "invalid-or-legacy/node-raw-newlines.json": RAW_LINE_ENDS,
    "invalid-or-legacy/node-manual-pyodps2.json": LOST_OUTPUTS,
    **dict.fromkeys(
        [
            *(f"valid/ex-{name}" for name in ("cdh.json", "cdh.yaml", "dowhile.json")),
            *(f"valid/ex-{name}.yaml" for name in ("dowhile", "paiflow")),
            *(f"valid/node-{name}.json" for name in ("component-ref", "di-nokv-params")),
            *(f"valid/node-{name}.json" for name in ("di-quoted-params", "emr-hive-conf")),
            *(f"valid/node-{name}.json" for name in ("emr-spark-sql", "param-hub", "sql-params")),
            *(f"invalid-or-legacy/ex-assignment.{suffix}" for suffix in ("json", "yaml")),
            "invalid-or-legacy/node-assignment.json",
            "invalid-or-legacy/node-foreach-nested.json",
            "invalid-or-legacy/node-pyodps2.json",
            "invalid-or-legacy/node-shell-positional.json",
        ],
        NO_WORKFLOW,
    ),
}
"""Why we refuse a document that the official schema set accepts."""


@dataclass(frozen=True)
class Verdicts:
    """Whether each of the three accepts a document; None where the official set was not asked."""

    official: bool | None
    imported: bool
    ours: bool


@cache
def verdicts(corpus: Path) -> dict[str, Verdicts]:
    """The verdicts on each document, by file."""
    documents = dict(corpus_documents(corpus))
    return {
        entry["file"]: Verdicts(
            None
            if entry.get("officialSchemaErrors") is None
            else not entry["officialSchemaErrors"],
            _is_imported(documents.get(entry["file"])),
            not loaded(corpus, entry).errors,
        )
        for entry in entries(corpus)
    }


def _is_imported(document: Any) -> bool:
    """Whether a workspace that was empty holds the document afterwards."""
    if document is None:
        return False
    with Service() as service:
        spec = json.dumps(document)
        answer = service.raw("ImportWorkflowDefinition", ProjectId=PROJECT, Spec=spec)
        return answer.status_code == 200 and service.job(answer.json()["AsyncJob"])[0] == "Success"


def test_every_document_has_a_verdict(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table is whole: how many each of the three accepts."""
    found = verdicts(corpus).values()
    counts = (
        sum(one.official is not None for one in found),
        sum(one.official is True for one in found),
        sum(one.imported for one in found),
        sum(one.ours for one in found),
    )
    with capsys.disabled():
        sys.stdout.write(
            " official schema: {1} of {0} accepted; import: {2}; ours: {3} ".format(*counts)
        )
    assert (len(found), counts) == (DOCUMENTS, (77, 28, PLANNABLE - 1, PLANNABLE))


def test_what_the_import_takes_is_not_refused(corpus: Path) -> None:
    """Whatever upstream's schema says of it."""
    assert [file for file, one in verdicts(corpus).items() if one.imported and not one.ours] == []


def test_what_upstream_accepts_is_not_refused_without_a_reason(corpus: Path) -> None:
    """Each such document is named above, and no other."""
    refused = {file for file, one in verdicts(corpus).items() if one.official and not one.ours}
    assert refused == set(REASONS)


def test_reasons_hold(corpus: Path) -> None:
    """What we refuse against upstream's schema, the import refuses too."""
    found = verdicts(corpus)
    assert [file for file in REASONS if found[file].imported] == []


@pytest.mark.parametrize(
    ("reason", "rule", "words"),
    [
        (KINDS, "DW003", "its kind is"),
        (NO_WORKFLOW, "DW003", "it has nothing in `spec.workflows`"),
        (LOST_OUTPUTS, "DW010", "unknown key `outputs`"),
        (RAW_LINE_ENDS, "DW002", "not JSON"),
    ],
)
def test_reason_is_what_users_are_told(corpus: Path, reason: str, rule: str, words: str) -> None:
    """The written reason and the message are about the same thing."""
    for file in (file for file, why in REASONS.items() if why == reason):
        told = [(one.rule, one.message) for one in loaded(corpus, {"file": file}).problems]
        assert [text for said, text in told if said == rule and words in text] != [], (file, told)


def test_nothing_is_accepted_against_upstream(corpus: Path) -> None:
    """Where the official schema finds an error, so do we."""
    found = verdicts(corpus)
    assert [file for file, one in found.items() if one.official is False and one.ours] == []
