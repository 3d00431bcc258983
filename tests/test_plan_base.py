"""`--base`, `--drift` and `--prune` as users meet them: real repositories, and the emulator."""

import html
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli_kit import CLEAN, CONFIG, RAW, Ended, Project, Shell
from tests.git_kit import begin, clone, commit, git

CI = ("CI", "GITLAB_CI")
"""What else CI sets is taken away from every test."""
TIDY = (
    "        - name: tidy\n          script: {runtime: {command: DIDE_SHELL}, content: echo tidy}\n"
)
SECOND = RAW + TIDY
ALONE = CLEAN.replace("dependsOn: [shop_dev.land]", "dependsOn: []")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository with one workflow, committed."""
    root = tmp_path / "repo"
    begin(root)
    made = Project(root)
    made.write(".gitignore", "data/\n")
    commit(root)
    return made


@pytest.fixture
def deployer(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in the repository, outside of CI; what is committed is applied."""
    for name in CI:
        monkeypatch.delenv(name, raising=False)
    shell = Shell(project, monkeypatch, capsys)
    assert shell("apply", "--auto-approve").code == 0
    return shell


def planned(shell: Shell, *options: str) -> Any:
    """The plan against the commit that is checked out, unless another base is named."""
    base = [] if any(each.startswith("--base") for each in options) else ["--base", "HEAD"]
    ended = shell("plan", "--format", "json", *base, *options)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def told(plan: Any) -> dict[str, Any]:
    """Address → action, and the origin of each field."""
    return {
        each["address"]: (
            each["change"]["actions"][0],
            {field["path"]: field["origin"] for field in each["change"]["fields"]},
        )
        for each in plan["resource_changes"]
    }


def nodes(plan: Any, address: str = "shop/raw") -> list[tuple[str, str, str]]:
    """Action, name and former name of each node that the plan has something to say of."""
    (found,) = [each for each in plan["resource_changes"] if each["address"] == address]
    return [(each["action"], each["name"], each["previous_name"]) for each in found["nodes"]]


def edited_live(shell: Shell, name: str, old: str, new: str) -> None:
    """Somebody edits the workspace: done here by an apply of files that are then put back."""
    shell.project.change(name, old, new)
    ended = shell("apply", "--auto-approve", "--base=")
    assert ended.code == 0, ended.out + ended.err
    git(shell.project.root, "checkout", "-q", name)


# --- change, drift, conflict ----------------------------------------------------------------------


def test_a_change_of_the_manifest(deployer: Shell) -> None:
    """Differs from the base, and the workspace is as the base was."""
    deployer.project.change("flows/raw.yaml", "00 00 03", "00 30 03")
    plan = planned(deployer)
    assert told(plan) == {"shop/raw": ("update", {"trigger.cron": "change"})}
    (field,) = plan["resource_changes"][0]["change"]["fields"]
    assert (field["base"], field["before"], field["after"]) == (
        "0 0 3 * * ?",
        "0 0 3 * * ?",
        "0 30 3 * * ?",
    )
    head = git(deployer.project.root, "rev-parse", "HEAD")
    assert (plan["base"], plan["base_commit"], plan["commit"]) == ("HEAD", head, head)


def test_drift_alone(deployer: Shell) -> None:
    """Nothing was changed in git, somebody edited the workspace: apply would overwrite that."""
    edited_live(deployer, "flows/land.sh", "echo two", "echo edited")
    plan = planned(deployer)
    assert told(plan) == {"shop/raw": ("update", {"nodes[land].script.content": "drift"})}
    (change,) = plan["resource_changes"]
    assert "1 edited in the workspace" in change["action_reason"]
    assert told(planned(deployer, "--base=")) == {
        "shop/raw": ("update", {"nodes[land].script.content": "change"})
    }


def test_drift_beside_a_change(deployer: Shell) -> None:
    """Each difference has its own origin."""
    edited_live(deployer, "flows/land.sh", "echo two", "echo edited")
    deployer.project.change("flows/raw.yaml", "00 00 03", "00 30 03")
    assert told(planned(deployer))["shop/raw"] == (
        "update",
        {"nodes[land].script.content": "drift", "trigger.cron": "change"},
    )


def test_a_conflict(deployer: Shell) -> None:
    """Both moved the same field, and not to the same value."""
    edited_live(deployer, "flows/raw.yaml", "00 00 03", "00 00 05")
    deployer.project.change("flows/raw.yaml", "00 00 03", "00 30 03")
    plan = planned(deployer)
    assert told(plan)["shop/raw"] == ("update", {"trigger.cron": "conflict"})
    (field,) = plan["resource_changes"][0]["change"]["fields"]
    assert field["base"] == "0 0 3 * * ?"


def test_the_same_change_on_both_sides(deployer: Shell) -> None:
    """Whoever was first, there is nothing left to do."""
    deployer.project.change("flows/raw.yaml", "00 00 03", "00 30 03")
    assert deployer("apply", "--auto-approve").code == 0
    assert told(planned(deployer)) == {}


def test_values_of_the_target_belong_to_the_change(deployer: Shell) -> None:
    """deployer.yaml is read at the base too: a variable that changed is of this change."""
    root = deployer.project.root
    deployer.project.change("deployer.yaml", "default: true", "default: true, vars: {hour: 3}")
    deployer.project.change("flows/raw.yaml", "00 00 03", "00 00 ${spec.hour}")
    commit(root)
    assert told(planned(deployer)) == {}
    deployer.project.change("deployer.yaml", "hour: 3", "hour: 4")
    assert told(planned(deployer))["shop/raw"] == ("update", {"trigger.cron": "change"})


def test_line_ends_are_no_difference(deployer: Shell) -> None:
    """A checkout with Windows line ends is the same as what git holds."""
    for name in ("flows/raw.yaml", "flows/land.sh"):
        file = deployer.project.root / name
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert told(planned(deployer)) == {}
    edited_live(deployer, "flows/land.sh", "echo two", "echo edited")
    deployer.project.write("flows/land.sh", "echo one\r\necho two\r\n")
    assert told(planned(deployer))["shop/raw"][1] == {"nodes[land].script.content": "drift"}


def test_a_workflow_that_is_gone_from_the_workspace(deployer: Shell) -> None:
    """Git held it and holds it: somebody deleted it, which is drift though no field says so."""
    (deployer.project.root / "data/local.db").unlink()
    plan = planned(deployer)
    (change,) = plan["resource_changes"]
    assert change["change"]["actions"] == ["create"]
    assert "though git held it" in change["action_reason"]
    assert [each["code"] for each in plan["dangers"]] == ["drift"]
    assert deployer("plan", "--base", "HEAD", "--drift", "fail").code == 3


def test_edits_that_are_in_no_commit_are_told(deployer: Shell) -> None:
    """A reviewer must not take them for what the commit holds; other files do not matter."""
    deployer.project.write("notes.md", "nothing of the project")
    assert planned(deployer)["uncommitted"] is False
    deployer.project.change("flows/land.sh", "echo two", "echo edited")
    assert planned(deployer)["uncommitted"] is True
    head = git(deployer.project.root, "rev-parse", "HEAD")[:12]
    for form, shown in (("text", head), ("markdown", f"`{head}`"), ("html", head)):
        told = deployer("plan", "--format", form).out
        assert f"commit {shown} and changes that are in no commit" in told


# --- --drift=fail ---------------------------------------------------------------------------------


def test_drift_may_fail_the_plan(deployer: Shell) -> None:
    """After it is shown; a change of the manifest alone does not."""
    deployer.project.change("flows/raw.yaml", "00 00 03", "00 30 03")
    assert deployer("plan", "--base", "HEAD", "--drift", "fail").code == 0
    edited_live(deployer, "flows/land.sh", "echo two", "echo edited")
    ended = deployer("plan", "--base", "HEAD", "--drift", "fail", "--detailed-exitcode")
    assert ended.code == 3
    assert "echo edited" in ended.out
    assert "somebody else changed the workspace since HEAD" in ended.err
    assert "1 difference not made by this change: `shop/raw` (1)" in ended.err


def test_drift_may_fail_apply(deployer: Shell) -> None:
    """Before anything is written."""
    edited_live(deployer, "flows/land.sh", "echo two", "echo edited")
    ended = deployer("apply", "--auto-approve", "--base", "HEAD", "--drift", "fail")
    assert (ended.code, "written: nothing was written" in ended.err) == (3, True)
    assert told(planned(deployer))["shop/raw"][1] == {"nodes[land].script.content": "drift"}
    assert deployer("apply", "--auto-approve", "--base", "HEAD").code == 0
    assert told(planned(deployer)) == {}


def test_drift_without_a_base(deployer: Shell) -> None:
    """Nobody could tell: a mistake of usage, not a silent pass."""
    ended = deployer("plan", "--drift", "fail")
    assert (ended.code, "needs a base" in ended.err) == (64, True)


# --- gone from git --------------------------------------------------------------------------------


def test_a_node_that_is_gone_from_git(deployer: Shell) -> None:
    """It keeps running, counts as a change, and is deleted by `--prune` only."""
    deployer.project.write("flows/raw.yaml", SECOND)
    assert deployer("apply", "--auto-approve").code == 0
    commit(deployer.project.root)
    deployer.project.write("flows/raw.yaml", RAW)
    plan = planned(deployer)
    assert told(plan) == {"shop/raw": ("kept", {})}
    assert nodes(plan) == [("kept", "tidy", "")]
    assert deployer("plan", "--base", "HEAD", "--detailed-exitcode").code == 2
    assert deployer("apply", "--base", "HEAD", "--auto-approve").code == 0
    assert nodes(planned(deployer)) == [("kept", "tidy", "")]
    pruned = planned(deployer, "--prune")
    assert told(pruned) == {"shop/raw": ("update", {"nodes[tidy]": "change"})}
    assert nodes(pruned) == [("delete", "tidy", "")]
    assert told(planned(deployer, "--base=")) == {"shop/raw": ("no-op", {})}


def test_a_node_that_was_never_in_git(deployer: Shell) -> None:
    """Is a note, and nothing that `--prune` would touch."""
    deployer.project.write("flows/raw.yaml", SECOND)
    assert deployer("apply", "--auto-approve").code == 0
    deployer.project.write("flows/raw.yaml", RAW)
    plan = planned(deployer, "--prune")
    assert (told(plan), nodes(plan)) == ({"shop/raw": ("no-op", {})}, [("unmanaged", "tidy", "")])
    assert deployer("plan", "--base", "HEAD", "--prune", "--detailed-exitcode").code == 0


@pytest.fixture
def gone(deployer: Shell) -> Shell:
    """A second workflow, applied and committed, whose manifest is gone now."""
    deployer.project.write("flows/clean.yaml", CLEAN)
    assert deployer("apply", "--auto-approve").code == 0
    commit(deployer.project.root)
    (deployer.project.root / "flows/clean.yaml").unlink()
    return deployer


def test_a_workflow_that_is_gone_from_git(gone: Shell) -> None:
    """Kept, and said; deleted with `--prune`; without a base nobody knows of it."""
    assert told(planned(gone)) == {"shop/clean": ("kept", {})}
    plan = planned(gone, "--prune")
    assert told(plan) == {"shop/clean": ("delete", {})}
    assert nodes(plan, "shop/clean") == [("delete", "tidy", "")]
    assert told(planned(gone, "--base=")) == {}
    assert gone("plan", "--base", "HEAD", "--detailed-exitcode").code == 2
    assert gone("plan", "--base=", "--detailed-exitcode").code == 0


def test_pruning_without_a_base(gone: Shell) -> None:
    """Deletes nothing, and says so."""
    ended = gone("plan", "--base=", "--prune", "--detailed-exitcode")
    assert (ended.code, "`--prune` deletes nothing" in ended.err) == (0, True)


def test_a_workflow_that_is_for_another_target_now(gone: Shell) -> None:
    """For this one it is gone from git just as well."""
    gone.project.write("flows/clean.yaml", CLEAN + "deployer: {only: [prod]}\n")
    assert told(planned(gone)) == {"shop/clean": ("kept", {})}


def test_what_is_gone_from_both_is_no_news(gone: Shell) -> None:
    """Whoever deleted it."""
    (gone.project.root / "data/local.db").unlink()
    assert gone("apply", "--auto-approve", "--base=").code == 0
    assert told(planned(gone)) == {}


def test_what_is_gone_and_out_of_scope_is_left_alone(gone: Shell) -> None:
    """Only folders of this repository are its business."""
    gone.project.write("deployer.yaml", CONFIG + "scope: [shop/]\n")
    assert told(planned(gone)) == {"shop/clean": ("kept", {})}
    gone.project.write("flows/raw.yaml", RAW.replace("shop/raw", "other/raw"))
    gone.project.write("deployer.yaml", CONFIG + "scope: [other/]\n")
    assert "shop/clean" not in told(planned(gone))


def test_an_orphan_is_not_what_is_gone(gone: Shell) -> None:
    """Each live workflow is told of once."""
    gone.project.write("deployer.yaml", CONFIG + "scope: [shop/]\n")
    assert planned(gone)["orphans"] == []
    assert planned(gone, "--base=")["orphans"] == ["shop/clean"]


# --- moved ----------------------------------------------------------------------------------------

MOVED = RAW.replace("name: raw", "name: fresh").replace("shop/raw", "shop/new/fresh")


def test_a_moved_workflow(deployer: Shell) -> None:
    """One move, and nothing but what differs beside it; the old path is not gone."""
    deployer.project.write("flows/raw.yaml", MOVED + "deployer: {movedFrom: shop/raw}\n")
    plan = planned(deployer)
    assert told(plan) == {"shop/new/fresh": ("move", {})}
    assert plan["resource_changes"][0]["previous_address"] == "shop/raw"
    assert nodes(plan, "shop/new/fresh") == []
    edited_live_at_old = MOVED.replace("00 00 03", "00 30 03")
    deployer.project.write(
        "flows/raw.yaml", edited_live_at_old + "deployer: {movedFrom: shop/raw}\n"
    )
    assert told(planned(deployer)) == {"shop/new/fresh": ("move", {"trigger.cron": "change"})}


def test_what_is_moved_comes_from_inside_the_scope(deployer: Shell) -> None:
    """What lies outside belongs to somebody else."""
    deployer.project.write("deployer.yaml", CONFIG + "scope: [shop/new/]\n")
    deployer.project.write("flows/raw.yaml", MOVED + "deployer: {movedFrom: shop/raw}\n")
    ended = deployer("plan", "--base=")
    assert (ended.code, "`shop/raw` is outside the folders in scope" in ended.err) == (3, True)


def test_a_moved_workflow_without_a_word(deployer: Shell) -> None:
    """Is another one, and the old one is gone."""
    deployer.project.write("flows/raw.yaml", MOVED)
    assert {address: action for address, (action, _) in told(planned(deployer)).items()} == {
        "shop/new/fresh": "create",
        "shop/raw": "kept",
    }


def test_a_move_that_is_done(deployer: Shell) -> None:
    """Says nothing any more: the workflow is at its new path."""
    deployer.project.write("flows/raw.yaml", MOVED)
    assert deployer("apply", "--auto-approve", "--base=").code == 0
    deployer.project.write("flows/raw.yaml", MOVED + "deployer: {movedFrom: shop/raw}\n")
    assert told(planned(deployer)) == {"shop/raw": ("kept", {})}
    assert told(planned(deployer, "--base=")) == {}


def test_a_renamed_node(deployer: Shell) -> None:
    """Keeps its script and its edges; what follows from its name differs, and drift is still seen."""
    renamed = RAW.replace("name: land", "name: fetch") + "          deployer: {movedFrom: land}\n"
    deployer.project.write("flows/raw.yaml", renamed)
    plan = planned(deployer)
    action, fields = told(plan)["shop/raw"]
    assert (action, nodes(plan)) == ("update", [("move", "fetch", "land")])
    assert {path.partition(".outputs")[0] for path in fields} == {"nodes[fetch]"}
    assert set(fields.values()) == {"change"}
    git(deployer.project.root, "checkout", "-q", "flows/raw.yaml")
    edited_live(deployer, "flows/land.sh", "echo two", "echo edited")
    deployer.project.write("flows/raw.yaml", renamed)
    assert told(planned(deployer))["shop/raw"][1]["nodes[fetch].script.content"] == "drift"


# --- bases that tell nothing ----------------------------------------------------------------------


def two_way(shell: Shell, why: str) -> None:
    """The plan says why it has no base, and goes on without."""
    shell.project.change("flows/raw.yaml", "00 00 03", "00 30 03")
    plan = planned(shell)
    assert told(plan)["shop/raw"] == ("update", {"trigger.cron": "change"})
    assert (plan["base"], plan["base_commit"]) == ("", "")
    (warning,) = [each for each in plan["diagnostics"] if each["rule"] == "DW052"]
    assert (warning["severity"], why in warning["message"]) == ("warning", True), warning
    ended = shell("plan", "--base", "HEAD", "--drift", "fail")
    assert (ended.code, "without a base" in ended.err) == (3, True)


BROKEN = {
    "no configuration": ("deployer.yaml", None, "there was no deployer.yaml"),
    "another target": (
        "deployer.yaml",
        CONFIG.replace("local:", "prod:"),
        "there was no target `local`",
    ),
    "another workspace": ("deployer.yaml", CONFIG.replace("10001", "10002"), "another workspace"),
    "broken configuration": ("deployer.yaml", "targets: [", "not YAML"),
    "broken manifest": ("flows/raw.yaml", "kind: [", "flows/raw.yaml: "),
    "wrong manifest": ("flows/raw.yaml", RAW.replace("cron", "corn"), "flows/raw.yaml: "),
    "a pointer of LFS": (
        "flows/land.sh",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
        "a pointer of Git LFS",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_base_that_tells_nothing(deployer: Shell, case: str) -> None:
    """A warning that says why, and a two-way plan."""
    name, text, why = BROKEN[case]
    file = deployer.project.root / name
    now = file.read_text()
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    commit(deployer.project.root)
    file.write_text(now)
    two_way(deployer, why)


def test_a_base_without_a_manifest(deployer: Shell) -> None:
    """Is a base like any other: all workflows are of this change."""
    root = deployer.project.root
    git(root, "rm", "-q", "--cached", "-r", "flows")
    git(root, "commit", "-q", "-m", "none yet")
    deployer.project.change("flows/raw.yaml", "00 00 03", "00 30 03")
    plan = planned(deployer)
    assert told(plan) == {"shop/raw": ("update", {"trigger.cron": "change"})}
    assert plan["base"] == "HEAD"


def test_an_unknown_base(deployer: Shell) -> None:
    """A mistake of usage."""
    ended = deployer("plan", "--base", "nowhere")
    assert (ended.code, "no revision `nowhere`" in ended.err) == (64, True)


def test_no_git_on_the_machine(deployer: Shell) -> None:
    """Without a base nothing is missing."""
    deployer.patch.setenv("PATH", "/nowhere")
    assert (planned(deployer, "--base=")["commit"], deployer("plan").code) == ("", 0)
    ended = deployer("plan", "--base", "HEAD")
    assert (ended.code, "git cannot be run" in ended.err) == (64, True)


# --- CI, and where a project lies -----------------------------------------------------------------


def test_ci_has_a_base_of_its_own(deployer: Shell, tmp_path: Path) -> None:
    """A push on GitHub: what the branch held before; a base that is named counts more."""
    root = deployer.project.root
    before = git(root, "rev-parse", "HEAD")
    edited_live(deployer, "flows/land.sh", "echo two", "echo edited")
    deployer.project.change("flows/raw.yaml", "00 00 03", "00 30 03")
    commit(root)
    (tmp_path / "event.json").write_text(json.dumps({"before": before}))
    deployer.patch.setenv("GITHUB_ACTIONS", "true")
    deployer.patch.setenv("GITHUB_EVENT_PATH", str(tmp_path / "event.json"))
    expected = {"nodes[land].script.content": "drift", "trigger.cron": "change"}
    ended: Ended = deployer("plan", "--format", "json")
    plan = json.loads(ended.out)
    assert told(plan)["shop/raw"] == ("update", expected)
    assert (plan["base"], plan["base_commit"]) == ("the commit before the push", before)
    assert set(told(planned(deployer))["shop/raw"][1].values()) == {"drift"}


def test_a_saved_plan_keeps_its_base(deployer: Shell, tmp_path: Path) -> None:
    """It is made anew with the commit that it had, whatever CI or the name of the base mean by then."""
    root = deployer.project.root
    edited_live(deployer, "flows/land.sh", "echo two", "echo edited")
    deployer.project.change("flows/raw.yaml", "00 00 03", "00 30 03")
    saved = str(tmp_path / "plan.json")
    assert deployer("plan", "--base", "HEAD", "--out", saved).code == 0
    commit(root)
    deployer.patch.setenv("GITHUB_ACTIONS", "true")
    ended = deployer("apply", saved)
    assert ended.code == 0, ended.err
    assert told(planned(deployer)) == {}


def test_a_shallow_clone(deployer: Shell, tmp_path: Path) -> None:
    """Exit 64 with the very command that helps, before the workspace is asked anything."""
    root = deployer.project.root
    first = git(root, "rev-parse", "HEAD")
    deployer.project.change("flows/raw.yaml", "00 00 03", "00 30 03")
    commit(root)
    deployer.patch.chdir(clone(root, tmp_path / "shallow", "--depth=1"))
    ended = deployer("plan", "--base", first)
    assert ended.code == 64
    command = f"git fetch --no-tags --depth=1 origin {first}"
    assert f"run `{command}` first" in ended.err
    git(tmp_path / "shallow", *command.split()[1:])
    assert deployer("plan", "--base", first).code == 0


def test_a_project_in_a_folder_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With odd names all the way down."""
    for name in CI:
        monkeypatch.delenv(name, raising=False)
    begin(tmp_path / "repo")
    project = Project(tmp_path / "repo" / "tëams/a b")
    project.write(".gitignore", "data/\n")
    project.write("flows/raw.yaml", RAW.replace("land.sh", '"söme script.sh"'))
    project.write("flows/söme script.sh", "echo one\n")
    commit(tmp_path / "repo")
    shell = Shell(project, monkeypatch, capsys)
    assert shell("apply", "--auto-approve").code == 0
    edited_live(shell, "flows/söme script.sh", "echo one", "echo edited")
    assert told(planned(shell)) == {"shop/raw": ("update", {"nodes[land].script.content": "drift"})}


# --- how to apply ---------------------------------------------------------------------------------


def test_a_selection_by_revision_outlives_the_merge(deployer: Shell) -> None:
    """A saved plan and the command of a comment hold the commit: the branch means another one by then."""
    root = deployer.project.root
    git(root, "branch", "trunk")
    begun = git(root, "rev-parse", "HEAD")
    deployer.project.change("flows/raw.yaml", "00 00 03", "00 30 03")
    commit(root)
    wanted = ("plan", "--select", "changed:trunk+", "--format", "markdown", "--out", "../p.json")
    planned = deployer(*wanted)
    assert planned.code == 0, planned.err
    assert f"deployer apply --target local --select changed:{begun}+" in planned.out
    git(root, "branch", "--force", "trunk")
    applied = deployer("apply", "../p.json")
    assert (applied.code, "1 done" in applied.out) == (0, True), applied.err


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_the_command_repeats_what_shaped_the_plan(deployer: Shell, form: str) -> None:
    """Whoever follows the comment gets what it shows, from the same base where that matters."""
    deployer.project.write("flows/raw.yaml", CLEAN.replace("clean", "fresh"))
    base = git(deployer.project.root, "rev-parse", "HEAD")[:12]
    wanted = ["--select", "sh*", "--publish", "--prune", "--allow-output", "shop_dev.land"]
    ended = deployer("plan", "--format", form, "--base", "HEAD", *wanted)
    assert ended.code == 0, ended.err
    flags = f"--select 'sh*' --allow-output shop_dev.land --publish --prune --base {base}"
    told = html.unescape(ended.out)
    assert f"deployer apply --target local {flags}" in told, told[-900:]
