"""What is written is true: commands exist, links lead somewhere, nothing private is in git."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
HELP = "import sys; from deployer.__main__ import main; sys.exit(main())"


@cache
def help_of(*command: str) -> str:
    """What a command's `--help` prints; empty when there is no such command."""
    done = subprocess.run(
        [sys.executable, "-c", HELP, *command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else ""


def mentions(text: str) -> Iterator[list[str]]:
    """Every command line that a page shows: in `code`, or as a line of a block of shell."""
    inline = re.findall(
        r"`(deployer [a-z-][^`]*)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    )
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    lines = (line for block in blocks for line in block.splitlines())
    shown = (re.match(r"(?:\$ )?(deployer .*)", line) for line in lines)
    for command in [*inline, *(match[1] for match in shown if match)]:
        yield command.split("  #")[0].split()[1:]


def missing(words: list[str]) -> list[str]:
    """The flags, or the command itself, of a command line that `--help` does not know."""
    command: list[str] = []
    while words and re.fullmatch(r"[a-z][a-z-]*", words[0]) and help_of(*command, words[0]) != "":
        command.append(words.pop(0))
    if not command and words and not words[0].startswith("-"):
        return words[:1]
    known = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", help_of(*command)))
    flags = [word.split("=")[0] for word in words if word.startswith("-")]
    return [" ".join([*command, flag]) for flag in flags if flag not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_flags_exist(page: Path) -> None:
    """A reader who types what a page shows is not told that there is no such thing."""
    text = page.read_text(encoding="utf-8")
    assert [gap for words in mentions(text) for gap in missing(words)] == []


def test_commands_of_the_readme_are_all_there_are() -> None:
    """README's table of commands is complete."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `deployer ([a-z-]+)", text, flags=re.MULTILINE))
    listed = help_of().partition("Commands:")[2].partition("Exit codes:")[0]
    assert named == set(re.findall(r"^  ([a-z-]+)", listed, flags=re.MULTILINE))


def test_exit_codes_of_the_readme_are_those_of_the_errors() -> None:
    """Every code that an error class carries is in README's table."""
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Exit codes")[2]
    named = {
        int(code)
        for row in re.findall(r"^\| ([\d, ]+) \|", table, flags=re.MULTILINE)
        for code in row.split(",")
    }
    source = (ROOT / "deployer" / "errors.py").read_text(encoding="utf-8")
    used = {int(code) for code in re.findall(r"(?:exit_code|EXIT_\w+) = (\d+)", source)}
    assert used - named == set()


# --- links ----------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def broken(page: Path, link: str) -> bool:
    """Whether a relative link leads to no file, or to no heading of it."""
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return not target.exists() or bool(anchor and anchor not in anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    """Every link inside the repository finds its file and its heading."""
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    inside = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in inside if broken(page, link)] == []


def test_modelines_lead_to_a_schema() -> None:
    """The schema that an example names for editors is where it says."""
    for file in (ROOT / "examples").rglob("*.yaml"):
        line = file.read_text(encoding="utf-8").splitlines()[0]
        match = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", line)
        assert match, f"{file.name} names no schema"
        assert (file.parent / match[1]).is_file()


# --- what is said of the service ------------------------------------------------------------------


def test_cited_facts_about_the_service_exist() -> None:
    """A number that code, schema or test cites is a row of docs/service.md."""
    page = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| ([BU]-\d+) \|", page, flags=re.MULTILINE))
    cited = {
        number
        for folder, pattern in (("deployer", "*.py"), ("schemas", "*.json"), ("docs", "*.md"))
        for file in (ROOT / folder).rglob(pattern)
        for number in re.findall(r"\b[BU]-\d{2,3}\b", file.read_text(encoding="utf-8"))
    }
    assert cited - rows == set()


def test_facts_about_the_service_say_how_sure_they_are() -> None:
    """Each numbered statement ends with a source and a word of the table at the top of the page."""
    page = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
    words = r"documented|read in client code|observed by others|inferred|unknown"
    rows = re.findall(r"^\| (B-\d+) \| (.+) \| (.+) \| (.+) \|$", page, flags=re.MULTILINE)
    assert len(rows) == len(re.findall(r"^\| B-", page, flags=re.MULTILINE))
    assert [number for number, _, _, certainty in rows if not re.search(words, certainty)] == []


# --- what must not be in git ----------------------------------------------------------------------

PRIVATE = {
    "an e-mail address": r"[\w.+-]+@(?!example\.|[\w.-]*aliyuncs\.com)"
    r"(?![\w.-]+\.(?:test|invalid|example)\b)[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b",
    "a path of somebody's machine": r"(?<![\w.${}*/-])/(?:home|Users|root|work)/\w",
    "an access key": r"\bLTAI(?!\w*Example)[0-9A-Za-z]{12,}\b",
    "a sign-off": r"^(?:Signed-off-by|Co-authored-by):",
}


def files_of_git() -> list[Path]:
    """Files that are tracked, or would be when added."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [file for file in found if file.is_file()]


@pytest.mark.parametrize("what", PRIVATE)
def test_nothing_private_is_in_git(what: str) -> None:
    """No person and no machine can be told from the repository."""
    pattern = re.compile(PRIVATE[what], flags=re.MULTILINE)
    found = []
    for file in files_of_git():
        text = file.read_text(encoding="utf-8", errors="replace")
        found += [f"{file.relative_to(ROOT)}: {match[0]}" for match in pattern.finditer(text)]
    assert found == []


def test_nothing_generated_is_in_git() -> None:
    """Databases, caches and builds stay out."""
    suffixes = {file.suffix for file in files_of_git()}
    assert suffixes & {".db", ".pyc", ".whl", ".gz"} == set()


def test_transcript_is_what_the_demo_prints(tmp_path: Path) -> None:
    """README shows the real output of `make demo`: every line of standard output, in its order."""
    project = tmp_path / "quickstart"
    shutil.copytree(
        ROOT / "examples" / "quickstart", project, ignore=shutil.ignore_patterns("*.db*")
    )
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    transcript = shown.partition("<!-- transcript:demo -->")[2].partition("<!-- /")[0]
    for command in re.findall(r"^\$ deployer (.*)$", transcript, flags=re.MULTILINE):
        done = subprocess.run(
            [sys.executable, "-m", "deployer", *command.split()],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        told = transcript.partition(f"$ deployer {command}\n")[2].partition("\n$ ")[0]
        shown_lines, lines = timeless(told), timeless(done.stdout)
        assert [line for line in shown_lines if line in lines] == lines


def timeless(text: str) -> list[str]:
    """The lines of a text without what depends on the day: next runs, and notes on the first of them."""
    lines = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "DATE", text).splitlines()
    return [line for line in lines if not line.startswith("    note: ")]
