"""What a comment begins with: whose it is, the verdict, the dangers, the counts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from deployer.model import Danger, Plan
from deployer.render.markdown.inline import code, names, prose
from deployer.render.plan_counts import tally, verdict
from deployer.render.plan_parts import all_dangers, beyond, losses, some
from deployer.render.visible import visible

_MOST_CODES = 10


def marker(target: str) -> str:
    """The line that nobody sees and by which the comment of a target is found again."""
    return f"<!-- deployer:plan target={quote(visible(target), safe='')} -->"


def title(plan: Plan, run_url: str) -> Iterator[str]:
    """The verdict, and what the plan was made of; `run_url` is an address that is safe to link."""
    yield f"### Plan for target {code(plan.target)}: {verdict(plan)}"
    yield ""
    facts = [f"project {code(plan.project)}", *([code(plan.place)] if plan.place else [])]
    if plan.commit:
        facts.append(f"commit {code(plan.commit[:12])}{beyond(plan)}")
    if plan.base:
        commit = f" ({code(plan.base_commit[:12])})" if plan.base_commit else ""
        facts.append(f"compared with base {code(plan.base)}{commit}")
    if run_url:
        facts.append(f"[the run that made it]({run_url})")
    yield f"For {' · '.join(facts)}"
    if plan.selection or plan.left_out:
        chosen = f": {code(plan.selection)}" if plan.selection else ""
        yield ""
        if plan.left_out:
            yield f"**Only a part of the workflows{chosen}**, {len(plan.left_out)} left out"
        else:
            yield f"All of the workflows are selected{chosen}"


def danger_box(plan: Plan, rows: int) -> Iterator[str]:
    """What goes away, then every danger, what stops apply first; may be empty.

    Dangers beyond `rows` are counted by kind.
    """
    dangers = all_dangers(plan)
    lost = [f"**{what}**: {names(each)}" for what, each in losses(plan).items()]
    if not dangers and not lost:
        return
    yield "> [!CAUTION]" if any(danger.blocks for danger in dangers) else "> [!WARNING]"
    yield f"> {_total(dangers)}"
    yield ">"
    shown, more = some(dangers, rows)
    yield from (f"> - {line}" for line in [*lost, *map(_danger, shown)])
    if more:
        yield f"> - and {more} more: {_kinds(dangers[rows:])}"


def _total(dangers: Sequence[Danger]) -> str:
    if not dangers:
        return "**Nothing stops apply, and not everything stays**"
    stops = sum(danger.blocks for danger in dangers)
    stopping = f", {stops} {'stops' if stops == 1 else 'stop'} apply" if stops else ""
    return f"**{_number(len(dangers), 'danger')}**{stopping}"


def _danger(danger: Danger) -> str:
    stops = "**stops apply** " if danger.blocks else ""
    where = f" in {code(danger.address)}" if danger.address else ""
    allow = f" (allowed by {prose(danger.override)})" if danger.override else ""
    return f"{stops}{code(danger.code)}{where}: {prose(danger.message)}{allow}"


def _kinds(dangers: Sequence[Danger]) -> str:
    number = Counter(danger.code for danger in dangers).most_common()
    shown, more = some(number, _MOST_CODES)
    told = ", ".join(f"{count} {code(kind)}" for kind, count in shown)
    return f"{told} and others" if more else told


def counts(plan: Plan) -> Iterator[str]:
    """The number of workflows by action, and of those to publish."""
    number = [*tally(plan).items(), ("to publish", len(plan.to_publish))]
    yield f"| {' | '.join(name for name, _ in number)} |"
    yield f"|{'---:|' * len(number)}"
    yield f"| {' | '.join(str(count) for _, count in number)} |"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
