"""Problems as a SARIF 2.1.0 log, which code scanning services take."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from deployer import __version__
from deployer.model import Problem, RuleInfo, Severity
from deployer.render.fingerprints import fingerprints
from deployer.render.json_text import json_text
from deployer.render.paint import Paint
from deployer.render.problems import Findings, ordered
from deployer.render.visible import visible

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
MOST_RESULTS = 25_000
"""GitHub refuses a run with more results; of these it keeps the 5,000 gravest."""

_LINK = re.compile(r"\[([^][]+)\]\([^()]+\)")
_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}


def render(findings: Findings, _: Paint) -> str:
    """One run: the rules, and a result per problem; where there are too many, the gravest."""
    problems = ordered(findings.gravest[:MOST_RESULTS])
    rules = _rules(findings, problems)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    results = [
        _result(findings, problem, index[problem.rule], fingerprint)
        for problem, fingerprint in zip(problems, fingerprints(findings, problems), strict=True)
    ]
    driver = {"name": "deployer", "semanticVersion": __version__, "rules": rules}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(len(findings.problems) - len(problems))],
        "results": results,
    }
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _invocation(left_out: int) -> dict[str, Any]:
    told = f"{left_out} more problems are left out: a run has {MOST_RESULTS} results at most"
    notifications = [{"level": "warning", "message": {"text": told}}] if left_out else []
    return {"executionSuccessful": True, "toolExecutionNotifications": notifications}


def _rules(findings: Findings, problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """The rules that were checked, and any other that a problem names."""
    known = {rule.id: _rule(rule) for rule in findings.rules}
    others = {problem.rule for problem in problems} - set(known)
    return [*known.values(), *({"id": rule} for rule in sorted(others))]


def _rule(rule: RuleInfo) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.reason},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }
    if rule.hint or rule.text:
        described["help"] = {"text": rule.hint or rule.reason}
        if rule.text:
            described["help"]["markdown"] = _markdown(rule)
    return described


def _markdown(rule: RuleInfo) -> str:
    """The explanation, which viewers show in place of the text; its links lead to pages of the docs."""
    cure = f"\n\nCure: {rule.hint}" if rule.hint else ""
    return _LINK.sub(r"\1", rule.text) + cure


def _result(findings: Findings, problem: Problem, rule: int, fingerprint: str) -> dict[str, Any]:
    location = problem.location
    place = {
        "artifactLocation": {
            "uri": quote(findings.path(location.file), errors="replace"),
            "uriBaseId": "%SRCROOT%",
        },
        "region": {"startLine": max(location.line, 1), "startColumn": max(location.column, 1)},
    }
    return {
        "ruleId": problem.rule,
        "ruleIndex": rule,
        "level": _LEVELS[problem.severity],
        "message": {"text": _message(problem)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    }


def _message(problem: Problem) -> str:
    """The words and the hint; `[text](place)` would be a link, and a backslash makes it none."""
    hint = [f"Hint: {problem.hint}"] if problem.hint else []
    return "\n".join(visible(text).replace("](", "\\](") for text in [problem.message, *hint])
