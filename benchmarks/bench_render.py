"""Every form of a plan beside the making of that plan, in which every workflow differs.

The workspace is the recorded service without delay, which answers faster than any network: on a real
one the making takes longer, and the forms do not.
"""

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.bench_plan import variant
from benchmarks.report import Report, flags
from benchmarks.rounds import ROOT, timed
from benchmarks.serving import CREDENTIALS, recorded
from benchmarks.twin import twin
from deployer.asked import Asked
from deployer.cli.deadline import Deadline
from deployer.cli.plan_forms import FORMS, rendered
from deployer.cli.planning import planned
from deployer.model import Plan

MAKING = "making of the plan"
SIZES = (200, 20)
"""Workflows and nodes of each, for which the budgets are meant."""


def made() -> Plan:
    """The plan of the project around the working folder."""
    return planned(None, Asked(), Deadline()).plan


def main() -> int:
    """Measure, print and judge."""
    parser = flags(__doc__)
    parser.add_argument("--workflows", type=int, default=SIZES[0])
    parser.add_argument("--nodes", type=int, default=SIZES[1])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    sizes = (given.workflows, given.nodes)
    report = Report("render", judged=sizes == SIZES)
    os.environ.update(CREDENTIALS)
    with tempfile.TemporaryDirectory() as name, recorded(twin(*sizes)) as address:
        changed = variant(Path(name), "all changed", *sizes)
        changed.aim(address)
        os.chdir(name)
        plan = made()
        works = {form: partial(rendered, plan, form) for form in FORMS}
        found = timed({MAKING: made, **works}, given.rounds)
        os.chdir(ROOT)
    report.runs(f"a plan of {len(plan.pending):,} changes, {given.nodes} nodes each", found)
    rows = [(form, f"{len(rendered(plan, form).encode()) / 1024:,.0f}") for form in FORMS]
    report.table("size", ("KiB",), rows)
    for form in FORMS:
        report.compared("", found, form, "wall", [MAKING])
    return report.end(given.json)


if __name__ == "__main__":
    sys.exit(main())
