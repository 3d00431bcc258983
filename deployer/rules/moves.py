"""Rules about `movedFrom`: what something was called before is what nothing else is called now."""

from collections.abc import Iterator, Sequence

from deployer.model import Pointer, RuleInfo
from deployer.rules.subject import DocumentRule, Finding, RepositoryRule, Rule, Subject

_INFO = RuleInfo(
    "DW143",
    "former-names-are-free",
    "error",
    "what is renamed leaves its former name: it cannot be the name of something else as well",
    "remove `movedFrom`, or correct it",
    "Told of a `deployer.movedFrom` that is the present name of a node in the same place, or the present "
    "path of a workflow, its own included, and of one that two of them claim. A `movedFrom` that names "
    "nothing in the workspace any more says nothing, and may stay.",
    fixed=True,
)
_NODE: Pointer = ("deployer", "movedFrom")


def nodes_leave_their_names(subject: Subject) -> Iterator[Finding]:
    """Inside a workflow, or a loop in it, a name is that of one node."""
    taken = {reference for reference, _, _ in subject.entities}
    claimed = set()
    for reference, pointer, node in subject.entities:
        former = (node.get("deployer") or {}).get("movedFrom")
        if not former:
            continue
        before = f"{reference[: -len(node['name'])]}{former}"
        if before in taken:
            yield Finding((*pointer, *_NODE), f"`{former}` is the name of a node here")
        elif before in claimed:
            yield Finding((*pointer, *_NODE), f"two nodes are moved from `{former}`")
        claimed.add(before)


def workflows_leave_their_paths(
    subjects: Sequence[Subject],
) -> Iterator[tuple[Subject, Finding]]:
    """A path is that of one workflow."""
    taken = {subject.path: subject.manifest.file for subject in subjects}
    claimed: dict[str, str] = {}
    for subject in subjects:
        former = subject.said.get("movedFrom")
        if not former:
            continue
        if former in taken:
            message = f"`{former}` is the path in {taken[former]}"
            yield subject, Finding(_NODE, message, in_document=True)
        elif former in claimed:
            message = f"`{former}` is what {claimed[former]} is moved from as well"
            yield subject, Finding(_NODE, message, in_document=True)
        claimed.setdefault(former, subject.manifest.file)


MOVED_NODES: DocumentRule = Rule(_INFO, nodes_leave_their_names)
MOVED_WORKFLOWS: RepositoryRule = Rule(_INFO, workflows_leave_their_paths)
