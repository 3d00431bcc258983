"""What a manifest says, made to agree with the live workflow: only what differs is touched.

The document is the one of the file, with its comments, order, aliases and placeholders; both sides are
compared as a plan compares them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer import schema
from deployer.authoring.meant import Meant, Outputs
from deployer.authoring.names import Speller
from deployer.entities import SELF, Node, is_container, token
from deployer.fields import Field
from deployer.flowspec import edges_key
from deployer.model import Spec
from deployer.normalise import ORDER, canonical, key_of, keyed
from deployer.reading import yaml_text

_EDGES = ("dependencies", "flow")


@dataclass(slots=True)
class Merge:
    """One update: `speller` puts placeholders into new values, `style` gives them the form of the file.

    `frozen` is the target's override, keyed: what it sets stays out of the file. `shared` is what aliases
    share. `scripts` collects the nodes whose script in a file is another now.
    """

    speller: Speller
    frozen: Mapping[str, Any]
    style: Callable[[Any], Any]
    shared: frozenset[int]
    scripts: dict[str, str] = field(default_factory=dict)

    def workflow(self, document: Any, filled: Node, fresh: Node, live: Spec, said: Spec) -> None:
        """Changes `document`; `filled` and `fresh` are plain: the file's own, and what is live."""
        raw, body, new = (each["spec"]["workflows"][0] for each in (document, filled, fresh))
        place = schema.workflow()
        entities = _differing(live, said)
        outputs = Outputs(raw, body, new, self.speller.output)
        self._object(raw, body, new, (live, said), place, self.frozen, SELF)
        meant = outputs.meant(raw, self.speller.identifier)
        entities |= {
            token(str(node.get("name")))
            for node in raw.get("nodes") or []
            if meant.moved(node.get("dependsOn"))
        }
        if entities:
            self._edges(raw, body, new, entities, meant)
            if token(SELF) in entities:
                self._own_edges(document["spec"], fresh["spec"])

    # --- objects and lists ---

    def _object(
        self,
        raw: Any,
        filled: Node,
        fresh: Node,
        sides: tuple[Spec, Spec],
        place: Field,
        frozen: Any,
        at: str,
    ) -> None:
        live, said = sides
        for key in dict.fromkeys([*live, *said]):
            inside = place.property(key)
            if canonical(live.get(key)) == canonical(said.get(key)) or key in _EDGES:
                continue
            below = frozen.get(key) if isinstance(frozen, Mapping) else None
            if below is not None and not isinstance(below, Mapping):
                continue
            if inside is not None and inside.text and "file" in raw:
                self._file(raw, fresh.get(key), at)
            else:
                pair = (live.get(key), said.get(key))
                self._member(raw, key, filled, fresh, pair, inside, below, at)

    def _file(self, raw: Any, text: Any, at: str) -> None:
        """The script of a node in a file: another text for it, or none any more."""
        if text is None:
            del raw["file"]
        else:
            self.scripts[at] = str(text)

    def _member(
        self,
        raw: Any,
        key: str,
        filled: Node,
        fresh: Node,
        pair: tuple[Any, Any],
        place: Field | None,
        frozen: Any,
        at: str,
    ) -> None:
        if key not in fresh:
            # Left out, it is what is live: a default, unmanaged, or nothing.
            raw.pop(key, None)
        elif key not in raw or place is None or not _both_mappings(pair):
            self._set(raw, key, fresh[key], place)
        elif isinstance(raw[key], list) and place.merge_key:
            self._list(
                yaml_text.own(raw, key, self.shared),
                filled[key],
                fresh[key],
                pair,
                place,
                frozen,
                at,
            )
        elif isinstance(raw[key], dict):
            inner = yaml_text.own(raw, key, self.shared)
            self._object(inner, filled[key], fresh[key], pair, place, frozen, at)
            if is_container(key, fresh[key]):
                self._inner_edges(inner, fresh[key], pair, at)
        else:
            self._set(raw, key, fresh[key], place)

    def _set(self, raw: Any, key: str, value: Any, place: Field | None) -> None:
        yaml_text.put(raw, key, self.style(self.speller.spelled(value, place)))

    def _list(
        self,
        raw: Any,
        filled: list[Any],
        fresh: list[Any],
        pair: tuple[Spec, Spec],
        place: Field,
        frozen: Any,
        at: str,
    ) -> None:
        live, said = pair
        wanted = _by_key(fresh, place)
        names = list(_by_key(filled, place, raw))
        ordered = ORDER in live and live[ORDER] != said.get(ORDER)
        # Elements that share a key, or have the one of the order, are known by number: all anew.
        numbered = ORDER in wanted or len(wanted) != len(fresh) or len(names) != len(raw)
        if ordered or numbered:
            raw[:] = self.style(self.speller.spelled(fresh, place))
            return
        for index in reversed(range(len(raw))):
            name = names[index]
            if name not in wanted and name not in live:
                del raw[index]
            elif canonical(live.get(name)) != canonical(said.get(name)) and name in wanted:
                below = frozen.get(name) if isinstance(frozen, Mapping) else None
                self._element(
                    raw, index, filled, wanted[name], (live, said, name), place, below, at
                )
        for name, item in wanted.items():
            if name not in names:
                raw.append(self.style(self.speller.spelled([item], place)[0]))

    def _element(
        self,
        raw: Any,
        index: int,
        filled: list[Any],
        fresh: Any,
        sides: tuple[Spec, Spec, str],
        place: Field,
        frozen: Any,
        at: str,
    ) -> None:
        live, said, name = sides
        pair: tuple[Any, Any] = (live.get(name), said.get(name))
        if not (_both_mappings(pair) and isinstance(raw[index], dict) and place.items):
            raw[index] = self.style(self.speller.spelled([fresh], place)[0])
            return
        inner = yaml_text.own(raw, index, self.shared)
        here = (name if at == SELF else f"{at}/{name}") if place.items is schema.node() else at
        self._object(inner, filled[index], fresh, pair, place.items, frozen, here)

    # --- edges ---

    def _edges(self, raw: Any, filled: Node, fresh: Node, entities: set[str], meant: Meant) -> None:
        """What the nodes named in `entities` wait for, at the nodes and in the list of edges."""
        news = {node["name"]: node for node in fresh.get("nodes") or []}
        known = {
            node.get("id"): node["name"] for node in filled.get("nodes") or [] if node.get("id")
        }
        for index, node in enumerate(raw.get("nodes") or []):
            name = filled_name(node, news)
            if name and token(name) in entities:
                own = yaml_text.own(raw["nodes"], index, self.shared)
                self._waiting(own, meant.items(news[name].get("dependsOn") or []))
        where = edges_key(filled)
        edges = [
            edge
            for edge, plain in zip(raw.get(where) or [], filled.get(where) or [], strict=False)
            if token(known.get(plain["nodeId"], plain["nodeId"])) not in entities
        ]
        edges += [
            self._styled_edge(edge)
            for edge in fresh.get("dependencies") or []
            if token(str(edge["nodeId"])) in entities
        ]
        _put(raw, where, edges)

    def _waiting(self, raw: Any, items: list[Any]) -> None:
        if items:
            raw["dependsOn"] = self.style(self.speller.upstreams(items))
        else:
            raw.pop("dependsOn", None)

    def _inner_edges(self, raw: Any, fresh: Node, pair: tuple[Spec, Spec], at: str) -> None:
        """Edges inside a container, all of them where one differs."""
        live, said = pair
        if all(canonical(live.get(k)) == canonical(said.get(k)) for k in _EDGES):
            return
        news = {node["name"]: node for node in fresh.get("nodes") or []}
        for node in raw.get("nodes") or []:
            if name := filled_name(node, news):
                self._waiting(node, news[name].get("dependsOn") or [])
        if isinstance(raw.get("while"), dict) and fresh.get("while"):
            self._waiting(raw["while"], fresh["while"].get("dependsOn") or [])
        for key in _EDGES:
            _put(raw, key, [self._styled_edge(edge) for edge in fresh.get(key) or []])

    def _own_edges(self, raw: Any, fresh: Node) -> None:
        """What the workflow itself waits for."""
        for key in _EDGES:
            _put(raw, key, [self._styled_edge(edge) for edge in fresh.get(key) or []])

    def _styled_edge(self, edge: Node) -> Any:
        place = schema.workflow().at(("dependencies", 0))
        return self.style(self.speller.spelled(edge, place))


def filled_name(node: Any, known: Mapping[str, Any]) -> str:
    """The name of a node of the file if it is a live one."""
    name = str(node.get("name"))
    return name if name in known else ""


def _put(raw: Any, key: str, items: list[Any]) -> None:
    if items:
        raw[key] = items
    else:
        raw.pop(key, None)


def _both_mappings(pair: tuple[Any, Any]) -> bool:
    return isinstance(pair[0], dict) and isinstance(pair[1], dict)


def _by_key(items: list[Any], place: Field, raw: Any = None) -> dict[str, Any]:
    """Elements by what identifies them; those of `raw` in its order."""
    return {key_of(keyed(item, place.items), place): item for item in items}


def _differing(live: Spec, said: Spec) -> set[str]:
    """The entities whose upstreams differ."""
    old, new = live.get("dependencies") or {}, said.get("dependencies") or {}
    return {each for each in {*old, *new} if canonical(old.get(each)) != canonical(new.get(each))}
