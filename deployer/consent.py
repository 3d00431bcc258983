"""Whether what was allowed by name is something that a plan would do: a slip of the pen is not. Pure."""

from collections.abc import Iterable, Mapping

from deployer.asked import Asked
from deployer.errors import UsageError
from deployer.model import Plan
from deployer.nearest import nearest

_SHOWN = 5
_NOTHING: Mapping[str, str] = {
    "empty": "nothing is emptied",
    "output-removed": "no output goes away that somebody waits for",
    "node-replaced": "no node gets another type",
}


def refuse_idle(plan: Plan, allowed: Asked) -> None:
    """Raises UsageError for a name that is allowed and that the plan has no danger of.

    A plan with nothing to do takes every name: what was allowed may have been done already.
    """
    if plan.differs:
        _refuse("--allow-empty", allowed.allow_empty, plan, "empty")
        _refuse("--allow-output", allowed.allow_output, plan, "output-removed")
        _refuse("--allow-replace", allowed.allow_replace, plan, "node-replaced")


def _refuse(flag: str, said: Iterable[str], plan: Plan, code: str) -> None:
    dangers = [*plan.dangers, *(each for change in plan.changes for each in change.dangers)]
    there = sorted({name for each in dangers if each.code == code for name in each.names})
    for name in said:
        if name not in there:
            near = nearest(name, there)
            raise UsageError(
                f"`{flag} {name}` allows nothing that this plan would do",
                why=f"there is {_listed(there)}" if there else _NOTHING[code],
                written="nothing was written",
                hint=f"did you mean `{near}`?" if near else f"leave `{flag} {name}` out",
            )


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
