"""Publishing through the emulator: found before made, driven to the end, compared, and never guessed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from deployer.emulator import Control, Switches
from deployer.errors import RefusedBySafety
from deployer.model import Window
from deployer.observe import read
from deployer.publishing.publish import Wanted, publish, wanted
from deployer.publishing.window import hours_of
from deployer.remote.pipeline_runs import PipelineRuns
from tests.faults import Bench, edited, refused, story, workflow
from tests.publish_kit import (
    effects,
    nonce,
    only,
    planned,
    published,
    publisher,
    runs,
    saved,
    taken_offline,
)
from tests.workflow_kit import target

PROJECT_ID = 10001
FLOW = workflow("flow", "load")
OTHER = workflow("a", "tidy", waits_for="shop_dev.load")
LATER_TRIGGER = {"type": "Scheduler", "cron": "00 00 05 * * ?"}
LATER = workflow("flow", "load", trigger=LATER_TRIGGER)


def control(one: Bench) -> Control:
    assert one.app is not None
    return one.app.control


def pipelines(one: Bench) -> PipelineRuns:
    return PipelineRuns(one.connection.remote.client, one.target.project)


# --- the straight way -----------------------------------------------------------------------------


def test_saved_workflow_is_published_once() -> None:
    """One pipeline run, driven to Success; a second publish finds nothing to do."""

    async def tell(one: Bench) -> None:
        plan = await saved(one, FLOW)
        assert [each.publication for each in plan.changes] == ["unpublished"]
        outcome = await only(one, FLOW)
        assert (outcome.status, outcome.version, outcome.error) == ("done", 1, "")
        assert effects(one) == [("ExecPipelineRunStage", "publish")]
        assert [each.publication for each in (await planned(one, FLOW)).changes] == ["published"]
        assert await published(one, FLOW) == ()
        assert one.line.count("CreatePipelineRun") == 1
        assert await runs(one, plan.changes[0].object_id) == [(nonce(plan), "Success")]

    story(tell)


def test_an_upstream_is_published_first() -> None:
    """What is waited for is in production before what waits."""

    async def tell(one: Bench) -> None:
        plan = await saved(one, FLOW, OTHER)
        outcomes = await published(one, FLOW, OTHER)
        assert [(each.address, each.status) for each in outcomes] == [
            ("team/flow", "done"),
            ("team/a", "done"),
        ]
        assert len(plan.to_publish) == 2

    story(tell)


def test_what_waits_for_a_failure_is_not_attempted() -> None:
    """Its upstream is not in production: publishing it would leave it waiting there."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW, OTHER)
        one.line.next("CreatePipelineRun", refused(400, "No.Way", "no way"))
        first, second = await published(one, FLOW, OTHER)
        assert (first.address, first.status, first.exit_code) == ("team/flow", "failed", 1)
        assert (second.status, second.exit_code) == ("not attempted", 0)
        assert second.error == "it waits for `team/flow`, which is not published"

    story(tell)


def test_a_plan_costs_one_list_more() -> None:
    """Where the descriptions of the runs say it, nothing more is read."""

    async def tell(one: Bench) -> None:
        flows = [workflow(f"flow{n}", f"load{n}") for n in range(5)]
        await saved(one, *flows)
        await published(one, *flows)
        before = one.connection.remote.calls
        plan = await planned(one, *flows)
        assert {each.publication for each in plan.changes} == {"published"}
        assert one.connection.remote.calls - before == 2 + 5 + 1

    story(tell)


def test_what_somebody_else_published_is_compared() -> None:
    """A run without our description tells nothing: what it carried is read."""

    async def tell(one: Bench) -> None:
        plan = await saved(one, FLOW)
        object_id = plan.changes[0].object_id
        run = await pipelines(one).create(object_id, "Online", "by hand")
        for code in ("PROD_CHECK", "PROD"):
            await pipelines(one).execute(run, code)
        assert [each.publication for each in (await planned(one, FLOW)).changes] == ["published"]
        assert [each.publication for each in (await saved(one, LATER)).changes] == ["unpublished"]

    story(tell)


@pytest.mark.parametrize(("size", "reads"), [(1, 8), (2, 0), (3, 0)])
def test_a_long_history(size: int, reads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are read until all is told; somebody else's run on the way has the rest compared."""

    async def tell(one: Bench) -> None:
        flows = [workflow(f"flow{n}", f"load{n}") for n in range(4)]
        await saved(one, *flows)
        for each in flows:
            await only(one, each)
            one.clock.advance(60)
        before = one.line.count("ListPipelineRunItems")
        states = [each.publication for each in (await planned(one, *flows)).changes]
        assert states == ["published"] * 4
        assert one.line.count("ListPipelineRunItems") - before == reads
        made = await planned(one, flows[2])
        theirs = await pipelines(one).create(made.changes[0].object_id, "Online", "by hand")
        for code in ("PROD_CHECK", "PROD"):
            await pipelines(one).execute(theirs, code)
        changed = [workflow("flow0", "load0", trigger=LATER_TRIGGER), *flows[1:]]
        await saved(one, *changed)
        states = [each.publication for each in (await planned(one, *changed)).changes]
        assert states == ["unpublished", *["published"] * 3]

    monkeypatch.setattr("deployer.remote.pipeline_runs.PAGE_SIZE", size)
    story(tell)


def test_a_list_that_is_not_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then its first page tells nothing about the last publication: it is read itself."""

    async def tell(one: Bench) -> None:
        for document in (FLOW, LATER):
            await saved(one, document)
            await only(one, document)
            one.clock.advance(60)
        await saved(one, FLOW)
        runs = pipelines(one)
        found = await runs.of_object((await planned(one, FLOW)).changes[0].object_id)
        assert len(found) == 2

        async def upwards(_: object, object_id: str | None = None) -> Any:
            oldest = found[::-1]
            yield oldest[:1], False
            yield oldest[1:], True

        monkeypatch.setattr(PipelineRuns, "pages", upwards)
        assert [each.publication for each in (await planned(one, FLOW)).changes] == ["unpublished"]

    story(tell)


def test_an_earlier_content_is_published_again() -> None:
    """That it was published once is not enough: it must be what was published last."""

    async def tell(one: Bench) -> None:
        for document in (FLOW, LATER, FLOW):
            await saved(one, document)
            assert (await only(one, document)).status == "done"
        assert len(effects(one, "publish")) == 3

    story(tell)


def test_what_is_not_saved_is_not_published() -> None:
    """The draft is not what the manifest says: exit 4, no run."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        outcome = await only(one, LATER)
        assert (outcome.status, outcome.exit_code) == ("failed", 4)
        assert one.line.count("CreatePipelineRun") == 0

    story(tell)


# --- somebody else --------------------------------------------------------------------------------


def test_a_run_of_somebody_else_is_a_conflict() -> None:
    """Two runs on one object would race: exit 4, and theirs is named."""

    async def tell(one: Bench) -> None:
        plan = await saved(one, FLOW)
        theirs = await pipelines(one).create(plan.changes[0].object_id, "Online", "by hand")
        outcome = await only(one, FLOW)
        assert (outcome.status, outcome.exit_code, outcome.written) == ("failed", 4, False)
        assert theirs in outcome.error
        assert "`by hand`" in outcome.error
        assert one.line.count("CreatePipelineRun") == 1

    story(tell)


def test_a_run_for_another_content_is_a_conflict() -> None:
    """An older approval may still be open: it is not taken over for something else."""

    async def tell(one: Bench) -> None:
        control(one).set_mode(PROJECT_ID, "standard")
        await saved(one, FLOW)
        assert (await only(one, FLOW)).status == "waiting"
        await saved(one, LATER)
        outcome = await only(one, LATER)
        assert (outcome.exit_code, outcome.written) == (4, False)
        assert "it was made by deployer, for another content" in outcome.error

    story(tell)


def test_somebody_saved_between_apply_and_publish() -> None:
    """What was packed is compared before anything goes to production: exit 4, the run is ended."""

    async def tell(one: Bench) -> None:
        plan = await saved(one, FLOW)
        control(one).save("eve", PROJECT_ID, await theirs(one))
        (outcome,) = await publish([wanted(plan.changes[0])], publisher(one))
        assert (outcome.status, outcome.exit_code) == ("failed", 4)
        assert outcome.error.startswith(
            "someone saved `team/flow` after apply; version 1 was packed"
        )
        assert effects(one) == [("AbolishPipelineRun", "abolish")]

    async def theirs(one: Bench) -> dict[str, object]:
        _, document = await one.read("team/flow")
        document["spec"]["workflows"][0]["nodes"][0]["script"]["content"] = "echo eve"
        return document

    story(tell)


def test_content_that_differs_at_the_end_is_told() -> None:
    """What is packed late is compared all the same: exit 4, and the version is named."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        empty = edited(
            lambda answer: answer["PagingInfo"].update(TotalCount=0, PipelineRunItems=[])
        )
        one.line.next("ListPipelineRunItems", empty, empty, edited(_theirs))
        outcome = await only(one, FLOW)
        assert (outcome.status, outcome.exit_code) == ("failed", 4)
        assert outcome.error.startswith(
            "someone saved `team/flow` after apply; version 1 was published"
        )

    def _theirs(answer: Any) -> None:
        for item in answer["PagingInfo"]["PipelineRunItems"]:
            item["Spec"] = item["Spec"].replace("echo load", "echo eve")

    story(tell)


def test_a_content_that_is_not_told_is_no_proof() -> None:
    """Success without the spec that was published is not taken for success."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        one.line.always(
            "ListPipelineRunItems",
            edited(lambda a: a["PagingInfo"].update(TotalCount=0, PipelineRunItems=[])),
        )
        outcome = await only(one, FLOW)
        assert (outcome.status, outcome.exit_code, outcome.written) == ("failed", 1, True)

    story(tell)


# --- approval -------------------------------------------------------------------------------------


def test_an_approval_is_waited_for_and_gone_on_from() -> None:
    """Exit 9 names the stage; a rerun continues the same run once somebody approved."""

    async def tell(one: Bench) -> None:
        control(one).set_mode(PROJECT_ID, "standard")
        await saved(one, FLOW)
        first = await only(one, FLOW, patience=600)
        assert (first.status, first.exit_code, first.written) == ("waiting", 9, True)
        assert "APPROVAL" in first.error
        again = await only(one, FLOW)
        assert (again.status, again.run) == ("waiting", first.run)
        control(one).approve("boss", first.run)
        last = await only(one, FLOW)
        assert (last.status, last.run) == ("done", first.run)
        assert one.line.count("CreatePipelineRun") == 1
        assert len(effects(one, "publish")) == 2

    story(tell)


def test_an_approval_that_comes_in_time() -> None:
    """Somebody acts while it waits: the same command ends well."""

    async def tell(one: Bench) -> None:
        control(one).set_mode(PROJECT_ID, "standard")
        plan = await saved(one, FLOW)

        def on_step(text: str) -> None:
            if "waits for a person" in text:
                (run,) = control(one).effects()[-1:]
                control(one).approve("boss", run.container)

        one.watch.on_step = on_step
        outcome = await only(one, FLOW, patience=600)
        assert (outcome.status, outcome.exit_code) == ("done", 0)
        assert len(plan.to_publish) == 1

    story(tell)


def test_a_rejection_ends_it_and_a_rerun_begins_anew() -> None:
    """A run that was turned down is not continued."""

    async def tell(one: Bench) -> None:
        control(one).set_mode(PROJECT_ID, "standard")
        await saved(one, FLOW)
        first = await only(one, FLOW)
        control(one).reject("boss", first.run)
        again = await only(one, FLOW)
        assert again.run != first.run
        assert (again.status, one.line.count("CreatePipelineRun")) == ("waiting", 2)

    story(tell)


@pytest.mark.parametrize("status", ["Termination", "Cancel"])
def test_an_abolished_run_is_no_success(status: str) -> None:
    """U-15: whichever word it ends with, it ended without success, and a rerun begins anew."""

    async def tell(one: Bench) -> None:
        control(one).set_mode(PROJECT_ID, "standard")
        await saved(one, FLOW)
        first = await only(one, FLOW)

        def on_step(text: str) -> None:
            if "waits for a person" in text:
                control(one).act(
                    "boss", "AbolishPipelineRun", {"Id": first.run, "ProjectId": PROJECT_ID}
                )

        one.watch.on_step = on_step
        second = await only(one, FLOW, patience=600)
        assert (second.status, second.exit_code, second.run) == ("failed", 1, first.run)
        assert f"it ended as {status}" in second.error
        one.watch.on_step = lambda _: None
        assert (await only(one, FLOW)).run != first.run

    story(tell, switches=Switches(abolish_status=status))


def test_termination_with_successful_stages_is_no_success() -> None:
    """B-66: only the status of the run decides."""

    async def tell(one: Bench) -> None:
        control(one).set_mode(PROJECT_ID, "standard")
        await saved(one, FLOW)
        first = await only(one, FLOW)

        def on_step(text: str) -> None:
            if "waits for a person" in text:
                control(one).terminate("boss", first.run)

        one.watch.on_step = on_step
        assert (await only(one, FLOW, patience=600)).exit_code == 1

    story(tell)


def test_a_failing_stage_tells_the_words_of_the_service() -> None:
    """An output that somebody else published: the stage says so, and so do we."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        assert (await only(one, FLOW)).status == "done"
        control(one).save("eve", PROJECT_ID, at_path("team/second", "load"))
        identity = (await one.connection.remote.summaries())["team/second"].id
        live = await read(identity, one.connection.remote)
        assert live is not None
        wish = Wanted("team/second", identity, live.fingerprint)
        (outcome,) = await publish([wish], publisher(one))
        assert (outcome.status, outcome.exit_code) == ("failed", 1)
        assert "can not exported multiple nodes into the same output" in outcome.error

    story(tell)


def at_path(path: str, name: str) -> dict[str, object]:
    """A workflow as somebody saves it in the console, whose node has the output of that name."""
    node = {
        "name": name,
        "script": {"path": f"{path}/{name}", "runtime": {"command": "DIDE_SHELL"}},
        "outputs": {"nodeOutputs": [{"data": f"shop_dev.{name}"}]},
    }
    flow = {
        "name": path.rpartition("/")[2],
        "script": {"path": path, "runtime": {"command": "WORKFLOW"}},
        "trigger": {"type": "Scheduler", "cron": "00 00 03 * * ?"},
        "nodes": [node],
    }
    return {"version": "1.1.0", "kind": "CycleWorkflow", "spec": {"workflows": [flow]}}


@pytest.mark.parametrize("repeat", ["refused", "idempotent", "runs_again"])
@pytest.mark.parametrize("concurrent", ["allowed", "reject"])
def test_every_switch_of_publishing(repeat: str, concurrent: str) -> None:
    """U-18, U-19: a stage is called once, and one run is made, whatever the service would do."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        assert (await only(one, FLOW)).status == "done"
        assert one.line.count("ExecPipelineRunStage") == 2
        assert len(effects(one, "publish")) == 1

    story(tell, switches=Switches(exec_repeat=repeat, concurrent_pipelines=concurrent))


def test_a_run_in_which_nothing_moves_is_left() -> None:
    """Exit 7 after half an hour: it may still go on, and a rerun looks."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        control(one).set({"stage_seconds": "100000"})
        outcome = await only(one, FLOW)
        assert (outcome.status, outcome.exit_code) == ("failed", 7)
        assert "BUILD_PACKAGE" in outcome.error

    story(tell)


# --- offline --------------------------------------------------------------------------------------


def test_going_offline_and_online_again() -> None:
    """The same way with another type; afterwards it counts as not published."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        await only(one, FLOW)
        outcome = await taken_offline(one, FLOW)
        assert (outcome.status, outcome.error) == ("done", "")
        assert (await taken_offline(one, FLOW)).run == outcome.run
        assert [each.publication for each in (await planned(one, FLOW)).changes] == ["unpublished"]
        assert (await only(one, FLOW)).status == "done"
        assert [kind for _, kind in effects(one)] == ["publish", "offline", "publish"]

    story(tell)


def test_going_offline_is_refused_while_something_waits() -> None:
    """B-51: the check of the service fails, and its words are told."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW, OTHER)
        await published(one, FLOW, OTHER)
        outcome = await taken_offline(one, FLOW)
        assert (outcome.status, outcome.exit_code) == ("failed", 1)
        assert "Other objects depend on it" in outcome.error

    story(tell)


# --- the window -----------------------------------------------------------------------------------


def at(hour: int, minute: int) -> float:
    """A moment of a day in China, in seconds since the epoch."""
    return datetime(2025, 10, 10, hour, minute, tzinfo=UTC).timestamp() - 8 * 3600


@pytest.mark.parametrize(
    ("now", "refuses", "warns"),
    [
        (at(21, 59), False, False),
        (at(22, 0), False, True),
        (at(23, 29), False, True),
        (at(23, 30), True, False),
        (at(23, 59), True, False),
        (at(0, 0), False, False),
    ],
)
def test_window(now: float, refuses: bool, warns: bool) -> None:
    """23:30 to 24:00 refuses, from 22:00 on it is said to be near (docs/service.md B-80)."""
    hours = hours_of(target(window=Window()))
    assert bool(hours.warning(now)) == warns
    if not refuses:
        hours.refuse(now)
        return
    with pytest.raises(RefusedBySafety, match="nothing is published between 23:30 and 24:00"):
        hours.refuse(now)
    hours_of(target(), allowed=True).refuse(now)


@pytest.mark.parametrize(
    ("region", "zone", "expected"),
    [
        ("cn-shanghai", "", "Asia/Shanghai"),
        ("eu-central-1", "", "Europe/Berlin"),
        ("eu-central-1", "UTC", "UTC"),
        ("", "", "Asia/Shanghai"),
    ],
)
def test_zone_of_the_window(region: str, zone: str, expected: str) -> None:
    """The target's own, else its region's, else China's."""
    assert str(hours_of(target(region=region, window=Window(zone=zone))).zone) == expected


def test_nothing_is_sent_inside_the_window() -> None:
    """Refused before the first write."""

    async def tell(one: Bench) -> None:
        await saved(one, FLOW)
        with pytest.raises(RefusedBySafety):
            await only(one, FLOW, now=lambda: at(23, 45))
        assert one.line.count("CreatePipelineRun") == 0
        assert (await only(one, FLOW, now=lambda: at(23, 45), allowed=True)).status == "done"

    story(tell)


def test_approved_inside_the_window() -> None:
    """The hour is looked at again before production: exit 3, and a rerun goes on (B-80)."""

    async def tell(one: Bench) -> None:
        moments = iter([at(23, 0)])
        control(one).set_mode(PROJECT_ID, "standard")
        await saved(one, FLOW)
        first = await only(one, FLOW)
        control(one).approve("boss", first.run)
        late = await only(one, FLOW, now=lambda: next(moments, at(23, 40)))
        assert (late.status, late.exit_code, late.run) == ("failed", 3, first.run)
        assert "stays where it is, before PROD" in late.error
        assert (await only(one, FLOW, now=lambda: at(0, 1))).run == first.run
        assert len(effects(one, "publish")) == 2

    story(tell)
