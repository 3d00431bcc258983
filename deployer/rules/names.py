"""Rules about names: of nodes, of the workflow, and how many there may be."""

import unicodedata
from collections.abc import Iterable, Iterator

from deployer.entities import Node
from deployer.flowspec import is_flat
from deployer.model import Pointer, RuleInfo
from deployer.rules.subject import DocumentRule, Finding, Rule, Subject

MOST_NODES = 400
"""docs/service.md B-105."""

_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn")
_MIXED = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC")
"""Scripts that share letter shapes; Chinese, Japanese and Korean beside Latin is everyday use."""


def unique_node_names(subject: Subject) -> Iterator[Finding]:
    """A node is known by its name."""
    seen = set()
    for reference, pointer, _ in subject.entities:
        if reference in seen:
            name = reference.rpartition("/")[2]
            yield Finding((*pointer, "name"), f"two nodes are named `{name}`")
        seen.add(reference)


def distinct_names(subject: Subject) -> Iterator[Finding]:
    """Names that people, and services that fold case, take for the same."""
    for scope in subject.scopes:
        first: dict[str, str] = {}
        for pointer, node in scope.nodes:
            name = node["name"]
            other = first.setdefault(folded(name), name)
            if other != name:
                yield Finding((*pointer, "name"), difference(other, name))


def folded(name: str) -> str:
    """A name as something that tells neither case nor Unicode forms apart sees it."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFKC", name).casefold()


def difference(one: str, other: str) -> str:
    """What the only difference of two names is, in words."""
    same = unicodedata.normalize("NFKC", one) == unicodedata.normalize("NFKC", other)
    what = "Unicode form" if same else "case"
    return f"names differ only in {what}: `{one}` and `{other}`"


def one_alphabet(subject: Subject) -> Iterator[Finding]:
    """A letter that looks like another one makes a name that nobody can type."""
    for pointer, holder in _named(subject):
        scripts = _alphabets(holder["name"])
        if len(scripts) > 1:
            message = f"mixed scripts in name `{holder['name']}`: {', '.join(scripts)}"
            yield Finding((*pointer, "name"), message)


def _alphabets(name: str) -> list[str]:
    if name.isascii():
        return []
    first = {unicodedata.name(letter, "").partition(" ")[0] for letter in name if letter.isalpha()}
    return [script.capitalize() for script in _MIXED if script in first]


def visible_names(subject: Subject) -> Iterator[Finding]:
    """Control characters and the like are in no name on purpose."""
    for pointer, holder in _named(subject):
        for character in holder["name"]:
            if unicodedata.category(character) in _HIDDEN:
                message = f"character U+{ord(character):04X} not allowed in name"
                yield Finding((*pointer, "name"), message)
                break


def few_nodes(subject: Subject) -> Iterator[Finding]:
    """The service takes 400 nodes for each workflow."""
    if len(subject.nodes) > MOST_NODES:
        message = f"at most {MOST_NODES} nodes, found {len(subject.nodes)}"
        yield Finding((*subject.nodes[MOST_NODES][0], "name"), message)


def path_ends_with_name(subject: Subject) -> Iterator[Finding]:
    """The service refuses a path whose last part is not the name."""
    for pointer, holder in _named(subject):
        path = (holder.get("script") or {}).get("path")
        if not path or (pointer and is_flat(subject.manifest.document)):
            continue
        place = (*pointer, "script", "path")
        *folders, last = path.split("/")
        if last != holder["name"]:
            yield Finding(place, f"the path ends with `{last}`, the name is `{holder['name']}`")
        elif "" in folders:
            message = f"the path `{path}` has a folder without a name"
            yield Finding(place, message, "write folders and name with one `/` between them")


def _named(subject: Subject) -> Iterable[tuple[Pointer, Node]]:
    yield (), subject.workflow
    for _, pointer, node in subject.entities:
        yield pointer, node


DISTINCT_NAMES = RuleInfo(
    "DW130",
    "distinct-names",
    "error",
    "names that differ only in case or Unicode form are taken for one",
    "rename one of them so that people can tell them apart",
    "Whether the service tells them apart is unknown ([U-04](service.md#unknowns)); file "
    "systems and people often do not. Compared after Unicode normalisation (NFKC) and case "
    "folding.",
)

NAME_RULES: tuple[DocumentRule, ...] = (
    Rule(
        RuleInfo(
            "DW102",
            "unique-node-names",
            "error",
            "two nodes of one name would be one node",
            "rename one of them",
            "A node is found by its name in the workspace, and dependencies name it. Nodes inside "
            "different loops may share a name, because the loop is part of what they are known by.",
            fixed=True,
        ),
        unique_node_names,
    ),
    Rule(
        RuleInfo(
            "DW107",
            "path-ends-with-name",
            "error",
            "the service refuses a path whose last part is not the name",
            "let the last part of `script.path` be the name",
            "Holds for the workflow and for each node with a path of its own "
            "([B-30](service.md#names-outputs-dependencies)). A node may leave `script.path` out. "
            "Nodes of a flat manual workflow are moved into the folder of the workflow, so their "
            "paths are not looked at.",
        ),
        path_ends_with_name,
    ),
    Rule(
        DISTINCT_NAMES,
        distinct_names,
    ),
    Rule(
        RuleInfo(
            "DW131",
            "one-alphabet",
            "warning",
            "a letter of another alphabet looks like the one that was meant",
            "write the name in one alphabet",
            "A Cyrillic `а` in a Latin name cannot be seen and cannot be typed by whoever depends on "
            "it. Only alphabets that share letter shapes count: Chinese beside Latin is fine.",
        ),
        one_alphabet,
    ),
    Rule(
        RuleInfo(
            "DW132",
            "visible-names",
            "error",
            "a name with an invisible character cannot be told from one without it",
            "type the name again, without the invisible character",
            "Control and format characters, such as zero-width spaces and marks that turn the writing "
            "direction, line separators, unassigned and private characters.",
        ),
        visible_names,
    ),
    Rule(
        RuleInfo(
            "DW133",
            "few-nodes",
            "error",
            "the service takes at most 400 nodes in a workflow",
            "split the workflow",
            "[B-105](service.md#calls-errors-limits). Nodes inside loops are not counted.",
        ),
        few_nodes,
    ),
)
