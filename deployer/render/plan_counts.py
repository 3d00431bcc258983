"""How many workflows a plan touches: as a sentence, and for the widget of a merge request."""

from collections import Counter
from collections.abc import Mapping

from deployer.model import Action, Plan
from deployer.render.json_text import json_text

_WORDS: Mapping[Action, str] = {
    "create": "to create",
    "update": "to update",
    "delete": "to delete",
    "move": "to move",
    "kept": "kept",
    "unchanged": "unchanged",
}
_ALWAYS = {"create", "update", "unchanged"}


def tally(plan: Plan) -> dict[Action, int]:
    """The number of workflows by action, every action named."""
    number = Counter(change.action for change in plan.changes)
    return {action: number[action] for action in _WORDS}


def verdict(plan: Plan) -> str:
    """One line: `1 to create, 0 to update, 2 to delete, 7 unchanged`, `No changes: 7 unchanged`."""
    publish = f", {len(plan.to_publish)} to publish" if plan.to_publish else ""
    return f"{_writes(plan)}{publish}"


def _writes(plan: Plan) -> str:
    number = tally(plan)
    if not plan.pending:
        unchanged = f"{number['unchanged']} unchanged"
        if number["kept"]:
            return f"Nothing to write: {number['kept']} kept, {unchanged}"
        return f"No changes: {unchanged}"
    return ", ".join(
        f"{number[action]} {word}"
        for action, word in _WORDS.items()
        if number[action] or action in _ALWAYS
    )


def to_gitlab(plan: Plan) -> str:
    """The counts as GitLab's `artifacts:reports:terraform` reads them: numbers, no names.

    It knows three of them; a workflow that moves is one that is updated.
    """
    number = tally(plan)
    return json_text(
        {
            "create": number["create"],
            "update": number["update"] + number["move"],
            "delete": number["delete"],
        }
    )
