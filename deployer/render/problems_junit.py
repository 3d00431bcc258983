"""Problems as a JUnit report: a test case for each file and rule."""

import re
from collections.abc import Sequence
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from deployer.model import Problem
from deployer.render.paint import Paint
from deployer.render.problems import Findings
from deployer.render.visible import visible

_SUITE = "deployer validate"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(findings: Findings, _: Paint) -> str:
    """A case for each file and rule that found something there, and one for each sound manifest.

    A case fails if a problem in it is as grave as `fail_on`; milder ones are output of a passed case.
    """
    suites = Element("testsuites", name=_SUITE)
    suite = SubElement(suites, "testsuite", name=_SUITE)
    problems = findings.ordered
    for (file, rule), found in groupby(sorted(problems, key=_case), key=_case):
        _tell(suite, findings, file, rule, list(found))
    for file in sorted(set(findings.manifests) - {problem.location.file for problem in problems}):
        _add(suite, findings, file, "no problems", 1)
    for each in (suites, suite):
        each.set("tests", str(len(suite)))
        each.set("failures", str(len(suite.findall("testcase/failure"))))
        each.set("errors", "0")
    indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(suites, encoding="unicode")}\n'


def _case(problem: Problem) -> tuple[str, str]:
    return problem.location.file, problem.rule


def _tell(
    suite: Element, findings: Findings, file: str, rule: str, problems: Sequence[Problem]
) -> None:
    case = _add(suite, findings, file, rule, problems[0].location.line)
    grave = [problem for problem in problems if findings.fails(problem)]
    mild = [problem for problem in problems if not findings.fails(problem)]
    if grave:
        failure = SubElement(case, "failure", type=_text(rule), message=_text(grave[0].message))
        failure.text = _told(findings, grave)
    if mild:
        SubElement(case, "system-out").text = _told(findings, mild)


def _add(suite: Element, findings: Findings, file: str, name: str, line: int) -> Element:
    path = _text(findings.path(file))
    return SubElement(
        suite, "testcase", classname=path, name=_text(name), file=path, line=str(line)
    )


def _told(findings: Findings, problems: Sequence[Problem]) -> str:
    """The problems as lines of text, their places first."""
    lines = []
    for problem in problems:
        lines.append(f"{findings.folder}{problem.location}: {problem.severity}: {problem.message}")
        lines += [f"    hint: {problem.hint}"] if problem.hint else []
    return "\n".join(map(_text, lines))


def _text(text: str) -> str:
    """One line that XML can hold."""
    return _NOT_XML.sub("\ufffd", visible(text))
