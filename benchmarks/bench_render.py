"""Every form of a plan beside the making of that plan: 1,000 workflows, each with two differences.

The workspace is the embedded emulator, which answers faster than any network: on a real one the making
takes longer, and the forms do not.
"""

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.generate import project
from benchmarks.rounds import ours
from deployer.asked import Asked
from deployer.cli.deadline import Deadline
from deployer.cli.plan_forms import FORMS, rendered
from deployer.cli.planning import planned
from deployer.model import Plan

GOAL = 1.0
"""Times the making of the plan that no form may take."""


def changed(text: str) -> str:
    """A manifest with another time zone of its trigger, and another statement in one of its scripts."""
    zone = text.replace("timezone: Europe/Berlin", "timezone: Asia/Shanghai")
    return zone.replace("INSERT OVERWRITE TABLE", "INSERT INTO TABLE", 1)


def prepare(folder: Path, workflows: int, nodes: int) -> None:
    """A project of which every workflow is live, and differs."""
    manifests = project(folder, workflows, nodes)
    quiet = subprocess.DEVNULL
    apply = ours("apply", "--auto-approve")
    subprocess.run(apply, cwd=folder, check=True, stdout=quiet, stderr=quiet)
    for manifest in manifests:
        manifest.write_text(changed(manifest.read_text(encoding="utf-8")), encoding="utf-8")


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Processor time of the work, the middle of some rounds."""
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return median(found)


def report(plan: Plan, making: float, found: Sequence[tuple[str, float, int]]) -> None:
    """Print a row for each form."""
    print(f"{len(plan.pending):,} changes, made in {making:.2f} s of processor time\n")
    print(f"{'':10}{'s':>8}{'ratio':>8}{'KiB':>9}")
    for form, spent, size in found:
        late = "" if spent / making < GOAL else "  too slow"
        print(f"{form:10}{spent:8.2f}{spent / making:8.3f}{size / 1024:9.0f}{late}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workflows", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), given.workflows, given.nodes)
        os.chdir(folder)
        plan = planned(None, Asked(), Deadline()).plan
        making = seconds(lambda: planned(None, Asked(), Deadline()), given.rounds)
        forms = [
            (
                form,
                seconds(lambda form=form: rendered(plan, form), given.rounds),  # type: ignore[misc]
                len(rendered(plan, form).encode()),
            )
            for form in FORMS
        ]
        report(plan, making, forms)
        os.chdir("/")


if __name__ == "__main__":
    main()
