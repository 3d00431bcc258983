"""Two comparable specs → the field changes between them.

Equal parts, however deep, are told apart by their canonical bytes and never reach DeepDiff, which would
copy its way to every leaf of them; what does reach it are mappings only, with every leaf packed into
its canonical text: DeepDiff reads list moves as renames, holds `True` for 1 and rounds numbers.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeGuard

from deployer.fields import Field
from deployer.model import FieldChange
from deployer.normalise import canonical

MASK = "(sensitive)"
TELLING = 4
"""Shorter values are not looked for in texts: they would be found in every other word."""

_PLAIN_KEY = re.compile(r"[\w-]+")
_ANY_KEY = r'\[(?:"(?:[^"\\]|\\.)*"|[^]["]*)\]'
_STEP = re.compile(r'\[("(?:[^"\\]|\\.)*"|[^]["]*)\]|([^].["]+)')
_PART_OF_KEY = r'[^]["]*'

Path = tuple[str, ...]


def changes(before: Mapping[str, Any], after: Mapping[str, Any], field: Field) -> list[FieldChange]:
    """Every difference between two comparable specs, sorted by path; empty exactly if they are equal."""
    found = sorted(_differences(dict(before), dict(after), ()), key=lambda change: change[0])
    return [_field_change(path, old, new, field) for path, old, new in found]


def _field_change(path: Path, old: Any, new: Any, root: Field) -> FieldChange:
    text, place = resolve(path, root)
    return FieldChange(
        path=text,
        before=masked(old, place),
        after=masked(new, place),
        immutable=place is not None and place.immutable,
    )


def _differences(
    before: dict[str, Any], after: dict[str, Any], at: Path
) -> Iterator[tuple[Path, Any, Any]]:
    """Walks down while both sides are mappings of mappings, so that DeepDiff sees small things only."""
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if canonical(old) == canonical(new):
            continue
        if _holds_mappings(old) and _holds_mappings(new):
            yield from _differences(old, new, (*at, key))
        else:
            yield from _deep((*at, key), old, new)


def _holds_mappings(value: Any) -> TypeGuard[dict[str, Any]]:
    return (
        isinstance(value, dict) and bool(value) and all(isinstance(v, dict) for v in value.values())
    )


def _deep(at: Path, old: Any, new: Any) -> Iterator[tuple[Path, Any, Any]]:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        yield at, old, new
        return
    from deepdiff import DeepDiff

    tree = DeepDiff(
        *_unequal(_packed(old), _packed(new)),
        threshold_to_diff_deeper=0,
        ignore_private_variables=False,  # it would pass over keys that start with `__`
        view="tree",
    )
    for kind, levels in tree.items():
        for level in levels:
            path = tuple(level.path(output_format="list"))
            yield (
                (*at, *path),
                None if kind == "dictionary_item_added" else _unpacked(level.t1),
                None if kind == "dictionary_item_removed" else _unpacked(level.t2),
            )


def _packed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _packed(item) for key, item in value.items()}
    return canonical(value).decode("utf-8", "surrogatepass")


def _unequal(old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two packed mappings without what is the same in both: DeepDiff copies its way to every leaf."""
    left, right = dict(old), dict(new)
    for key in old.keys() & new.keys():
        one, other = old[key], new[key]
        if one == other:
            del left[key], right[key]
        elif isinstance(one, dict) and isinstance(other, dict):
            left[key], right[key] = _unequal(one, other)
    return left, right


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unpacked(item) for key, item in value.items()}
    return json.loads(value)


def resolve(path: Path, field: Field | None) -> tuple[str, Field | None]:
    """`nodes[load].script.content` and the field at its end; what is sensitive stays so inside.

    Keys of keyed lists, and those of open maps that are no plain words, are in brackets.
    """
    text = ""
    for step in path:
        keyed = field is not None and field.merge_key
        if keyed or not _PLAIN_KEY.fullmatch(step):
            text += f"[{json.dumps(step, ensure_ascii=False) if _needs_quotes(step) else step}]"
        else:
            text += f".{step}" if text else step
        field = below(field, step)
    return text, field


def steps(text: str) -> Path:
    """The keys in a path that `resolve` wrote."""
    return tuple(
        json.loads(key) if key.startswith('"') else key or plain
        for key, plain in _STEP.findall(text)
    )


def pattern(paths: Iterable[str]) -> re.Pattern[str]:
    """What matches the paths that `resolve` writes; `*` stands for keys, or parts of them, in brackets."""
    return re.compile("|".join(_regex(path) for path in paths))


def _regex(path: str) -> str:
    text = re.escape(path).replace(re.escape("[*]"), _ANY_KEY)
    return text.replace(re.escape("*"), _PART_OF_KEY)


def below(field: Field | None, step: str) -> Field | None:
    """The field below a key, or the elements of a keyed list; what is sensitive stays so inside."""
    if field is None or field.sensitive:
        return field
    return field.element(step) if field.merge_key else field.property(step)


def _needs_quotes(step: str) -> bool:
    return any(character in step for character in '[]"') or not step


def masked(value: Any, field: Field | None) -> Any:
    """`value` with everything hidden that the schema calls sensitive."""
    if field is None or value is None:
        return value
    if field.sensitive:
        return MASK
    if isinstance(value, dict):
        below = field.element if field.merge_key else field.property
        return {key: masked(item, below(key) or field.property(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item, field.element_of(item)) for item in value]
    return value


def holds_secret(value: Any, field: Field | None) -> bool:
    """Whether `masked` would hide anything in `value`."""
    if field is None or field.public or value is None:
        return False
    if field.sensitive:
        return bool(value != MASK)
    if isinstance(value, dict) and field.merge_key:
        return any(
            holds_secret(item, field.element(key) or field.property(key))
            for key, item in value.items()
        )
    if isinstance(value, dict):
        known = field.secretive
        return any(holds_secret(value[key], known[key]) for key in value if key in known)
    if isinstance(value, list):
        return any(holds_secret(item, field.element_of(item)) for item in value)
    return False


def secrets(value: Any, field: Field | None) -> set[str]:
    """The texts in `value` that `masked` hides."""
    if field is None or value is None:
        return set()
    if isinstance(value, dict):
        keyed = field.element if field.merge_key else field.property
        below = (lambda _: field) if field.sensitive else keyed
        found = [secrets(item, below(key) or field.property(key)) for key, item in value.items()]
        return set().union(*found)
    if isinstance(value, list):
        items = [field if field.sensitive else field.element_of(item) for item in value]
        return set().union(*map(secrets, value, items))
    return {str(value)} if field.sensitive else set()


def without(text: str, hidden: Iterable[str]) -> str:
    """A text in which somebody else may have repeated what is hidden."""
    for secret in sorted(hidden, key=len, reverse=True):
        if len(secret) >= TELLING:
            text = text.replace(secret, MASK)
    return text
