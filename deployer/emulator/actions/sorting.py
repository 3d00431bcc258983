"""The order of a list: `SortBy` is a field and a direction, `Id Desc` unless it is sent."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from deployer.emulator.failures import invalid
from deployer.emulator.operations import Params

Row = TypeVar("Row")


def ordered(rows: Sequence[Row], params: Params, columns: Mapping[str, str]) -> list[Row]:
    """Return rows as `SortBy` wants them; `columns` names the attribute behind each field.

    Raises ApiError for an unknown field or direction. Rows without a value come last.
    """
    field, _, direction = (params.get("SortBy") or "Id Desc").strip().partition(" ")
    direction = direction.strip() or "Asc"
    if field not in columns or direction not in ("Asc", "Desc"):
        raise invalid("SortBy")
    name = columns[field]
    known = [row for row in rows if getattr(row, name) is not None]
    rest = [row for row in rows if getattr(row, name) is None]

    def key(row: Any) -> tuple[Any, Any]:
        return getattr(row, name), row.id

    return sorted(known, key=key, reverse=direction == "Desc") + rest
