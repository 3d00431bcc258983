"""Source lines beside problems: the right ones, and never one with a secret."""

from pathlib import Path

import pytest

from deployer.model import Location, Problem
from deployer.reading.excerpts import excerpts
from deployer.reading.repository import folder_in_repository

KEY = "LTAI" + "5tExample7Example7"


def problem(line: int, pointer: str = "", rule: str = "DW010", file: str = "a.yaml") -> Problem:
    return Problem(rule, "error", "wrong", Location(file, line, 1), pointer=pointer)


def lines(root: Path, text: str | bytes, *problems: Problem) -> dict[int, str]:
    """The lines of a file that are shown for these problems."""
    data = text.encode() if isinstance(text, str) else text
    (root / "a.yaml").write_bytes(data)
    return {line: shown for (_, line), shown in excerpts(root, problems).items()}


def test_lines_of_problems_are_read(tmp_path: Path) -> None:
    """Those that a problem stands in, and no others."""
    assert lines(tmp_path, "one\ntwo\nthree", problem(2), problem(3), problem(2)) == {
        2: "two",
        3: "three",
    }


def test_byte_order_mark_is_no_part_of_a_line(tmp_path: Path) -> None:
    """Columns are counted without it."""
    assert lines(tmp_path, "\ufeffone\n", problem(1)) == {1: "one"}


@pytest.mark.parametrize("line", [0, 3, 99])
def test_line_that_is_not_there(tmp_path: Path, line: int) -> None:
    """The file may have changed since."""
    assert lines(tmp_path, "one\ntwo", problem(line)) == {}


def test_file_that_is_not_there(tmp_path: Path) -> None:
    """The same."""
    assert excerpts(tmp_path, [problem(1, file="gone.yaml")]) == {}


def test_file_outside_the_project(tmp_path: Path) -> None:
    """A link that leads out is not followed for a line either."""
    (tmp_path / "secret").write_text("one\n")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.yaml").symlink_to(tmp_path / "secret")
    assert excerpts(tmp_path / "project", [problem(1)]) == {}


def test_text_that_is_not_unicode(tmp_path: Path) -> None:
    """What cannot be read is replaced."""
    assert lines(tmp_path, b"a\xffb\n", problem(1)) == {1: "a\ufffdb"}


def test_file_with_an_access_key_is_not_shown(tmp_path: Path) -> None:
    """Its secret stands in a line nearby."""
    text = f"id: {KEY}\nother: fine\n"
    assert lines(tmp_path, text, problem(1, rule="DW007"), problem(2)) == {}


def test_line_of_a_secret_is_not_shown(tmp_path: Path) -> None:
    """Even if nothing in it looks like a key any more."""
    assert lines(tmp_path, "one\n", problem(1, rule="DW007")) == {}


@pytest.mark.parametrize(
    "line",
    [
        "export DB_PASSWORD=hunter2",
        "pwd: x",
        "AccessKeySecret: x",
        "access_key: x",
        "-H 'X-Auth-Token: x'",
        "client_secret=x",
        "密码: x",
    ],
)
def test_line_that_names_a_secret_is_not_shown(tmp_path: Path, line: str) -> None:
    """A log is read by more people than a repository."""
    assert lines(tmp_path, line, problem(1)) == {}


NODE = "/spec/workflows/0/nodes/0"


@pytest.mark.parametrize(
    "pointer",
    [
        f"{NODE}/datasource/config",
        f"{NODE}/datasource/config/jdbc",
        f"{NODE}/datasource/nmae",
        f"{NODE}/datasource",
        f"{NODE}/script/runtime/container/env/0/value",
        f"{NODE}/script/runtime/container/env/0/bogus",
    ],
)
def test_line_beside_a_sensitive_field_is_not_shown(tmp_path: Path, pointer: str) -> None:
    """What the schema masks in a plan is not shown here, nor what may share a line with it."""
    assert lines(tmp_path, "{value: hunter2}", problem(1, pointer)) == {}


HOLDER = "kind: CycleWorkflow\nspec:\n  workflows:\n    - nodes:\n"


@pytest.mark.parametrize(
    "text",
    [
        "        - script: {runtime: {container: {env: [{name: A, value: hunter2}]}}}",
        '        - {"datasource": {"name": "x", "config": {"jdbc": "hunter2"}}}',
        "      script:\n        parameters:\n        - name: token\n          value: hunter2",
        "        - datasource:\n            config:\n              jdbc: hunter2",
        "        - datasource:\n            config: |\n              one\n              hunter2",
        "        - datasource:\n            config:\n              jdbc: 'hunter2",
        "        - datasource: {config: 'hunter2",
    ],
)
def test_line_of_a_sensitive_value_is_not_shown(tmp_path: Path, text: str) -> None:
    """Whatever the problem is about that stands in the same line, and where there is no parsing."""
    whole = HOLDER + text
    last = whole.count("\n") + 1
    assert lines(tmp_path, whole, problem(last), problem(1)) == {1: "kind: CycleWorkflow"}


def test_line_of_a_plain_parameter_is_shown(tmp_path: Path) -> None:
    """Its value is sensitive only where its name says so."""
    text = f"{HOLDER}        - script: {{parameters: [{{name: day, value: x}}]}}"
    shown = lines(tmp_path, text, problem(5))
    assert list(shown) == [5]


@pytest.mark.parametrize(
    "pointer", ["", "/kind", f"{NODE}/name", f"{NODE}/nonsense/deeper", "/x~1y"]
)
def test_other_lines_are_shown(tmp_path: Path, pointer: str) -> None:
    """Wherever the schema knows of no secret."""
    assert lines(tmp_path, "one", problem(1, pointer)) == {1: "one"}


# --- where the project lies -----------------------------------------------------------------------


@pytest.mark.parametrize(("inside", "folder"), [("", ""), ("etl", "etl/"), ("a/b", "a/b/")])
def test_folder_of_the_project(tmp_path: Path, inside: str, folder: str) -> None:
    """Relative to the repository around it."""
    (tmp_path / ".git").mkdir()
    (tmp_path / inside).mkdir(parents=True, exist_ok=True)
    assert folder_in_repository(tmp_path / inside) == folder


def test_worktree_is_a_repository(tmp_path: Path) -> None:
    """There `.git` is a file."""
    (tmp_path / ".git").write_text("gitdir: elsewhere\n")
    (tmp_path / "etl").mkdir()
    assert folder_in_repository(tmp_path / "etl") == "etl/"


def test_project_without_a_repository(tmp_path: Path) -> None:
    """Paths are then those of the project."""
    assert folder_in_repository(tmp_path) == ""
