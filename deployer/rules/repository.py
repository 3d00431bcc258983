"""Rules that need all documents of a repository: what must be unique, and what refers across files."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from deployer.model import Pointer, RuleInfo
from deployer.nearest import SLIP, is_slip, nearest
from deployer.rules.cycles import shortest_cycle
from deployer.rules.moves import MOVED_WORKFLOWS
from deployer.rules.names import DISTINCT_NAMES, difference, folded
from deployer.rules.scopes import Upstream
from deployer.rules.subject import Finding, RepositoryRule, Rule, Subject, near

Found = Iterator[tuple[Subject, Finding]]
Place = tuple[Subject, Pointer]

SHOWN = 3
"""How many outputs made elsewhere a finding names."""


# --- what must be unique --------------------------------------------------------------------------


def unique_paths(subjects: Sequence[Subject]) -> Found:
    """A workflow is known by its path: two manifests for one path would overwrite each other."""
    first: dict[str, Subject] = {}
    pointer = ("script", "path")
    for subject in subjects:
        other = first.setdefault(subject.path, subject)
        if other is not subject:
            message = f"`{subject.path}` is also the path"
            yield subject, Finding(pointer, message, other=(other, pointer))


def distinct_paths(subjects: Sequence[Subject]) -> Found:
    """Paths that people, and services that fold case, take for the same."""
    first: dict[str, Subject] = {}
    for subject in subjects:
        other = first.setdefault(folded(subject.path), subject)
        if other.path != subject.path:
            pointer = ("script", "path")
            message = f"{difference(other.path, subject.path)}, the first"
            yield subject, Finding(pointer, message, other=(other, pointer))


def unique_workflow_names(subjects: Sequence[Subject]) -> Found:
    """A name is taken once in a project, whatever the folder."""
    first: dict[str, Subject] = {}
    for subject in subjects:
        name = subject.name
        other = first.setdefault(name, subject)
        if other.path != subject.path:
            message = f"workflow `{name}` is also"
            yield subject, Finding(("name",), message, other=(other, ("name",)))


def unique_node_names(subjects: Sequence[Subject]) -> Found:
    """Nodes of one name in two workflows, unless their outputs clash already."""
    first: dict[str, Place] = {}
    for subject in subjects:
        for name, pointer, is_open in subject.names:
            other = first.setdefault(name, (subject, pointer))
            if other[0].path == subject.path or other[0] is subject:
                continue
            if is_open and subject.output_of_node[name] in other[0].made:
                continue
            yield subject, Finding(pointer, f"node `{name}` is also", other=other)


def unique_outputs(subjects: Sequence[Subject]) -> Found:
    """A clash of outputs fails only at publishing, long after the mistake."""
    first: dict[str, Place] = {}
    for subject in subjects:
        for output, pointer in subject.outputs:
            other = first.setdefault(output, (subject, pointer))
            if other == (subject, pointer) or _same_workflow(other[0], subject):
                continue
            message = f"output `{output}` is also made"
            yield subject, Finding(pointer, message, other=other)


def _same_workflow(one: Subject, other: Subject) -> bool:
    """Two files of one path: what is in both is told once, as the path."""
    return one is not other and one.path == other.path


# --- what refers across files ---------------------------------------------------------------------


class _Outputs:
    """Every output that a repository makes, and where node names lead to."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self._subjects = subjects
        self.made = frozenset[str]().union(*(subject.made for subject in subjects))

    @cached_property
    def of_node(self) -> Mapping[str, str]:
        """Node name → its output, over all workflows."""
        return {
            name: output
            for subject in self._subjects
            for name, output in subject.output_of_node.items()
        }

    @cached_property
    def folded(self) -> Mapping[str, str]:
        """Output without case, `-`, `_` and blanks → the output."""
        return {_without_separators(output): output for output in self.made}

    @cached_property
    def by_project(self) -> Mapping[str, list[str]]:
        """Project → the names of its outputs, without the project."""
        names: dict[str, list[str]] = {}
        for prefix, _, name in (output.partition(".") for output in sorted(self.made)):
            names.setdefault(prefix, []).append(name)
        return names

    def nearest(self, wanted: str) -> str:
        """The output of the same project that is much like it; empty for none."""
        prefix, _, name = wanted.partition(".")
        found = nearest(name, self.by_project.get(prefix, ()), SLIP)
        return f"{prefix}.{found}" if found else ""

    def like(self, wanted: str) -> str:
        """The output that was meant where only case or separators differ; empty for none."""
        return self.folded.get(_without_separators(wanted), "")


def _without_separators(output: str) -> str:
    return output.casefold().translate(_SEPARATORS)


_SEPARATORS = str.maketrans("", "", "-_ ")


def known_upstreams(subjects: Sequence[Subject]) -> Found:
    """An upstream that matches no output to the letter is lost without a word."""
    outputs = _Outputs(subjects)
    for subject in subjects:
        for upstream, in_document in subject.outer_upstreams:
            message, hint, sure = _unknown(upstream, subject, outputs)
            if message:
                place = upstream.pointer
                yield subject, Finding(place, message, hint, in_document, needs_all=not sure)


def made_by_hand(subjects: Sequence[Subject]) -> Found:
    """An output of this project that no manifest makes: one finding for each edge."""
    outputs = _Outputs(subjects)
    for subject in subjects:
        for upstream, in_document in subject.outer_upstreams:
            node, place, wanted, local = upstream
            own = wanted.startswith(subject.own_prefix)
            if local or not own or wanted in outputs.made or outputs.like(wanted):
                continue
            near = outputs.nearest(wanted)
            if not is_slip(wanted, near):
                message = f"`{node}` depends on `{wanted}`, which no manifest here makes"
                hint = f"did you mean `{near}`?" if near else ""
                yield subject, Finding(place, message, hint, in_document, needs_all=True)


def made_elsewhere(subjects: Sequence[Subject]) -> Found:
    """What neither this repository makes nor looks like its own: one finding for each file."""
    outputs = _Outputs(subjects)
    for subject in subjects:
        foreign: dict[str, tuple[Pointer, bool]] = {}
        for upstream, in_document in subject.outer_upstreams:
            if upstream.wanted in outputs.made or subject.means_itself(upstream.wanted):
                continue
            own = upstream.local or upstream.wanted.startswith(subject.own_prefix)
            if not own and not outputs.like(upstream.wanted):
                foreign.setdefault(upstream.wanted, (upstream.pointer, in_document))
        if foreign:
            (pointer, in_document), *_ = foreign.values()
            yield subject, Finding(pointer, _made_elsewhere(list(foreign)), "", in_document)


def _made_elsewhere(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    verb = "is" if len(names) == 1 else "are"
    return f"{shown}{more} {verb} made by no manifest here"


def _unknown(upstream: Upstream, subject: Subject, outputs: _Outputs) -> tuple[str, str, bool]:
    """What is wrong with an upstream, the cure, and whether that is sure; no text if nothing is."""
    node, _, wanted, local = upstream
    own = subject.output_of_node
    if wanted in outputs.made or subject.means_itself(wanted):
        return "", "", True
    if not local:
        return *_unknown_output(upstream, subject, outputs), False
    full = outputs.of_node.get(wanted)
    other = f"write `{full}`: it is a node of another workflow"
    message = f"`{node}` depends on `{wanted}`, which is no node here"
    return message, other if full else near(wanted, own), True


def _unknown_output(upstream: Upstream, subject: Subject, outputs: _Outputs) -> tuple[str, str]:
    """An output that is all but one that is made here."""
    node, _, wanted, _ = upstream
    like = outputs.like(wanted)
    if not like and wanted.startswith(subject.own_prefix):
        near = outputs.nearest(wanted)
        like = near if is_slip(wanted, near) else ""
    if not like:
        return "", ""
    message = f"`{node}` depends on `{wanted}`, an output that nothing here makes"
    return message, f"did you mean `{like}`?"


def no_cycle_across(subjects: Sequence[Subject]) -> Found:
    """Workflows that wait for each other cannot be written in any order, nor run."""
    makers: dict[str, str] = {}
    for subject in subjects:
        for output in subject.made:
            makers.setdefault(output, subject.path)
    waits: dict[str, list[str]] = {}
    places: dict[tuple[str, str], tuple[Subject, Pointer, bool]] = {}
    for subject in subjects:
        for (_, pointer, wanted, _), in_document in subject.outer_upstreams:
            maker = makers.get(wanted)
            if maker is not None and maker != subject.path:
                waits.setdefault(subject.path, []).append(maker)
                places.setdefault((subject.path, maker), (subject, pointer, in_document))
    cycle = shortest_cycle(waits)
    if cycle:
        subject, pointer, in_document = places[cycle[0], cycle[1]]
        message = f"workflows in a cycle: {' -> '.join(cycle)}"
        yield subject, Finding(pointer, message, in_document=in_document)


REPOSITORY_RULES: tuple[RepositoryRule, ...] = (
    MOVED_WORKFLOWS,
    Rule(DISTINCT_NAMES, distinct_paths),
    Rule(
        RuleInfo(
            "DW103",
            "unique-outputs",
            "error",
            "two nodes with one output fail only when they are published",
            "rename the node or declare another output",
            "Output names are unique in the project ([B-35](service.md#names-outputs-dependencies)). "
            "Outputs that are left out count with the name that they get.",
        ),
        unique_outputs,
    ),
    Rule(
        RuleInfo(
            "DW105",
            "known-upstreams",
            "error",
            "an upstream that matches no output to the letter is lost without a word",
            "write the name of a node of this workflow, or the full name of an output",
            "[B-36](service.md#names-outputs-dependencies). An error where it looks local: a name without "
            "a dot in `dependsOn`, a `nodeId`, an output that differs from a known one only in case or "
            "separators, or one of this project with a word misspelt. Any other output of this "
            "project may be made by hand: [DW142](#dw142-made-by-hand); of another one, elsewhere: "
            "[DW127](#dw127-made-elsewhere). The root of the workspace is known.",
        ),
        known_upstreams,
    ),
    Rule(
        RuleInfo(
            "DW127",
            "made-elsewhere",
            "info",
            "an output of another project or repository cannot be checked here",
            text="Told once for each file, at the first such output. The service loses an edge to an "
            "output that does not exist, which reading back after `apply` notices.",
        ),
        made_elsewhere,
    ),
    Rule(
        RuleInfo(
            "DW142",
            "made-by-hand",
            "warning",
            "an output of this project that no manifest makes is there, or the edge is lost",
            "correct the name, or add the manifest that makes it",
            "A workflow made in the console may make it, which no file can tell. The service loses an "
            "edge to an output that does not exist ([B-36](service.md#names-outputs-dependencies)); "
            "`apply` reads back and says so. A name much like a known one is proposed, but `orders_df` may "
            "well be there beside `orders_di`. Silence the rule where the output is known to be there.",
        ),
        made_by_hand,
    ),
    Rule(
        RuleInfo(
            "DW128",
            "unique-paths",
            "error",
            "two manifests of one path would overwrite each other",
            "give one of the two workflows another path",
            "A workflow is found by its path.",
            fixed=True,
        ),
        unique_paths,
    ),
    Rule(
        RuleInfo(
            "DW129",
            "no-cycle-across",
            "error",
            "workflows that wait for each other can be written in no order",
            "remove one of the edges",
            "The shortest cycle is shown, each path waiting for the next one.",
            fixed=True,
        ),
        no_cycle_across,
    ),
    Rule(
        RuleInfo(
            "DW137",
            "unique-workflow-names",
            "error",
            "a workflow's name is taken once in a project, whatever its folder",
            "rename one of the two workflows",
            "[B-136](service.md#inside-a-document). Whether the service "
            "compares names or full paths is unknown ([U-04](service.md#unknowns)); silence the rule where "
            "it is known to be fine.",
        ),
        unique_workflow_names,
    ),
    Rule(
        RuleInfo(
            "DW138",
            "node-names-across",
            "warning",
            "two nodes of a project cannot have one name",
            "rename one of the two nodes",
            "[B-32](service.md#names-outputs-dependencies). A warning, because whether an import holds to "
            "that is unknown ([U-04](service.md#unknowns)). Where the outputs of the two clash as well, "
            "that is told instead.",
        ),
        unique_node_names,
    ),
)
