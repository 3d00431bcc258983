"""A plan made while manifests are still being read is the plan that would have been made afterwards."""

import asyncio
import json
import multiprocessing.process
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from deployer import hands
from deployer.cache import FOLDER
from deployer.cli import planning
from deployer.comparing import Edges
from deployer.edges import makers, node_names, waits
from deployer.errors import Conflict, DeployerError, InvalidManifests, ServiceError
from deployer.flowspec import consumed, produced
from deployer.hands import Hand, Hands
from deployer.model import Workflow
from deployer.remote.workspace import Remote, Summary
from tests.cli_kit import CLEAN, RAW, Ended, Project, Shell
from tests.git_kit import begin, commit
from tests.test_properties import workflows

LISTS = 2
ALONE = CLEAN.replace("dependsOn: [shop_dev.land]", "dependsOn: []")
THIRD = ALONE.replace("clean", "third").replace("tidy", "sweep")
TIDY = "        - name: again\n          script: {runtime: {command: DIDE_SHELL}, content: echo again}\n"


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Three workflows, committed and applied; two processes, however few the manifests are."""
    for name in ("CI", "GITLAB_CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(hands, "count", lambda: 2)
    begin(tmp_path)
    project = Project(tmp_path)
    project.write("flows/clean.yaml", CLEAN)
    project.write("flows/third.yaml", THIRD)
    project.write(".gitignore", "data/\n.deployer/\n")
    commit(tmp_path)
    made = Shell(project, monkeypatch, capsys)
    assert made("apply", "--auto-approve").code == 0
    return made


def planned(shell: Shell, ahead: bool, *flags: str) -> Ended:
    shell.patch.setattr(planning, "MANY", 1 if ahead else 10**9)
    return shell("plan", "--format", "json", *flags)


def both(shell: Shell, *flags: str) -> Ended:
    """A plan, which is the same in both ways."""
    after, before = (planned(shell, ahead, "--refresh", *flags) for ahead in (False, True))
    assert before == after
    return before


def actions(ended: Ended) -> dict[str, str]:
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)["resource_changes"]
    return {each["address"]: each["change"]["actions"][0] for each in found}


def calls(ended: Ended) -> int:
    return int(json.loads(ended.out)["api_calls"])


# --- the same plan --------------------------------------------------------------------------------


def test_nothing_to_do(shell: Shell) -> None:
    """Each workflow is read once, and each list."""
    ended = both(shell)
    assert actions(ended) == {}
    assert calls(ended) == LISTS + 3


def test_changed_created_and_waiting(shell: Shell) -> None:
    """What differs, with who waits for it among those that do not."""
    shell.project.change("flows/land.sh", "echo one", "echo another")
    shell.project.write("flows/new.yaml", ALONE.replace("clean", "new").replace("tidy", "mop"))
    ended = both(shell)
    assert actions(ended) == {"shop/new": "create", "shop/raw": "update"}
    assert "shop/clean#tidy" in ended.out


def test_an_output_that_goes_away(shell: Shell) -> None:
    """Who waits for it is told by what was read already: nothing is read a second time."""
    outputs = "file: land.sh\n          outputs: {nodeOutputs: [{data: shop_dev.other}]}"
    shell.project.change("flows/raw.yaml", "file: land.sh", outputs)
    ended = both(shell)
    assert actions(ended) == {"shop/raw": "update"}
    assert "shop/clean#tidy" in ended.out
    assert calls(ended) == LISTS + 3


def test_who_waits_by_the_placeholder_of_the_project(shell: Shell) -> None:
    """The service keeps it as text (U-30): an unchanged workflow that waits so for an output is told."""
    with sqlite3.connect(shell.project.root / "data" / "local.db") as db:
        there = ("shop_dev.land", "${projectIdentifier}.land")
        done = db.execute(
            "UPDATE edge SET output = replace(output, ?, ?), body = replace(body, ?, ?)", there * 2
        )
        assert done.rowcount == 1
    db.close()
    assert actions(both(shell)) == {}
    outputs = "file: land.sh\n          outputs: {nodeOutputs: [{data: shop_dev.other}]}"
    shell.project.change("flows/raw.yaml", "file: land.sh", outputs)
    ended = both(shell)
    assert actions(ended) == {"shop/raw": "update"}
    assert "`shop_dev.land` goes away, and 1 waits for it: `shop/clean#tidy`" in ended.out


def test_against_a_base(shell: Shell) -> None:
    """Drift, a node and a workflow that are gone from git, and one that was moved."""
    shell.project.write("flows/raw.yaml", RAW + TIDY)
    assert shell("apply", "--auto-approve").code == 0
    shell.project.write("flows/raw.yaml", RAW)
    (shell.project.root / "flows/third.yaml").unlink()
    moved = "deployer: {movedFrom: shop/clean}\n"
    other = CLEAN.replace("shop/clean", "shop/other").replace("name: clean", "name: other")
    shell.project.write("flows/clean.yaml", other + moved)
    for flags in ([], ["--base", "HEAD"], ["--base", "HEAD", "--prune"]):
        found = actions(both(shell, *flags))
        assert found["shop/other"] == "move"
    assert found["shop/third"] == "delete"


def test_publishing_is_asked_for(shell: Shell) -> None:
    """Whether what is saved is published depends on its content, which is told apart then."""
    ended = both(shell, "--publish")
    assert ended.out.count('"unpublished"') >= 3


def test_what_is_kept_serves_both_ways(shell: Shell) -> None:
    """A plan takes what the other way read: the lists, and one page of nodes."""
    with sqlite3.connect(shell.project.root / "data" / "local.db") as db:
        for table in ("workflow", "node"):  # as if it had been an hour ago
            db.execute(f"UPDATE {table} SET modified = modified - 3600000")
    db.close()
    cache = shell.project.root.joinpath(*FOLDER)
    for first in (True, False):
        shutil.rmtree(cache, ignore_errors=True)
        assert calls(planned(shell, first)) == LISTS + 3
        again = [planned(shell, ahead) for ahead in (False, True)]
        assert [calls(each) for each in again] == [LISTS + 1, LISTS + 1]
        assert all("3 workflows not read again" in each.err for each in again)


# --- what is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("flows/clean.yaml", "kind: CycleWorkflow", "kind: Nothing"),
        ("flows/clean.yaml", "DIDE_SHELL", "NO_SUCH_TYPE_AT_ALL: [}"),
        ("flows/third.yaml", "name: sweep", "name: land"),
        ("flows/clean.yaml", "shop_dev.land", "shop_dev.LAND"),
        ("flows/third.yaml", "shop/third", "shop/clean"),
    ],
)
def test_wrong_manifests(shell: Shell, file: str, old: str, new: str) -> None:
    """Alone or together with others: the same error, and nothing is planned."""
    shell.project.change(file, old, new)
    ended = both(shell)
    assert (ended.code, ended.out) == (InvalidManifests.exit_code, "")


def test_a_silence_of_one_field(shell: Shell) -> None:
    """What a silence covers is told by the names in the document, which has to be there for it."""
    silence = "deployer: {silence: [{rule: DW142, path: 'dependencies[*]', reason: by hand}]}\n"
    by_hand = ALONE.replace("dependsOn: []", "dependsOn: [shop_dev.made_by_hand]")
    shell.project.write("flows/clean.yaml", by_hand + silence)
    first = both(shell)
    shell.project.write("flows/clean.yaml", by_hand)
    assert both(shell).out != first.out


@pytest.mark.parametrize("what", ["_definition", "summaries"])
def test_wrong_manifests_are_told_before_a_failing_service(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Whoever has to correct a file anyway need not hear of the service first; else it is heard."""

    async def refused(*_: Any) -> Any:
        raise ServiceError("the service refused the call", code="Forbidden")

    monkeypatch.setattr(f"deployer.remote.workspace.Remote.{what}", refused)
    assert both(shell).code == ServiceError.exit_code
    shell.project.change("flows/clean.yaml", "kind: CycleWorkflow", "kind: Nothing")
    ended = planned(shell, True, "--refresh")
    assert "in the manifests" in ended.err
    assert "refused" not in ended.err


def slowly(shell: Shell, manifests: int) -> None:
    """The list of workflows takes longer than reading all manifests."""
    listed, do = Remote.summaries, Hand.do
    read, all_read = [], asyncio.Event()

    async def late(remote: Remote) -> dict[str, Summary]:
        await all_read.wait()
        for _ in range(100):
            await asyncio.sleep(0)
        return await listed(remote)

    async def doing(hand: Hand, method: str, *given: Any) -> Any:
        done = await do(hand, method, *given)
        read.append(method)
        if len(read) == manifests:
            all_read.set()
        return done

    shell.patch.setattr(Remote, "summaries", late)
    shell.patch.setattr(Hand, "do", doing)


def test_manifests_that_are_all_for_another_target(shell: Shell) -> None:
    """Nothing is compared, and the list is waited for all the same: it tells what is gone."""
    for file in ("raw", "clean", "third"):
        path = shell.project.root / f"flows/{file}.yaml"
        path.write_text(path.read_text() + "deployer: {only: [other]}\n")
    shell.project.change(
        "deployer.yaml",
        "default: true}",
        "default: true}\n  other: {emulator: data/other.db, project: 10002, projectIdentifier: x}",
    )
    before = planned(shell, False, "--refresh")
    slowly(shell, 3)
    assert planned(shell, True, "--refresh") == before


def test_calls_that_are_counted_wait_for_the_files(shell: Shell) -> None:
    """Where the calls of a day are few, wrong files cost none."""
    limits = "default: true, limits: {apiCallsPerDay: 100}"
    shell.project.change("deployer.yaml", "default: true", limits)
    shell.project.change("flows/third.yaml", "name: sweep", "name: land")
    assert planned(shell, True).code == InvalidManifests.exit_code
    assert not list((shell.project.root / ".deployer").glob("calls-*"))


# --- what is left of a workflow -------------------------------------------------------------------


@given(workflows)
def test_edges_say_what_the_spec_says(workflow: Workflow) -> None:
    """All that others look at in an unchanged workflow is still there."""
    spec, left = workflow.spec, Edges.of(workflow.spec)
    looks: list[Callable[[Any], Any]] = [
        node_names,
        makers,
        produced,
        consumed,
        lambda each: list(waits(each)),
    ]
    assert [look(left) for look in looks] == [look(spec) for look in looks]


# --- processes ------------------------------------------------------------------------------------


class Worker:
    """Does what it is told."""

    def double(self, number: int) -> int:
        return 2 * number

    def fail(self) -> None:
        raise Conflict("somebody was here", where="shop/raw", request_id="R-1")

    def end(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def test_work_comes_back_in_order() -> None:
    """However much is asked for at once, each gets its own answer."""

    async def main(working: Hands) -> list[int]:
        async with working:
            asked = [working.idlest().do("double", number) for number in range(300)]
            return list(await asyncio.gather(*asked))

    with Hands(Worker, 2) as working:
        assert asyncio.run(main(working)) == [2 * number for number in range(300)]


def test_errors_come_back_whole() -> None:
    """An error of a worker is raised here with all that it says."""

    async def main(working: Hands) -> None:
        async with working:
            await working.idlest().do("fail")

    with Hands(Worker, 1) as working, pytest.raises(Conflict) as caught:
        asyncio.run(main(working))
    error = caught.value
    assert (error.what, error.where, error.request_id) == ("somebody was here", "shop/raw", "R-1")


def test_a_process_that_is_ended_from_outside_is_told() -> None:
    """Such as for want of memory: no traceback, and nobody waits for ever."""

    async def main(working: Hands) -> list[Any]:
        async with working:
            hand = working.idlest()
            asked = (hand.do("end"), hand.do("double", 1))
            return list(await asyncio.gather(*asked, return_exceptions=True))

    with Hands(Worker, 1) as working:
        found = asyncio.run(main(working))
    assert [type(each) for each in found] == [DeployerError, DeployerError]


def test_a_process_that_has_ended_is_given_nothing_more() -> None:
    """Whoever asks it again, after it was told, does not wait for ever either."""

    async def main(working: Hands) -> list[Any]:
        async with working:
            hand = working.idlest()
            asked = ("end", "double", "double")
            return [
                await asyncio.wait_for(asyncio.gather(hand.do(each), return_exceptions=True), 30)
                for each in asked
            ]

    with Hands(Worker, 1) as working:
        found = asyncio.run(main(working))
    assert [type(each) for (each,) in found] == [DeployerError] * 3


def test_processes_that_nobody_talked_to_end_by_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """None of them is waited for, because another one keeps the end of its line open."""
    alive: list[int] = []
    kill = multiprocessing.process.BaseProcess.kill

    def killed(process: multiprocessing.process.BaseProcess) -> None:
        if process.is_alive():
            alive.append(1)
        kill(process)

    monkeypatch.setattr("multiprocessing.process.BaseProcess.kill", killed)
    monkeypatch.setattr(hands, "_PATIENCE", 10.0)
    with Hands(Worker, 3):
        pass
    assert alive == []


def test_a_request_that_was_cut_off_is_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    """As when a plan is interrupted while it sends: the process ends without a word."""

    async def main(working: Hands) -> None:
        async with working:
            asyncio.get_running_loop().create_task(working.idlest().do("double", "x" * 50_000_000))
            await asyncio.sleep(0)

    with Hands(Worker, 1) as working:
        asyncio.run(main(working))
    assert capfd.readouterr().err == ""


def test_a_process_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as where their number is limited: no traceback, and those already made are ended."""
    fork = os.fork
    made: list[int] = []

    def limited() -> int:
        if made:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        made.append(fork())
        return made[-1]

    monkeypatch.setattr(os, "fork", limited)
    with pytest.raises(DeployerError, match="a process to read manifests"), Hands(Worker, 2):
        pass
    with pytest.raises(ProcessLookupError):
        os.kill(made[0], 0)
