"""A valid project, broken in exactly one way, and the one place where that has to be found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from deployer.load import load
from deployer.model import Problem, Settings, Target
from tests.valid_documents import IDENTIFIER, Document, Draw
from tests.yaml_text import Pointer, written

TARGET = Target("local", "1", IDENTIFIER)
WORKFLOW: Pointer = ("spec", "workflows", 0)


@dataclass(frozen=True)
class At:
    """Where a finding belongs: a value, or a key, of the document with that number."""

    pointer: Pointer
    key: bool = False
    file: int = 0


@dataclass(frozen=True)
class Breakage:
    """One way to break a rule; `break_` changes the documents of a project and says where.

    `needs` are features of tests/valid_documents.py that are there to be broken, `files` how many
    documents there are at least.
    """

    rule: str
    break_: Callable[[Draw, list[Document]], At]
    needs: tuple[str, ...] = ()
    files: int = 1
    name: str = field(default="", compare=False)

    @property
    def title(self) -> str:
        """What the test is called."""
        return f"{self.rule}-{self.name or self.break_.__name__}"


def problems(folder: Path, documents: list[Document]) -> tuple[Problem, ...]:
    """Everything that is found in a project of these documents."""
    (folder / "deployer.yaml").write_text("{}\n", encoding="utf-8")
    files = []
    for number, document in enumerate(documents):
        files.append(folder / f"{number}.yaml")
        files[-1].write_text(str(written(document)), encoding="utf-8")
    settings = Settings(folder, folder / "deployer.yaml", (), {TARGET.name: TARGET}, TARGET)
    return load(settings, TARGET, files).problems


def place(documents: list[Document], at: At) -> str:
    """The file, line and column of a place, as the writer of the text knows them."""
    text = written(documents[at.file])
    line, column = (text.keys if at.key else text.values)[at.pointer]
    return f"{at.file}.yaml:{line}:{column}"


def one_of(draw: Draw, items: list[Any]) -> int:
    """The index of one element."""
    index: int = draw(st.integers(0, len(items) - 1))
    return index
