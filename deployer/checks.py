"""What a look at the set-up comes to: one line for each thing that was looked at."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from deployer.errors import DeployerError

State = Literal["ok", "problem", "skipped"]

_GRAVITY = (64, 6, 8, 3, 1)
"""Exit codes, the gravest first: what keeps more of the program from working comes earlier."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what it is, how it stands, and the cure of a problem.

    `exit_code` is what a command that meets this problem ends with, 0 without one.
    """

    name: str
    state: State
    text: str
    cure: str = ""
    exit_code: int = 0


def problem(name: str, failure: DeployerError) -> Check:
    """The line that an error comes to."""
    facts = [failure.what, failure.why, f"at {failure.where}" if failure.where else ""]
    if failure.request_id:
        facts.append(f"request id {failure.request_id}")
    text = "; ".join(fact for fact in facts if fact)
    return Check(name, "problem", text, failure.hint, failure.exit_code)


def gravest(checks: Iterable[Check]) -> int:
    """The exit code of the gravest problem; 0 where there is none."""
    codes = {check.exit_code for check in checks if check.state == "problem"}
    return next((code for code in _GRAVITY if code in codes), max(codes, default=0))
