"""What tests of the forms of a report share: problems of every kind, and hostile ones."""

from collections.abc import Iterable
from dataclasses import replace

from deployer.model import Location, Problem, RuleInfo, Severity
from deployer.render.problems import Findings

WARNING = Problem(
    rule="DW006",
    severity="warning",
    message="`yes` is text here, true elsewhere",
    location=Location("workflows/daily_sales.yaml", 12, 9),
    hint="quote it",
    pointer="/spec/workflows/0/owner",
)
ERROR = Problem(
    rule="DW010",
    severity="error",
    message="unknown key `nodse`",
    location=Location("workflows/daily_sales.yaml", 9, 7),
    hint="did you mean `nodes`?",
)
NOTE = Problem(
    rule="DW140",
    severity="info",
    message="nobody waits for `load`",
    location=Location("workflows/a b,c:d%.yaml", 3, 1),
)
SECRET = Problem("DW007", "error", "looks like an AccessKey", Location("workflows/key.yaml", 2, 10))
RULES = (
    RuleInfo("DW006", "ambiguous-scalar", "warning", "readers differ", "quote it", "More *words*"),
    RuleInfo("DW010", "schema", "error", "the document does not fit its schema"),
)
EXCERPTS = {
    ("workflows/daily_sales.yaml", 9): "      nodse:",
    ("workflows/daily_sales.yaml", 12): "  owner: yes",
}
MANIFESTS = ("workflows/daily_sales.yaml", "workflows/key.yaml", "workflows/sound.yaml")


def findings(*problems: Problem, **attributes: object) -> Findings:
    """A report of these problems, of all kinds if none is named."""
    shown = problems or (WARNING, NOTE, SECRET, ERROR)
    given = {"rules": RULES, "excerpts": EXCERPTS, **attributes}
    return Findings(shown, MANIFESTS, **given)  # type: ignore[arg-type]


def many(count: int, severity: Severity = "error") -> list[Problem]:
    """So many different problems."""
    return [
        replace(ERROR, severity=severity, location=Location("a.yaml", 1 + n, 1))
        for n in range(count)
    ]


NASTY = (
    "::set-env name=PATH::/evil",
    " \u00a0::add-mask::x",
    "x\r\n::stop-commands::y",
    "##[error]x ##vso[task.complete]",
    "\x1b[2J\x1b]8;;http://evil\x07\x9b2J",
    "a\u202eb\u2066c\u200bd",
    "</failure><script>alert(1)</script>]]>&amp;\"'",
    "\ud800\ufffe\uffff\x00",
    "%0A::error::x,file=y:z",
)
"""Names and words that somebody may put into a file."""


def hostile(texts: Iterable[str] = NASTY) -> list[Problem]:
    """A problem for each text, which stands wherever a text can stand."""
    return [Problem(text, "error", text, Location(text, 1, 1), text, text) for text in texts]
