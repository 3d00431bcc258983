"""Problems as one JSON document."""

from collections import Counter
from typing import Any

from deployer.model import Problem
from deployer.render.json_text import json_text
from deployer.render.paint import Paint
from deployer.render.problems import Findings


def render(findings: Findings, _: Paint) -> str:
    """`problems` in the order of the files, and a `summary` of how many they are, in how many files."""
    number = Counter(problem.severity for problem in findings.problems)
    document = {
        "problems": [problem_object(problem) for problem in findings.ordered],
        "summary": {
            "errors": number["error"],
            "warnings": number["warning"],
            "notes": number["info"],
            "files": len(findings.manifests),
        },
    }
    return json_text(document)


def problem_object(problem: Problem) -> dict[str, Any]:
    """A problem as the JSON object that every JSON output of this program uses."""
    return {
        "rule": problem.rule,
        "severity": problem.severity,
        "message": problem.message,
        "hint": problem.hint,
        "file": problem.location.file,
        "line": problem.location.line,
        "column": problem.location.column,
        "pointer": problem.pointer,
    }
