"""Which documents are accepted, and that the two validators and the two drafts agree about it."""

import json
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
import yaml

from deployer import schema
from deployer.schema import check, load

EVERY_BLOCK = Path(__file__).parent / "data" / "every-block.json"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
JUNK = [
    None,
    True,
    -1,
    0,
    1.5,
    2**70,
    "",
    "x",
    "a/b",
    "..",
    "1.1.0\n",
    "T+1",
    [],
    [1],
    {},
    {"a": 1},
]


def every_block() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(EVERY_BLOCK.read_text(encoding="utf-8"))
    return document


def minimal(kind: str = "CycleWorkflow", **workflow: Any) -> dict[str, Any]:
    spec = {"workflows": [{"name": "w", "script": {"path": "w"}, **workflow}]}
    return {"version": "1.1.0", "kind": kind, "spec": spec}


def draft_7() -> dict[str, Any]:
    return {**load("manifest"), "$schema": DRAFT_7}


def test_the_schema_is_sound_in_both_drafts() -> None:
    """Editors that only know draft-07 can use it as it is."""
    jsonschema.Draft202012Validator.check_schema(load("manifest"))
    jsonschema.Draft7Validator.check_schema(draft_7())


def test_a_document_with_every_block_is_accepted() -> None:
    """Each block of the reference, with its fields, passes in both drafts."""
    assert check(every_block()) == []
    assert list(jsonschema.Draft7Validator(draft_7()).iter_errors(every_block())) == []


@pytest.mark.parametrize("kind", ["CycleWorkflow", "ManualWorkflow", "TriggerWorkflow"])
def test_a_workflow_needs_no_more_than_a_name_and_a_path(kind: str) -> None:
    """Everything else can be left to defaults or to the service."""
    assert check(minimal(kind)) == []


@pytest.mark.parametrize("script", [None, {}, {"path": None}, {"path": ""}])
def test_a_workflow_without_a_path_is_refused(script: Any) -> None:
    """It is known by its path, so there is nothing to fall back to."""
    assert len(check(minimal(script=script))) == 1
    without = minimal()
    del without["spec"]["workflows"][0]["script"]
    assert [one.pointer for one in check(without)] == [("spec", "workflows", 0)]
    assert "`script.path`" in check(without)[0].hint


def test_a_manual_workflow_may_be_flat() -> None:
    """Its nodes then stand directly in the body; other kinds must have a workflow object."""
    flat = {"version": "1.1.0", "spec": {"name": "m", "nodes": [], "flow": [], "strategy": {}}}
    assert check({**flat, "kind": "ManualWorkflow"}) == []
    assert check({**flat, "kind": "CycleWorkflow"}) != []


def test_version_2_needs_its_nodes_nested() -> None:
    """A 2.0.0 document that keeps its nodes elsewhere is a shell, which is not what was meant."""
    assert check({**minimal(nodes=[]), "version": "2.0.0"}) == []
    assert check({**minimal(), "version": "2.0.0"}) != []


@pytest.mark.parametrize("version", ["1.1", "1.1.0\n", "v1.1.0", "3.0.0", "", 1.1, "1.1.0 "])
def test_a_malformed_version_is_refused(version: Any) -> None:
    """Three numbers, of a dialect that exists."""
    assert [one.pointer for one in check({**minimal(), "version": version})] == [("version",)]


@pytest.mark.parametrize("name", ["", "a/b", ".", "..", "a\nb", "a\n", "\u0085", "a\x7f", None, 7])
def test_an_impossible_name_is_refused(name: Any) -> None:
    """Names are parts of paths; both validators agree, a final line end included."""
    place = ("spec", "workflows", 0, "nodes", 0, "name")
    node = {"name": name, "script": {"runtime": {"command": "VIRTUAL"}}}
    assert [one.pointer for one in check(minimal(nodes=[node]))] == [place]


@pytest.mark.parametrize("name", ["load", "加载 数据", "a.b", "...", "-", "é’“", "🙂", " "])
def test_names_are_otherwise_free(name: str) -> None:
    """Real names are Chinese, hold blanks, and more."""
    node = {"name": name, "script": {"runtime": {"command": "VIRTUAL"}}}
    assert check(minimal(nodes=[node])) == []


def test_both_ways_to_write_a_script_are_accepted() -> None:
    """A manifest names a file; after reading, its content stands there."""
    for content in ({"file": "sql/a.sql"}, {"content": "select 1;\n"}, {"content": ""}):
        script = {"runtime": {"command": "ODPS_SQL"}, **content}
        assert check(minimal(nodes=[{"name": "a", "script": script}])) == []


def test_a_workflow_has_no_script_file() -> None:
    """Only nodes have code."""
    assert check(minimal(script={"file": "a.sql"})) != []


def symbolic(value: Any, node_name: str = "a") -> dict[str, Any]:
    script = {"runtime": {"command": "${spec.command}"}}
    return minimal(nodes=[{"name": node_name, "script": script, "rerunTimes": value}])


def test_a_placeholder_stands_for_any_scalar_while_values_are_unknown() -> None:
    """Without a target nobody knows the type of the value."""
    assert check(symbolic("${spec.retries}"), symbolic=True) == []
    assert check(symbolic("${spec.retries}", "${spec.name}"), symbolic=True) == []


@pytest.mark.parametrize(
    "text", ["${spec.retries}0", "${retries}", "${spec.}", "${spec.a}${spec.b}"]
)
def test_other_texts_are_no_placeholders(text: str) -> None:
    """A text around a placeholder stays a text, and other `${…}` are the service's."""
    assert len(check(symbolic(text), symbolic=True)) == 1


def test_placeholders_are_not_accepted_once_values_are_known() -> None:
    """What is sent holds no placeholder."""
    assert len(check(symbolic("${spec.retries}"))) == 1


def test_symbolic_documents_keep_their_other_problems() -> None:
    """Only what a value could cure is left out."""
    document = {**symbolic("${spec.retries}"), "kind": "Cycle"}
    assert [one.pointer for one in check(document, symbolic=True)] == [("kind",)]


def nested(levels: int, **extra: Any) -> dict[str, Any]:
    script = {"runtime": {"command": "CONTROLLER_TRAVERSE"}}
    node: dict[str, Any] = {"name": "n", "script": script, **extra}
    for _ in range(levels):
        node = {"name": "n", "script": script, "for-each": {"nodes": [node]}}
    return minimal(nodes=[node])


def test_loops_may_hold_loops() -> None:
    """As deep as the reader lets a file nest, and problems are found there too."""
    assert check(nested(18)) == []
    assert [len(one.pointer) for one in check(nested(18, nonsense=1))] == [5 + 18 * 3 + 1]


STRANGE = [
    *JUNK,
    10**400,
    float("nan"),
    "\ud800",
    {"\udfff": 1},
    nested(300, nonsense=1),
    minimal(nodes=[[[]]]),
    {"version": {}, "kind": [], "spec": {"workflows": {}, "nodes": 1}},
]


@pytest.mark.parametrize("number", range(len(STRANGE)))
def test_check_has_an_answer_for_any_value(number: int) -> None:
    """What is no document at all is refused like any other mistake."""
    assert check(STRANGE[number]) != []
    assert check(STRANGE[number], symbolic=True) != []


def test_a_gap_between_the_validators_is_still_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the second validator finds nothing, the words of the first one are used."""
    monkeypatch.setattr(schema, "_explained", lambda *_: [])
    (violation,) = check({**minimal(), "kind": 1, "version": "1.1.0"})[:1]
    assert violation.pointer == ("kind",)
    assert violation.message != ""


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys or indexes."""
    inside = value if isinstance(value, dict) else dict(enumerate(value))
    for step, inner in inside.items():
        yield value, step
        if isinstance(inner, dict | list):
            yield from places(inner)


def drop(container: Any, step: Any, _: random.Random) -> None:
    del container[step]


def replace(container: Any, step: Any, chance: random.Random) -> None:
    container[step] = deepcopy(chance.choice(JUNK))


def retype(container: Any, step: Any, _: random.Random) -> None:
    value = container[step]
    container[step] = str(value) if isinstance(value, bool | int) else [value]


def end_line(container: Any, step: Any, _: random.Random) -> None:
    container[step] = f"{container[step]}\n"


def misspell(container: Any, step: Any, _: random.Random) -> None:
    if isinstance(container, dict):
        container[step.upper()] = container.pop(step)


MUTATIONS: list[Callable[[Any, Any, random.Random], None]] = [
    *(drop, replace, retype, end_line, misspell)
]


def mutant(seed: int) -> dict[str, Any]:
    chance = random.Random(seed)
    document = every_block()
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        container, step = chance.choice(list(places(document)))
        chance.choice(MUTATIONS)(container, step, chance)
    return document


def test_validators_and_drafts_agree_on_damaged_documents() -> None:
    """The compiled gate, jsonschema, draft-07 and `check` give the same verdict."""
    gate = jsonschema_rs.Draft202012Validator(load("manifest"))
    new = jsonschema.Draft202012Validator(load("manifest"))
    old = jsonschema.Draft7Validator(draft_7())
    accepted = 0
    for seed in range(400):
        document = mutant(seed)
        expected = gate.is_valid(document)
        verdicts = new.is_valid(document), old.is_valid(document), check(document) == []
        assert (seed, verdicts) == (seed, (expected,) * 3)
        accepted += expected
    assert 40 < accepted < 200


def corpus_documents(corpus: Path) -> Iterator[tuple[str, Any]]:
    """Every document that can be loaded, as JSON values."""
    for file in sorted(corpus.glob("*/*")):
        text = file.read_text(encoding="utf-8")
        try:
            loaded = (
                yaml.safe_load(text) if file.suffix == ".yaml" else json.loads(text, strict=False)
            )
        except yaml.YAMLError:
            continue
        yield f"{file.parent.name}/{file.name}", json.loads(json.dumps(loaded, default=str))


def test_real_workflow_documents_are_accepted(corpus: Path) -> None:
    """Exports of the service and the printed examples of its pages pass as they are."""
    found = {
        name: check(document)
        for name, document in corpus_documents(corpus)
        if name.startswith(("valid/wf-", "valid/flat-manual-"))
    }
    assert (len(found), [name for name in found if found[name]]) == (9, [])


def test_real_documents_of_other_kinds_are_answered(corpus: Path) -> None:
    """Each other document is refused with reasons, or is a workflow after all."""
    accepted = {name for name, document in corpus_documents(corpus) if not check(document)}
    assert {name.split("/")[1].split("-")[0] for name in accepted} == {"wf", "flat"}
