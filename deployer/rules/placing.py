"""Findings become problems: where in the files they lie. Each file is read once for all of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from deployer.manifest import Place, locate_all
from deployer.model import Location, Manifest, Problem, RuleInfo, Severity
from deployer.reading.documents import pointer_text
from deployer.rules.subject import Finding, Subject


class Told(NamedTuple):
    """A finding of a rule in a manifest, and how bad it is; its place is not looked up yet."""

    subject: Subject
    info: RuleInfo
    finding: Finding
    severity: Severity


_Places = Mapping[str, Mapping[Place, Location]]
"""Manifest file → place in its document → where that is written."""


def placed(told: Sequence[Told]) -> list[Problem]:
    """The same as problems, in the same order."""
    places = _located(told)
    return [_problem(each, places) for each in told]


def _located(told: Sequence[Told]) -> _Places:
    manifests: dict[str, Manifest] = {}
    asked: defaultdict[str, set[Place]] = defaultdict(set)
    for each in told:
        for subject, place in _asked(each):
            manifests[subject.manifest.file] = subject.manifest
            asked[subject.manifest.file].add(place)
    return {file: locate_all(manifests[file], places) for file, places in asked.items()}


def _asked(told: Told) -> list[tuple[Subject, Place]]:
    """What is to be looked up: the place of a finding first, then the other one that it speaks of."""
    subject, finding = told.subject, told.finding
    own = subject, (subject.whole(finding.pointer, finding.in_document), finding.key)
    if finding.other is None:
        return [own]
    other, pointer = finding.other
    return [own, (other, (other.whole(pointer), False))]


def _problem(told: Told, places: _Places) -> Problem:
    finding = told.finding
    location, *others = [places[subject.manifest.file][at] for subject, at in _asked(told)]
    return Problem(
        rule=told.info.id,
        severity=told.severity,
        message=finding.message + "".join(f" in {_seen(each, location)}" for each in others),
        location=location,
        hint=finding.hint or told.info.hint,
        pointer=pointer_text(told.subject.whole(finding.pointer, finding.in_document)),
    )


def _seen(other: Location, here: Location) -> str:
    """A place in words: the file is left out where it is the same one."""
    return f"line {other.line}" if other.file == here.file else f"{other.file}:{other.line}"
