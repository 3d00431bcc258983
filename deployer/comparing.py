"""One manifest and the live workflow it names, compared: the pure part of a plan, for any process to do."""

import marshal
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, cast

from deployer.checking import Checked, check, is_meant_for
from deployer.desired import from_manifest
from deployer.entities import SELF
from deployer.flowspec import comparable, observed, read_live, resolved
from deployer.model import Change, Observed, Settings, Spec, Target, Workflow
from deployer.normalise import digest
from deployer.origins import dropped, traced
from deployer.plan import change, unchanged
from deployer.reading.tree import Folder
from deployer.refresh import worth_keeping
from deployer.remote.workspace import document_of
from deployer.rules import Told
from deployer.rules.subject import Subject


class Before(NamedTuple):
    """What git held of a workflow: None if nothing, in which words, and whether what is gone is to go."""

    workflow: Workflow | None = None
    words: str = ""
    prune: bool = False


class Compared(NamedTuple):
    """What was found: the change, what is asked for, and what is live where nothing differs.

    Of the two workflows no more may be told than their edges. `nodes` are the ids of the nodes, None if
    the text is not to be kept.
    """

    change: Change
    desired: Workflow
    there: Workflow | None = None
    nodes: tuple[str, ...] | None = None


def compared(desired: Workflow, live: Observed | None, before: Before) -> Compared:
    """What a plan says of one workflow, and of which object that is."""
    base, words, prune = before
    names = dropped(base, desired, live) if prune else ()
    found = identified(traced(change(desired, live, names), base, words), live)
    if live is None or found.action != "unchanged":
        return Compared(found, desired)
    return Compared(found, edges_of(desired), _standing(live.workflow, live.identifier))


def against(
    desired: Workflow, document: dict[str, Any], before: Before, *, told: bool = True
) -> tuple[Compared, Mapping[str, str]]:
    """The same for the live workflow of a document, and the ids that this has.

    Where nothing differs that takes one short look, and `told` says whether its fingerprint is needed.
    """
    there = read_live(document)
    same = unchanged(desired, there.workflow)
    if same is None:
        return compared(desired, observed(there), before), there.ids
    content = digest(comparable(there.workflow, there.identifier)) if told else ""
    same = replace(same, object_id=there.ids[SELF], fingerprint=content)
    edges = _standing(there.workflow, there.identifier)
    return Compared(same, replace(desired, spec=edges.spec), edges), there.ids


def _standing(live: Workflow, identifier: str) -> Workflow:
    """What is left of a live workflow: its edges, by the names that others know them by (U-30)."""
    return edges_of(replace(live, spec=resolved(live.spec, identifier)))


def identified(found: Change, live: Observed | None) -> Change:
    """The change with the id and the fingerprint of what is live."""
    if live is None:
        return found
    return replace(found, object_id=live.ids[SELF], fingerprint=live.fingerprint)


def wished(desired: Workflow, target: Target, said: bool | None) -> bool:
    """Whether a workflow is to be published: the command line, else the manifest, else the target."""
    if said is not None:
        return said
    return target.publish if desired.publish is None else desired.publish


class Asked(NamedTuple):
    """What is to be found out about a live workflow besides what differs.

    `told`: the fingerprint, even if nothing differs. `kept`: whether it may be kept for the next plan.
    """

    told: bool = False
    kept: bool = False


@dataclass
class Comparer:
    """Reads manifests as one target sees them, and holds each workflow until it is compared or taken."""

    settings: Settings
    target: Target
    _held: dict[str, Workflow] = field(default_factory=dict)

    def check(self, path: Path) -> tuple[Checked, Workflow | None]:
        """The manifest at a path, without its document; and the workflow, of which no spec is told yet.

        No workflow where the manifest is not fit for a plan, or not meant for the target.
        """
        found = check(path, self.settings, self.target, Folder(self.settings.root))
        subject = found.subject
        if subject is None:
            return found, None
        brief = subject.brief()
        light = found._replace(subject=brief, within=tuple(_briefly(found.within, brief)))
        if found.broken or not is_meant_for(self.target, subject):
            return light, None
        workflow = self._held[found.file] = from_manifest(subject.manifest, self.target)
        return light, replace(workflow, spec={})

    def take(self, file: str) -> Workflow:
        """The whole workflow of a manifest that was checked, which is held no longer."""
        return self._held.pop(file)

    def compare(self, file: str, text: str, before: Before, asked: Asked) -> Compared:
        """What differs between the workflow of a manifest, held no longer, and the live one of that text.

        It can be shown, not carried out: both sides are there as they are compared, not as they are sent.
        Raises Unreachable for a text that is no document.
        """
        document = document_of(text)
        found, ids = against(self.take(file), document, before, told=asked.told)
        nodes = worth_keeping(document, ids) if asked.kept else None
        return found._replace(
            change=_shown(found.change), desired=edges_of(found.desired), nodes=nodes
        )


def _shown(found: Change) -> Change:
    """A change of whose workflows, beside the values to be shown, only the edges are left."""
    desired, before, after = found.desired, found.before, found.after
    return replace(
        found,
        desired=desired and edges_of(desired),
        before=before
        and replace(
            before,
            workflow=edges_of(before.workflow),
            comparable=cast("Spec", Edges.of(before.comparable)),
        ),
        after=after and edges_of(after),
    )


def _briefly(told: tuple[Told, ...], brief: Subject) -> Iterator[Told]:
    """Findings in one manifest, of which no more is held than what is told of it elsewhere."""
    for each in told:
        other = each.finding.other
        finding = each.finding._replace(other=other and (brief, other[1]))
        yield each._replace(subject=brief, finding=finding)


def edges_of(workflow: Workflow) -> Workflow:
    """The workflow, of whose spec only what concerns others is left; itself if that was so."""
    if isinstance(workflow.spec, Edges):
        return workflow
    return replace(workflow, spec=cast("Spec", Edges.of(workflow.spec)))


_FAST = 1


class Edges(Mapping[str, Any]):
    """A spec of which only nodes, outputs and edges are left, in a thirtieth of the room of a mapping.

    Who looks at one looks at several of its parts: the one looked at last is there as a mapping, too.
    """

    _latest: "ClassVar[tuple[Edges | None, Spec]]" = (None, {})

    def __init__(self, data: bytes) -> None:
        """Take what `of` packed."""
        self._data = data

    @staticmethod
    def of(spec: Spec) -> "Edges":
        """What others have to know of a workflow: what it makes, and what it waits for."""
        nodes = {name: _outputs(node) for name, node in (spec.get("nodes") or {}).items()}
        left = {**_outputs(spec), "nodes": nodes, "dependencies": spec.get("dependencies")}
        return Edges(zlib.compress(marshal.dumps(left), _FAST))

    def _spec(self) -> Spec:
        latest, spec = Edges._latest
        if latest is not self:
            spec = marshal.loads(zlib.decompress(self._data))
            Edges._latest = (self, spec)
        return spec

    def __getitem__(self, key: str) -> Any:
        return self._spec()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._spec())

    def __len__(self) -> int:
        return len(self._spec())


def _outputs(holder: Mapping[str, Any]) -> dict[str, Any]:
    return {"outputs": holder["outputs"]} if "outputs" in holder else {}
