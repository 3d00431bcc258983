"""A bench on which every apply is checked: lost content, duplicates, false success, untrue words."""

from typing import Any

from deployer.apply import exit_code
from deployer.emulator import Emulator
from deployer.emulator.settings import read_switches
from deployer.model import Report
from tests import flow_check
from tests.faults import Bench
from tests.flow_check import Held
from tests.strategies import Document

SETTLED = 30.0


class Refused(Exception):
    """An apply that did not succeed, though it lost nothing and told the truth."""


class Stage:
    """A bench on which every apply is checked against the database."""

    def __init__(self, bench: Bench) -> None:
        assert bench.app is not None
        self.bench = bench
        self.app: Emulator = bench.app
        self.project = int(bench.target.project)
        self.identifier = bench.target.project_identifier

    def held(self) -> list[Held]:
        """Every workflow there is."""
        return flow_check.held(self.app, self.project)

    def at(self, path: str) -> Held:
        """The one workflow at a path."""
        (found,) = [one for one in self.held() if one.path == path]
        return found

    def act(self, action: str, **params: Any) -> dict[str, Any]:
        """Something a person does in the console, seen by all reads before anything else."""
        done = self.app.control.act("person", action, {"ProjectId": self.project, **params})
        self.settle()
        return done

    def save(self, document: Document) -> str:
        """A person saves a whole workflow in the console."""
        identity = self.app.control.save("person", self.project, document)
        self.settle()
        return identity

    def settle(self) -> None:
        """The settle time passes, and others look as well: no read is late any more (U-27)."""
        self.bench.clock.advance(SETTLED)
        self.app.control.settle()
        with self.app.engine.store.transaction() as db:
            db.execute("DELETE FROM past")

    def writes(self) -> int:
        """How many calls that write were sent, reads being all others."""
        calls = [name for name, _ in self.bench.line.calls]
        return sum(not name.startswith(("Get", "List")) for name in calls)

    async def deploy(self, *documents: Document) -> int:
        """Plan and apply; the exit code, after the checks that hold for every one."""
        before, effects = self.held(), len(self.app.control.effects())
        report = await self.bench.carry_out(await self.bench.plan(*documents))
        code = exit_code(report)
        after = self.held()
        assert flow_check.duplicates(after) == []
        assert flow_check.lost(before, after, documents) == []
        if code == 0:
            assert [flow_check.missing(after, d, self.identifier) for d in documents] == [
                [] for _ in documents
            ]
            await self._converged(*documents)
        else:
            written = sum(one.before != one.after for one in self.app.control.effects(effects))
            truthful(report, code, written)
        self.settle()
        return code

    async def done(self, *documents: Document) -> None:
        """Deploy, which must succeed; raises Refused."""
        if await self.deploy(*documents):
            raise Refused(self.bench.watch.errors)

    def switch(self, name: str) -> str:
        """What a switch of the emulator is."""
        with self.app.engine.store.reading() as db:
            return str(getattr(read_switches(db), name))

    async def _converged(self, *documents: Document) -> None:
        self.settle()
        writes, effects = self.writes(), len(self.app.control.effects())
        plan = await self.bench.plan(*documents)
        left = [[change.action, *change.fields] for change in plan.changes]
        assert left == [["unchanged"] for _ in documents]
        await self.bench.carry_out(plan)
        assert (self.writes(), len(self.app.control.effects())) == (writes, effects)


def truthful(report: Report, code: int, written: int) -> None:
    """A failure is one of those that tell what was written, and what it tells is so."""
    failed = [one for one in report.outcomes if one.status == "failed"]
    assert code in flow_check.WITH_ANSWER, failed
    for one in failed:
        assert any(truth in one.error for truth in flow_check.TRUTHS), one.error
    if not any(one.written for one in report.outcomes) and code != 7:
        assert written == 0, failed
