"""Rules beyond the schema: one small function each, in one table, checked on manifests as written.

A rule gets what it looks at and yields findings; where a finding lies in the file, and how it is shown,
is decided by the caller.
"""

from collections.abc import Iterator, Sequence

from deployer.model import Problem
from deployer.rules.document import DOCUMENT_RULES
from deployer.rules.repository import REPOSITORY_RULES
from deployer.rules.subject import Finding, Rule, Subject, near

__all__ = [
    "DOCUMENT_RULES",
    "REPOSITORY_RULES",
    "Finding",
    "Rule",
    "Subject",
    "check",
    "check_all",
    "near",
]


def check(subject: Subject) -> Iterator[Problem]:
    """What the rules for one document find in it."""
    for rule in DOCUMENT_RULES:
        for finding in rule.check(subject):
            yield subject.problem(rule.id, rule.severity, finding)


def check_all(subjects: Sequence[Subject]) -> Iterator[Problem]:
    """What the rules for a whole repository find."""
    for rule in REPOSITORY_RULES:
        for subject, finding in rule.check(subjects):
            yield subject.problem(rule.id, rule.severity, finding)
