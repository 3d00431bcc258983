"""What is known of node types: the data file has one shape, and every spelling leads to its type."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deployer import node_types, schema
from deployer.node_types import NodeType
from deployer.normalise import normalise

TEXTS = {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}}
SHAPE = {
    "type": "object",
    "required": ["$comment", "types"],
    "additionalProperties": False,
    "properties": {
        "$comment": {"type": "string"},
        "types": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "languages": TEXTS,
                    "datasources": TEXTS,
                    "content": {
                        "enum": ["code", "empty", "json", "python", "shell", "sql", "yaml"]
                    },
                    "dialect": {"enum": ["hive", "spark"]},
                    "positional": {"const": True},
                    "workflow": {"const": True},
                    "deprecated": {"const": True},
                    "replacement": {"type": "string"},
                },
                "dependentRequired": {"replacement": ["deprecated"]},
            },
        },
    },
}


@pytest.fixture(scope="module")
def data() -> Any:
    file = Path(__file__).parent.parent / "schemas" / "node-types.json"
    return json.loads(file.read_text(encoding="utf-8"))


def test_the_data_file_has_one_shape(data: Any) -> None:
    """A misspelt key would be a fact that nobody sees."""
    assert [error.message for error in Draft202012Validator(SHAPE).iter_errors(data)] == []


def test_the_data_file_is_in_order(data: Any) -> None:
    """Sorted, so that a change shows where one looks for it."""
    assert list(data["types"]) == sorted(data["types"])


def test_successors_are_known_types(data: Any) -> None:
    """And are not deprecated themselves."""
    types = data["types"]
    successors = {facts["replacement"] for facts in types.values() if "replacement" in facts}
    assert [one for one in successors if types[one].get("deprecated")] == []


def test_languages_are_canonical(data: Any) -> None:
    """A language that the schema gives another spelling for would fit no document."""
    field = schema.node().at(("script", "language"))
    assert field is not None
    said = {language for facts in data["types"].values() for language in facts.get("languages", [])}
    assert said & set(field.aliases) == set()


def test_aliases_lead_to_known_types() -> None:
    """Each alias of a command stands for a constant of the data file and is none itself."""
    field = schema.node().at(("script", "runtime", "command"))
    assert field is not None
    types = node_types.all_types()
    assert [alias for alias, command in field.aliases.items() if command not in types] == []
    assert [alias for alias in field.aliases if alias in types] == []


def test_a_type_tells_what_is_known() -> None:
    """What is not said is empty."""
    assert node_types.known("ODPS_SQL") == NodeType(
        "ODPS_SQL", languages=("odps-sql",), datasources=("odps",), content="sql", dialect="hive"
    )
    assert node_types.known("CHECK") == NodeType(
        "CHECK", content="empty", deprecated=True, replacement="CHECK_NODE"
    )
    assert node_types.known("CUSTOM") == NodeType("CUSTOM")


@pytest.mark.parametrize(
    ("spelling", "command"),
    [
        ("PYODPS", "PYODPS"),
        ("PY_ODPS", "PYODPS"),
        ("py_odps", "PYODPS"),
        ("odps_sql", "ODPS_SQL"),
        ("ADB for MySQL", "ADB_for_MySQL"),
        ("MySQL", "MYSQL"),
    ],
)
def test_every_spelling_leads_to_the_type(spelling: str, command: str) -> None:
    """Display names and another case, as the service looks for them."""
    found = node_types.known(spelling)
    assert found is not None
    assert found.command == command


@pytest.mark.parametrize("command", ["", "ODPS", "ODPS_SHELL", "ODPS_SQL ", "x" * 100_000])
def test_other_commands_are_unknown(command: str) -> None:
    """The set is open: nothing is guessed."""
    assert node_types.known(command) is None


@pytest.mark.parametrize("kind", ["CycleWorkflow", "ManualWorkflow"])
def test_spellings_of_a_command_are_equal_in_comparison(kind: str) -> None:
    """A manifest may say `PY_ODPS` where the service answers `PYODPS`: no difference."""
    written, shown = (
        normalise({"script": {"runtime": {"command": command}}}, schema.node(), kind)
        for command in ("PY_ODPS", "PYODPS")
    )
    assert written == shown
