"""Whatever the files of a project hold: `validate` ends with 0 or 1, soon, in little memory, with a place.

`FUZZ_INPUTS` says how many projects are made up: some hundreds here, 200,000 in `make soak`. Those of the
corpus, of the examples and of tests/data are what mutations begin with.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deployer.model import Settings
from deployer.validate import validate
from tests.validate_fuzz_kit import Seeds, case
from tests.validate_fuzz_worker import MEBIBYTES, SECONDS

ROOT = Path(__file__).resolve().parent.parent
SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
INPUTS = int(os.environ.get("FUZZ_INPUTS", "200000" if SOAK else "600"))
BATCH = min(INPUTS, 2_500)
FOLDERS = (ROOT / "examples", ROOT / "tests" / "data")


@pytest.mark.parametrize("first", range(0, INPUTS, BATCH))
def test_no_file_is_too_odd_to_be_told_what_is_wrong_with_it(first: int, corpus: Path) -> None:
    """No traceback, exit 0 or 1, a place with every error, two seconds and 256 MiB at most."""
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "tests.validate_fuzz_worker"),
            *map(str, (0, first, min(BATCH, INPUTS - first), corpus, *FOLDERS)),
        ],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    # A process that was killed has said on which project.
    assert ended.returncode == 0, ended.stderr[-2_000:]
    found = json.loads(ended.stdout)
    assert found["wrong"] == []
    assert (found["seconds"] <= SECONDS, found["mebibytes"] <= MEBIBYTES) == (True, True)
    # Many are sound enough to reach the rules: not only the reader is tried.
    assert found["reached"] > BATCH // 10


def test_made_up_projects_are_the_same_in_every_run() -> None:
    """A number in a failure is enough to make that project again."""
    seeds = Seeds(FOLDERS)
    made = [case(seeds, 3, number) for number in range(40)]
    assert made == [case(seeds, 3, number) for number in range(40)]


def _deep(name: object, depth: int) -> dict[str, object]:
    """A workflow with a loop in a loop, so deep, and a node of that name in the last one."""
    node: dict[str, object] = {"name": name, "script": {"runtime": {"command": "ODPS_SQL"}}}
    end = {"name": "end", "script": {"runtime": {"command": "CONTROLLER_CYCLE_END"}}}
    script = {"runtime": {"command": "CONTROLLER_CYCLE"}}
    for _ in range(depth):
        node = {"name": "in", "script": script, "do-while": {"nodes": [node], "while": end}}
    trigger = {"type": "Scheduler", "cron": "00 00 03 * * ?"}
    return {"name": "b", "script": {"path": "a/b"}, "trigger": trigger, "nodes": [node]}


BROKE_IT = {
    "a number as the name of a node in loops": {"workflows": [_deep(7, 4)]},
    "a number beyond 64 bits as a name": {"workflows": [_deep(2**64, 0)]},
    "a number beyond 63 bits as a name": {"workflows": [_deep(2**63, 0)]},
    "workflows that are a text": {"workflows": "text"},
    "workflows that are a mapping": {"workflows": {"a": 1, "b": 2}},
}


@pytest.mark.parametrize("spec", BROKE_IT.values(), ids=BROKE_IT)
def test_what_once_was_a_traceback_is_a_problem_with_a_place(spec: object, tmp_path: Path) -> None:
    """Found by the test above: each of these is told as what it is."""
    document = {"version": "1.1.0", "kind": "CycleWorkflow", "spec": spec}
    (tmp_path / "flow.json").write_text(json.dumps(document), encoding="utf-8")
    found = validate(Settings(tmp_path, None, (), {}), [tmp_path / "flow.json"])
    assert {(p.severity, p.location.file) for p in found.problems} == {("error", "flow.json")}
