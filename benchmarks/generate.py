"""A project of made-up workflows, the same for the same seed: what the benchmarks are run on.

Each workflow is a YAML manifest as a person would write it: scripts in the text, every tenth in a
file of its own, schedules, outputs, and chains of nodes that wait for each other.
"""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

WORDS = [
    "orders",
    "customers",
    "payments",
    "refunds",
    "stores",
    "products",
    "stock",
    "prices",
    "baskets",
    "vouchers",
    "carriers",
    "parcels",
    "returns",
    "suppliers",
    "contracts",
    "invoices",
    "ledgers",
    "sessions",
    "clicks",
    "campaigns",
]
LAYERS = ("ods", "dwd", "dws", "ads")
HOURS = range(24)
PER_FOLDER = 50
WIDTH = 4
"""How many chains the nodes of a workflow form side by side."""
IN_FILES = 10
"""Every so many nodes a script lies in a file of its own."""

PROJECT, IDENTIFIER = "10001", "bench_dev"
EMULATED = "emulator: bench.db"

CONFIG = """\
manifests:
  - workflows/**/*.yaml

targets:
  bench:
    {place}
    project: "{project}"
    projectIdentifier: {identifier}
    vars:
      datasource: bench_maxcompute
"""

WORKFLOW = """\
# Made up from a seed; nobody runs this.
version: "1.1.0"
kind: CycleWorkflow
spec:
  workflows:
    - name: {name}
      description: Loads {word} and sums them up, day by day
      script:
        path: bench/{folder}/{name}
        parameters:
          - name: region
            scope: Workflow
            type: Constant
            value: eu-central-1
      trigger:
        type: Scheduler
        cron: "00 {minute:02} {hour:02} * * ?"
        startTime: "2024-01-01 00:00:00"
        endTime: "9999-01-01 00:00:00"
        timezone: Europe/Berlin
      strategy:
        priority: 1
        rerunMode: Allowed
        failureStrategy: Break
      nodes:
"""

NODE = """\
        - name: {name}
          description: Step {number} of {workflow}
          recurrence: Normal
          priority: {priority}
          timeout: {timeout}
          timeoutUnit: HOURS
          instanceMode: T+1
          rerunMode: Allowed
          rerunTimes: {reruns}
          rerunInterval: 180000
          ignoreBranchConditionSkip: false
          datasource:
            name: ${{spec.datasource}}
            type: odps
          runtimeResource:
            resourceGroup: group_of_the_benchmark
          outputs:
            nodeOutputs:
              - data: bench_dev.{name}
                artifactType: NodeOutput
                refTableName: {name}
          script:
            language: odps-sql
            runtime:
              command: ODPS_SQL
              commandTypeId: 10
            parameters:
              - name: bizdate
                scope: NodeParameter
                type: System
                value: $[yyyymmdd-1]
              - name: hour
                scope: NodeParameter
                type: System
                value: $[hh24-1/24]
"""


def project(folder: Path, workflows: int, nodes: int, seed: int = 0) -> list[Path]:
    """Write a project of so many workflows of so many nodes each; returns the manifests."""
    folder.mkdir(parents=True, exist_ok=True)
    aim(folder, EMULATED)
    manifests = []
    for number in range(workflows):
        manifest = manifest_of(folder, number)
        (manifest.parent / "sql").mkdir(parents=True, exist_ok=True)
        manifest.write_text(workflow(manifest.parent, number, nodes, seed), encoding="utf-8")
        manifests.append(manifest)
    return manifests


def aim(folder: Path, *place: str) -> None:
    """Write the configuration of a project; the lines of its target say where the workspace is."""
    lines = "\n    ".join(place)
    config = CONFIG.format(place=lines, project=PROJECT, identifier=IDENTIFIER)
    (folder / "deployer.yaml").write_text(config, encoding="utf-8")


def manifest_of(folder: Path, number: int) -> Path:
    """Where in a project the manifest of the workflow with this number is."""
    return folder / "workflows" / f"area{number // PER_FOLDER:03}" / f"flow{number:05}.yaml"


def workflow(place: Path, number: int, nodes: int, seed: int) -> str:
    """The manifest of one workflow; scripts that it names are written below `place`.

    It depends on nothing but its number and the seed, so that it is the same in a larger project.
    """
    chance = random.Random(f"{seed}/{number}")
    name = f"flow{number:05}"
    head = WORKFLOW.format(
        name=name,
        word=chance.choice(WORDS),
        folder=place.name,
        minute=chance.randrange(60),
        hour=chance.choice(HOURS),
    )
    return head + "\n".join(_node(chance, place, name, index) for index in range(nodes))


def _node(chance: random.Random, place: Path, workflow: str, number: int) -> str:
    name = _node_name(workflow, number)
    text = NODE.format(
        name=name,
        number=number + 1,
        workflow=workflow,
        priority=chance.choice((1, 3, 5)),
        timeout=chance.randint(1, 12),
        reruns=chance.randint(0, 5),
    )
    script = list(_sql(chance, name))
    if number % IN_FILES == 0:
        (place / "sql" / f"{name}.sql").write_text("\n".join(script) + "\n", encoding="utf-8")
        text += f"            file: sql/{name}.sql\n"
    else:
        text += "            content: |\n" + "".join(f"              {line}\n" for line in script)
    if number >= WIDTH:
        text += f"          dependsOn: [{_node_name(workflow, number - WIDTH)}]\n"
    return text


def _node_name(workflow: str, number: int) -> str:
    return f"{workflow}_{LAYERS[number % len(LAYERS)]}_{number:03}"


def _sql(chance: random.Random, table: str) -> Iterator[str]:
    """Half a KiB to three KiB of SQL."""
    yield f"INSERT OVERWRITE TABLE {table} PARTITION (dt = '${{bizdate}}')"
    yield "SELECT  a.id"
    for column in range(chance.randint(5, 40)):
        word = chance.choice(WORDS)
        yield f"       ,COALESCE(a.{word}_{column}, 0) AS {word}_{column} -- {word}, never NULL"
    yield f"FROM    bench_dev.{chance.choice(WORDS)} a"
    yield f"WHERE   a.dt = '${{bizdate}}' AND a.hour <= '${{hour}}' AND a.id > {chance.random()};"


def main() -> None:
    """Write a project and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workflows", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    manifests = project(given.folder, given.workflows, given.nodes, given.seed)
    size = sum(manifest.stat().st_size for manifest in manifests)
    print(f"{len(manifests):,} manifests of {size / len(manifests) / 1024:.1f} KiB on average")


if __name__ == "__main__":
    main()
