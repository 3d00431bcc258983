"""Rules about the type of a node: what `schemas/node-types.json` knows of its command."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from deployer import node_types, schema
from deployer.entities import Node
from deployer.model import Pointer, RuleInfo
from deployer.node_types import NodeType
from deployer.reading import placeholders
from deployer.rules.subject import DocumentRule, Finding, Rule, Subject, near

_COMMAND = ("script", "runtime", "command")


def command_is_known(subject: Subject) -> Iterator[Finding]:
    """Unusual rather than wrong: a workspace may define types of its own."""
    for pointer, _, command in _commands(subject):
        found = node_types.known(command)
        if found is None:
            message = f"`{command}` is no known node type"
            yield Finding((*pointer, *_COMMAND), message, _nearest(command))
        elif found.workflow != (pointer == ()):
            what = "a workflow, not of a node" if found.workflow else "a node, not of a workflow"
            yield Finding((*pointer, *_COMMAND), f"`{command}` is the command of {what}")


@lru_cache(maxsize=1024)
def _nearest(command: str) -> str:
    return near(command.upper(), node_types.all_types())


def command_is_the_constant(subject: Subject) -> Iterator[Finding]:
    """The service looks for the constant (docs/service.md B-110)."""
    for pointer, _, command in _commands(subject):
        found = node_types.known(command)
        if found is not None and found.command != command:
            message = f"`{command}` is another spelling of `{found.command}`"
            yield Finding((*pointer, *_COMMAND), message, f"write `{found.command}`")


def type_is_current(subject: Subject) -> Iterator[Finding]:
    """A type that has a successor gets no new features."""
    for pointer, _, found in _typed(subject):
        if found.deprecated:
            hint = f"use `{found.replacement}` for new nodes" if found.replacement else ""
            yield Finding((*pointer, *_COMMAND), f"`{found.command}` is deprecated", hint)


def datasource_fits(subject: Subject) -> Iterator[Finding]:
    """Code of an engine needs a data source of that engine (docs/service.md B-112)."""
    for pointer, node, found in _typed(subject):
        if not found.datasources:
            continue
        usual = found.datasources[0]
        source = node.get("datasource")
        if not source:
            message = f"`{node['name']}` has no data source, `{found.command}` needs one"
            yield Finding((*pointer, "name"), message, f"add `datasource` with `type: {usual}`")
            continue
        said = source.get("type")
        if said and said.lower() not in found.datasources and not placeholders.occurs(said):
            message = f"a data source of type `{said}`, `{found.command}` needs `{usual}`"
            yield Finding((*pointer, "datasource", "type"), message, f"name one of type `{usual}`")


def language_fits(subject: Subject) -> Iterator[Finding]:
    """The language says how the code is read, and the type which languages there are."""
    for pointer, node, found in _typed(subject):
        said = (node.get("script") or {}).get("language")
        if not said or not found.languages or placeholders.occurs(said):
            continue
        if _language(said) not in found.languages:
            message = f"language `{said}` does not fit `{found.command}`"
            hint = f"write {' or '.join(f'`{each}`' for each in found.languages)}, or leave it out"
            yield Finding((*pointer, "script", "language"), message, hint)


def _language(said: str) -> str:
    field = schema.node().at(("script", "language"))
    return field.aliases.get(said, said) if field else said


def content_is_json(subject: Subject) -> Iterator[Finding]:
    """What structured types run is a JSON text (docs/service.md B-111)."""
    for pointer, node, found in _typed(subject):
        content = (node.get("script") or {}).get("content")
        if found.content != "json" or not content or content.isspace():
            continue
        wrong = _not_json(content)
        if wrong and not placeholders.occurs(content):
            message = f"the content of `{node['name']}` is not JSON: {wrong}"
            yield Finding((*pointer, "script", "content"), message)


def _not_json(text: str) -> str:
    """What keeps a text from being JSON; empty if nothing does."""
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        return f"{error.msg} in its line {error.lineno}, column {error.colno}"
    except ValueError as error:
        return str(error)
    except RecursionError:
        return "nested too deep"
    return ""


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def parameters_in_order(subject: Subject) -> Iterator[Finding]:
    """Shell and Python get values only, in the text order of the names (docs/service.md B-113)."""
    for pointer, node in _nodes(subject):
        place = (*pointer, "script", "parameters")
        parameters = (node.get("script") or {}).get("parameters") or []
        whole = [
            i for i, one in enumerate(parameters) if one.get("type") == "NoKvVariableExpression"
        ]
        if len(whole) > 1:
            message = "only the first parameter of type `NoKvVariableExpression` reaches the code"
            yield Finding((*place, whole[1], "type"), message, "keep one of them")
        found = node_types.known(_command(node))
        if found is not None and found.positional:
            numbers = sorted(name for one in parameters if _is_number(name := one["name"]))
            if numbers != sorted(numbers, key=int):
                message = f"the code receives the parameters in the order {', '.join(numbers)}"
                yield Finding(place, message, "write `01`, `02` and so on from ten parameters on")


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) < 10


def _nodes(subject: Subject) -> Iterator[tuple[Pointer, Node]]:
    return ((pointer, node) for _, pointer, node in subject.entities)


def _commands(subject: Subject) -> Iterator[tuple[Pointer, Node, str]]:
    """The workflow and every node with the command it states, if it is known already."""
    for pointer, holder in [((), subject.workflow), *_nodes(subject)]:
        command = _command(holder)
        if command and not placeholders.occurs(command):
            yield pointer, holder, command


def _command(holder: Node) -> str:
    runtime: dict[str, Any] = (holder.get("script") or {}).get("runtime") or {}
    return runtime.get("command") or ""


def _typed(subject: Subject) -> Iterator[tuple[Pointer, Node, NodeType]]:
    """Every node of a known type."""
    for pointer, node in _nodes(subject):
        found = node_types.known(_command(node))
        if found is not None:
            yield pointer, node, found


NODE_TYPE_RULES: tuple[DocumentRule, ...] = (
    Rule(
        RuleInfo(
            "DW108",
            "known-command",
            "warning",
            "a node type that nobody knows is usually a misspelt one",
            "check the spelling; a type of the workspace's own can be silenced",
            "The list of known types is `node-types.json` beside the schemas. It is open: a workspace may "
            "define types of its own. Also told of the command of a workflow on a node, and the other way "
            "round.",
        ),
        command_is_known,
    ),
    Rule(
        RuleInfo(
            "DW120",
            "datasource-fits",
            "warning",
            "the code of an engine needs a data source of that engine",
            "name a data source of the right type under `datasource`",
            "A data source without a type is taken as it is, since the service fills the type in.",
        ),
        datasource_fits,
    ),
    Rule(
        RuleInfo(
            "DW121",
            "content-is-json",
            "error",
            "a structured node whose content is not JSON cannot run",
            "correct the JSON text; line and column count within the content",
            "For types such as `DI`, `CONTROLLER_BRANCH` and `FUNCTION_COMPUTE`. Empty content is no "
            "finding. Without a target, content with placeholders of the project is not judged when it is "
            "no JSON yet.",
        ),
        content_is_json,
    ),
    Rule(
        RuleInfo(
            "DW125",
            "current-type",
            "warning",
            "a deprecated type has a successor",
            "use its successor for new nodes",
            "The command of an existing node cannot be changed, so replace the node when there is reason "
            "to touch it.",
        ),
        type_is_current,
    ),
    Rule(
        RuleInfo(
            "DW126",
            "parameters-in-order",
            "warning",
            "shell and Python receive values in the text order of the names",
            "write `01`, `02` and so on from ten parameters on",
            "`10` comes before `2` in the order of texts. A parameter of type `NoKvVariableExpression` is "
            "the whole parameter text: nothing else is passed on, and of several only the first.",
        ),
        parameters_in_order,
    ),
    Rule(
        RuleInfo(
            "DW152",
            "command-is-the-constant",
            "warning",
            "the service knows a type by its constant",
            "write the constant",
            "Console and older notes show display names, `PY_ODPS` for `PYODPS`. In comparisons both are "
            "the same, so that correcting it changes nothing in the workspace.",
        ),
        command_is_the_constant,
    ),
    Rule(
        RuleInfo(
            "DW155",
            "language-fits",
            "warning",
            "a language of another type makes the editor, or the service, read the code wrongly",
            "leave `script.language` out: the service fills it in",
            "Told only where the languages of a type are known. Spellings such as `shell` for "
            "`shell-script` count as the same.",
        ),
        language_fits,
    ),
)
