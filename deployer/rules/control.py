"""Rules about control nodes: branch, join, loops, parameter hub, and the variables passed between nodes."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deployer.entities import Node
from deployer.model import Pointer, RuleInfo
from deployer.rules.scopes import Scope
from deployer.rules.subject import DocumentRule, Finding, Rule, Subject, near

_WORDS = re.compile(r"[^\s()]+")
_LOOPS = {
    "for-each": ("CONTROLLER_TRAVERSE_START", "CONTROLLER_TRAVERSE_END"),
    "do-while": ("CONTROLLER_CYCLE_START", "CONTROLLER_CYCLE_END"),
}


# --- branch ---------------------------------------------------------------------------------------


def sound_branches(subject: Subject) -> Iterator[Finding]:
    """A branch chooses between two ways or more, each of them an output of the node."""
    for _, pointer, node in subject.entities:
        branches = (node.get("branch") or {}).get("branches")
        if branches is None:
            continue
        place = (*pointer, "branch", "branches")
        if len(branches) < 2:
            message = f"`{node['name']}` has {_number(len(branches), 'branch')}, a choice needs two"
            yield Finding(place, message, "add a branch, or remove the node", key=True)
            continue
        declared = set(_declared(node))
        for index, branch in enumerate(branches):
            output = branch["output"].get("data")
            if output not in declared:
                message = f"`{node['name']}` does not declare the output `{output}` of this branch"
                yield Finding((*place, index, "output"), message)
        yield from _branch_content(pointer, node, branches)


def _branch_content(pointer: Pointer, node: Node, branches: list[Node]) -> Iterator[Finding]:
    """The content, where there is one, says the same as the block."""
    content = (node.get("script") or {}).get("content")
    said = _json(content) if content else None
    if not isinstance(said, list):
        return
    wanted = [(branch["when"], branch["output"].get("data")) for branch in branches]
    if [_pair(item) for item in said] != wanted:
        message = f"the content of `{node['name']}` does not repeat its branches"
        entries = [{"condition": when, "nodeoutput": output} for when, output in wanted]
        hint = f"write {json.dumps(entries, ensure_ascii=False)}"
        yield Finding((*pointer, "script", "content"), message, hint)


def _pair(item: Any) -> tuple[Any, Any]:
    said = item if isinstance(item, dict) else {}
    return said.get("condition"), said.get("nodeoutput")


# --- join -----------------------------------------------------------------------------------------


def sound_joins(subject: Subject) -> Iterator[Finding]:
    """What is joined is waited for, and the expression names what is joined."""
    for scope in subject.scopes:
        waits: dict[str, set[str]] | None = None
        for pointer, node in scope.nodes:
            join = node.get("join") or {}
            if not join:
                continue
            waits = _upstreams_by_node(scope, subject) if waits is None else waits
            yield from _joined(pointer, node, join, waits.get(node["name"], set()), scope, subject)
            yield from _expression(pointer, node, join)


def _joined(
    pointer: Pointer, node: Node, join: Node, waits: set[str], scope: Scope, subject: Subject
) -> Iterator[Finding]:
    for index, branch in enumerate(join.get("branches") or []):
        joined = branch.get("nodeId") or (branch.get("output") or {}).get("data") or ""
        if joined and not _meanings(joined, scope, subject) & waits:
            message = f"`{node['name']}` joins `{joined}` and does not depend on it"
            yield Finding((*pointer, "join", "branches", index), message)


def _expression(pointer: Pointer, node: Node, join: Node) -> Iterator[Finding]:
    expression = (join.get("logic") or {}).get("expression") or ""
    names = {branch.get("name") for branch in join.get("branches") or []} - {None}
    for word in _WORDS.findall(expression):
        if word not in names and word.lower() not in ("and", "or"):
            message = f"the expression of `{node['name']}` names `{word}`, which is no branch of it"
            place = (*pointer, "join", "logic", "expression")
            yield Finding(place, message, near(word, names) or "name a branch of this join")


def mirrored_joins(subject: Subject) -> Iterator[Finding]:
    """The content of a join, where there is one, names as many branches as the block."""
    for _, pointer, node in subject.entities:
        branches = (node.get("join") or {}).get("branches")
        content = (node.get("script") or {}).get("content")
        said = _json(content) if branches and content else None
        listed = said.get("branchList") if isinstance(said, dict) else None
        listed = _json(listed) if isinstance(listed, str) else listed
        if isinstance(listed, list) and len(listed) != len(branches or []):
            message = (
                f"the content of `{node['name']}` joins {len(listed)}, "
                f"its block {_number(len(branches or []), 'branch')}"
            )
            yield Finding((*pointer, "script", "content"), message)


# --- loops ----------------------------------------------------------------------------------------


def sound_loops(subject: Subject) -> Iterator[Finding]:
    """The body of a loop begins at one node and ends at one."""
    for scope in subject.scopes[1:]:
        key = scope.pointer[-1]
        if key not in _LOOPS or not scope.nodes:
            continue
        found = Counter(
            ((node.get("script") or {}).get("runtime") or {}).get("command")
            for _, node in scope.nodes
        )
        for command in _LOOPS[str(key)]:
            if found[command] != 1:
                count = found[command] or "no"
                message = f"the loop `{scope.inside}` has {count} `{command}` node"
                message += "s" if found[command] > 1 else ""
                yield Finding(scope.pointer, message, f"it has exactly one `{command}`", key=True)


# --- variables ------------------------------------------------------------------------------------


def mirrored_hubs(subject: Subject) -> Iterator[Finding]:
    """A parameter hub offers what it lists, and takes what it hands on from somewhere."""
    for _, pointer, node in subject.entities:
        variables = (node.get("param-hub") or {}).get("variables") or []
        if not variables:
            continue
        offered = {one["name"] for one in _variables(node, "outputs")}
        taken = {each.get("inputName") or each["name"] for each in _variables(node, "inputs")}
        for index, variable in enumerate(variables):
            name, place = variable["name"], (*pointer, "param-hub", "variables", index)
            if name not in offered:
                message = f"`{node['name']}` lists `{name}` and does not offer it"
                yield Finding(place, message, "repeat the variable in `outputs.variables`")
            elif variable.get("type") == "PassThrough" and not (
                variable.get("referenceVariable") or name in taken
            ):
                message = f"`{node['name']}` hands on `{name}`, which comes from nowhere"
                hint = "bind it with `referenceVariable`, or take it in `inputs.variables`"
                yield Finding(place, message, hint)


def known_variables(subject: Subject) -> Iterator[Finding]:
    """A variable is taken from a direct upstream that offers it."""
    for scope in subject.scopes:
        takers = [
            (p, node) for p, node in scope.nodes if (node.get("inputs") or {}).get("variables")
        ]
        if not takers:
            continue
        waits = _upstreams_by_node(scope, subject)
        nodes = {node["name"]: node for _, node in reversed(scope.nodes)}  # of two the first
        makers = _makers(scope, subject)
        for pointer, node in takers:
            for index, variable in enumerate(_variables(node, "inputs")):
                maker = makers.get(_producer(variable))
                if maker is None or maker == node["name"]:
                    continue
                place = (*pointer, "inputs", "variables", index)
                yield from _taken(place, node, variable, nodes[maker], waits)


def _taken(
    place: Pointer, node: Node, variable: Node, maker: Node, waits: Mapping[str, set[str]]
) -> Iterator[Finding]:
    name = (variable.get("referenceVariable") or {}).get("name") or variable["name"]
    offered = [each["name"] for each in _variables(maker, "outputs")]
    if maker["name"] not in waits.get(node["name"], set()):
        message = (
            f"`{node['name']}` takes `{name}` from `{maker['name']}`, which it does not wait for"
        )
        yield Finding(place, message, f"let `{node['name']}` depend on `{maker['name']}`")
    elif name not in offered:
        message = f"`{node['name']}` takes `{name}` from `{maker['name']}`, which does not offer it"
        yield Finding(place, message, near(name, offered))


def _producer(variable: Node) -> str:
    for holder in (variable, variable.get("referenceVariable") or {}):
        node = holder.get("node") or {}
        for key in ("output", "nodeId", "name"):
            if node.get(key):
                return str(node[key])
    return ""


# --- what they share ------------------------------------------------------------------------------


def _upstreams_by_node(scope: Scope, subject: Subject) -> dict[str, set[str]]:
    """Name of a node → everything that it waits for in the same cycle: as written, and as a name."""
    waits: dict[str, set[str]] = {}
    for name, _, wanted, _ in scope.upstreams:
        found = waits.setdefault(scope.known.get(name, name), set())
        found |= _meanings(wanted, scope, subject)
    return waits


def _meanings(text: str, scope: Scope, subject: Subject) -> set[str]:
    """An output, id or name as written, and the name of the node that it stands for."""
    return {text, _makers(scope, subject).get(text, text)}


def _makers(scope: Scope, subject: Subject) -> Mapping[str, str]:
    return scope.known if scope.inside else subject.makers


def _declared(node: Node) -> Iterable[str]:
    outputs = (node.get("outputs") or {}).get("nodeOutputs") or []
    return (output["data"] for output in outputs if output.get("data"))


def _variables(node: Node, group: str) -> list[Node]:
    return (node.get(group) or {}).get("variables") or []


def _json(text: str) -> Any:
    """A text as JSON; None where it is none, which is another rule's finding."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}es"


CONTROL_RULES: tuple[DocumentRule, ...] = (
    Rule(
        RuleInfo(
            "DW115",
            "sound-branches",
            "error",
            "a branch that nothing can depend on, or that is the only one, chooses nothing",
            "list the output of each branch under `outputs.nodeOutputs` as well",
            "A branch node has two branches or more; each `output.data` is also one of its "
            "`outputs.nodeOutputs`. The service decides by `script.content`, a JSON list of "
            "`{condition, nodeoutput, description}`: where a manifest has it, it says the same as "
            "`branch.branches`, in the same order. What the console prints leaves it out, so that is no "
            "finding ([B-130](service.md#inside-a-document)).",
        ),
        sound_branches,
    ),
    Rule(
        RuleInfo(
            "DW116",
            "sound-joins",
            "error",
            "a join of something that it does not wait for is decided by chance",
            "add what is joined to `dependsOn` or `dependencies` of the node",
            "Every branch of `join.branches` is also a dependency of the node, and `logic.expression` "
            "names branches of the join, with `and` and `or` between them "
            "([B-131](service.md#inside-a-document)).",
        ),
        sound_joins,
    ),
    Rule(
        RuleInfo(
            "DW117",
            "sound-loops",
            "error",
            "a loop without its start or end node does not run",
            "a loop has one start node and one end node",
            "`for-each` holds one `CONTROLLER_TRAVERSE_START` and one `CONTROLLER_TRAVERSE_END`, "
            "`do-while` one `CONTROLLER_CYCLE_START` and, under `while`, one `CONTROLLER_CYCLE_END`. That "
            "edges of the body stay inside the loop is [DW141](#dw141-known-inner-upstreams) "
            "([B-132](service.md#inside-a-document)).",
        ),
        sound_loops,
    ),
    Rule(
        RuleInfo(
            "DW118",
            "mirrored-hubs",
            "warning",
            "a variable that a parameter hub does not offer reads as empty downstream",
            "repeat the variable in `outputs.variables`",
            "Each of `param-hub.variables` is repeated in `outputs.variables`; one of type `PassThrough` "
            "says where it comes from ([B-133](service.md#inside-a-document)). A warning, because the "
            "service may fill in the mirror.",
        ),
        mirrored_hubs,
    ),
    Rule(
        RuleInfo(
            "DW122",
            "known-variables",
            "warning",
            "a variable reaches only nodes that wait for its producer",
            "let the node depend on the producer, and take a variable that it offers",
            "Looked at where the producer is a node of the same workflow "
            "([B-133](service.md#inside-a-document)). A warning, because what a node offers may be found "
            "by the service itself.",
        ),
        known_variables,
    ),
    Rule(
        RuleInfo(
            "DW140",
            "mirrored-joins",
            "warning",
            "the content of a join that lists other branches than its block is ambiguous",
            "let the content list the same branches as `join.branches`",
            "`script.content` of a join holds `branchList`. Only the number of entries is compared: "
            "sources disagree about the codes in it ([B-131](service.md#inside-a-document)).",
        ),
        mirrored_joins,
    ),
)
