"""Plays the commands of a story in a copy of the quickstart and records what they print.

The emulator inside the commands has a clock, ids and nonces that are the same each time. As a script
it prints the recorded session; `--readme` puts it between the markers in README.md instead.
"""

import io
import os
import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from deployer import emulator
from deployer.cli import running
from deployer.cli.main import _run
from deployer.emulator import Ids, VirtualClock, create_app

ROOT = Path(__file__).resolve().parent.parent.parent
STORIES = Path(__file__).parent
QUICKSTART = ROOT / "examples" / "quickstart"

BEGIN, END = "<!-- transcript:running -->\n", "<!-- /transcript:running -->"

FIRST_MOMENT = 1_774_000_800.0
"""2026-03-20 18:00 in China."""

BETWEEN_COMMANDS = 600.0


class Time:
    """The moment at which the next command begins."""

    def __init__(self) -> None:
        self.now = FIRST_MOMENT
        self.nonces = 0

    def nonce(self) -> str:
        """As many different ones as are asked for, the same in every session."""
        self.nonces += 1
        return uuid.uuid5(uuid.NAMESPACE_OID, str(self.nonces)).hex[:12]


def play(story: str, folder: Path) -> str:
    """The session of a story, played in an empty folder: commands, standard output, exit codes."""
    shutil.copytree(QUICKSTART, folder, ignore=shutil.ignore_patterns("*.db*"), dirs_exist_ok=True)
    text = (STORIES / story / "steps.txt").read_text(encoding="utf-8")
    steps = re.split(r"(?<!\\)\n", text.rstrip())
    told: list[str] = []
    with the_same_each_time() as time:
        for step in (line for line in steps if not line.startswith("#")):
            kind, _, rest = step.partition(" ")
            if kind == "edit":
                _edit(folder, *(part.strip() for part in rest.split("|")))
                continue
            command = rest.removeprefix("deployer ").replace("\\\n", " ")
            code, out = run_command(command.split(), folder)
            time.now += BETWEEN_COMMANDS
            if kind == "$":
                told += [f"$ {rest}", out.rstrip(), *([f"[exit {code}]"] if code else []), ""]
            elif code:
                raise AssertionError(f"{rest} ended with {code}: {out}")
    return "\n".join(told).rstrip() + "\n"


def _edit(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text(encoding="utf-8")
    if old not in text:
        raise AssertionError(f"{old!r} is not in {name}")
    file.write_text(text.replace(old, new), encoding="utf-8")


def run_command(arguments: list[str], folder: Path) -> tuple[int, str]:
    """The exit code of a command and its standard output; with an error, what it said of it."""
    out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
    os.chdir(folder)
    try:
        typed = patch.object(sys, "argv", ["deployer", *arguments])
        with typed, redirect_stdout(out), redirect_stderr(err):
            code = _run()
    finally:
        os.chdir(before)
    return code, out.getvalue() + (err.getvalue() if code not in (0, 2) else "")


@contextmanager
def the_same_each_time() -> Iterator[Time]:
    """Every emulator that is opened inside has the clock, the ids and the nonces of this session."""
    time = Time()

    def opened(*arguments: object, **named: object) -> object:
        return create_app(*arguments, **{**named, "ids": Ids("session")})  # type: ignore[arg-type]

    with ExitStack() as patches:
        for patched in (
            patch.object(emulator, "create_app", opened),
            patch.object(emulator, "VirtualClock", lambda: VirtualClock(lambda: time.now)),
            patch.object(running, "nonce", time.nonce),
        ):
            patches.enter_context(patched)
        yield time


def block(session: str) -> str:
    """The session as it stands in README.md."""
    return f"```text\n{session}```\n"


def in_readme() -> str:
    """What stands between the markers in README.md; empty without markers."""
    return _readme().partition(BEGIN)[2].partition(END)[0]


def _readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def main() -> int:
    """Print the session, or put it into README.md."""
    with tempfile.TemporaryDirectory() as folder:
        session = play("from_draft_to_running", Path(folder))
    if "--readme" not in sys.argv:
        sys.stdout.write(session)
        return 0
    before, begin, rest = _readme().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.stderr.write(f"README.md lacks the lines {BEGIN.strip()} and {END}\n")
        return 1
    text = f"{before}{begin}{block(session)}{end}{after}"
    (ROOT / "README.md").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
