"""The stories about plans: what somebody did, with which flags the plan is made, and what it must say."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.acceptance.plan_stage import Stage

ORDERS, REPORT = "flows/orders.yaml", "flows/report.yaml"
LOAD = "flows/scripts/load.sql"
BASE = ("--base", "HEAD^")


@dataclass(frozen=True)
class Tale:
    """A story: `prepare` comes before the base is committed and applied, `happen` behind it.

    `action` is what a workflow of the plan is in for, `path` a field, a node or a former address that the
    plan names there, with what becomes of it. `danger` is the code of one of its dangers, empty where
    there must be none.
    """

    happen: Callable[[Stage], None]
    action: tuple[str, str]
    path: tuple[str, str]
    danger: str
    flags: tuple[str, ...] = BASE
    prepare: Callable[[Stage], None] = lambda stage: None


def create(stage: Stage) -> None:
    """A workflow that was not there before."""
    stage.write(
        "flows/returns.yaml",
        (stage.root / REPORT)
        .read_text(encoding="utf-8")
        .replace("report", "returns")
        .replace("sum\n", "sum_returns\n")
        .replace("[sum,", "[sum_returns,")
        .replace("name: publish", "name: publish_returns"),
    )


def edit_script(stage: Stage) -> None:
    """One condition of a script, and its comment."""
    stage.edit(LOAD, "where amount > 0", "where amount >= 0 and not cancelled")
    stage.edit(LOAD, "One row for each order", "One row for each order that was not cancelled")


def change_cron(stage: Stage) -> None:
    """The time at which a workflow runs, from the night to shortly before midnight."""
    stage.edit(ORDERS, "00 00 03 * * ?", "00 50 23 * * ?")


def rename_node(stage: Stage) -> None:
    """A node gets another name and says which one it had."""
    stage.edit(ORDERS, "- name: check", "- name: count\n          deployer: {movedFrom: check}")
    stage.edit(REPORT, "shop.check", "shop.count")


def move_workflow(stage: Stage) -> None:
    """A workflow goes to another folder."""
    stage.edit(REPORT, "shop/report", "shop/daily/report")
    stage.edit(REPORT, "spec:\n", "deployer: {movedFrom: shop/report}\nspec:\n")


def remove_output(stage: Stage) -> None:
    """A node that another workflow reads goes, and the reader is forgotten."""
    text = (stage.root / ORDERS).read_text(encoding="utf-8")
    stage.write(ORDERS, text[: text.index("        - name: check")])
    stage.edit(REPORT, "[sum, shop.check]", "[sum]")


def read_by_hand(stage: Stage) -> None:
    """Somebody built a workflow in the console that reads an output, and no manifest tells of it."""
    text = (stage.root / REPORT).read_text(encoding="utf-8")
    by_hand = text.replace("report", "by_hand").replace("sum", "look").replace("publish", "tell")
    stage.write("flows/by_hand.yaml", by_hand)
    stage.apply()
    stage.remove("flows/by_hand.yaml")


def drift(stage: Stage) -> None:
    """Somebody edits the workspace; git says what it always said."""
    stage.in_console(ORDERS, "rerunTimes: 3", "rerunTimes: 9")


def drift_and_change(stage: Stage) -> None:
    """Somebody edits the workspace, somebody else the manifest, in different places."""
    stage.in_console(ORDERS, "rerunTimes: 3", "rerunTimes: 9")
    stage.edit(LOAD, "where amount > 0", "where amount >= 0")


def conflict(stage: Stage) -> None:
    """Both edit the same field."""
    stage.in_console(ORDERS, "rerunTimes: 3", "rerunTimes: 9")
    stage.edit(ORDERS, "rerunTimes: 3", "rerunTimes: 5")


def change_command(stage: Stage) -> None:
    """A node becomes one of another kind, which the service does not allow."""
    text = (stage.root / ORDERS).read_text(encoding="utf-8")
    before, check, after = text.partition("- name: check")
    stage.write(ORDERS, before + check + after.replace("DIDE_SHELL", "PYTHON"))


def prune(stage: Stage) -> None:
    """A manifest is deleted, and the plan is asked to delete what it described."""
    stage.remove(REPORT)


LARGE = "flows/large.yaml"


def large(stage: Stage) -> None:
    """300 nodes, of which most wait for one or two others."""
    lines = [
        'version: "1.1.0"',
        "kind: CycleWorkflow",
        "spec:",
        "  workflows:",
        "    - name: large",
        "      script: {path: shop/large}",
        '      trigger: {type: Scheduler, cron: "00 00 01 * * ?"}',
        "      nodes:",
    ]
    for number in range(300):
        waits = [f"node_{each:03}" for each in {number - 7, number // 2} if 0 <= each < number]
        lines += [
            f"        - name: node_{number:03}",
            f"          dependsOn: [{', '.join(sorted(waits))}]"
            if waits
            else "          priority: 1",
            "          script:",
            "            runtime: {command: DIDE_SHELL}",
            f"            content: run {number}",
        ]
    stage.write(LARGE, "\n".join(lines) + "\n")


def edit_large(stage: Stage) -> None:
    """Three of the 300 scripts."""
    for number in (7, 70, 299):
        stage.edit(LARGE, f"content: run {number}\n", f"content: run {number} again\n")


TALES = {
    "create": Tale(create, ("shop/returns", "create"), ("sum_returns", "create"), ""),
    "script_edit": Tale(
        edit_script, ("shop/orders", "update"), ("nodes[load].script.content", "change"), ""
    ),
    "cron_change": Tale(change_cron, ("shop/orders", "update"), ("trigger.cron", "change"), ""),
    "renamed_node": Tale(rename_node, ("shop/orders", "update"), ("count", "move"), ""),
    "moved_workflow": Tale(
        move_workflow, ("shop/daily/report", "move"), ("shop/report", "move"), ""
    ),
    "removed_output": Tale(
        remove_output,
        ("shop/orders", "update"),
        ("check", "delete"),
        "output-removed",
        (*BASE, "--prune"),
        prepare=read_by_hand,
    ),
    "drift": Tale(drift, ("shop/orders", "update"), ("nodes[load].rerunTimes", "drift"), ""),
    "drift_and_change": Tale(
        drift_and_change, ("shop/orders", "update"), ("nodes[load].rerunTimes", "drift"), ""
    ),
    "conflict": Tale(
        conflict, ("shop/orders", "update"), ("nodes[load].rerunTimes", "conflict"), ""
    ),
    "command_change": Tale(
        change_command,
        ("shop/orders", "update"),
        ("nodes[check].script.runtime.command", "change"),
        "node-replaced",
    ),
    "prune": Tale(prune, ("shop/report", "delete"), ("sum", "delete"), "", (*BASE, "--prune")),
    "large_workflow": Tale(
        edit_large,
        ("shop/large", "update"),
        ("nodes[node_299].script.content", "change"),
        "downstream",
        prepare=large,
    ),
}
