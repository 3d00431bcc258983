"""YAML as text that can be changed: comments, order, quotes and everything not touched stay.

Every scalar is text here, as it stands in the file; what an unquoted one means is for `scalars`. So
nothing is read in one way and written in another.
"""

import copy
import re
from collections import Counter
from collections.abc import Collection, Iterator
from functools import cache
from io import StringIO
from typing import Any

from deployer.reading import scalars
from deployer.reading.kept_text import kept

_PLAIN = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`$][^\r\n]*|\$[{\[]?[^\r\n]*|-[^\s][^\r\n]*")
_UNSAFE_INSIDE = re.compile(
    r": |:$| #|\s$|^[0-9.+]|[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]"
)
_FLOW = re.compile(r"[\[\]{},\n]")
_BLOCK = re.compile(
    r"[^\x20-\x7e\n\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]|[ \t]\n|\A[ \t\n]"
)
_BELOW = r"^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*"
_NESTED = re.compile(_BELOW + r"(\1 +)[^\s#-]", flags=re.MULTILINE)
_LIST = re.compile(_BELOW + r"( *)(- +)(?=[^\s#])", flags=re.MULTILINE)
"""The first mapping inside another one, and the first list of mappings or texts."""
_WIDE = 1 << 20
_SHORT_LIST = 76


@cache
def _library() -> Any:
    """ruamel.yaml, imported only where a file is changed; with no scalar but text."""
    from ruamel import yaml

    class Resolver(yaml.resolver.VersionedResolver):
        """Finds text in every scalar."""

        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            """The tag of a node: that of text for every scalar."""
            if kind is yaml.nodes.ScalarNode:
                return yaml.tag.Tag(suffix="tag:yaml.org,2002:str")
            return super().resolve(kind, value, implicit)

    return yaml, Resolver


def _round_trip(text: str = "") -> Any:
    yaml, resolver = _library()
    handler = yaml.YAML(typ="rt", pure=True)
    handler.Resolver = resolver
    handler.preserve_quotes = True
    handler.width = _WIDE
    mapping, sequence, offset = _indents(text)
    handler.indent(mapping=mapping, sequence=sequence, offset=offset)
    return handler


def _indents(text: str) -> tuple[int, int, int]:
    """How deep a file indents: mappings, the content of lists, the dashes of lists."""
    found = _NESTED.search(text)
    mapping = len(found[2]) - len(found[1]) if found else 2
    found = _LIST.search(text)
    offset = max(len(found[2]) - len(found[1]), 0) if found else 2
    return mapping, offset + (len(found[3]) if found else 2), offset


def load(text: str) -> Any:
    """The document of a text that the guarded reader took, as mappings and lists that may be changed."""
    # Comments would keep one half of such an end of a line.
    return _round_trip().load(text.replace("\r\n", "\n"))


def dump(document: Any, text: str = "") -> str:
    """The text of a document, indented as `text`, from which it was loaded."""
    out = StringIO()
    _round_trip(text).dump(document, out)
    return out.getvalue()


def changed(document: Any, text: str) -> str:
    """The text of a document that was loaded from `text` and changed: other lines stay byte for byte."""
    after = dump(document, text)
    found = kept(text, dump(load(text), text), after)
    # Lines are spaced as the file is elsewhere; where that says something else, the whole is written anew.
    return found if _says(found, document) else after


def _says(text: str, document: Any) -> bool:
    yaml, _ = _library()
    try:
        return bool(load(text) == document)
    except yaml.error.YAMLError:
        return False


def fresh(document: dict[str, Any]) -> str:
    """The text of a document that nobody has written yet: blank lines between the nodes of a workflow."""
    styled_document = styled(document)
    for node in list(styled_document["spec"]["workflows"][0].get("nodes") or [])[1:]:
        _blank_line_before(node)
    return dump(styled_document)


def _blank_line_before(node: Any) -> None:
    node.yaml_set_start_comment("\n")


def styled(value: Any) -> Any:
    """Plain data in the style in which people write it: quotes only where needed, texts as blocks."""
    yaml, _ = _library()
    if isinstance(value, dict):
        mapping = yaml.comments.CommentedMap()
        for key, item in value.items():
            mapping[_scalar(key)] = styled(item)
        if not value or (set(value) == {"nodeOutputs"} and not value["nodeOutputs"]):
            mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list):
        if all(isinstance(item, str) for item in value) and len(", ".join(value)) <= _SHORT_LIST:
            sequence = yaml.comments.CommentedSeq([_scalar(item, flow=True) for item in value])
            sequence.fa.set_flow_style()
            return sequence
        return yaml.comments.CommentedSeq([styled(item) for item in value])
    return _scalar(value)


def _scalar(value: Any, flow: bool = False) -> Any:
    yaml, _ = _library()
    if value is None or isinstance(value, bool | int | float):
        words = {None: "null", True: "true", False: "false"}
        text = words[value] if value is None or isinstance(value, bool) else repr(value)
        return yaml.scalarstring.PlainScalarString(text)
    if _stays_plain(value) and not (flow and _FLOW.search(value)):
        return value
    if "\n" in value and not _BLOCK.search(value):
        return yaml.scalarstring.LiteralScalarString(value)
    return yaml.scalarstring.DoubleQuotedScalarString(value)


def _stays_plain(text: str) -> bool:
    """Whether no reader takes the text, unquoted, for anything else."""
    if not _PLAIN.fullmatch(text) or _UNSAFE_INSIDE.search(text):
        return False
    try:
        value = scalars.plain(text)
    except scalars.BadNumber:
        return False
    return value == text and not scalars.remark(text, value)


def put(holder: Any, key: Any, value: Any) -> None:
    """Another value at `key`: single quotes stay where they can, a comment below a block stays below."""
    yaml, _ = _library()
    strings = yaml.scalarstring
    old = holder.get(key)
    if (
        isinstance(old, strings.SingleQuotedScalarString)
        and isinstance(value, strings.DoubleQuotedScalarString)
        and value.isprintable()
    ):
        value = strings.SingleQuotedScalarString(value)
    holder[key] = value
    blocks = (strings.LiteralScalarString, strings.FoldedScalarString)
    if isinstance(old, blocks) and not isinstance(holder[key], blocks):
        _comment_on_its_own_line(holder.ca.items.get(key))


def _comment_on_its_own_line(comments: Any) -> None:
    token = comments[2] if comments else None
    if token is not None and not token.value.startswith("\n"):
        token.value = "\n" + " " * token.start_mark.column + token.value


def shared(document: Any) -> frozenset[int]:
    """The parts of a document that aliases put in several places, by identity."""
    counts: Counter[int] = Counter()
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            counts[id(value)] += 1
            if counts[id(value)] == 1:
                waiting += value.values() if isinstance(value, dict) else value
    return frozenset(part for part, count in counts.items() if count > 1)


def own(holder: Any, key: Any, shared_parts: Collection[int]) -> Any:
    """The value at `key`, made the holder's own where an alias shares it with other places."""
    if id(holder[key]) in shared_parts:
        holder[key] = copy.deepcopy(holder[key])
        for part in _parts(holder[key]):
            getattr(part, "__dict__", {}).pop("_yaml_anchor", None)
    return holder[key]


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _parts(item)
