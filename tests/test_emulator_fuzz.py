"""Whatever is sent, signed or not: no answer is a defect, and the database stays consistent.

The engine is asked directly: an HTTP client would take more time than the emulator itself.
"""

import json
import os
from collections import Counter

import pytest

from deployer.emulator import Emulator, Ids, Switches, create_app
from deployer.emulator.gateway import Request
from deployer.emulator.replies import Reply
from deployer.emulator.switches import ALTERNATIVES
from tests.emulator_kit import (
    CONTRACT,
    IDENTIFIER,
    KEY,
    PROJECT,
    Clock,
    Fields,
    deviations,
    flow,
    node,
)
from tests.fuzz_kit import Generator

SHARDS = 25
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "50000")) // SHARDS
CHECK_EVERY, LOOK_EVERY, PUBLISH_EVERY = 500, 20, 100
STAGES = ("BUILD_PACKAGE", "DEV_CHECK", "DEV", "PROD_CHECK", "PROD")
BACKFILL = {
    "Mode": "ManualSelection",
    "Parallelism": 1,
    "Analysis": {"Enabled": True, "Blocked": True},
}


class Fuzzer:
    """One emulator and what was asked of it."""

    def __init__(self, shard: int) -> None:
        self.clock = Clock()
        self.generator = Generator(shard, self.clock)
        self.statuses: Counter[int] = Counter()
        self.answered: Counter[str] = Counter()
        self.app: Emulator = create_app(
            ":memory:",
            project=str(PROJECT),
            project_identifier=IDENTIFIER,
            credentials=KEY,
            clock=self.clock,
            ids=Ids(str(shard)),
            job_seconds=0.5,
            switches=self._switches() if shard % 2 else Switches(),
        )

    def _switches(self) -> Switches:
        random = self.generator.random
        chosen = {name: random.choice(values) for name, values in ALTERNATIVES.items()}
        # These two ask for what would be a defect: two workflows at one path, a flag for a text.
        return Switches(**{**chosen, "name_conflict": "fail", "completed_type": "text"})

    def run(self, number: int) -> None:
        """Send so many generated requests, checking now and then."""
        for count in range(number):
            if count % PUBLISH_EVERY == 0:
                self.publish()
            if count % LOOK_EVERY == 0:
                with self.app.engine.store.reading() as db:
                    self.generator.look(db)
            if count % CHECK_EVERY == CHECK_EVERY - 1:
                self.check()
            self.clock.now += self.generator.random.choice((0, 0, 0.2, 1, 30))
            self.send(self.generator.request())

    def send(self, request: Request) -> Fields:
        """Expect anything but a defect, and of a success what the contract says."""
        reply = self.app.engine.answer(request)
        assert isinstance(reply, Reply)
        assert reply.status < 500, f"{request}\n{reply.body!r}"
        self.statuses[reply.status] += 1
        answer: Fields = json.loads(reply.body)
        assert answer["RequestId"]
        if "Code" not in answer:
            action = request.headers["x-acs-action"]
            self.answered[action] += 1
            assert deviations(answer, CONTRACT[action]["response"]) == [], request
        return answer

    def ask(self, action: str, **params: str) -> Fields:
        """Send a sound request."""
        return self.send(self.generator.sound(action, **params))

    def publish(self) -> None:
        """Save a workflow, take it through every stage and run it, as far as that goes."""
        project = {"ProjectId": str(PROJECT)}
        document = flow(node(f"load{self.clock.now:.0f}"), node(f"check{self.clock.now:.0f}"))
        self.ask("ImportWorkflowDefinition", **project, Spec=json.dumps(document))
        self.clock.now += 1
        listed = self.ask("ListWorkflowDefinitions", **project, Name="flow")
        found = listed.get("PagingInfo", {}).get("WorkflowDefinitions", [])
        ids = json.dumps([item["Id"] for item in found[:1]])
        run = self.ask("CreatePipelineRun", **project, Type="Online", ObjectIds=ids).get("Id", "1")
        for code in STAGES:
            self.clock.now += 1
            self.ask("ExecPipelineRunStage", **project, Id=run, Code=code)
        self.clock.now += 1
        self._backfill(project)

    def _backfill(self, project: dict[str, str]) -> None:
        listed = self.ask("ListTasks", **project, PageSize="100").get("PagingInfo", {})
        for task in listed.get("Tasks", [])[:1]:
            days = {"StartBizDate": "2025-10-07", "EndBizDate": "2025-10-08"}
            self.ask(
                "CreateWorkflowInstances",
                **project,
                Type="SupplementData",
                Name=f"run {self.clock.now}",
                WorkflowId="1",
                Periods=json.dumps({"BizDates": [days]}),
                DefaultRunProperties=json.dumps({**BACKFILL, "RootTaskIds": [task["Id"]]}),
            )
        self.clock.now += 1

    def check(self) -> None:
        """No broken reference, no path or id twice, every workflow and node readable."""
        with self.app.engine.store.reading() as db:
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            paths = db.execute("SELECT project, path FROM workflow").fetchall()
            assert len({tuple(row) for row in paths}) == len(paths)
            tables = ("workflow", "node", "inner_node")
            ids = [row[0] for table in tables for row in db.execute(f"SELECT id FROM {table}")]
            assert len(set(ids)) == len(ids)
            workflows = [row[0] for row in db.execute("SELECT id FROM workflow")]
            nodes = [row[0] for row in db.execute("SELECT id FROM node LIMIT 20")]
        if self.app.control.switches().read_lag == "none":
            for workflow_id in workflows:
                found = self.ask("GetWorkflowDefinition", Id=workflow_id)["WorkflowDefinition"]
                assert json.loads(found["Spec"])["spec"]
            for node_id in nodes:
                assert "Node" in self.ask("GetNode", Id=node_id)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_odd_requests_are_answered(shard: int) -> None:
    """No generated request is answered with a 500, and the database is consistent after each."""
    fuzzer = Fuzzer(shard)
    try:
        fuzzer.run(REQUESTS)
        fuzzer.check()
        # Most requests get through the gateway, and many of them mean something.
        assert fuzzer.statuses[200] > REQUESTS // 5, fuzzer.statuses
        assert fuzzer.statuses[400] > REQUESTS // 20, fuzzer.statuses
        assert len(fuzzer.answered) > 20, fuzzer.answered
    finally:
        fuzzer.app.close()
