"""What a command costs: calls to the last one, a rate that is kept, a quota not overdrawn."""

import asyncio
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from deployer.apply import exit_code
from deployer.cli.connect import EMULATOR_ENDPOINT, EMULATOR_KEY, Connection
from deployer.errors import QuotaUsed
from deployer.remote.workspace import Remote
from deployer.transport.client import FEW_ATTEMPTS, Client
from deployer.transport.credentials import Credentials
from deployer.transport.quota import Quota
from tests.faults import START, Bench, answers, refused, story, workflow
from tests.flow_documents import changed, shell, with_node
from tests.publish_kit import planned, publisher, saved
from tests.storms import stormy
from tests.virtual import virtually
from tests.workflow_kit import PROJECT

DAILY = workflow("daily", "load", "report")
MANY = 100 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 20
LISTS = 2
"""Calls that list the whole project: one for each type of workflow, for up to a hundred of them."""


def test_an_unchanged_workflow_costs_one_call() -> None:
    """Ten workflows of which nothing changed: ten reads beyond the lists, however they are applied."""

    async def tell(one: Bench) -> None:
        many = [workflow(f"flow{number}", "load") for number in range(10)]
        await one.bring(*many)
        before = len(one.line.calls)
        report = await one.run(*many)
        assert (len(one.line.calls) - before, report.outcomes) == (LISTS + 10, ())

    story(tell)


@pytest.mark.parametrize(
    ("document", "calls"),
    [
        (with_node(DAILY, "load", priority=5), 5),
        (changed(DAILY, nodes=[shell("load"), shell("report"), shell("mail")]), 6),
    ],
    ids=["a field", "a node more"],
)
def test_a_changed_workflow_costs_few_calls(document: dict[str, object], calls: int) -> None:
    """Plan: one read. Apply: the last look, an id that must be free, the import, its job, the proof.

    And the versions there are: whether somebody saved within the import.
    """

    async def tell(one: Bench) -> None:
        await one.bring(DAILY)
        before = len(one.line.calls)
        plan = await one.plan(document)
        assert len(one.line.calls) - before == LISTS + 1
        report = await one.carry_out(plan)
        assert exit_code(report) == 0
        assert len(one.line.calls) - before == LISTS + 1 + calls

    story(tell, job_seconds=0.5)


def test_a_new_workflow_costs_few_calls() -> None:
    """Is it there, create, import, its job, the proof, and whether it is the only one."""

    async def tell(one: Bench) -> None:
        report = await one.run(DAILY)
        assert exit_code(report) == 0
        assert len(one.line.calls) == LISTS + 6

    story(tell, job_seconds=0.5)


def test_publishing_costs_few_calls() -> None:
    """Beyond the plan, a workflow is published with 12 calls and its polls."""
    from deployer import pipeline
    from tests.publish_kit import loaded

    async def tell(one: Bench) -> None:
        await saved(one, DAILY)
        plan = await planned(one, DAILY)
        before = len(one.line.calls)
        (done,) = await pipeline.publish(plan, loaded(one, DAILY), one.target, publisher(one))
        assert done.status == "done"
        assert len(one.line.calls) - before <= 12 + one.line.count("GetPipelineRun")

    story(tell)


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("GetWorkflowDefinition", {"WorkflowDefinition": {"Id": "7", "Spec": "{}"}}),
        ("GetWorkflowDefinition", {"JobStatus": {"Status": "Success"}}),
        ("GetWorkflowDefinition", {"WorkflowDefinition": "text"}),
        ("ListWorkflowDefinitions", {"Id": "7"}),
        (
            "ListWorkflowDefinitions",
            {"PagingInfo": {"WorkflowDefinitions": [{"Type": "Other"}], "TotalCount": 1}},
        ),
    ],
    ids=["another object", "another operation", "no block", "no list", "another type"],
)
def test_an_answer_to_something_else_is_asked_for_again(
    operation: str, body: dict[str, object]
) -> None:
    """It costs one call more, and nothing is learnt from it."""

    async def tell(one: Bench) -> None:
        await one.bring(DAILY)
        one.line.next(operation, answers(body))
        before = len(one.line.calls)
        plan = await one.plan(DAILY)
        assert ([change.action for change in plan.changes], plan.orphans) == (["unchanged"], ())
        assert len(one.line.calls) - before == LISTS + 1 + 1

    story(tell)


# --- the rate -------------------------------------------------------------------------------------


def test_the_rate_is_kept() -> None:
    """Against a service that takes 5 calls a second, many workflows are written without one refusal."""

    async def told() -> None:
        async with stormy(0, job_seconds=0) as (bench, _):
            assert bench.app is not None
            bench.app.control.set({"qps": "5"})
            loop = asyncio.get_running_loop()
            client = Client(
                EMULATOR_ENDPOINT,
                lambda: Credentials(*EMULATOR_KEY),
                transport=bench.line,
                clock=loop.time,
                now=bench.clock,
                rate=5.0,
            )
            async with client:
                paced = Connection(
                    Remote(client, PROJECT), 30.0, asyncio.sleep, loop.time, bench.clock
                )
                one = Bench(paced, bench.line, bench.clock, bench.app)
                report = await one.run(*[workflow(f"flow{n}", "load") for n in range(MANY)])
            assert exit_code(report) == 0
            assert client.calls == len(bench.line.calls)
            ideal = len(bench.line.calls) / 5.0
            assert loop.time() <= 1.25 * ideal
            assert len(bench.line.calls) == LISTS + MANY * 6

    virtually(told())


# --- the calls of a day ---------------------------------------------------------------------------


def counted(one: Bench, quota: Quota) -> Bench:
    """The bench, with the calls of the day counted."""
    client = Client(
        EMULATOR_ENDPOINT,
        lambda: Credentials(*EMULATOR_KEY),
        transport=one.line,
        sleep=one.connection.sleep,
        clock=one.clock,
        now=one.clock,
        quota=quota,
    )
    found = Bench(
        replace(one.connection, remote=Remote(client, PROJECT)), one.line, one.clock, one.app
    )
    found.watch = one.watch
    return found


def test_nothing_is_begun_that_could_not_be_proven() -> None:
    """The apply stops before the first workflow that the calls left might not prove: exit 8."""

    async def tell(one: Bench) -> None:
        assert one.app is not None
        one.app.control.set({"daily_quota": "32"})
        two = counted(one, Quota(32, None, "here", one.clock))
        report = await two.run(*[workflow(f"flow{number}", "load") for number in range(6)])
        done = [each.address for each in report.outcomes if each.status == "done"]
        assert exit_code(report) == 8
        assert await _held(one) == done
        assert (len(done), report.left) == (4, 2)
        assert report.halted == "26 of 32 calls used"

    story(tell)


async def _held(one: Bench) -> list[str]:
    """The workflows in the database, which costs no calls."""
    from tests import flow_check

    assert one.app is not None
    return sorted(each.path for each in flow_check.held(one.app, int(PROJECT)))


def test_no_write_is_sent_that_could_not_be_proven() -> None:
    """Where repeated calls used up what was reserved, the next write is not sent."""

    async def tell(one: Bench) -> None:
        two = counted(one, Quota(15, None, "here", one.clock))
        plan = await two.plan(DAILY)
        two.line.always("ListWorkflowDefinitions", refused(503, "ServiceUnavailable"))
        report = await two.carry_out(plan)
        assert (exit_code(report), two.creates) == (1, 0)
        two.line.calm()
        report = await two.carry_out(plan)
        assert (exit_code(report), two.creates, report.left) == (8, 0, 1)

    story(tell)


def test_attempts_are_few() -> None:
    """A call is tried three times only: refused ones count too."""

    async def tell(one: Bench) -> None:
        two = counted(one, Quota(100, None, "here", one.clock))
        two.line.always("ListWorkflowDefinitions", refused(503, "ServiceUnavailable"))
        with pytest.raises(Exception, match="no usable answer"):
            await two.plan(DAILY)
        assert len(two.line.calls) == FEW_ATTEMPTS == 3

    story(tell)


def test_the_quota_of_the_service_ends_it_too() -> None:
    """Where nobody said how many calls there are, the first refusal for the day ends the work."""

    async def tell(one: Bench) -> None:
        assert one.app is not None
        plan = await one.plan(*[workflow(f"flow{number:02}", "load") for number in range(20)])
        one.line.always("ListWorkflowDefinitions", refused(429, "Throttling.Api.Risk"))
        report = await one.carry_out(plan)
        assert exit_code(report) == 8
        assert report.left >= 20 - 8
        assert "the quota is used up" in report.halted

    story(tell)


class Now:
    """A time of day that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = START

    def __call__(self) -> float:
        return self.seconds


def test_calls_are_counted_over_commands(tmp_path: Path) -> None:
    """A second command goes on from what the first used; the next day counting begins anew."""
    folder, now = tmp_path / ".deployer", Now()
    first, second = (Quota(10, tmp_path, "prod", now) for _ in range(2))
    for _ in range(3):
        first.take(writes=False)
    second.take(writes=True)
    assert (first.told, second.told) == ("4 of 10 calls used", "4 of 10 calls used")
    second.take(writes=True)
    with pytest.raises(QuotaUsed):
        second.take(writes=True)
    (file,) = folder.glob("calls-*")
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    now.seconds += 86_400
    assert Quota(10, tmp_path, "prod", now).used() == 0
    assert [each.name for each in folder.iterdir()] == [".gitignore"]


def test_the_count_may_be_deleted(tmp_path: Path) -> None:
    """Another command counts anew; one that is under way remembers."""
    folder, now = tmp_path / ".deployer", Now()
    first = Quota(10, tmp_path, "prod", now)
    first.take(writes=False)
    shutil.rmtree(folder)
    assert (first.used(), Quota(10, tmp_path, "prod", now).used()) == (1, 0)


def test_a_count_that_cannot_be_kept_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, and the command counts on by itself."""
    (tmp_path / ".deployer").write_text("not a folder")
    quota = Quota(10, tmp_path, "prod", Now())
    for _ in range(2):
        quota.take(writes=False)
    assert quota.used() == 2
    why = f"`{tmp_path / '.deployer'}`: a part of the path is a link or a file, not a folder"
    assert [record.getMessage() for record in caplog.records] == [
        f"the calls of the day are not kept: {why}"
    ]


def test_the_count_follows_no_link(tmp_path: Path) -> None:
    """A checkout in which the folder is a link elsewhere gets no count, and nothing there changes."""
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (root / ".deployer").symlink_to(outside)
    quota = Quota(10, root, "prod", Now())
    quota.take(writes=False)
    assert (quota.used(), list(outside.iterdir())) == (1, [])
