"""Signals, the end of the time and of the quota: what is under way is finished, the rest is said."""

import json
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

import deployer.emulator
from deployer.emulator import EmulatorTransport
from deployer.errors import TimeOver
from tests.cli_kit import CLEAN, Project, Shell

WRITES = ("CreateWorkflowDefinition", "ImportWorkflowDefinition")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with two workflows, of which one waits for the other."""
    made = Project(tmp_path)
    made.write("flows/clean.yaml", CLEAN)
    return made


@pytest.fixture
def deployer_(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Runs `deployer` in the project, in this process."""
    return Shell(project, monkeypatch, capsys)


def at_request(
    patch: pytest.MonkeyPatch, number: int, act: Callable[[], None], seconds: float = 0.0
) -> list[str]:
    """Something happens while that request is under way; the operations that were called."""
    calls: list[str] = []

    class Told(EmulatorTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            calls.append(request.headers["x-acs-action"])
            if len(calls) == number:
                act()
            return await super().handle_async_request(request)

    patch.setattr(deployer.emulator, "EmulatorTransport", Told)
    return calls


def fresh(project: Project) -> None:
    """An empty workspace."""
    for file in (project.root / "data").glob("*"):
        file.unlink()


def requests_of(shell: Shell, *command: str) -> list[str]:
    """The operations that a whole run of a command calls."""
    with pytest.MonkeyPatch.context() as patch:
        calls = at_request(patch, 0, lambda: None)
        assert shell(*command).code == 0
    fresh(shell.project)
    return calls


def test_sigint_at_every_request(deployer_: Shell, project: Project) -> None:
    """Exit 130; while planning nothing was written, then each workflow is done or not attempted."""
    command = ("apply", "--auto-approve", "--format", "json")
    whole = requests_of(deployer_, *command)
    first_write = whole.index(WRITES[0]) + 1
    for number in range(1, len(whole) + 1):
        with pytest.MonkeyPatch.context() as patch:
            calls = at_request(patch, number, lambda: signal.raise_signal(signal.SIGINT))
            ended = deployer_(*command)
        assert ended.code == 130, (number, ended.err)
        if not ended.out:
            assert "interrupted, nothing was written" in ended.err
            assert (number < first_write, set(calls) & set(WRITES)) == (True, set())
        else:
            check_report(ended.out, calls)
            assert "stopping" in ended.err
        assert deployer_(*command).code == 0, number
        assert deployer_("plan", "--detailed-exitcode").code == 0
        fresh(project)


def check_report(out: str, calls: list[str]) -> None:
    """Every workflow that a write was sent for is done; the others are named as not attempted."""
    report = json.loads(out)
    told = {each["address"]: each["status"] for each in report["outcomes"]}
    assert set(told) == {"shop/raw", "shop/clean"}
    assert set(told.values()) <= {"done", "not attempted"}
    assert calls.count(WRITES[0]) == list(told.values()).count("done")
    assert {each["error"] for each in report["outcomes"]} <= {"", "interrupted"}


def test_sigint_at_every_request_of_publishing(deployer_: Shell, project: Project) -> None:
    """Exit 130; the pipeline run stays where it is, and a rerun goes on with the same one."""
    (project.root / "flows/clean.yaml").unlink()
    command = ("publish", "--auto-approve", "--format", "json")
    deployer_("apply", "--auto-approve")
    whole = publishing_requests(deployer_, command)
    for number in range(1, len(whole) + 1):
        deployer_("apply", "--auto-approve")
        with pytest.MonkeyPatch.context() as patch:
            calls = at_request(patch, number, lambda: signal.raise_signal(signal.SIGINT))
            ended = deployer_(*command)
            assert ended.code == 130, (number, ended.err)
            again = at_request(patch, 0, lambda: None)
            assert deployer_(*command).code == 0, number
        made = [*calls, *again].count("CreatePipelineRun")
        assert made == 1, number
        fresh(project)


def publishing_requests(shell: Shell, command: tuple[str, ...]) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        calls = at_request(patch, 0, lambda: None)
        assert shell(*command).code == 0
    fresh(shell.project)
    return calls


# --- the time of a command ------------------------------------------------------------------------


def slow(patch: pytest.MonkeyPatch) -> None:
    """Every job of the service takes ten minutes of virtual time."""
    whole = deployer.emulator.create_app
    patch.setattr(
        deployer.emulator,
        "create_app",
        lambda *args, **more: whole(*args, **{**more, "job_seconds": 120.0}),
    )


@pytest.mark.parametrize("given", ["90", "90s", "1.5m"])
def test_time_is_over_while_it_writes(deployer_: Shell, given: str) -> None:
    """What is under way is cut off 5 s later, and unknown; the rest is not attempted: exit 7."""
    with pytest.MonkeyPatch.context() as patch:
        slow(patch)
        ended = deployer_("apply", "--auto-approve", "--timeout", given)
    assert ended.code == 7, ended.err
    assert "the 90 seconds of `--timeout` are over: calls under way are finished" in ended.err
    assert "how it ended is not known; run `deployer apply` again" in ended.out
    assert "the 90 seconds of `--timeout` are over; 1 workflow not attempted" in ended.out
    assert deployer_("apply", "--auto-approve").code == 0


def test_time_is_over_between_two_workflows(deployer_: Shell) -> None:
    """One is done and the other not attempted: exit 5."""
    with pytest.MonkeyPatch.context() as patch:
        slow(patch)
        ended = deployer_("apply", "--auto-approve", "--timeout", "2m", "--format", "json")
    report = json.loads(ended.out)
    statuses = [each["status"] for each in report["outcomes"]]
    assert (ended.code, statuses) == (5, ["done", "not attempted"]), ended.out
    assert report["halted"] == "the 120 seconds of `--timeout` are over"


def test_time_is_over_at_once(deployer_: Shell) -> None:
    """While it only reads, exit 1 and nothing written; the same for every command that reads."""
    for command in (("plan",), ("apply", "--auto-approve"), ("pull",), ("publish",)):
        ended = deployer_(*command, "--timeout", "0.000001")
        assert (ended.code, ended.out) == (TimeOver.exit_code, ""), ended
        assert re.search(r"error: the 1e-06 seconds of `--timeout` are over", ended.err)
        assert "next: give it more time with `--timeout`" in ended.err


def test_enough_time_changes_nothing(deployer_: Shell) -> None:
    """A command that ends before its time says nothing of it."""
    ended = deployer_("apply", "--auto-approve", "--timeout", "2h")
    assert (ended.code, "timeout" in ended.out + ended.err) == (0, False)
    assert deployer_("plan", "--timeout", "10m", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("given", ["", "soon", "-1", "5 m", "1d", "1e3", "٣", "nan"])
def test_what_is_no_duration(deployer_: Shell, given: str) -> None:
    """It is refused with how to write one, from the environment too."""
    ended = deployer_("plan", "--timeout", given)
    assert (ended.code, "write `90s`, `10m` or `2h`" in ended.err) == (64, True), ended.err


def test_one_variable_one_meaning(deployer_: Shell) -> None:
    """`DEPLOYER_TIMEOUT` is the time of any command; approvals are waited for as another one says."""
    deployer_.patch.setenv("DEPLOYER_TIMEOUT", "2h")
    deployer_.patch.setenv("DEPLOYER_APPROVAL_TIMEOUT", "10m")
    for command in (("plan",), ("apply", "--auto-approve", "--publish"), ("pull", "--check")):
        assert deployer_(*command).code == 0


# --- the calls of a day ---------------------------------------------------------------------------


def test_a_quota_in_the_configuration(deployer_: Shell, project: Project) -> None:
    """Calls are counted over commands; the apply ends before what could not be proven: exit 8."""
    project.change("deployer.yaml", "default: true", "limits: {apiCallsPerDay: 20}")
    assert deployer_("plan").code == 0
    ended = deployer_("apply", "--auto-approve")
    assert ended.code == 8
    assert "10 of 20 calls used; 1 workflow not attempted" in ended.out
    assert len(list((project.root / ".deployer").glob("calls-*"))) == 1
    refused = deployer_("apply", "--auto-approve")
    assert "1 workflow not attempted" in refused.out
    shutil.rmtree(project.root / ".deployer")
    assert deployer_("apply", "--auto-approve").code == 0
