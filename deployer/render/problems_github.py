"""Problems as workflow commands of GitHub Actions, which shows them beside the lines they are about.

The runner takes a line for a command if `::` comes first in it, blanks aside, or if `##[` stands
anywhere: `visible` lets no text of others do either.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from deployer.model import Problem, Severity
from deployer.render import problems_text
from deployer.render.paint import Paint
from deployer.render.problems import Findings, summary
from deployer.render.visible import visible

PER_KIND = 10
"""GitHub shows so many annotations of a kind per step (and 50 per job, of all steps together)."""

_COMMANDS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def render(findings: Findings, _: Paint) -> str:
    """Annotations, the gravest first; what GitHub would hide is told as text, and how much it is."""
    problems = findings.gravest
    shown, hidden = _split(problems, PER_KIND)
    if hidden:  # one notice is needed to say so
        shown, hidden = _split(problems, PER_KIND - 1)
    lines = [_annotation(findings, problem) for problem in shown] + _rest(hidden)
    return "\n".join([*lines, summary(problems, len(findings.manifests)), ""])


def _split(problems: Iterable[Problem], notices: int) -> tuple[list[Problem], list[Problem]]:
    """The first problems of each kind, of which `notices` can be notices, and the others."""
    seen: Counter[Severity] = Counter()
    shown: list[Problem] = []
    hidden: list[Problem] = []
    for problem in problems:
        seen[problem.severity] += 1
        limit = notices if problem.severity == "info" else PER_KIND
        (shown if seen[problem.severity] <= limit else hidden).append(problem)
    return shown, hidden


def _annotation(findings: Findings, problem: Problem) -> str:
    location = problem.location
    properties = {
        "file": findings.path(location.file),
        "line": str(location.line),
        "col": str(location.column),
        "title": problem.rule,
    }
    named = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    words = [problem.message, *([f"hint: {problem.hint}"] if problem.hint else [])]
    return f"::{_COMMANDS[problem.severity]} {named}::{'%0A'.join(map(_data, words))}"


def _rest(hidden: list[Problem]) -> list[str]:
    if not hidden:
        return []
    told = f"{len(hidden)} more in the log of this step: {PER_KIND} of a kind are shown here"
    return [*problems_text.lines(hidden), f"::notice title=deployer validate::{_data(told)}"]


def _data(text: str) -> str:
    return visible(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
