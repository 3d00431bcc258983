"""What identifies a problem from one run to the next, for services that tell new ones from old ones."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

from deployer.model import Problem
from deployer.render.problems import Findings

_LINES = re.compile(r"(\.[a-z]+:|\blines? )[0-9]+(?: and [0-9]+)?")
"""Numbers of lines in words about another place: `in flows/b.yaml:14`, `lines 3 and 4`."""


def fingerprints(findings: Findings, problems: Iterable[Problem]) -> list[str]:
    """A text for each problem, unique, that stays the same though lines move.

    Made of rule, file, words and source line, not of numbers of lines; problems that share all of
    these are numbered in their order.
    """
    seen: Counter[str] = Counter()
    result = []
    for problem in problems:
        parts = (
            problem.rule,
            findings.path(problem.location.file),
            _LINES.sub(r"\1", problem.message),
            findings.excerpt(problem).strip(),
        )
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        seen[digest] += 1
        result.append(f"{digest}:{seen[digest]}")
    return result
