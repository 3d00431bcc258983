"""The rules about types of nodes: each on a document that breaks it, and only it."""

from pathlib import Path
from typing import Any

import pytest

from tests.node_rules_kit import code, document, problems, rules, told, without_target

ODPS = {"name": "first", "type": "odps"}


def sql(**script: Any) -> dict[str, Any]:
    """A MaxCompute node that lacks nothing."""
    return {**code("ODPS_SQL", **script), "datasource": ODPS}


@pytest.mark.parametrize(
    "node",
    [
        sql(content="select 1", language="odps-sql"),
        {**sql(language="odps"), "datasource": {"name": "first", "type": ""}},
        {**sql(), "datasource": {"name": "first"}},
        {**sql(), "datasource": {"name": "first", "type": "ODPS"}},
        {**code("FLINK_SQL_BATCH"), "datasource": {"name": "f", "type": "flink_serverless"}},
        code("DIDE_SHELL", language="shell", content="{"),
        code("DI", language="di", content='{"type": "job", "n": 1.5}'),
        code("DI", content=" \n"),
        code("DI"),
        code("PYODPS3", language="python3"),
    ],
)
def test_sound_nodes_have_no_findings(tmp_path: Path, node: dict[str, Any]) -> None:
    """Other spellings, what the service fills in, and content left out are all fine."""
    usual = {"datasource": ODPS} if "PYODPS" in str(node) else {}
    assert told(tmp_path, document({**node, **usual})) == []


def test_an_unknown_type_is_noticed(tmp_path: Path) -> None:
    """A warning, because a workspace may define its own; the nearest known one is offered."""
    (found,) = problems(tmp_path, document(code("ODPS_SLQ")))
    assert (found.rule, found.severity, found.message, found.hint) == (
        "DW108",
        "warning",
        "`ODPS_SLQ` is no known node type",
        "did you mean `ODPS_SQL`?",
    )


def test_a_type_of_ones_own_is_not_guessed_at(tmp_path: Path) -> None:
    """Nothing is near: the hint says what else there is to do."""
    assert told(tmp_path, document(code("acme.reports"))) == [
        (
            "DW108",
            "/nodes/0/script/runtime/command",
            "`acme.reports` is no known node type",
            "check the spelling; a type of the workspace's own can be silenced",
        )
    ]


def test_workflows_and_nodes_have_commands_of_their_own(tmp_path: Path) -> None:
    """`WORKFLOW` is no node, and nothing else is a workflow."""
    value = document(code("WORKFLOW"))
    value["spec"]["workflows"][0]["script"]["runtime"] = {"command": "VIRTUAL"}
    assert [each[:3] for each in told(tmp_path, value)] == [
        (
            "DW108",
            "/script/runtime/command",
            "`VIRTUAL` is the command of a node, not of a workflow",
        ),
        (
            "DW108",
            "/nodes/0/script/runtime/command",
            "`WORKFLOW` is the command of a workflow, not of a node",
        ),
    ]


@pytest.mark.parametrize(
    ("written", "constant"), [("PY_ODPS", "PYODPS"), ("Odps_Sql", "ODPS_SQL"), ("pai", "PAI")]
)
def test_another_spelling_of_a_type_is_noticed(tmp_path: Path, written: str, constant: str) -> None:
    """Taken for what it means, and the constant is named."""
    place = "/nodes/0/script/runtime/command"
    found = [each for each in told(tmp_path, document(code(written))) if each[0] != "DW120"]
    message = f"`{written}` is another spelling of `{constant}`"
    assert found == [("DW152", place, message, f"write `{constant}`")]


def test_a_deprecated_type_names_its_successor(tmp_path: Path) -> None:
    """For new nodes: the command of an existing one stays."""
    assert told(tmp_path, document(code("CHECK"))) == [
        (
            "DW125",
            "/nodes/0/script/runtime/command",
            "`CHECK` is deprecated",
            "use `CHECK_NODE` for new nodes",
        )
    ]


def test_code_of_an_engine_needs_a_data_source(tmp_path: Path) -> None:
    """Told at the name of the node, with what to add."""
    assert told(tmp_path, document(code("ODPS_SQL"))) == [
        (
            "DW120",
            "/nodes/0/name",
            "`a` has no data source, `ODPS_SQL` needs one",
            "add `datasource` with `type: odps`",
        )
    ]


def test_a_data_source_is_of_the_engine(tmp_path: Path) -> None:
    """Told at its type."""
    node = {**sql(), "datasource": {"name": "first", "type": "mysql"}}
    assert told(tmp_path, document(node)) == [
        (
            "DW120",
            "/nodes/0/datasource/type",
            "a data source of type `mysql`, `ODPS_SQL` needs `odps`",
            "name one of type `odps`",
        )
    ]


def test_a_language_fits_the_type(tmp_path: Path) -> None:
    """Where it is known which ones do."""
    assert told(tmp_path, document(sql(language="python3"))) == [
        (
            "DW155",
            "/nodes/0/script/language",
            "language `python3` does not fit `ODPS_SQL`",
            "write `odps-sql`, or leave it out",
        )
    ]


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (
            "{\n  'type': 1}",
            "Expecting property name enclosed in double quotes in its line 2, column 3",
        ),
        ("select 1", "Expecting value in its line 1, column 1"),
        ('{"n": NaN}', "NaN is no JSON number"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_content_of_structured_types_is_json(tmp_path: Path, content: str, wrong: str) -> None:
    """Line and column are those of the content."""
    (found,) = problems(tmp_path, document(code("DI", content=content)))
    assert (found.rule, found.severity, found.message) == (
        "DW121",
        "error",
        f"the content of `a` is not JSON: {wrong}",
    )


def test_a_script_file_of_a_structured_type_is_json(tmp_path: Path) -> None:
    """Told where the file is named."""
    (tmp_path / "job.json").write_text("{")
    assert [each[:2] for each in told(tmp_path, document(code("DI", file="job.json")))] == [
        ("DW121", "/nodes/0/script/content")
    ]


def test_content_of_other_types_is_not_parsed(tmp_path: Path) -> None:
    """Code is none of our business."""
    assert rules(tmp_path, document(sql(content="{"))) == []


def test_nodes_in_loops_are_checked(tmp_path: Path) -> None:
    """Wherever a node stands, its type says the same."""
    body = [
        {"name": "start", **code("CONTROLLER_TRAVERSE_START")},
        {"name": "inner", **code("CHECK")},
        {"name": "end", **code("CONTROLLER_TRAVERSE_END")},
    ]
    loop = {**code("CONTROLLER_TRAVERSE"), "for-each": {"nodes": body}}
    assert [each[:2] for each in told(tmp_path, document(loop)) if each[0] == "DW125"] == [
        ("DW125", "/nodes/0/for-each/nodes/1/script/runtime/command")
    ]


def parameters(*names: str, kind: str = "Constant") -> list[dict[str, str]]:
    return [{"name": name, "scope": "NodeParameter", "type": kind, "value": "x"} for name in names]


def test_positional_parameters_come_in_the_order_of_texts(tmp_path: Path) -> None:
    """`10` would be the second value that the code sees."""
    numbers = parameters(*map(str, range(1, 11)))
    assert told(tmp_path, document(code("DIDE_SHELL", parameters=numbers))) == [
        (
            "DW126",
            "/nodes/0/script/parameters",
            "the code receives the parameters in the order 1, 10, 2, 3, 4, 5, 6, 7, 8, 9",
            "write `01`, `02` and so on from ten parameters on",
        )
    ]


@pytest.mark.parametrize("names", [("3", "1", "2"), ("01", "02", "10"), ("b", "10", "a"), ("²",)])
def test_names_that_sort_as_meant_are_fine(tmp_path: Path, names: tuple[str, ...]) -> None:
    """The order in the document means nothing."""
    assert rules(tmp_path, document(code("PYTHON", parameters=parameters(*names)))) == []


def test_named_parameters_may_be_numbers(tmp_path: Path) -> None:
    """Other types pass names with the values."""
    assert rules(tmp_path, document(sql(parameters=parameters("2", "10")))) == []


def test_there_is_one_whole_parameter_text(tmp_path: Path) -> None:
    """The second one never reaches the code."""
    whole = parameters("-", "x", kind="NoKvVariableExpression")
    assert [each[:3] for each in told(tmp_path, document(code("DI", parameters=whole)))] == [
        (
            "DW126",
            "/nodes/0/script/parameters/1/type",
            "only the first parameter of type `NoKvVariableExpression` reaches the code",
        )
    ]


@pytest.mark.parametrize(
    "node",
    [
        code("${spec.x}", language="${spec.x}"),
        {**sql(language="${spec.x}"), "datasource": {"name": "f", "type": "${spec.x}"}},
        code("DI", content='{"n": ${spec.x}}'),
    ],
)
def test_placeholders_are_not_judged_before_they_have_values(
    tmp_path: Path, node: dict[str, Any]
) -> None:
    """Without a target nobody knows what they stand for."""
    assert without_target(tmp_path, document(node)) == []
