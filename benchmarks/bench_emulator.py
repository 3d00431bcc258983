"""The served emulator beside a bare ASGI echo of the same answers, in interleaved rounds.

Prints requests a second and the ratio to the echo, which says more than either on a busy machine;
then how long a database of 5,000 workflows takes to open.
"""

import argparse
import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.wire import KEY, send_all, signed
from deployer.emulator import create_app

ROOT = Path(__file__).resolve().parent.parent
SERVE = "import sys; from deployer.__main__ import main; sys.exit(main())"
PROJECT = "10001"
NODES = 20
WORKFLOW = "7000000000000000001"
GOALS = {"GetWorkflowDefinition": 300.0, "ImportWorkflowDefinition": 60.0}


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


@contextmanager
def served(folder: Path, *command: str) -> Iterator[str]:
    """Run a server until the block ends; yields its address."""
    ready = folder / f"ready{len(list(folder.iterdir()))}"
    process = subprocess.Popen([sys.executable, *command, str(ready)], cwd=ROOT)
    try:
        while not ready.exists():
            if process.poll() is not None:
                raise RuntimeError("the server has ended")
            time.sleep(0.01)
        yield ready.read_text("utf-8")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


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
) -> dict[str, list[tuple[float, float]]]:
    """Return requests a second of emulator and echo for every round and action."""
    serve = ("-c", SERVE, "emulator", "serve", "--db", str(folder / "bench.db"))
    flags = ("--project", PROJECT, "--set", "job_seconds=0", "--ready-file")
    found: dict[str, list[tuple[float, float]]] = {action: [] for action in GOALS}
    with served(folder, *serve, *flags) as address:
        _, imported = send_all(address, imports(address, 20, 0), 1)
        _, read = send_all(address, gets(address, 1), 1)
        payloads = {"GetWorkflowDefinition": read, "ImportWorkflowDefinition": imported}
        print(f"answer of GetWorkflowDefinition: {len(read):,} bytes")
        for action, payload in payloads.items():
            file = folder / f"{action}.json"
            file.write_bytes(payload)
            with served(folder, str(ROOT / "benchmarks" / "echo.py"), str(file)) as floor:
                for turn in range(rounds + 1):
                    speeds = []
                    for place in (address, floor):
                        requests = (
                            gets(place, calls)
                            if action == "GetWorkflowDefinition"
                            else imports(place, calls // 4, (turn + 1) * 1000)
                        )
                        seconds, _ = send_all(place, requests, connections)
                        speeds.append(len(requests) / seconds)
                    if turn:  # the first round warms both up
                        found[action].append((speeds[0], speeds[1]))
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--workflows", type=int, default=5000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = measure(given.rounds, given.calls, given.connections, folder)
        seconds = opening(folder, given.workflows)
    print(f"{'':<26}{'emulator/s':>12}{'echo/s':>12}{'ratio':>8}{'goal/s':>10}")
    for action, rounds in found.items():
        own, floor = (median(speeds) for speeds in zip(*rounds, strict=True))
        ratio = median(one / other for one, other in rounds)
        print(f"{action:<26}{own:>12.0f}{floor:>12.0f}{ratio:>8.2f}{GOALS[action]:>10.0f}")
    print(f"database of {given.workflows:,} workflows opens in {seconds:.3f} s")


if __name__ == "__main__":
    main()
