"""What a report about manifests is made of, and the table of its forms; each form is a file of its own.

A form is a module with `render(findings, paint)`, which is imported when it is asked for.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import NamedTuple

from deployer.model import Problem, RuleInfo, Severity
from deployer.render.paint import Paint, plain

FORMATS = {
    "text": "deployer.render.problems_text",
    "json": "deployer.render.problems_json",
    "sarif": "deployer.render.problems_sarif",
    "junit": "deployer.render.problems_junit",
    "github": "deployer.render.problems_github",
    "gitlab": "deployer.render.problems_gitlab",
}
"""The forms of a report, and who makes them."""

WITHOUT_SUMMARY = frozenset({"sarif", "junit", "gitlab"})
"""Forms for files that programs read: how it went is not to be seen in them at a glance."""

GRAVITY: Mapping[Severity, int] = {"error": 0, "warning": 1, "info": 2}
"""The severities, the gravest first."""

_NAMES: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}


class Findings(NamedTuple):
    """What a form shows: the problems of some manifests, and what helps to read them.

    `rules` are those that were checked, `excerpts` source lines by file and line, `folder` the place of
    the project in its repository (empty, or ending with `/`), `fail_on` the least severity that fails.
    """

    problems: Sequence[Problem]
    manifests: Sequence[str]
    rules: Sequence[RuleInfo] = ()
    excerpts: Mapping[tuple[str, int], str] = MappingProxyType({})
    folder: str = ""
    fail_on: Severity = "error"

    @property
    def ordered(self) -> list[Problem]:
        """The problems by file, line, column and rule."""
        return ordered(self.problems)

    @property
    def gravest(self) -> list[Problem]:
        """The same, but errors before warnings before notes."""
        return sorted(self.ordered, key=lambda problem: GRAVITY[problem.severity])

    def fails(self, problem: Problem) -> bool:
        """Whether a problem is one that fails."""
        return GRAVITY[problem.severity] <= GRAVITY[self.fail_on]

    def path(self, file: str) -> str:
        """A file of the project as its repository knows it."""
        return self.folder + file

    def excerpt(self, problem: Problem) -> str:
        """The source line that a problem stands in; empty if it is not to be shown."""
        return self.excerpts.get((problem.location.file, problem.location.line), "")


def render(form: str, findings: Findings, paint: Paint = plain) -> str:
    """The report in one of the FORMATS."""
    text: str = import_module(FORMATS[form]).render(findings, paint)
    return text


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Problems by file, line, column, rule and words: the same in every run."""
    return sorted(problems, key=_place)


def _place(problem: Problem) -> tuple[str, int, int, str, str]:
    location = problem.location
    return (location.file, location.line, location.column, problem.rule, problem.message)


def summary(problems: Iterable[Problem], manifests: int) -> str:
    """One line: how many manifests were checked and what was found."""
    number = Counter(problem.severity for problem in problems)
    found = ", ".join(
        f"{number[severity]} {name}{'' if number[severity] == 1 else 's'}"
        for severity, name in _NAMES.items()
        if number[severity]
    )
    things = "1 manifest" if manifests == 1 else f"{manifests} manifests"
    return f"{things} checked: {found or 'no problems'}"
