"""JSON values in the one order that we print and compare them in."""

from typing import Any


def in_order(value: Any) -> Any:
    """`value` with the keys of every mapping sorted: a service returns them in any order."""
    if isinstance(value, dict):
        return {
            key: in_order(item) if isinstance(item := value[key], dict | list) else item
            for key in sorted(value)
        }
    return [in_order(item) for item in value] if isinstance(value, list) else value
