"""The lines of a look at the set-up, for people and as JSON."""

from collections.abc import Sequence

from deployer.checks import Check, gravest
from deployer.render.json_text import json_text
from deployer.render.paint import Paint
from deployer.render.visible import visible

_STYLES = {"ok": "green", "problem": "red", "skipped": "dim"}


def to_text(checks: Sequence[Check], paint: Paint) -> str:
    """One line for each, the cure of a problem below it."""
    lines = []
    for check in checks:
        state = paint(_STYLES[check.state], f"{check.state:<8}")
        lines.append(f"{state} {check.name:<14} {visible(check.text)}")
        if check.cure:
            lines.append(f"{'':<8} {'':<14} cure: {visible(check.cure)}")
    return "".join(f"{line}\n" for line in lines)


def to_json(checks: Sequence[Check]) -> str:
    """`checks` with the exit code of each problem, and the gravest of them."""
    rows = [
        {
            "check": check.name,
            "state": check.state,
            "text": check.text,
            "cure": check.cure,
            "exit_code": check.exit_code,
        }
        for check in checks
    ]
    return json_text({"checks": rows, "exit_code": gravest(checks)})
