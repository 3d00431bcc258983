"""The outcomes of an apply as text."""

from collections import Counter
from collections.abc import Iterator

from deployer.model import Outcome, Report
from deployer.render.paint import Paint, plain
from deployer.render.visible import visible

_COLOURS = {"done": "green", "failed": "red", "not attempted": "yellow"}


def to_text(report: Report, paint: Paint = plain) -> str:
    """One line per change and the counts; what failed says why and what is there now."""
    lines = [line for outcome in report.outcomes for line in _outcome(outcome, paint)]
    return "\n".join([*lines, counts(report)]) + "\n"


def counts(report: Report) -> str:
    """How many changes are done, failed and not attempted, and what it cost."""
    number = Counter(outcome.status for outcome in report.outcomes)
    calls = f"API calls: {report.api_calls}"
    return (
        f"{number['done']} done, {number['failed']} failed, "
        f"{number['not attempted']} not attempted. {calls}"
    )


def _outcome(outcome: Outcome, paint: Paint) -> Iterator[str]:
    status = paint(_COLOURS[outcome.status], outcome.status)
    yield f"{status}: {outcome.action} {visible(outcome.address)}"
    if outcome.error:
        yield f"    {visible(outcome.error)}"
