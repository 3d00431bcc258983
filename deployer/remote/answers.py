"""What is read out of any answer, and what an answer without it means."""

from collections.abc import Mapping
from typing import Any

from deployer.errors import OutcomeUnknown, Unreachable
from deployer.transport.client import Operation
from deployer.transport.request import Fits, Params


def about(key: str, same: str = "") -> Fits:
    """An answer fits that has such a block; with `same`, the block of the object that was asked for."""

    def fits(answer: Mapping[str, Any], params: Params) -> str:
        block = answer.get(key)
        if not isinstance(block, dict):
            return f"it has no `{key}`"
        if same and str(block.get(same) or params[same]) != str(params[same]):
            return f"its `{same}` is not the one that was asked for"
        return ""

    return fits


def mapping(answer: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The block that a read answers with; raises Unreachable without it."""
    value = answer.get(key)
    if isinstance(value, dict):
        return value
    raise Unreachable(
        f"the answer of the service has no `{key}`",
        request_id=str(answer.get("RequestId") or ""),
        hint="run the command again; if it stays so, report the request id to the service",
    )


def given(identity: Any, answer: Mapping[str, Any], operation: Operation) -> str:
    """The id that a write answers with; without it nobody knows what the write did: OutcomeUnknown."""
    if identity:
        return str(identity)
    raise OutcomeUnknown(
        f"it is not known whether `{operation.name}` took effect",
        why="the answer holds no id",
        request_id=str(answer.get("RequestId") or ""),
    )


def integer(value: Any) -> int:
    """A number, which some answers write as text; 0 where there is none."""
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0
