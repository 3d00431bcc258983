"""The limits of safety: what oversteps them, by how much, and what allows it."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployer.asked import Asked
from deployer.downstream import Lost
from deployer.errors import RefusedBySafety
from deployer.model import Change, Danger, FieldChange, NodeChange, Plan, Workflow
from deployer.safety import LIMITS, Known, judged, refuse
from tests.cli_kit import CLEAN, CONFIG, Project, Shell
from tests.test_plan import document, node
from tests.workflow_kit import desired

OTHER_OUTPUT = "- name: land\n          outputs: {nodeOutputs: [{data: shop_dev.other}]}\n"
PAGE = Path(__file__).resolve().parent.parent / "docs" / "safety.md"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with two workflows, one of which waits for the other."""
    made = Project(tmp_path)
    made.write("flows/clean.yaml", CLEAN)
    return made


@pytest.fixture
def deployer(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """The command line, in that project."""
    return Shell(project, monkeypatch, capsys)


def changed(nodes: int, *, deleted: int = 0, updated: int = 0, unmanaged: int = 0) -> Change:
    """An update of a workflow with so many managed nodes."""
    names = [f"n{number}" for number in range(nodes)]
    foreign = [f"u{number}" for number in range(unmanaged)]
    happens = [
        *(NodeChange(name, "delete") for name in names[:deleted]),
        *(NodeChange(name, "update") for name in names[deleted : deleted + updated]),
        *(NodeChange(name, "unmanaged") for name in foreign),
    ]
    before: dict[str, dict[str, object]] = {"nodes": {name: {} for name in [*names, *foreign]}}
    desired = Workflow("f/w", "w", "CycleWorkflow", {"nodes": {"n": {}}})
    return Change("f/w", "update", "", nodes=tuple(happens), before_value=before, desired=desired)


def found(
    *changes: Change,
    limits: dict[str, float] | None = None,
    known: Known | None = None,
    **asked: Any,
) -> list[Danger]:
    """The dangers of a plan of these changes."""
    plan = Plan("local", "1", changes)
    told = judged(plan, limits or {}, replace(Asked(), **asked), known)
    return [*told.dangers, *(danger for change in told.changes for danger in change.dangers)]


def blocks(dangers: Iterable[Danger]) -> list[str]:
    return [danger.code for danger in dangers if danger.blocks]


# --- numbers of nodes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("managed", "deleted", "stops"),
    [
        (10, 2, False),
        (10, 3, False),
        (10, 4, True),
        (20, 6, False),
        (20, 7, True),
        (9, 9, False),
        (9, 3, False),
        (11, 3, False),
        (11, 4, True),
        (100, 19, False),
        (100, 20, False),
        (100, 21, True),
    ],
)
def test_deletions_stop_at_a_share_or_a_number(managed: int, deleted: int, stops: bool) -> None:
    """More than 30 % of a workflow with 10 managed nodes or more, or more than 20."""
    assert blocks(found(changed(managed, deleted=deleted))) == ["deleted-nodes"] * stops


def test_deletions_add_up_over_workflows() -> None:
    """21 in small portions are 21."""
    parts = [replace(changed(9, deleted=7), address=f"f/{n}") for n in range(3)]
    assert blocks(found(*parts)) == ["deleted-nodes"]
    assert blocks(found(*parts[:2], replace(changed(9, deleted=6), address="f/x"))) == []


def test_a_deleted_workflow_loses_all_nodes() -> None:
    """Also the ones that nobody wrote down."""
    gone = replace(changed(12, unmanaged=3), action="delete", desired=None, nodes=())
    assert [danger.message for danger in found(gone)] == [
        "15 nodes would be deleted: 15 of 15 managed nodes of `f/w` (100 %, the limit is 30 %)"
    ]


def test_unmanaged_nodes_do_not_dilute_a_share() -> None:
    """30 % is of the managed ones."""
    assert blocks(found(changed(10, deleted=4, unmanaged=30))) == ["deleted-nodes"]
    assert blocks(found(changed(9, deleted=4, unmanaged=30))) == []


def test_deletions_say_numbers_and_what_allows_them() -> None:
    """The exact ones."""
    (danger,) = found(changed(10, deleted=4))
    assert danger == Danger(
        "deleted-nodes",
        "4 nodes would be deleted: 4 of 10 managed nodes of `f/w` (40 %, the limit is 30 %)",
        "`--allow-deleted-nodes 4` or `limits.deletedNodes` in deployer.yaml",
        blocks=True,
    )


@pytest.mark.parametrize(("allowed", "stops"), [(3, True), (4, False), (5, True), (None, True)])
def test_only_the_exact_number_allows_deletions(allowed: int | None, stops: bool) -> None:
    """A consent to another number is a consent to another plan."""
    dangers = found(changed(10, deleted=4), allow_deleted_nodes=allowed)
    assert (len(dangers), blocks(dangers)) == (1, ["deleted-nodes"] * stops)


@pytest.mark.parametrize(("limit", "stops"), [(3, True), (4, False), (5, False)])
def test_the_key_takes_the_place_of_both_limits(limit: int, stops: bool) -> None:
    """What one apply may delete, whatever share of a workflow it is."""
    dangers = found(changed(10, deleted=4), limits={"deletedNodes": limit})
    assert blocks(dangers) == ["deleted-nodes"] * stops


@pytest.mark.parametrize(
    ("managed", "updated", "stops"),
    [
        (100, 49, False),
        (100, 50, False),
        (100, 51, True),
        (170, 51, False),
        (171, 52, True),
        (170, 52, True),
        (200, 60, False),
        (200, 61, True),
    ],
)
def test_changes_stop_at_a_share_and_a_number(managed: int, updated: int, stops: bool) -> None:
    """More than 30 % of 10 or more, and more than 50."""
    assert blocks(found(changed(managed, updated=updated))) == ["changed-nodes"] * stops


def test_changes_are_counted_over_small_workflows_too() -> None:
    """51 of 153 in workflows of 9 are a third of all."""
    parts = [replace(changed(9, updated=3), address=f"f/{n}") for n in range(17)]
    assert blocks(found(*parts)) == ["changed-nodes"]
    assert blocks(found(*parts, known=Known(managed=170))) == []
    assert blocks(found(*parts[:16])) == []


@pytest.mark.parametrize(("allowed", "stops"), [(50, True), (51, False), (52, True)])
def test_only_the_exact_number_allows_changes(allowed: int, stops: bool) -> None:
    """Or a higher limit."""
    dangers = found(changed(100, updated=51), allow_changed_nodes=allowed)
    assert blocks(dangers) == ["changed-nodes"] * stops
    assert blocks(found(changed(100, updated=51), limits={"changedNodes": 51})) == []
    assert blocks(found(changed(100, updated=40), limits={"changedNodes": 39})) == ["changed-nodes"]


# --- what is named --------------------------------------------------------------------------------


def test_no_manifest_at_all() -> None:
    """Where there were some, whoever held them."""
    assert found(known=Known(held=0)) == []
    (danger,) = found(known=Known(held=2))
    assert (danger.message, danger.override) == (
        "no manifest is left for target `local`, where there were 2 workflows",
        "`--allow-empty local`",
    )
    assert blocks(found(known=Known(held=1), allow_empty=("local",))) == []


def test_a_workflow_that_loses_all_nodes() -> None:
    """It may be named by its path or its name; nothing is said where there were none."""
    empty = Workflow("f/w", "w", "CycleWorkflow", {"nodes": {}})
    emptied = replace(changed(2, deleted=2), desired=empty)
    assert blocks(found(emptied)) == ["empty"]
    assert blocks(found(emptied, allow_empty=("f/w",))) == []
    assert blocks(found(emptied, allow_empty=("w",))) == []
    assert blocks(found(emptied, allow_empty=("other",))) == ["empty"]
    assert found(replace(changed(0), desired=empty)) == []


def test_a_lost_output_names_its_readers() -> None:
    """Each of them, and what it costs them."""
    lost = Known(lost=(Lost("p.one", "f/w", ("f/x#a", "f/y")), Lost("p.two", "f/z", ("f/x#a",))))
    (danger,) = found(changed(3, updated=1), known=lost)
    assert danger == Danger(
        "output-removed",
        "the output `p.one` goes away, and 2 wait for it: `f/x#a`, `f/y`; "
        "they would be scheduled no longer (docs/service.md B-39)",
        "`--allow-output p.one`",
        "f/w",
        blocks=True,
        names=("p.one",),
    )
    assert blocks(found(changed(3), known=lost, allow_output=("p.one",))) == []
    assert blocks(found(changed(3), known=lost, allow_output=("p.two",))) == ["output-removed"]


def test_another_command_is_a_replacement() -> None:
    """By the name of the node, with or without its workflow."""
    field = FieldChange("nodes[a].script.runtime.command", "VIRTUAL", "ODPS_SQL", immutable=True)
    one = replace(changed(3), fields=(field,))
    assert [danger.message for danger in found(one)] == [
        "node `a` would be deleted and made anew: VIRTUAL -> ODPS_SQL"
    ]
    assert blocks(found(one, allow_replace=("a",))) == []
    assert blocks(found(one, allow_replace=("f/w#a",))) == []
    assert blocks(found(one, allow_replace=("b",))) == ["node-replaced"]


def test_what_is_protected_loses_nothing() -> None:
    """No flag helps: only the manifest does."""
    known = Known(protected=frozenset({"f/w"}))
    (danger,) = found(changed(5, deleted=1), known=known, allow_deleted_nodes=1)
    assert (danger.code, danger.override) == ("protected", "change the manifest")
    gone = replace(changed(5), action="delete", desired=None)
    assert blocks(found(gone, known=known)) == ["protected"]
    assert found(changed(5, updated=1), known=known) == []


def test_what_keeps_running_is_told() -> None:
    """A node or a whole workflow that is gone from git; it stops nothing."""
    kept = (NodeChange("n0", "kept"), NodeChange("n1", "kept"))
    some = replace(changed(3), action="kept", nodes=kept)
    whole = replace(changed(2), action="kept", nodes=kept, desired=None)
    tail = ": gone from git and still live; it keeps running, and is not deleted"
    assert [each.message for each in found(some)] == [f"node `n0`, `n1`{tail}"]
    assert [each.message for each in found(whole)] == [f"the workflow{tail}"]
    assert blocks([*found(some), *found(whole)]) == []


def test_the_manifest_says_what_is_protected() -> None:
    """Left out, nothing is."""
    said = {**document(node("a")), "deployer": {"protect": True}}
    assert [desired(said).protect, desired(document(node("a"))).protect] == [True, False]


def test_the_refusal_tells_the_first_and_counts_the_rest() -> None:
    """With exit code 3, where, and what allows it."""
    plan = judged(Plan("local", "1", (changed(10, deleted=4),)), {}, Asked(), Known(held=1))
    with pytest.raises(RefusedBySafety) as refused:
        refuse(plan)
    told = refused.value
    assert (told.exit_code, told.why) == (3, "1 more in the plan stop apply too")
    assert (
        told.hint
        == "to allow it: `--allow-deleted-nodes 4` or `limits.deletedNodes` in deployer.yaml"
    )


# --- the command line -----------------------------------------------------------------------------


def test_removing_an_output_stops_apply(deployer: Shell, project: Project) -> None:
    """The plan shows it, apply ends with 3 and writes nothing, the flag lets it pass."""
    assert deployer("apply", "--auto-approve").code == 0
    project.write("deployer.yaml", CONFIG.replace("flows/*.yaml", "flows/raw.yaml"))
    project.change("flows/raw.yaml", "- name: land\n", OTHER_OUTPUT)
    shown = deployer("plan")
    assert "the output `shop_dev.land` goes away, and 1 wait" in shown.out
    assert "`shop/clean#tidy`" in shown.out
    refused = deployer("apply", "--auto-approve")
    assert (refused.code, "nothing was written" in refused.err) == (3, True)
    assert deployer("plan").out == shown.out
    allowed = deployer("apply", "--auto-approve", "--allow-output", "shop_dev.land")
    assert allowed.code == 0


def test_a_command_change_is_dangerous(deployer: Shell, project: Project) -> None:
    """It is refused by the service too."""
    assert deployer("apply", "--auto-approve").code == 0
    project.change("flows/raw.yaml", "DIDE_SHELL", "PYTHON")
    assert "`--allow-replace land`" in deployer("plan").out
    assert deployer("apply", "--auto-approve").code == 3


def test_an_orphan_is_deleted_only_by_its_name(deployer: Shell, project: Project) -> None:
    """It has to be an orphan; then it is a deletion in the plan."""
    assert deployer("apply", "--auto-approve").code == 0
    scoped = CONFIG.replace("flows/*.yaml", "flows/raw.yaml") + "scope: [shop]\n"
    project.write("deployer.yaml", scoped)
    assert "orphan shop/clean" in deployer("plan").out
    named = deployer("plan", "--allow-delete", "shop/clean")
    assert "- delete shop/clean" in named.out
    assert "orphan" not in named.out.replace("names no orphan", "")
    wrong = deployer("plan", "--allow-delete", "shop/raw")
    assert (wrong.code, "names no orphan" in wrong.err) == (64, True)


def test_no_manifest_left_stops_apply(deployer: Shell, project: Project) -> None:
    """As long as the workspace holds something; else there is simply nothing to plan."""
    project.write("deployer.yaml", CONFIG.replace("flows/*.yaml", "none/*.yaml"))
    assert deployer("plan").code == 64
    project.write("deployer.yaml", CONFIG)
    assert deployer("apply", "--auto-approve").code == 0
    project.write("deployer.yaml", CONFIG.replace("flows/*.yaml", "none/*.yaml"))
    shown = deployer("plan")
    assert (shown.code, "no manifest is left for target `local`" in shown.out) == (0, True)
    assert deployer("apply", "--auto-approve").code == 3
    assert deployer("apply", "--auto-approve", "--allow-empty", "local").code == 0


def test_numbers_are_numbers(deployer: Shell) -> None:
    """A number of nodes that is none is a usage error."""
    assert deployer("plan", "--allow-deleted-nodes", "many").code == 64
    assert deployer("plan", "--allow-deleted-nodes", "-1").code == 64


@pytest.mark.parametrize(
    ("flag", "name", "why"),
    [
        ("--allow-output", "shop_dev.lend", "did you mean `shop_dev.land`?"),
        ("--allow-replace", "nonsense", "no node gets another type"),
        ("--allow-empty", "local", "nothing is emptied"),
    ],
)
def test_what_allows_nothing_is_a_mistake(
    deployer: Shell, project: Project, flag: str, name: str, why: str
) -> None:
    """Once there is something to do: what was allowed may be done already by a first try."""
    assert deployer("apply", "--auto-approve").code == 0
    assert deployer("apply", "--auto-approve", flag, name).code == 0
    project.write("deployer.yaml", CONFIG.replace("flows/*.yaml", "flows/raw.yaml"))
    project.change("flows/raw.yaml", "- name: land\n", OTHER_OUTPUT)
    refused = deployer("apply", "--auto-approve", flag, name)
    assert (refused.code, f"`{flag} {name}` allows nothing" in refused.err) == (64, True)
    assert why in refused.err


def test_no_variable_allows_anything(
    deployer: Shell, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable is set once and forgotten."""
    assert deployer("apply", "--auto-approve").code == 0
    project.write("deployer.yaml", CONFIG.replace("flows/*.yaml", "flows/raw.yaml"))
    project.change(
        "flows/raw.yaml",
        "        - name: land\n",
        "        - name: land\n          outputs: {nodeOutputs: []}\n",
    )
    monkeypatch.setenv("DEPLOYER_ALLOW_OUTPUT", "shop_dev.land")
    assert deployer("apply", "--auto-approve").code == 3


# --- the page -------------------------------------------------------------------------------------


def table() -> str:
    """The table of limits, as docs/safety.md has it."""
    rows = [
        f"| {limit.rule} | {limit.default} | "
        f"{f'`{limit.flag}`' if limit.flag else limit.otherwise} | "
        f"{f'`{limit.key}`' if limit.key else ''} |"
        for limit in LIMITS
    ]
    head = ["| What | Refused | Allowed by | Key under `limits:` |", "|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def test_the_page_shows_every_limit(request: pytest.FixtureRequest) -> None:
    """docs/safety.md is made from the table; `pytest --update` renews it."""
    text = PAGE.read_text(encoding="utf-8")
    before, mark, rest = text.partition("<!-- limits -->\n")
    _, end, after = rest.partition("<!-- end of limits -->\n")
    assert mark
    assert end
    expected = f"{before}{mark}{table()}{end}{after}"
    if request.config.getoption("--update"):
        PAGE.write_text(expected, encoding="utf-8")
    assert expected == PAGE.read_text(encoding="utf-8")
