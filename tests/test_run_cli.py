"""Running from the command line: words, forms, exit codes, run files."""

import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deployer import schema
from deployer.emulator import Control, Switches, create_app
from deployer.emulator.loopback import LoopbackServer
from deployer.reading import documents
from tests.cli_kit import ESCAPE, Ended, Project, Shell

HAND = """\
version: "1.1.0"
kind: ManualWorkflow
spec:
  workflows:
    - name: hand
      script: {path: shop/hand}
      nodes:
        - name: lift
          script: {runtime: {command: DIDE_SHELL}, content: echo lift}
"""
RUN_FILE = """\
workflow: shop/raw
type: SupplementData
dates: [2025-10-01, {from: 2025-10-03, to: 2025-10-04}]
mode: General
nodes: [land]
parallelism: 1
analysis: {enabled: false, blocked: false}
"""
KEYS = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "emulator",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "emulator-secret",
}
TWO_DAYS = ("--from", "2025-10-01", "--to", "2025-10-02")


@pytest.fixture
def deployer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in a project with a scheduled and a manual workflow, both published."""
    project = Project(tmp_path)
    project.write("flows/hand.yaml", HAND)
    shell = Shell(project, monkeypatch, capsys)
    done = shell("apply", "--auto-approve", "--publish", "--allow-window")
    assert done.code == 0, done.err
    return shell


@pytest.fixture
def bare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in a project whose workspace does not exist yet."""
    return Shell(Project(tmp_path), monkeypatch, capsys)


@contextmanager
def control(shell: Shell) -> Iterator[Control]:
    """The control plane of the project's workspace."""
    db = shell.project.root / "data" / "local.db"
    app = create_app(
        db,
        project="10001",
        project_identifier="shop_dev",
        credentials=("emulator", "emulator-secret"),
    )
    try:
        yield app.control
    finally:
        app.close()


def says(ended: Ended, code: int, *texts: str) -> None:
    """It ended with that code, and these words are on standard error."""
    assert ended.code == code, ended.err
    assert [text for text in texts if text not in ended.err] == [], ended.err


def asked(shell: Shell) -> bool:
    """Whether the workspace was ever opened."""
    return (shell.project.root / "data" / "local.db").exists()


# --- what is asked for is done --------------------------------------------------------------------


def test_from_published_to_backfilled(deployer: Shell) -> None:
    """Smoke test, backfill, the same backfill again, list, show: the whole line."""
    assert deployer("smoke-test").code == 0
    first = deployer("backfill", "shop/raw", *TWO_DAYS, "--wait")
    assert (first.code, "2 Success" in first.out) == (0, True)
    assert "business date 2025-10-01, run as of 2025-10-02" in first.err
    again = deployer("backfill", "shop/raw", *TWO_DAYS)
    assert (again.code, "made before" in again.out, "--run-name" in again.err) == (0, True, True)
    listed = deployer("instances", "list", "--biz-date", "2025-10-01", "--format", "json")
    (one,) = json.loads(listed.out)["instances"]
    shown = deployer("instances", "show", one["id"])
    assert (shown.code, "task land: Success" in shown.out) == (0, True)


def test_a_manual_workflow_is_run_again_and_again(deployer: Shell) -> None:
    """Each command is a run of its own; a name makes it one and the same."""
    names = set()
    for _ in range(2):
        done = deployer("run", "shop/hand", "--wait", "--param", "day=x", "--format", "json")
        (run,) = json.loads(done.out)["runs"]
        names.add(run["calls"][0]["name"])
        assert (done.code, run["type"]) == (0, "ManualWorkflow")
    assert len(names) == 2
    told = deployer("run", "shop/hand", "--run-name", names.pop(), "--format", "json")
    assert json.loads(told.out)["runs"][0]["calls"][0]["found"] is True


def test_a_failure_is_exit_10_with_the_end_of_its_log(deployer: Shell) -> None:
    """What a task wrote is shown, and none of it steers the terminal."""
    with control(deployer) as plane:
        plane.fail_task("land", "disk \x1b[31m full", times=1)
    done = deployer("backfill", "shop/raw", *TWO_DAYS, "--wait")
    assert (done.code, "disk \\x1b[31m full" in done.out) == (10, True)
    assert not ESCAPE.search(done.out + done.err)


def test_events_are_one_line_each(deployer: Shell) -> None:
    """JSON lines: states as they change, each end, and what was made."""
    done = deployer("backfill", "shop/raw", *TWO_DAYS, "--wait", "--format", "json-lines")
    events = [json.loads(line) for line in done.out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds == ["instance", "task", "ended"] * 2 + ["run"]
    assert events[2]["instance"]["biz_date"] == "2025-10-01"


def test_watch_stop_and_rerun(deployer: Shell) -> None:
    """A run that waits for its day is stopped, a manual one is run again and watched."""
    made = deployer("backfill", "shop/raw", "--date", "2999-01-01", "--format", "json")
    (call,) = json.loads(made.out)["runs"][0]["calls"]
    stopped = deployer("instances", "stop", *call["instances"])
    assert (stopped.code, "stopped on request" in stopped.out) == (0, True)
    assert deployer("instances", "watch", *call["instances"]).code == 10
    refused = deployer("instances", "stop", *call["instances"], "--format", "json")
    (told,) = json.loads(refused.out)["instances"]
    assert (refused.code, told["id"], told["stopped"]) == (1, call["instances"][0], False)
    assert (told["status"], "Failure" in told["error"]) == ("", True)
    hand = deployer("run", "shop/hand", "--wait", "--format", "json")
    identity = json.loads(hand.out)["runs"][0]["calls"][0]["instances"][0]
    again = deployer("instances", "rerun", identity, "--wait")
    assert (again.code, "1 Success" in again.out) == (0, True)


def test_nobody_waits_for_a_day_to_come_without_an_end(deployer: Shell) -> None:
    """It is refused before anything is sent; a limit of time, or a start at once, allows it."""
    command = ("backfill", "shop/raw", "--date", "2999-01-01", "--wait")
    says(deployer(*command), 64, "2999-01-02", "--at-once", "nothing was started")
    assert deployer(*command, "--timeout", "60").code == 7
    assert deployer(*command, "--at-once").code == 0


def test_a_watch_in_which_nothing_moves_ends(deployer: Shell) -> None:
    """After 600 s without any change, and nothing at work: exit 7, with the command that goes on."""
    made = deployer("backfill", "shop/raw", "--date", "2999-01-01", "--format", "json")
    (identity,) = json.loads(made.out)["runs"][0]["calls"][0]["instances"]
    ended = deployer("instances", "watch", identity)
    says(ended, 7, "1 of 1 instances have not ended in time", "nothing moved for 10 minutes")
    assert f"`deployer instances watch {identity}` goes on watching" in ended.err


def test_a_watch_ends_with_the_time_of_the_command(deployer: Shell) -> None:
    """Exit 10, as one of its instances has failed by then; what still runs is named."""
    with control(deployer) as plane:
        plane.fail_task("lift", "too heavy", times=1)
    failed = deployer("run", "shop/hand", "--format", "json")
    made = deployer("backfill", "shop/raw", "--date", "2999-01-01", "--format", "json")
    later, now = (json.loads(x.out)["runs"][0]["calls"][0]["instances"][0] for x in (made, failed))
    ended = deployer("instances", "watch", now, later, "--timeout", "2m")
    assert (ended.code, "too heavy" in ended.out) == (10, True), ended
    assert "1 of 2 instances have not ended in time" in ended.err
    assert "the 120 seconds of `--timeout` are over; they go on running" in ended.err
    assert f"`deployer instances watch {later}` goes on watching" in ended.err


def test_a_failed_instance_is_shown_with_its_log(deployer: Shell) -> None:
    """The status of each task, and the end of the log of the one that failed."""
    with control(deployer) as plane:
        plane.fail_task("lift", "too heavy", times=1)
    deployer("run", "shop/hand", "--wait", "--run-name", "heavy")
    listed = deployer("instances", "list", "--name", "heavy", "--format", "json-lines")
    shown = deployer("instances", "show", json.loads(listed.out)["instance"]["id"])
    assert "  task lift: Failure" in shown.out
    assert "lift failed; the end of its log:" in shown.out
    assert "ERROR too heavy" in shown.out


def test_a_terminal_shows_a_table_while_it_waits(deployer: Shell) -> None:
    """The live table comes and goes; what stays is the result."""
    done = deployer.project.on_terminal("backfill", "shop/raw", *TWO_DAYS, "--wait")
    assert done.code == 0, done.out
    assert "Business date" in done.out
    assert re.search("2 Success", done.out)


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ((), 2),
        (("--type", "SmokeTest"), 1),
        (("--name", "deployer-raw"), 1),
        (("--workflow", "shop/hand"), 1),
        (("--status", "Failure"), 0),
        (("--tag", "team=sales"), 1),
        (("--page", "2", "--page-size", "10"), 0),
        (("--sort", "starttime"), None),
        (("--sort", "StartedTime:desc", "--env", "Prod"), 2),
    ],
)
def test_lists_are_narrowed(deployer: Shell, narrowed: tuple[str, ...], found: int | None) -> None:
    """Type, part of a name, workflow by path, status, tag, page; an unknown order is refused."""
    deployer("smoke-test", "shop/raw")
    deployer("run", "shop/hand", "--tag", "team=sales")
    done = deployer("instances", "list", "--format", "json", *narrowed)
    if found is None:
        says(done, 64, "--sort", "StartedTime")
    else:
        assert len(json.loads(done.out)["instances"]) == found


# --- apply tries out what it published ------------------------------------------------------------


def test_a_failing_smoke_test_fails_the_apply(deployer: Shell) -> None:
    """Only changed nodes are tried; a failure is exit 10, with the workspace applied and published."""
    deployer.project.change("flows/land.sh", "echo two", "echo three")
    with control(deployer) as plane:
        plane.fail_task("land", "three is too many", times=1)
    flags = ("--auto-approve", "--publish", "--allow-window", "--smoke-test")
    done = deployer("apply", *flags)
    assert (done.code, "three is too many" in done.out) == (10, True)
    assert "deployer-hand" not in done.out
    assert deployer("plan", "--detailed-exitcode").code == 0
    says(deployer("apply", *flags), 0, "nothing to test")


def test_a_smoke_test_of_broken_manifests_tests_nothing(deployer: Shell) -> None:
    """A workflow whose manifest cannot be read is not silently left out."""
    deployer.project.change("flows/raw.yaml", "kind: CycleWorkflow", "kind: Cycle")
    says(deployer("smoke-test"), 1, "1 error in the manifests")


# --- signals --------------------------------------------------------------------------------------


def test_an_interrupted_watch_leaves_the_run_alone(tmp_path: Path) -> None:
    """The exit code is 130, nothing is said to have ended, and what goes on is told."""
    project = Project(tmp_path)
    project.change("deployer.yaml", "local: {emulator: data/local.db", "local: {endpoint: HERE")
    with endless() as address:
        project.change("deployer.yaml", "HERE", f"'http://{address}', limits: {{settle: 0}}")
        flags = ("--auto-approve", "--publish", "--allow-window")
        made = project.spawn("apply", *flags, env=KEYS, stdout=subprocess.PIPE)
        assert (made.communicate(timeout=30), made.returncode)[1] == 0
        first = interrupted(project, "backfill", "shop/raw", "--date", "2025-10-01", "--wait")
        (identity,) = re.findall(r"next: `deployer instances watch (\d+)`", first.out)
        again = interrupted(project, "instances", "watch", identity)
    assert (first.code, again.code, again.out) == (130, 130, "")
    assert "goes on running" in again.err
    assert "Traceback" not in first.err + again.err


def interrupted(project: Project, *command: str) -> Ended:
    """A command that gets a SIGINT once an instance is running."""
    process = project.spawn(*command, env=KEYS, stdout=subprocess.PIPE)
    assert process.stderr is not None
    heard = [""]
    while "Running" not in heard[-1]:
        heard.append(process.stderr.readline())
        assert heard[-1], heard
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    return Ended(process.returncode, out, err)


@contextmanager
def endless() -> Iterator[str]:
    """The address of a served emulator whose tasks run for an hour."""
    app = create_app(
        ":memory:",
        project="10001",
        project_identifier="shop_dev",
        credentials=("emulator", "emulator-secret"),
        switches=Switches(run_seconds="3600", job_seconds="0", stage_seconds="0"),
    )
    server = LoopbackServer(app)
    thread = threading.Thread(target=server.run_until_stopped)
    with server:
        thread.start()
        try:
            yield server.address
        finally:
            server.stop()
            thread.join()
            app.close()


# --- refused before any request -------------------------------------------------------------------


@pytest.mark.parametrize("key", ["dates", "mode", "nodes", "parallelism", "analysis"])
def test_a_run_file_that_lacks_something_is_refused(bare: Shell, key: str) -> None:
    """Nothing is filled in for a run file; the documented name is told and nothing is opened."""
    lines = [line for line in RUN_FILE.splitlines() if not line.startswith(key)]
    bare.project.write("run.yaml", "\n".join(lines))
    done = bare("backfill", "--file", "run.yaml")
    says(done, 64, "is missing", "run.yaml:1:1", "nothing was sent")
    assert not asked(bare)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("parallelism: 1", "parallelism: 11", "run.yaml:6:14"),
        ("2025-10-01", "2025-02-29", "run.yaml:3:9"),
        ("mode: General", "mode: Most", "run.yaml:4:7"),
        ("analysis:", "analyses:", "run.yaml:7"),
        ("nodes: [land]", "nodes: [land", "run.yaml:"),
    ],
)
def test_a_mistake_in_a_run_file_has_a_place(bare: Shell, old: str, new: str, place: str) -> None:
    """File, line and column of what is wrong."""
    bare.project.write("run.yaml", RUN_FILE.replace(old, new))
    says(bare("backfill", "--file", "run.yaml"), 64, place)
    assert not asked(bare)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("backfill", "shop/raw"), "Periods.BizDates"),
        (("backfill", "shop/raw", "--from", "2025-10-01"), "--to"),
        (("backfill", "shop/raw", "--range", "2025-10-01"), "FIRST..LAST"),
        (("backfill", "shop/raw", "--date", "2025-02-29"), "no day 2025-02-29"),
        (("backfill", "shop/raw", *TWO_DAYS, "--mode", "General"), "RootTaskIds"),
        (("backfill", "shop/raw", *TWO_DAYS, "--mode", "Chain"), "IncludeTaskIds"),
        (("backfill", "shop/raw", *TWO_DAYS, "--param", "a=b"), "--own-id"),
        (("backfill", "shop/raw", *TWO_DAYS, "--param", "ab"), "KEY=VALUE"),
        (("backfill", "shop/raw", *TWO_DAYS, "--policy", "Daily"), "RunPolicy.StartTime"),
        (("backfill", "shop/raw", *TWO_DAYS, "--parallelism", "11"), "Parallelism"),
        (("backfill", "shop/raw", *TWO_DAYS, "--wait", "--no-start"), "nothing to wait for"),
        (("backfill", *TWO_DAYS), "workflow"),
        (("backfill", "--file", "nothing.yaml"), "no such file"),
        (("run", "shop/hand", "--priority", "12"), "DefaultRunProperties.Priority"),
        (("run",), "workflow"),
        (("smoke-test", "--node", "land"), "PATH"),
        (("backfill", "shop/raw", "--date", "2025-10-01", "--priority", "x"), "--priority"),
        (("instances", "watch", "abc"), "no id of an instance"),
        (("instances", "list", "--biz-date", "2025-02-30"), "no day"),
    ],
)
def test_wrong_usage_is_exit_64(bare: Shell, command: tuple[str, ...], told: str) -> None:
    """Told what is wrong, before the workspace is opened."""
    says(bare(*command), 64, told)
    assert not asked(bare)


def test_flags_override_a_run_file(deployer: Shell) -> None:
    """The dates of the command line count; what it does not say comes from the file."""
    deployer.project.write("run.yaml", RUN_FILE)
    done = deployer("backfill", "--file", "run.yaml", "--date", "2025-09-01", "--format", "json")
    (run,) = json.loads(done.out)["runs"]
    assert [len(call["instances"]) for call in run["calls"]] == [1]
    whole = deployer("backfill", "--file", "run.yaml", "--format", "json")
    assert [len(call["instances"]) for call in json.loads(whole.out)["runs"][0]["calls"]] == [3]


def test_limits_are_those_of_the_target(deployer: Shell) -> None:
    """Exit 3 with the exact number, which then allows it; no variable says it."""
    deployer.project.change("deployer.yaml", "default: true", "default: true, limits: {days: 1}")
    refused = deployer("backfill", "shop/raw", *TWO_DAYS)
    says(refused, 3, "2 days", "the limit is 1", "--allow-instances 2", "nothing was started")
    assert "no effect" not in deployer("validate").out
    deployer.patch.setenv("DEPLOYER_ALLOW_INSTANCES", "2")
    assert deployer("backfill", "shop/raw", *TWO_DAYS).code == 3
    assert deployer("backfill", "shop/raw", *TWO_DAYS, "--allow-instances", "2").code == 0


def test_the_run_file_of_the_documentation_is_sound() -> None:
    """What docs/running.md shows passes the schema."""
    page = (Path(__file__).parent.parent / "docs" / "running.md").read_text(encoding="utf-8")
    shown = page.partition("```yaml\n")[2].partition("```")[0]
    assert schema.check(documents.parse(shown.encode(), ".yaml").value, "run") == []
