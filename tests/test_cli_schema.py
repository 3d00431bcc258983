"""`deployer schema`: what editors are given, in both drafts, and what it says on hovering."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, get_args

import jsonschema
import jsonschema_rs
import pytest

from deployer import __version__, schema
from deployer.cli.schema import NAMES
from deployer.drafts import printed
from deployer.schema import Name
from tests.cli_kit import Project, Shell
from tests.test_schema import corpus_documents, every_block, mutant

META = {
    "2020-12": jsonschema.Draft202012Validator,
    "7": jsonschema.Draft7Validator,
}
CONDITIONS = {"allOf", "anyOf", "else", "if", "not", "oneOf", "then"}


@pytest.fixture
def deployer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in a project, in this process."""
    return Shell(Project(tmp_path), monkeypatch, capsys)


def test_every_schema_can_be_printed() -> None:
    """The command offers what the program has."""
    assert get_args(Name) == NAMES


@pytest.mark.parametrize("draft", META)
@pytest.mark.parametrize("name", NAMES)
def test_schemas_fit_their_meta_schema(deployer: Shell, name: str, draft: str) -> None:
    """What is printed is a schema of the draft that it names, known by version."""
    ended = deployer("schema", name, "--draft", draft)
    document = json.loads(ended.out)
    META[draft].check_schema(document)
    assert (ended.code, ended.err) == (0, "")
    assert document["$schema"] == META[draft].META_SCHEMA["$schema"]
    assert document["$id"] == f"urn:deployer:{__version__}:{name}"
    assert ("$defs" in document) == (draft == "2020-12")


def test_manifest_is_the_default(deployer: Shell) -> None:
    """In the draft in which it is shipped."""
    assert json.loads(deployer("schema").out) == printed("manifest")
    assert printed("manifest") == {
        **schema.load("manifest"),
        "$id": f"urn:deployer:{__version__}:manifest",
    }


def test_printing_changes_nothing() -> None:
    """The schema that is shared stays as it was."""
    before = deepcopy(schema.load("manifest"))
    printed("manifest", "7")
    assert schema.load("manifest") == before


@pytest.mark.parametrize("name", NAMES)
def test_drafts_differ_in_one_word(name: Name) -> None:
    """`definitions` is what draft-07 calls `$defs`; all else is the same."""
    new, old = (json.dumps({**printed(name, draft), "$schema": ""}) for draft in ("2020-12", "7"))
    assert old == new.replace('"$defs"', '"definitions"').replace("#/$defs/", "#/definitions/")


def parts(keywords: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every schema inside a schema, with the way to it."""
    yield path, keywords
    for key, value in keywords.items():
        if key in ("properties", "$defs"):
            for name, part in value.items():
                yield from parts(part, (*path, key, name))
        elif key in CONDITIONS | {"items", "additionalProperties"}:
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, dict):
                    yield from parts(part, (*path, key))


@pytest.mark.parametrize("name", NAMES)
def test_keywords_mean_the_same_in_both_drafts(name: Name) -> None:
    """None is used that one of them lacks, and beside a reference stand annotations only."""
    differ = {"prefixItems", "unevaluatedProperties", "unevaluatedItems", "dependentRequired"}
    differ |= {"dependentSchemas", "$dynamicRef", "$anchor", "minContains", "maxContains"}
    differ |= {"dependencies", "additionalItems", "contentSchema"}
    annotations = {"$ref", "description", "default", "x-computed", "x-default-kinds"}
    annotations |= {"x-noise", "x-noise-when", "x-class", "x-class-removed"}
    assert [path for path, part in parts(schema.load(name)) if set(part) & differ] == []
    beside = [set(part) - annotations for _, part in parts(schema.load(name)) if "$ref" in part]
    assert set().union(*beside) == set()


# --- the same verdict -----------------------------------------------------------------------------


def test_drafts_agree_on_damaged_documents() -> None:
    """Each accepts and refuses the same."""
    new = jsonschema_rs.Draft202012Validator(printed("manifest"))
    old = jsonschema_rs.Draft7Validator(printed("manifest", "7"))
    documents = [every_block(), *(mutant(seed) for seed in range(1000, 1400))]
    verdicts = [new.is_valid(document) for document in documents]
    assert [old.is_valid(document) for document in documents] == verdicts
    assert 40 < sum(verdicts) < 200


def test_drafts_agree_on_real_documents(corpus: Path) -> None:
    """The same for documents that nobody here wrote, and the program's own verdict with them."""
    new = jsonschema_rs.Draft202012Validator(printed("manifest"))
    old = jsonschema_rs.Draft7Validator(printed("manifest", "7"))
    found = dict(corpus_documents(corpus))
    verdicts = {name: new.is_valid(document) for name, document in found.items()}
    assert {name: old.is_valid(document) for name, document in found.items()} == verdicts
    assert {name: not schema.check(document) for name, document in found.items()} == verdicts


# --- hovering -------------------------------------------------------------------------------------


def described(keywords: dict[str, Any], whole: dict[str, Any]) -> bool:
    """Whether a place, or what it refers to, has words of its own."""
    while "description" not in keywords and "$ref" in keywords:
        target: Any = whole
        for step in keywords["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        keywords = target
    return str(keywords.get("description", "")).strip() != ""


@pytest.mark.parametrize("name", NAMES)
def test_every_property_is_described(name: Name) -> None:
    """An editor shows it where the pointer rests."""
    whole = schema.load(name)
    silent = [
        "/".join(path)
        for path, part in parts(whole)
        if path[-2:-1] == ("properties",) and not CONDITIONS & set(path)
        if not described(part, whole)
    ]
    assert silent == []


@pytest.mark.parametrize("name", NAMES)
def test_every_value_of_a_choice_is_described(name: Name) -> None:
    """An editor shows it beside each proposal."""
    choices = [
        ("/".join(path), part["enum"], part.get("enumDescriptions", []))
        for path, part in parts(schema.load(name))
        if "enum" in part and not CONDITIONS & set(path)
    ]
    assert choices != []
    assert [
        path
        for path, values, words in choices
        if len(values) != len(words) or not all(word.strip() for word in words)
    ] == []
