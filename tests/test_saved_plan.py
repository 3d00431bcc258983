"""A plan as a file: it comes back as it was, holds no secret, and is done exactly or not at all."""

import json
import os
import re
import stat
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer import saved_plan, schema
from deployer.asked import Asked
from deployer.errors import UsageError
from deployer.model import Plan, Target
from deployer.saved_plan import Made
from tests.cli_kit import CLEAN, Ended, Project, Shell
from tests.plan_strategies import plans
from tests.test_selection import git

ROOT = Path("/project")
TARGET = Target("prod", "10001", "shop", region="cn-shanghai")
MADE = Made(TARGET, ROOT, Asked(("shop/*",), ("name:x",), True), {"a.yaml": "1f"}, "1.0", "now")
PLAN = Plan("prod", "10001", ())
PLANS = plans().filter(lambda plan: all(change.address for change in plan.changes))
"""Random plans; a workflow has a path."""


# --- the file -------------------------------------------------------------------------------------


@given(PLANS, st.builds(Asked, st.tuples(st.text()), st.just(()), st.sampled_from([None, False])))
def test_file_comes_back_as_it_was(plan: Plan, asked: Asked) -> None:
    """Any plan can be saved, is sound by its schema, read again, and found unmoved."""
    data = saved_plan.to_bytes(plan, replace(MADE, asked=asked))
    saved = saved_plan.read(data, "p.json")
    assert saved.asked == asked
    assert saved.target == "prod"
    assert saved_plan.moved(saved, plan) == []
    assert saved_plan.moved_files(saved, MADE.files) == []
    assert saved_plan.other_target(saved, TARGET, ROOT) == []


@given(PLANS)
def test_digest_leaves_out_time_and_calls(plan: Plan) -> None:
    """The same plan made at another time has the same digest; all else counts."""

    def digest(plan: Plan, made: Made = MADE) -> Any:
        return json.loads(saved_plan.to_bytes(plan, made))["digest"]

    assert digest(plan) == digest(replace(plan, api_calls=7), replace(MADE, created="later"))
    assert digest(plan) != digest(replace(plan, project="10002"))
    assert digest(plan) != digest(plan, replace(MADE, files={"a.yaml": "2f"}))
    assert digest(plan) != digest(plan, replace(MADE, asked=Asked()))


def test_file_is_canonical() -> None:
    """Plain ASCII, sorted keys, one line end: the same plan is the same bytes."""
    data = saved_plan.to_bytes(replace(PLAN, place="加\ud800"), MADE)
    assert data == saved_plan.to_bytes(replace(PLAN, place="加\ud800"), MADE)
    assert data.decode("ascii").endswith("}\n")
    assert list(json.loads(data)) == sorted(json.loads(data))


def edited(change: Callable[[dict[str, Any]], object]) -> bytes:
    """A plan file with another content."""
    document = json.loads(saved_plan.to_bytes(PLAN, MADE))
    change(document)
    return (json.dumps(document, sort_keys=True, indent=1) + "\n").encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is no plan file"),
        (b"\xff", "it is no plan file"),
        (b"[]", "it is no plan file"),
        (b"[" * 100_000, "it is no plan file"),
        (b"{}", "it does not say its `format_version`"),
        (edited(lambda each: each.update(format_version="2.0")), "its form is 2.0"),
        (edited(lambda each: each.update(format_version=1)), "it does not say"),
        (edited(lambda each: each.update(extra=1)), "it was edited, or is no plan file"),
        (edited(lambda each: each.pop("asked")), "it was edited, or is no plan file"),
        (edited(lambda each: each["plan"].update(extra=1)), "it was edited, or is no plan file"),
        (edited(lambda each: each["plan"].update(format_version="9.9")), "it was edited"),
        (edited(lambda each: each["asked"].update(select=[])), "its content and its digest"),
        (edited(lambda each: each["target"].update(project="1")), "its content and its digest"),
        (edited(lambda each: each["plan"].update(orphans=["x"])), "its content and its digest"),
        (saved_plan.to_bytes(PLAN, MADE).replace(b"\n", b"\r\n"), "it was edited"),
        (saved_plan.to_bytes(PLAN, MADE) + b" ", "it was edited"),
        (saved_plan.to_bytes(PLAN, MADE)[:-20], "it is no plan file"),
    ],
)
def test_file_that_is_refused(data: bytes, words: str) -> None:
    """Unknown forms, unknown keys and any edit are mistakes, told without a traceback."""
    with pytest.raises(UsageError) as caught:
        saved_plan.read(data, "p.json")
    assert words in f"{caught.value.what}; {caught.value.why}"
    assert caught.value.where == "p.json"


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_any_flipped_byte_is_noticed(at: int, by: int) -> None:
    """Wherever a byte is another one, the file is refused, but for the time it was made."""
    data = bytearray(saved_plan.to_bytes(PLAN, replace(MADE, created="")))
    data[at % len(data)] ^= by
    with pytest.raises(UsageError):
        saved_plan.read(bytes(data), "p.json")


def test_schema_knows_every_flag() -> None:
    """A flag that shapes a plan is in its file."""
    known = schema.load("saved-plan")["properties"]["asked"]
    assert set(known["properties"]) == {each.name for each in fields(Asked)}
    assert set(known["required"]) == set(known["properties"])


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (replace(TARGET, project="2"), "`project` was 10001, is 2"),
        (replace(TARGET, region="eu-central-1"), "`region` was cn-shanghai, is eu-central-1"),
        (replace(TARGET, region="", endpoint="http://127.0.0.1:1"), "`endpoint` was not set"),
        (
            replace(TARGET, region="", emulator=ROOT / "data/x.db"),
            "`emulator` was not set, is data/x.db",
        ),
    ],
)
def test_another_workspace(now: Target, words: str) -> None:
    """A target that leads elsewhere now is another one, though its name is the same."""
    saved = saved_plan.read(saved_plan.to_bytes(PLAN, MADE), "p.json")
    assert words in "; ".join(saved_plan.other_target(saved, now, ROOT))


# --- on the command line --------------------------------------------------------------------------


@pytest.fixture
def deployer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A project with two workflows, one of which waits for the other."""
    project = Project(tmp_path)
    project.write("flows/clean.yaml", CLEAN)
    return Shell(project, monkeypatch, capsys)


def live(deployer: Shell) -> str:
    """What the workspace holds beside the manifests: the plan, less what it took."""
    document = json.loads(deployer("plan", "--format", "json").out)
    return json.dumps({key: each for key, each in document.items() if key != "api_calls"})


def refused(deployer: Shell, code: int, *words: str, flags: tuple[str, ...] = ()) -> Ended:
    """`apply p.json` ends with that code, says these words, and the workspace is as it was."""
    before = live(deployer)
    ended = deployer("apply", "p.json", *flags)
    assert (ended.code, ended.out) == (code, ""), ended.err
    assert [word for word in words if word not in ended.err] == [], ended.err
    assert "nothing was written" in ended.err
    assert live(deployer) == before
    return ended


def test_what_could_not_be_read_is_not_saved(
    deployer: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that is too large is told at once, and not by the apply of next week."""
    monkeypatch.setattr("deployer.saved_plan.LARGEST", 1_000)
    ended = deployer("plan", "--out", "p.json")
    assert (ended.code, "too large to be saved" in ended.err) == (64, True)
    assert not (deployer.project.root / "p.json").exists()


def test_saved_and_applied(deployer: Shell) -> None:
    """Nobody is asked: the plan was reviewed. A second time it is stale."""
    saved = deployer("plan", "--out", "p.json")
    assert (saved.code, "`deployer apply p.json`" in saved.err) == (0, True)
    applied = deployer("apply", "p.json")
    assert (applied.code, "2 done, 0 failed" in applied.out) == (0, True)
    assert deployer("plan", "--detailed-exitcode").code == 0
    refused(deployer, 4, "`shop/raw`: it was not in the workspace, and is there now")


def test_saved_part_is_applied_as_a_part(deployer: Shell) -> None:
    """The selection is in the file; what it leaves out may move."""
    deployer("plan", "--select", "shop/raw", "--out", "p.json")
    assert deployer("apply", "p.json").code == 0
    plan = json.loads(live(deployer))
    assert [each["address"] for each in plan["resource_changes"]] == ["shop/clean"]


def test_file_is_private_and_whole(deployer: Shell) -> None:
    """Mode 0600 whatever was there, nothing left beside it, and a link is not followed."""
    root = deployer.project.root
    (root / "p.json").write_text("old")
    os.chmod(root / "p.json", 0o644)
    assert deployer("plan", "--out", "p.json").code == 0
    assert stat.S_IMODE((root / "p.json").stat().st_mode) == 0o600
    assert [each.name for each in root.iterdir() if each.name.endswith(".tmp")] == []
    (root / "link").symlink_to("elsewhere")
    ended = deployer("plan", "--out", "link")
    assert (ended.code, "it is a link" in ended.err) == (64, True)
    assert not (root / "elsewhere").exists()
    for odd in ("none/p.json", "flows"):
        assert deployer("plan", "--out", odd).code == 64


def test_changed_files_are_named(deployer: Shell) -> None:
    """A script, a manifest, a new manifest, deployer.yaml: each makes the plan stale, and is named."""
    project = deployer.project
    deployer("plan", "--out", "p.json")
    project.change("flows/land.sh", "two", "three")
    refused(deployer, 4, "`flows/land.sh` changed since")
    project.change("flows/land.sh", "three", "two")
    project.write("flows/more.yaml", CLEAN.replace("clean", "more").replace("tidy", "more"))
    refused(deployer, 4, "`flows/more.yaml` changed since")
    (project.root / "flows/more.yaml").unlink()
    project.change("deployer.yaml", "default: true", "default: true, publish: true")
    refused(deployer, 4, "`deployer.yaml` changed since")
    project.change("deployer.yaml", "default: true, publish: true", "default: true")
    assert deployer("apply", "p.json").code == 0


def test_deleted_manifests_are_changed_files(deployer: Shell) -> None:
    """Even where none is left."""
    deployer("plan", "--out", "p.json")
    for name in ("raw", "clean"):
        (deployer.project.root / f"flows/{name}.yaml").unlink()
    ended = deployer("apply", "p.json")
    assert (ended.code, "`flows/clean.yaml` changed since" in ended.err) == (4, True)


def test_broken_manifest_is_a_changed_file(deployer: Shell) -> None:
    """What changed is told first; that it is wrong too, by `deployer validate`."""
    deployer("plan", "--out", "p.json")
    deployer.project.write("flows/raw.yaml", "kind: [")
    ended = deployer("apply", "p.json")
    assert (ended.code, "`flows/raw.yaml` changed since" in ended.err) == (4, True)


def test_moved_workspace_is_named(deployer: Shell) -> None:
    """Somebody edits a node after the review: the workflow and the field are named, nothing is done."""
    project = deployer.project
    deployer("apply", "--auto-approve")
    project.change("flows/clean.yaml", "echo tidy", "echo clean")
    deployer("plan", "--out", "p.json")
    project.change("flows/land.sh", "two", "three")
    deployer("apply", "--auto-approve", "--select", "shop/raw")
    project.change("flows/land.sh", "three", "two")
    ended = refused(deployer, 4, "`shop/raw`: the live workflow is not as it was")
    assert "`nodes[land].script.content`" in ended.err
    assert "shop/clean" not in ended.err


def test_what_is_done_already_is_stale_too(deployer: Shell) -> None:
    """Even if the workspace holds by now what the plan wanted, it is not the plan's doing."""
    deployer("apply", "--auto-approve")
    deployer.project.change("flows/land.sh", "two", "three")
    deployer("plan", "--out", "p.json")
    deployer("apply", "--auto-approve")
    refused(deployer, 4, "`shop/raw`: the live workflow is not as it was")


def test_base_is_kept_as_a_commit(deployer: Shell) -> None:
    """The branch moves on; the plan is still the one against the commit that it was made against."""
    project = deployer.project
    deployer("apply", "--auto-approve")
    git(project.root, "init", "--quiet")
    git(project.root, "add", "flows", "deployer.yaml")
    git(project.root, "commit", "--quiet", "-m", "both")
    project.change("flows/land.sh", "two", "three")
    deployer("plan", "--base", "HEAD", "--out", "p.json")
    asked = json.loads((project.root / "p.json").read_text())["asked"]
    assert re.fullmatch("[0-9a-f]{40}", asked["base"])
    git(project.root, "commit", "--quiet", "-am", "one")
    applied = deployer("apply", "p.json")
    assert (applied.code, "1 done, 0 failed" in applied.out) == (0, True), applied.err


def test_another_target(deployer: Shell) -> None:
    """`-t` may repeat the target of the file; another one, or one that leads elsewhere, is refused."""
    project = deployer.project
    project.change("deployer.yaml", "targets:", "targets:\n  other: {region: eu, project: 5}")
    deployer("plan", "--out", "p.json")
    refused(deployer, 64, "it is for target `local`, `-t` says `other`", flags=("-t", "other"))
    project.change("deployer.yaml", "project: 10001", "project: 10002")
    refused(deployer, 64, "`project` was 10001, is 10002")
    project.change("deployer.yaml", "project: 10002", "project: 10001")
    assert deployer("apply", "p.json", "-t", "local").code == 0


@pytest.mark.parametrize(
    "flags",
    [("--select", "shop/raw"), ("--exclude", "shop/raw"), ("--publish",), ("--no-publish",)],
)
def test_flags_are_in_the_file(deployer: Shell, flags: tuple[str, ...]) -> None:
    """What shapes a plan cannot be said once more."""
    deployer("plan", "--out", "p.json")
    refused(
        deployer, 64, f"`{flags[0].replace('--no-', '--')}` together with a plan file", flags=flags
    )


def test_no_plan_file(deployer: Shell) -> None:
    """A file that is not there, a folder, another file, an edited plan: exit 64."""
    for name in ("none.json", "flows", "deployer.yaml", "flows/land.sh"):
        ended = deployer("apply", name)
        assert (ended.code, "nothing was written" in ended.err) == (64, True)
    deployer("plan", "--out", "p.json")
    deployer.project.change("p.json", '"project": "10001"', '"project": "10009"')
    assert refused(deployer, 64, "it was edited")


def test_no_secret_in_the_file(deployer: Shell) -> None:
    """A new and a changed password: neither is in the plan, nor in what is kept to compare."""
    project = deployer.project
    project.change(
        "flows/clean.yaml",
        "          script:",
        "          datasource: {name: x, type: odps, config: {password: hunter2}}\n          script:",
    )
    deployer("plan", "--out", "p.json")
    first = (project.root / "p.json").read_text()
    assert deployer("apply", "p.json").code == 0
    project.change("flows/clean.yaml", "hunter2", "hunter3")
    deployer("plan", "--out", "p.json")
    second = (project.root / "p.json").read_text()
    assert "nodes[tidy].datasource.config" in second
    assert "hunter" not in first + second
