"""The deployer's flows: what authors and people in the console do, on a bench with any switches.

`tests.flow_stage` checks every apply.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from deployer.apply import exit_code
from deployer.cli.connect import Connection
from deployer.emulator.settings import register_project
from deployer.remote.workspace import Remote
from tests.faults import ANYWHERE, Bench, answer_lost, workflow
from tests.flow_documents import body, changed, control, other_script, shell, with_node
from tests.flow_stage import Stage, truthful
from tests.strategies import IDENTIFIER, Document

DAILY = workflow("daily", "load", "report")
CHAIN = with_node(DAILY, "report", dependsOn=["load"])
BRANCHES = [
    {"when": "${x}==1", "desc": "one", "output": {"data": f"{IDENTIFIER}.pick_1"}},
    {"when": "${x}==2", "desc": "two", "output": {"data": f"{IDENTIFIER}.pick_2"}},
]
RICH = workflow(
    "rich",
    nodes=[
        shell("start"),
        control(
            "each",
            "CONTROLLER_TRAVERSE",
            dependsOn=["start"],
            **{
                "for-each": {
                    "nodes": [
                        control("begin_each", "CONTROLLER_TRAVERSE_START"),
                        shell("one", dependsOn=["begin_each"]),
                        shell("two", dependsOn=["one"]),
                        control("end_each", "CONTROLLER_TRAVERSE_END", dependsOn=["two"]),
                    ]
                }
            },
        ),
        control(
            "until",
            "CONTROLLER_CYCLE",
            dependsOn=["each"],
            **{
                "do-while": {
                    "nodes": [
                        control("begin_until", "CONTROLLER_CYCLE_START"),
                        shell("step", dependsOn=["begin_until"]),
                    ],
                    "while": control("end", "CONTROLLER_CYCLE_END", dependsOn=["step"]),
                }
            },
        ),
        control(
            "pick",
            "CONTROLLER_BRANCH",
            dependsOn=["until"],
            branch={"branches": BRANCHES},
            outputs={
                "nodeOutputs": [
                    {"data": f"{IDENTIFIER}.pick"},
                    {"data": f"{IDENTIFIER}.pick_1"},
                    {"data": f"{IDENTIFIER}.pick_2"},
                ]
            },
        ),
        shell("left", dependsOn=[f"{IDENTIFIER}.pick_1"]),
    ],
)


def kind(document: Document, other: str, **fields: Any) -> Document:
    """The document as a workflow of another kind, without its schedule."""
    bare = {key: value for key, value in body(document).items() if key != "trigger"}
    return {**document, "kind": other, "spec": {"workflows": [{**bare, **fields}]}}


MANUAL = kind(workflow("by_hand", "clean"), "ManualWorkflow")
TRIGGER = kind(workflow("on_event", "react"), "TriggerWorkflow", trigger={"type": "Custom"})
DOWNSTREAM = workflow("later", "sum", waits_for=f"{IDENTIFIER}.left")

Flow = Callable[[Stage], Awaitable[None]]


# --- what authors do ------------------------------------------------------------------------------


async def create(stage: Stage) -> None:
    """Loops, a branch, an edge between workflows, a manual workflow."""
    await stage.done(RICH, DOWNSTREAM, MANUAL)


async def trigger_workflow(stage: Stage) -> None:
    """A workflow that no list may show: made, found again, changed."""
    await stage.done(TRIGGER)
    await stage.done(with_node(TRIGGER, "react", priority=5))


async def update(stage: Stage) -> None:
    """A script, the schedule and a dependency change."""
    await stage.done(DAILY)
    script = {**body(DAILY)["nodes"][0]["script"], "content": "echo other"}
    later = {"type": "Scheduler", "cron": "00 30 04 * * ?"}
    await stage.done(changed(with_node(CHAIN, "load", script=script), trigger=later))
    await stage.done(with_node(CHAIN, "report", dependsOn=[]))


async def add_node(stage: Stage) -> None:
    """A node more, in the middle."""
    await stage.done(CHAIN)
    nodes = [
        shell("load"),
        shell("check", dependsOn=["load"]),
        shell("report", dependsOn=["check"]),
    ]
    await stage.done(changed(CHAIN, nodes=nodes))


PARAMETERS = [{"name": "day", "type": "System", "scope": "NodeParameter", "value": "$[yyyymmdd-1]"}]


async def remove_fields(stage: Stage) -> None:
    """Fields go, by null and by being left out."""
    script = {**body(DAILY)["nodes"][0]["script"], "parameters": PARAMETERS}
    full = with_node(CHAIN, "load", script=script, recurrence="Pause", rerunTimes=2)
    full = changed(full, strategy={"rerunTimes": 1, "failureStrategy": "Continue"})
    await stage.done(full)
    await stage.done(with_node(full, "load", recurrence=None))
    await stage.done(DAILY)
    left = stage.at("team/daily")
    load = left.nodes["load"]
    assert (load["recurrence"], load["rerunTimes"]) == ("Normal", 0)
    assert not load["script"].get("parameters")
    assert left.waits.get("report", []) == []


async def remove_number(stage: Stage) -> None:
    """A number goes for which there is neither a default nor an empty value."""
    await stage.done(with_node(DAILY, "load", priority=7))
    await stage.done(with_node(DAILY, "load", priority=None))


async def remove_description(stage: Stage) -> None:
    """A description comes and goes."""
    await stage.done(with_node(DAILY, "load", description="what it does"))
    await stage.done(DAILY)
    assert not stage.at("team/daily").nodes["load"].get("description")


async def forget_node(stage: Stage) -> None:
    """A node that the manifest no longer names stays as it is, with what it waits for."""
    await stage.done(CHAIN)
    await stage.done(changed(DAILY, nodes=[shell("load", "echo new")]))
    assert stage.at("team/daily").waits["report"] == [("Normal", f"{IDENTIFIER}.load")]


async def empty_workflow(stage: Stage) -> None:
    """A workflow without nodes, then with one."""
    await stage.done(workflow("daily"))
    await stage.done(workflow("daily", "load"))


async def flink(stage: Stage) -> None:
    """A type of data source that the service shows in other words."""
    source = {"name": "stream", "type": "flink"}
    document = with_node(DAILY, "load", datasource=source)
    await stage.done(document)
    script = {**body(DAILY)["nodes"][0]["script"], "content": "echo other"}
    await stage.done(with_node(document, "load", script=script))
    await stage.done(changed(document, nodes=body(document)["nodes"][1:]))


async def unknown_output(stage: Stage) -> None:
    """A dependency on an output that nobody has."""
    await stage.done(workflow("daily", "load", waits_for=f"{IDENTIFIER}.nobody"))


# --- what people in the console do -------------------------------------------------------------------


async def console_node(stage: Stage) -> None:
    """A node that a person made stays as it is, whatever is deployed around it."""
    await stage.done(CHAIN)
    source = {"name": "s", "type": "flink"}
    script = {**other_script("echo '${projectIdentifier}'"), "path": "team/daily/theirs"}
    node: dict[str, Any] = {"name": "theirs", "script": script, "datasource": source}
    node["outputs"] = {"nodeOutputs": [{"data": "${projectIdentifier}.theirs"}]}
    depends = [{"nodeId": "theirs", "depends": [{"output": f"{IDENTIFIER}.load"}]}]
    spec = {"version": "1.1.0", "kind": "Node", "spec": {"nodes": [node], "flow": depends}}
    owner = stage.at("team/daily").id
    stage.act("CreateNode", ContainerId=owner, Scene="DataworksProject", Spec=json.dumps(spec))
    assert set(stage.at("team/daily").nodes) == {"load", "report", "theirs"}
    await stage.done(with_node(CHAIN, "report", priority=3))
    await stage.done(with_node(DAILY, "report", dependsOn=[], script=other_script("echo new")))


async def placeholder(stage: Stage) -> None:
    """Names that a person wrote with the project's placeholder are those with its identifier."""
    node = shell("load", outputs={"nodeOutputs": [{"data": "${projectIdentifier}.load"}]})
    after = shell("report", outputs={"nodeOutputs": [{"data": "${projectIdentifier}.report"}]})
    nodes = [
        {**n, "script": {**n["script"], "path": f"team/daily/{n['name']}"}} for n in (node, after)
    ]
    edge = {"nodeId": "report", "depends": [{"output": "${projectIdentifier}.load"}]}
    theirs = changed(
        DAILY,
        nodes=nodes,
        dependencies=[edge],
        script={"path": "team/daily", "runtime": {"command": "WORKFLOW"}},
    )
    stage.save(theirs)
    (change,) = (await stage.bench.plan(CHAIN)).changes
    about = [f.path for f in change.fields if "Output" in f.path or "depend" in f.path]
    assert about == []
    if stage.switch("server_defaults") == "documented":
        assert change.action == "unchanged"
    await stage.done(with_node(CHAIN, "load", priority=4))


async def unknown_fields(stage: Stage) -> None:
    """Fields that nobody here knows stay, where the service keeps them."""
    await stage.done(DAILY)
    live = stage.at("team/daily")
    node = {**live.nodes["load"], "novelty": {"level": 3}}
    spec = {"version": "1.1.0", "kind": "Node", "spec": {"nodes": [node]}}
    keeps = stage.switch("unknown_fields") == "keep"
    if keeps:
        stage.act("UpdateNode", Id=live.nodes["load"]["id"], Spec=json.dumps(spec))
    await stage.done(with_node(DAILY, "load", priority=2))
    kept = stage.at("team/daily").nodes["load"].get("novelty")
    assert kept == ({"level": 3} if keeps else None)


async def other_case(stage: Stage) -> None:
    """A workflow whose name differs only in case: a second one, or a refusal, never a change of it."""
    there = changed(
        workflow("Daily"), script={"path": "team/Daily", "runtime": {"command": "WORKFLOW"}}
    )
    stage.save(there)
    before = stage.at("team/Daily")
    code = await stage.deploy(DAILY)
    assert code in ((0,) if stage.switch("name_case") == "sensitive" else (0, 1, 4))
    assert stage.at("team/Daily") == before


async def busy(stage: Stage) -> None:
    """Somebody else imports the same workflow while ours is being sent."""
    await stage.done(CHAIN)
    _, theirs = await stage.bench.read("team/daily")
    plan = await stage.bench.plan(with_node(CHAIN, "load", priority=6))
    with stage.app.engine.store.transaction() as db:
        db.execute("DELETE FROM past")
    await stage.bench.connection.remote.start_import(theirs)
    report = await stage.bench.carry_out(plan)
    code = exit_code(report)
    if code:
        truthful(report, code, 0 if not any(one.written for one in report.outcomes) else 1)
    stage.settle()
    if code == 0:
        assert stage.at("team/daily").nodes["load"]["priority"] == 6
    await stage.done(with_node(CHAIN, "load", priority=6))


# --- what goes wrong ------------------------------------------------------------------------------


async def lost_create(stage: Stage) -> None:
    """The answer to a create is lost: there is one workflow, and it is filled."""
    stage.bench.line.next("CreateWorkflowDefinition", answer_lost)
    if await stage.deploy(DAILY):
        await stage.done(DAILY)


async def lost_import(stage: Stage) -> None:
    """The answer to an import is lost, of a new workflow and of an old one."""
    stage.bench.line.next("ImportWorkflowDefinition", answer_lost)
    await stage.done(CHAIN)
    stage.bench.line.next("ImportWorkflowDefinition", answer_lost)
    await stage.done(with_node(CHAIN, "load", priority=3))


BAD = changed(CHAIN, nodes=[*body(CHAIN)["nodes"], shell("bad", recurrence="Sometimes")])


async def failing_job(stage: Stage) -> None:
    """An import fails because of one node; corrected, it goes through."""
    assert await stage.deploy(BAD) in (1, 5, 7)
    await stage.done(with_node(BAD, "bad", recurrence="Skip"))


async def partial_import(stage: Stage) -> None:
    """A failed update may leave a part; the same manifest again fails again, corrected it is done."""
    await stage.done(CHAIN)
    nodes = [shell("load", "echo changed"), *body(BAD)["nodes"][1:]]
    bad = changed(BAD, nodes=nodes)
    assert await stage.deploy(bad) in (1, 5, 7)
    assert await stage.deploy(bad) in (1, 5, 7)
    await stage.done(with_node(bad, "bad", recurrence="Skip"))


async def two_projects(stage: Stage) -> None:
    """The same manifest in two projects of one account: two workflows that know nothing of each other."""
    await stage.done(CHAIN)
    with stage.app.engine.store.transaction() as db:
        register_project(db, 20002, "other")
    bench, old = stage.bench, stage.bench.connection
    remote = Remote(old.remote._client, "20002")
    connection = Connection(remote, old.settle, old.sleep, old.clock, old.now)
    where = replace(ANYWHERE, project="20002", project_identifier="other")
    second = Stage(Bench(connection, bench.line, bench.clock, stage.app, where))
    before = stage.held()
    await second.done(CHAIN)
    await second.done(with_node(CHAIN, "load", priority=3))
    assert stage.held() == before


FLOWS: tuple[Flow, ...] = (
    create,
    trigger_workflow,
    update,
    add_node,
    remove_fields,
    remove_number,
    remove_description,
    forget_node,
    empty_workflow,
    flink,
    unknown_output,
    console_node,
    placeholder,
    unknown_fields,
    other_case,
    busy,
    lost_create,
    lost_import,
    failing_job,
    partial_import,
    two_projects,
)
