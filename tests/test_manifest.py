"""Reading a manifest file as a whole: values, scripts, problems with places, places found again."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployer.errors import InvalidManifests, UsageError
from deployer.manifest import Values, locate, read
from deployer.model import Location, Pointer, Problem

MANIFEST = """\
version: 1.1.0
spec:
  nodes:
  - name: ${spec.name}
    priority: ${spec.n}
    script:
      file: sql/load.sql
      path: ${projectIdentifier}/x
"""
CONTENT: Pointer = ("spec", "nodes", 0, "script", "content")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one manifest and its script."""
    (tmp_path / "flows" / "sql").mkdir(parents=True)
    (tmp_path / "flows" / "a.yaml").write_text(MANIFEST)
    (tmp_path / "flows" / "sql" / "load.sql").write_text("select ${script.n};\n")
    return tmp_path


def problems(root: Path, name: str, values: Values | None = None) -> tuple[Problem, ...]:
    with pytest.raises(InvalidManifests) as raised:
        read(root / name, root, values)
    return raised.value.problems


def written(root: Path, data: bytes | str, name: str = "x.yaml") -> str:
    (root / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return name


def test_values_and_scripts_are_put_in(root: Path) -> None:
    """A manifest is read as the target sees it."""
    manifest = read(root / "flows" / "a.yaml", root, Values({"name": "load", "n": 5}, "shop"))
    script = {"content": "select 5;\n", "path": "shop/x"}
    assert manifest.document == {
        "version": "1.1.0",
        "spec": {"nodes": [{"name": "load", "priority": 5, "script": script}]},
    }
    assert manifest.file == "flows/a.yaml"
    assert manifest.path == root / "flows" / "a.yaml"
    assert manifest.scripts == {CONTENT: "flows/sql/load.sql"}


def test_without_values_placeholders_stay(root: Path) -> None:
    """Symbolic reading puts scripts in and leaves every placeholder."""
    node = read(root / "flows" / "a.yaml", root, None).document["spec"]["nodes"][0]
    assert node == {
        "name": "${spec.name}",
        "priority": "${spec.n}",
        "script": {"content": "select ${script.n};\n", "path": "${projectIdentifier}/x"},
    }


def test_script_path_may_hold_a_value(root: Path) -> None:
    """`script.file` is a scalar of the manifest like others."""
    name = written(root, "script: {file: 'flows/sql/${spec.which}.sql'}")
    assert read(root / name, root, Values({"which": "load", "n": 1})).document == {
        "script": {"content": "select 1;\n"}
    }


def test_json_manifests_are_read(root: Path) -> None:
    """A document pasted from the console works as it is."""
    name = written(root, '{"spec": {"a":\t"\\ud83d\\ude00"}}', "x.json")
    assert read(root / name, root, None).document == {"spec": {"a": "😀"}}


def test_problems_of_all_kinds_come_together(root: Path) -> None:
    """Missing values, here and in the script, and script files are reported at once."""
    (root / "flows" / "a.yaml").write_text(MANIFEST + "  - script: {file: ../../x.sql}\n")
    found = problems(root, "flows/a.yaml", Values({"nn": 5}, "shop"))
    assert [(each.rule, str(each.location), each.pointer) for each in found] == [
        ("DW004", "flows/a.yaml:4:11", "/spec/nodes/0/name"),
        ("DW004", "flows/a.yaml:5:15", "/spec/nodes/0/priority"),
        ("DW004", "flows/sql/load.sql:1:8", "/spec/nodes/0/script/content"),
        ("DW005", "flows/a.yaml:9:20", "/spec/nodes/1/script/file"),
    ]
    assert {each.severity for each in found} == {"error"}


@pytest.mark.parametrize("name", ["flows/a.yaml", "flows/sql/load.sql", "flows/b.json"])
def test_access_keys_are_refused(root: Path, name: str) -> None:
    """In a manifest and in a script; what is in git is no secret any more."""
    (root / "flows" / "b.json").write_text("{}")
    with (root / name).open("a") as file:
        file.write("\n-- LTAI5tExampleExample")
    last = len((root / name).read_text().splitlines())
    manifest = name if name.endswith("json") else "flows/a.yaml"
    found = problems(root, manifest, Values({"name": "load", "n": 5}, "shop"))
    assert [(each.rule, str(each.location), each.message) for each in found] == [
        ("DW007", f"{name}:{last}:4", "looks like an AccessKey")
    ]


@pytest.mark.parametrize("text", ["xLTAI5tExampleExample", "LTAI5tExample", "LTAI" + "a" * 31])
def test_what_only_resembles_an_access_key_is_read(root: Path, text: str) -> None:
    """A part of a longer word, or of another length."""
    (root / "flows" / "b.json").write_text(f'{{"a": "{text}"}}')
    assert read(root / "flows" / "b.json", root, None).document == {"a": text}


def test_warnings_come_with_the_manifest(root: Path) -> None:
    """What is read but may surprise is told, not refused."""
    name = written(root, "a:\n- no\nb: ${script.n}\n")
    expected = [
        ("DW006", "x.yaml:2:3", "/a/0", "warning"),
        ("DW004", "x.yaml:3:4", "/b", "warning"),
    ]
    found = read(root / name, root, Values({})).warnings
    assert [(w.rule, str(w.location), w.pointer, w.severity) for w in found] == expected


@pytest.mark.parametrize(
    ("data", "rule", "message", "line", "column"),
    [
        (b"a: 1\nb: \xc3\xa9 \xff", "DW001", "not UTF-8 at byte 11", 2, 6),
        ("a: 1".encode("utf-16"), "DW001", "not UTF-8 at byte 0", 1, 1),
        ("a: 1".encode("utf-16-le"), "DW001", "not UTF-8 at byte 1", 1, 2),
        ("a: 1".encode("utf-32"), "DW001", "not UTF-8 at byte 0", 1, 1),
        (b"", "DW002", "expected a mapping, found nothing", 1, 1),
        (b"# comment", "DW002", "expected a mapping, found nothing", 1, 1),
        (b"null", "DW002", "expected a mapping, found nothing", 1, 1),
        (b"\n- a", "DW002", "expected a mapping, found a list", 2, 1),
        (b"text", "DW002", "expected a mapping, found text", 1, 1),
        (b"1.5", "DW002", "expected a mapping, found a number", 1, 1),
        (b"a: 1\n---\nb: 2", "DW002", "more than one document", 2, 1),
        (b"a: 1\na: 2", "DW002", "key given twice (lines 1 and 2): `a`", 2, 1),
        (b"[" * 100_000, "DW002", "nested deeper than 64", 1, 65),
    ],
)
def test_unreadable_files_are_problems(
    root: Path, data: bytes, rule: str, message: str, line: int, column: int
) -> None:
    """Each has its rule, its words and its place."""
    found = problems(root, written(root, data))[0]
    assert (found.rule, found.message) == (rule, message)
    assert found.location == Location("x.yaml", line, column)


def test_byte_order_mark_is_accepted(root: Path) -> None:
    """UTF-8 with a mark is UTF-8, and the mark is no column."""
    name = written(root, b"\xef\xbb\xbfa: no")
    manifest = read(root / name, root, None)
    assert manifest.document == {"a": "no"}
    assert manifest.warnings[0].location == Location("x.yaml", 1, 4)


@pytest.mark.parametrize("size", [(10 << 20) + 1, 1 << 30])
def test_large_manifests_are_refused(root: Path, size: int) -> None:
    """10 MiB is the end, told from the size alone."""
    with (root / "x.yaml").open("wb") as file:
        file.truncate(size)
    assert [each.message for each in problems(root, "x.yaml")] == ["larger than 10 MiB"]


def test_special_files_are_refused(root: Path) -> None:
    """A FIFO, a folder, a link out of the project or to itself, and nothing at all."""
    os.mkfifo(root / "fifo.yaml")
    (root / "folder.yaml").mkdir()
    (root / "out.yaml").symlink_to("/etc/hostname")
    (root / "loop.yaml").symlink_to("loop.yaml")
    names = ["fifo.yaml", "folder.yaml", "out.yaml", "loop.yaml", "none.yaml"]
    found = [problems(root, name)[0] for name in names]
    assert [(each.rule, each.message) for each in found] == [
        ("DW001", "not a regular file"),
        ("DW001", "not a regular file"),
        ("DW001", "link leaves the project folder"),
        ("DW001", "link loop"),
        ("DW001", "no such file"),
    ]


def test_path_outside_the_project_is_a_usage_error(root: Path) -> None:
    """A manifest belongs to the project."""
    with pytest.raises(UsageError):
        read(root / "flows" / "a.yaml", root / "flows" / "sql", None)


@pytest.mark.parametrize(
    ("pointer", "key", "line", "column"),
    [
        (("spec", "nodes", 0, "name"), False, 4, 11),
        (("spec", "nodes", 0, "name"), True, 4, 5),
        (CONTENT, False, 7, 13),
        ((*CONTENT, "deeper"), False, 7, 13),
        (("spec", "nodes", 0, "script", "nope"), True, 7, 7),
        ((), False, 1, 1),
    ],
)
def test_places_are_found_again(
    root: Path, pointer: Pointer, key: bool, line: int, column: int
) -> None:
    """Places are those of the file as written; those in a script are where it is named."""
    manifest = read(root / "flows" / "a.yaml", root, None)
    assert locate(manifest, pointer, key) == Location("flows/a.yaml", line, column)


def test_places_in_a_file_that_is_gone_are_its_start(root: Path) -> None:
    """A message is worth more than its line."""
    file = root / "flows" / "a.yaml"
    manifest = read(file, root, None)
    file.write_text("a: [")
    assert locate(manifest, ("spec",)) == Location("flows/a.yaml", 1, 1)
    file.unlink()
    assert locate(manifest, ("spec",)) == Location("flows/a.yaml", 1, 1)


SIGNS = st.sampled_from(
    (
        *(b"a: ", b"b:\n  ", b"- ", b"[", b"]", b"{", b"}", b"\n", b"*a", b"&a ", b"!!int ", b"'"),
        *(b"script: {file: ", b"..", b"/", b"${spec.", b'"', b"\xff", b"\0", b"\t", b"<<: ", b"|"),
    )
)


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=80) | st.lists(SIGNS, max_size=20).map(b"".join))
def test_any_bytes_are_read_or_refused(tmp_path: Path, suffix: str, data: bytes) -> None:
    """No file ends in a traceback; each problem has a place."""
    path = tmp_path / f"x{suffix}"
    path.write_bytes(data)
    found: tuple[Problem, ...] = ()
    try:
        read(path, tmp_path, Values({"a": 1}))
    except InvalidManifests as invalid:
        found = invalid.problems
    assert all(each.location.line >= 1 and each.location.column >= 1 for each in found)
