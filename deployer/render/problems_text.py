"""Problems as text: one line each, clickable in editors and CI logs, with the hint below."""

from collections import Counter
from collections.abc import Sequence

from deployer.model import Problem
from deployer.render.paint import Paint, plain
from deployer.render.visible import visible

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


def to_text(problems: Sequence[Problem], files: int, paint: Paint = plain) -> str:
    """Every problem in the order of the files, and a summary line."""
    return "\n".join([*lines(problems, paint), summary(problems, files)]) + "\n"


def lines(problems: Sequence[Problem], paint: Paint = plain) -> list[str]:
    """Every problem in the order of the files, its hint on a line of its own."""
    result = []
    for problem in sorted(problems, key=_place):
        severity = paint(_COLOURS[problem.severity], problem.severity)
        place = paint("bold", visible(str(problem.location)))
        result.append(f"{place}: {severity} {visible(problem.rule)}: {visible(problem.message)}")
        if problem.hint:
            result.append(f"    hint: {visible(problem.hint)}")
    return result


def summary(problems: Sequence[Problem], files: int) -> str:
    """How many files were checked and what was found."""
    number = Counter(problem.severity for problem in problems)
    found = ", ".join(
        f"{count} {word}{'' if count == 1 else 's'}"
        for word in ("error", "warning")
        if (count := number[word])
    )
    return f"{files} manifest{'' if files == 1 else 's'} checked: {found or 'no problems'}"


def _place(problem: Problem) -> tuple[str, int, int, str]:
    location = problem.location
    return (location.file, location.line, location.column, problem.rule)
