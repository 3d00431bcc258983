"""What tests of running share: published workflows on a bench, and the commands that run them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deployer.flowspec import derived_id
from deployer.records import Records, Unrecorded
from deployer.remote.instances import Instances, Search
from deployer.remote.scheduling import Scheduling
from deployer.running.run import Stay, backfill, single, smoke_tests
from deployer.running.runner import Runner
from deployer.runs import Instance, Result, RunReport, TaskInstance
from tests.faults import Bench, story
from tests.strategies import Document
from tests.workflow_kit import PROJECT

PATH = "team/flow"
ANYWHERE = dict[str, float]()
Told = Callable[["Stage"], Awaitable[None]]


@dataclass
class Seen:
    """Who is told, and remembers."""

    words: list[str] = field(default_factory=list)
    states: list[tuple[str, str]] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.words.append(text)

    def instance(self, instance: Instance) -> None:
        self.states.append(("", instance.status))

    def task(self, instance: Instance, task: TaskInstance) -> None:
        self.states.append((task.name, task.status))

    def ended(self, result: Result) -> None:
        self.results.append(result)


class Stage:
    """A bench with published workflows, and a way to run them."""

    def __init__(self, bench: Bench) -> None:
        assert bench.app is not None
        self.bench = bench
        self.control = bench.app.control
        self.line = bench.line
        self.seen = Seen()
        self.records: Records = Unrecorded()

    @property
    def runner(self) -> Runner:
        """Everything that running needs here, read anew as by a new command."""
        remote = self.bench.connection.remote
        return Runner(
            instances=Instances(remote),
            scheduling=Scheduling(remote),
            watching=self.seen,
            settle=self.bench.connection.settle,
            sleep=self.bench.connection.sleep,
            now=self.bench.clock,
            records=self.records,
        )

    def act(self, action: str, **params: Any) -> dict[str, Any]:
        """What a person does in the console."""
        return self.control.act("person", action, {"ProjectId": PROJECT, **params})

    def publish(self, document: Document) -> None:
        """Save a workflow and publish it, as a person does in the console."""
        identity = self.control.save("person", int(PROJECT), document)
        pipeline = self.act("CreatePipelineRun", ObjectIds=[identity], Type="Online")["Id"]
        for code in ("PROD_CHECK", "PROD"):
            self.bench.clock.advance(60)
            self.act("ExecPipelineRunStage", Id=pipeline, Code=code)
        self.bench.clock.advance(60)
        assert self.act("GetPipelineRun", Id=pipeline)["Pipeline"]["Status"] == "Success"

    async def backfill(
        self,
        *,
        limits: Mapping[str, float] = ANYWHERE,
        allowed: int | None = None,
        wait: bool = False,
        patience: float | None = None,
        **said: Any,
    ) -> RunReport:
        """A backfill as the command line asks for it, of all nodes unless some are named."""
        document = {
            "workflow": PATH,
            "type": "SupplementData",
            "mode": "ManualSelection",
            "parallelism": 1,
            "analysis": {"enabled": False, "blocked": False},
            **said,
        }
        work = backfill(
            document,
            limits=limits,
            project=PROJECT,
            allowed=allowed,
            place=lambda _: "",
            every_node=True,
            stay=Stay(wait, patience),
        )
        (report,) = await work(self.runner)
        return report

    async def run(self, nonce: str = "once", *, wait: bool = True, **said: Any) -> RunReport:
        """A run as the command line asks for it."""
        work = single({"workflow": PATH, **said}, nonce=nonce, place=lambda _: "", stay=Stay(wait))
        (report,) = await work(self.runner)
        return report

    async def smoke(self, *nodes: str, path: str = PATH) -> RunReport:
        """A smoke test."""
        work = smoke_tests({path: nodes}, nonce="smoke", env="Prod", patience=None)
        (report,) = await work(self.runner)
        return report

    async def on(self, day: Any) -> list[Instance]:
        """All instances of a business date."""
        return [each async for each in Instances(self.bench.connection.remote).every(Search(day))]

    def made(self) -> list[str]:
        """The name and the day of every run that there is, from the log of effects."""
        found = [one for one in self.control.effects() if one.kind == "run"]
        return sorted({one.id for one in found})


def on_stage(tell: Told, *documents: Document, **options: Any) -> None:
    """Tell a story on a stage with these workflows published."""

    async def told(bench: Bench) -> None:
        stage = Stage(bench)
        for document in documents:
            stage.publish(document)
        stage.line.calls.clear()
        await tell(stage)

    story(told, **options)


def flow(*names: str, path: str = PATH, kind: str = "CycleWorkflow", **fields: Any) -> Document:
    """A workflow whose nodes wait one for the other, as the console saves it."""
    nodes = [
        {
            "name": name,
            "id": derived_id(path, name),
            "script": {
                "path": f"{path}/{name}",
                "runtime": {"command": "DIDE_SHELL"},
                "content": f"echo {name}",
            },
            "outputs": {"nodeOutputs": [{"data": f"shop_dev.{name}"}]},
        }
        for name in names
    ]
    links = [
        {"nodeId": after["id"], "depends": [{"type": "Normal", "output": f"shop_dev.{before}"}]}
        for before, after in zip(names, nodes[1:], strict=False)
    ]
    body = {
        "name": path.rpartition("/")[2],
        "script": {"path": path, "runtime": {"command": "WORKFLOW"}},
        "trigger": {"type": "Scheduler", "cron": "00 00 03 * * ?"},
        "nodes": nodes,
        "dependencies": links,
        **fields,
    }
    return {"version": "1.1.0", "kind": kind, "spec": {"workflows": [body]}}
