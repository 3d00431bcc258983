"""No write is sent before it is on disk, and none is called done that could not be noted."""

import asyncio
import errno
from pathlib import Path

import httpx
import pytest

from deployer.apply import exit_code
from deployer.journal import LARGEST, Journal, read
from deployer.pipeline import apply
from deployer.publishing.publish import publish, wanted
from deployer.records import Kept
from tests.faults import Bench, Forward, answer_lost, job_is, story, workflow
from tests.publish_kit import planned, publisher, saved
from tests.records_kit import JOURNAL, Disk, applied, disk, kept
from tests.run_kit import PATH as RUN_PATH
from tests.run_kit import Stage, flow, on_stage
from tests.strategies import Document
from tests.workflow_kit import PROJECT, Silent

DAILY = workflow("daily", "load")
CHANGED = workflow("daily", "load", trigger={"type": "Scheduler", "cron": "00 30 04 * * ?"})
CREATE, IMPORT = "CreateWorkflowDefinition", "ImportWorkflowDefinition"
WRITES = (CREATE, IMPORT)
NOTHING_SENT = "cannot record intent; nothing sent"


def writes(bench: Bench) -> int:
    """How many writes were sent so far."""
    return sum(bench.line.count(each) for each in WRITES)


def in_doubt(bench: Bench, root: Path) -> list[tuple[str, str]]:
    """What the journal says is in doubt."""
    history = Journal(root, "local", PROJECT, "", bench.clock).history()
    return [(each.address, each.what) for each in history.intents]


async def converged(bench: Bench, root: Path, document: Document) -> None:
    """One rerun with a disk in order brings the workspace there, and leaves nothing in doubt."""
    plan = await bench.plan(document)
    code, error = await applied(bench, root, plan)
    assert code == 0, error
    assert [each.action for each in (await bench.plan(document)).changes] == ["unchanged"]
    assert await bench.paths() == ["team/daily"]


# --- order ----------------------------------------------------------------------------------------


def test_every_write_finds_its_intent_and_its_backup_on_disk(tmp_path: Path) -> None:
    """When a request that writes leaves, its intent is the last record, and the backup is there."""
    seen: list[tuple[str, list[tuple[str, str]], int]] = []

    async def tell(bench: Bench) -> None:
        inner = bench.line.handle_async_request

        async def looked(request):  # type: ignore[no-untyped-def]
            operation = request.headers["x-acs-action"]
            if operation in WRITES:
                backups = list((tmp_path / ".deployer/backups").rglob("*.json"))
                made = [each for each in backups if "left" not in each.name]
                seen.append((operation, in_doubt(bench, tmp_path), len(made)))
            return await inner(request)

        bench.line.handle_async_request = looked  # type: ignore[method-assign]
        for document in (DAILY, CHANGED):
            assert (await applied(bench, tmp_path, await bench.plan(document)))[0] == 0

    story(tell)
    assert seen == [
        (CREATE, [("team/daily", "creation")], 1),
        (IMPORT, [("team/daily", "import")], 1),
        (IMPORT, [("team/daily", "import")], 2),
    ]


def test_publishing_notes_every_call_that_writes(tmp_path: Path) -> None:
    """A pipeline run and each of its stages are intended before they are asked for."""
    seen: list[tuple[str, list[str]]] = []

    async def tell(bench: Bench) -> None:
        await saved(bench, DAILY)
        (change,) = (await planned(bench, DAILY)).to_publish
        inner = bench.line.handle_async_request

        async def looked(request):  # type: ignore[no-untyped-def]
            operation = request.headers["x-acs-action"]
            if operation in ("CreatePipelineRun", "ExecPipelineRunStage"):
                seen.append((operation, [what for _, what in in_doubt(bench, tmp_path)]))
            return await inner(request)

        bench.line.handle_async_request = looked  # type: ignore[method-assign]
        notes = kept(bench, tmp_path)
        await publish([wanted(change)], publisher(bench, allowed=True, records=notes))
        assert in_doubt(bench, tmp_path) == []

    story(tell)
    assert seen[0] == ("CreatePipelineRun", ["pipeline run"])
    assert len(seen) > 1
    assert all(len(what) == 1 and what[0].startswith("stage ") for _, what in seen[1:])


def test_a_run_is_noted_before_it_is_asked_for(tmp_path: Path) -> None:
    """The call that makes instances finds its intent on disk; found again by its name, none is left."""
    seen: list[list[tuple[str, str]]] = []

    async def tell(stage: Stage) -> None:
        bench = stage.bench
        stage.records = kept(bench, tmp_path)

        async def looked(forward: Forward) -> httpx.Response:
            seen.append(in_doubt(bench, tmp_path))
            return await answer_lost(forward)

        stage.line.next("CreateWorkflowInstances", looked)
        report = await stage.backfill(dates=["2026-03-01"])
        assert (report.failure, in_doubt(bench, tmp_path)) == (None, [])
        (noted,) = seen[0]
        assert noted == (RUN_PATH, f"run {report.calls[0].name}")

    on_stage(tell, flow("first"))


def test_a_run_that_cannot_be_noted_is_not_asked_for(tmp_path: Path) -> None:
    """Exit 64, and no instance is made."""

    async def tell(stage: Stage) -> None:
        stage.records = kept(stage.bench, tmp_path)
        with disk(Disk(0)):
            report = await stage.backfill(dates=["2026-03-01"])
        assert report.failure is not None
        assert (report.failure.exit_code, report.failure.what) == (64, NOTHING_SENT)
        assert stage.made() == []

    on_stage(tell, flow("first"))


def test_the_last_request_before_an_import_reads_the_workflow(tmp_path: Path) -> None:
    """Also where new nodes make it ask for free ids: what is read last is what is written over."""

    async def tell(bench: Bench) -> None:
        assert (await applied(bench, tmp_path, await bench.plan(DAILY)))[0] == 0
        more = workflow("daily", "load", "report", "check")
        plan = await bench.plan(more)
        bench.line.calls.clear()
        assert (await applied(bench, tmp_path, plan))[0] == 0
        names = [name for name, _ in bench.line.calls]
        assert names[names.index(IMPORT) - 1] == "GetWorkflowDefinition"
        assert "GetNode" in names[: names.index(IMPORT)]

    story(tell)


def test_what_is_known_is_not_in_doubt(tmp_path: Path) -> None:
    """After success, after a lost answer that reads resolved, and after a refusal, nothing is left."""

    async def tell(bench: Bench) -> None:
        bench.line.next(CREATE, answer_lost)
        bench.line.next(IMPORT, answer_lost)
        assert (await applied(bench, tmp_path, await bench.plan(DAILY)))[0] == 0
        assert in_doubt(bench, tmp_path) == []

    story(tell)


def test_a_job_that_cannot_be_followed_stays_in_doubt(tmp_path: Path) -> None:
    """Its number is noted, for a rerun to ask about."""

    async def tell(bench: Bench) -> None:
        bench.line.always("GetJobStatus", job_is("Running"))
        assert (await applied(bench, tmp_path, await bench.plan(DAILY)))[0] == 7
        history = read((tmp_path / JOURNAL).read_bytes(), PROJECT, 0.0)
        (intent,) = history.intents
        assert (intent.what, bool(intent.facts["job"])) == ("import", True)

    story(tell, job_seconds=1e6)


def test_a_backup_is_what_was_there_before_the_first_write(tmp_path: Path) -> None:
    """A second write to the same object by the same run does not replace it."""

    async def tell(bench: Bench) -> None:
        notes = Kept(tmp_path, "local", PROJECT, "r1", bench.clock)
        assert (await applied(bench, tmp_path, await bench.plan(DAILY)))[0] == 0
        live, _ = await bench.read("team/daily")
        notes.backup("team/daily", "CycleWorkflow", live, "f1")
        (file,) = (tmp_path / ".deployer/backups/local/000002").iterdir()
        first = file.read_bytes()
        notes.backup("team/daily", "CycleWorkflow", None, "f2")
        assert file.read_bytes() == first

    story(tell)


def test_what_was_interrupted_is_in_doubt(tmp_path: Path) -> None:
    """A signal while the request is on its way: exit 7, and a rerun knows where to look twice."""

    async def tell(bench: Bench) -> None:
        async def interrupted(_: Forward) -> httpx.Response:
            raise asyncio.CancelledError

        plan = await bench.plan(DAILY)
        bench.line.next(IMPORT, interrupted)
        code, error = await applied(bench, tmp_path, plan)
        assert (code, "interrupted" in error) == (7, True)
        assert in_doubt(bench, tmp_path) == [("team/daily", "import")]
        await converged(bench, tmp_path, DAILY)
        assert in_doubt(bench, tmp_path) == []

    story(tell)


# --- a disk that fails ----------------------------------------------------------------------------


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_nothing_is_sent_that_cannot_be_noted(tmp_path: Path, code: int) -> None:
    """A disk that takes nothing: exit 64, and no request that writes."""

    async def tell(bench: Bench) -> None:
        plan = await bench.plan(DAILY)
        notes = kept(bench, tmp_path)
        with disk(Disk(0, code)):
            report = await apply(plan, bench.connection.writer(Silent(), notes))
        (outcome,) = report.outcomes
        assert (exit_code(report), outcome.written, writes(bench)) == (64, False, 0)
        assert NOTHING_SENT in outcome.error
        await converged(bench, tmp_path, DAILY)

    story(tell)


@pytest.mark.parametrize("for_good", [True, False])
@pytest.mark.parametrize("documents", [(DAILY,), (DAILY, CHANGED)], ids=["create", "update"])
def test_every_call_to_the_disk_may_fail(
    tmp_path: Path, documents: tuple[Document, ...], for_good: bool, soak: bool
) -> None:
    """Before the first write: exit 64 and none is sent. After one: exit 7. A rerun converges."""
    *before, last = documents
    step = 1 if soak else 9
    at = 0
    while True:
        root = tmp_path / str(at)
        root.mkdir()
        device = Disk(at, errno.ENOSPC, for_good=for_good)

        async def tell(bench: Bench, root: Path = root, device: Disk = device) -> None:
            for document in before:
                assert (await applied(bench, root, await bench.plan(document)))[0] == 0
            sent, plan = writes(bench), await bench.plan(last)
            with disk(device):
                code, error = await applied(bench, root, plan)
            failed = len(device.calls) > device.fails_at
            expected = 0 if not failed else (7 if writes(bench) > sent else 64)
            assert code == expected, (error, device.calls[-5:])
            if code == 64:
                assert writes(bench) == sent
            await converged(bench, root, last)

        story(tell)
        if len(device.calls) <= at:
            break
        at += step
    assert at > 40


# --- too much to read -----------------------------------------------------------------------------


def test_a_journal_too_large_to_be_one_is_put_away(tmp_path: Path) -> None:
    """It is told as damaged, and the next run begins anew."""
    (tmp_path / ".deployer").mkdir()
    with (tmp_path / JOURNAL).open("wb") as file:
        file.truncate(LARGEST + 1)
    one = Journal(tmp_path, "local", PROJECT, "r1", lambda: 0.0)
    assert one.history().damaged == 1
    one.begin()
    assert one.history().damaged == 0
