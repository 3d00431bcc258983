"""The served emulator beside a bare ASGI echo of the same answers, in interleaved rounds.

Prints requests a second and the ratio to the echo, which says more than either on a busy machine;
then how long a database of 5,000 workflows takes to open.
"""

import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.generate import PROJECT
from benchmarks.report import Report, flags
from benchmarks.rounds import ROOT, Spent, ours, ratio
from benchmarks.serving import served
from benchmarks.wire import KEY, send_all, signed
from deployer.emulator import create_app

NODES = 20
WORKFLOW = "7000000000000000001"
ACTIONS = ("GetWorkflowDefinition", "ImportWorkflowDefinition")
EMULATOR, ECHO = "emulator", "echo"


def document(workflow_id: str, name: str, turn: int) -> str:
    """A workflow of 20 nodes in a chain with about a KiB of SQL each."""
    sql = f"-- {turn}\n" + "select id, amount from orders where dt = '${bizdate}';\n" * 18
    names = [f"{name}_{number:02}" for number in range(NODES)]
    nodes = [
        {
            "id": str(int(workflow_id) + number + 1),
            "name": node,
            "script": {
                "path": f"bench/{name}/{node}",
                "runtime": {"command": "ODPS_SQL"},
                "content": sql,
                "parameters": [
                    {"name": "bizdate", "value": "$[yyyymmdd-1]", "scope": "NodeParameter"}
                ],
            },
            "outputs": {"nodeOutputs": [{"data": f"sales.{node}"}]},
        }
        for number, node in enumerate(names)
    ]
    waits = [
        {"nodeId": nodes[number + 1]["id"], "depends": [{"output": f"sales.{names[number]}"}]}
        for number in range(NODES - 1)
    ]
    workflow = {
        "id": workflow_id,
        "name": name,
        "script": {"path": f"bench/{name}", "runtime": {"command": "WORKFLOW"}},
        "trigger": {"type": "Scheduler", "cron": "00 00 03 * * ?"},
        "nodes": nodes,
        "dependencies": waits,
    }
    spec = {"workflows": [workflow]}
    return json.dumps({"version": "1.1.0", "kind": "CycleWorkflow", "spec": spec})


def gets(address: str, number: int) -> list[bytes]:
    """Signed calls that read the workflow with its scripts."""
    params = {"Id": WORKFLOW, "IncludeScriptContent": "true"}
    return [signed("GET", "GetWorkflowDefinition", address, params) for _ in range(number)]


def imports(address: str, number: int, turn: int) -> list[bytes]:
    """Signed calls, each of which changes every node of one of ten workflows."""
    params = [
        {
            "ProjectId": PROJECT,
            "Spec": document(
                str(int(WORKFLOW) + 1000 * (count % 10)), f"flow{count % 10}", turn + count
            ),
        }
        for count in range(number)
    ]
    return [signed("POST", "ImportWorkflowDefinition", address, one) for one in params]


def measure(
    rounds: int, calls: int, connections: int, folder: Path
) -> dict[str, dict[str, list[Spent]]]:
    """What a request to the emulator and to the echo took in every round, by action."""
    serve = ours("emulator", "serve", "--db", str(folder / "bench.db"), "--project", PROJECT)
    found: dict[str, dict[str, list[Spent]]] = {}
    with served(*serve, "--set", "job_seconds=0", "--ready-file") as address:
        _, imported = send_all(address, imports(address, 20, 0), 1)
        _, read = send_all(address, gets(address, 1), 1)
        print(f"answer of GetWorkflowDefinition: {len(read):,} bytes")
        for action, payload in zip(ACTIONS, (read, imported), strict=True):
            file = folder / f"{action}.json"
            file.write_bytes(payload)
            echo = (sys.executable, str(ROOT / "benchmarks" / "echo.py"), str(file))
            with served(*echo) as floor:
                places = {EMULATOR: address, ECHO: floor}
                runs: dict[str, list[Spent]] = {name: [] for name in places}
                for turn in range(rounds + 1):
                    for name, place in places.items():
                        requests = (
                            gets(place, calls)
                            if action == "GetWorkflowDefinition"
                            else imports(place, calls // 4, (turn + 1) * 1000)
                        )
                        seconds, _ = send_all(place, requests, connections)
                        if turn:  # the first round warms both up
                            runs[name].append(Spent(seconds / len(requests), 0.0, 0.0))
            found[action] = runs
    return found


def opening(folder: Path, workflows: int) -> float:
    """Return how many seconds a database of so many workflows takes to open."""
    db = folder / "large.db"
    app = create_app(db, project=PROJECT, project_identifier="sales", credentials=KEY)
    app.control.save("bench", int(PROJECT), json.loads(document(WORKFLOW, "flow0", 0)))
    app.close()
    _multiply(db, workflows)
    begun = time.perf_counter()
    create_app(db, project=PROJECT, project_identifier="sales", credentials=KEY).close()
    return time.perf_counter() - begun


def _multiply(db: Path, workflows: int) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    with sqlite3.connect(db) as file:
        file.execute(
            f"INSERT INTO workflow {numbers} SELECT id || '-' || i, project, kind, name,"
            " path || '-' || i, owner, spec, created, modified, task FROM workflow, n",
            (workflows - 1,),
        )
        file.execute(
            f"INSERT INTO node {numbers} SELECT id || '-' || i, workflow || '-' || i, name, path,"
            " command, spec, created, modified, revision, task FROM node, n",
            (workflows - 1,),
        )
    file.close()


def main() -> int:
    """Measure, print and judge."""
    parser = flags(__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--workflows", type=int, default=5000)
    given = parser.parse_args()
    report = Report("emulator")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = measure(given.rounds, given.calls, given.connections, folder)
        seconds = opening(folder, given.workflows)
    rows = []
    for action, runs in found.items():
        speeds = (f"{1 / median(run.wall for run in runs[name]):,.0f}" for name in (EMULATOR, ECHO))
        rows.append((action, *speeds))
        report.ratio(
            f"{action}: time of emulator / echo", ratio(runs[EMULATOR], runs[ECHO], "wall")
        )
    report.table("requests a second", (EMULATOR, ECHO), rows)
    opened = f"database of {given.workflows:,} workflows"
    report.table("opening", ("s",), [(opened, f"{seconds:.3f}")])
    return report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
