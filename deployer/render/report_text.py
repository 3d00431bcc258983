"""The outcomes of an apply as text."""

from collections import Counter
from collections.abc import Iterator

from deployer.model import Outcome, Published, Report
from deployer.render.paint import Paint, plain
from deployer.render.visible import visible

_COLOURS = {"done": "green", "failed": "red", "not attempted": "yellow", "waiting": "yellow"}


def to_text(report: Report, paint: Paint = plain) -> str:
    """One line per change, what remains, and the counts; what failed says why and what is there now."""
    lines = [line for outcome in report.outcomes for line in _outcome(outcome, paint)]
    lines += [line for published in report.published for line in _published(published, paint)]
    if report.halted and report.left:
        lines.append(paint("bold", halted(report)))
    return "\n".join([*lines, counts(report)]) + "\n"


def halted(report: Report) -> str:
    """What ended the work early, and how much of it remains."""
    many = "" if report.left == 1 else "s"
    return f"{report.halted}; {report.left} workflow{many} not attempted"


def counts(report: Report) -> str:
    """How many changes are done, failed and not attempted, how many published, and what it cost."""
    parts = [_counts(report)] if report.outcomes or not report.published else []
    if report.published:
        parts.append(_published_counts(report))
    return f"{'; '.join(parts)}. API calls: {report.api_calls}"


def _counts(report: Report) -> str:
    number = Counter(outcome.status for outcome in report.outcomes)
    waiting = f", {number['waiting']} waiting for a person" if number["waiting"] else ""
    return (
        f"{number['done']} done{waiting}, {number['failed']} failed, "
        f"{number['not attempted']} not attempted"
    )


def _published_counts(report: Report) -> str:
    number = Counter(published.status for published in report.published)
    waiting = f", {number['waiting']} waiting for a person" if number["waiting"] else ""
    return (
        f"{number['done']} published{waiting}, {number['failed']} failed, "
        f"{number['not attempted']} not attempted"
    )


def _outcome(outcome: Outcome, paint: Paint) -> Iterator[str]:
    status = paint(_COLOURS[outcome.status], outcome.status)
    yield f"{status}: {outcome.action} {visible(outcome.address)}"
    yield from (f"    moved: {visible(old)} -> {visible(new)}" for old, new in outcome.moved)
    yield from (f"    deleted: {visible(name)}" for name in outcome.deleted)
    if outcome.error:
        yield f"    {visible(outcome.error)}"


def _published(published: Published, paint: Paint) -> Iterator[str]:
    status = paint(_COLOURS[published.status], published.status)
    run = f", pipeline run {visible(published.run)}" if published.run else ""
    version = f", version {published.version}" if published.version else ""
    yield f"{status}: publish {visible(published.address)}{run}{version}"
    if published.error:
        yield f"    {visible(published.error)}"
