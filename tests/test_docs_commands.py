"""Every block of shell in the pages runs: on a copy of an example that is applied and in git.

`docs/targets.md` and `docs/ci.md` speak of examples/team, all others of examples/quickstart. A block that
cannot run here says why, in a comment before it.
"""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.session import run_command, the_same_each_time
from tests.git_kit import begin, commit, git
from tests.test_docs import PAGES

ROOT = Path(__file__).resolve().parent.parent
TEAM = ("targets.md", "ci.md")
BLOCK = re.compile(r"(?:<!-- not run: (?P<why>.+) -->\n)?```sh\n(?P<lines>.*?)```", re.DOTALL)

ELSEWHERE = {
    "make ": "installs into the checkout, which is what runs these tests",
    "deployer emulator serve ": "serves until it is stopped: tests/test_emulator_served.py",
}
"""How a command begins that is run by other tests or means, and by which."""

PROD = """
  prod:
    emulator: prod.db
    project: "10002"
    projectIdentifier: retail
    vars: {datasource: a, landingBucket: b, reportBucket: c, currency: EUR}
"""
DIFFERENT = {"--check", "--detailed-exitcode"}
"""With these, 2 says that there are differences."""


def commands(page: Path) -> list[str]:
    """The commands of a page that can run here, continued lines put together."""
    found: list[str] = []
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if not block["why"]:
            found += block["lines"].replace("\\\n", " ").splitlines()
    return [line for line in found if line.strip() and not line.startswith(tuple(ELSEWHERE))]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both examples as repositories that were pushed; the quickstart is applied twice, and published."""
    folder = tmp_path_factory.mktemp("examples")
    for name in ("quickstart", "team"):
        ignored = shutil.ignore_patterns("*.db*")
        shutil.copytree(ROOT / "examples" / name, folder / name, ignore=ignored)
    _second_target(folder / "quickstart" / "deployer.yaml")
    for example in (folder / "quickstart", folder / "team"):
        begin(example)
        git(example, "update-ref", "refs/remotes/origin/main", commit(example))
    script = next((folder / "quickstart").rglob("*.sql"))
    text = script.read_text(encoding="utf-8")
    with the_same_each_time():
        # The last apply changed something that was there: that is what can be undone.
        script.write_text(f"{text}-- as it was before\n", encoding="utf-8")
        _applied(folder / "quickstart", "local")
        script.write_text(text, encoding="utf-8")
        _applied(folder / "quickstart", "local", "--publish")
        _applied(folder / "quickstart", "prod", "--publish")
    return folder


def _applied(folder: Path, target: str, *flags: str) -> None:
    code, said = run_command(["apply", "--target", target, "--auto-approve", *flags], folder)
    assert code == 0, said


def _second_target(config: Path) -> None:
    """The pages name a target `prod` and speak of a default one."""
    text = config.read_text(encoding="utf-8")
    default = text.replace("  local:\n", "  local:\n    default: true\n")
    config.write_text(default + PROD, encoding="utf-8")


@pytest.fixture
def project(examples: Path, tmp_path: Path) -> Iterator[Path]:
    """Where the copies of one test are; the clock of the emulators is the same in each."""
    shutil.copytree(examples, tmp_path, dirs_exist_ok=True)
    with the_same_each_time():
        yield tmp_path


@pytest.mark.parametrize("page", [each for each in PAGES if commands(each)], ids=lambda p: p.name)
def test_commands_of_a_page_run(page: Path, project: Path) -> None:
    """A reader who types them one after the other sees them succeed."""
    folder = project / ("team" if page.name in TEAM else "quickstart")
    for line in commands(page):
        code, said = run(line, folder)
        fine = {0, 2} if DIFFERENT & set(shlex.split(line, comments=True)) else {0}
        assert code in fine, f"{line} ended with {code}: {said}"


def run(line: str, folder: Path) -> tuple[int, str]:
    """How a line of a page ends, and what it says."""
    words = shlex.split(line, comments=True)
    if words[0] != "deployer":
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr
    arguments, file = words[1:], None
    if ">" in arguments:
        *arguments, _, file = arguments
    code, said = run_command(arguments, folder)
    if file:
        (folder / file).write_text(said, encoding="utf-8")
    return code, said


def test_block_that_is_not_run_says_why() -> None:
    """In a sentence, for whoever wonders whether it works."""
    reasons = [
        block["why"]
        for page in PAGES
        for block in BLOCK.finditer(page.read_text(encoding="utf-8"))
        if block["why"]
    ]
    assert reasons
    assert [reason for reason in reasons if len(reason.split()) < 4] == []
