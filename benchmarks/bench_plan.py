"""`deployer plan` of a large project beside what the network alone takes, and beside scripts on the SDK.

The service is the recorded one (`service`), whose answers come after a delay. Which workflows differ is
known: a plan that names another set ends the benchmark.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import changes
from benchmarks.floor import PAGE
from benchmarks.generate import aim, project
from benchmarks.report import Report, flags
from benchmarks.rounds import ROOT, Found, Spread, Task, measured, ours, run, script
from benchmarks.serving import CREDENTIALS, REFUSED, counted, recorded
from benchmarks.twin import twin

SIZES = (1000, 20)
"""Workflows and nodes of each, for which the budgets are meant."""

VARIANTS = ("unchanged", "few changed", "all changed")
FEW = "plan, few changed"
FLOOR = "raw fetch"
ONE_BY_ONE = "SDK script, one after the other"
THREADS = 16
IN_THREADS = f"SDK script, {THREADS} threads"
FETCH_ONE_BY_ONE = "SDK, fetch only, one after the other"
FETCH_IN_THREADS = f"SDK, fetch only, {THREADS} threads"
ALLOWANCE = 1.1
"""Times the rate that the service takes in a second, before it refuses."""

PEERS = (FLOOR, ONE_BY_ONE, IN_THREADS, FETCH_ONE_BY_ONE, FETCH_IN_THREADS)
_CHANGE = re.compile(r"^\S (create|update|delete|move|kept) (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Variant:
    """A project, and the workflows of it that differ from the recorded workspace."""

    folder: Path
    differing: frozenset[str]

    def aim(self, address: str, *more: str) -> None:
        """Point the project at a service; there may be more lines about it."""
        aim(self.folder, f"endpoint: http://{address}", *more)

    def forget(self) -> None:
        """Remove what earlier plans kept."""
        shutil.rmtree(self.folder / ".deployer", ignore_errors=True)

    def check(self, text: bytes) -> None:
        """Raise unless a plan as text names what differs, and nothing else."""
        self._same(set(_CHANGE.findall(text.decode())))

    def check_json(self, text: bytes) -> None:
        """Raise unless a plan as JSON names what differs, and nothing else."""
        told = json.loads(text)["resource_changes"]
        named = {(action, each["address"]) for each in told for action in each["change"]["actions"]}
        self._same({each for each in named if each[0] != "no-op"})

    def _same(self, named: set[tuple[str, str]]) -> None:
        right = {("update", address) for address in self.differing}
        if named != right:
            wrong = sorted(named ^ right)[:5]
            raise RuntimeError(f"{len(named)} changes instead of {len(right)}, wrong: {wrong}")


def variant(folder: Path, name: str, workflows: int, nodes: int) -> Variant:
    """One of the projects to plan, all of the same seed; one edit in each means nothing."""
    manifests = project(folder, workflows, nodes)
    chosen = {"unchanged": [], "few changed": changes.few(manifests)}.get(name, manifests)
    differing = changes.change(chosen)
    changes.untouched(manifests[:1])
    return Variant(folder, frozenset(differing))


def plan(project: Variant, *arguments: str, rounds: int | None = None) -> Task:
    """A cold plan: nothing is kept of earlier ones."""
    return Task(
        ours("plan", *arguments),
        project.folder,
        env=CREDENTIALS,
        before=project.forget,
        check=project.check_json if "json" in arguments else project.check,
        rounds=rounds,
    )


class Bench:
    """The projects, the recorded workspace, and what was found so far."""

    def __init__(self, given: argparse.Namespace, folder: Path) -> None:
        """Make what is measured, or find it recorded."""
        self.given = given
        self.report = Report("plan", judged=(given.workflows, given.nodes) == SIZES)
        self.twin = twin(given.workflows, given.nodes)
        sizes = (given.workflows, given.nodes)
        self.projects = {name: variant(folder / name, name, *sizes) for name in VARIANTS}
        self.few = self.projects["few changed"]
        self.connections = f"connections: {given.connections}"

    def exact(self) -> None:
        """What differs is named and nothing else is, as JSON too; the calls are counted."""
        most = 0
        with recorded(self.twin) as address:
            self._aim(address, self.connections)
            for name, each in self.projects.items():
                # JSON holds both sides of every workflow: where all differ, the text has to do.
                form = "text" if len(each.differing) == self.given.workflows else "json"
                run(plan(each, "--format", form))
                calls = counted(address)
                print(f"{name}: {len(each.differing)} differ, named exactly; calls {calls}")
                most = max(most, sum(calls.values()))
        self._judge_calls("cold plan", most, "workflows and list pages", self._cold_calls())

    def cold(self, delay: float) -> None:
        """Everything is read, over so many connections; answers are so many ms late."""
        slow = self.given.slow_rounds
        with recorded(self.twin, delay) as address:
            self._aim(address, self.connections)
            floor = script("floor", address, "--connections", str(self.given.connections))
            tasks = {f"plan, {name}": plan(each) for name, each in self.projects.items()}
            tasks |= {FLOOR: Task(floor, ROOT)}
            tasks |= {
                # Judged beside it only where a network lies in between.
                IN_THREADS: self._script(address, THREADS, rounds=None if delay else slow),
                ONE_BY_ONE: self._script(address, 1, rounds=slow),
                FETCH_IN_THREADS: self._script(address, THREADS, "--only-fetch", rounds=slow),
                FETCH_ONE_BY_ONE: self._script(address, 1, "--only-fetch", rounds=slow),
            }
            found = measured(tasks, self.given.rounds, warmup=False)
        title = f"{delay:g} ms"
        sizes = f"{self.given.workflows:,} x {self.given.nodes}"
        about = f"{sizes}, {title} before each answer, {self.given.connections} connections"
        self.report.runs(about, found, ("wall", "cpu", "peak", "worker"))
        for name in self.projects:
            peers = PEERS if self.projects[name] is self.few else (FLOOR, IN_THREADS)
            self.report.compared(title, found, f"plan, {name}", "wall", peers)
        if delay:
            self._judge_memory(found)

    def rated(self, delay: float) -> None:
        """With a limit of calls a second; what the service refuses above it is no call that counts."""
        rate = self.given.rate
        with recorded(self.twin, delay, qps=rate * ALLOWANCE) as address:
            self._aim(address, self.connections, f"rate: {rate:g}")
            counted(address)
            found = measured({FEW: plan(self.few)}, self.given.slow_rounds, warmup=False)
            calls = counted(address)
        runs = found[FEW]
        refused = calls.pop(REFUSED, 0) / len(runs)
        needed = sum(calls.values()) / len(runs)
        least = needed / rate
        title = f"{rate:g} calls a second"
        told = f"{needed:.0f} calls take {least:.1f} s, {refused:.0f} more were refused"
        self.report.runs(f"{title}, {delay:g} ms: {told}", found)
        spread = Spread.of([each.wall / least for each in runs])
        self.report.ratio(f"{title}: {FEW} / its calls at that rate", spread)

    def warm(self, delay: float) -> None:
        """A plan that another one went before."""
        with recorded(self.twin, delay) as address:
            self._aim(address, self.connections)
            run(plan(self.few))
            counted(address)
            again = replace(plan(self.few), before=lambda: None)
            found = measured({FEW: again}, self.given.rounds, warmup=False)
            calls = sum(counted(address).values()) // self.given.rounds
        self.report.runs(f"warm, {delay:g} ms: {calls} calls", found)
        lines = _pages(self.twin.counts["nodes"])
        self._judge_calls("warm plan", calls, "list pages and node pages", self._lists() + lines)

    def _aim(self, address: str, *more: str) -> None:
        for each in self.projects.values():
            each.aim(address, *more)

    def _script(self, address: str, threads: int, *more: str, rounds: int | None = None) -> Task:
        arguments = (address, str(self.few.folder), "--threads", str(threads), *more)
        return Task(script("sdk_plan", *arguments), ROOT, check=self._named_some, rounds=rounds)

    def _named_some(self, text: bytes) -> None:
        """Raise if a script names a workflow that does not differ; it sees less than a plan."""
        wrong = {line.split()[0] for line in text.decode().splitlines()} - self.few.differing
        if wrong:
            raise RuntimeError(f"a script names what does not differ: {sorted(wrong)[:5]}")

    def _lists(self) -> int:
        return _pages(self.twin.counts["workflows"]) + 1

    def _cold_calls(self) -> int:
        return self.twin.counts["workflows"] + self._lists()

    def _judge_calls(self, what: str, calls: int, least: str, number: int) -> None:
        self.report.number(f"calls of a {what} / {least}", calls / number)

    def _judge_memory(self, found: Found) -> None:
        runs = found[FEW]
        self.report.ratio("MiB of a plan", Spread.across(runs, "peak"))
        self.report.ratio("MiB of its largest worker process", Spread.across(runs, "worker"))
        workers = max(each.workers for each in runs)
        print(f"worker processes of a plan: {workers}")


def _pages(lines: int) -> int:
    return -(-lines // PAGE)


def main() -> int:
    """Measure, print and judge."""
    parser = flags(__doc__)
    parser.add_argument("--workflows", type=int, default=SIZES[0])
    parser.add_argument("--nodes", type=int, default=SIZES[1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow-rounds", type=int, default=1, help="of what takes a minute each")
    parser.add_argument("--delays", type=float, nargs="*", default=[0, 50], metavar="MS")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rate", type=float, default=50)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(given, Path(name))
        bench.exact()
        for delay in given.delays:
            bench.cold(delay)
        bench.rated(max(given.delays))
        bench.warm(max(given.delays))
    return bench.report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
