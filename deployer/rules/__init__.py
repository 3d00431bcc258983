"""Rules beyond the schema: one small function each, in one table, checked on manifests as written.

A rule gets what it looks at and yields findings; where a finding lies in the file, and how it is shown,
is decided by the caller. What a rule asks for is said in docs/rules.md, which is made from this table.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from deployer.model import RuleInfo, Severity
from deployer.nearest import nearest
from deployer.rules.contents import CONTENT_RULES
from deployer.rules.control import CONTROL_RULES
from deployer.rules.edges import EDGE_RULES
from deployer.rules.moves import MOVED_NODES
from deployer.rules.names import NAME_RULES
from deployer.rules.node_types import NODE_TYPE_RULES
from deployer.rules.placing import Told, placed
from deployer.rules.repository import REPOSITORY_RULES
from deployer.rules.schedule import SCHEDULE_RULES
from deployer.rules.silences import Silence, field_path, silences, useless
from deployer.rules.subject import DocumentRule, Finding, Rule, Subject, near
from deployer.rules.told_elsewhere import SILENCE, TOLD_ELSEWHERE

__all__ = [
    "CATALOGUE",
    "DOCUMENT_RULES",
    "REPOSITORY_RULES",
    "Finding",
    "Met",
    "Rule",
    "Subject",
    "Told",
    "across",
    "inside",
    "judged",
    "met",
    "near",
    "placed",
    "unused_silences",
]

Met = tuple[str, Silence]
"""The file of a manifest, and an entry of its `deployer.silence`."""

DOCUMENT_RULES: tuple[DocumentRule, ...] = (
    *NAME_RULES,
    *EDGE_RULES,
    *CONTENT_RULES,
    *CONTROL_RULES,
    *NODE_TYPE_RULES,
    *SCHEDULE_RULES,
    MOVED_NODES,
)


def _catalogue() -> tuple[RuleInfo, ...]:
    """Every id once: a rule that finds two kinds of things is described by the milder one."""
    order = ("error", "warning", "info")
    infos = [*TOLD_ELSEWHERE, *(rule.info for rule in DOCUMENT_RULES)]
    infos += [rule.info for rule in REPOSITORY_RULES]
    by_id = {info.id: info for info in sorted(infos, key=lambda info: order.index(info.severity))}
    return tuple(by_id[rule] for rule in sorted(by_id))


CATALOGUE = _catalogue()
"""What there is to know of every rule whose findings `validate` reports, by id."""

_KNOWN = {info.id: info for info in CATALOGUE}


def inside(subject: Subject) -> Iterator[Told]:
    """What the rules for one document find in it."""
    for rule in DOCUMENT_RULES:
        for finding in rule.check(subject):
            yield Told(subject, rule.info, finding, rule.info.severity)


def across(subjects: Sequence[Subject]) -> Iterator[Told]:
    """What the rules for a whole repository find."""
    for rule in REPOSITORY_RULES:
        for subject, finding in rule.check(subjects):
            yield Told(subject, rule.info, finding, rule.info.severity)


def judged(told: Iterable[Told], severities: Mapping[str, str]) -> Iterator[Told]:
    """The findings that count: not silenced, not `off`, severities as configured."""
    for each in told:
        if _silenced_by(each):
            continue
        severity = _severity(each.info, severities)
        if severity is not None:
            yield each._replace(severity=severity)


def _severity(info: RuleInfo, severities: Mapping[str, str]) -> Severity | None:
    wanted = info.severity if info.fixed else severities.get(info.id, info.severity)
    return next((each for each in _SEVERITIES if each == wanted), None)


_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


def _silenced_by(told: Told) -> list[Silence]:
    """The entries of `deployer.silence` that accept a finding."""
    if told.info.fixed:
        return []
    entries = [each for each in silences(told.subject) if each.rule == told.info.id]
    path = field_path(told.subject, told.finding) if entries else ""
    return [each for each in entries if each.covers(told.info.id, path)]


def met(told: Iterable[Told]) -> frozenset[Met]:
    """Which entries of `deployer.silence`, of which manifest, accept any of these findings."""
    return frozenset(
        (each.subject.manifest.file, one) for each in told for one in _silenced_by(each)
    )


def unused_silences(subjects: Iterable[Subject], used: Container[Met]) -> Iterator[Told]:
    """A warning for each entry of `deployer.silence` that is not among those that were of use."""
    for subject in subjects:
        for entry in silences(subject):
            if (subject.manifest.file, entry) not in used:
                message, hint = useless(entry, _KNOWN, near_id(entry.rule))
                place = ("deployer", "silence", entry.number, "rule")
                finding = Finding(place, message, hint, in_document=True)
                yield Told(subject, SILENCE, finding, SILENCE.severity)


def refusal(rule: str) -> tuple[str, str]:
    """Why the severity of a rule cannot be set, and the cure; two empty texts if it can."""
    info = _KNOWN.get(rule)
    if info is None:
        likely = near_id(rule)
        hint = f"did you mean `{likely}`?" if likely else "docs/rules.md lists the rules"
        return f"there is no rule `{rule}`", hint
    if info.fixed:
        return f"the severity of `{rule}` cannot be changed", f"it is there because {info.reason}"
    return "", ""


def near_id(rule: str) -> str:
    """The id most like `rule`, empty for none; the name of a rule leads to its id."""
    by_name = [info.id for info in CATALOGUE if info.name == rule]
    return by_name[0] if by_name else nearest(rule.upper(), _KNOWN, cutoff=0.75)
