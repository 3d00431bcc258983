"""How a field of a document behaves: the annotations of a JSON Schema, as a tree.

What the annotations mean is said in `schemas/manifest.schema.json`; what is done about them is up
to `normalise`, `diff`, `flowspec`, `plan` and the renderers.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Final

Keywords = Mapping[str, Any]


SECRETIVE = re.compile(
    r"pass(?:w|phrase|\b)|pwd|secret|token|credential|access.?key|private.?key|口令|密码", re.I
)
"""How names, and lines, speak of a secret."""


class Missing(Enum):
    """The type of `MISSING`, which stands for "no default" where `None` would be a value."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


@dataclass(frozen=True, eq=False)
class Field:
    """One place of a document. `keywords` are those of the place itself over those it refers to.

    There is one field for each place in the schema, however deep a recursive document nests.
    """

    keywords: Keywords
    _definitions: "_Definitions"

    @staticmethod
    def root(schema: Keywords) -> "Field":
        """Return the field of a whole document of `schema`."""
        return _Definitions(schema).field(schema)

    @cached_property
    def properties(self) -> Mapping[str, "Field"]:
        """The known keys of an object."""
        known: Keywords = self.keywords.get("properties", {})
        return {name: self._definitions.field(keywords) for name, keywords in known.items()}

    @cached_property
    def with_default(self) -> Mapping[str, "Field"]:
        """The known keys of an object for which a default is assumed."""
        known = self.properties.items()
        return {name: field for name, field in known if field.default is not MISSING}

    def property(self, name: str) -> "Field | None":
        """Return the field below the key `name`; None for a key that the schema does not know."""
        return self.properties.get(name)

    @cached_property
    def items(self) -> "Field | None":
        """The elements of a list; None if nothing is known about them."""
        keywords = self.keywords.get("items")
        return None if keywords is None else self._definitions.field(keywords)

    def at(self, path: Iterable[str | int]) -> "Field | None":
        """Return the field at `path` below this one; None outside of what the schema knows."""
        field: Field | None = self
        for step in path:
            if field is None:
                return None
            field = field.property(step) if isinstance(step, str) else field.items
        return field

    @cached_property
    def open(self) -> bool:
        """Whether an object may hold keys that the schema does not know."""
        return "object" in self.types and self.keywords.get("additionalProperties") is not False

    @cached_property
    def types(self) -> frozenset[str]:
        """The allowed JSON types, `null` among them where a manifest may ask for removal."""
        types: str | list[str] = self.keywords.get("type", [])
        return frozenset([types] if isinstance(types, str) else types)

    @cached_property
    def default(self) -> Any:
        """The value assumed and sent where it is left open; `MISSING` if there is none."""
        return self.keywords.get("default", MISSING)

    @cached_property
    def default_kinds(self) -> tuple[str, ...] | None:
        """The kinds of workflow in which `default` holds; None for all."""
        kinds = self.keywords.get("x-default-kinds")
        return None if kinds is None else tuple(kinds)

    def default_in(self, kind: str) -> Any:
        """Return the default that holds in workflows of `kind`, or `MISSING`."""
        holds = self.default_kinds is None or kind in self.default_kinds
        return self.default if holds else MISSING

    def defaults_in(self, kind: str) -> Mapping[str, Any]:
        """The keys of an object for which a default holds in workflows of `kind`, with it."""
        return self._defaults.get(kind) or self._defaults.setdefault(
            kind,
            {
                name: default
                for name, field in self.with_default.items()
                if (default := field.default_in(kind)) is not MISSING
            },
        )

    @cached_property
    def _defaults(self) -> dict[str, Mapping[str, Any]]:
        return {}

    @cached_property
    def computed(self) -> bool | tuple[str, ...]:
        """Whether the field is unmanaged while left open; or the kinds of workflow where it is."""
        computed = self.keywords.get("x-computed", False)
        return computed if isinstance(computed, bool) else tuple(computed)

    def computed_in(self, kind: str) -> bool:
        """Say whether the field, left open in a workflow of `kind`, is unmanaged."""
        return self.computed if isinstance(self.computed, bool) else kind in self.computed

    @cached_property
    def computed_elements(self) -> tuple[Mapping[str, tuple[Any, ...]], ...]:
        """Matchers of live list elements that are unmanaged: each named field has a named value."""
        matchers: list[Mapping[str, list[Any]]] = self.keywords.get("x-computed-elements", [])
        return tuple({name: tuple(values) for name, values in one.items()} for one in matchers)

    @cached_property
    def required(self) -> frozenset[str]:
        """The keys that an object must have."""
        return frozenset(self.keywords.get("required", ()))

    @cached_property
    def noise(self) -> bool | tuple[Any, ...]:
        """Whether nobody writes this unmanaged field by hand; or the values that say nothing."""
        noise = self.keywords.get("x-noise", False)
        return noise if isinstance(noise, bool) else tuple(noise)

    @cached_property
    def noise_when(self) -> str:
        """`inherited`: noise where the workflow says the same; `own`: where it names its own node."""
        return str(self.keywords.get("x-noise-when", ""))

    @cached_property
    def merge_key(self) -> tuple[tuple[tuple[str, ...], ...], ...]:
        """What identifies a list element: components, each its alternatives, each a path of keys.

        The first alternative that is present counts. Empty if elements have no identity.
        """
        components: list[str | list[str]] = self.keywords.get("x-merge-key", [])
        return tuple(
            tuple(tuple(path.split("/")) for path in ([one] if isinstance(one, str) else one))
            for one in components
        )

    @cached_property
    def plain_key(self) -> str:
        """The one key of which the text identifies a list element; empty if it takes more than that."""
        if (
            len(self.merge_key) != 1
            or len(self.merge_key[0]) != 1
            or len(self.merge_key[0][0]) != 1
        ):
            return ""
        name = self.merge_key[0][0][0]
        field = self.items and self.items.property(name)
        return name if field and field.default is MISSING else ""

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Other spellings of values, and what they stand for."""
        aliases: Mapping[str, str] = self.keywords.get("x-aliases", {})
        return aliases

    @cached_property
    def format(self) -> str:
        """The format of a text, such as `cron`; empty for none."""
        return str(self.keywords.get("format", ""))

    @cached_property
    def class_here(self) -> str:
        """What a difference here is about, where the schema says it at this place; else empty."""
        return str(self.keywords.get("x-class", ""))

    @cached_property
    def class_removed(self) -> str:
        """What it is about when the field, or an element of the list, goes away; else empty."""
        return str(self.keywords.get("x-class-removed", ""))

    @cached_property
    def unordered(self) -> bool:
        """Whether the order of a list means nothing."""
        return self._flag("x-unordered")

    @cached_property
    def immutable(self) -> bool:
        """Whether the value of an existing object cannot be changed."""
        return self._flag("x-immutable")

    @cached_property
    def read_only(self) -> bool:
        """Whether the field is the service's own: never sent, never compared."""
        return self._flag("readOnly")

    @cached_property
    def sensitive(self) -> bool:
        """Whether values are masked in output."""
        return self._flag("x-sensitive")

    @cached_property
    def sensitive_names(self) -> bool:
        """Whether elements of this list are masked where their names speak of a secret."""
        return self._flag("x-sensitive-names")

    def element(self, key: str) -> "Field | None":
        """The element with that key; a sensitive one if its name says so."""
        named = self.sensitive_names and SECRETIVE.search(key)
        return self._secret_element if named else self.items

    def element_of(self, item: Any) -> "Field | None":
        """The same for an element as it is written."""
        key = item.get(self.merge_key[0][0][0]) if self.merge_key and isinstance(item, dict) else ""
        return self.element(str(key))

    @cached_property
    def _secret_element(self) -> "Field | None":
        items = self.items
        return items and Field({**items.keywords, "x-sensitive": True}, self._definitions)

    @cached_property
    def reference(self) -> bool:
        """Whether the text may hold an id of this document, alone or as `<id>:<variable>`."""
        return self._flag("x-reference")

    @cached_property
    def text(self) -> bool:
        """Whether line ends, and one at the end, do not count in comparison."""
        return self._flag("x-text")

    @cached_property
    def literal(self) -> bool:
        """Whether a text here counts as it is written."""
        return not (self.aliases or self.text or self.format == "cron")

    @cached_property
    def keyless(self) -> bool:
        """Whether neither this list nor any one below has elements with an identity."""
        return not self._anywhere(lambda field: bool(field.merge_key))

    @cached_property
    def nameless(self) -> bool:
        """Whether nothing here or below refers to an entity, or is the service's own."""
        return not self._anywhere(lambda field: field.reference or field.read_only)

    @cached_property
    def stated_by_service(self) -> frozenset[str]:
        """The known keys of an object that only the service states."""
        return frozenset(name for name, field in self.properties.items() if field.read_only)

    @cached_property
    def naming(self) -> Mapping[str, "Field"]:
        """The known keys of an object at or below which an entity may be referred to."""
        return {name: field for name, field in self.properties.items() if not field.nameless}

    @cached_property
    def holding_keys(self) -> Mapping[str, "Field"]:
        """The known keys of an object at or below which lists have elements with an identity."""
        return {name: field for name, field in self.properties.items() if not field.keyless}

    @cached_property
    def secretive(self) -> Mapping[str, "Field"]:
        """The known keys of an object at or below which something may be masked."""
        return {name: field for name, field in self.properties.items() if not field.public}

    @cached_property
    def public(self) -> bool:
        """Whether nothing here or below is ever masked."""
        return not self._anywhere(lambda field: field.sensitive or field.sensitive_names)

    def _anywhere(self, holds: Callable[["Field"], bool]) -> bool:
        """Whether it holds of this field or any one below; documents nest, so fields recur."""
        seen: set[int] = set()
        waiting = [self]
        while waiting:
            field = waiting.pop()
            if holds(field):
                return True
            seen.add(id(field))
            below = [*field.properties.values(), *([field.items] if field.items else [])]
            waiting += [each for each in below if id(each) not in seen]
        return False

    def _flag(self, keyword: str) -> bool:
        return self.keywords.get(keyword) is True


class _Definitions:
    """The definitions of one schema; makes one field for each place in it."""

    def __init__(self, schema: Keywords) -> None:
        self._schema = schema
        self._fields: dict[int, Field] = {}

    def field(self, keywords: Keywords) -> Field:
        """Return the field described by `keywords`, which are a part of the schema."""
        place = id(keywords)
        if place not in self._fields:
            self._fields[place] = self._made(keywords)
        return self._fields[place]

    def _made(self, keywords: Keywords) -> Field:
        if "$ref" not in keywords:
            return Field(keywords, self)
        target = self.field(self._definition(keywords["$ref"]))
        own = {name: value for name, value in keywords.items() if name != "$ref"}
        return Field({**target.keywords, **own}, self) if own else target

    def _definition(self, ref: str) -> Keywords:
        keywords = self._schema
        for step in ref.removeprefix("#/").split("/"):
            keywords = keywords[step]
        return keywords
