"""The files that a new project begins with: answers in, texts out; nothing is read or written here.

The texts are files of the package, below `templates/`, in which `@@name@@` stands for an answer. What
continuous integration runs is the same text for everybody: what differs stands in its first lines.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

CI = {
    "github": {
        "ci/github/deployer.yml": ".github/workflows/deployer.yml",
        "ci/github/deployer-drift.yml": ".github/workflows/deployer-drift.yml",
    },
    "gitlab": {"ci/gitlab-ci.yml": ".gitlab-ci.yml"},
    "none": {},
}
"""For each kind of continuous integration: the template, and where its text goes."""

IGNORE_FILE = ".gitignore"
FOLDER = "demo"
IDENTIFIER = "demo_dev"
_MARK = re.compile(r"@@([a-z]+)@@")


@dataclass(frozen=True, slots=True)
class Answers:
    """What differs between projects; without `region` there is no real workspace yet.

    `folder` is the folder of the workspace, such as `sales/daily`; `project` an id, digits.
    """

    folder: str = FOLDER
    region: str = ""
    project: str = ""
    identifier: str = IDENTIFIER
    ci: str = "github"
    hook: bool = True


def new_files(answers: Answers) -> dict[str, str]:
    """The text of every new file by its path, `.gitignore` excepted."""
    return {
        "deployer.yaml": _config(answers),
        "workflows/first_workflow.yaml": _filled("workflow.yaml", answers),
        "workflows/scripts/prepare.sh": _text("scripts/prepare.sh"),
        **({".pre-commit-config.yaml": _text("pre-commit-config.yaml")} if answers.hook else {}),
        **{path: _text(name) for name, path in CI[answers.ci].items()},
    }


def ignoring(before: str) -> str:
    """A `.gitignore` with all that it held, and the lines that it lacks at its end."""
    present = {line.strip() for line in before.splitlines()}
    missing = [line for line in _text("gitignore").splitlines() if line not in present]
    if all(line.startswith("#") for line in missing):
        return before
    gap = "" if not before or before.endswith("\n\n") else "\n"
    end = "" if not before or before.endswith("\n") else "\n"
    return before + end + gap + "".join(f"{line}\n" for line in missing)


def _config(answers: Answers) -> str:
    target = "target.yaml" if answers.region else "target-later.yaml"
    return _filled("deployer.yaml", answers) + _filled(target, answers)


def _filled(name: str, answers: Answers) -> str:
    values = dict(_values(answers))
    return _MARK.sub(lambda mark: values[mark[1]], _text(name))


def _values(answers: Answers) -> Iterator[tuple[str, str]]:
    """Each answer as YAML: a JSON string is one, whatever it holds; an id stays a number."""
    yield "folder", json.dumps(answers.folder, ensure_ascii=False)
    yield "path", json.dumps(f"{answers.folder}/first_workflow", ensure_ascii=False)
    yield "region", answers.region
    yield "project", answers.project
    yield "identifier", json.dumps(answers.identifier, ensure_ascii=False)


def _text(name: str) -> str:
    return (files("deployer") / "templates" / name).read_text(encoding="utf-8")
