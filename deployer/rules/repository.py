"""Rules that need all documents of a repository: what must be unique, and what refers across files."""

from collections.abc import Iterator, Sequence

from deployer.model import Pointer
from deployer.rules.document import shortest_cycle
from deployer.rules.subject import Finding, RepositoryRule, Rule, Subject, near

Found = Iterator[tuple[Subject, Finding]]


def unique_paths(subjects: Sequence[Subject]) -> Found:
    """A workflow is known by its path: two manifests for one path would overwrite each other."""
    first: dict[str, Subject] = {}
    for subject in subjects:
        other = first.setdefault(subject.path, subject)
        if other is not subject:
            yield (
                subject,
                Finding(
                    ("script", "path"),
                    f"`{subject.path}` is also the path of {other.manifest.file}",
                    "give one of the two workflows another path",
                ),
            )


def unique_outputs(subjects: Sequence[Subject]) -> Found:
    """Output names are unique in the project; a clash fails only at publishing (docs/service.md B-35)."""
    first: dict[str, Subject] = {}
    for subject in subjects:
        for output, pointer in subject.outputs:
            if output in first:
                other = first[output]
                where = (
                    "made twice here" if other is subject else f"also made in {other.manifest.file}"
                )
                message = f"output `{output}` is {where}"
                hint = "rename the node or declare another output"
                yield subject, Finding(pointer, message, hint)
            first.setdefault(output, subject)


def known_upstreams(subjects: Sequence[Subject]) -> Found:
    """A bare name in `dependsOn` is a node of the same workflow; others need the full name."""
    elsewhere = {
        name: output for subject in subjects for name, output in subject.output_of_node.items()
    }
    for subject in subjects:
        own = subject.output_of_node
        for node, pointer, wanted in subject.upstreams():
            if "dependsOn" not in pointer:
                continue
            if wanted in own or "." in wanted:
                continue
            if wanted == f"{subject.target.project_identifier}_root":
                continue
            full = elsewhere.get(wanted)
            other = f"write `{full}`: it is a node of another workflow"
            message = f"`{node}` depends on `{wanted}`, which is no node here"
            yield subject, Finding(pointer, message, other if full else near(wanted, own))


def no_cycle_across(subjects: Sequence[Subject]) -> Found:
    """Workflows that wait for each other cannot be written in any order, nor run."""
    makers = {output: subject.path for subject in subjects for output, _ in subject.outputs}
    waits: dict[str, list[str]] = {}
    places: dict[str, tuple[Subject, Pointer, bool]] = {}
    for subject in subjects:
        inner = [(wanted, pointer, False) for _, pointer, wanted in subject.upstreams()]
        own = [(wanted, pointer, True) for _, pointer, wanted in subject.own_upstreams()]
        for wanted, pointer, in_document in [*inner, *own]:
            maker = makers.get(wanted)
            if maker is not None and maker != subject.path:
                waits.setdefault(subject.path, []).append(maker)
                places.setdefault(subject.path, (subject, pointer, in_document))
    cycle = shortest_cycle(waits)
    if cycle:
        subject, pointer, in_document = places[cycle[0]]
        message = f"workflows in a cycle: {' -> '.join(cycle)}"
        yield subject, Finding(pointer, message, "remove one of the edges", in_document)


REPOSITORY_RULES: tuple[RepositoryRule, ...] = (
    Rule("DW103", "error", "output names are unique in the project", unique_outputs),
    Rule("DW105", "error", "a dependency names something that exists", known_upstreams),
    Rule("DW128", "error", "every workflow has a path of its own", unique_paths),
    Rule("DW129", "error", "workflows do not wait for each other in a circle", no_cycle_across),
)
