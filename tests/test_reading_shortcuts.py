"""What is done for speed changes nothing: each short cut beside the long way that it replaces.

That the compiled schema gate decides as jsonschema does is told in test_schema.py.
"""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import generate
from deployer import manifest
from deployer.load import load
from deployer.manifest import Values
from deployer.model import Settings, Target
from deployer.reading import scalars, yaml_reader
from deployer.reading.placeholders import fill
from deployer.reading.source import Irregular, Text
from deployer.validate import validate

VALUES = Values({"n": 5, "env": "dev", "list": ["a"]}, "shop")


# --- YAML -----------------------------------------------------------------------------------------


def the_long_way(text: str) -> tuple[Any, list[str]]:
    """PyYAML's own tree of a text, every plain scalar of it looked at: its value, and all remarks."""
    remarks: list[str] = []

    def made(node: yaml.Node | None) -> Any:
        if isinstance(node, yaml.MappingNode):
            return {made(key): made(value) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [made(each) for each in node.value]
        assert isinstance(node, yaml.ScalarNode)
        if node.style is not None:
            return node.value
        value = scalars.plain(node.value)
        remarks.append(scalars.remark(node.value, value))
        return value

    return made(yaml.compose(text, Loader=yaml.BaseLoader)), [each for each in remarks if each]


def agrees(text: str) -> bool:
    """Whether both ways read the same, types included; texts that are refused do not count."""
    try:
        read = yaml_reader.parse(text)
    except Irregular:
        return True
    value, remarks = the_long_way(text)
    return (repr(read.value), [each.message for each in read.remarks]) == (repr(value), remarks)


PLAIN = st.text(st.sampled_from("yYnNoOfFtTruesalx0123456789.+-_:~eE "), min_size=1, max_size=8)
WORDS = st.sampled_from(
    ["yes", "No", "ON", "off", "null", "Null", "~", "true", "FALSE", "''", '"1"']
)
SCALARS = PLAIN | WORDS


@given(st.lists(SCALARS, max_size=6), st.dictionaries(SCALARS, SCALARS, max_size=6))
def test_scalars_are_read_as_if_each_was_looked_at(items: list[str], pairs: dict[str, str]) -> None:
    """Passing over what cannot be anything but text loses no value and no remark."""
    text = "".join(f"- {each}\n" for each in items) or "[]\n"
    assert agrees(text)
    assert agrees("".join(f"{key}: {each}\n" for key, each in pairs.items()) or "{}\n")


def test_documents_of_others_are_read_the_long_way_too(corpus: Path) -> None:
    """The same for every YAML document of the corpus."""
    files = sorted(corpus.rglob("*.y*ml"))
    assert [file.name for file in files if not agrees(file.read_text("utf-8"))] == []


# --- placeholders and scripts ---------------------------------------------------------------------


TEXTS = st.sampled_from(
    ["${spec.n}", "x${spec.env}", "${projectIdentifier}", "${bizdate}", "a", ""]
)
LEAVES = st.none() | st.booleans() | st.integers() | TEXTS
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)


def mapped(value: Any, change: Callable[[str], Any]) -> Any:
    """A full copy with every text changed."""
    if isinstance(value, dict):
        return {key: mapped(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [mapped(each, change) for each in value]
    return change(value) if isinstance(value, str) else value


@given(DOCUMENTS)
def test_a_document_is_filled_as_each_of_its_texts_alone(document: Any) -> None:
    """Keeping what holds no placeholder makes no difference, and the document stays as it was."""
    before = copy.deepcopy(document)
    expected = mapped(document, lambda text: fill(text, VALUES).value)
    assert (repr(fill(document, VALUES).value), document) == (repr(expected), before)


def test_targets_share_a_file_and_not_its_values(tmp_path: Path) -> None:
    """A manifest parsed once and completed for each target is what each would have read itself."""
    file, *_ = generate.project(tmp_path, workflows=1, nodes=12)
    targets = [Values({"datasource": name}, name) for name in ("a", "b", "a")]
    parsed = manifest.parse(file, tmp_path)
    shared = [manifest.complete(parsed, tmp_path, values) for values in targets]
    assert shared == [manifest.read(file, tmp_path, values) for values in targets]
    assert parsed == manifest.parse(file, tmp_path)
    sources = [re.findall("'datasource': {'name': '(.)'", repr(one.document)) for one in shared]
    assert sources == [["a"] * 12, ["b"] * 12, ["a"] * 12]


def test_validate_reads_each_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many targets there are; and it finds what loading each of them finds."""
    files = generate.project(tmp_path, workflows=3, nodes=2)
    targets = {
        name: Target(name=name, project="1", project_identifier=name, vars={"datasource": name})
        for name in ("a", "b", "c")
    }
    settings = Settings(tmp_path, tmp_path / "deployer.yaml", ("workflows/**/*.yaml",), targets)
    alone = {problem for each in targets.values() for problem in load(settings, each).problems}
    read: list[str] = []
    parse = yaml_reader.parse

    def counted(text: str) -> Text:
        read.append(text)
        return parse(text)

    monkeypatch.setattr(yaml_reader, "parse", counted)
    assert set(validate(settings).problems) == alone
    assert len(read) == len(files)
