"""examples/team: three targets, twelve workflows, Chinese names; every command works on it as it is."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.session import run_command, the_same_each_time
from tests.git_kit import begin, commit

ROOT = Path(__file__).resolve().parent.parent
TEAM = ROOT / "examples" / "team"
MANIFESTS = sorted(TEAM.glob("workflows/*/*.yaml"))
TARGETS = ("dev", "staging", "prod")
DAILY, TRADES, RESTATE = (f"电商/经营分析/{name}" for name in ("销售日报", "交易明细", "重算销售"))


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Path]:
    """A copy of it; emulators have the same clock each time."""
    shutil.copytree(TEAM, tmp_path / "team", ignore=shutil.ignore_patterns("*.db*"))
    with the_same_each_time():
        yield tmp_path / "team"


@pytest.fixture
def published(team: Path) -> Path:
    """It is applied and published on the development target."""
    ok(team, "apply", "--target", "dev", "--auto-approve", "--publish")
    return team


def ok(folder: Path, *command: str) -> str:
    """What a command prints that succeeds."""
    code, said = run_command(list(command), folder)
    assert code == 0, f"{command}: {said}"
    return said


def workflow(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))["spec"]["workflows"][0]


def test_it_is_as_large_as_it_is_said_to_be() -> None:
    """Twelve workflows in two folders, five of which wait for others."""
    paths = [workflow(file)["script"]["path"] for file in MANIFESTS]
    assert len(paths) == 12
    assert {path.rpartition("/")[0] for path in paths} == {"电商/数据接入", "电商/经营分析"}
    across = [file for file in MANIFESTS if "- ${projectIdentifier}." in file.read_text("utf-8")]
    assert len(across) == 5


def test_validate_finds_nothing_for_any_target(team: Path) -> None:
    """Not even a remark."""
    assert ok(team, "validate", "--fail-on", "info") == "12 manifests checked: no problems\n"


def test_targets_differ_as_deployer_yaml_says(team: Path) -> None:
    """Who has which workflow, an override, a variable in a script, and what is published."""
    plans = {
        target: {
            each["address"]: each["change"]["after"]
            for each in json.loads(ok(team, "plan", "--target", target, "--format", "json"))[
                "resource_changes"
            ]
        }
        for target in TARGETS
    }
    only = {target: set(plans[target]) for target in TARGETS}
    assert only["dev"] == only["staging"]
    assert only["prod"] - only["dev"] == {"电商/经营分析/监管报送"}
    assert only["dev"] - only["prod"] == {"电商/数据接入/点击流抽样"}
    crons = {target: plans[target][DAILY]["trigger"]["cron"] for target in TARGETS}
    assert crons == {"dev": "0 0 10 * * ?", "staging": "0 0 10 * * ?", "prod": "0 0 4 * * ?"}
    text = {target: json.dumps(plans[target], ensure_ascii=False) for target in TARGETS}
    assert ["days_left < 7" in text["dev"], "days_left < 3" in text["prod"]] == [True, True]


@pytest.mark.parametrize("target", ["staging", "prod"])
def test_apply_publishes_where_the_target_says_so(team: Path, target: str) -> None:
    """Afterwards nothing is left to do, and the files are what is live."""
    said = ok(team, "apply", "--target", target, "--auto-approve")
    number = {"staging": 10, "prod": 11}[target]
    assert f"11 done, 0 failed, 0 not attempted; {number} published" in said
    ok(team, "plan", "--target", target, "--detailed-exitcode")
    ok(team, "pull", "--target", target, "--check")


def test_commands_work_on_it(published: Path) -> None:
    """From a picture to a backfill, by Chinese paths."""
    steps = [
        f"plan --select {TRADES}+",
        "plan --select file:workflows/reports/sql/类目销售.sql --format markdown",
        "plan --format html",
        f"graph {TRADES}",
        "graph --level workflows --format svg",
        f"explain {TRADES}#交易宽表",
        f"publish {DAILY}",
        f"run {RESTATE} --wait",
        f"smoke-test {DAILY} --node 对账",
        f"backfill {DAILY} --from 2026-03-01 --to 2026-03-02 --wait",
        "instances list --biz-date 2026-03-01",
        "pull --check",
        "plan --out plan.json",
        "apply plan.json",
    ]
    for step in steps:
        ok(published, *step.split())


def test_change_of_a_file_with_a_chinese_name_is_seen(published: Path) -> None:
    """Git writes such names in a way of its own; both workflows with that script are selected."""
    begin(published)
    commit(published)
    script = published / "workflows/reports/sql/类目销售.sql"
    script.write_text(script.read_text("utf-8").replace("SUM(", "MAX("), encoding="utf-8")
    for base in ([], ["--base", "HEAD"]):
        said = ok(published, "plan", "--select", "changed:HEAD", *base, "--format", "json")
        changes = json.loads(said)["resource_changes"]
        assert {each["address"] for each in changes} == {DAILY, RESTATE}
        assert {each["change"]["actions"][0] for each in changes} == {"update"}


def test_limits_of_a_target_hold(team: Path) -> None:
    """More days than the limit of the target are refused before anything is sent."""
    ok(team, "apply", "--target", "dev", "--auto-approve", "--publish", "--select", "电商")
    days = ["--from", "2026-02-01", "--to", "2026-02-20"]
    code, said = run_command(["backfill", DAILY, "--target", "dev", *days], team)
    assert code == 3
    assert "the backfill has 20 days, and the limit is 7" in said


def test_json_holds_what_the_page_says(published: Path) -> None:
    """docs/json.md names the keys of every document."""
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `deployer ([^`]+)` \| (`[^|]+`) \|", page, flags=re.MULTILINE)
    said = {command: set(re.findall(r"`(\w+)`", keys)) for command, keys in rows}
    day = ["--biz-date", "2026-03-19"]
    run_command(["run", RESTATE], published)
    listed = printed(published, "instances", "list", *day)
    more = {
        "pull": ["--check"],
        "apply": ["--auto-approve"],
        "smoke-test PATH": ["--node", "对账"],
        "backfill PATH": ["--date", "2026-03-01"],
        "instances list": day,
    }
    words = {"ID": listed["instances"][0]["id"]}
    found = {}
    for command in said:
        words["PATH"] = RESTATE if command.startswith("run") else DAILY
        parts = [words.get(word, word) for word in command.split()]
        found[command] = set(printed(published, *parts, *more.get(command, [])))
    assert found == said


def printed(folder: Path, *command: str) -> Any:
    """The document that a command prints, however it ends."""
    _, out = run_command([*command, "--format", "json"], folder)
    return json.JSONDecoder().raw_decode(out)[0]
