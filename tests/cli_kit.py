"""What tests of the command line share: a small project, and three ways to run a command in it."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployer.cli.connect import EMULATOR_KEY
from deployer.cli.main import _run
from tests.canaries import ENVIRONMENT, hits

ROOT = Path(__file__).resolve().parent.parent
ESCAPE = re.compile("\x1b")

CONFIG = """\
manifests: [flows/*.yaml]
targets:
  local: {emulator: data/local.db, project: 10001, projectIdentifier: shop_dev, default: true}
"""
RAW = """\
version: "1.1.0"
kind: CycleWorkflow
spec:
  workflows:
    - name: raw
      script: {path: shop/raw}
      trigger: {type: Scheduler, cron: "00 00 03 * * ?"}
      nodes:
        - name: land
          script:
            runtime: {command: DIDE_SHELL}
            file: land.sh
"""
CLEAN = """\
version: "1.1.0"
kind: CycleWorkflow
spec:
  workflows:
    - name: clean
      script: {path: shop/clean}
      trigger: {type: Scheduler, cron: "00 00 04 * * ?"}
      nodes:
        - name: tidy
          dependsOn: [shop_dev.land]
          script:
            runtime: {command: DIDE_SHELL}
            content: echo tidy
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


class Project:
    """A folder with a deployer.yaml, in which commands are run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("deployer.yaml", CONFIG)
        self.write("flows/raw.yaml", RAW)
        self.write("flows/land.sh", "echo one\necho two\n")

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        """Replace a text in a file of the project."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def spawn(
        self, *command: str, env: Mapping[str, str] | None = None, **attributes: object
    ) -> "subprocess.Popen[str]":
        """Start a command as a process of its own."""
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            [sys.executable, "-m", "deployer", *command],
            cwd=self.root,
            env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(self.root), **(env or {})},
            text=True,
            **{"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, **attributes},
        )

    def on_terminal(
        self, *command: str, answer: str = "", env: Mapping[str, str] | None = None
    ) -> Ended:
        """Run a command whose three streams are one terminal, on which somebody types `answer`."""
        ours, theirs = pty.openpty()
        os.write(ours, answer.encode())
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        with self.spawn(*command, env={"TERM": "xterm", **(env or {})}, **streams) as process:
            os.close(theirs)
            shown = b"".join(_read_all(ours))
        os.close(ours)
        return Ended(process.returncode, shown.decode(), "")


def _read_all(descriptor: int) -> Sequence[bytes]:
    chunks: list[bytes] = []
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # the other side of the terminal is closed
            return chunks
        if not chunk:
            return chunks
        chunks.append(chunk)


class Shell:
    """Runs commands in this process, in the folder of a project."""

    def __init__(
        self,
        project: Project,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.project = project
        self.patch = monkeypatch
        self._capsys = capsys
        monkeypatch.chdir(project.root)

    def __call__(self, *command: str) -> Ended:
        """Run a command."""
        self.patch.setattr(sys, "argv", ["deployer", *command])
        code = _run()
        shown = self._capsys.readouterr()
        if not {"-h", "--help"} & set(command):  # the help names the secret of the emulator
            written = {"stdout": shown.out.encode(), "stderr": shown.err.encode()}
            assert hits(written, _secrets(), cut=False) == []
        return Ended(code, shown.out, shown.err)


def _secrets() -> dict[str, str]:
    """What no command of any test may print: the emulator's secret, and those of the environment."""
    given = {name: os.environ.get(name, "") for name in ENVIRONMENT}
    return {"emulator": EMULATOR_KEY[1], **{k: v for k, v in given.items() if len(v) > 14}}
