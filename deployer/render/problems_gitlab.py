"""Problems as a GitLab code quality report."""

from deployer.model import Severity
from deployer.render.fingerprints import fingerprints
from deployer.render.json_text import json_text
from deployer.render.paint import Paint
from deployer.render.problems import Findings
from deployer.render.visible import visible

_SEVERITIES: dict[Severity, str] = {"error": "major", "warning": "minor", "info": "info"}


def render(findings: Findings, _: Paint) -> str:
    """A JSON list with an object per problem."""
    problems = findings.ordered
    report = [
        {
            "description": visible(" - ".join(filter(None, (problem.message, problem.hint)))),
            "check_name": problem.rule,
            "fingerprint": fingerprint,
            "severity": _SEVERITIES[problem.severity],
            "location": {
                "path": findings.path(problem.location.file),
                "lines": {"begin": max(problem.location.line, 1)},
            },
        }
        for problem, fingerprint in zip(problems, fingerprints(findings, problems), strict=True)
    ]
    return json_text(report)
