"""The stage of a story about a plan: a small project in git, live in an emulator, and what happens to it.

The base is committed and applied; a story then edits files, or the workspace behind git's back, and the
command line plans. Clock, ids and commits are the same each time.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

from tests.acceptance.session import FIRST_MOMENT, run_command

FOLDER = Path(__file__).parent / "plan_stories"
FORMS = {"text": "plan.txt", "json": "plan.json", "markdown": "plan.md", "html": "plan.html"}

_MANY = 50

_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (
        ("NAME", "Reviewer"),
        ("EMAIL", "reviewer@example.com"),
        ("DATE", f"{FIRST_MOMENT:.0f} +0800"),
    )
}
_GIT = {**_IDENTITY, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}


class Stage:
    """A project whose base is live, in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(FOLDER / "base", root, dirs_exist_ok=True)
        self.write(".gitignore", "data/\n")
        self._git("init", "--quiet", "--initial-branch=main")

    def begin(self) -> None:
        """Commit what there is, and apply it: the base of the plan."""
        self.commit("Base")
        self.apply()

    # --- what people do in git --------------------------------------------------------------------

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text in a file, which has to be there."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new))

    def remove(self, name: str) -> None:
        """Delete a file."""
        (self.root / name).unlink()

    def commit(self, message: str) -> None:
        """Commit everything."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", f"--message={message}")

    def _git(self, *arguments: str) -> None:
        subprocess.run(
            ["git", *arguments], cwd=self.root, env={**_GIT, "PATH": "/usr/bin:/bin"}, check=True
        )

    # --- what happens to the workspace ------------------------------------------------------------

    def apply(self) -> None:
        """Bring the workspace to what the files say."""
        code, out = run_command(["apply", "--auto-approve"], self.root)
        assert code == 0, out

    def in_console(self, name: str, old: str, new: str) -> None:
        """Somebody edits the workspace: as if a file said something else, which git never held."""
        before = (self.root / name).read_text(encoding="utf-8")
        self.edit(name, old, new)
        self.apply()
        self.write(name, before)

    # --- the plan ---------------------------------------------------------------------------------

    def plan(self, *flags: str) -> dict[str, str]:
        """What `deployer plan` prints in every form, and whether it says that there are changes."""
        printed: dict[str, str] = {}
        for form in FORMS:
            arguments = ["plan", "--format", form, "--detailed-exitcode", *flags]
            code, printed[form] = run_command(arguments, self.root)
            assert code == 2, printed[form]
        return printed


def reviewable(form: str, printed: str) -> str:
    """A printed plan as it is kept: what a reviewer of the golden file would look at."""
    if form == "html":
        return _page(printed)
    return _document(printed) if form == "json" else printed


def _page(printed: str) -> str:
    """A page without what all pages share and without the places of a drawing, an element to a line."""
    shared = re.sub(r"(?s)<(style|script)>.*?</\1>", r"<\1>…</\1>", printed)
    hashes = re.sub(r"sha256-[^&]*&", "sha256-…&", shared)
    drawn = re.sub(r'<path class="(?:way|tip)"[^>]*/>', "", hashes)
    places = re.sub(r'( (?:d|x|y|width|height|viewBox|rx)=")[^"]*"', r'\1…"', drawn)
    return re.sub(
        r"\n*(?=<(?:body|main|tr|li|h[1-4]|details|section|div|p|g|table)\b)", "\n", places
    )


def _document(printed: str) -> str:
    """A document with its keys sorted, whose large workflows hold only the nodes something happens to."""
    document = json.loads(printed)
    for each in document["resource_changes"]:
        concerned = {node["name"] for node in each["nodes"]}
        for side in (each["change"]["before"], each["change"]["after"]):
            if side and len(side["nodes"]) > _MANY:
                side["nodes"] = {n: v for n, v in side["nodes"].items() if n in concerned}
                side["dependencies"] = "…"
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
