"""Problems as text: clickable in editors and CI logs, with the source line and the hint below."""

from collections.abc import Iterator, Sequence

from deployer.model import Problem
from deployer.render.paint import Paint, plain
from deployer.render.problems import Findings, ordered, summary
from deployer.render.source_line import marked
from deployer.render.visible import visible

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


def render(findings: Findings, paint: Paint = plain) -> str:
    """Every problem in the order of the files, and a summary line; notes only where they fail."""
    told = [
        line
        for problem in findings.ordered
        if problem.severity != "info" or findings.fails(problem)
        for line in _problem(problem, findings.excerpt(problem), paint)
    ]
    quiet = any(not findings.fails(problem) for problem in _notes(findings))
    aside = " (`--fail-on info` shows notes)" if quiet else ""
    counts = summary(findings.problems, len(findings.manifests))
    return "\n".join([*told, counts + aside]) + "\n"


def lines(problems: Sequence[Problem], paint: Paint = plain) -> list[str]:
    """Every problem in the order of the files, its hint on a line of its own."""
    return [line for problem in ordered(problems) for line in _problem(problem, "", paint)]


def _notes(findings: Findings) -> Iterator[Problem]:
    return (problem for problem in findings.problems if problem.severity == "info")


def _problem(problem: Problem, excerpt: str, paint: Paint) -> Iterator[str]:
    severity = paint(_COLOURS[problem.severity], problem.severity)
    place = paint("bold", visible(str(problem.location)))
    yield f"{place}: {severity} {visible(problem.rule)}: {visible(problem.message)}"
    if excerpt.strip():
        yield from _excerpt(problem, excerpt, paint)
    if problem.hint:
        yield f"    hint: {visible(problem.hint)}"


def _excerpt(problem: Problem, line: str, paint: Paint) -> Iterator[str]:
    text, caret = marked(line, problem.location.column)
    gutter = f"{problem.location.line:5} |"
    yield f"{paint('dim', gutter)} {text}"
    empty = f"{'|':>{len(gutter)}}"
    blanks, mark = caret[:-1], paint(_COLOURS[problem.severity], caret[-1])
    yield f"{paint('dim', empty)} {blanks}{mark}"
