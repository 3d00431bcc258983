"""What is known of each node type: `schemas/node-types.json`, read once, when somebody asks.

The set is open, since a workspace may define types of its own: an unknown command is unusual, not wrong.
Other spellings of a command are the aliases that the manifest schema gives for it.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from deployer import schema


class NodeType(NamedTuple):
    """One node type; an empty value says that nothing is known.

    `languages` fit `script.language`, `datasources` fit `datasource.type`, the usual one first; `content`
    is the form of the script, such as `json`; `dialect` that of SQL which `sqlglot` can read.
    `positional`: parameters reach the code as values in the text order of their names. `workflow`: the
    command of a workflow, not of a node. `replacement` took the place of a `deprecated` type.
    """

    command: str
    languages: tuple[str, ...] = ()
    datasources: tuple[str, ...] = ()
    content: str = ""
    dialect: str = ""
    positional: bool = False
    workflow: bool = False
    deprecated: bool = False
    replacement: str = ""


def known(command: str) -> NodeType | None:
    """The type of that command, by any spelling of it, upper and lower case alike; None for others.

    What the service takes is the `command` of the answer (docs/service.md B-110).
    """
    return all_types().get(command) or _spellings().get(command.casefold())


@cache
def all_types() -> Mapping[str, NodeType]:
    """Every known type by its command."""
    text = (schema.folder() / "node-types.json").read_text(encoding="utf-8")
    return {
        command: _node_type(command, facts) for command, facts in json.loads(text)["types"].items()
    }


def _node_type(command: str, facts: Mapping[str, Any]) -> NodeType:
    return NodeType(
        command=command,
        languages=tuple(facts.get("languages", ())),
        datasources=tuple(facts.get("datasources", ())),
        content=facts.get("content", ""),
        dialect=facts.get("dialect", ""),
        positional=facts.get("positional", False),
        workflow=facts.get("workflow", False),
        deprecated=facts.get("deprecated", False),
        replacement=facts.get("replacement", ""),
    )


@cache
def _spellings() -> Mapping[str, NodeType]:
    """Each type by every spelling of its command, in lower case."""
    field = schema.node().at(("script", "runtime", "command"))
    aliases = field.aliases if field else {}
    types = all_types()
    return {
        **{alias.casefold(): types[command] for alias, command in aliases.items()},
        **{command.casefold(): node_type for command, node_type in types.items()},
    }
